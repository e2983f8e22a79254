package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"longtake/bench/gate"
	"longtake/internal/slurm"
	"longtake/kernels/all"
	"longtake/lvsa"
	"longtake/sweeps"
	"longtake/video"
)

// version is that of the program; a build may set it with -ldflags.
var version = "0.1.0"

// Exit statuses.
const (
	statusDone   = 0
	statusFailed = 1 // the work failed, all or in part
	statusUsage  = 2 // the call or its input was wrong
	statusNoSay  = 3 // a gate could not judge
)

// usageError is a mistake in the call or in what it was given.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// input marks an error as one of the input; nil stays nil.
func input(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err}
}

// exitStatus prints what went wrong and says what the process ends with.
func exitStatus(err error, stderr io.Writer) int {
	if err == nil {
		return statusDone
	}
	fmt.Fprintf(stderr, "longtake: %v\n", err)
	var verdict *gateError
	if errors.As(err, &verdict) && verdict.outcome == gate.CannotJudge {
		return statusNoSay
	}
	var usage *usageError
	var spec *sweeps.SpecError
	var method *lvsa.SpecError
	var setup *sweeps.SetupError
	if errors.As(err, &setup) || errors.As(err, &usage) || errors.As(err, &spec) || errors.As(err, &method) || errors.Is(err, video.ErrFFmpegMissing) || errors.Is(err, slurm.ErrMissing) {
		return statusUsage
	}
	return statusFailed
}

// program is what the commands share.
type program struct {
	stdout, stderr io.Writer
	kernels        string
	workers        int
	started        bool // the call was understood and a command runs
}

func (p *program) options() all.Options { return all.Options{Workers: p.workers, Kernels: p.kernels} }

func (p *program) env() sweeps.Env {
	return sweeps.Env{Kernels: p.options(), Open: openModel}
}

// engine is the version that records carry.
func engine() string { return "longtake " + version }

// run is the whole program but for signals and the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	p := &program{stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use:   "longtake",
		Short: "Which method keeps a long generated video alive, and what does it cost?",
		Long: `longtake makes a video diffusion model generate longer than it was trained for,
with dense attention, RIFLEx, UltraViCo, LVSA and others, scores every video for
freezing, looping and other temporal failures, and reports tables and figures.

Results go to stdout, progress and messages to stderr.
Exit status: 0 done; 1 the work failed, all or in part; 2 the call or its input was wrong;
3 a gate could not judge.`,
		Version:       version + revision(),
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if p.workers < 0 {
				return usagef("--workers %d: want 0 (one per core) or more", p.workers)
			}
			p.started = true
			return nil
		},
	}
	root.PersistentFlags().StringVar(&p.kernels, "kernels", "", "force a kernel variant: generic, avx2, avx512 (or the environment variable LONGTAKE_KERNELS)")
	root.PersistentFlags().IntVar(&p.workers, "workers", 0, "goroutines that compute; 0 is one per core")
	root.AddCommand(p.sweepCommand(), p.taskCommand(), p.generateCommand(), p.patternCommand(), p.reportCommand(), p.rescoreCommand(), p.methodsCommand(), p.referencesCommand(), p.benchCommand(), p.benchPeakCommand(), p.benchPeakStepCommand(), p.replayCommand(), p.gateCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && !p.started {
		return usagef("%w; see longtake --help", err)
	}
	return err
}

// revision is the commit of the build in brackets, where it is known.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return " (" + s.Value[:12] + ")"
		}
	}
	return ""
}
