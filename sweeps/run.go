package sweeps

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"longtake/video"
)

// Options say how a plan is run.
type Options struct {
	Dir      string
	Force    bool // run finished cells again
	Wait     bool // stay until cells that other runners work on are done
	Progress Progress
	Version  string // of the program

	// before has hashes of records that do not count (a forced task of Slurm).
	before map[string]string
	task   bool // of Slurm: the visit that handed it over keeps the folder's own files
}

// Progress hears how far a run is. Work is in units of [Work]; calls come one
// at a time.
type Progress interface {
	Begin(total float64)
	Advance(done float64, now string) // work finished so far, what is going on
	Message(line string)
	End()
}

// Summary is how a run ended.
type Summary struct {
	Cells    int // in the plan
	Before   int // were done before
	Ran      int // done by this run
	Busy     int // other runners work on them
	Failures []Failure
	Results  map[string]int // of the cells made by this run and without a video: out of memory, out of time
	Times    Times
}

// Times says where a run's time went, in seconds.
type Times struct {
	Wall       float64
	Slots      int     // generations at once
	Generating float64 // summed over the slots
	Scoring    float64
	Beside     bool // scoring ran while other cells were generated
}

// Harness is what remains of the run when generations, and scoring where it ran
// between them, are taken out of its slots' time: looking, claiming, hashing,
// writing, waiting.
func (t Times) Harness() float64 {
	h := t.Wall*float64(t.Slots) - t.Generating
	if !t.Beside {
		h -= t.Scoring
	}
	return max(0, h)
}

// String says it in a line.
func (s Summary) String() string {
	text := fmt.Sprintf("%d cells: %d made now, %d were done, %d failed", s.Cells, s.Ran, s.Before, len(s.Failures))
	for _, status := range slices.Sorted(maps.Keys(s.Results)) {
		text += fmt.Sprintf(", %d %s", s.Results[status], status)
	}
	return text
}

// String says where the time went.
func (t Times) String() string {
	if t.Beside {
		return fmt.Sprintf("time: %.1f s x %d slots; generating %.1f s (%.1f %% of the slots' time), beside it scoring %.1f s; the slots idle %.1f s", t.Wall, t.Slots,
			t.Generating, 100*t.Generating/(t.Wall*float64(t.Slots)), t.Scoring, t.Harness())
	}
	return fmt.Sprintf("time: %.1f s; generating %.1f s (%.1f %%), scoring %.1f s (%.1f %%), the harness itself %.2f s (%.2f %%)", t.Wall,
		t.Generating, 100*t.Generating/t.Wall, t.Scoring, 100*t.Scoring/t.Wall, t.Harness(), 100*t.Harness()/t.Wall)
}

// Failure is a cell that could not be made or scored.
type Failure struct {
	ID, Title string
	Err       error
}

// FailedError says that part of a run failed.
type FailedError struct {
	Cells    int
	Failures []Failure
}

func (e *FailedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "sweeps: %d of %d cells failed; the same command tries them again", len(e.Failures), e.Cells)
	for i, f := range e.Failures {
		if i == 5 {
			fmt.Fprintf(&b, "\n  and %d more: see their record.json", len(e.Failures)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s (%s): %v", f.ID, f.Title, f.Err)
	}
	return b.String()
}

// Run makes and scores every cell that is not done. What is finished is kept
// whatever happens: on a cancelled context, a full disk ([*DiskError]) or
// failing cells ([*FailedError]; their failure is recorded, the others go on)
// the same call goes on where it stopped.
func Run(ctx context.Context, p *Plan, o Options) (Summary, error) {
	onSlurm := p.Spec.Executor.Slurm != nil
	if !onSlurm { // there the nodes need it
		if err := needFFmpeg(); err != nil {
			return Summary{}, err
		}
	}
	if o.Progress == nil {
		o.Progress = silent{}
	}
	store, err := OpenStore(o.Dir)
	if err != nil {
		return Summary{}, err
	}
	start := time.Now()
	r := newRunner(p, o, store)
	if !o.task {
		if err := r.keepSpec(); err != nil {
			return r.sum, err
		}
	}
	if onSlurm {
		err = r.onSlurm(ctx)
	} else {
		err = r.all(ctx)
	}
	o.Progress.End()
	var rerr error
	if !o.task {
		var warnings []string
		_, warnings, rerr = store.Rebuild()
		for _, w := range warnings {
			o.Progress.Message(w)
		}
	}
	r.sum.Times.Wall = time.Since(start).Seconds()
	switch {
	case ctx.Err() != nil:
		return r.sum, fmt.Errorf("sweeps: stopped with %d of %d cells done; the same command goes on from here: %w", r.sum.Before+r.sum.Ran, r.sum.Cells, ctx.Err())
	case err != nil:
		return r.sum, err
	case rerr != nil:
		return r.sum, rerr
	case len(r.sum.Failures) > 0:
		return r.sum, &FailedError{r.sum.Cells, r.sum.Failures}
	}
	return r.sum, nil
}

func needFFmpeg() error {
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("sweeps: %s not found: %w", name, video.ErrFFmpegMissing)
		}
	}
	return nil
}

// keepSpec copies the spec into the folder, under the folder's lock: another
// runner's Clean must not take the half-written copy for a leftover.
func (r *runner) keepSpec() error {
	src, err := os.ReadFile(r.p.Spec.File)
	if err != nil {
		return nil // parsed from memory: there is no file to keep
	}
	unlock, err := r.store.lock()
	if err != nil {
		return err
	}
	defer unlock()
	old, err := os.ReadFile(r.store.path(SpecFile))
	if err == nil && string(old) == string(src) {
		return nil
	}
	if err == nil {
		r.message(fmt.Sprintf("%s held another spec: its cells stay and are reported too", r.o.Dir))
	}
	return r.store.Write(SpecFile, src)
}

// silent hears nothing.
type silent struct{}

func (silent) Begin(float64)           {}
func (silent) Advance(float64, string) {}
func (silent) Message(string)          {}
func (silent) End()                    {}
