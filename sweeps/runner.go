package sweeps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"longtake/bench"
	"longtake/internal/filesum"
	"longtake/kernels/all"
	"longtake/video"
)

// runner is one run. Its workers share it: what changes is behind mu.
type runner struct {
	p       *Plan
	o       Options
	store   *Store
	scorers chan struct{} // as many as may score at once

	mu     sync.Mutex
	sum    Summary
	done   float64 // work
	tried  map[string]bool
	failed map[string]bool
}

func newRunner(p *Plan, o Options, store *Store) *runner {
	return &runner{p: p, o: o, store: store, scorers: make(chan struct{}, max(2, runtime.GOMAXPROCS(0)/2)),
		sum: Summary{Cells: len(p.Cells), Results: map[string]int{}}, tried: map[string]bool{}, failed: map[string]bool{}}
}

// message and advance tell the progress.
func (r *runner) message(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.o.Progress.Message(text)
}

// advance adds part of a cell's work for the moment.
func (r *runner) advance(part float64, now string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.o.Progress.Advance(r.done+part, now)
}

// finished adds work for good.
func (r *runner) finished(work float64, now string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += work
	r.o.Progress.Advance(r.done, now)
}

// account changes the summary.
func (r *runner) account(f func(*Summary)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.sum)
}

// all works off the plan. Cells that others hold come again with Wait, and once
// without it where their runner seems dead.
func (r *runner) all(ctx context.Context) error {
	if err := r.p.ready(); err != nil {
		return err
	}
	pools, err := r.p.pools(ctx)
	if err != nil {
		return err
	}
	for _, p := range pools {
		r.sum.Times.Slots += len(p.slots)
		r.sum.Times.Beside = r.sum.Times.Beside || !p.alone && r.p.Spec.repeats() == 1
	}
	units := r.units()
	var total float64
	for _, u := range units {
		for _, c := range u {
			total += r.work(c)
		}
	}
	r.o.Progress.Begin(total)
	for {
		left, stale, err := r.pass(ctx, pools, units)
		if err != nil {
			return err
		}
		waiting := 0
		for _, u := range left {
			waiting += len(u)
		}
		r.account(func(s *Summary) { s.Busy = waiting })
		if waiting == 0 || !r.o.Wait && !stale {
			return nil
		}
		now := fmt.Sprintf("waiting for %d cells of other runners", waiting)
		if stale {
			now = fmt.Sprintf("%d cells are claimed by runners of which nothing was heard: they are taken over in %s at most", waiting, claimTTL)
		}
		r.finished(0, now)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(2*time.Second, claimTTL/4)):
		}
		units = left
	}
}

// pass runs units once and returns those that others hold. stale tells that one
// of these seems to be dead.
func (r *runner) pass(ctx context.Context, pools map[string]*pool, units [][]*Cell) (busy [][]*Cell, stale bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queues := map[string][][]*Cell{}
	for _, u := range units {
		key := u[0].gen.pool(u[0])
		queues[key] = append(queues[key], u)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for key, list := range queues {
		p := pools[key]
		next := make(chan []*Cell)
		go func() {
			defer close(next)
			for _, u := range list {
				select {
				case next <- u:
				case <-ctx.Done():
					return
				}
			}
		}()
		for range p.workers(cap(r.scorers), r.p.Spec.repeats()) {
			wg.Go(func() {
				for u := range next {
					left, dead, err := r.unit(ctx, u, p)
					mu.Lock()
					if len(left) > 0 {
						busy = append(busy, left)
						stale = stale || dead
					}
					mu.Unlock()
					if err != nil {
						cancel(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	return busy, stale, context.Cause(ctx)
}

// work is what a cell adds to the progress: every repeat counts.
func (r *runner) work(c *Cell) float64 { return c.Work.total() * float64(r.p.Spec.repeats()) }

func (s *Spec) repeats() int { return max(1, s.Repeats) }

// units are the cells with something to do, those together that must not be
// torn apart: with repeats, the methods of one prompt, length and seed, whose
// timings are interleaved.
func (r *runner) units() [][]*Cell {
	var list [][]*Cell
	for i := range r.p.Cells {
		c := &r.p.Cells[i]
		if !r.forced(c) && !r.wants(c) {
			r.sum.Before++
			continue
		}
		if n := len(list); n > 0 && r.together(list[n-1][0], c) {
			list[n-1] = append(list[n-1], c)
			continue
		}
		list = append(list, []*Cell{c})
	}
	return list
}

// together tells whether two cells must not be torn apart.
func (r *runner) together(o, c *Cell) bool {
	return r.p.Spec.repeats() > 1 && o.Prompt == c.Prompt && o.Frames == c.Frames && o.Seed == c.Seed && o.gen.pool(o) == c.gen.pool(c)
}

// forced tells whether a cell is to be made whatever is on record.
func (r *runner) forced(c *Cell) bool {
	if was, ok := r.o.before[c.ID]; ok {
		sum, err := filesum.SHA256(r.store.path(cellPath(c.ID, RecordFile)))
		return err == nil && sum == was
	}
	return r.o.Force
}

// wants tells whether anything is to be done for a cell.
func (r *runner) wants(c *Cell) bool {
	rec, st, _ := r.store.state(c.ID)
	return st != recordDone || !r.enough(c, rec) || r.outdated(rec) || r.store.dirty(c.ID)
}

// enough tells whether a record has what is wanted: as many timed repeats, and
// for a cell that ran out of time no more of it now.
func (r *runner) enough(c *Cell, rec bench.Record) bool {
	switch n := r.p.Spec.repeats(); {
	case rec.Status == bench.StatusTimeout:
		had, ok := rec.Metric(limit)
		return !ok || c.timeout > 0 && c.timeout.Seconds() <= had
	case n == 1, rec.Status != bench.StatusOK, c.Source != "", c.scene != "":
		return true
	default:
		return len(rec.Samples[bench.WallSeconds]) >= n
	}
}

// outdated tells whether a finished cell was scored in another way.
func (r *runner) outdated(rec bench.Record) bool {
	return rec.Status == bench.StatusOK && (expectsMotion(rec) != r.p.Spec.ExpectMotion || rec.Scorer != scorer)
}

// job is a cell that this runner holds.
type job struct {
	c     *Cell
	rec   bench.Record
	claim *claim
	made  bool // the video is there: only its scores are missing
}

func (j *job) warn(text string) {
	if !slices.Contains(j.rec.Warnings, text) {
		j.rec.Warnings = append(j.rec.Warnings, text)
	}
}

// unit runs the cells of a unit that are not done and returns those that other
// runners hold. The slot is free again while its cells are scored, unless they
// are timed.
func (r *runner) unit(ctx context.Context, cells []*Cell, p *pool) (busy []*Cell, stale bool, err error) {
	s, free, err := p.take(ctx)
	if err != nil {
		return nil, false, err
	}
	defer free()
	if p.machine {
		// One generation at a time on a machine: timed cells have all its cores.
		unlock, err := r.machine(ctx)
		if err != nil {
			return nil, false, err
		}
		defer unlock()
	}
	var mine []*job
	defer func() {
		for _, j := range mine {
			j.claim.release()
		}
	}()
	for _, c := range cells {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		if r.failedNow(c) {
			continue
		}
		cl, previous, dead, err := r.store.claimCell(c.ID)
		if err != nil {
			return nil, false, err
		}
		if cl == nil {
			busy, stale = append(busy, c), stale || dead
			continue
		}
		j, err := r.take(ctx, c, previous)
		if j == nil || err != nil {
			cl.release()
			if err != nil {
				return nil, false, err
			}
			continue
		}
		j.claim = cl
		mine = append(mine, j)
	}
	for round := range r.p.Spec.repeats() {
		for _, j := range mine {
			if j.rec.Status != bench.StatusOK || j.made {
				continue
			}
			r.advance(0, j.c.Title())
			start := time.Now()
			err := r.round(ctx, j, s, round)
			r.account(func(sum *Summary) { sum.Times.Generating += time.Since(start).Seconds() })
			if err := r.settle(ctx, j, err); err != nil {
				return nil, false, err
			}
			r.finished(j.c.Work.total(), j.c.Title())
		}
	}
	for _, j := range mine {
		if j.rec.Status == bench.StatusOK && !j.made {
			if err := r.madeOne(j); err != nil {
				return nil, false, err
			}
		}
	}
	if r.p.Spec.repeats() == 1 {
		free()
	}
	for _, j := range mine {
		if err := r.finish(ctx, j); err != nil {
			return nil, false, err
		}
	}
	return busy, stale, nil
}

func (r *runner) failedNow(c *Cell) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed[c.ID]
}

// machine waits for its turn on this machine among the runners of the folder.
func (r *runner) machine(ctx context.Context) (unlock func(), err error) {
	host := hostName()
	if host == "" {
		host = "unknown"
	}
	name := filepath.Join(r.store.Dir, ".machine-"+strings.Map(hostRune, host)+".lock")
	for {
		unlock, ok, err := lock(name, false)
		if err != nil && noLocks(err) {
			return func() {}, nil
		}
		if err != nil {
			return nil, storeError("lock", name, err)
		}
		if ok {
			return unlock, nil
		}
		r.advance(0, "another runner has this machine")
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

// take looks at a cell under its claim: nil when there is nothing to do, else a
// job with an empty record. What a killed owner left running is ended, what it
// left half-written removed. A finished cell that was scored in another way is
// scored again here.
func (r *runner) take(ctx context.Context, c *Cell, previous claimText) (*job, error) {
	reap(previous)
	if err := r.store.Clean(cellPath(c.ID, "")); err != nil {
		return nil, err
	}
	r.mu.Lock()
	first := !r.tried[c.ID]
	r.tried[c.ID] = true
	r.mu.Unlock()
	force := first && r.forced(c)
	old, st, why := r.store.state(c.ID)
	if force {
		os.Remove(r.store.path(cellPath(c.ID, JobFile))) // a job of before is not what is asked for
	}
	if !force && st >= recordUnscored && r.enough(c, old) {
		if old.Status == bench.StatusOK && (st == recordUnscored || r.outdated(old)) {
			if err := rescore(ctx, r.store, &old, r.p.Spec.ExpectMotion); err != nil {
				return nil, err
			}
		}
		for _, name := range []string{MadeFile, JobFile, workFolder} { // of a runner that was killed at the very end
			os.RemoveAll(r.store.path(cellPath(c.ID, name)))
		}
		r.account(func(s *Summary) { s.Before++ })
		return nil, nil
	}
	if st == recordUnfit && !force && old.Status != bench.StatusFailed {
		r.message(fmt.Sprintf("%s (%s) is made again: %s", c.ID, c.Title(), why))
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
	if made, ok := r.store.made(c.ID); ok && !force && r.enough(c, made) {
		return &job{c: c, rec: made, made: true}, nil
	}
	canonical, err := c.Cell.Canonical()
	if err != nil {
		return nil, err
	}
	return &job{c: c, rec: rec}, r.store.Write(cellPath(c.ID, CellFile), canonical)
}

// round makes a cell once. The first round keeps the video, the others only
// time it.
func (r *runner) round(ctx context.Context, j *job, s slot, round int) error {
	if j.c.invalid != nil {
		return j.c.invalid
	}
	return j.c.gen.make(ctx, r, j, s, round)
}

// settle decides what an error of a cell means: nil goes on (a failure of the
// cell is recorded, and so is a result without a video), else the run ends.
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
	var result *outcome
	var setup *SetupError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &disk), errors.As(err, &setup), errors.Is(err, video.ErrFFmpegMissing):
		return err
	case errors.As(err, &result):
		j.rec.Status, j.rec.Error = result.status, err.Error()
		j.means()
		r.account(func(s *Summary) { s.Results[result.status]++ })
		r.message(fmt.Sprintf("%s (%s): %v", j.c.ID, j.c.Title(), err))
	default:
		j.rec.Status, j.rec.Error = bench.StatusFailed, err.Error()
		j.rec.Files = nil // nothing of a failed cell is vouched for
		r.mu.Lock()
		r.failed[j.c.ID] = true
		r.sum.Failures = append(r.sum.Failures, Failure{j.c.ID, j.c.Title(), err})
		r.o.Progress.Message(fmt.Sprintf("%s (%s) failed: %v", j.c.ID, j.c.Title(), err))
		r.mu.Unlock()
	}
	return r.record(j)
}

// madeOne keeps what is known of a video that is there and not scored: a
// generation is not lost because its scoring is interrupted.
func (r *runner) madeOne(j *job) error {
	if j.c.Source != "" {
		return nil
	}
	if err := r.store.WriteJSON(cellPath(j.c.ID, MadeFile), j.rec); err != nil {
		return err
	}
	os.Remove(r.store.path(cellPath(j.c.ID, JobFile)))
	return nil
}

// made reads what madeOne kept, if its files are as they were.
func (s *Store) made(id string) (bench.Record, bool) {
	rec, err := bench.ReadRecord(s.path(cellPath(id, MadeFile)))
	if err != nil || rec.CellID != id || rec.Status != bench.StatusOK || rec.Files["video"].Path == "" {
		return rec, false
	}
	for _, f := range rec.Files {
		if got, err := s.SHA256(f.Path); err != nil || got != f.SHA256 {
			return rec, false
		}
	}
	if rec.Samples == nil {
		rec.Samples = map[string][]float64{}
	}
	if rec.Metrics == nil {
		rec.Metrics = map[string]float64{}
	}
	return rec, true
}

// record puts a record in its place, if the cell is still this runner's.
func (r *runner) record(j *job) error {
	if err := j.claim.kept(); err != nil {
		return err
	}
	if err := r.store.WriteJSON(cellPath(j.c.ID, RecordFile), j.rec); err != nil {
		return err
	}
	os.Remove(r.store.path(cellPath(j.c.ID, MadeFile)))
	return nil
}

// finish scores a cell, takes the means of the repeats and puts the record in
// its place: with that the cell is done.
func (r *runner) finish(ctx context.Context, j *job) error {
	if j.rec.Status != bench.StatusOK {
		return nil
	}
	select {
	case r.scorers <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.scorers }()
	r.advance(0, "scoring "+j.c.Title())
	start := time.Now()
	err := r.score(ctx, j)
	r.account(func(s *Summary) { s.Times.Scoring += time.Since(start).Seconds() })
	if err := r.settle(ctx, j, err); err != nil || j.rec.Status != bench.StatusOK {
		return err
	}
	j.means()
	if err := r.record(j); err != nil {
		return err
	}
	r.account(func(s *Summary) { s.Ran++ })
	return nil
}

// score hashes the frames, where the generator did not, and judges the video.
func (r *runner) score(ctx context.Context, j *job) (err error) {
	if j.rec.FramesSHA256 == "" {
		if j.rec.FramesSHA256, err = video.FramesSHA256(ctx, r.store.videoPath(&j.rec)); err != nil {
			return storeErrorIfDisk(r.store.videoPath(&j.rec), err)
		}
	}
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
