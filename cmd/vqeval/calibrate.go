package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"longtake/vqeval"
)

// presetsFlag adds --presets; its file is read when the flag is parsed, so that
// a bad one is an error of the call.
func presetsFlag(cmd *cobra.Command, o *vqeval.Options) {
	cmd.Flags().Var(setter{"FILE", func(path string) (err error) { o.Presets, err = vqeval.ReadPresets(path); return err }}, "presets",
		"use the decision points of `FILE`, which calibrate has written")
}

func calibrateCommand() *cobra.Command {
	var o vqeval.Options
	var dataset, output, name string
	var workers int
	var sensitive bool
	cmd := &cobra.Command{
		Use:   "calibrate --dataset DIR -o presets.json",
		Short: "Set decision points from healthy videos of your own",
		Long: "calibrate measures videos that are known to be healthy and raises the decision point of each\n" +
			"kind of failure that it would wrongly find in them; the others stay. evaluate, batch and compare\n" +
			"use the file with --presets. The false-alarm rate after it is that of videos which the decision\n" +
			"points were not made from: each is judged by what the others demand. It holds for videos like\n" +
			"these, and is too good where several of them show the same scene.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case dataset == "":
				return errors.New("calibrate: --dataset DIR is needed: a folder of healthy videos")
			case workers < 1:
				return fmt.Errorf("-j %d: at least one worker is needed", workers)
			}
			paths, err := walk(dataset)
			if err != nil {
				return err
			}
			if len(paths) < vqeval.MinCalibration {
				return fmt.Errorf("calibrate: %d videos in %s, at least %d healthy ones are needed", len(paths), dataset, vqeval.MinCalibration)
			}
			clips, broken, err := measure(cmd.Context(), paths, o, workers, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if name == "" {
				name = strings.TrimSuffix(filepath.Base(output), filepath.Ext(output))
			}
			p, err := vqeval.Calibrate(name, clips, o.ExpectMotion, sensitive)
			if err != nil {
				return err
			}
			if err := writeJSON(output, p); err != nil {
				return failure{err}
			}
			if err := explain(cmd.OutOrStdout(), p, output); err != nil {
				return failure{err}
			}
			if broken > 0 {
				return failure{fmt.Errorf("%d of %d videos could not be measured and are left out", broken, len(paths))}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&dataset, "dataset", "", "the folder of healthy videos (with the folders in it)")
	f.StringVarP(&output, "output", "o", "presets.json", "write the presets to `FILE`")
	f.StringVar(&name, "name", "", "their name in reports (default: the file's)")
	f.BoolVar(&sensitive, "sensitive", false, fmt.Sprintf("decision points may also fall, down to %g", vqeval.SensitiveFloor))
	f.BoolVar(&o.ExpectMotion, "expect-motion", false, "a shot that is static from its start is a failure")
	f.IntVarP(&workers, "jobs", "j", defaultJobs(), "videos that are measured at the same time")
	return cmd
}

// measure takes the evidence of all clips; those that cannot be read are named
// on stderr and counted.
func measure(ctx context.Context, paths []string, o vqeval.Options, workers int, stderr io.Writer) ([]*vqeval.Healthy, int, error) {
	all := make([]*vqeval.Healthy, len(paths))
	errs := make([]error, len(paths))
	bar := progress(stderr, len(paths))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(workers, len(paths)) {
		wg.Go(func() {
			for i := range next {
				all[i], errs[i] = vqeval.Measure(ctx, paths[i], o)
				_ = bar.Add(1)
			}
		})
	}
	for i := range paths {
		next <- i
	}
	close(next)
	wg.Wait()
	_ = bar.Finish()
	if ctx.Err() != nil {
		return nil, 0, failure{context.Cause(ctx)}
	}
	var clips []*vqeval.Healthy
	broken := 0
	for i, h := range all {
		if errs[i] != nil {
			broken++
			fmt.Fprintf(stderr, "%s: %s\n", oneLine(paths[i]), oneLine(errs[i].Error()))
			continue
		}
		clips = append(clips, h)
	}
	return clips, broken, nil
}

// explain says what changed and what the data can show.
func explain(w io.Writer, p *vqeval.Presets, path string) error {
	c := p.Calibration
	var b strings.Builder
	fmt.Fprintf(&b, "%d healthy videos, judged by %s %s (%s)\n", c.Clips, p.Scorer.Name, p.Scorer.Version, p.Scorer.Profile)
	rate := func(label string, f vqeval.FalseAlarms) {
		fmt.Fprintf(&b, "false alarms %s: %d of %d videos (%.1f %%, 95 %% interval %.1f to %.1f %%)", label, f.Alarms, f.Clips, 100*f.Rate, 100*f.Low, 100*f.High)
		for _, k := range vqeval.Kinds {
			if n := f.ByKind[k]; n > 0 {
				fmt.Fprintf(&b, ", %s %d", k, n)
			}
		}
		b.WriteByte('\n')
	}
	rate("before", c.Before)
	rate("after, each judged by the others", c.After)
	for _, ch := range c.Changes {
		fmt.Fprintf(&b, "%s: decision point %.2f -> %.2f (%d videos)", ch.Kind, ch.Before, ch.After, ch.Clips)
		if ch.Clip != "" {
			fmt.Fprintf(&b, ", because of %s with %.2f", oneLine(ch.Clip), ch.Raised)
		}
		switch {
		case ch.Raised >= ch.After:
			b.WriteString("; it is found all the same")
		case ch.Raised >= 0.75:
			b.WriteString("; that is strong evidence: look whether it is healthy, for such failures are missed from now on")
		}
		b.WriteByte('\n')
	}
	if len(c.Changes) == 0 {
		b.WriteString("no decision point needs to move: the presets change nothing\n")
	}
	fmt.Fprintf(&b, "With %d videos no false-alarm rate below %.1f %% can be shown (rule of three", c.Clips, 100*c.Bound)
	if n := 150; c.Clips < n {
		fmt.Fprintf(&b, "; 2 %% needs %d", n)
	}
	fmt.Fprintf(&b, ").\nwritten to %s\n", path)
	_, err := io.WriteString(w, b.String())
	return err
}
