package reports

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"

	"longtake/bench"
)

// exported are two videos, one that ran out of memory, and a benchmark.
func exported(t *testing.T) []bench.Record {
	t.Helper()
	var out []bench.Record
	for i, tag := range []string{"fish", `=a,"b"` + "\nc__d", "oom"} {
		r, err := bench.New(bench.Cell{Generator: "builtin", Model: bench.Model{Name: "wan 1.3B", TrainingLatentFrames: 21}, Backend: "cpu", Frames: 165, LatentFrames: 42, Ratio: 2,
			Width: 64, Height: 64, Method: bench.Method{Name: "lvsa", Label: "LVSA+riflex", Params: map[string]any{"window": 3}}, Prompt: bench.Prompt{Tag: tag, Text: tag}, Seed: 16, Steps: 20})
		if err != nil {
			t.Fatal(err)
		}
		r.Host = bench.Host{CPU: "some CPU", Cores: 2, OS: "linux/amd64"}
		r.Metrics = map[string]float64{bench.WallSeconds: 12.5, bench.FreezeSeverity: 0.75, "tokens_per_s": 1000, "gpu_peak_memory_bytes": 3 << 30}
		r.Samples = map[string][]float64{bench.WallSeconds: {12, 13}}
		r.Findings = []bench.Finding{{Kind: "freeze", OnsetFrame: 10, EndFrame: 164}}
		r.Files = map[string]bench.File{"video": {Path: fmt.Sprintf("cells/%d/video.mp4", i)}}
		out = append(out, r)
	}
	out[2].Status, out[2].Error, out[2].Metrics, out[2].Samples = bench.StatusOOM, "no room", nil, nil
	return append(out, bench.Record{Status: bench.StatusOK, Bench: []byte(`{"suite":"score","clip":"a b","frames":288,"rounds":2}`), Metrics: map[string]float64{"score_s": 1, "decode_s": 2}})
}

func TestExportCSV(t *testing.T) {
	var b bytes.Buffer
	if err := ExportCSV(&b, exported(t)); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatal(len(rows), err)
	}
	at := func(row int, column string) string {
		for i, name := range rows[0] {
			if name == column {
				return rows[row][i]
			}
		}
		t.Fatalf("no column %s", column)
		return ""
	}
	for _, tc := range []struct {
		row          int
		column, want string
	}{
		{1, "prompt_tag", "fish"}, {1, "wall_s", "12.5"}, {1, "params", `{"window":3}`}, {1, "findings", "freeze@10-164"}, {1, "frames", "165"}, {1, "seed", "16"},
		{2, "prompt_tag", `=a,"b"` + "\nc__d"}, {3, "status", "oom"}, {3, "error", "no room"}, {3, "wall_s", ""}, {4, "frames", ""}, {4, "seed", ""}, {4, "score_s", "1"},
		{4, "bench", `{"suite":"score","clip":"a b","frames":288,"rounds":2}`}, {1, "score_s", ""},
	} {
		if got := at(tc.row, tc.column); got != tc.want {
			t.Errorf("row %d, %s: %q, want %q", tc.row, tc.column, got, tc.want)
		}
	}
}

// TestExportGoBench: what the format's own reader gets back.
func TestExportGoBench(t *testing.T) {
	var b bytes.Buffer
	if err := ExportGoBench(&b, exported(t)); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	r := benchfmt.NewReader(strings.NewReader(text), "x")
	type value struct{ wall, freeze, score float64 }
	var got []value
	var names []string
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			v := value{math.NaN(), math.NaN(), math.NaN()}
			for unit, dst := range map[string]*float64{"sec/op": &v.wall, "vqeval.freeze.severity": &v.freeze, "score-sec/op": &v.score} {
				if x, ok := rec.Value(unit); ok {
					*dst = x
				}
			}
			got, names = append(got, v), append(names, rec.Name.String())
		case *benchfmt.SyntaxError:
			t.Errorf("%v in\n%s", rec, text)
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	want := []value{{12, 0.75, math.NaN()}, {13, math.NaN(), math.NaN()}, {12, 0.75, math.NaN()}, {13, math.NaN(), math.NaN()}, {math.NaN(), math.NaN(), 1}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v\nwant %v\n%s", got, want, text)
	}
	if !strings.HasPrefix(names[0], "Sweep/model=wan_1.3B/method=LVSA+riflex/frames=165/prompt=fish/seed=16/steps=20/size=64x64") || !strings.HasPrefix(names[2], `Sweep/model=wan_1.3B/method=LVSA+riflex/frames=165/prompt=_a,"b"_c__d/`) || names[4] != "Score/clip=a_b/frames=288" {
		t.Errorf("%q", names)
	}
	if u := r.Units().GetBetter("tokens/sec"); u != 1 {
		t.Errorf("tokens/sec is better %d", u)
	}
}

// TestGoBenchNames: cells that differ in what a name does not say are told apart.
func TestGoBenchNames(t *testing.T) {
	recs := exported(t)
	twin, err := bench.New(bench.Cell{Model: bench.Model{Name: "m"}, Guidance: 1})
	if err != nil {
		t.Fatal(err)
	}
	other, err := bench.New(bench.Cell{Model: bench.Model{Name: "m"}, Guidance: 2})
	if err != nil {
		t.Fatal(err)
	}
	names, err := goBenchNames(append(recs, twin, other, other))
	if err != nil || strings.Contains(names[0], "cell=") || !strings.HasSuffix(names[4], "/cell="+twin.CellID) || names[5] != names[6] || names[4] == names[5] {
		t.Errorf("%q, %v", names, err)
	}
}

// TestExportLVSA reads the folder as the script does: four fields a name, the
// first "done in" and "Peak GPU memory" of the log.
func TestExportLVSA(t *testing.T) {
	dir := t.TempDir()
	recs := exported(t)
	for i := range 2 {
		name := filepath.Join(dir, "cells", strconv.Itoa(i), "video.mp4")
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte{byte(i), 1}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "lvsa")
	for range 2 { // again over what is there
		n, warnings, err := ExportLVSA(t.Context(), dir, out, recs)
		if err != nil || n != 2 || len(warnings) != 1 || !strings.Contains(warnings[0], "oom") {
			t.Fatal(n, warnings, err)
		}
	}
	names, err := filepath.Glob(filepath.Join(out, "*.mp4"))
	if err != nil || len(names) != 2 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		stem := strings.TrimSuffix(filepath.Base(name), ".mp4")
		if p := strings.Split(stem, "__"); len(p) != 4 || p[0] != "wan-1.3B" || p[1] != "LVSA+riflex" || p[2] != "2x" || p[3] != "fish" && p[3] != "a-b-c_d" {
			t.Errorf("%s has the fields %q", name, p)
		}
		log, err := os.ReadFile(strings.TrimSuffix(name, ".mp4") + ".log")
		if err != nil {
			t.Fatal(err)
		}
		wall := regexp.MustCompile(`[Dd]one in ([\d.]+)s`).FindSubmatch(log)
		peak := regexp.MustCompile(`Peak GPU memory.*?(\d+\.?\d*)\s*GB`).FindSubmatch(log)
		if wall == nil || string(wall[1]) != "12.500" || peak == nil || string(peak[1]) != "3.000" {
			t.Errorf("log %q", log)
		}
		if _, err := os.Stat(strings.TrimSuffix(name, ".mp4") + ".vqeval.json"); err == nil {
			t.Error("scores of ours under the reference's name")
		}
	}
	// Two cells of one name: the second is named, not lost in silence.
	twin := recs[0]
	twin.CellID = "0123456789abcdef"
	if _, warnings, err := ExportLVSA(t.Context(), dir, out, []bench.Record{recs[0], twin}); err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "give methods labels that differ") {
		t.Error(warnings, err)
	}
	if _, _, err := ExportLVSA(t.Context(), dir, out, recs[2:]); err == nil {
		t.Error("no video and no error")
	}
	// A video that is not there any more.
	if _, _, err := ExportLVSA(t.Context(), t.TempDir(), out, recs[:1]); err == nil || !strings.Contains(err.Error(), "video.mp4") {
		t.Errorf("%v", err)
	}
}
