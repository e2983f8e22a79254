package corpus

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
)

func (t table) markdown(w io.Writer) error {
	e := table{header: t.header}
	for _, r := range t.rows {
		var cells []string
		for _, c := range r {
			cells = append(cells, plain(c))
		}
		e.rows = append(e.rows, cells)
	}
	return e.write(w, tablewriter.WithRenderer(renderer.NewMarkdown()))
}

// CardMarkdown writes the whole card.
func CardMarkdown(w io.Writer, c *Card) error {
	f := c.Main
	fmt.Fprintf(w, "# What the scorer reaches\n\n`vqeval corpus make DIR && vqeval corpus check DIR` makes the videos and measures all of this again.\n\n%s\n", plain(c.basis()))
	for _, n := range c.notes(f) {
		fmt.Fprintf(w, "\n%s\n", plain(n))
	}
	for _, t := range []table{f.detection(), f.places(), f.ladderTable(), c.baselineTable(f), f.classTable(), f.confusionTable(), f.invarianceTable()} {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n## %s\n\n", t.title)
		if err := t.markdown(w); err != nil {
			return err
		}
	}
	if len(c.Baselines) > 0 {
		fmt.Fprint(w, "\n## The other measures\n\nEach as a badness, higher is worse.\n\n")
		t := table{header: []string{"Measure", "Formula"}}
		for _, b := range c.Baselines {
			t.rows = append(t.rows, []string{b.Name, b.Formula})
		}
		if err := t.markdown(w); err != nil {
			return err
		}
	}
	for _, l := range []struct {
		what, none string
		cases      []Case
	}{
		{"Missed", "None: every failure of a kind that is looked for was found.", f.Misses},
		{"False alarms", "None.", f.False},
		{"Ambiguous", "None.", f.Unclear},
	} {
		fmt.Fprintf(w, "\n## %s\n\n", l.what)
		if len(l.cases) == 0 {
			fmt.Fprintln(w, l.none)
			continue
		}
		t := table{header: []string{"Video", "Class", "Label", "Severity", "Fired"}}
		for _, k := range l.cases {
			t.rows = append(t.rows, []string{k.File, k.Class, k.Kind, fmt.Sprintf("%.2f", k.Severity), strings.Join(k.Fired, ", ")})
		}
		if err := t.markdown(w); err != nil {
			return err
		}
	}
	for _, e := range c.Errors {
		fmt.Fprintf(w, "\nNot scored: %s\n", plain(e))
	}
	return nil
}

// ReadmeMarkdown writes the part of the card that the README shows.
func ReadmeMarkdown(w io.Writer, c *Card) error {
	f := c.Main
	fmt.Fprintf(w, "%s\n\n", plain(c.basis()))
	t := table{header: []string{"Failure", "n", "vqeval AUC", "Found at 0.5", "Onset error, median (P90)"}}
	for _, b := range c.Baselines {
		t.header = append(t.header, b.Name)
	}
	for _, k := range f.Kinds {
		o := "-"
		if k.Onset != nil {
			o = fmt.Sprintf("%.1f (%.1f)", k.Onset.Median, k.Onset.P90)
		}
		r := []string{k.Kind, fmt.Sprint(k.Positives), k.AUC.String(), k.Hits.orNone(k), o}
		for _, b := range c.Baselines {
			v := "-"
			if e := k.Baselines[b.Name]; e != nil {
				v = fmt.Sprintf("%.3f", e.Value)
			}
			r = append(r, v)
		}
		t.rows = append(t.rows, r)
	}
	if err := t.markdown(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nFalse alarms of any kind: %s healthy videos", f.Alarms.Rate)
	if f.Hours > 0 {
		fmt.Fprintf(w, ", %.2f (%.2f-%.2f) an hour", f.Alarms.PerHour, f.Alarms.LowHour, f.Alarms.TopHour)
	}
	fmt.Fprintln(w, ".")
	for _, n := range c.notes(f) {
		fmt.Fprintf(w, "%s\n", plain(n))
	}
	return nil
}
