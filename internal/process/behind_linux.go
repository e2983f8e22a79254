package process

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Behind makes the goroutine that calls it go behind others: until it ends it has a thread of
// the lowest priority, which ends with it. Where the system does not allow that, nothing changes.
func Behind() {
	runtime.LockOSThread()
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, lowest) // on Linux: of the calling thread
}

const lowest = 19
