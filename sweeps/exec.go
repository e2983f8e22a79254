package sweeps

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"longtake/bench"
	"longtake/internal/atomicfile"
	"longtake/internal/nvidia"
	"longtake/internal/process"
	"longtake/video"
)

// command is the generator that runs a program for every cell.
type command struct{ f *Foreign }

func (command) pool(*Cell) string { return "" }

// killGrace is the time that a program has between SIGTERM and SIGKILL.
const killGrace = 5 * time.Second

// show is the command line as a shell would take it; no shell does.
func (g command) show(p *Plan, c *Cell) string {
	values := c.values("CELL", slot{})
	words, err := expandAll(g.f.argv(c.binding), values, true)
	if err != nil {
		return err.Error()
	}
	env := merged(g.f.Env, c.binding.Env)
	var line []string
	for _, k := range slices.Sorted(maps.Keys(env)) {
		if v, err := env[k].Expand(values, true); err == nil {
			line = append(line, k+"="+shellQuote(v))
		}
	}
	return strings.Join(append(line, shellLine(words)), " ")
}

// make runs the program, again after a failure where the spec has retries.
func (g command) make(ctx context.Context, r *runner, j *job, s slot, round int) error {
	for attempt := 0; ; attempt++ {
		err := g.attempt(ctx, r, j, s, round)
		var result *outcome
		var disk *DiskError
		var bad *deniedError
		var setup *SetupError
		if err == nil || errors.As(err, &setup) || attempt >= g.f.Retries || ctx.Err() != nil || errors.As(err, &result) || errors.As(err, &disk) || errors.As(err, &bad) || errors.Is(err, video.ErrFFmpegMissing) {
			if err != nil && attempt > 0 {
				return fmt.Errorf("%w (attempt %d of %d)", err, attempt+1, g.f.Retries+1)
			}
			return err
		}
		j.warn(fmt.Sprintf("attempt %d failed: %v", attempt+1, err))
		r.message(fmt.Sprintf("%s (%s): attempt %d of %d failed: %v", j.c.ID, j.c.Title(), attempt+1, g.f.Retries+1, err))
	}
}

// deniedError is a failure that another attempt at once would not mend: the log
// says that the method did not do what was asked, or the server that it failed.
type deniedError struct{ text string }

func (e *deniedError) Error() string { return e.text }

func (g command) attempt(ctx context.Context, r *runner, j *job, s slot, round int) error {
	work, err := r.store.work(j.c)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	values := j.c.values(work, s)
	if err := os.WriteFile(values["prompt_file"], []byte(j.c.prompt.Text), 0o644); err != nil {
		return storeError("write", values["prompt_file"], err)
	}
	run := process.Job{Timeout: j.c.timeout, Grace: killGrace, Token: newToken()}
	if run.Args, err = expandAll(g.f.argv(j.c.binding), values, false); err != nil {
		return err
	}
	if run.Dir, err = g.f.Dir.Expand(values, false); err != nil {
		return err
	}
	if run.Dir != "" {
		run.Dir = r.p.Spec.path(run.Dir)
	}
	if run.Args[0], err = program(run.Args[0], run.Dir); err != nil {
		return &SetupError{err} // every other cell would fail as well
	}
	if run.Env, err = environ(merged(g.f.Env, j.c.binding.Env), values, s); err != nil {
		return err
	}
	logs := map[string]string{"stdout": r.store.path(cellPath(j.c.ID, StdoutFile)), "stderr": r.store.path(cellPath(j.c.ID, StderrFile))}
	run.Stdout, run.Stderr = logs["stdout"], logs["stderr"]
	if err := j.claim.running(run.Token); err != nil {
		return storeError("write", j.claim.dir, err)
	}
	watch := watchGPUs(ctx, s)
	res, err := process.Run(ctx, run)
	usage, uerr := watch()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return storeErrorIfDisk(work, err)
	}
	g.measured(j, s, res, usage, uerr)
	if round == 0 {
		if err := r.store.keep(j, map[string]string{"stdout": StdoutFile, "stderr": StderrFile}); err != nil {
			return err
		}
	}
	rules := g.f.Log.and(j.c.binding.Log)
	found, err := scan(rules, run.Stdout, run.Stderr)
	if err != nil {
		return err
	}
	switch {
	case res.TimedOut:
		j.rec.Metrics[limit] = j.c.timeout.Seconds()
		return &outcome{bench.StatusTimeout, fmt.Errorf("sweeps: not done within %s: stopped", j.c.timeout)}
	case !res.OK() && (res.OOMKilled || found.oom != ""):
		return &outcome{bench.StatusOOM, fmt.Errorf("sweeps: out of memory: %s", cmp.Or(found.oom, res.Ended()))}
	case !res.OK():
		if full := r.store.full(); full != nil {
			return full
		}
		return fmt.Errorf("sweeps: %s: %s%s (all of it in %s)", filepath.Base(run.Args[0]), res.Ended(), tail(run.Stderr, run.Stdout), cellPath(j.c.ID, StderrFile))
	case found.denied != "":
		return &deniedError{fmt.Sprintf("sweeps: the log has what it must not: %s (must_not: %s)", found.denied, found.deniedBy)}
	case found.missing != "":
		return &deniedError{fmt.Sprintf("sweeps: the log has no line that matches %s (must): the method did not do what was asked", found.missing)}
	}
	return r.adopt(ctx, j, values["out"], round)
}

// work makes the empty folder that a program works in.
func (s *Store) work(c *Cell) (string, error) {
	dir, err := filepath.Abs(s.path(cellPath(c.ID, workFolder)))
	if err == nil {
		err = os.RemoveAll(dir)
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return "", storeError("make the folder", dir, err)
	}
	return dir, nil
}

// program finds the first word of a command: a path starts at the working
// directory, a bare name is looked up in PATH.
func program(name, dir string) (string, error) {
	if strings.ContainsRune(name, '/') {
		if !filepath.IsAbs(name) && dir != "" {
			name = filepath.Join(dir, name)
		}
		abs, err := filepath.Abs(name)
		if err != nil {
			return "", fmt.Errorf("sweeps: %w", err)
		}
		name = abs
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("sweeps: the command's program %q cannot be run: %w", name, err)
	}
	return found, nil
}

// environ is this process's environment with the spec's variables.
func environ(extra map[string]Template, values map[string]string, s slot) ([]string, error) {
	env := os.Environ()
	if s.gpu != "" {
		// nvidia-smi counts in the order of the bus; CUDA does so when told to.
		env = append(env, "CUDA_DEVICE_ORDER=PCI_BUS_ID", "CUDA_VISIBLE_DEVICES="+s.gpu)
	}
	for _, k := range slices.Sorted(maps.Keys(extra)) {
		v, err := extra[k].Expand(values, false)
		if err != nil {
			return nil, err
		}
		env = append(env, k+"="+v)
	}
	return env, nil
}

// watchGPUs samples the slot's GPUs; the function it returns ends that.
func watchGPUs(ctx context.Context, s slot) func() (nvidia.Usage, error) {
	if len(s.gpus) == 0 {
		return func() (nvidia.Usage, error) { return nvidia.Usage{}, nil }
	}
	stop, err := nvidia.Watch(ctx, s.gpus)
	if err != nil {
		return func() (nvidia.Usage, error) { return nvidia.Usage{}, err }
	}
	return stop
}

// measured notes what a run cost; what could not be measured is told.
func (g command) measured(j *job, s slot, res process.Result, u nvidia.Usage, uerr error) {
	j.sample(bench.WallSeconds, res.Wall.Seconds())
	j.sample(cpuSeconds, res.CPU.Seconds())
	if res.PeakRSS > 0 {
		j.sample(bench.PeakRSSBytes, float64(res.PeakRSS))
	} else {
		j.warn("no " + bench.PeakRSSBytes + ": " + res.PeakWhy)
	}
	gpus := g.f.GPUs
	if gpus == 0 && s.gpu != "" {
		gpus = 1 + strings.Count(s.gpu, ",")
	}
	if gpus > 0 {
		j.sample(bench.GPUHours, res.Wall.Hours()*float64(gpus))
	} else {
		j.warn("no " + bench.GPUHours + ": there is no nvidia-smi here, and the spec states no gpus")
	}
	switch {
	case len(s.gpus) == 0 && s.gpu != "":
		j.warn("no " + bench.GPUPeakBytes + ": nvidia-smi does not know GPU " + s.gpu)
	case uerr != nil:
		j.warn("no " + bench.GPUPeakBytes + ": " + uerr.Error())
	case len(s.gpus) > 0 && u.Samples == 0:
		j.warn("no " + bench.GPUPeakBytes + ": the program ended before its GPUs were sampled")
	case len(s.gpus) > 0:
		j.sample(bench.GPUPeakBytes, u.PeakBytes)
		if u.Utilised {
			j.sample(gpuUse, u.Utilisation)
		}
	}
	switch {
	case g.f.Device != "":
		j.rec.Host.GPU = g.f.Device
	case len(s.gpus) > 0:
		j.rec.Host.GPU = s.gpus[0].Name
		if n := len(s.gpus); n > 1 {
			j.rec.Host.GPU = fmt.Sprintf("%d x %s", n, s.gpus[0].Name)
		}
	}
}

// outOfMemory is what memory errors look like in the logs of PyTorch, CUDA,
// Ascend, JAX, C++ and Python.
var outOfMemory = regexp.MustCompile(`OutOfMemoryError|(?i:(CUDA|NPU|HIP)( error:)? out of memory)|RESOURCE_EXHAUSTED: Out of memory|CUDA_ERROR_OUT_OF_MEMORY|std::bad_alloc|^MemoryError\b`)

// findings are what the rules found in a log.
type findings struct{ oom, denied, deniedBy, missing string }

// maxLogLine is as much of a line as the rules see.
const maxLogLine = 1 << 16

// scan holds the rules against the lines of files.
func scan(rules LogRules, files ...string) (f findings, err error) {
	missing := slices.Clone(rules.Must)
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return f, fmt.Errorf("sweeps: %w", err)
		}
		defer file.Close()
		in := bufio.NewReaderSize(file, maxLogLine)
		for {
			line, more, err := in.ReadLine()
			if err != nil {
				break
			}
			for more && err == nil { // the rest of a long line is passed over
				_, more, err = in.ReadLine()
			}
			missing = slices.DeleteFunc(missing, func(re *regexp.Regexp) bool { return re.Match(line) })
			for _, re := range rules.MustNot {
				if f.denied == "" && re.Match(line) {
					f.denied, f.deniedBy = clip(string(line)), re.String()
				}
			}
			if f.oom == "" && (outOfMemory.Match(line) || slices.ContainsFunc(rules.OOM, func(re *regexp.Regexp) bool { return re.Match(line) })) {
				f.oom = clip(string(line))
			}
		}
	}
	if len(missing) > 0 {
		f.missing = missing[0].String()
	}
	return f, nil
}

// clip shortens a line for a message.
func clip(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "?"))
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "..." // not half a character
	}
	return s
}

// tail is the end of the first file that has something, for a message.
func tail(files ...string) string {
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		defer f.Close()
		const most = 4096
		if info, err := f.Stat(); err == nil && info.Size() > most {
			f.Seek(-most, 2)
		}
		buf := make([]byte, most)
		n, _ := f.Read(buf)
		lines := strings.Split(strings.TrimSpace(string(buf[:n])), "\n")
		if last := clip(lines[len(lines)-1]); last != "" {
			return ": " + last
		}
	}
	return ""
}

// adopt checks the video that a generator made and puts it in its place.
func (r *runner) adopt(ctx context.Context, j *job, made string, round int) error {
	info, err := countFrames(ctx, made)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("sweeps: the generator ended well and left no video at {out} (%s)", filepath.Base(made))
	case err != nil:
		return fmt.Errorf("sweeps: what the generator made is no video: %w", err)
	case info.Frames != j.c.Frames:
		return fmt.Errorf("sweeps: the generator made %d frames, %d were asked for", info.Frames, j.c.Frames)
	case j.c.Width > 0 && (info.Width != j.c.Width || info.Height != j.c.Height):
		return fmt.Errorf("sweeps: the generator made %dx%d pixels, %dx%d were asked for", info.Width, info.Height, j.c.Width, j.c.Height)
	}
	if round > 0 {
		sum, err := video.FramesSHA256(ctx, made)
		if err != nil {
			return err
		}
		if j.rec.FramesSHA256 == "" {
			if j.rec.FramesSHA256, err = video.FramesSHA256(ctx, r.store.videoPath(&j.rec)); err != nil {
				return err
			}
		}
		if sum != j.rec.FramesSHA256 {
			j.warn("repeats of the same seed gave different videos; the first is the one that is scored")
		}
		return nil
	}
	place := r.store.path(cellPath(j.c.ID, VideoFile))
	if err := atomicfile.Adopt(made, place); err != nil {
		return storeError("write", place, err)
	}
	return r.store.keep(j, map[string]string{"video": VideoFile})
}

// reap ends what a killed runner of this machine left running.
func reap(previous claimText) {
	if previous.Run != "" && previous.Boot == bootID() {
		process.Reap(previous.Run)
	}
}
