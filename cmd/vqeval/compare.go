package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"longtake/video"
	"longtake/vqeval"
	"longtake/vqeval/compare"
)

func compareCommand() *cobra.Command {
	var o vqeval.Options
	var output string
	var workers int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "Set two videos, or two folders of videos, against each other",
		Long: "compare scores two videos, or the pairs of two folders: equal names, or names of the form\n" +
			"{model}__{method}__{horizon}__{prompt}[__{seed}] that are equal but for the method. It lists the\n" +
			"failures side by side, PSNR and SSIM of the pictures where both videos are healthy and have the\n" +
			"same size, rate and length, and who wins: with a bootstrap over prompts (over pairs where names\n" +
			"tell no prompt) and the smallest difference that so many could show.",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if workers < 1 {
				return fmt.Errorf("-j %d: at least one worker is needed", workers)
			}
			pairs, rest, single, err := match(args[0], args[1])
			if err != nil {
				return err
			}
			bar := progress(cmd.ErrOrStderr(), len(pairs))
			results := compare.Run(cmd.Context(), pairs, o, workers, func() { _ = bar.Add(1) })
			_ = bar.Finish()
			if err := context.Cause(cmd.Context()); err != nil {
				return failure{err}
			}
			if single && results[0].Err != nil {
				return results[0].Err
			}
			if errors.Is(results[0].Err, video.ErrFFmpegMissing) {
				return results[0].Err
			}
			r := compare.Report{
				Schema: compare.Schema, Scorer: scorerOf(results), Pairs: results, Unpaired: rest, Summary: compare.Summarise(results),
			}
			if output != "" {
				if err := writeFile(output, func(w io.Writer) error { return pairsCSV(w, results) }); err != nil {
					return failure{err}
				}
			}
			if asJSON {
				err = encode(cmd.OutOrStdout(), r, "  ")
			} else {
				err = pairsTable(cmd.OutOrStdout(), r, single)
			}
			if err != nil {
				return failure{err}
			}
			bad := 0
			for _, p := range results {
				if p.Err != nil {
					bad++
				}
			}
			if bad > 0 {
				return failure{fmt.Errorf("%d of %d pairs could not be scored: see their error", bad, len(results))}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "", "write one row a pair as CSV to `FILE`")
	f.IntVarP(&workers, "jobs", "j", defaultJobs(), "pairs that are scored at the same time")
	f.BoolVar(&o.ExpectMotion, "expect-motion", false, "a shot that is static from its start is a failure")
	scoreFlags(cmd, &o)
	f.BoolVar(&asJSON, "json", false, "print everything as JSON, per-frame fidelity included")
	return cmd
}

// match pairs two files, or the videos of two folders.
func match(a, b string) (pairs []compare.Match, rest []compare.Unpaired, single bool, err error) {
	rest = []compare.Unpaired{}
	sa, err := os.Stat(a)
	if err != nil {
		return nil, nil, false, fmt.Errorf("compare: %w", err)
	}
	sb, err := os.Stat(b)
	if err != nil {
		return nil, nil, false, fmt.Errorf("compare: %w", err)
	}
	if sa.IsDir() != sb.IsDir() {
		return nil, nil, false, fmt.Errorf("compare: %s and %s: give two files or two folders", a, b)
	}
	if !sa.IsDir() {
		return []compare.Match{{A: a, B: b, Unit: a}}, rest, true, nil
	}
	var sides [2][]string
	for i, dir := range [2]string{a, b} {
		paths, err := walk(dir)
		if err != nil {
			return nil, nil, false, err
		}
		for _, p := range paths {
			rel, err := filepath.Rel(dir, p)
			if err != nil {
				return nil, nil, false, fmt.Errorf("compare: %w", err)
			}
			sides[i] = append(sides[i], rel)
		}
	}
	pairs, unpaired := compare.Pair(sides[0], sides[1])
	if len(pairs) == 0 {
		return nil, nil, false, fmt.Errorf("compare: no video of %s (%d) has a partner of the same name in %s (%d)", a, len(sides[0]), b, len(sides[1]))
	}
	for i, p := range pairs {
		pairs[i].A, pairs[i].B = filepath.Join(a, p.A), filepath.Join(b, p.B)
	}
	return pairs, append(rest, unpaired...), false, nil
}

func scorerOf(results []compare.Result) vqeval.Scorer {
	for _, r := range results {
		if r.ReportA != nil {
			return r.ReportA.Scorer
		}
	}
	return vqeval.Scorer{Name: "vqeval", Version: vqeval.Version, Profile: vqeval.Profile}
}

func pairsTable(w io.Writer, r compare.Report, single bool) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range r.Pairs {
		fmt.Fprintf(t, "A %s\nB %s\n", oneLine(p.A), oneLine(p.B))
		if p.Err != nil {
			fmt.Fprintf(t, "  error: %s\n\n", oneLine(p.Error))
			continue
		}
		fmt.Fprintln(t, "  \tA\tB")
		fmt.Fprintf(t, "  composite\t%s\t%s\n", points(p.ReportA), points(p.ReportB))
		for _, k := range vqeval.Kinds {
			a, okA := p.ReportA.Failures[k]
			b, okB := p.ReportB.Failures[k]
			// A folder's table keeps to what was found.
			if (okA || okB) && (single || a.Found() || b.Found()) {
				fmt.Fprintf(t, "  %s\t%s\t%s\n", k, place(a, okA), place(b, okB))
			}
		}
		fmt.Fprintf(t, "  %s\n\n", fidelity(p))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, u := range r.Unpaired {
		fmt.Fprintf(w, "unpaired (%s): %s: %s\n", u.Side, oneLine(u.Path), u.Reason)
	}
	if !single {
		if err := summaryTable(w, r.Summary); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "scored by %s\n", scorerName(r.Scorer))
	return err
}

func scorerName(s vqeval.Scorer) string {
	out := fmt.Sprintf("%s %s (%s)", s.Name, s.Version, s.Profile)
	if s.Presets != nil {
		out += fmt.Sprintf(" with presets %s %s", s.Presets.Name, s.Presets.SHA256)
	}
	return out
}

func points(r *vqeval.Report) string {
	if r.CompositeScore == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", *r.CompositeScore)
}

func place(f vqeval.Failure, ok bool) string {
	switch {
	case !ok:
		return "-"
	case !f.Found():
		return fmt.Sprintf("%.2f", f.Severity)
	}
	return fmt.Sprintf("%.2f, %.0f %% of the video, %d-%d", f.Severity, 100*f.Share, f.OnsetFrame, f.EndFrame)
}

func fidelity(p compare.Result) string {
	f := p.Fidelity
	if f == nil {
		return "pictures not compared: " + oneLine(p.NoFidelity)
	}
	s := fmt.Sprintf("pictures of %d frames: ", f.Frames)
	if f.PSNR == nil {
		return s + "identical"
	}
	s += fmt.Sprintf("PSNR %.2f dB", *f.PSNR)
	if f.SSIM != nil {
		s += fmt.Sprintf(", SSIM %.4f", *f.SSIM)
	}
	if f.Identical > 0 {
		s += fmt.Sprintf(", %d identical", f.Identical)
	}
	if f.PartFrame == nil {
		return s + fmt.Sprintf("; never below %.0f dB for half a second", f.PartBelow)
	}
	return s + fmt.Sprintf("; they part from frame %d on (below %.0f dB)", *f.PartFrame, f.PartBelow)
}

func summaryTable(w io.Writer, all []compare.Summary) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "over all pairs\tunit\tpairs (units)\tA\tB\tB-A [95 %]\tB wins/ties/A wins\tsign test\tsmallest difference that shows (80 % power)")
	for _, s := range all {
		if s.Pairs == 0 {
			fmt.Fprintf(t, "%s\t%s\t0\t-\t-\t%s\n", s.Metric, s.Unit, s.Reason)
			continue
		}
		between := "~ (" + s.Reason + ")"
		if s.Low != nil {
			between = fmt.Sprintf("[%+.3g, %+.3g]", *s.Low, *s.High)
			if !s.Different {
				between = "~ " + between
			}
		}
		sign := "-"
		if s.SignP != nil {
			sign = fmt.Sprintf("p %.3g of %d", *s.SignP, s.SignUnits)
			if s.SignNeeds == 0 {
				sign += fmt.Sprintf(", need %d", compare.MinUnits)
			}
		}
		least := "-"
		if s.Detectable != nil {
			least = fmt.Sprintf("%.3g", *s.Detectable)
			if s.UnitsNeeded != nil && *s.UnitsNeeded > s.Units {
				least += fmt.Sprintf("; need %d for %.3g", *s.UnitsNeeded, s.Difference)
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%d (%d)\t%.3g\t%.3g\t%+.3g %s\t%d/%d/%d\t%s\t%s\n", s.Metric, s.Unit, s.Pairs, s.Units, s.MeanA, s.MeanB,
			s.Difference, between, s.WinsB, s.Ties, s.WinsA, sign, least)
	}
	return t.Flush()
}

func pairsCSV(w io.Writer, results []compare.Result) error {
	c := csv.NewWriter(w)
	head := []string{"a", "b", "unit", "error", "psnr_db", "ssim", "identical_frames", "part_frame", "fidelity_absent", "a.composite", "b.composite"}
	for _, k := range vqeval.Kinds {
		for _, side := range []string{"a.", "b."} {
			head = append(head, side+k+".severity", side+k+".share", side+k+".onset_frame")
		}
	}
	if err := c.Write(head); err != nil {
		return err
	}
	for _, r := range results {
		row := []string{r.A, r.B, r.Unit, oneLine(r.Error), "", "", "", "", r.NoFidelity, "", ""}
		if f := r.Fidelity; f != nil {
			row[4], row[5], row[6] = optional(f.PSNR), optional(f.SSIM), strconv.Itoa(f.Identical)
			if f.PartFrame != nil {
				row[7] = strconv.Itoa(*f.PartFrame)
			}
		}
		both := r.ReportA != nil && r.ReportB != nil
		if both {
			row[9], row[10] = optional(r.ReportA.CompositeScore), optional(r.ReportB.CompositeScore)
		}
		for _, k := range vqeval.Kinds {
			for _, v := range []*vqeval.Report{r.ReportA, r.ReportB} {
				f, ok := vqeval.Failure{}, false
				if both {
					f, ok = v.Failures[k]
				}
				if !ok {
					row = append(row, "", "", "")
					continue
				}
				row = append(row, number(f.Severity), number(f.Share), onset(f))
			}
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// optional is an empty cell for a number that was not measured.
func optional(v *float64) string {
	if v == nil {
		return ""
	}
	return number(*v)
}
