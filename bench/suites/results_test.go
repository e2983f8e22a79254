package suites

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"longtake/bench"
	"longtake/kernels/cpu"
)

var update = flag.Bool("update", false, "write bench/RESULTS.md and the README's table anew")

// The published tables are made from committed records: `go test
// ./bench/suites -run Results -update` writes them after the records have
// changed.
func TestResultsAreCurrent(t *testing.T) {
	for page, file := range map[ResultsPage]string{
		{Title: "Results", Folder: "bench/testdata/results", Full: true}: "RESULTS.md",
		{Title: "Results without AVX-512", Folder: "bench/testdata/results/no-avx512", Note: "A Zen 3; the dense cases and those of 16 tokens a frame, each by `--only`, with `--time 1s`"}: "RESULTS-no-avx512.md",
	} {
		var results bytes.Buffer
		must(t, page.Results(&results, recordsIn(t, page.Folder)))
		current(t, "../"+file, results.String())
	}
	var summary bytes.Buffer
	must(t, Summary(&summary, recordsIn(t, "bench/testdata/results")))
	const readme, begin, end = "../../README.md", "<!-- table: bench/testdata/results -->\n", "<!-- /kernels -->"
	text, err := os.ReadFile(readme)
	must(t, err)
	head, rest, ok1 := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no %q with %q behind it", readme, begin, end)
	}
	current(t, readme, head+begin+summary.String()+end+tail)
}

// recordsIn reads the records of a folder, which is named from the project's root.
func recordsIn(t *testing.T, folder string) []bench.Record {
	t.Helper()
	files, err := filepath.Glob("../../" + folder + "/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal("no records in", folder, err)
	}
	slices.Sort(files)
	var records []bench.Record
	for _, f := range files {
		r, warnings, err := bench.ReadFile(f)
		if err != nil || len(warnings) > 0 {
			t.Fatal(f, err, warnings)
		}
		records = append(records, r...)
	}
	return records
}

func current(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err == nil && string(got) == want {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is stale: -update writes it; it should be\n%s", path, want)
}

// A table that is made from records shows what they hold.
func TestTables(t *testing.T) {
	r := bench.Record{Variant: "avx512", Bench: mustJSON(KernelBench{Suite: "attention", Case: "T 42 x 16", Impl: own, Method: "lvsa", Workers: 1, Rounds: 3, TokensPerFrame: 16}),
		Metrics: map[string]float64{bench.WallSeconds: 0.5, CPUSeconds: 0.002, GFLOPS: 70, SparseEfficiency: 0.93},
		Samples: map[string][]float64{bench.WallSeconds: {0.5, 0.6}, CPUSeconds: {0.002, 0.003}, GFLOPS: {70, 60}}}
	var b bytes.Buffer
	if err := KernelTables(&b, []bench.Record{r}, Markdown); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(strings.Fields(b.String()), " "); !strings.Contains(s, "| T 42 x 16 | lvsa | longtake avx512 | 1 | 2.000 | 70.0 | 0.930 | 3 |") {
		t.Errorf("table %s", s)
	}
	b.Reset()
	if err := GoLines(&b, []bench.Record{r}); err != nil {
		t.Fatal(err)
	}
	if want := "BenchmarkAttention/case=T_42_x_16/method=lvsa/impl=longtake/variant=avx512-1\t1\t2000000 ns/op\t70.00 GFLOP/s\n"; !strings.Contains(b.String(), want) {
		t.Errorf("lines %q", b.String())
	}
}

// Short calls take more rounds, up to a limit that only a count exceeds.
func TestRounds(t *testing.T) {
	for _, c := range []struct {
		o    KernelOptions
		call float64
		want int
	}{
		{KernelOptions{Count: 5, Seconds: 1.5}, 0.0001, 13},
		{KernelOptions{Count: 5, Seconds: 1.5}, 0.04, 7},
		{KernelOptions{Count: 5, Seconds: 1.5}, 1, 5},
		{KernelOptions{Count: 5, Seconds: 1.5}, math.Inf(1), 5},
		{KernelOptions{Count: 20, Seconds: 1.5}, 0.0001, 20},
		{KernelOptions{Count: 1, Seconds: 100}, 0.0001, mostRounds},
		{KernelOptions{Count: 50, Seconds: 100}, 0.0001, 50},
	} {
		if got := c.o.rounds(c.call); got != c.want {
			t.Errorf("%d rounds of at least %d and %v s, calls of %v s: want %d", got, c.o.Count, c.o.Seconds, c.call, c.want)
		}
	}
}

// The suites run, and what they write is a record. Two rounds give calls of a few
// milliseconds the time that is asked for.
func TestKernelSuites(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for name, run := range map[string]func() ([]bench.Record, error){
		"gemm": func() ([]bench.Record, error) {
			return GEMM(t.Context(), KernelOptions{Count: 1, Seconds: 0.2, Only: "1344x192x192"})
		},
		"attention": func() ([]bench.Record, error) {
			return Attention(t.Context(), KernelOptions{Count: 1, Seconds: 0.2, Only: "T 42 x 16"})
		},
	} {
		records, err := run()
		// One core at least: dense, LVSA and UltraViCo; of products every variant but the generic.
		want := 3
		if name == "gemm" {
			want = len(cpu.Variants()) - 1
		}
		if err != nil || len(records) < want {
			t.Fatalf("%s: %d records, want %d, %v", name, len(records), want, err)
		}
		for _, r := range records {
			if suiteOf(r) != name || !(r.Metrics[GFLOPS] > 0) || !(r.Metrics[ShareOfPeak] > 0) || !(r.Metrics[MaxError] <= r.Metrics[ErrorBound]) || len(r.Samples[GFLOPS]) != 2 {
				t.Errorf("%s: %s %v", name, r.Bench, r.Metrics)
			}
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
