package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"longtake/bench"
	"longtake/bench/suites"
)

func TestBenchRefuses(t *testing.T) {
	for words, args := range map[string][]string{
		`--suite "gem"`: {"bench", "--suite", "gem"},
		"--count 0":     {"bench", "--count", "0"},
		"--time 0s":     {"bench", "--time", "0s"},
		"no files":      {"bench", "--suite", "gemm", "a.mp4"},
	} {
		if status, _, stderr := call(t.Context(), args...); status != statusUsage || !strings.Contains(stderr, words) {
			t.Errorf("%q: status %d, %s", args, status, stderr)
		}
	}
}

func TestScoreTable(t *testing.T) {
	var out, err strings.Builder
	p := &program{stdout: &out, stderr: &err}
	r := bench.Record{Bench: []byte(`{"suite":"score","clip":"a","frames":288,"rounds":3}`), Warnings: []string{"no memory"},
		Metrics: map[string]float64{bench.ScoreSeconds: 2.2, bench.DecodeSeconds: 2, suites.ScoreWallRatio: 1.1},
		Samples: map[string][]float64{suites.ScoreWallRatio: {1.2, 1.05, 1.1}}}
	if e := p.scoreTable([]bench.Record{r}); e != nil {
		t.Fatal(e)
	}
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := "a 288 2.20 2.00 1.100 (1.050-1.200) not measured not measured 3"
	if got := strings.Join(strings.Fields(rows[len(rows)-1]), " "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !strings.Contains(err.String(), "no memory") {
		t.Errorf("the warning is lost: %q", err.String())
	}
}

const memoryHelper = "LONGTAKE_TEST_MEMORY"

// TestMemoryHelper is the process whose memory TestMemoryOfMini reads.
func TestMemoryHelper(t *testing.T) {
	method := os.Getenv(memoryHelper)
	if method == "" {
		t.Skip("only TestMemoryOfMini runs it")
	}
	if err := run(t.Context(), []string{"bench-peak-step", "--", "6", method}, os.Stdout, os.Stderr); err != nil {
		t.Fatal(err)
	}
}

// What the help of generate says of the built-in model's memory.
func TestMemoryOfMini(t *testing.T) {
	if testing.Short() {
		t.Skip("generates 501 frames")
	}
	const bound = 300e6
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMemoryHelper$")
	cmd.Env = append(os.Environ(), memoryHelper+"=dense")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var peak struct {
		Bytes float64 `json:"peak_rss_bytes"`
	}
	line, _, _ := strings.Cut(string(out), "\n")
	if err := json.Unmarshal([]byte(line), &peak); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !(peak.Bytes > 10e6 && peak.Bytes < bound) {
		t.Errorf("six times the horizon: peak of %.0f MB resident, want less than %.0f", peak.Bytes/1e6, bound/1e6)
	}
}
