//go:build !unix

package process

import (
	"context"
	"errors"
	"os/exec"
)

func run(context.Context, Job, *exec.Cmd) (Result, error) {
	return Result{}, errors.New("process: generators of other people need a Unix system: process groups are not there")
}

func killGroup(int)      {}
func terminateGroup(int) {}

// Reap does nothing here.
func Reap(string) int { return 0 }
