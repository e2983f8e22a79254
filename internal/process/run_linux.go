//go:build linux

package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const maxrssUnit = 1024 // ru_maxrss is in KiB

// attributes: a group of its own, and the end when this process is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// ownPeak is PeakRSS, 0 where it cannot be read.
func ownPeak() int64 {
	n, _ := PeakRSS()
	return n
}

// samplePeak reads the peak of a process until done, often at first and then
// four times a second. The kernel keeps the peak, so only the last moments of
// the process can be missed.
func samplePeak(pid int, done <-chan struct{}) (peak int64) {
	name, pause := strconv.Itoa(pid), 2*time.Millisecond
	for {
		select {
		case <-done:
			return peak
		case <-time.After(pause):
		}
		if now, err := highWater(name); err == nil {
			peak = max(peak, now)
		}
		pause = min(pause*3/2, 250*time.Millisecond)
	}
}

// oomKills counts the processes that the kernel killed for memory since it
// started, on the whole machine; 0 where it does not say.
func oomKills() int64 {
	stat, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(stat) {
		if rest, ok := bytes.CutPrefix(line, []byte("oom_kill ")); ok {
			n, _ := strconv.ParseInt(string(bytes.TrimSpace(rest)), 10, 64)
			return n
		}
	}
	return 0
}

// Reap kills every process of this machine that carries a token, and returns
// how many there were. It is for runs whose caller was killed.
func Reap(token string) int {
	if token == "" {
		return 0
	}
	want := []byte(TokenName + "=" + token)
	killed := 0
	list, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, e := range list {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil {
			continue
		}
		for v := range bytes.SplitSeq(env, []byte{0}) {
			if bytes.Equal(v, want) {
				if syscall.Kill(pid, syscall.SIGKILL) == nil {
					killed++
				}
				break
			}
		}
	}
	return killed
}
