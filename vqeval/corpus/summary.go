package corpus

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"longtake/vqeval"
)

// Summary prints how many videos and sources there are of every kind and class.
func Summary(w io.Writer, labels []Label) error {
	type count struct{ dev, test, ci, variants int }
	type row struct{ kind, class string }
	counts := map[row]*count{}
	total, sources := count{}, map[string]map[string]bool{Dev: {}, Test: {}}
	var rows []row
	for _, l := range labels {
		k := row{l.Kind, l.Class}
		c := counts[k]
		if c == nil {
			c = new(count)
			counts[k] = c
			rows = append(rows, k)
		}
		sources[l.Split][l.Source] = true
		for _, c := range []*count{c, &total} {
			switch {
			case l.Variant != "":
				c.variants++
			case l.Split == Dev:
				c.dev++
			default:
				c.test++
			}
			if l.CI {
				c.ci++
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return slices.Index(vqeval.Kinds, a.kind) - slices.Index(vqeval.Kinds, b.kind)
	})
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "kind\tclass\tdev\ttest\tvariants\tof these CI")
	for _, r := range rows {
		c, kind := counts[r], r.kind
		if kind == "" {
			kind = "healthy"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\n", kind, r.class, c.dev, c.test, c.variants, c.ci)
	}
	fmt.Fprintf(t, "all\t%d videos\t%d\t%d\t%d\t%d\n", len(labels), total.dev, total.test, total.variants, total.ci)
	fmt.Fprintf(t, "\tsources\t%d\t%d\t\t\n", len(sources[Dev]), len(sources[Test]))
	return t.Flush()
}
