package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"longtake/video"
	"longtake/vqeval/corpus"
)

func corpusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "corpus",
		Short: "The labelled failure corpus",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(corpusMakeCommand(), corpusCheckCommand())
	return cmd
}

func corpusMakeCommand() *cobra.Command {
	var o corpus.Options
	cmd := &cobra.Command{
		Use:   "make OUT",
		Short: "Render labelled failures and hard negatives",
		Long: "make renders procedural videos with known failures, and healthy ones that are easily mistaken\n" +
			"for failed, into a folder with a manifest.jsonl. Killed at any moment, the same command goes\n" +
			"on where it stopped.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Workers < 1 {
				return fmt.Errorf("-j %d: at least one worker is needed", o.Workers)
			}
			o.Progress = counting(cmd.ErrOrStderr(), "rendered")
			labels, err := corpus.Make(cmd.Context(), args[0], o)
			switch {
			case err == nil:
			case errors.Is(err, video.ErrFFmpegMissing), labels == nil:
				return err
			default:
				return failure{err}
			}
			if err := corpus.Summary(cmd.OutOrStdout(), labels); err != nil {
				return failure{err}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.IntSliceVar(&o.Editions, "edition", nil, fmt.Sprintf("which edition `N`, or several; each has sources of its own (default %v, with --ci the only one with that subset)", corpus.Editions()))
	f.BoolVar(&o.CI, "ci", false, "the small subset for CI only")
	f.StringVar(&o.Split, "split", "", "one half only: dev or test")
	f.StringVar(&o.Kind, "kind", "", "one kind of failure only, or healthy")
	f.StringVar(&o.Clips, "clips", "", "also apply the transforms to the videos of `DIR` (taken to be healthy)")
	f.IntVarP(&o.Workers, "jobs", "j", runtime.GOMAXPROCS(0), "videos that are rendered at the same time")
	return cmd
}

// counting shows a bar on a terminal, elsewhere a line now and then. what is
// done to the videos.
func counting(stderr io.Writer, what string) func(done, total int) {
	var bar *progressbar.ProgressBar
	start, said := time.Now(), time.Now()
	f, ok := stderr.(*os.File)
	terminal := ok && term.IsTerminal(int(f.Fd()))
	return func(done, total int) {
		if terminal {
			if bar == nil {
				bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(stderr), progressbar.OptionSetDescription(what),
					progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
			}
			_ = bar.Set(done)
			return
		}
		if time.Since(said) < 10*time.Second && done < total {
			return
		}
		said = time.Now()
		left := time.Since(start) / time.Duration(done) * time.Duration(total-done)
		fmt.Fprintf(stderr, "%d of %d videos %s, about %s left\n", done, total, what, left.Round(time.Second))
	}
}
