package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"longtake/vqeval/corpus"
)

// corpusCheckCommand is a part of `vqeval corpus`.
func corpusCheckCommand() *cobra.Command {
	var o corpus.CheckOptions
	var asJSON, card, figures string
	cmd := &cobra.Command{
		Use:   "check DIR",
		Short: "Score a labelled corpus and say how right the scorer is",
		Long: "check scores the videos that DIR/" + corpus.ManifestName + " labels (motion is expected) and compares the\n" +
			"scores with the labels: for each kind of failure the area under the ROC curve and the average\n" +
			"precision with intervals over sources, what is found and falsely found at 0.5, the errors of\n" +
			"onset, period and region, ladders and variants, and other measures on the same videos.\n" +
			"What was measured is kept in DIR/" + corpus.ScoresName + ", so that a second run is quick; another build of\n" +
			"vqeval scores again. Exit status 1 if a video could not be scored.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Workers < 1 {
				return fmt.Errorf("-j %d: at least one worker is needed", o.Workers)
			}
			if o.CIOnly && cmd.Flags().Changed("split") {
				return errors.New("--ci is a part of both halves: leave --split out")
			}
			o.Progress = counting(cmd.ErrOrStderr(), "scored")
			c, err := corpus.Check(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			if err := writeCard(cmd.OutOrStdout(), c, asJSON, card, figures); err != nil {
				return failure{err}
			}
			if n := len(c.Errors); n > 0 {
				return failure{fmt.Errorf("%d videos could not be scored, the first is %s", n, c.Errors[0])}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Split, "split", corpus.Test, "which `HALF` is scored: dev, test or all (the subset for CI always is as well)")
	f.BoolVar(&o.CIOnly, "ci", false, "only the subset for CI, of both halves")
	f.IntVarP(&o.Workers, "jobs", "j", runtime.GOMAXPROCS(0), "videos that are scored at the same time")
	f.BoolVar(&o.NoBaselines, "no-baselines", false, "leave the other measures out")
	f.BoolVar(&o.Rescore, "rescore", false, "score again what was scored")
	f.BoolVar(&o.AnyBuild, "any-build", false, "use scores of the same version though another build of vqeval made them")
	f.StringVar(&asJSON, "json", "", "write the card as JSON to `FILE` (- for stdout, without the table)")
	f.StringVar(&card, "card", "", "write the card as Markdown to `FILE`")
	f.StringVar(&figures, "figures", "", "draw ROC curves, ladders, confusion and onset errors into `DIR`")
	return cmd
}

func writeCard(stdout io.Writer, c *corpus.Card, asJSON, card, figures string) error {
	if asJSON != "" && asJSON != "-" {
		if err := writeJSON(asJSON, c); err != nil {
			return err
		}
	}
	if card != "" {
		if err := writeFile(card, func(w io.Writer) error { return corpus.CardMarkdown(w, c) }); err != nil {
			return err
		}
	}
	if figures != "" {
		if err := os.MkdirAll(figures, 0o755); err != nil {
			return err
		}
		if err := c.SaveFigures(figures); err != nil {
			return err
		}
	}
	if asJSON == "-" {
		return encode(stdout, c, "  ")
	}
	return c.Table(stdout)
}
