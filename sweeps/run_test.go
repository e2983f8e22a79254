package sweeps

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"longtake/bench"
	"longtake/diffusion"
	"longtake/internal/tiny"
	"longtake/kernels"
	"longtake/kernels/all"
)

// The test binary is also the runner that gets killed.
const (
	envSpec = "LONGTAKE_TEST_SPEC"
	envOut  = "LONGTAKE_TEST_OUT"
)

func TestMain(m *testing.M) {
	if spec := os.Getenv(envSpec); spec != "" {
		if err := sweepFile(spec, os.Getenv(envOut)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func env(workers int) Env {
	return Env{Kernels: all.Options{Workers: workers}, Open: func(name string, b kernels.Backend) (*diffusion.Model, error) { return diffusion.LoadDir(name, b) }}
}

func sweepFile(spec, out string) error {
	p, err := planOf(spec)
	if err != nil {
		return err
	}
	_, err = Run(context.Background(), p, Options{Dir: out})
	return err
}

func planOf(spec string) (*Plan, error) {
	s, err := ReadSpec(spec)
	if err != nil {
		return nil, err
	}
	return NewPlan(context.Background(), s, env(2))
}

const tinyGrid = `name: tiny
model: tiny
methods: [dense, {name: lvsa, window: 1, reference: 2}]
horizons: [1x, 2x]
prompts: [fish]
seeds: [1]
steps: 2
`

// grid writes the checkpoint and a spec beside it.
func grid(t *testing.T, spec string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	dir := t.TempDir()
	if err := tiny.Write(filepath.Join(dir, "tiny")); err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(dir, "grid.yaml"), spec)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func plan(t *testing.T, spec string) *Plan {
	t.Helper()
	p, err := planOf(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hashes are what must not depend on interruptions.
func hashes(t *testing.T, dir string) string {
	t.Helper()
	list, _, err := bench.ReadFile(filepath.Join(dir, RecordsFile))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range list {
		fmt.Fprintln(&b, r.CellID, r.Status, r.LatentsSHA256, r.FramesSHA256, r.Files["video"].SHA256)
	}
	return b.String()
}

func TestPlan(t *testing.T) {
	p := plan(t, grid(t, tinyGrid))
	var got []string
	for _, c := range p.Cells {
		got = append(got, fmt.Sprintf("%s/%d", c.Cell.Method.Title(), c.Frames))
	}
	if len(got) != 4 || got[0] != "dense/9" || !strings.HasPrefix(got[1], "lvsa") || got[2] != "dense/21" {
		t.Errorf("order %v", got)
	}
	ids := map[string]bool{}
	for _, c := range p.Cells {
		ids[c.ID] = true
		if c.Work.FLOP <= 0 || c.Work.Attended <= 0 || c.Work.Attended > 1 {
			t.Errorf("%s: work %+v", c.Title(), c.Work)
		}
	}
	if len(ids) != 4 {
		t.Errorf("%d different ids of 4", len(ids))
	}
	if dense, sparse := p.Cells[2].Work, p.Cells[3].Work; dense.Attended != 1 || sparse.Attended >= 1 || sparse.FLOP >= dense.FLOP {
		t.Errorf("dense %+v, lvsa %+v: sparse attention must cost less", dense, sparse)
	}
	if c := p.Cells[2]; c.LatentFrames != 6 || c.Ratio != 2 || c.Horizon() != "2x" {
		t.Errorf("2x is %d latent frames, ratio %g, %s", c.LatentFrames, c.Ratio, c.Horizon())
	}
	again := plan(t, p.Spec.File)
	for i := range p.Cells {
		if again.Cells[i].ID != p.Cells[i].ID {
			t.Errorf("cell %d has another id when planned again", i)
		}
	}
}

func TestPlanErrors(t *testing.T) {
	spec := grid(t, tinyGrid)
	for _, tc := range []struct{ name, old, new, want string }{
		{"off the grid", "horizons: [1x, 2x]", "frames: [9, 10]", "grid.yaml:4:13: frames[1]: 10 frames: use 9 or 13"},
		{"twice the same length", "[1x, 2x]", "[1x, 1.1x]", "horizons[1] (1.1x) and horizons[0] (1x) are both 9 frames"},
		{"unknown scene", "[fish]", "[{tag: dog, prompt: a dog}]", `prompt "dog": prompt "a dog" names no scene of this model; it can show: fish`},
		{"embeds missing", "[fish]", "[{tag: dog, prompt: a dog, embeds: none.safetensors}]", `prompt "dog": embeds:`},
		{"size", "steps: 2", "size: 30x32", "size 30x32"},
		{"backend", "steps: 2", "backend: cuda", `backend "cuda"`},
		{"model", "model: tiny", "model: none", "none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			name := write(t, spec, strings.Replace(tinyGrid, tc.old, tc.new, 1))
			if _, err := planOf(name); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestRunAndResume(t *testing.T) {
	t.Parallel()
	spec := grid(t, tinyGrid)
	whole := filepath.Join(t.TempDir(), "whole")
	p := plan(t, spec)
	sum, err := Run(t.Context(), p, Options{Dir: whole, Version: "test 1"})
	if err != nil || sum.Ran != 4 || sum.Before != 0 {
		t.Fatalf("%+v, %v", sum, err)
	}
	want := hashes(t, whole)
	list, _, err := bench.ReadFile(filepath.Join(whole, RecordsFile))
	if err != nil || len(list) != 4 {
		t.Fatal(len(list), err)
	}
	for _, r := range list {
		c, err := r.DecodeCell()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []string{bench.WallSeconds, bench.DenoiseSeconds, bench.DecodeSeconds, bench.AttentionSeconds, bench.ScoreSeconds, bench.AttendedFraction, bench.MotionPlateau} {
			if _, ok := r.Metric(m); !ok {
				t.Errorf("%s has no %s", r.CellID, m)
			}
		}
		for _, f := range []string{"video", "trace", "vqeval", "curves"} {
			if r.Files[f].SHA256 == "" {
				t.Errorf("%s has no file %s", r.CellID, f)
			}
		}
		if r.Engine != "test 1" || r.Variant == "" || r.Engaged == nil || r.LatentsSHA256 == "" || r.FramesSHA256 == "" {
			t.Errorf("%s: engine %q, variant %q, engaged %v", r.CellID, r.Engine, r.Variant, r.Engaged)
		}
		if _, ok := r.Metric(bench.FreezeSeverity); ok != (c.Frames == 21) {
			t.Errorf("%d frames: freeze assessed: %v", c.Frames, ok)
		}
		if c.Method.Name == "dense" && *r.Engaged {
			t.Errorf("dense is engaged")
		}
	}
	if sum, err := Run(t.Context(), p, Options{Dir: whole}); err != nil || sum.Before != 4 || sum.Ran != 0 {
		t.Errorf("again: %+v, %v: nothing was to do", sum, err)
	}

	t.Run("cancelled", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "cut")
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Run(ctx, p, Options{Dir: dir, Progress: &stopper{cancel: cancel, after: 7}})
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the same command goes on") {
			t.Fatalf("got %v", err)
		}
		sum, err := Run(t.Context(), p, Options{Dir: dir})
		if err != nil || sum.Ran == 0 || sum.Before+sum.Ran != 4 {
			t.Errorf("%+v, %v", sum, err)
		}
		if got := hashes(t, dir); got != want {
			t.Errorf("after a cancellation:\n%swant\n%s", got, want)
		}
	})

	t.Run("one worker", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "one")
		one, err := NewPlan(t.Context(), p.Spec, env(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), one, Options{Dir: dir}); err != nil {
			t.Fatal(err)
		}
		if got := hashes(t, dir); got != want {
			t.Errorf("with one worker:\n%swant\n%s", got, want)
		}
	})

	t.Run("damaged", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(whole, CellsFolder, p.Cells[2].ID, VideoFile), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		sum, err := Run(t.Context(), p, Options{Dir: whole})
		if err != nil || sum.Ran != 1 || sum.Before != 3 {
			t.Errorf("%+v, %v", sum, err)
		}
		if got := hashes(t, whole); got != want {
			t.Errorf("after damage:\n%swant\n%s", got, want)
		}
	})

	t.Run("rescore", func(t *testing.T) {
		sum, err := Rescore(t.Context(), whole, nil)
		if err != nil || sum.Ran != 4 {
			t.Fatalf("%+v, %v", sum, err)
		}
		if got := hashes(t, whole); got != want {
			t.Errorf("scoring again changed a video:\n%swant\n%s", got, want)
		}
		p := *p
		s := *p.Spec
		s.ExpectMotion, p.Spec = true, &s
		if sum, err := Run(t.Context(), &p, Options{Dir: whole}); err != nil || sum.Before != 4 {
			t.Errorf("%+v, %v", sum, err)
		}
		rec, ok, why := (&Store{Dir: whole}).Done(p.Cells[0].ID)
		if !ok || !expectsMotion(rec) {
			t.Errorf("scored again with motion expected: %v %s", rec.Metrics, why)
		}
	})

	t.Run("force", func(t *testing.T) {
		if sum, err := Run(t.Context(), p, Options{Dir: whole, Force: true}); err != nil || sum.Ran != 4 {
			t.Errorf("%+v, %v", sum, err)
		}
		if got := hashes(t, whole); got != want {
			t.Errorf("made again:\n%swant\n%s", got, want)
		}
	})
}

// stopper cancels after some calls.
type stopper struct {
	silent
	cancel context.CancelFunc
	after  int
}

func (s *stopper) Advance(float64, string) {
	if s.after--; s.after == 0 {
		s.cancel()
	}
}

// TestKilled kills runners at random moments and lets another finish.
func TestKilled(t *testing.T) {
	t.Parallel()
	spec := grid(t, tinyGrid)
	whole, cut := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
	begun := time.Now()
	if out, err := runner2(spec, whole).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	took := time.Since(begun)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for killed, rounds := 0, 0; killed < 4; rounds++ {
		if rounds == 16 {
			t.Fatalf("only %d runners were killed before their end", killed)
		}
		cmd := runner2(spec, cut)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration((0.05 + 0.35*r.Float64()) * float64(took)))
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		if cmd.Wait() != nil {
			killed++
			continue
		}
		// The machine became faster: the folder is whole, and nothing is left to kill.
		took /= 2
		if err := os.RemoveAll(cut); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := runner2(spec, cut).CombinedOutput(); err != nil {
		t.Fatalf("the last runner: %v: %s", err, out)
	}
	if got, want := hashes(t, cut), hashes(t, whole); got != want {
		t.Errorf("after kills:\n%swant\n%s", got, want)
	}
	err := filepath.WalkDir(cut, func(name string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".tmp") {
			t.Errorf("left over: %s", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func runner2(spec, out string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envSpec+"="+spec, envOut+"="+out)
	return cmd
}

// TestTwoRunners: both end well and every cell is made once.
func TestTwoRunners(t *testing.T) {
	t.Parallel()
	spec := grid(t, strings.Replace(tinyGrid, "horizons: [1x, 2x]", "horizons: [1x]", 1))
	dir := filepath.Join(t.TempDir(), "out")
	type end struct {
		sum Summary
		err error
	}
	ends := make(chan end, 2)
	for range 2 {
		p := plan(t, spec)
		go func() {
			sum, err := Run(t.Context(), p, Options{Dir: dir, Wait: true})
			ends <- end{sum, err}
		}()
	}
	ran := 0
	for range 2 {
		e := <-ends
		if e.err != nil || e.sum.Before+e.sum.Ran != 2 {
			t.Errorf("%+v, %v", e.sum, e.err)
		}
		ran += e.sum.Ran
	}
	if ran != 2 {
		t.Errorf("%d cells were made, want 2", ran)
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	spec := grid(t, strings.Replace(tinyGrid, "horizons: [1x, 2x]", "horizons: [1x]\nrepeats: 3", 1))
	dir := filepath.Join(t.TempDir(), "out")
	p := plan(t, spec)
	order := &listener{}
	if sum, err := Run(t.Context(), p, Options{Dir: dir, Progress: order}); err != nil || sum.Ran != 2 {
		t.Fatalf("%+v, %v", sum, err)
	}
	for _, c := range p.Cells {
		rec, ok, why := (&Store{Dir: dir}).Done(c.ID)
		if !ok || len(rec.Samples[bench.WallSeconds]) != 3 || len(rec.Samples[bench.ScoreSeconds]) != 1 {
			t.Errorf("%s: samples %v %s", c.Title(), rec.Samples, why)
		}
	}
	seen := slices.Compact(order.titles)
	if len(seen) < 6 || seen[0] != seen[2] {
		t.Errorf("methods are not interleaved: %v", seen)
	}
	// One repeat more than there are: the cells are made again.
	p.Spec.Repeats = 4
	if sum, err := Run(t.Context(), p, Options{Dir: dir}); err != nil || sum.Ran != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
	p.Spec.Repeats = 1
	if sum, err := Run(t.Context(), p, Options{Dir: dir}); err != nil || sum.Before != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
}

type listener struct {
	silent
	titles []string
}

func (l *listener) Advance(_ float64, now string) {
	if !strings.HasPrefix(now, "scoring") {
		l.titles = append(l.titles, now)
	}
}

// TestFailingCell: one cell fails, the others are made, the failure is on
// record, and the next run tries it again.
func TestFailingCell(t *testing.T) {
	t.Parallel()
	spec := grid(t, strings.Replace(tinyGrid, "horizons: [1x, 2x]", "horizons: [1x]", 1))
	dir := filepath.Join(t.TempDir(), "out")
	p := plan(t, spec)
	p.Cells[1].invalid = errors.New("boom")
	sum, err := Run(t.Context(), p, Options{Dir: dir})
	var failed *FailedError
	if !errors.As(err, &failed) || len(failed.Failures) != 1 || sum.Ran != 1 || !strings.Contains(err.Error(), "boom") || !strings.Contains(err.Error(), p.Cells[1].ID) {
		t.Fatalf("%+v, %v", sum, err)
	}
	list, _, err := bench.ReadFile(filepath.Join(dir, RecordsFile))
	if err != nil || len(list) != 2 {
		t.Fatal(len(list), err)
	}
	for _, r := range list {
		if (r.CellID == p.Cells[1].ID) != (r.Status == bench.StatusFailed && r.Error == "boom") {
			t.Errorf("%s: status %s %q", r.CellID, r.Status, r.Error)
		}
	}
	p.Cells[1].invalid = nil
	if sum, err := Run(t.Context(), p, Options{Dir: dir}); err != nil || sum.Ran != 1 || sum.Before != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// TestFiles scores the videos of another sweep by their names.
func TestFiles(t *testing.T) {
	t.Parallel()
	spec := grid(t, strings.Replace(tinyGrid, "horizons: [1x, 2x]", "horizons: [1x]", 1))
	made := filepath.Join(t.TempDir(), "made")
	p := plan(t, spec)
	if _, err := Run(t.Context(), p, Options{Dir: made}); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(spec)
	videos := filepath.Join(dir, "videos")
	if err := os.Mkdir(videos, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"wan__dense__1x__fish.mp4", "wan__pi__1x__fish__016.mp4", "other.mp4"} {
		src, err := os.ReadFile(filepath.Join(made, CellsFolder, p.Cells[min(i, 1)].ID, VideoFile))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(videos, name), string(src))
	}
	write(t, filepath.Join(videos, "wan__lvsa__1x__fish.mp4"), "no video")
	const files = "generator: {files: \"videos/{model}__{method}__{horizon}__{prompt}[__{seed}].mp4\"}\nmodel: {name: wan, training_latent_frames: 3, temporal_stride: 4}\n"
	q := plan(t, write(t, filepath.Join(dir, "files.yaml"), files))
	if len(q.Cells) != 3 || len(q.Warnings) != 1 || !strings.Contains(q.Warnings[0], "other.mp4") {
		t.Fatalf("%d cells, warnings %v", len(q.Cells), q.Warnings)
	}
	out := filepath.Join(t.TempDir(), "scored")
	sum, err := Run(t.Context(), q, Options{Dir: out})
	var failed *FailedError
	if !errors.As(err, &failed) || len(failed.Failures) != 1 || !strings.Contains(err.Error(), "wan__lvsa__1x__fish.mp4") || sum.Ran != 2 {
		t.Fatalf("%+v, %v", sum, err)
	}
	for _, c := range q.Cells {
		rec, ok, _ := (&Store{Dir: out}).Done(c.ID)
		if c.Cell.Method.Name == "lvsa" {
			continue
		}
		if !ok || c.Frames != 9 || c.LatentFrames != 3 || c.Ratio != 1 || c.Model.Name != "wan" || rec.FramesSHA256 == "" || rec.Engaged != nil {
			t.Errorf("%s: %+v, record %+v", c.Title(), c.Cell, rec)
		}
		if _, ok := rec.Metric(bench.WallSeconds); ok {
			t.Error("a video that was there has no generation time")
		}
		if c.Cell.Method.Name == "pi" && c.Seed != 16 {
			t.Errorf("seed %d, want 16", c.Seed)
		}
	}
	if sum, err := Run(t.Context(), q, Options{Dir: out}); !errors.As(err, &failed) || sum.Before != 2 {
		t.Errorf("again: %+v, %v", sum, err)
	}
	if q := plan(t, write(t, filepath.Join(dir, "files.yaml"), files+"methods: [dense]\n")); len(q.Cells) != 1 || len(q.Warnings) != 2 {
		t.Errorf("a list of methods: %d cells, %v", len(q.Cells), q.Warnings)
	}
}
