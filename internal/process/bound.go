package process

import (
	"os/exec"
	"runtime"
)

// Bind starts a command that ends with this process: on Linux the kernel kills
// it when this process is killed, so that nothing of it lives on and writes
// files that nobody waits for. wait returns what [exec.Cmd.Wait] does and must
// be called once.
func Bind(cmd *exec.Cmd) (wait func() error, err error) {
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		// The death signal hangs on the thread that starts the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		bind(cmd)
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return func() error { return <-ended }, nil
}
