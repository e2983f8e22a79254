//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

func run(ctx context.Context, j Job, cmd *exec.Cmd) (Result, error) {
	// The death signal of linux hangs on the thread that starts the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = attributes()
	kills := oomKills()
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return Result{}, fmt.Errorf("process: %w", err)
	}
	floor := ownPeak() // not less than at the clone
	pid := cmd.Process.Pid
	if j.Started != nil {
		j.Started(pid)
	}
	done, sampled := make(chan struct{}), make(chan int64, 1)
	type end struct {
		timedOut bool
		err      error
	}
	ended := make(chan end, 1)
	go func() {
		timedOut, err := watch(ctx, j, pid, done)
		ended <- end{timedOut, err}
	}()
	go func() { sampled <- samplePeak(pid, done) }()
	werr := cmd.Wait()
	r := Result{Wall: time.Since(start)}
	close(done)
	e := <-ended
	r.TimedOut = e.timedOut
	peak := <-sampled
	if e.err != nil {
		return r, e.err
	}
	var exit *exec.ExitError
	if werr != nil && !errors.As(werr, &exit) {
		return r, fmt.Errorf("process: %w", werr)
	}
	state := cmd.ProcessState
	r.CPU = state.UserTime() + state.SystemTime()
	r.ExitCode = state.ExitCode()
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		r.Signal = ws.Signal().String()
		r.OOMKilled = ws.Signal() == syscall.SIGKILL && !r.TimedOut && oomKills() > kills
	}
	if u, ok := state.SysUsage().(*syscall.Rusage); ok {
		r.PeakRSS, r.PeakWhy = largest(int64(u.Maxrss)*maxrssUnit, floor, peak)
	}
	return r, nil
}

// largest combines the kernel's account with what was sampled. A child starts
// its account with the memory of the process that it was cloned from, so that
// a number that is not above this process's own peak (floor) says nothing about
// the child. The two are counted in batches of pages per thread, hence the slack.
func largest(account, floor, sampled int64) (int64, string) {
	switch {
	case floor > 0 && account > floor+slack:
		return max(account, sampled), ""
	case sampled > 0:
		return sampled, ""
	}
	return 0, "the program ended before its memory was sampled"
}

const slack = 8 << 20

func killGroup(pid int)      { signalGroup(pid, syscall.SIGKILL) }
func terminateGroup(pid int) { signalGroup(pid, syscall.SIGTERM) }

func signalGroup(pid int, s syscall.Signal) {
	if pid > 1 && pid != os.Getpid() {
		syscall.Kill(-pid, s)
	}
}
