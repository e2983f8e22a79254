package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"longtake/bench"
	"longtake/kernels/all"
	"longtake/lvsa"
	"longtake/replay"
)

// defaultReplay are the methods that a replay compares by default.
const defaultReplay = "dense lvsa ultravico riflex"

func (p *program) replayCommand() *cobra.Command {
	var dumps, names, methods []string
	var figure, backend string
	var o replay.Options
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "replay --dump FILE.safetensors [--methods M,...]",
		Short: "Run the q, k, v of real layers through every method",
		Long: `Quality dropped: which layer, which knob? replay answers without generating: it runs
the queries, keys and values of one attention call through every method and says, head
by head, what share of the dense softmax the method keeps (mean and worst query), how
far its output is from dense attention in float64, how far its kernel is from the
method's own definition in float64, what share of the pairs it attends to, and what the
kernel takes. longtake generate --dump LAYER,STEP writes such files; docs/replay.md
describes them and has ten lines of PyTorch that write them from another model.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(dumps) == 0 {
				return usagef("replay: no file: add --dump FILE.safetensors (longtake generate --dump LAYER,STEP writes one)")
			}
			if o.Queries < 1 || o.Rounds < 1 {
				return usagef("replay: --queries %d, --count %d: want at least 1", o.Queries, o.Rounds)
			}
			methods = append(names, methods...)
			if len(methods) == 0 {
				methods = strings.Fields(defaultReplay)
			}
			for _, m := range methods {
				if _, err := lvsa.ParseSpec(m); err != nil {
					return fmt.Errorf("--method: %w", err)
				}
			}
			b, err := all.Get(backend, p.options())
			if err != nil {
				return input(err)
			}
			var loaded []*replay.Dump
			for _, path := range dumps {
				d, err := replay.Load(path)
				if err != nil {
					return input(err)
				}
				loaded = append(loaded, d)
			}
			var records []bench.Record
			for i, d := range loaded {
				o.Done = func(method string, done, of int) {
					fmt.Fprintf(p.stderr, "%s: %s: head %d of %d\n", filepath.Base(dumps[i]), method, done, of)
				}
				results, err := replay.Run(cmd.Context(), b, d, methods, o)
				if err != nil {
					return err
				}
				r := replay.Records(d, results)
				for k := range r {
					r[k].Engine, r[k].Variant = engine(), all.Variant(b)
				}
				records = append(records, r...)
				if !asJSON {
					if err := p.replayTable(d, results); err != nil {
						return err
					}
				}
				if figure != "" {
					base := figure
					if len(loaded) > 1 {
						base = fmt.Sprintf("%s-%d", figure, i+1)
					}
					if err := replay.SaveFigure(base, d, results); err != nil {
						return err
					}
					fmt.Fprintf(p.stderr, "figure in %s.png and %[1]s.svg\n", base)
				}
			}
			if asJSON {
				return p.jsonRecords(records)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&dumps, "dump", nil, "safetensors file with q, k, v; may be repeated")
	f.StringSliceVar(&names, "methods", nil, "names of methods, separated by commas (default "+strings.ReplaceAll(defaultReplay, " ", ",")+")")
	f.StringArrayVar(&methods, "method", nil, "one method with its parameters, name:key=value,key=value; may be repeated")
	f.IntVar(&o.Queries, "queries", 64, "queries of a head, evenly spread, that are evaluated in float64")
	f.IntVar(&o.Rounds, "count", 3, "timed runs of each head")
	f.StringVar(&figure, "figure", "", "write a figure to this name with .png and .svg added")
	f.StringVar(&backend, "backend", "auto", "auto, cpu")
	f.BoolVar(&asJSON, "json", false, "print records, one a line")
	return cmd
}

// replayTable prints a row per method and head, and the mean of each method.
func (p *program) replayTable(d *replay.Dump, results []replay.Result) error {
	g := d.Geometry
	fmt.Fprintf(p.stdout, "%s: %s layer %d of %d, step %d of %d; %d frames of %dx%d tokens, reference %d; %d heads of %d\n",
		filepath.Base(d.Name), orUnknown(d.Model), d.Site.Layer, d.Site.Layers, d.Site.Step, d.Site.Steps, g.Frames, g.Rows, g.Cols, g.Reference, d.Heads, d.Dim)
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "method\thead\tmass kept\tworst query\toutput error\tkernel error\tattended\tms\tqueries")
	for _, r := range results {
		for _, row := range append(slices.Clone(r.Rows), r.Mean()) {
			head := fmt.Sprint(row.Head)
			if row.Head < 0 {
				head = "mean"
			}
			fmt.Fprintf(w, "%s\t%s\t%.4f\t%.4f\t%.3g\t%.2g\t%.3f\t%.3f\t%d\n", r.Label, head, row.Mass, row.LeastMass, row.Output, row.Kernel, row.Fraction, 1e3*row.Seconds, r.Queries)
		}
	}
	return w.Flush()
}

func orUnknown(s string) string {
	if s == "" {
		return "unnamed model"
	}
	return s
}
