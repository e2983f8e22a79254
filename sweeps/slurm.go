package sweeps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"longtake/bench"
	"longtake/internal/filesum"
	"longtake/internal/slurm"
)

// slurmFolder holds, in a sweep's folder, one folder for every array that was
// handed to Slurm: the spec as it was then, the cells of each task, the script
// and what the tasks said.
const (
	slurmFolder = "slurm"
	tasksFile   = "tasks.json"
	scriptFile  = "task.sh"
	jobPrefix   = "longtake-"
)

// Slurm is how cells become tasks.
type Slurm struct {
	CellsPerTask int      // 0 is 1
	Tasks        int      // at once; 0 is no limit
	Options      []string // of sbatch
	Binary       string   // longtake on the nodes; "" is this program's own path
}

// batch is one array.
type batch struct {
	Dir  string `json:"-"`
	Name string `json:"name"`

	SpecDir string            `json:"spec_dir"` // where the spec's relative paths start
	Tasks   [][]string        `json:"tasks"`    // ids of cells
	Before  map[string]string `json:"before"`   // hashes of the records that were there
	Force   bool              `json:"force,omitempty"`
}

// What a lost task may cost, and how often the queue is looked at: twice a
// second at first, every 15 seconds in a long wait, for the controller is
// everybody's.
const (
	maxLost      = 3
	slurmPoll    = 500 * time.Millisecond
	maxSlurmPoll = 15 * time.Second
)

// onSlurm hands the cells of a plan to Slurm. State comes from the records and
// the queue: it can be left at any moment, and the same command goes on.
func (r *runner) onSlurm(ctx context.Context) error {
	s := &scheduler{r: r, done: map[string]bool{}, lost: map[string]int{}, seen: map[string]time.Time{}, old: map[string]string{}}
	var total float64
	for i := range r.p.Cells {
		c := &r.p.Cells[i]
		if !r.o.Force && !r.wants(c) {
			s.done[c.ID] = true
			r.sum.Before++
			continue
		}
		total += r.work(c)
	}
	r.o.Progress.Begin(total)
	var err error
	if s.batches, err = readBatches(r.store); err != nil {
		return err
	}
	begun := time.Now()
	for visits := 0; ; visits++ {
		queued, err := s.queue(ctx)
		if err != nil {
			return err
		}
		if visits == 0 {
			s.remember(queued)
		}
		active := s.look(queued)
		missing := s.missing(active)
		if len(missing) > 0 {
			if err := s.submit(ctx, missing); err != nil {
				return err
			}
			continue
		}
		r.account(func(sum *Summary) { sum.Busy = len(active) })
		if len(active) == 0 {
			return nil
		}
		now := fmt.Sprintf("%d cells are with Slurm", len(active))
		if !r.o.Wait {
			r.message(now + ": the same command shows how far they are, with --wait it stays")
			return nil
		}
		r.finished(0, now)
		select {
		case <-ctx.Done():
			r.message(now + " and stay there: the same command comes back to them")
			return ctx.Err()
		case <-time.After(min(maxSlurmPoll, max(slurmPoll, time.Since(begun)/50))):
		}
	}
}

// scheduler is one visit to a sweep on Slurm.
type scheduler struct {
	r       *runner
	batches []*batch
	done    map[string]bool      // cells that need nothing more
	lost    map[string]int       // tasks that ended without a word about a cell
	seen    map[string]time.Time // of records that were looked at
	old     map[string]string    // hashes of records that this visit found and tries again
}

// queue asks until Slurm answers: a controller that is restarted loses nothing.
func (s *scheduler) queue(ctx context.Context) (map[string]map[int]bool, error) {
	var names []string
	for _, b := range s.batches {
		names = append(names, b.Name)
	}
	for begun := time.Now(); ; {
		list, err := slurm.Queue(ctx, names)
		if err == nil {
			m := map[string]map[int]bool{}
			for _, t := range list {
				if m[t.Name] == nil {
					m[t.Name] = map[int]bool{}
				}
				m[t.Name][t.Index] = true
			}
			return m, nil
		}
		if err := s.pause(ctx, begun, err); err != nil {
			return nil, err
		}
	}
}

// pause waits after a failure of Slurm; without Wait only for a minute.
func (s *scheduler) pause(ctx context.Context, begun time.Time, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, slurm.ErrMissing), !s.r.o.Wait && time.Since(begun) > time.Minute:
		return err
	}
	s.r.finished(0, "Slurm does not answer: "+err.Error())
	select {
	case <-time.After(4 * slurmPoll):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// remember notes the records of cells that are tried again by this visit.
func (s *scheduler) remember(queued map[string]map[int]bool) {
	active := map[string]bool{}
	for _, b := range s.batches {
		for i, ids := range b.Tasks {
			for _, id := range ids {
				active[id] = active[id] || queued[b.Name][i]
			}
		}
	}
	for i := range s.r.p.Cells {
		c := &s.r.p.Cells[i]
		if s.done[c.ID] || active[c.ID] {
			continue
		}
		if _, st, _ := s.r.store.state(c.ID); st == recordDone && !s.r.o.Force {
			continue // done since the plan was looked through
		}
		if sum, err := filesum.SHA256(s.r.store.path(cellPath(c.ID, RecordFile))); err == nil {
			s.old[c.ID] = sum
		}
	}
}

// look brings the cells up to date and returns those that a task in the queue
// has or will have.
func (s *scheduler) look(queued map[string]map[int]bool) (active map[string]bool) {
	active = map[string]bool{}
	submitted := map[string]*batch{} // the last batch that a cell was in
	for _, b := range s.batches {
		for i, ids := range b.Tasks {
			for _, id := range ids {
				submitted[id] = b
				if queued[b.Name][i] {
					active[id] = true
				}
			}
		}
	}
	for i := range s.r.p.Cells {
		c := &s.r.p.Cells[i]
		if s.done[c.ID] {
			delete(active, c.ID)
			continue
		}
		name := s.r.store.path(cellPath(c.ID, RecordFile))
		info, err := os.Stat(name)
		if err != nil || s.seen[c.ID].Equal(info.ModTime()) {
			continue
		}
		sum, err := filesum.SHA256(name)
		if err != nil || sum == s.old[c.ID] {
			continue // the record of before
		}
		if b := submitted[c.ID]; b != nil && sum == b.Before[c.ID] {
			continue
		}
		rec, st, _ := s.r.store.state(c.ID)
		switch {
		case st == recordDone && s.r.enough(c, rec):
			delete(active, c.ID)
			s.done[c.ID] = true
			s.r.finished(s.r.work(c), c.Title())
			s.r.account(func(sum *Summary) {
				if rec.Status == bench.StatusOK {
					sum.Ran++
				} else {
					sum.Results[rec.Status]++
				}
			})
		case rec.Status == bench.StatusFailed && rec.CellID == c.ID && !active[c.ID]:
			s.done[c.ID] = true
			s.r.account(func(sum *Summary) {
				sum.Failures = append(sum.Failures, Failure{c.ID, c.Title(), errors.New(rec.Error)})
			})
			s.r.message(fmt.Sprintf("%s (%s) failed: %s", c.ID, c.Title(), rec.Error))
		default:
			continue
		}
		s.seen[c.ID] = info.ModTime()
	}
	return active
}

// missing are the cells that nobody has. One whose tasks end without a word
// again and again is given up.
func (s *scheduler) missing(active map[string]bool) (list [][]*Cell) {
	asked := map[string]bool{}
	for _, b := range s.batches {
		for _, ids := range b.Tasks {
			for _, id := range ids {
				asked[id] = true
			}
		}
	}
	for i := range s.r.p.Cells {
		c := &s.r.p.Cells[i]
		if s.done[c.ID] || active[c.ID] {
			continue
		}
		if asked[c.ID] {
			if s.lost[c.ID]++; s.lost[c.ID] > maxLost {
				s.done[c.ID] = true
				err := fmt.Errorf("sweeps: %d tasks ended without a record: see the last lines of the logs in %s", maxLost, filepath.Join(s.r.store.Dir, slurmFolder))
				s.r.account(func(sum *Summary) { sum.Failures = append(sum.Failures, Failure{c.ID, c.Title(), err}) })
				continue
			}
		}
		if n := len(list); n > 0 && s.r.together(list[n-1][0], c) {
			list[n-1] = append(list[n-1], c)
			continue
		}
		list = append(list, []*Cell{c})
	}
	return list
}

// submit makes a batch of the cells and hands it over.
func (s *scheduler) submit(ctx context.Context, units [][]*Cell) error {
	e := s.r.p.Spec.Executor.Slurm
	b := &batch{Name: jobPrefix + time.Now().UTC().Format("20060102-150405-") + newToken()[:8], Before: map[string]string{}, Force: s.r.o.Force}
	cells := 0
	for _, u := range units {
		if n := len(b.Tasks); n == 0 || len(b.Tasks[n-1])+len(u) > max(1, e.CellsPerTask) {
			b.Tasks = append(b.Tasks, nil)
		}
		last := &b.Tasks[len(b.Tasks)-1]
		for _, c := range u {
			*last = append(*last, c.ID)
			if sum, err := filesum.SHA256(s.r.store.path(cellPath(c.ID, RecordFile))); err == nil {
				b.Before[c.ID] = sum
			}
			cells++
		}
	}
	if err := s.write(b); err != nil {
		return err
	}
	script := filepath.Join(b.Dir, scriptFile)
	array := slurm.Array{Name: b.Name, Script: script, Dir: b.Dir, Output: filepath.Join(b.Dir, "task-%a.log"), Tasks: len(b.Tasks), AtOnce: e.Tasks, Options: e.Options}
	for begun := time.Now(); ; {
		id, err := slurm.Submit(ctx, array)
		if err == nil {
			s.r.message(fmt.Sprintf("%d cells in %d tasks: job %s of Slurm (%s)", cells, len(b.Tasks), id, b.Name))
			break
		}
		if errors.Is(err, slurm.ErrMissing) {
			os.RemoveAll(b.Dir)
			return err
		}
		var said *slurm.Error
		if errors.As(err, &said) && !unreachable(said.Text) && ctx.Err() == nil {
			os.RemoveAll(b.Dir)
			return fmt.Errorf("sweeps: sbatch refused the job: %w", err)
		}
		if err := s.pause(ctx, begun, err); err != nil {
			os.RemoveAll(b.Dir)
			return err
		}
		// The answer may have been lost, not the job.
		if list, err := slurm.Queue(ctx, []string{b.Name}); err == nil && len(list) > 0 {
			break
		}
	}
	s.batches = append(s.batches, b)
	return nil
}

// ShowSlurm is how the cells of a plan would be handed to Slurm, in one line;
// "" where they would not.
func (p *Plan) ShowSlurm() string {
	e := p.Spec.Executor.Slurm
	if e == nil {
		return ""
	}
	per := max(1, e.CellsPerTask)
	a := slurm.Array{Name: jobPrefix + "BATCH", Script: slurmFolder + "/BATCH/" + scriptFile, Dir: slurmFolder + "/BATCH", Output: slurmFolder + "/BATCH/task-%a.log",
		Tasks: (len(p.Cells) + per - 1) / per, AtOnce: e.Tasks, Options: e.Options}
	return shellLine(append([]string{"sbatch"}, a.Args()...))
}

// unreachable tells a controller that is not there from one that says no.
func unreachable(text string) bool {
	for _, s := range []string{"Unable to contact slurm controller", "Connection refused", "Socket timed out", "Zero Bytes were transmitted", "Transport endpoint", "Unexpected message", "try again", "temporarily"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return text == ""
}

// write puts a batch's files in place. The tasks file is the last: a batch
// without it was never submitted.
func (s *scheduler) write(b *batch) error {
	dir, err := filepath.Abs(s.r.store.path(slurmFolder + "/" + strings.TrimPrefix(b.Name, jobPrefix)))
	if err != nil {
		return fmt.Errorf("sweeps: %w", err)
	}
	b.Dir = dir
	if b.SpecDir, err = filepath.Abs(s.r.p.Spec.Dir); err != nil {
		return fmt.Errorf("sweeps: %w", err)
	}
	program := s.r.p.Spec.Executor.Slurm.Binary
	if program == "" {
		if program, err = os.Executable(); err != nil {
			return fmt.Errorf("sweeps: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return storeError("make the folder", dir, err)
	}
	src, err := os.ReadFile(s.r.p.Spec.File)
	if err != nil {
		return fmt.Errorf("sweeps: %w", err)
	}
	text, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		return fmt.Errorf("sweeps: %w", err)
	}
	rel := slurmFolder + "/" + filepath.Base(dir) + "/"
	for _, f := range []struct{ name, text string }{
		{SpecFile, string(src)},
		{scriptFile, "#!/bin/sh\nexec " + shellLine([]string{program, "sweep-task", dir, "--task"}) + " \"$SLURM_ARRAY_TASK_ID\"\n"},
		{tasksFile, string(text)},
	} {
		if err := s.r.store.Write(rel+f.name, []byte(f.text)); err != nil {
			return err
		}
	}
	return nil
}

// readBatches reads what visits before this one handed over, oldest first.
func readBatches(store *Store) (list []*batch, err error) {
	dirs, err := os.ReadDir(store.path(slurmFolder))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, storeError("read", store.path(slurmFolder), err)
	}
	for _, d := range dirs {
		b, err := readBatch(filepath.Join(store.path(slurmFolder), d.Name()))
		if err == nil {
			list = append(list, b)
		}
	}
	return list, nil
}

func readBatch(dir string) (*batch, error) {
	data, err := os.ReadFile(filepath.Join(dir, tasksFile))
	if err != nil {
		return nil, fmt.Errorf("sweeps: %s is no batch of a sweep: %w", dir, unwrapPath(err))
	}
	b := &batch{Dir: dir}
	if err := json.Unmarshal(data, b); err != nil || b.Name == "" {
		return nil, fmt.Errorf("sweeps: %s is no batch of a sweep: %v", filepath.Join(dir, tasksFile), err)
	}
	return b, nil
}

// RunTask runs one task of a batch: what Slurm starts on a node.
func RunTask(ctx context.Context, dir string, task int, o Options, env Env) (Summary, error) {
	b, err := readBatch(dir)
	if err != nil {
		return Summary{}, err
	}
	if task < 0 || task >= len(b.Tasks) {
		return Summary{}, fmt.Errorf("sweeps: %s has no task %d: it has %d", dir, task, len(b.Tasks))
	}
	spec, err := readSpec(filepath.Join(dir, SpecFile), b.SpecDir)
	if err != nil {
		return Summary{}, err
	}
	spec.Executor.Slurm = nil // this is the node
	plan, err := NewPlan(ctx, spec, env)
	if err != nil {
		return Summary{}, err
	}
	plan.Cells = slices.DeleteFunc(plan.Cells, func(c Cell) bool { return !slices.Contains(b.Tasks[task], c.ID) })
	if len(plan.Cells) != len(b.Tasks[task]) {
		return Summary{}, fmt.Errorf("sweeps: task %d has %d cells, %d of them are in its spec here: is this another version of longtake?", task, len(b.Tasks[task]), len(plan.Cells))
	}
	o.Dir, o.Wait, o.task = filepath.Dir(filepath.Dir(dir)), true, true
	if b.Force {
		o.before = b.Before
	}
	return Run(ctx, plan, o)
}
