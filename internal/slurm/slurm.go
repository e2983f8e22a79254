// Package slurm hands job arrays to Slurm and looks at the queue. It knows the
// queue alone: accounting may be off.
package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Array is a job array to be submitted.
type Array struct {
	Name    string   // unique: the array is found again by it
	Script  string   // file that every task runs
	Dir     string   // working directory
	Output  string   // file of a task's output; %a is its index
	Tasks   int      // indices 0..Tasks-1
	AtOnce  int      // most tasks at the same time; 0 is no limit
	Options []string // passed on to sbatch, before the script
}

// Error is a failure of one of Slurm's programs.
type Error struct {
	Program string
	Text    string // what it said
	Err     error
}

func (e *Error) Error() string { return fmt.Sprintf("slurm: %s: %s (%v)", e.Program, e.Text, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// ErrMissing means that Slurm's programs are not installed here.
var ErrMissing = errors.New("sbatch and squeue are not in PATH: Slurm has to be installed; run this where jobs can be submitted, or use executor: local")

// Patience is how long a program of Slurm may take.
const Patience = 2 * time.Minute

func call(ctx context.Context, program string, args ...string) (string, error) {
	if _, err := exec.LookPath(program); err != nil {
		return "", fmt.Errorf("slurm: %s: %w", program, ErrMissing)
	}
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = time.Second
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", &Error{program, strings.Join(strings.Fields(said.String()), " "), err}
	}
	return out.String(), nil
}

// Args are what sbatch gets for an array.
func (a Array) Args() []string {
	index := "--array=0-" + strconv.Itoa(a.Tasks-1)
	if a.AtOnce > 0 {
		index += "%" + strconv.Itoa(a.AtOnce)
	}
	args := []string{"--parsable", "--requeue", "--open-mode=append", "--job-name=" + a.Name, "--output=" + a.Output, "--chdir=" + a.Dir, index}
	return append(append(args, a.Options...), a.Script)
}

var jobID = regexp.MustCompile(`^[0-9]+$`)

// Submit hands an array over and returns the number of the job.
func Submit(ctx context.Context, a Array) (string, error) {
	out, err := call(ctx, "sbatch", a.Args()...)
	if err != nil {
		return "", err
	}
	id, _, _ := strings.Cut(strings.TrimSpace(out), ";") // ";CLUSTER" in a federation
	if !jobID.MatchString(id) {
		return "", &Error{"sbatch", "said " + strconv.Quote(out), errors.New("no job number")}
	}
	return id, nil
}

// Task is an entry of the queue.
type Task struct {
	Name  string // of the array
	Job   string
	Index int
	State string // PENDING, RUNNING, COMPLETING, ...
}

// Queue lists the tasks of arrays by their names: those that wait, run or are
// about to end. A task that ended is not listed.
func Queue(ctx context.Context, names []string) ([]Task, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out, err := call(ctx, "squeue", "--noheader", "--array", "--states=all", "--name="+strings.Join(names, ","), "--format=%j|%F|%K|%T")
	if err != nil {
		return nil, err
	}
	var list []Task
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 4 {
			return nil, &Error{"squeue", "said " + strconv.Quote(line), errors.New("not four fields")}
		}
		i, err := strconv.Atoi(f[2])
		if err != nil || ended[f[3]] {
			continue
		}
		list = append(list, Task{f[0], f[1], i, f[3]})
	}
	return list, nil
}

// ended are the states of tasks that are remembered and do nothing more. A
// preempted task that is to be requeued is PENDING again.
var ended = map[string]bool{"BOOT_FAIL": true, "CANCELLED": true, "COMPLETED": true, "DEADLINE": true, "FAILED": true, "NODE_FAIL": true,
	"OUT_OF_MEMORY": true, "PREEMPTED": true, "REVOKED": true, "TIMEOUT": true}
