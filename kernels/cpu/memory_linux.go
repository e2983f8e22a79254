package cpu

import "golang.org/x/sys/unix"

// wantHuge asks for huge pages before memory is touched. It is advice: without them
// everything works as well, more slowly.
func wantHuge(address, size uintptr) {
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, address, size, unix.MADV_HUGEPAGE)
}
