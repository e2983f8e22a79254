package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"longtake/internal/atomicfile"
	"longtake/reports"
	"longtake/sweeps"
)

func (p *program) sweepCommand() *cobra.Command {
	var dir string
	var force, wait, dry bool
	cmd := &cobra.Command{
		Use:   "sweep SPEC.yaml -o DIR",
		Short: "Run or resume a grid of generations, score the videos and report",
		Long: `Runs every cell of the grid that is not done in DIR, scores each video from the
file that was written, and rebuilds DIR/report. Killed at any moment, the same
command goes on where it stopped; several runners may share DIR.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir == "" && !dry {
				return usagef("sweep: no folder for the results: add -o DIR")
			}
			if info, err := os.Stat(dir); dir != "" && err == nil && !info.IsDir() {
				return usagef("sweep: -o %s is a file: name a folder (it is made where it is missing)", dir)
			}
			spec, err := sweeps.ReadSpec(args[0])
			if err != nil {
				return err
			}
			plan, err := sweeps.NewPlan(cmd.Context(), spec, p.env())
			if err != nil {
				if cmd.Context().Err() != nil {
					return err
				}
				return input(err)
			}
			if dry {
				return p.listCells(plan, dir)
			}
			bar := newProgress(p.stderr)
			for _, w := range plan.Warnings {
				bar.Message(w)
			}
			sum, err := sweeps.Run(cmd.Context(), plan, sweeps.Options{Dir: dir, Force: force, Wait: wait, Progress: bar, Version: engine()})
			bar.Message(sum.String())
			if sum.Times.Generating > 0 {
				bar.Message(sum.Times.String())
			}
			if sum.Busy > 0 && plan.Spec.Executor.Slurm == nil {
				bar.Message(fmt.Sprintf("%d cells are with other runners; --wait stays until they are done", sum.Busy))
			}
			var failed *sweeps.FailedError
			if err != nil && !errors.As(err, &failed) {
				return err
			}
			if sum.Busy > 0 && sum.Before+sum.Ran+len(sum.Failures)+len(sum.Results) == 0 {
				return nil // nothing to report yet
			}
			// The spec's relative paths only resolve where it stands, so a later report needs the command.
			if werr := atomicfile.WriteBytes(filepath.Join(dir, commandFile), fmt.Appendf(nil, "longtake sweep %s -o %s\n", args[0], dir)); werr != nil {
				return errors.Join(err, werr)
			}
			rerr := p.report(cmd.Context(), dir, reports.Options{Cells: len(plan.Cells)})
			return errors.Join(err, rerr)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&dir, "output", "o", "", "folder of the results")
	f.BoolVar(&dry, "dry-run", false, "list the cells and what they cost, run nothing")
	f.BoolVar(&force, "force", false, "run finished cells again")
	f.BoolVar(&wait, "wait", false, "stay until the cells that other runners work on are done")
	return cmd
}

// taskCommand is what a task of Slurm runs; people use sweep.
func (p *program) taskCommand() *cobra.Command {
	task := 0
	cmd := &cobra.Command{
		Use:    "sweep-task BATCH --task N",
		Short:  "Run one task of a sweep that was handed to Slurm",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newProgress(p.stderr)
			sum, err := sweeps.RunTask(cmd.Context(), args[0], task, sweeps.Options{Progress: bar, Version: engine()}, p.env())
			bar.Message(sum.String())
			return err
		},
	}
	cmd.Flags().IntVar(&task, "task", 0, "index of the task")
	return cmd
}

// listCells prints the plan.
func (p *program) listCells(plan *sweeps.Plan, dir string) error {
	var store *sweeps.Store
	if s, err := sweeps.ExistingStore(dir); err == nil && dir != "" {
		store = s
	}
	work := slices.ContainsFunc(plan.Cells, func(c sweeps.Cell) bool { return c.Work.FLOP > 0 }) // of other people's generators it is not known
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	row := func(cells []string, attended, tflop, state string) {
		if work {
			cells = append(cells, attended, tflop)
		}
		fmt.Fprintln(w, strings.Join(append(cells, state), "\t"))
	}
	row([]string{"id", "method", "frames", "horizon", "prompt", "seed"}, "attended", "TFLOP", "state")
	var total float64
	for i := range plan.Cells {
		c := &plan.Cells[i]
		state := "to do"
		if store != nil {
			if _, ok, _ := store.Done(c.ID); ok {
				state = "done"
			}
		}
		attended, tflop := "", ""
		if c.Work.FLOP > 0 {
			attended, tflop = fmt.Sprintf("%.3f", c.Work.Attended), fmt.Sprintf("%.3g", c.Work.FLOP/1e12)
		}
		total += c.Work.FLOP
		row([]string{c.ID, c.Method.Title(), strconv.Itoa(c.Frames), c.Horizon(), c.Prompt.Tag, strconv.FormatInt(c.Seed, 10)}, attended, tflop, state)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if err := p.listCommands(plan); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	for _, m := range plan.Warnings {
		fmt.Fprintln(p.stderr, m)
	}
	cost := ""
	if total > 0 {
		cost = fmt.Sprintf(", %.3g TFLOP in the transformer", total/1e12)
	}
	_, err := fmt.Fprintf(p.stdout, "%d cells%s\n", len(plan.Cells), cost)
	return err
}

// listCommands prints how cells would be handed to Slurm, and what a generator
// that is not ours would be told, cell by cell; CELL stands for the folder that the cell works in.
func (p *program) listCommands(plan *sweeps.Plan) error {
	if line := plan.ShowSlurm(); line != "" {
		if _, err := fmt.Fprintf(p.stdout, "\n%s\n", line); err != nil {
			return err
		}
	}
	if plan.Spec.Foreign == nil {
		return nil
	}
	for i := range plan.Cells {
		if _, err := fmt.Fprintf(p.stdout, "\n# %s\n%s\n", plan.Cells[i].ID, plan.Show(&plan.Cells[i])); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(p.stdout)
	return err
}

func (p *program) rescoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rescore DIR",
		Short: "Score the videos of a sweep again with this version, then report",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := sweeps.ExistingStore(args[0]); err != nil {
				return input(err)
			}
			_, err := sweeps.Rescore(cmd.Context(), args[0], newProgress(p.stderr))
			var failed *sweeps.FailedError
			if err != nil && !errors.As(err, &failed) {
				return err
			}
			return errors.Join(err, p.report(cmd.Context(), args[0], reports.Options{}))
		},
	}
}
