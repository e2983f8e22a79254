// Package cpu says which instruction sets this process may use. A feature
// counts only when both the processor and the operating system (saved
// registers, XCR0) support it.
package cpu

import "golang.org/x/sys/cpu"

// Features are the instruction sets that the kernels distinguish.
type Features struct {
	AVX2   bool // AVX2 and FMA
	AVX512 bool // AVX-512 F, DQ, BW and VL
}

// Lacks is empty where the machine has a feature, else why a variant that needs it
// cannot run.
func Lacks(has bool, what string) string {
	if has {
		return ""
	}
	return "this machine or its operating system lacks " + what
}

// Detect reports what this machine has. On anything but amd64 it is empty.
func Detect() Features {
	x := cpu.X86
	return Features{
		AVX2:   x.HasAVX2 && x.HasFMA,
		AVX512: x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL,
	}
}
