package reports

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"longtake/bench"
	"longtake/bench/stats"
)

// Summary prints the main table for a terminal. Intervals, and the reasons of
// what is absent, are in the README.
func (r *Report) Summary(w io.Writer) error {
	for i, s := range r.sections {
		if s.title != "" {
			if _, err := fmt.Fprintf(w, "%s\n", oneLine(s.title)); err != nil {
				return err
			}
		}
		t := r.summaryTable(s, r.refs[i])
		out := tablewriter.NewTable(w, append(tableOptions(t), tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.Separators{BetweenColumns: tw.Off}, Lines: tw.Lines{ShowHeaderLine: tw.On}},
		})))...)
		out.Header(t.Header)
		for _, row := range t.Rows {
			if err := out.Append(row); err != nil {
				return fmt.Errorf("reports: table: %w", err)
			}
		}
		if err := out.Render(); err != nil {
			return fmt.Errorf("reports: table: %w", err)
		}
	}
	return nil
}

// SummaryMarkdown writes the same table as Markdown.
func (r *Report) SummaryMarkdown(w io.Writer) error {
	for i, s := range r.sections {
		if s.title != "" {
			if _, err := fmt.Fprintf(w, "%s\n\n", md(s.title)); err != nil {
				return err
			}
		}
		if err := markdownTable(w, r.summaryTable(s, r.refs[i])); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) summaryTable(s section, ref reference) table {
	t := table{Header: []string{"Frames", "Method", "n", "Wall, s", "Denoise, s", "Speed-up", "Bound", "Attended", "Freeze", "Loop", "Motion retained"}, Left: []int{1}}
	plain := func(i stats.Interval) string {
		if math.IsNaN(i.Value) {
			if i.Reason == "reference" || i.Reason == notEngaged {
				return i.Reason
			}
			return absent
		}
		return sig(i.Value)
	}
	found := func(ok []cell, metric string) string {
		f := failures(ok, metric)
		if f.n == 0 {
			return absent
		}
		return fmt.Sprintf("%d/%d", f.k, f.n)
	}
	s.eachRow(func(frames int, m method, all []cell) {
		ok := onlyOK(all)
		mean := func(metric string) string { i, _ := measured(ok, metric); return plain(i) }
		motion, _ := ref.motion(ok)
		t.Rows = append(t.Rows, []string{strconv.Itoa(frames), oneLine(m.title), size(all), mean(bench.WallSeconds), mean(bench.DenoiseSeconds),
			plain(s.speedup(m, frames, bench.DenoiseSeconds)), plain(s.bound(m, frames, bench.DenoiseSeconds)), mean(bench.AttendedFraction),
			found(ok, bench.FreezeSeverity), found(ok, bench.LoopSeverity), plain(motion)})
	})
	return t
}
