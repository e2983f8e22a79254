//go:build !linux

package cpu

func wantHuge(address, size uintptr) {}
