//go:build unix

package suites

import "syscall"

// cpuSeconds is the user and system time of this process and of the children that
// it has waited for.
func cpuSeconds() float64 {
	var sum float64
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			return 0
		}
		for _, t := range []syscall.Timeval{u.Utime, u.Stime} {
			sum += float64(t.Nano()) / 1e9
		}
	}
	return sum
}
