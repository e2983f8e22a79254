//go:build unix

package sweeps

import (
	"errors"
	"os"
	"syscall"
)

// lock takes an advisory lock on a file that it makes where it is missing.
// Without wait, ok is false when another process or caller holds it. The
// kernel drops the lock with the process, so that a killed runner blocks
// nobody; the file itself stays.
func lock(name string, wait bool) (unlock func(), ok bool, err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, false, err
	}
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return func() { f.Close() }, true, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, false, nil
	}
	return nil, false, err
}
