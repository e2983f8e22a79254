package sweeps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"longtake/bench"
	"longtake/diffusion"
	"longtake/kernels/all"
	"longtake/video"
)

// Options say how a plan is run.
type Options struct {
	Dir      string
	Force    bool // run finished cells again
	Wait     bool // stay until cells that other runners work on are done
	Progress Progress
	Version  string // of the program
}

// Progress hears how far a run is. Work is in units of [Work]; calls come from
// one goroutine.
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

// runner is one run.
type runner struct {
	p     *Plan
	o     Options
	store *Store
	sum   Summary
	done  float64 // work
	tried map[string]bool
}

// Run makes and scores every cell that is not done. What is finished is kept
// whatever happens: on a cancelled context, a full disk ([*DiskError]) or
// failing cells ([*FailedError]; their failure is recorded, the others go on)
// the same call goes on where it stopped.
func Run(ctx context.Context, p *Plan, o Options) (Summary, error) {
	if err := needFFmpeg(); err != nil {
		return Summary{}, err
	}
	if o.Progress == nil {
		o.Progress = silent{}
	}
	store, err := OpenStore(o.Dir)
	if err != nil {
		return Summary{}, err
	}
	r := &runner{p: p, o: o, store: store, sum: Summary{Cells: len(p.Cells)}, tried: map[string]bool{}}
	if err := r.keepSpec(); err != nil {
		return r.sum, err
	}
	err = r.all(ctx)
	o.Progress.End()
	_, warnings, rerr := store.Rebuild()
	for _, w := range warnings {
		o.Progress.Message(w)
	}
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
	unlock, _, err := lock(r.store.path(lockFile), true)
	if err != nil {
		return storeError("lock", r.store.Dir, err)
	}
	defer unlock()
	old, err := os.ReadFile(r.store.path(SpecFile))
	if err == nil && string(old) == string(src) {
		return nil
	}
	if err == nil {
		r.o.Progress.Message(fmt.Sprintf("%s held another spec: its cells stay and are reported too", r.o.Dir))
	}
	return r.store.Write(SpecFile, src)
}

// all works off the plan; units of cells that others hold come again with Wait.
func (r *runner) all(ctx context.Context) error {
	units := r.units()
	var total float64
	for _, u := range units {
		for _, c := range u {
			if !r.isDone(c) {
				total += r.work(c)
			}
		}
	}
	r.o.Progress.Begin(total)
	for {
		var busy [][]*Cell
		waiting := 0
		for _, u := range units {
			left, err := r.unit(ctx, u)
			if err != nil {
				return err
			}
			if len(left) > 0 {
				busy = append(busy, left)
				waiting += len(left)
			}
		}
		r.sum.Busy = waiting
		if waiting == 0 || !r.o.Wait {
			return nil
		}
		r.o.Progress.Advance(r.done, fmt.Sprintf("waiting for %d cells of other runners", waiting))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Second):
		}
		units = busy
	}
}

// work is what a cell adds to the progress: every repeat counts.
func (r *runner) work(c *Cell) float64 { return c.Work.total() * float64(r.p.Spec.repeats()) }

func (s *Spec) repeats() int { return max(1, s.Repeats) }

// units are the cells that must not be torn apart: with repeats, the methods
// of one prompt, length and seed, whose timings are interleaved.
func (r *runner) units() [][]*Cell {
	var list [][]*Cell
	for i := range r.p.Cells {
		c := &r.p.Cells[i]
		if n := len(list); n > 0 && r.p.Spec.repeats() > 1 && c.method != nil {
			if o := list[n-1][0]; o.Prompt == c.Prompt && o.Frames == c.Frames && o.Seed == c.Seed {
				list[n-1] = append(list[n-1], c)
				continue
			}
		}
		list = append(list, []*Cell{c})
	}
	return list
}

// isDone tells whether a cell needs nothing of this run.
func (r *runner) isDone(c *Cell) bool {
	if r.o.Force && !r.tried[c.ID] {
		return false
	}
	rec, ok, _ := r.store.Done(c.ID)
	return ok && r.enough(rec)
}

// enough tells whether a record has as many timed repeats as are wanted.
func (r *runner) enough(rec bench.Record) bool {
	n := r.p.Spec.repeats()
	return n == 1 || len(rec.Samples[bench.WallSeconds]) >= n || rec.Status != bench.StatusOK
}

// unit runs the cells of a unit that are not done and returns those that other
// runners hold.
func (r *runner) unit(ctx context.Context, cells []*Cell) (busy []*Cell, err error) {
	if r.p.model != nil && r.p.backend.Name() == "cpu" {
		// One generation at a time on a machine: timed cells have all its cores.
		unlock, err := r.machine(ctx)
		if err != nil {
			return nil, err
		}
		defer unlock()
	}
	var mine []*job
	defer func() {
		for _, j := range mine {
			j.unlock()
		}
	}()
	for _, c := range cells {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if r.failed(c) {
			continue
		}
		unlock, ok, err := r.store.LockCell(c.ID)
		if err != nil {
			return nil, err
		}
		if !ok {
			busy = append(busy, c)
			continue
		}
		j, err := r.take(ctx, c)
		if j == nil || err != nil {
			unlock()
			if err != nil {
				return nil, err
			}
			continue
		}
		j.unlock = unlock
		mine = append(mine, j)
	}
	for round := range r.p.Spec.repeats() {
		for _, j := range mine {
			if j.rec.Status != bench.StatusOK || round > 0 && j.c.method == nil {
				continue
			}
			before := r.done
			err := r.round(ctx, j, round)
			if err := r.settle(ctx, j, err); err != nil {
				return nil, err
			}
			r.done = before + j.c.Work.total()
			r.o.Progress.Advance(r.done, j.c.Title())
		}
	}
	for _, j := range mine {
		if j.rec.Status != bench.StatusOK {
			continue
		}
		err := r.finish(j)
		if err := r.settle(ctx, j, err); err != nil {
			return nil, err
		}
		if j.rec.Status == bench.StatusOK {
			r.sum.Ran++
		}
	}
	return busy, nil
}

func (r *runner) failed(c *Cell) bool {
	return slices.ContainsFunc(r.sum.Failures, func(f Failure) bool { return f.ID == c.ID })
}

// machine waits for its turn on this machine among the runners of the folder.
func (r *runner) machine(ctx context.Context) (unlock func(), err error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	name := filepath.Join(r.store.Dir, ".machine-"+strings.Map(hostRune, host)+".lock")
	for {
		unlock, ok, err := lock(name, false)
		if err != nil {
			return nil, storeError("lock", name, err)
		}
		if ok {
			return unlock, nil
		}
		r.o.Progress.Advance(r.done, "another runner has this machine")
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func hostRune(c rune) rune {
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' {
		return c
	}
	return '_'
}

// job is a cell that this runner holds.
type job struct {
	c      *Cell
	rec    bench.Record
	unlock func()
}

// take looks at a cell under its lock: nil when there is nothing to do, else a
// job with an empty record. A finished cell that was scored in another way is
// scored again here.
func (r *runner) take(ctx context.Context, c *Cell) (*job, error) {
	if err := r.store.Clean(cellPath(c.ID, "")); err != nil {
		return nil, err
	}
	force := r.o.Force && !r.tried[c.ID]
	r.tried[c.ID] = true
	old, ok, why := r.store.Done(c.ID)
	if ok && !force && r.enough(old) {
		if old.Status == bench.StatusOK && (expectsMotion(old) != r.p.Spec.ExpectMotion || old.Scorer != scorer) {
			if err := rescore(ctx, r.store, &old, r.p.Spec.ExpectMotion); err != nil {
				return nil, err
			}
		}
		r.sum.Before++
		return nil, nil
	}
	if why != "" && !force && old.Status != bench.StatusFailed {
		r.o.Progress.Message(fmt.Sprintf("%s (%s) is made again: %s", c.ID, c.Title(), why))
	}
	rec, err := bench.New(c.Cell)
	if err != nil {
		return nil, err
	}
	rec.Engine, rec.Host = r.o.Version, bench.HostInfo()
	if c.method != nil {
		rec.Variant = all.Variant(r.p.backend)
		if b, ok := r.p.backend.(interface{ Workers() int }); ok {
			rec.Host.Workers = b.Workers()
		}
	}
	rec.Samples, rec.Files = map[string][]float64{}, map[string]bench.File{}
	canonical, err := c.Cell.Canonical()
	if err != nil {
		return nil, err
	}
	return &job{c: c, rec: rec}, r.store.Write(cellPath(c.ID, CellFile), canonical)
}

// settle decides what an error of a cell means: nil goes on (a failure of the
// cell is recorded), else the run ends.
func (r *runner) settle(ctx context.Context, j *job, err error) error {
	if err == nil {
		return nil
	}
	// Ctrl-C on a terminal reaches ffmpeg as well, and its end may be seen first.
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
	var disk *DiskError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &disk), errors.Is(err, video.ErrFFmpegMissing):
		return err
	}
	j.rec.Status, j.rec.Error = bench.StatusFailed, err.Error()
	r.sum.Failures = append(r.sum.Failures, Failure{j.c.ID, j.c.Title(), err})
	r.o.Progress.Message(fmt.Sprintf("%s (%s) failed: %v", j.c.ID, j.c.Title(), err))
	j.rec.Files = nil // nothing of a failed cell is vouched for
	return r.store.WriteJSON(cellPath(j.c.ID, RecordFile), j.rec)
}

// round makes a cell once. The first round keeps and scores the video, the
// others only time it.
func (r *runner) round(ctx context.Context, j *job, round int) error {
	switch {
	case j.c.invalid != nil:
		return j.c.invalid
	case j.c.Source != "":
		return r.existing(ctx, j)
	case j.c.scene != "":
		return r.render(ctx, j)
	}
	res, err := r.generate(ctx, j, round)
	if err != nil {
		return err
	}
	if round > 0 {
		if res.LatentsSHA256 != j.rec.LatentsSHA256 {
			return fmt.Errorf("sweeps: repeat %d gave other latents (%s, first %s): the kernels are not reproducible here", round+1, res.LatentsSHA256, j.rec.LatentsSHA256)
		}
		return nil
	}
	j.rec.Engaged = &res.Engaged
	j.rec.LatentsSHA256, j.rec.FramesSHA256 = res.LatentsSHA256, res.FramesSHA256
	j.rec.Metrics[bench.AttendedFraction] = res.AttendedFraction
	if err := r.store.WriteJSON(cellPath(j.c.ID, TraceFile), res.Trace); err != nil {
		return err
	}
	for name, file := range map[string]string{"video": VideoFile, "trace": TraceFile} {
		if j.rec.Files[name], err = r.store.file(cellPath(j.c.ID, file)); err != nil {
			return err
		}
	}
	r.o.Progress.Advance(r.done+j.c.Work.total(), "scoring "+j.c.Title())
	return score(ctx, r.store, &j.rec, r.p.Spec.ExpectMotion)
}

// generate runs the model and encodes the frames as they come. Only the first
// round leaves a file.
func (r *runner) generate(ctx context.Context, j *job, round int) (res diffusion.Result, err error) {
	c, info := j.c, r.p.model.Info()
	debug.FreeOSMemory() // the peak below is this cell's own
	unpeaked := resetPeak()
	start := time.Now()
	enc, err := video.Create(ctx, r.store.path(cellPath(c.ID, VideoFile)), video.EncodeOptions{Width: c.Width, Height: c.Height, FPS: float64(info.FPS), Threads: 1})
	if err != nil {
		return res, storeError("write", r.store.path(cellPath(c.ID, VideoFile)), err)
	}
	defer enc.Abort()
	res, err = diffusion.Generate(ctx, r.p.model, diffusion.Request{
		Method: c.method, Frames: c.Frames, Width: c.Width, Height: c.Height, Prompt: c.prompt.Text, Embeds: r.p.embeds[c.prompt.Embeds],
		Seed: uint64(c.Seed), Steps: c.Steps, Guidance: c.Guidance, Sampler: diffusion.Sampler{Name: c.Sampler.Name, Shift: c.Sampler.Shift},
		Progress: func(p diffusion.Progress) {
			r.o.Progress.Advance(r.done+c.Work.Share(p)*c.Work.total(), c.Title())
		},
	}, enc.WriteFrame)
	wall := time.Since(start).Seconds()
	if err != nil {
		return res, storeErrorIfDisk(r.store.path(cellPath(c.ID, VideoFile)), err)
	}
	if round == 0 {
		if err := enc.Close(); err != nil {
			return res, storeErrorIfDisk(r.store.path(cellPath(c.ID, VideoFile)), err)
		}
	}
	for name, v := range map[string]float64{
		bench.WallSeconds: wall, bench.DenoiseSeconds: res.DenoiseSeconds, bench.DecodeSeconds: res.DecodeSeconds, bench.AttentionSeconds: res.AttentionSeconds,
	} {
		j.rec.Samples[name] = append(j.rec.Samples[name], v)
	}
	switch peak, err := peakRSS(); {
	case unpeaked != nil:
		j.warn("no peak_rss_bytes: the process's peak could not be reset: " + unpeaked.Error())
	case err != nil:
		j.warn("no peak_rss_bytes: " + err.Error())
	default:
		j.rec.Samples[bench.PeakRSSBytes] = append(j.rec.Samples[bench.PeakRSSBytes], peak)
	}
	return res, nil
}

// storeErrorIfDisk turns a disk's refusal into a DiskError and leaves other
// errors alone.
func storeErrorIfDisk(name string, err error) error {
	var disk *DiskError
	if e := storeError("write", name, err); errors.As(e, &disk) {
		return e
	}
	return err
}

func (j *job) warn(text string) {
	if !slices.Contains(j.rec.Warnings, text) {
		j.rec.Warnings = append(j.rec.Warnings, text)
	}
}

// existing scores a video that was there before.
func (r *runner) existing(ctx context.Context, j *job) error {
	rel, err := r.store.relative(j.c.Source)
	if err != nil {
		return err
	}
	if j.rec.FramesSHA256, err = video.FramesSHA256(ctx, j.c.Source); err != nil {
		return err
	}
	j.rec.Files["video"] = bench.File{Path: rel, SHA256: j.c.SourceSHA256}
	r.o.Progress.Advance(r.done, "scoring "+j.c.Title())
	return score(ctx, r.store, &j.rec, r.p.Spec.ExpectMotion)
}

// relative names a file that lies elsewhere from the store's folder.
func (s *Store) relative(name string) (string, error) {
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return "", fmt.Errorf("sweeps: %w", err)
	}
	if name, err = filepath.Abs(name); err != nil {
		return "", fmt.Errorf("sweeps: %w", err)
	}
	if rel, err := filepath.Rel(dir, name); err == nil {
		name = rel
	}
	return filepath.ToSlash(name), nil
}

// finish takes the means of the repeats and puts the record in its place: with
// that the cell is done.
func (r *runner) finish(j *job) error {
	for name, v := range j.rec.Samples {
		var sum float64
		for _, x := range v {
			sum += x
		}
		j.rec.Metrics[name] = sum / float64(len(v))
	}
	return r.store.WriteJSON(cellPath(j.c.ID, RecordFile), j.rec)
}

// silent hears nothing.
type silent struct{}

func (silent) Begin(float64)           {}
func (silent) Advance(float64, string) {}
func (silent) Message(string)          {}
func (silent) End()                    {}
