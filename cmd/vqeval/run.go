package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"longtake/vqeval"
)

// Exit statuses.
const (
	done   = 0
	failed = 1 // the work failed, all or in part
	wrong  = 2 // the call or its input was wrong
)

// failure is an error that ends the program with status 1; every other ends it
// with 2, because what cannot be parsed or read is wrong input.
type failure struct{ err error }

func (f failure) Error() string { return f.err.Error() }
func (f failure) Unwrap() error { return f.err }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   "vqeval",
		Short: "Find temporal failures (freezes, loops) in videos",
		Long: "vqeval reads video files and says whether and from which frame on they freeze or loop.\n" +
			"It needs ffmpeg, no GPU and no weights.",
		Version:       vqeval.Version + " (profile " + vqeval.Profile + ")",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(evaluateCommand(), batchCommand(), compareCommand(), calibrateCommand(), corpusCommand())
	err := root.ExecuteContext(ctx)
	if err == nil {
		return done
	}
	fmt.Fprintln(stderr, "vqeval:", trimmed(err))
	var f failure
	if errors.As(err, &f) || ctx.Err() != nil {
		return failed
	}
	return wrong
}

// trimmed avoids "vqeval: vqeval: ...".
func trimmed(err error) string {
	s := err.Error()
	const own = "vqeval: "
	if len(s) > len(own) && s[:len(own)] == own {
		return s[len(own):]
	}
	return s
}
