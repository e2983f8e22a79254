// Package process runs another program for a job: no shell, a process group of
// its own that is killed as a whole, output into files, and what the run cost.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// Job is one run of a program.
type Job struct {
	Args   []string // program and arguments, handed over as they are
	Env    []string // the whole environment; nil is this process's own
	Dir    string   // working directory; "" is this process's own
	Stdout string   // files that receive the output, replaced
	Stderr string

	// Timeout ends the run; 0 is none.
	Timeout time.Duration
	// Grace is the time between SIGTERM and SIGKILL of the group; 0 kills at once.
	Grace time.Duration
	// Token marks every process of the run in its environment (as [TokenName]),
	// so that [Reap] finds what a killed caller left behind.
	Token string
	// Started hears the process id; may be nil.
	Started func(pid int)
}

// TokenName is the environment variable that holds [Job.Token].
const TokenName = "LONGTAKE_RUN"

// Result is how a run ended and what it cost.
type Result struct {
	Wall time.Duration
	CPU  time.Duration // user and system, of the program and every descendant it waited for

	// PeakRSS is the largest resident memory of one process, in bytes: of the
	// program or a descendant it waited for. Zero when it could not be measured,
	// for the reason in PeakWhy.
	PeakRSS int64
	PeakWhy string

	ExitCode  int    // -1 when a signal ended it
	Signal    string // of that signal, else ""
	TimedOut  bool   // Timeout ended it
	OOMKilled bool   // the kernel killed for memory while it ran, and it was killed
}

// OK tells whether the program ended by itself with status 0.
func (r Result) OK() bool { return r.ExitCode == 0 && !r.TimedOut }

// Ended says how the program ended, for errors.
func (r Result) Ended() string {
	switch {
	case r.TimedOut:
		return fmt.Sprintf("it was stopped after its %s", r.Wall.Round(time.Second/10))
	case r.OOMKilled:
		return "the kernel killed it for want of memory"
	case r.Signal != "":
		return "signal: " + r.Signal
	}
	return fmt.Sprintf("exit status %d", r.ExitCode)
}

// Run runs a job to its end. The error is nil whenever the program could be
// started and waited for, however it ended; on a cancelled ctx it is ctx's.
func Run(ctx context.Context, j Job) (Result, error) {
	if len(j.Args) == 0 {
		return Result{}, errors.New("process: no command")
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	cmd := exec.Command(j.Args[0], j.Args[1:]...)
	cmd.Dir, cmd.Env = j.Dir, j.Env
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	if j.Token != "" {
		cmd.Env = append(cmd.Env, TokenName+"="+j.Token)
	}
	var err error
	if cmd.Stdout, err = create(j.Stdout); err != nil {
		return Result{}, err
	}
	defer closeFile(cmd.Stdout)
	if cmd.Stderr, err = create(j.Stderr); err != nil {
		return Result{}, err
	}
	defer closeFile(cmd.Stderr)
	return run(ctx, j, cmd)
}

// create opens a file for output; "" discards it.
func create(name string) (io.Writer, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	return f, nil
}

func closeFile(w io.Writer) {
	if f, ok := w.(*os.File); ok {
		f.Close()
	}
}

// watch waits for the end of a started command, its timeout or ctx, and kills
// the group in every case: nothing of it outlives the run.
func watch(ctx context.Context, j Job, pid int, done <-chan struct{}) (timedOut bool, err error) {
	var limit <-chan time.Time
	if j.Timeout > 0 {
		t := time.NewTimer(j.Timeout)
		defer t.Stop()
		limit = t.C
	}
	defer killGroup(pid)
	select {
	case <-done:
		return false, nil
	case <-limit:
		timedOut = true
	case <-ctx.Done():
		err = ctx.Err()
	}
	if j.Grace > 0 {
		terminateGroup(pid)
		select {
		case <-done:
			return timedOut, err
		case <-time.After(j.Grace):
		}
	}
	killGroup(pid)
	<-done
	return timedOut, err
}
