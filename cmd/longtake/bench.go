package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"longtake/bench"
	"longtake/bench/suites"
)

func (p *program) benchCommand() *cobra.Command {
	var suite, peers, only string
	var asJSON, full bool
	var count int
	var least time.Duration
	cmd := &cobra.Command{
		Use:   "bench [--suite attention|gemm|step|score] [FILE...]",
		Short: "Measure speed and memory",
		Long: `bench times what it has checked to be right, against peers in the same run: what
disagrees has no time. Whatever is compared takes turns, in the same rounds and as
often; ratios are medians of those of every round. It prints a line of Go's benchmark
format per sample, then tables.

--suite attention: dense attention, and LVSA and UltraViCo against dense.
--suite gemm: matrix products with packed weights.
Both check samples against float64 first. Shares are of the rate of multiply-adds from
registers, measured around every sample with as many cores; the roofline is the least
of that and of what a copy moves. A case takes --count rounds, or as many more as let
the samples of each kernel last --time in all, up to 40; of the largest shapes it takes
two. Cases run on one core and on all; --full adds the large shapes (1560 tokens a
frame) on all cores: with peers some eleven minutes on two. --peers
runs PyTorch (flex_attention with LVSA's mask as well), ONNX Runtime and OpenBLAS
beside, in as many threads: bench/peers.

--suite step: whole generations of the built-in model, dense and LVSA, at 1, 2, 4 and
6 times its horizon, with peak memory, the speed-up and its bound 1/(1-a+af), a the
share of attention in dense time and f the attended fraction; and every variant of the
kernels against the generic one, with latents that must agree, hashes and findings.

--suite score: what scoring a video costs beyond decoding it. The peer probes, decodes
and scales the same file to the same size with the same threads and throws the frames
away; ratios come with their least and largest. Without FILE it makes its own clips;
--full adds one of 10,000 frames.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			run, ok := map[string]func(context.Context, suites.KernelOptions) ([]bench.Record, error){
				"attention": suites.Attention, "gemm": suites.GEMM,
			}[suite]
			if !ok && suite != "score" && suite != "step" {
				return usagef("bench: --suite %q: want attention, gemm, step or score", suite)
			}
			if least <= 0 {
				return usagef("bench: --time %v: want more than 0", least)
			}
			if count < 1 {
				return usagef("bench: --count %d: want at least 1 round", count)
			}
			if suite != "score" && len(args) > 0 {
				return usagef("bench: --suite %s takes no files", suite)
			}
			var records []bench.Record
			var err error
			table := p.scoreTable
			self, selfErr := os.Executable()
			switch {
			case suite == "step":
				o := suites.StepOptions{Count: count, Variant: p.kernels, Workers: p.workers, Only: only, Log: p.stderr}
				if selfErr == nil {
					o.Child = []string{self, "--kernels=" + p.kernels, "--workers=" + strconv.Itoa(p.workers), "bench-peak-step", "--"}
				}
				records, err = suites.Step(cmd.Context(), o)
				table = p.stepTable
			case ok:
				o := suites.KernelOptions{Count: count, Seconds: least.Seconds(), Full: full, Variant: p.kernels, Only: only, Log: p.stderr}
				if peers != "" {
					o.Peers = []string{peers}
				}
				records, err = run(cmd.Context(), o)
				table = p.kernelTables
			default:
				o := suites.ScoreOptions{Count: count, Full: full, Files: args, Log: p.stderr}
				if selfErr == nil {
					o.Child = []string{self, "bench-peak", "--"}
				}
				records, err = suites.Score(cmd.Context(), o)
			}
			// What was finished before an error or an interruption is not lost.
			if len(records) == 0 {
				return err
			}
			for i := range records {
				records[i].Engine = engine()
			}
			if asJSON {
				table = p.jsonRecords
			}
			return errors.Join(err, table(records))
		},
	}
	f := cmd.Flags()
	f.StringVar(&suite, "suite", "attention", "what to measure: attention, gemm, step, score")
	f.IntVar(&count, "count", 5, "rounds, at least")
	f.DurationVar(&least, "time", 1500*time.Millisecond, "what the samples of each kernel last in all, at least, by more rounds up to 40 (attention, gemm)")
	f.BoolVar(&full, "full", false, "the large cases too: takes long")
	f.BoolVar(&asJSON, "json", false, "print records, one a line, with all samples")
	f.StringVar(&only, "only", "", "the cases whose name holds this, such as \"x 1560\" (not for score)")
	f.StringVar(&peers, "peers", "", "script that runs the peers, such as bench/peers/run.sh; empty is none")
	return cmd
}

// kernelTables prints samples as Go benchmark lines, then the tables.
func (p *program) kernelTables(records []bench.Record) error {
	if err := suites.GoLines(p.stdout, records); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout)
	return suites.KernelTables(p.stdout, records, suites.Text)
}

// stepTable prints samples as Go benchmark lines, then the tables.
func (p *program) stepTable(records []bench.Record) error {
	if err := suites.GoLines(p.stdout, records); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout)
	return suites.StepTable(p.stdout, records, suites.Text)
}

// benchPeakStepCommand is the child process in which the memory of a generation
// is measured.
func (p *program) benchPeakStepCommand() *cobra.Command {
	return &cobra.Command{
		Use: "bench-peak-step RATIO METHOD", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ratio, err := strconv.Atoi(args[0])
			if err != nil || ratio < 1 {
				return usagef("bench-peak-step %s: want a whole number from 1", args[0])
			}
			return suites.ReportStepPeak(cmd.Context(), p.kernels, args[1], ratio, p.workers, p.stdout)
		},
	}
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
