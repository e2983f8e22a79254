package gate_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"longtake/bench"
	"longtake/bench/gate"
	"longtake/diffusion"
	"longtake/diffusion/mini"
	"longtake/kernels"
	"longtake/kernels/all"
	"longtake/lvsa"
	"longtake/sweeps"
	"longtake/video"
)

var (
	update = flag.Bool("update", false, "write CAUGHT.md from the records in testdata/broken")
	record = flag.String("record", "", "make those of one part first, quality or speed, by running the engines: about 10 minutes each")
)

// fault is one way for an engine to be wrong, or a change that is none.
type fault struct {
	name, what string
	sound      bool // no gate may alarm
	engine     func() *engine
	wider      int  // added to LVSA's window while the cell says otherwise
	frozen     bool // the second half of one video is held
}

const variant = "avx2" // of every engine

var faults = []fault{
	{name: "same", what: "the same code again", sound: true},
	{name: "rounding", what: "values times 1 + 2^-20, as another order of summation might give", sound: true, engine: func() *engine { return &engine{attend: nudge} }},
	{name: "slow", what: "10 % of the time between attention calls lost", engine: func() *engine { return &engine{slow: 0.1} }},
	{name: "frozen", what: "one video of 10 is held from its middle", frozen: true},
	{name: "stale-step", what: "keys and values of the denoising step before", engine: func() *engine { return &engine{attend: staleStep} }},
	{name: "stale-frame", what: "keys and values of the latent frame before", engine: func() *engine { return &engine{attend: staleFrame} }},
	{name: "rope", what: "keys turned by the RoPE index of the frame after", engine: func() *engine { return &engine{rope: ropeLate} }},
	{name: "window-late", what: "every frame has the window of the frame after, in the kernel's mask", engine: func() *engine { return &engine{mask: windowLate} }},
	{name: "window-wide", what: "a window of 4 where 3 is asked for, in the pattern", wider: 1},
}

// The grid: LVSA beyond the horizon, 5 scenes x 2 seeds; for speed the engines
// take turns.
const (
	brokenSteps  = 8
	brokenFrames = 105
	brokenTurns  = 40
)

var scenes = []string{"a runner crosses a scrolling landscape of hills", "waves roll over the sea below a clear sky", "snow falls over a dark winter field",
	"bright fish wander through deep water", "a quiet room where the light of a window changes"}

func brokenSpec(frames, steps int, seeds string, prompts []string, window int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name: broken\nmodel: mini\nmethods: [{name: lvsa, window: %d, label: lvsa}]\nframes: [%d]\nseeds: [%s]\nsteps: %d\nscore: {expect_motion: true}\nprompts:\n", window, frames, seeds, steps)
	for _, p := range prompts {
		fmt.Fprintf(&b, "  - {tag: %s, prompt: %s}\n", strings.Fields(p)[1], p)
	}
	return b.String()
}

// sweep runs a grid on the fault's engine and returns its records.
func (f fault) sweep(t *testing.T, frames, steps int, seeds string, prompts []string) []bench.Record {
	t.Helper()
	dir := t.TempDir()
	spec := filepath.Join(dir, "spec.yaml")
	if err := os.WriteFile(spec, []byte(brokenSpec(frames, steps, seeds, prompts, 3+f.wider)), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := sweeps.ReadSpec(spec)
	if err != nil {
		t.Fatal(err)
	}
	env := sweeps.Env{Kernels: all.Options{Kernels: variant, Workers: 1}, Open: func(_ string, b kernels.Backend) (*diffusion.Model, error) {
		if f.engine == nil {
			return mini.Load(b)
		}
		return mini.Load(f.over(t, b, steps))
	}}
	p, err := sweeps.NewPlan(t.Context(), s, env)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if _, err := sweeps.Run(t.Context(), p, sweeps.Options{Dir: out, Version: "longtake"}); err != nil {
		t.Fatal(err)
	}
	recs, warnings, err := bench.ReadFile(filepath.Join(out, sweeps.RecordsFile))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if f.frozen {
		recs[0] = freeze(t, out, recs[0])
	}
	for i := range recs {
		recs[i].Files = nil // they stay behind
		if f.wider > 0 {
			recs[i] = says(t, recs[i], 3)
		}
	}
	return recs
}

// over lays the fault over a backend, with what mini's calls are counted by.
func (f fault) over(t *testing.T, b kernels.Backend, steps int) *engine {
	t.Helper()
	m, err := mini.Load(b)
	if err != nil {
		t.Fatal(err)
	}
	_, w, h, shape, err := m.Grid(0, 0, 0)
	if err != nil || w == 0 || h == 0 {
		t.Fatal(err)
	}
	e := f.engine()
	e.Backend, e.steps = b, steps
	e.tokensPerFrame = shape[2] / m.Info().Patch[1] * shape[3] / m.Info().Patch[2]
	e.sites = 2 * m.Info().Layers // both branches
	return e
}

// says gives a record the window that was asked for.
func says(t *testing.T, r bench.Record, window int) bench.Record {
	t.Helper()
	c, err := r.DecodeCell()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Method.Params["window"]; !ok {
		t.Fatalf("the cell's method %+v has no window", c.Method)
	}
	c.Method.Params["window"] = window
	n, err := bench.New(c)
	if err != nil {
		t.Fatal(err)
	}
	r.Cell, r.CellID = n.Cell, n.CellID
	return r
}

// freeze holds the second half of a record's video at its middle frame and has it
// scored as the sweep scores.
func freeze(t *testing.T, dir string, r bench.Record) bench.Record {
	t.Helper()
	ctx := context.Background()
	c, err := r.DecodeCell()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	held := filepath.Join(folder, "mini__lvsa__2x__"+c.Prompt.Tag+".mp4")
	e, err := video.Create(ctx, held, video.EncodeOptions{Width: c.Width, Height: c.Height, FPS: 16, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Abort()
	var still []byte
	n := 0
	_, _, err = video.Decode(ctx, filepath.Join(dir, filepath.FromSlash(r.Files["video"].Path)), video.DecodeOptions{}, func(f video.Frame) error {
		if n++; n <= c.Frames/2 {
			still = slices.Clone(f.Pix)
		}
		return e.WriteFrame(still)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	spec := filepath.Join(folder, "files.yaml")
	text := "name: held\ngenerator: {files: '{model}__{method}__{horizon}__{prompt}.mp4'}\nscore: {expect_motion: true}\n"
	if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := sweeps.ReadSpec(spec)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sweeps.NewPlan(ctx, s, sweeps.Env{})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "out")
	if _, err := sweeps.Run(ctx, p, sweeps.Options{Dir: out}); err != nil {
		t.Fatal(err)
	}
	recs, _, err := bench.ReadFile(filepath.Join(out, sweeps.RecordsFile))
	if err != nil || len(recs) != 1 {
		t.Fatal(err, len(recs))
	}
	for k, v := range recs[0].Metrics {
		r.Metrics[k] = v
	}
	r.Findings, r.FramesSHA256 = recs[0].Findings, recs[0].FramesSHA256
	return r
}

func recordsFile(name, part string) string {
	return filepath.Join("testdata", "broken", name+"-"+part+".jsonl")
}

func save(t *testing.T, name string, recs []bench.Record) {
	t.Helper()
	var b bytes.Buffer
	w := bench.NewWriter(&b)
	for _, r := range recs {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// baseline is what the others are held against.
var baseline = fault{name: "baseline"}

// makeRecords runs every engine over the grid.
func makeRecords(t *testing.T) {
	for _, f := range append([]fault{baseline}, faults...) {
		if _, err := os.Stat(recordsFile(f.name, "quality")); err == nil {
			t.Logf("%s is there already: remove it to make it again", recordsFile(f.name, "quality"))
			continue
		}
		save(t, recordsFile(f.name, "quality"), f.sweep(t, brokenFrames, brokenSteps, "16, 17", scenes))
		t.Logf("%s: quality", f.name)
	}
}

// timeEngines lets the engines take turns at denoising one cell, on one core.
func timeEngines(t *testing.T) {
	const frames, steps = 105, 4
	b, err := all.Get("cpu", all.Options{Kernels: variant, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	type runner struct {
		m      *diffusion.Model
		method lvsa.Method
		rec    bench.Record
	}
	runners := map[string]*runner{}
	for _, f := range append([]fault{baseline}, faults...) {
		if f.frozen {
			continue // it is what happens to a file
		}
		var engine kernels.Backend = b
		if f.engine != nil {
			engine = f.over(t, b, steps)
		}
		m, err := mini.Load(engine)
		if err != nil {
			t.Fatal(err)
		}
		r := &runner{m: m, method: method(t, map[string]any{"name": "lvsa", "window": 3 + f.wider})}
		r.rec = bench.Record{Status: bench.StatusOK, Engine: "longtake", Variant: variant, Host: bench.HostInfo(), Samples: map[string][]float64{},
			Bench: fmt.Appendf(nil, `{"suite":"engines","case":"lvsa, window 3","frames":%d,"steps":%d,"rounds":%d}`, frames, steps, brokenTurns)}
		r.rec.Host.Workers = 1
		runners[f.name] = r
	}
	for turn := range brokenTurns + 1 {
		for _, r := range runners { // in another order every turn
			var start time.Time
			ctx, stop := context.WithCancel(t.Context())
			var seconds float64
			_, err := diffusion.Generate(ctx, r.m, diffusion.Request{Method: r.method, Frames: frames, Steps: steps, Prompt: scenes[3], Seed: 16,
				Progress: func(p diffusion.Progress) {
					switch {
					case p.Stage == "denoise" && p.Step == 0:
						start = time.Now()
					case p.Stage == "denoise" && p.Step == steps:
						seconds = time.Since(start).Seconds()
						stop()
					}
				}}, func([]byte) error { return nil })
			stop()
			if !errors.Is(err, context.Canceled) || seconds == 0 {
				t.Fatal(err, seconds)
			}
			if turn > 0 { // the first warms up
				r.rec.Samples[bench.DenoiseSeconds] = append(r.rec.Samples[bench.DenoiseSeconds], seconds)
			}
		}
	}
	for name, r := range runners {
		save(t, recordsFile(name, "speed"), []bench.Record{r.rec})
	}
}

// verdict of one kind of gate.
func verdict(t *testing.T, name, part string, rules *gate.Rules, judges ...gate.Judge) string {
	t.Helper()
	base, err := gate.ReadSide(recordsFile("baseline", part))
	if err != nil {
		t.Fatal(err)
	}
	cur, err := gate.ReadSide(recordsFile(name, part))
	if err != nil {
		t.Fatal(err)
	}
	r := gate.Compare(base, cur, rules)
	var caught []string
	unsure, rows, sees := 0, 0, ""
	for _, row := range r.Rows {
		if !slices.Contains(judges, row.Judge) || row.Metric == "status" {
			continue
		}
		rows++
		if row.Relative && row.Detectable != nil {
			sees = fmt.Sprintf(", sees %.0f %%", 100**row.Detectable)
		}
		switch row.Outcome {
		case gate.Regressed:
			text := strings.TrimSuffix(strings.TrimPrefix(row.Metric, "vqeval."), ".severity")
			switch {
			case row.Judge == gate.Findings:
				text += fmt.Sprintf(" in %.0f of %d", math.Round(*row.Current*float64(row.NCurrent)), row.NCurrent)
			case row.Judge == gate.Hashes:
			case row.Relative:
				text += fmt.Sprintf(" %+.0f %%", 100**row.Change)
			case row.Change != nil:
				text += fmt.Sprintf(" %+.2g", *row.Change)
			}
			if !slices.Contains(caught, text) {
				caught = append(caught, text)
			}
		case gate.CannotJudge:
			unsure++
		}
	}
	switch {
	case len(caught) > 0:
		return "caught: " + strings.Join(caught, ", ")
	case rows == 0:
		return "-"
	case unsure > 0:
		return fmt.Sprintf("cannot judge %d of %d", unsure, rows) + sees
	}
	return "held" + sees
}

// goldens are what the project's golden tests say of an engine.
func goldens(t *testing.T, f fault) string {
	t.Helper()
	if f.frozen {
		return "-"
	}
	b, err := all.Get("cpu", all.Options{Kernels: variant, Workers: 2})
	if err != nil {
		t.Skip(err)
	}
	make := func(tokens, sites, steps int) kernels.Backend {
		if f.engine == nil {
			return b
		}
		e := f.engine()
		e.Backend, e.tokensPerFrame, e.sites, e.steps = b, tokens, sites, steps
		return e
	}
	var caught []string
	// The tiny checkpoint has 48 x 64 pixels, 3 x 4 tokens a frame, 2 layers and both branches.
	if endToEnd(t, make(12, 4, 6)) != nil {
		caught = append(caught, "end to end")
	}
	if attention(t, func(tokens int) kernels.Backend { return make(tokens, 1, 50) }, f.wider) != nil {
		caught = append(caught, "attention")
	}
	if len(caught) > 0 {
		return "caught: " + strings.Join(caught, ", ")
	}
	return "held"
}

// TestCaught: CAUGHT.md says what the records and the golden tests say.
func TestCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("long: nine engines through the golden tests")
	}
	switch *record {
	case "quality":
		makeRecords(t)
	case "speed":
		timeEngines(t)
	}
	strict := gate.Default()
	strict.Hashes = "require"
	times := gate.Default()
	times.Select = []string{bench.DenoiseSeconds}
	var b strings.Builder
	b.WriteString(caughtHead)
	for _, f := range faults {
		speed := "-"
		if !f.frozen {
			speed = verdict(t, f.name, "speed", times, gate.Repeats)
		}
		cells := []string{speed,
			verdict(t, f.name, "quality", strict, gate.Exact),
			verdict(t, f.name, "quality", strict, gate.Findings),
			verdict(t, f.name, "quality", strict, gate.Pairs),
			verdict(t, f.name, "quality", strict, gate.Hashes),
			goldens(t, f)}
		for i, c := range cells {
			if f.sound && strings.HasPrefix(c, "caught") && !(i == 4 && f.name == "rounding") {
				t.Errorf("%s is sound and %s", f.name, c)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.name, f.what, strings.Join(cells, " | "))
	}
	b.WriteString(caughtFoot)
	if *update {
		if err := os.WriteFile("CAUGHT.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile("CAUGHT.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != b.String() {
		t.Errorf("CAUGHT.md is stale (go test ./bench/gate -run TestCaught -update):\n%s", b.String())
	}
}

const caughtHead = `# Which gate catches what
Engines that were broken on purpose, run for real on the built-in model and held against the sound engine by ` + "`longtake gate`" + ` with its default thresholds
(hashes: require). Quality: LVSA at 105 frames (27 latent frames for a horizon of 21), 8 steps, 5 scenes x 2 seeds, one video a cell. Speed: 40 times 4 denoising steps
of one cell on one core, the engines taking turns. Golden tests: the tiny checkpoint end to end, and LVSA's attention against the published implementation's.

| Engine | What is wrong | Speed | Computed | Findings | Quality | Hashes | Golden tests |
|:--|:--|:--|:--|:--|:--|:--|:--|
`

const caughtFoot = `
Numbers are changes against the sound engine: shares of it for times, else in the metric's unit; findings count the videos that have the failure.
Sees: the smallest slowdown that would have been called with 80 % power. "Cannot judge" is no all-clear: the gate exits with 3 and says which rows are too noisy.
A hash that is required tells any change, wanted or not (rounding), and says nothing of its harm. Ten short videos do not show what stale keys, or a window off by
one frame, do to quality here: only hashes and golden tests caught these.
` + "`go test ./bench/gate -run TestCaught -update`" + ` writes this page from the committed records; ` + "`-record quality`" + ` and ` + "`-record speed`" + ` make these again.
`

// TestEngines: an engine without a fault, or a slow one, gives the sound engine's
// latents, and the smallest change reaches them. What the others do to results is
// in CAUGHT.md's column of golden tests.
func TestEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("long: four generations")
	}
	b, err := all.Get("cpu", all.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	latents := func(b kernels.Backend) string {
		m, err := mini.Load(b)
		if err != nil {
			t.Skip(err)
		}
		lv := method(t, map[string]any{"name": "lvsa", "window": 3})
		res, err := diffusion.Generate(t.Context(), m, diffusion.Request{Method: lv, Frames: 89, Prompt: scenes[3], Seed: 16, Steps: 2}, func([]byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		return res.LatentsSHA256
	}
	want := latents(b)
	none := fault{name: "no fault", engine: func() *engine { return &engine{} }}
	for _, f := range append([]fault{none}, faults...) {
		if f.name != "no fault" && f.name != "slow" && f.name != "rounding" {
			continue
		}
		if same := latents(f.over(t, b, 2)) == want; same != (f.name != "rounding") {
			t.Errorf("%s: the same latents: %v", f.name, same)
		}
	}
}
