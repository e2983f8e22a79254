package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"longtake/internal/atomicfile"
	"longtake/vqeval"
)

func evaluateCommand() *cobra.Command {
	var o vqeval.Options
	var report, curves string
	var asJSON bool
	var pics pictureFlags
	cmd := &cobra.Command{
		Use:   "evaluate VIDEO",
		Short: "Score one video",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := pics.check(); err != nil {
				return err
			}
			r, c, err := vqeval.Evaluate(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			for _, w := range r.Warnings {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning:", oneLine(w))
			}
			if report != "" {
				if err := writeJSON(report, r); err != nil {
					return failure{err}
				}
			}
			if curves != "" {
				if err := writeJSON(curves, c); err != nil {
					return failure{err}
				}
			}
			if err := pics.one(cmd.Context(), r, c, cmd.ErrOrStderr()); err != nil {
				return failure{err}
			}
			if asJSON {
				err = encode(cmd.OutOrStdout(), r, "  ")
			} else {
				err = table(cmd.OutOrStdout(), r)
			}
			if err != nil {
				return failure{err}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVarP(&report, "output", "o", "", "write the report as JSON to `FILE`")
	f.StringVar(&curves, "curves", "", "write motion energy, variogram and self-similarity as JSON to `FILE`")
	f.StringVar(&o.Prompt, "prompt", "", "the prompt that the video was made from (no score of this version uses it)")
	f.BoolVar(&o.ExpectMotion, "expect-motion", false, "a shot that is static from its start is a failure")
	scoreFlags(cmd, &o)
	f.BoolVar(&asJSON, "json", false, "print the report as JSON")
	pics.register(f, false)
	return cmd
}

func encode(w io.Writer, v any, indent string) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	return e.Encode(v)
}

// writeJSON writes beside the file's place, syncs and renames.
func writeJSON(path string, v any) error {
	return writeFile(path, func(w io.Writer) error { return encode(w, v, "  ") })
}

func writeFile(path string, write func(io.Writer) error) error {
	if err := atomicfile.Write(path, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// table prints a report for people.
func table(w io.Writer, r *vqeval.Report) error {
	m := r.VideoMeta
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s  %dx%d, %d frames, %.4g Hz, %s\n\n", r.VideoPath, m.Width, m.Height, m.TotalFrames, m.FPS, m.Codec)
	fmt.Fprintln(t, "failure\tseverity\tshare\tframes\tdetail")
	for _, k := range vqeval.Kinds {
		f, ok := r.Failures[k]
		switch {
		case !ok:
		case !f.Found():
			fmt.Fprintf(t, "%s\t%.2f\t-\t-\t\n", k, f.Severity)
		default:
			fmt.Fprintf(t, "%s\t%.2f\t%.0f %%\t%d-%d\t%s\n", k, f.Severity, 100*f.Share, f.OnsetFrame, f.EndFrame, detail(f))
		}
	}
	p := painter(w)
	fmt.Fprintln(t, "\ndimension\tscore\tverdict")
	for _, n := range vqeval.DimensionNames {
		if d, ok := r.Dimensions[n]; ok {
			fmt.Fprintln(t, p.row(ofVerdict(d.Score), n, fmt.Sprintf("%.1f", d.Score), d.Verdict))
		}
	}
	if r.CompositeScore != nil {
		fmt.Fprintln(t, p.row(ofVerdict(*r.CompositeScore), "composite", points(r), fmt.Sprintf("%s (over %s)", r.CompositeVerdict, strings.Join(r.CompositeOver, ", "))))
	} else {
		fmt.Fprintf(t, "composite\t-\t%s\n", r.NotAssessed["composite_score"])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, f := range r.Findings {
		fmt.Fprintln(w, f.Text)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(w, "no finding")
	}
	fmt.Fprintf(w, "motion plateau %s", plateau(r, "%.2f grey levels"))
	if r.Facts.Static {
		fmt.Fprint(w, ", static")
	}
	if p := r.Facts.PeriodicMotion; p != nil {
		fmt.Fprintf(w, ", periodic motion (%.0f frames)", *p)
	}
	if n := len(r.Facts.Cuts); n > 0 {
		fmt.Fprintf(w, ", cuts at %v", r.Facts.Cuts)
	}
	_, err := fmt.Fprintf(w, "\nscored by %s in %.2f s; --json lists what is not assessed\n", scorerName(r.Scorer), r.ElapsedSeconds)
	return err
}

func ofVerdict(score float64) colour {
	switch {
	case score >= 70:
		return green
	case score >= 30:
		return yellow
	}
	return red
}

func detail(f vqeval.Failure) string {
	switch {
	case f.CycleFrames > 0:
		return fmt.Sprintf("%s, cycle of %d frames", f.Cause, f.CycleFrames)
	case f.Cause != "":
		return f.Cause
	case f.PeriodFrames > 0:
		return fmt.Sprintf("period %d frames, %d x", f.PeriodFrames, f.Repeats)
	}
	return ""
}
