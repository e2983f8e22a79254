package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"longtake/bench"
	"longtake/reports/web"
	"longtake/video"
)

var update = flag.Bool("update", false, "write the records and goldens of testdata/reports anew")

const golden = "../testdata/reports"

type methodSpec struct {
	m        bench.Method
	slower   float64 // of denoising, beside attention
	fraction float64 // at 4x
	motion   float64 // retained at 4x
	freeze   bool
	loop     bool
}

func methodSpecs() []methodSpec {
	return []methodSpec{
		{bench.Method{Name: "dense"}, 1, 1, 0.3, true, false},
		{bench.Method{Name: "riflex", Params: map[string]any{"k": 3}}, 1.01, 1, 0.4, false, true},
		{bench.Method{Name: "ultravico", Params: map[string]any{"alpha": 0.9}}, 1.07, 1, 0.6, false, false},
		{bench.Method{Name: "lvsa", Params: map[string]any{"window": 3, "first": 1}}, 1, 0.26, 0.85, false, false},
	}
}

var testTags = []string{"fish", "snow"}

func testCell(m bench.Method, ratio int, tag string, seed int64) bench.Cell {
	return bench.Cell{
		Generator: "builtin", Model: bench.Model{Name: "mini", SHA256: strings.Repeat("ab", 32), TrainingLatentFrames: 21},
		Method: m, Backend: "cpu", Frames: 84*ratio - 3, LatentFrames: 21 * ratio, Ratio: float64(ratio), Width: 64, Height: 64,
		Prompt: bench.Prompt{Tag: tag, Text: tag + " | moving"}, Seed: seed, Steps: 20, Guidance: 3, Sampler: bench.Sampler{Name: "unipc", Shift: 3},
	}
}

func mustRecord(t testing.TB, c bench.Cell) bench.Record {
	t.Helper()
	r, err := bench.New(c)
	if err != nil {
		t.Fatal(err)
	}
	r.Engine, r.Variant, r.Host = "0.1.0", "avx512", bench.Host{CPU: "Test CPU", Cores: 2, OS: "linux/amd64", Go: "go1.26"}
	return r
}

// smoke is a grid of made-up numbers: 4 methods, 3 horizons, 2 prompts, 1 seed.
func smoke(t testing.TB) []bench.Record {
	var out []bench.Record
	for _, ratio := range []int{1, 2, 4} {
		for i, s := range methodSpecs() {
			for j, tag := range testTags {
				r := mustRecord(t, testCell(s.m, ratio, tag, 16))
				far := float64(ratio-1) / 3
				dense := 4 * math.Pow(float64(ratio), 1.7) * (1 + 0.02*float64(j))
				share, fraction := 0.4+0.3*far, 1-far*(1-s.fraction)
				denoise := dense * (1 + far*(s.slower-1)) * (1 - 0.9*share*(1-fraction)) // nine tenths of what the fraction allows
				r.Engaged = new(ratio > 1 && s.m.Name != "dense")
				r.Metrics = map[string]float64{
					bench.WallSeconds: denoise + 1.5*float64(ratio), bench.DenoiseSeconds: denoise, bench.DecodeSeconds: 1.5 * float64(ratio),
					bench.AttentionSeconds: denoise - dense*(1-share), bench.AttendedFraction: fraction, bench.PeakRSSBytes: float64((200 + 50*ratio) << 20),
					bench.FreezeSeverity: 0.1, bench.FreezeShare: 0, bench.LoopSeverity: 0.05 * float64(i), bench.LoopShare: 0, bench.StaticSeverity: 0,
					bench.MotionPlateau: 0.02, bench.MotionPlateau81: (0.02 + 0.01*float64(j)) * (1 - far*(1-s.motion)) * (1 + 0.1*float64(j)),
				}
				if ratio == 4 && s.freeze {
					r.Metrics[bench.FreezeSeverity], r.Metrics[bench.FreezeShare] = 0.9, 0.7
					r.Findings = []bench.Finding{{Kind: "freeze", OnsetFrame: 100, EndFrame: 332, Text: "collapses to a still from frame 100"}}
				}
				if ratio == 4 && s.loop && j == 0 {
					r.Metrics[bench.LoopSeverity], r.Metrics[bench.LoopShare] = 0.8, 0.5
					r.Findings = []bench.Finding{{Kind: "loop", OnsetFrame: 60, EndFrame: 332, Text: "repeats every 54 frames"}}
				}
				out = append(out, r)
			}
		}
	}
	return out
}

// testReferences are 4 dense 1x seeds of each prompt and the scenes' own videos.
func testReferences(t testing.TB) []bench.Record {
	var out []bench.Record
	for j, tag := range testTags {
		for seed := range int64(4) {
			r := mustRecord(t, testCell(bench.Method{Name: "dense"}, 1, tag, 100+seed))
			r.Metrics = map[string]float64{bench.MotionPlateau81: (0.02 + 0.01*float64(j)) * (1 + 0.05*(float64(seed)-1.5))}
			out = append(out, r)
			for _, ratio := range []int{1, 2, 4} {
				c := testCell(bench.Method{Name: "scene"}, ratio, tag, seed)
				c.Generator = scenes
				r := mustRecord(t, c)
				r.Metrics = map[string]float64{bench.FreezeSeverity: 0.02, bench.LoopSeverity: 0.1, bench.StaticSeverity: 0,
					bench.MotionPlateau81: (0.021 + 0.01*float64(j)) * (1 + 0.04*(float64(seed)-1.5))}
				out = append(out, r)
			}
		}
	}
	return out
}

func writeRecords(t testing.TB, path string, recs []bench.Record) {
	t.Helper()
	var b bytes.Buffer
	w := bench.NewWriter(&b)
	for _, r := range recs {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	write(t, path, b.Bytes())
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sweep writes a folder with records in records.jsonl.
func sweep(t testing.TB, recs []bench.Record) string {
	dir := t.TempDir()
	writeRecords(t, filepath.Join(dir, "records.jsonl"), recs)
	return dir
}

func build(t testing.TB, dir string, o Options) (*Report, string) {
	t.Helper()
	r, err := Build(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(r.Readme)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(data)
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join(golden, name)
	if *update {
		write(t, path, []byte(got))
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run go test ./reports -update and read the difference. Got:\n%s", name, got)
	}
}

func TestGolden(t *testing.T) {
	if *update {
		writeRecords(t, filepath.Join(golden, "smoke", "records.jsonl"), smoke(t))
		writeRecords(t, filepath.Join(golden, "smoke", "references.jsonl"), testReferences(t))
	}
	recs, warnings, err := bench.ReadFile(filepath.Join(golden, "smoke", "records.jsonl"))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	refs, warnings, err := bench.ReadFile(filepath.Join(golden, "smoke", "references.jsonl"))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	dir := sweep(t, recs)
	if out := os.Getenv("REPORT_OUT"); out != "" { // to look at
		dir = filepath.Join(out, "smoke")
		writeRecords(t, filepath.Join(dir, "records.jsonl"), recs)
	}
	o := Options{References: refs, Name: "smoke", Command: "longtake sweep smoke.yaml -o out/smoke", Cells: 24, NoFrames: true}
	r, readme := build(t, dir, o)
	compare(t, "smoke/README.md", readme)
	var b bytes.Buffer
	if err := r.Summary(&b); err != nil {
		t.Fatal(err)
	}
	compare(t, "smoke/summary.txt", b.String())
	checkLinks(t, r.Dir, readme)

	// The same records give the same bytes, figures included.
	before := hashes(t, r.Dir)
	build(t, dir, o)
	for name, data := range hashes(t, r.Dir) {
		if before[name] != data {
			t.Errorf("%s differs from run to run", name)
		}
	}
}

func hashes(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name()] = string(data)
	}
	return out
}

// checkLinks: what the page names is there, and nothing else is.
func checkLinks(t *testing.T, dir, readme string) {
	t.Helper()
	want := map[string]bool{"README.md": true, "index.html": true, madeFile: true}
	for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(readme, -1) {
		want[m[1]] = true
	}
	for name := range hashes(t, dir) {
		if !want[name] {
			t.Errorf("%s is not on the page", name)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s is missing", name)
	}
}

// pageData reads the data back from a page.
func pageData(t *testing.T, r *Report) web.Data {
	t.Helper()
	html, err := os.ReadFile(r.Page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := bytes.Cut(html, []byte(`<script type="application/json" id="data">`))
	block, _, end := bytes.Cut(rest, []byte("</script>"))
	if !ok || !end {
		t.Fatal("no data on the page")
	}
	var d web.Data
	if err := json.Unmarshal(block, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// row finds the line of a table by its first cells.
func row(t *testing.T, readme string, nth int, cells ...string) string {
	t.Helper()
	var found []string
	for line := range strings.Lines(readme) {
		c := strings.Split(line, "|")
		for i := range c {
			c[i] = strings.TrimSpace(c[i])
		}
		all := len(c) > len(cells)
		for _, want := range cells {
			ok := false
			for _, have := range c[1:max(1, min(len(c), 6))] {
				ok = ok || have == want
			}
			all = all && ok
		}
		if all {
			found = append(found, strings.Join(strings.Fields(line), " "))
		}
	}
	if len(found) <= nth {
		t.Fatalf("no row %v in\n%s", cells, readme)
	}
	return found[nth]
}

func TestMissingIsSaid(t *testing.T) {
	keep := func(ok func(c bench.Cell) bool) []bench.Record {
		var out []bench.Record
		for _, r := range smoke(t) {
			if c, err := r.DecodeCell(); err == nil && ok(c) {
				out = append(out, r)
			}
		}
		return out
	}
	for _, tc := range []struct {
		name string
		recs []bench.Record
		refs []bench.Record
		o    Options
		want []string
		not  []string // in rows of tables
	}{
		{name: "dense absent", recs: keep(func(c bench.Cell) bool { return c.Method.Name != "dense" || c.Frames < 333 }), refs: testReferences(t),
			want: []string{"no dense cell at 333 frames to compare with", "no record of dense at 333 frames"}},
		{name: "one prompt and seed", recs: keep(func(c bench.Cell) bool { return c.Prompt.Tag == "fish" }), refs: testReferences(t),
			want: []string{"n = 1: an interval needs 2 samples", " 0.850 (a) |", " 1.87 (a) |"}, not: []string{"0.850 [", "1.87 ["}},
		{name: "other prompts at other horizons", recs: keep(func(c bench.Cell) bool { return (c.Frames == 81) == (c.Prompt.Tag == "fish") }),
			want: []string{"Horizons do not hold the same prompts and seeds"}},
		{name: "no references", recs: smoke(t), want: []string{"prompt fish has 1 dense 1x seeds, of the 4 that are needed", "Motion retained against horizon, with 95 % intervals: not drawn, because there is nothing to show"}},
		{name: "another checkpoint", recs: smoke(t), refs: func() []bench.Record {
			refs := testReferences(t)
			for i := range refs {
				refs[i].Cell = bytes.Replace(refs[i].Cell, []byte("abab"), []byte("cdcd"), 1)
			}
			return refs
		}(), want: []string{"references of another checkpoint are not used"}},
		{name: "other settings", recs: smoke(t), refs: func() []bench.Record {
			refs := testReferences(t)
			for i := range refs {
				refs[i].Cell = bytes.Replace(refs[i].Cell, []byte(`"steps":20`), []byte(`"steps":9`), 1)
			}
			return refs
		}(), want: []string{"the references were made with other settings (builtin, mini, abababab, 64x64, 9 steps"}},
		{name: "unfinished", recs: smoke(t)[:21], o: Options{Cells: 24}, want: []string{"3 of the 24 cells of the spec have no record", "ultravico at 333 frames lacks 1 of 2", "no record of lvsa at 333 frames"}},
		{name: "not scored", recs: func() []bench.Record {
			recs := smoke(t)
			for i := range recs {
				for k := range recs[i].Metrics {
					if strings.HasPrefix(k, "vqeval.") {
						delete(recs[i].Metrics, k)
					}
				}
			}
			return recs
		}(), want: []string{"vqeval.freeze.severity was not measured", "vqeval.motion_plateau_81 was not measured"}},
		{name: "no times", recs: func() []bench.Record {
			recs := smoke(t)
			for i := range recs {
				recs[i].Metrics = map[string]float64{bench.FreezeSeverity: 0.1}
			}
			return recs
		}(), want: []string{"No times are recorded."}},
		{name: "only wall time, engagement unknown", recs: func() []bench.Record {
			recs := smoke(t)
			for i := range recs {
				recs[i].Metrics = map[string]float64{bench.WallSeconds: 3}
				recs[i].Engaged = nil
			}
			return recs
		}(), want: []string{"denoise_s was not measured", "nobody recorded whether the method was engaged", "attention time of the dense cell or the attended fraction was not measured"}},
		{name: "videos that were there before", recs: func() []bench.Record {
			var recs []bench.Record
			for _, r := range smoke(t) {
				c, _ := r.DecodeCell()
				n := mustRecord(t, bench.Cell{Generator: "files", Model: bench.Model{Name: "wan"}, Method: bench.Method{Name: c.Method.Name}, Frames: c.Frames,
					Width: 832, Height: 480, Prompt: bench.Prompt{Tag: c.Prompt.Tag}, SourceSHA256: strings.Repeat("c", 64)})
				n.Metrics = map[string]float64{bench.FreezeSeverity: 0.7, bench.LoopSeverity: 0}
				n.Variant = ""
				recs = append(recs, n)
			}
			return recs
		}(), want: []string{"Settings: 832x480\n", "Kernel variant: not recorded", "The numbers hold for this model", "No times are recorded.", "| 2 of 2 [0.34, 1.00] |"}, not: []string{"mini"}},
		{name: "NaN", recs: func() []bench.Record {
			recs := smoke(t)
			recs[0].Metrics[bench.DenoiseSeconds] = math.NaN()
			return recs
		}(), want: []string{"recorded in 1 cell: metric denoise_s was NaN and is left out", "n=1 (a)"}, not: []string{"NaN |"}},
		{name: "out of memory", recs: func() []bench.Record {
			recs := smoke(t)
			for i := range recs {
				if c, _ := recs[i].DecodeCell(); c.Method.Name == "dense" && c.Frames == 333 {
					recs[i].Status, recs[i].Error, recs[i].Metrics = bench.StatusOOM, "needs 9 GiB of 4", nil
				}
			}
			return recs
		}(), want: []string{"| 0 (2 oom) |", "dense at 333 frames, prompt fish, seed 16: oom (needs 9 GiB of 4)", "22 ok, 2 oom", "no dense cell at 333 frames to compare with",
			"Did not fit: dense at 333 frames: out of memory in 2 of 2 (the longest that fits: 165)."}, not: []string{"GPU"}},
		{name: "on GPUs", recs: func() []bench.Record {
			recs := smoke(t)
			for i := range recs {
				recs[i].Metrics[bench.GPUPeakBytes], recs[i].Metrics[bench.GPUHours] = 3<<30, 0.25
				if c, _ := recs[i].DecodeCell(); c.Method.Name == "dense" {
					recs[i].Status, recs[i].Error, recs[i].Metrics = bench.StatusTimeout, "took more than 1h0m0s", map[string]float64{bench.GPUHours: 1.25}
				} else if c.Frames == 81 && c.Prompt.Tag == "fish" {
					delete(recs[i].Metrics, bench.GPUHours)
				}
			}
			return recs
		}(), want: []string{"| Peak GPU memory, MiB |  GPU-hours |", "3072 |      0.500 |", "3072 | 0.250 of 1 |", "|       2.50 |",
			"Did not fit: dense at 81 frames: out of time in 2 of 2 (no horizon fits)."}},
		{name: "beyond the bound", recs: func() []bench.Record {
			recs := smoke(t)
			for i := range recs {
				if c, _ := recs[i].DecodeCell(); c.Method.Name == "lvsa" {
					recs[i].Metrics[bench.DenoiseSeconds] /= 3
				}
			}
			return recs
		}(), want: []string{"lvsa at 333 frames denoises 5.62 times as fast as dense, more than the 2.07 that its attended fraction allows"}},
		{name: "mixed", recs: func() []bench.Record {
			recs := smoke(t)
			for i := range recs {
				if c, _ := recs[i].DecodeCell(); c.Method.Name == "lvsa" {
					recs[i].Host.CPU, recs[i].Engine, recs[i].Variant = "Other CPU", "0.2.0", "generic"
				}
			}
			return recs
		}(), want: []string{"engine versions are mixed: 0.1.0, 0.2.0", "kernel variants are mixed: avx512, generic", "hosts are mixed: Other CPU", "the dense cell ran on another host, engine or kernel variant"}},
		{name: "two settings", recs: func() []bench.Record {
			recs := smoke(t)
			for _, r := range smoke(t) {
				c, _ := r.DecodeCell()
				c.Steps = 5
				n := mustRecord(t, c)
				n.Metrics = r.Metrics
				recs = append(recs, n)
			}
			return recs
		}(), want: []string{"64x64, 20 steps, guidance 3, unipc shift 3, cpu", "64x64, 5 steps, guidance 3", "latency-1.png", "latency-2.png"}},
		{name: "same title", recs: func() []bench.Record {
			recs := smoke(t)
			for _, r := range smoke(t) {
				c, _ := r.DecodeCell()
				if c.Method.Name == "lvsa" {
					c.Method.Params = map[string]any{"window": 6, "first": 1}
					recs = append(recs, mustRecord(t, c))
				}
			}
			return recs
		}(), want: []string{"lvsa:first=1,window=3", "lvsa:first=1,window=6"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.o.References, tc.o.NoFrames = tc.refs, true
			r, readme := build(t, sweep(t, tc.recs), tc.o)
			plain := strings.NewReplacer(`\_`, "_").Replace(readme)
			for _, w := range tc.want {
				if !strings.Contains(plain, w) {
					t.Errorf("no %q in\n%s", w, plain)
				}
			}
			for _, w := range tc.not {
				for line := range strings.Lines(plain) {
					if strings.HasPrefix(line, "|") && strings.Contains(line, w) {
						t.Errorf("%q in %s", w, line)
					}
				}
			}
			if err := r.Summary(&bytes.Buffer{}); err != nil {
				t.Error(err)
			}
			checkLinks(t, r.Dir, readme)
		})
	}
}

// TestNumbers checks one row against numbers worked out from the records.
func TestNumbers(t *testing.T) {
	_, readme := build(t, sweep(t, smoke(t)), Options{References: testReferences(t), NoFrames: true})
	// lvsa at 333 frames: attention is 0.7 of dense denoising, 0.26 of the pairs
	// remain, 0.9 of what that allows is saved. Wall adds 6 s to both.
	const speed = 1 / (1 - 0.9*0.7*0.74)
	dense := 4 * math.Pow(4, 1.7)
	var wall []float64
	for _, d := range []float64{dense, dense * 1.02} {
		wall = append(wall, (d+6)/(d/speed+6))
	}
	cost := row(t, readme, 0, "333", "84", "4.00", "lvsa", "2")
	for _, want := range []string{"1.87 [1.87, 1.87]", fmt.Sprintf("%.2f [", math.Sqrt(wall[0]*wall[1])), "| " + fmt.Sprintf("%.2f", 1/(1-0.7*0.74)) + " |", "| 0.260 |", "| 400 |"} {
		if !strings.Contains(cost, want) {
			t.Errorf("no %q in %s", want, cost)
		}
	}
	// Motion is 0.85 of the reference on one prompt and 1.1 times that on the
	// other: 0.8925 +- 12.7062 * 0.0425.
	quality := row(t, readme, 0, "333", "lvsa", "0 of 2 [0.00, 0.66]", "0.100")
	if want := "0.893 [0.352, 1.433] ~"; !strings.Contains(quality, want) {
		t.Errorf("no %q in %s", want, quality)
	}
	if got := row(t, readme, 0, "333", "dense", "2 of 2 [0.34, 1.00]"); !strings.Contains(got, "| 0.900 |") {
		t.Errorf("dense at 333: %s", got)
	}
	if got := row(t, readme, 0, "81", "lvsa", "21"); strings.Count(got, notEngaged) != 2 {
		t.Errorf("lvsa at 81 frames: %s", got)
	}
	if got := row(t, readme, 0, "333", "control: the scenes themselves", "8"); !strings.Contains(got, "0 of 8") {
		t.Errorf("control: %s", got)
	}
}

// Dense attention with an edited embedding or edited logits is a method like
// any other: nothing is compared with it.
func TestEditedDenseIsNoReference(t *testing.T) {
	var recs []bench.Record
	for i, edit := range []any{nil, map[string]any{"name": "riflex"}} {
		m := bench.Method{Name: "dense", Label: []string{"plain", "edited"}[i], Params: map[string]any{"rope": edit, "logits": nil}}
		for _, ratio := range []int{1, 2} {
			r := mustRecord(t, testCell(m, ratio, "fish", 16))
			r.Engaged = new(i == 1)
			r.Metrics = map[string]float64{bench.WallSeconds: []float64{12, 4}[i], bench.DenoiseSeconds: []float64{12, 4}[i], bench.MotionPlateau81: 0.02}
			recs = append(recs, r)
		}
	}
	_, readme := build(t, sweep(t, recs), Options{NoFrames: true})
	if got := row(t, readme, 0, "165", "42", "2.00", "edited"); strings.Count(got, " 3.00 ") != 2 {
		t.Errorf("no speed-up of 3 over plain dense: %s", got)
	}
	if got := row(t, readme, 0, "165", "42", "2.00", "plain"); !strings.Contains(got, "reference") {
		t.Errorf("plain dense: %s", got)
	}
	if want := "prompt fish has 1 dense 1x seeds"; !strings.Contains(readme, want) {
		t.Errorf("no %q", want)
	}
}

func TestSheetSize(t *testing.T) {
	for in, want := range map[[2]int][2]int{
		{128, 128}: {}, {0, 0}: {}, {256, 512}: {}, {832, 480}: {256, 147}, {480, 832}: {256, 443}, {480, 1920}: {128, 512}, {2, 16384}: {2, 512}, {16384, 2}: {256, 2},
	} {
		if w, h := sheetSize(in[0], in[1]); [2]int{w, h} != want {
			t.Errorf("%v: %dx%d, want %v", in, w, h, want)
		}
	}
}

func TestLoad(t *testing.T) {
	recs := smoke(t)
	put := func(t *testing.T, dir string, r bench.Record) {
		data, err := json.MarshalIndent(r, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "cells", r.CellID, "record.json"), data)
	}
	t.Run("record.json counts before records.jsonl", func(t *testing.T) {
		dir := sweep(t, recs)
		r := recs[0]
		r.Metrics = map[string]float64{bench.DenoiseSeconds: 777}
		put(t, dir, r)
		l, err := load(dir)
		if err != nil || len(l.cells) != len(recs) || len(l.warnings) > 0 {
			t.Fatalf("%d cells, %v, %v", len(l.cells), l.warnings, err)
		}
		for _, c := range l.cells {
			if v, _ := c.Metric(bench.DenoiseSeconds); (v == 777) != (c.CellID == r.CellID) {
				t.Errorf("%s: denoise_s %g, want that of record.json in one cell", c.where(), v)
			}
		}
	})
	t.Run("what cannot be read costs one cell", func(t *testing.T) {
		dir := t.TempDir()
		for _, r := range recs[:3] {
			put(t, dir, r)
		}
		write(t, filepath.Join(dir, "cells", recs[3].CellID, "record.json"), []byte(`{"schema":1,`))
		write(t, filepath.Join(dir, "cells", "0123456789abcdef", "cell.json"), []byte(`{}`))
		data, _ := json.Marshal(recs[4])
		write(t, filepath.Join(dir, "cells", "fedcba9876543210", "record.json"), data)
		write(t, filepath.Join(dir, "records.jsonl"), []byte("nonsense\n"))
		l, err := load(dir)
		if err != nil || len(l.cells) != 3 {
			t.Fatalf("%d cells, %v", len(l.cells), err)
		}
		all := strings.Join(l.warnings, "\n")
		for _, want := range []string{recs[3].CellID + "/record.json cannot be read", "1 cell folder without a record", "is the record of another cell, " + recs[4].CellID, "records.jsonl:1: invalid character"} {
			if !strings.Contains(all, want) {
				t.Errorf("no %q in %s", want, all)
			}
		}
		if strings.Contains(all, dir) {
			t.Errorf("a warning names the folder: %s", all)
		}
	})
	t.Run("edited, doubled and foreign records", func(t *testing.T) {
		edited := recs[1]
		edited.Cell = bytes.Replace(edited.Cell, []byte(`"seed":16`), []byte(`"seed":17`), 1)
		l, err := load(sweep(t, []bench.Record{recs[0], recs[0], edited, {Status: bench.StatusOK, Bench: json.RawMessage(`{}`)}}))
		if err != nil || len(l.cells) != 2 {
			t.Fatalf("%d cells, %v", len(l.cells), err)
		}
		all := strings.Join(l.warnings, "\n")
		for _, want := range []string{"recorded twice", "it was edited", "a record of a benchmark"} {
			if !strings.Contains(all, want) {
				t.Errorf("no %q in %s", want, all)
			}
		}
	})
	t.Run("unknown schema", func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "cells", "a", "record.json"), []byte(`{"schema":9}`))
		if _, err := load(dir); !errors.As(err, new(*bench.SchemaError)) {
			t.Errorf("record.json: %v", err)
		}
		dir = t.TempDir()
		write(t, filepath.Join(dir, "records.jsonl"), []byte(`{"schema":9}`))
		if _, err := load(dir); !errors.As(err, new(*bench.SchemaError)) || !strings.Contains(err.Error(), "records.jsonl:1") {
			t.Errorf("records.jsonl: %v", err)
		}
	})
	t.Run("nothing there", func(t *testing.T) {
		dir := t.TempDir()
		for name, want := range map[string]string{dir: "holds no records", filepath.Join(dir, "none"): "give the folder that a sweep wrote"} {
			_, err := Build(context.Background(), name, Options{})
			if err == nil || !strings.HasPrefix(err.Error(), "reports: ") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "report")); !errors.Is(err, fs.ErrNotExist) {
			t.Error("a report of nothing was begun")
		}
		write(t, filepath.Join(dir, "file"), nil)
		if _, err := load(filepath.Join(dir, "file")); err == nil || !strings.Contains(err.Error(), "is a file") {
			t.Errorf("a file: %v", err)
		}
	})
}

const hostile = "x|y <img src=x onerror=alert(1)> </title><script>alert(1)</script> [a](javascript:1) `c` *b* _i_ {{.}} \"q\"\n# h\n\x1b[31m"

// TestHostileStrings: no text of a record becomes markup.
func TestHostileStrings(t *testing.T) {
	var recs []bench.Record
	for _, r := range smoke(t) {
		c, _ := r.DecodeCell()
		c.Prompt.Tag += hostile
		c.Prompt.Text = hostile
		c.Method.Label = c.Method.Name + hostile
		c.Model.Name = hostile
		n := mustRecord(t, c)
		n.Metrics, n.Warnings = r.Metrics, []string{hostile}
		n.Engine, n.Host.CPU = hostile, hostile
		if c.Frames == 333 {
			n.Status, n.Error = bench.StatusFailed, hostile
		}
		n.Files = map[string]bench.File{"video": {Path: hostile}, "curves": {Path: "../../../etc/passwd"}}
		recs = append(recs, n)
	}
	r, readme := build(t, sweep(t, recs), Options{Name: hostile, Command: "longtake " + hostile, NoFrames: true})
	for line := range strings.Lines(readme) {
		if strings.HasPrefix(line, "    ") {
			continue // the command, as code
		}
		for _, bad := range []string{`<`, `[^\\]\]\(javascript`, "\x1b", `[^\\]\*b`, `[^\\]_i`} {
			if regexp.MustCompile(bad).MatchString(line) {
				t.Errorf("%q in %s", bad, line)
			}
		}
		if strings.Contains(strings.ReplaceAll(line, "\\`", ""), "`") {
			t.Errorf("code in %s", line)
		}
	}
	width := 0
	for line := range strings.Lines(readme) {
		if !strings.HasPrefix(line, "|") {
			width = 0
			continue
		}
		n := len(regexp.MustCompile(`(^|[^\\])\|`).FindAllString(line, -1))
		if width != 0 && n != width {
			t.Errorf("%d columns, not %d, in %s", n-1, width-1, line)
		}
		width = n
	}
	html, err := os.ReadFile(r.Page)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(html, []byte("<script")); n != 2 { // the data and the page's own
		t.Errorf("%d scripts on the page", n)
	}
	if n := bytes.Count(html, []byte("</script")); n != 2 {
		t.Errorf("%d scripts end on the page", n)
	}
	for _, bad := range []string{"<img src=x", "\x1b", "javascript:1)\""} {
		if bytes.Contains(html, []byte(bad)) {
			t.Errorf("%q on the page", bad)
		}
	}
	if d := pageData(t, r); !strings.Contains(d.Sections[0].Prompts[0].Text, "</title><script>") {
		t.Errorf("the prompt is not on the page as it is: %q", d.Sections[0].Prompts[0].Text)
	}
	if err := r.Summary(&bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

func curvesJSON(t testing.TB, n int, side int) []byte {
	raw := make([]byte, side*side)
	for i := range side {
		for j := range side {
			raw[i*side+j] = byte(254 * (1 - math.Exp(-math.Abs(float64(i-j))/8)))
		}
	}
	raw[side-1], raw[side*(side-1)] = 255, 255 // not compared
	energy := make([]any, n)
	for i := range energy {
		if i < n-16 {
			energy[i] = 2 + math.Sin(float64(i)/9)
		}
	}
	data, err := json.Marshal(map[string]any{"schema": 1, "motion_energy": energy,
		"self_similarity": map[string]any{"size": side, "frames": n, "scale": 0.1, "lag_limit": n - 1, "data": raw}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestExamples draws videos and curves: one method has both, one has a video
// that ends early and other curves than were recorded, one has none.
func TestExamples(t *testing.T) {
	for _, tool := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	dir := os.Getenv("REPORT_OUT")
	if dir == "" {
		dir = t.TempDir()
	}
	var recs []bench.Record
	for i, s := range methodSpecs()[:3] {
		c := testCell(s.m, 4, "fish", 16)
		r := mustRecord(t, c)
		r.Metrics = map[string]float64{bench.FreezeSeverity: 0.1}
		if i < 2 {
			base := "cells/" + r.CellID + "/"
			frames := []int{333, 200}[i]
			clip(t, filepath.Join(dir, base, "video #1.mp4"), frames)
			write(t, filepath.Join(dir, base, "curves.json"), curvesJSON(t, frames, 128))
			r.Files = map[string]bench.File{"video": {Path: base + "video #1.mp4"}, "curves": {Path: base + "curves.json"}}
			r.Findings = []bench.Finding{{Kind: "loop", OnsetFrame: 50, EndFrame: 150}, {Kind: "flicker", EndFrame: 9}}
		}
		if i == 1 {
			v := r.Files["video"]
			v.SHA256 = strings.Repeat("0", 64)
			r.Files["video"] = v
		}
		recs = append(recs, r)
	}
	writeRecords(t, filepath.Join(dir, "records.jsonl"), recs)
	for _, name := range []string{"frames-9-old.png", "frames-mine.png", "mine.txt"} {
		write(t, filepath.Join(dir, "report", name), nil)
	}
	write(t, filepath.Join(dir, "report", madeFile), []byte("frames-9-old.png\n../spec.yaml\nmine.txt\n"))
	write(t, filepath.Join(dir, "spec.yaml"), nil)
	r, readme := build(t, dir, Options{})
	for _, want := range []string{"](frames-1-fish.png)", "](similarity-1-fish.png)", "](energy-1-fish.png)",
		"frames of riflex at 333 frames, prompt fish, seed 16: the video ends before frame 237", "the video of riflex at 333 frames, prompt fish, seed 16 is not the one that was recorded"} {
		if !strings.Contains(readme, want) {
			t.Errorf("no %q in\n%s", want, readme)
		}
	}
	left := hashes(t, r.Dir)
	if _, ok := left["frames-9-old.png"]; ok {
		t.Error("the figure of an earlier report is still there")
	}
	for _, name := range []string{"frames-mine.png", "mine.txt"} {
		if _, ok := left[name]; !ok {
			t.Errorf("%s, which is not the report's own, was removed", name)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "spec.yaml")); err != nil {
		t.Error(err)
	}
	v := pageData(t, r).Sections[0].Videos
	if want := "./../cells/" + recs[0].CellID + "/video%20%231.mp4"; !slices.ContainsFunc(v, func(v web.Video) bool { return v.Source == want }) {
		t.Errorf("no video %s in %+v", want, v)
	}
	if regexp.MustCompile(`(src|href)="?https?:|url\(['"]?http`).MatchString(left["index.html"]) {
		t.Error("the page loads something from elsewhere")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Build(ctx, dir, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// clip writes a small video of a moving gradient.
func clip(t *testing.T, path string, frames int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	e, err := video.Create(context.Background(), path, video.EncodeOptions{Width: 64, Height: 48, FPS: 16, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Abort()
	rgb := make([]byte, 64*48*3)
	for f := range frames {
		for i := range 64 * 48 {
			rgb[3*i], rgb[3*i+1], rgb[3*i+2] = byte(4*(i%64)+f), byte(5*(i/64)), byte(f)
		}
		if err := e.WriteFrame(rgb); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCurves(t *testing.T) {
	dir := t.TempDir()
	c := cell{Record: bench.Record{Files: map[string]bench.File{"curves": {Path: "c.json"}}}}
	if _, err := (cell{}).curves(dir); err == nil || !strings.Contains(err.Error(), "not recorded: curves") {
		t.Errorf("not recorded: %v", err)
	}
	for src, want := range map[string]string{
		"": "EOF", "{": "unexpected EOF", `{"schema":2}`: "schema 2",
		`{"schema":1,"self_similarity":{"size":2,"frames":2,"scale":1,"data":"AAAA"}}`:       "3 bytes for a side of 2",
		`{"schema":1,"self_similarity":{"size":1,"frames":1,"data":"AA=="}}`:                 "scale of 0",
		`{"schema":1,"self_similarity":{"size":1,"scale":1,"data":"AA=="}}`:                  "of 0 frames",
		`{"schema":1,"self_similarity":{"size":-1,"frames":1,"scale":1,"data":"AA=="}}`:      "side of -1",
		`{"schema":1,"self_similarity":{"size":9999,"frames":9999,"scale":1,"data":"AA=="}}`: "at most 256",
		`{"schema":1,"self_similarity":{"size":1,"frames":1,"scale":1,"data":"!"}}`:          "base64",
		`{"schema":1,"motion_energy":["x"]}`:                                                 "cannot unmarshal",
	} {
		write(t, filepath.Join(dir, "c.json"), []byte(src))
		if _, err := c.curves(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", src, err, want)
		}
	}
	write(t, filepath.Join(dir, "c.json"), curvesJSON(t, 81, 21))
	v, err := c.curves(dir)
	if err != nil || len(v.MotionEnergy) != 81 || v.MotionEnergy[0] != 2 || !math.IsNaN(v.MotionEnergy[80]) {
		t.Errorf("%v, motion energy %v", err, v.MotionEnergy)
	}
	m := v.SelfSimilarity.values
	if want := 0.1 * math.Floor(254*(1-math.Exp(-1.0/8))); len(m) != 21*21 || m[0] != 0 || math.Abs(m[1]-want) > 1e-12 || !math.IsNaN(m[20]) {
		t.Errorf("differences %v", m)
	}
	os.Remove(filepath.Join(dir, "c.json"))
	if _, err := c.curves(dir); err == nil || err.Error() != "c.json is gone" {
		t.Errorf("gone: %v", err)
	}
	os.Mkdir(filepath.Join(dir, "c.json"), 0o755)
	if _, err := c.curves(dir); err == nil || err.Error() != "c.json is no file" {
		t.Errorf("folder: %v", err)
	}
}

func TestFormat(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.516: "0.516", 12.345: "12.3", 9.999: "10.0", 99.96: "100", 1234.5: "1234", 0.00123: "0.00123", -0.4: "-0.400", 1e-9: "1.0e-09", 3: "3.00"} {
		if got := sig(v); got != want {
			t.Errorf("sig(%g) = %s, want %s", v, got, want)
		}
	}
	for i, want := range map[int]string{0: "a", 25: "z", 26: "aa", 27: "ab", 52: "ba"} {
		if got := letter(i); got != want {
			t.Errorf("letter(%d) = %s, want %s", i, got, want)
		}
	}
	for in, want := range map[string]string{"Fish & Chips!": "fish---chips", "../../x": "x", "魚": "", strings.Repeat("a", 99): strings.Repeat("a", 40)} {
		if got := slug(in); got != want {
			t.Errorf("slug(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"wall_s _a_": `wall_s \_a\_`, "[1, 2]": "[1, 2]", "[a](b)": `[a\](b)`, "![a]": `\!\[a]`, "~ a": "~ a", "~~a~~": `\~\~a\~\~`, "# h": `\# h`, "- x": `\- x`, "a-b": "a-b", "-": "-", "1. x": "1. x"} {
		if got := md(in); got != want {
			t.Errorf("md(%q) = %q, want %q", in, got, want)
		}
	}
}
