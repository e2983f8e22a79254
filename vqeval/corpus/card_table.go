package corpus

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"longtake/vqeval"
)

// table is one table of a card; the first column is text.
type table struct {
	title  string
	header []string
	rows   [][]string
}

func (t table) write(w io.Writer, options ...tablewriter.Option) error {
	align := make(tw.Alignment, len(t.header))
	for i := range align {
		align[i] = tw.AlignRight
	}
	align[0] = tw.AlignLeft
	out := tablewriter.NewTable(w, append([]tablewriter.Option{
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithHeaderAutoWrap(tw.WrapNone), tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(align), tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithEastAsian(tw.Off),
	}, options...)...)
	out.Header(t.header)
	for _, r := range t.rows {
		if err := out.Append(r); err != nil {
			return fmt.Errorf("corpus: table: %w", err)
		}
	}
	if err := out.Render(); err != nil {
		return fmt.Errorf("corpus: table: %w", err)
	}
	return nil
}

// Table prints the main tables of a card for a terminal.
func (c *Card) Table(w io.Writer) error {
	f := c.Main
	fmt.Fprintf(w, "%s\n\n", c.basis())
	for _, t := range []table{f.detection(), f.places(), f.ladderTable(), c.baselineTable(f), f.classTable(), f.confusionTable(), f.invarianceTable()} {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\n", t.title)
		if err := t.write(w, tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.Separators{BetweenColumns: tw.Off}, Lines: tw.Lines{ShowHeaderLine: tw.On}},
		}))); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	for _, n := range c.notes(f) {
		fmt.Fprintln(w, n)
	}
	for _, l := range []struct {
		what  string
		cases []Case
	}{{"missed", f.Misses}, {"false alarms", f.False}, {"ambiguous (in no figure)", f.Unclear}} {
		if len(l.cases) > 0 {
			fmt.Fprintf(w, "\n%s:\n", l.what)
			for _, k := range l.cases {
				fmt.Fprintf(w, "  %s\n", k)
			}
		}
	}
	for _, e := range c.Errors {
		fmt.Fprintf(w, "not scored: %s\n", e)
	}
	return nil
}

// basis says what the figures rest on.
func (c *Card) basis() string {
	f := c.Main
	part := map[string]string{Dev: "development half", Test: "test half", All: "whole corpus", "ci": "subset for CI"}[f.Part]
	corpus := "a corpus of"
	switch n := c.Corpus.Editions; len(n) {
	case 0:
	case 1:
		corpus = fmt.Sprintf("edition %d of the corpus,", n[0])
	default:
		corpus = fmt.Sprintf("editions %s of the corpus,", listed(n))
	}
	return fmt.Sprintf("%s %s (%s, %s) on the %s of %s %d videos: %d videos of %d sources in %d families, "+
		"%d failed, %d healthy (%.1f minutes), %d ambiguous. %s",
		c.Scorer.Name, c.Scorer.Version, c.Scorer.Profile, c.Options, part, corpus, c.Corpus.Videos, f.Videos, f.Sources, f.Families,
		f.Positives, f.Negatives, 60*f.Hours, f.Ambiguous, f.real())
}

// listed is "7, 8 and 9".
func listed(n []int) string {
	out := ""
	for i, v := range n {
		switch {
		case i == 0:
		case i == len(n)-1:
			out += " and "
		default:
			out += ", "
		}
		out += strconv.Itoa(v)
	}
	return out
}

func (f *Figures) real() string {
	if f.Real == 0 {
		return "No failure is a real one: all are made, with their place known by construction."
	}
	return fmt.Sprintf("%d failures are real ones, all others are made, with their place known by construction.", f.Real)
}

// notes explain signs and gaps of the tables.
func (c *Card) notes(f *Figures) []string {
	out := []string{fmt.Sprintf("Brackets hold 95 %% intervals: of AUC and AP by %d bootstrap resamples of the sources, of counts by Clopper and Pearson. "+
		"What may be claimed is the lower end.", c.Resamples)}
	n := 0
	for _, k := range f.Kinds {
		for _, e := range []*Estimate{k.AUC, k.AP} {
			if e != nil && e.Bound != nil && (n == 0 || e.Sources < n) {
				n = e.Sources
			}
		}
	}
	if n > 0 {
		out = append(out, fmt.Sprintf("* Every resample gave 1: no source shows an error, so the bootstrap has no width. With n sources the rule of three only says that fewer than 3/n of all sources would show one (n is %d or more: %.1f %%).", n, min(100, 300/float64(n))))
	}
	for _, k := range f.Kinds {
		if why := k.Absent["auc"]; why != "" {
			out = append(out, fmt.Sprintf("%s: not measured: %s.", k.Kind, why))
		} else if k.Unassessed > 0 {
			out = append(out, fmt.Sprintf("%s: %d of %d videos were not assessed and count with severity 0.", k.Kind, k.Unassessed, k.Positives+k.Negatives))
		}
		if why := k.Absent["composite"]; why != "" {
			out = append(out, fmt.Sprintf("%s: no ladder of the composite: %s.", k.Kind, why))
		}
	}
	for _, v := range f.Invariance {
		if v.Absent != "" {
			out = append(out, fmt.Sprintf("variants of %s: no difference of the composite: %s.", v.Of, v.Absent))
		}
		if v.Unmatched > 0 {
			out = append(out, fmt.Sprintf("variants of %s: %d without their base in this part.", v.Of, v.Unmatched))
		}
	}
	return out
}

func (f *Figures) detection() table {
	t := table{title: "Detection", header: []string{"Failure", "Failed", "Sources", "AUC", "Average precision", "Found at 0.5", "False alarms at 0.5", "Another kind as well"}}
	for _, k := range f.Kinds {
		t.rows = append(t.rows, []string{k.Kind, fmt.Sprint(k.Positives), fmt.Sprint(k.Sources), k.AUC.String(), k.AP.String(), k.Hits.orNone(k), k.Alarms.orNone(k), k.Others.orNone(k)})
	}
	a := f.Alarms
	t.rows = append(t.rows, []string{"any, on healthy videos", "-", "-", "-", "-", "-", a.Rate.String(), "-"})
	if f.Hours > 0 {
		t.rows = append(t.rows, []string{"an hour of healthy video", "-", "-", "-", "-", "-", fmt.Sprintf("%.2f (%.2f-%.2f)", a.PerHour, a.LowHour, a.TopHour), "-"})
	}
	return t
}

func (r Rate) orNone(k KindFigures) string {
	if k.AUC == nil && k.Absent["auc"] != "" && k.Hits.Count == 0 {
		return "-"
	}
	return r.String()
}

func (f *Figures) places() table {
	t := table{title: "Place of what was found", header: []string{"Failure", "n", "Missed", "Onset error, median", "P90", "Within 2 frames", "Within 8 frames",
		"Period exact", "Within 1 frame", "Harmonic", "Box IoU, median", "IoU >= 0.5"}}
	for _, k := range f.Kinds {
		o := k.Onset
		if o == nil {
			continue
		}
		r := []string{k.Kind, fmt.Sprint(o.N), fmt.Sprint(o.Missed), fmt.Sprintf("%.1f", o.Median), fmt.Sprintf("%.1f", o.P90), o.Within2.String(), o.Within8.String(), "-", "-", "-", "-", "-"}
		if p := k.Period; p != nil {
			r[7], r[8], r[9] = p.Exact.String(), p.Within1.String(), fmt.Sprintf("%d/%d", p.Harmonic.Count, p.N)
		}
		if g := k.Region; g != nil {
			r[10], r[11] = fmt.Sprintf("%.2f", g.Median), g.Half.String()
		}
		t.rows = append(t.rows, r)
	}
	return t
}

func (f *Figures) ladderTable() table {
	t := table{title: "Ladders: Spearman of the level", header: []string{"Failure", "With", "Ladders", "Mean", "Least", "Below 0.95", "Constant"}}
	for _, k := range f.Kinds {
		for _, l := range []struct {
			with string
			l    *Ladders
		}{{"severity", k.Strength}, {"share", k.Share}, {"-composite", k.Composite}} {
			if l.l != nil {
				t.rows = append(t.rows, []string{k.Kind, l.with, fmt.Sprint(l.l.N), fmt.Sprintf("%.3f", l.l.Mean), fmt.Sprintf("%.3f", l.l.Least), fmt.Sprint(l.l.Low), fmt.Sprint(l.l.Constant)})
			}
		}
	}
	return t
}

func (c *Card) baselineTable(f *Figures) table {
	t := table{title: "AUC beside other measures on the same videos", header: []string{"Failure", "vqeval"}}
	if len(c.Baselines) == 0 {
		return t
	}
	for _, b := range c.Baselines {
		t.header = append(t.header, b.Name)
	}
	for _, k := range f.Kinds {
		r := []string{k.Kind, k.AUC.String()}
		for _, b := range c.Baselines {
			r = append(r, k.Baselines[b.Name].String())
		}
		t.rows = append(t.rows, r)
	}
	return t
}

// classTable has a column for each kind that has an AUC.
func (f *Figures) classTable() table {
	t := table{title: "Healthy videos by class: false alarms, and AUC of each kind against that class alone", header: []string{"Class", "False alarms"}}
	var kinds []KindFigures
	for _, k := range f.Kinds {
		if k.AUC != nil {
			kinds = append(kinds, k)
			t.header = append(t.header, k.Kind)
		}
	}
	for _, class := range sortedKeys(f.Alarms.Classes) {
		r := []string{class, f.Alarms.Classes[class].String()}
		for _, k := range kinds {
			e := k.PerClass[class]
			if e == nil {
				r = append(r, "-")
				continue
			}
			r = append(r, fmt.Sprintf("%.3f (%.3f)", e.Value, e.Low))
		}
		t.rows = append(t.rows, r)
	}
	return t
}

func (f *Figures) confusionTable() table {
	t := table{title: "What fired on what (videos; in brackets those of them that the label allows)", header: []string{"Label", "Videos"}}
	kinds := f.firedKinds()
	t.header = append(t.header, kinds...)
	for _, c := range f.Confusion {
		r := []string{c.Label, fmt.Sprint(c.Videos)}
		for _, k := range kinds {
			s := fmt.Sprint(c.Fired[k])
			if n := c.Excused[k]; n > 0 {
				s += fmt.Sprintf(" (%d)", n)
			}
			r = append(r, s)
		}
		t.rows = append(t.rows, r)
	}
	return t
}

// firedKinds are the kinds that are labelled or fired, in the order of tables.
func (f *Figures) firedKinds() []string {
	var out []string
	for _, k := range vqeval.Kinds {
		if slices.ContainsFunc(f.Confusion, func(c Confusion) bool { return c.Fired[k] > 0 || c.Label == k }) {
			out = append(out, k)
		}
	}
	return out
}

func (f *Figures) invarianceTable() table {
	t := table{title: "Variants against their base: absolute differences", header: []string{"Other", "Pairs", "Severity, mean", "Most", "Composite in points, mean", "Most", "Finding lost or won"}}
	for _, v := range f.Invariance {
		if v.N == 0 {
			continue
		}
		r := []string{v.Of, fmt.Sprint(v.N), fmt.Sprintf("%.3f", v.Mean), fmt.Sprintf("%.3f", v.Most), "-", "-", fmt.Sprint(v.Flipped)}
		if v.Points != nil {
			r[4], r[5] = fmt.Sprintf("%.2f", *v.Points), fmt.Sprintf("%.2f", *v.MostPts)
		}
		t.rows = append(t.rows, r)
	}
	return t
}

// plain keeps what a name holds from becoming markup.
func plain(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "\n", " ").Replace(cmp.Or(s, "-"))
}
