package process

import (
	"os"

	"golang.org/x/sys/unix"
)

// WidenPipe asks for a pipe that holds so many bytes, so that its writer waits less
// often for its reader. Where the system allows less, the pipe stays as it is.
func WidenPipe(f *os.File, bytes int) {
	c, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = c.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, bytes) })
}
