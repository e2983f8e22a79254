package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"longtake/bench"
	"longtake/internal/atomicfile"
	"longtake/reports"
	"longtake/sweeps"
)

// exporters write records as text; "lvsa" makes a folder.
var exporters = map[string]func(io.Writer, []bench.Record) error{"csv": reports.ExportCSV, "gobench": reports.ExportGoBench}

// export writes the records of a sweep's folder, or of a file, in another form.
func (p *program) export(ctx context.Context, from, format, out string) error {
	write := exporters[format]
	if write == nil && format != "lvsa" {
		return usagef("report: --export %q: want csv, gobench or lvsa", format)
	}
	info, err := os.Stat(from)
	if err != nil {
		return input(fmt.Errorf("report: %w", err))
	}
	name, dir := from, filepath.Dir(from)
	if info.IsDir() {
		name, dir = filepath.Join(from, sweeps.RecordsFile), from
		if store, err := sweeps.ExistingStore(from); err == nil {
			_, warnings, err := store.Rebuild()
			if err != nil {
				return err
			}
			for _, w := range warnings {
				fmt.Fprintln(p.stderr, w)
			}
		}
	}
	recs, lost, err := bench.ReadFile(name)
	if err != nil {
		return input(err)
	}
	for _, w := range lost {
		fmt.Fprintln(p.stderr, w)
	}
	if len(recs) == 0 {
		return usagef("report: %s holds no records", name)
	}
	if format == "lvsa" {
		if out == "" {
			out = filepath.Join(dir, "lvsa")
		}
		n, warnings, err := reports.ExportLVSA(ctx, dir, out, recs)
		for _, w := range warnings {
			fmt.Fprintln(p.stderr, w)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%d videos in %s\n", n, out)
		return err
	}
	if out == "" {
		return write(p.stdout, recs)
	}
	return atomicfile.Write(out, func(w io.Writer) error { return write(w, recs) })
}
