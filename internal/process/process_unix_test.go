//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the program that runs.
func TestMain(m *testing.M) {
	if mib, err := strconv.Atoi(os.Getenv("LONGTAKE_TEST_MIB")); err == nil {
		b := make([]byte, mib<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		start := time.Now()
		for time.Since(start) < 700*time.Millisecond { // CPU time, and longer than the sampling's interval
			b[0]++
		}
		fmt.Println("out", len(b), b[0] > 0, ownPeak())
		fmt.Fprintln(os.Stderr, "err")
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func logs(t *testing.T) (Job, func() (string, string)) {
	dir := t.TempDir()
	j := Job{Stdout: filepath.Join(dir, "out"), Stderr: filepath.Join(dir, "err")}
	return j, func() (string, string) {
		o, err := os.ReadFile(j.Stdout)
		if err != nil {
			t.Fatal(err)
		}
		e, err := os.ReadFile(j.Stderr)
		if err != nil {
			t.Fatal(err)
		}
		return string(o), string(e)
	}
}

func TestRunMeasures(t *testing.T) {
	ballast := make([]byte, 128<<20) // this process is larger than the first program
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	for _, mib := range []int{64, 512} {
		j, read := logs(t)
		j.Args, j.Env = []string{os.Args[0]}, append(os.Environ(), fmt.Sprint("LONGTAKE_TEST_MIB=", mib))
		r, err := Run(t.Context(), j)
		if err != nil || r.ExitCode != 3 || r.OK() || r.TimedOut || r.Ended() != "exit status 3" {
			t.Fatalf("%+v, %v", r, err)
		}
		out, errs := read()
		if !strings.HasPrefix(out, "out ") || errs != "err\n" {
			t.Errorf("output %q, %q", out, errs)
		}
		if r.CPU < 50*time.Millisecond || r.Wall < 100*time.Millisecond || r.Wall > time.Minute {
			t.Errorf("wall %v, cpu %v", r.Wall, r.CPU)
		}
		if runtime.GOOS == "linux" {
			// What the program saw itself, with a little for its end.
			f := strings.Fields(out)
			own, err := strconv.ParseInt(f[len(f)-1], 10, 64)
			if err != nil || own < int64(mib)<<20 {
				t.Fatalf("the program's own peak: %q", out)
			}
			if r.PeakRSS < own-4<<20 || r.PeakRSS > own+8<<20 { // sampled, the last moments are missed
				t.Errorf("peak %d bytes (%s), the program saw %d", r.PeakRSS, r.PeakWhy, own)
			}
		}
	}
	runtime.KeepAlive(ballast)
}

func TestLargest(t *testing.T) {
	for _, tc := range []struct{ account, floor, sampled, want int64 }{
		{900 << 20, 100 << 20, 800 << 20, 900 << 20}, // above the parent's: exact
		{100 << 20, 100 << 20, 40 << 20, 40 << 20},   // the parent's own
		{100<<20 + 1, 100 << 20, 40 << 20, 40 << 20}, // and so is this: it is counted in batches
		{100, 0, 0, 0}, // nothing to compare with
		{90, 100, 0, 0},
		{900 << 20, 100 << 20, 1000 << 20, 1000 << 20},
	} {
		if got, why := largest(tc.account, tc.floor, tc.sampled); got != tc.want || (got == 0) != (why != "") {
			t.Errorf("%+v: got %d, %q", tc, got, why)
		}
	}
}

// alive tells whether a process is there and no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// TestGroupDies: the program's own children die with it, at a timeout, on a
// cancellation and when it leaves them behind.
func TestGroupDies(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	for _, tc := range []struct {
		name   string
		script string
		end    func(*Job, context.CancelFunc)
		check  func(Result, error) bool
	}{
		{"timeout", "sleep 60 & echo $! >$0; wait", func(j *Job, _ context.CancelFunc) { j.Timeout = 300 * time.Millisecond },
			func(r Result, err error) bool { return err == nil && r.TimedOut && !r.OK() && !r.OOMKilled }},
		{"timeout, deaf to SIGTERM", "trap '' TERM; sleep 60 & echo $! >$0; while :; do sleep 0.1; done", func(j *Job, _ context.CancelFunc) { j.Timeout, j.Grace = 300*time.Millisecond, 200*time.Millisecond },
			func(r Result, err error) bool {
				return err == nil && r.TimedOut && r.Signal == "killed" && !r.OOMKilled
			}},
		{"cancelled", "sleep 60 & echo $! >$0; wait", func(_ *Job, cancel context.CancelFunc) { time.AfterFunc(300*time.Millisecond, cancel) },
			func(r Result, err error) bool { return errors.Is(err, context.Canceled) }},
		{"left behind", "sleep 60 & echo $! >$0", func(*Job, context.CancelFunc) {},
			func(r Result, err error) bool { return err == nil && r.OK() }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			pidFile := filepath.Join(t.TempDir(), "pid")
			j := Job{Args: []string{"sh", "-c", tc.script, pidFile}}
			tc.end(&j, cancel)
			r, err := Run(ctx, j)
			if !tc.check(r, err) {
				t.Errorf("%+v, %v", r, err)
			}
			text, err := os.ReadFile(pidFile)
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			for range 100 {
				if !alive(pid) {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
			t.Errorf("process %d lives on", pid)
			syscall.Kill(pid, syscall.SIGKILL)
		})
	}
}

// TestReap finds a descendant that left the group.
func TestReap(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	token := fmt.Sprint("test-", os.Getpid(), "-", time.Now().UnixNano())
	pidFile := filepath.Join(t.TempDir(), "pid")
	r, err := Run(t.Context(), Job{Args: []string{"sh", "-c", "setsid sleep 60 & echo $! >$0; sleep 0.2", pidFile}, Token: token})
	if err != nil || !r.OK() {
		t.Fatalf("%+v, %v", r, err)
	}
	if n := Reap(token); n != 1 {
		t.Errorf("%d processes found, want 1", n)
	}
	if n := Reap("another"); n != 0 {
		t.Errorf("%d processes of another run", n)
	}
}

func TestRunErrors(t *testing.T) {
	if _, err := Run(t.Context(), Job{}); err == nil {
		t.Error("no command was run")
	}
	if _, err := Run(t.Context(), Job{Args: []string{"/no/such/program"}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := Run(t.Context(), Job{Args: []string{"true"}, Stdout: "/no/such/folder/log"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Job{Args: []string{"true"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
