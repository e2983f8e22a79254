package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"longtake/bench"
	"longtake/bench/suites"
)

func (p *program) benchCommand() *cobra.Command {
	var suite string
	var asJSON bool
	var o suites.ScoreOptions
	cmd := &cobra.Command{
		Use:   "bench [--suite score] [FILE...]",
		Short: "Measure speed and memory",
		Long: `bench times what it has checked to be right, against a peer in the same run.

--suite score: what scoring a video costs beyond decoding it. The peer probes, decodes
and scales the same file to the same size with the same threads and throws the frames
away. Scorer and peer take turns; ratios are medians over the rounds, with their least
and largest. Without FILE it makes its own clips; --full adds one of 10,000 frames.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if suite != "score" {
				return usagef("bench: --suite %q: this version has: score", suite)
			}
			if o.Count < 1 {
				return usagef("bench: --count %d: want at least 1 round", o.Count)
			}
			o.Files, o.Log = args, p.stderr
			if self, err := os.Executable(); err == nil {
				o.Child = []string{self, "bench-peak", "--"}
			}
			records, err := suites.Score(cmd.Context(), o)
			if err != nil {
				return err
			}
			for i := range records {
				records[i].Engine = engine()
			}
			if asJSON {
				return p.jsonRecords(records)
			}
			return p.scoreTable(records)
		},
	}
	f := cmd.Flags()
	f.StringVar(&suite, "suite", "score", "what to measure: score")
	f.IntVar(&o.Count, "count", 5, "rounds")
	f.BoolVar(&o.Full, "full", false, "the long clips too: takes minutes")
	f.BoolVar(&asJSON, "json", false, "print records, one a line, with all samples")
	return cmd
}

// benchPeakCommand is the child process in which memory is measured.
func (p *program) benchPeakCommand() *cobra.Command {
	return &cobra.Command{
		Use: "bench-peak FILE", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return suites.ReportPeak(cmd.Context(), args[0], p.stdout)
		},
	}
}

func (p *program) jsonRecords(records []bench.Record) error {
	enc := json.NewEncoder(p.stdout)
	for _, r := range records {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) scoreTable(records []bench.Record) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "clip\tframes\tscore (s)\tdecode (s)\twall ratio\tCPU ratio\tpeak memory\tn")
	for _, r := range records {
		var b suites.ScoreBench
		if err := json.Unmarshal(r.Bench, &b); err != nil {
			return err
		}
		peak := "not measured"
		if v, ok := r.Metric(bench.PeakRSSBytes); ok {
			peak = fmt.Sprintf("%.0f MB", v/1e6)
		}
		fmt.Fprintf(w, "%s\t%d\t%.2f\t%.2f\t%s\t%s\t%s\t%d\n", b.Clip, b.Frames, r.Metrics[bench.ScoreSeconds], r.Metrics[bench.DecodeSeconds],
			spread(r, suites.ScoreWallRatio), spread(r, suites.ScoreCPURatio), peak, b.Rounds)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range records {
		for _, s := range r.Warnings {
			fmt.Fprintln(p.stderr, "warning:", s)
		}
	}
	return nil
}

// spread is the median of a metric with its least and largest sample.
func spread(r bench.Record, name string) string {
	v, ok := r.Metric(name)
	s := r.Samples[name]
	if !ok || len(s) == 0 {
		return "not measured"
	}
	return fmt.Sprintf("%.3f (%.3f-%.3f)", v, slices.Min(s), slices.Max(s))
}
