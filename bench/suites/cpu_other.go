//go:build !unix

package suites

// cpuSeconds is not known here.
func cpuSeconds() float64 { return 0 }
