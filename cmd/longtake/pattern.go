package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"longtake/lvsa"
)

func (p *program) patternCommand() *cobra.Command {
	d := lvsa.DefaultPatternParams(0, 21)
	q := d
	var interval, schedule string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "pattern --latent-frames T",
		Short: "Show which latent frames attend to which in LVSA",
		Long: `Prints the LVSA pattern of one sampling step, computed as the parameters say,
without a short cut at the reference horizon. All numbers are latent frames.
In the picture, a row is a query frame and a column a key frame: # is an anchor,
o a frame of the window, . is not attended.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("latent-frames") {
				return usagef("pattern: no length: add --latent-frames T (a video of F frames has (F-1)/4+1)")
			}
			var err error
			if q.Interval, err = lvsa.ParseInterval(interval); err != nil {
				return input(err)
			}
			q.Schedule = lvsa.Rotation(schedule)
			pattern, err := lvsa.ComputePattern(q)
			if err != nil {
				return input(err)
			}
			if asJSON {
				return json.NewEncoder(p.stdout).Encode(pattern)
			}
			_, err = fmt.Fprintf(p.stdout, "%s\n\n%s", pattern, pattern.Picture())
			return err
		},
	}
	f := cmd.Flags()
	f.IntVar(&q.LatentFrames, "latent-frames", 0, "length of the video, T")
	f.IntVar(&q.Window, "window", d.Window, "half-width of the window, W; 0 leaves the anchors alone")
	f.IntVar(&q.First, "first", d.First, "leading frames that are anchors, N")
	f.IntVar(&q.Reference, "reference", d.Reference, "training horizon, R; the automatic interval needs it")
	f.Float64Var(&q.Scale, "scale", d.Scale, "sparsity scale: the budget is R times S frames")
	f.StringVar(&interval, "interval", "auto", "distance of periodic anchors: auto, none or a number")
	f.BoolVar(&q.Fixed, "fixed", false, "anchors stay at offset 0 instead of rotating with the steps")
	f.StringVar(&schedule, "schedule", string(lvsa.Exact), "of rotating anchors: exact, or lag1 as in the published script")
	f.BoolVar(&q.NoExpand, "no-expand", false, "windows may overlap anchors instead of growing past them")
	f.IntVar(&q.Step, "step", 0, "sampling step, from 0")
	f.BoolVar(&asJSON, "json", false, "print kfi, anchors, windows, attended and fraction as JSON")
	return cmd
}
