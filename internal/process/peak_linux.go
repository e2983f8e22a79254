package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// ResetPeak makes the kernel forget the largest memory this process had.
func ResetPeak() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// PeakRSS is the largest resident memory of this process since it started or since
// [ResetPeak], in bytes (VmHWM): unlike getrusage's it does not inherit that of the process
// that started it.
func PeakRSS() (int64, error) { return highWater("self") }

func highWater(pid string) (int64, error) {
	name := filepath.Join("/proc", pid, "status")
	status, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kib, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte(" kB"))), 10, 64)
			return kib * 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in %s", name)
}
