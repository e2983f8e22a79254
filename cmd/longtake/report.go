package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"longtake/bench"
	"longtake/reports"
	"longtake/sweeps"
)

// commandFile keeps, in a sweep's folder, the command that made it.
const commandFile = "command.txt"

// report rebuilds a folder's report, prints its table and names its page.
func (p *program) report(ctx context.Context, dir string, o reports.Options) error {
	kept, err := sweeps.ReadKept(dir)
	if err != nil {
		return err
	}
	if o.Name == "" {
		o.Name = kept.Name
	}
	if b, err := os.ReadFile(filepath.Join(dir, commandFile)); err == nil {
		o.Command = strings.TrimSpace(string(b))
	}
	if kept.References == "mini" {
		var lost []bench.Warning
		if o.References, lost, err = miniReferences(); err != nil {
			return err
		}
		for _, w := range lost {
			fmt.Fprintln(p.stderr, w)
		}
		if len(o.References) == 0 {
			fmt.Fprintln(p.stderr, "references: mini: this build has none, so that no motion is compared: make them with longtake references -o diffusion/mini/references.jsonl")
		}
	}
	start := time.Now()
	r, err := reports.Build(ctx, dir, o)
	if errors.Is(err, reports.ErrBundle) {
		return input(err)
	}
	if err != nil {
		return err
	}
	for _, w := range r.Warnings {
		fmt.Fprintln(p.stderr, w)
	}
	if err := r.Summary(p.stdout); err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "%s\n", r.Headline)
	fmt.Fprintf(p.stderr, "report in %.1f s: %s\n", time.Since(start).Seconds(), r.Readme)
	for _, f := range r.Sheets {
		fmt.Fprintf(p.stderr, "side by side: %s\n", f)
	}
	if r.Bundle != "" {
		fmt.Fprintf(p.stderr, "the copy to send around: %s\n", filepath.Dir(r.Bundle))
	}
	fmt.Fprintf(p.stderr, "open the page: %s\n", fileURL(r.Page))
	return nil
}

// fileURL is what a browser, or a terminal that makes links, takes for a file.
func fileURL(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") {
		abs = "/" + abs // a drive
	}
	return (&url.URL{Scheme: "file", Path: abs}).String()
}

func (p *program) reportCommand() *cobra.Command {
	var o reports.Options
	var export, out string
	cmd := &cobra.Command{
		Use:   "report DIR",
		Short: "Rebuild the tables, figures and page of a sweep from its records",
		Long: `Rebuilds DIR/report from the records: README.md, index.html and the figures. The
page opens from disk and plays all videos in step.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if export != "" {
				return p.export(cmd.Context(), args[0], export, out)
			}
			if out != "" {
				return usagef("report: -o belongs to --export")
			}
			store, err := sweeps.ExistingStore(args[0])
			if err != nil {
				return input(err)
			}
			_, warnings, err := store.Rebuild()
			if err != nil {
				return err
			}
			for _, w := range warnings {
				fmt.Fprintln(p.stderr, w)
			}
			return p.report(cmd.Context(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Bundle, "bundle", "", "also copy the report with its videos into this new folder, to send around")
	f.BoolVar(&o.SideBySide, "side-by-side", false, "also write one video of all methods with the findings burnt in, and its contact sheet")
	f.StringVar(&export, "export", "", "write the records (of a folder or a file) instead: csv, gobench (for benchstat), lvsa (a folder for the LVSA repository's aggregation)")
	f.StringVarP(&out, "output", "o", "", "where to export to; default: standard output, or DIR/lvsa")
	return cmd
}
