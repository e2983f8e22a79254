package page

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"longtake/internal/figure"
	"longtake/vqeval"
)

// rowsPerFigure splits long tables into figures that can be read.
const rowsPerFigure = 50

// mostGroups is how many groups a figure of distributions can show.
const mostGroups = 24

// Composite ranks by the composite score.
const Composite = "composite"

// BatchFigures draws a batch into dir, which it makes: failures (and failures-2
// and so on for long batches), distributions, and ranking where rankBy names
// Composite or a kind of failure.
func BatchFigures(dir string, entries []*Entry, rankBy string, formats []string) (Drawn, error) {
	var d Drawn
	if len(entries) == 0 {
		return d, errNoVideos
	}
	if err := CheckRank(rankBy); err != nil {
		return d, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return d, fmt.Errorf("figures: %w", err)
	}
	who := scorers(entries)
	kinds := assessed(entries)
	for i := 0; i*rowsPerFigure < len(entries); i++ {
		part := entries[i*rowsPerFigure : min(len(entries), (i+1)*rowsPerFigure)]
		m := matrix(part, kinds)
		if len(part) < len(entries) {
			m.Title += fmt.Sprintf(", videos %d to %d of %d", i*rowsPerFigure+1, i*rowsPerFigure+len(part), len(entries))
		}
		if err := d.save(numbered(filepath.Join(dir, "failures"), i), m, who+unassessed(kinds), formats); err != nil {
			return d, err
		}
	}
	if err := d.distributions(dir, entries, kinds, who, formats); err != nil {
		return d, err
	}
	if rankBy == "" {
		return d, nil
	}
	for i, r := range ranking(entries, rankBy) {
		if err := d.save(numbered(filepath.Join(dir, "ranking"), i), r, who, formats); err != nil {
			return d, err
		}
	}
	return d, nil
}

// CheckRank says whether a batch can be ranked by a name; "" is no ranking.
func CheckRank(by string) error {
	if by == "" || by == Composite || slices.Contains(vqeval.Kinds, by) {
		return nil
	}
	return fmt.Errorf("rank by %q: want %s or one of %s", by, Composite, strings.Join(vqeval.Kinds, ", "))
}

func numbered(base string, i int) string {
	if i == 0 {
		return base
	}
	return fmt.Sprintf("%s-%d", base, i+1)
}

// unassessed names the kinds that have no column.
func unassessed(kinds []string) string {
	var out []string
	for _, k := range vqeval.Kinds {
		if !slices.Contains(kinds, k) {
			out = append(out, k)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "; not assessed in any video: " + strings.Join(out, ", ")
}

func matrix(entries []*Entry, kinds []string) figure.Matrix {
	f := figure.Matrix{Title: "Severity of failures", Columns: kinds, MarkName: "finding (0.5 and above)", Missing: "not assessed"}
	for _, e := range entries {
		row := figure.MatrixRow{Label: e.label}
		if e.report == nil {
			row.Note = "not scored: " + e.err
		} else {
			for _, k := range kinds {
				v, found := math.NaN(), false
				if g, ok := e.report.Failures[k]; ok {
					v, found = g.Severity, g.Found()
				}
				row.Values, row.Marked = append(row.Values, v), append(row.Marked, found)
			}
		}
		f.Rows = append(f.Rows, row)
	}
	return f
}

// distributions has a panel for the composite, the motion and each kind of
// failure that is a finding somewhere.
func (d *Drawn) distributions(dir string, entries []*Entry, kinds []string, who string, formats []string) error {
	groups := groupsOf(entries)
	if len(groups) > mostGroups {
		d.LeftOut = append(d.LeftOut, fmt.Sprintf("distributions: %d groups, at most %d can be shown: choose another column", len(groups), mostGroups))
		return nil
	}
	f := figure.Dist{Title: "Distributions over videos"}
	for _, g := range groups {
		f.Groups = append(f.Groups, groupName(g))
	}
	add := func(title string, y figure.Axis, get func(*vqeval.Report) (float64, bool)) bool {
		p := figure.DistPanel{Title: title, Y: y, Values: make([][]float64, len(groups))}
		some := false
		for _, e := range entries {
			if e.report == nil {
				continue
			}
			if v, ok := get(e.report); ok {
				i := slices.Index(groups, e.group)
				p.Values[i] = append(p.Values[i], v)
				some = true
			}
		}
		if some {
			f.Panels = append(f.Panels, p)
		}
		return some
	}
	add("composite score, 0-100", figure.Axis{Min: -3, Max: 103, Ticks: figure.ValueTicks([]float64{0, 25, 50, 75, 100})}, compositeOf)
	add("motion plateau, grey levels", figure.Axis{Zero: true}, func(r *vqeval.Report) (float64, bool) {
		return float64(r.Facts.MotionPlateau), r.Facts.MotionPlateau.Known()
	})
	clean := []string{}
	for _, k := range kinds {
		if !slices.ContainsFunc(entries, func(e *Entry) bool { return e.report != nil && e.report.Failures[k].Found() }) {
			clean = append(clean, k)
			continue
		}
		add("severity of "+k, figure.Axis{Min: -0.03, Max: 1.03, Ticks: figure.ValueTicks([]float64{0, 0.5, 1})}, func(r *vqeval.Report) (float64, bool) {
			g, ok := r.Failures[k]
			return g.Severity, ok
		})
	}
	if len(clean) > 0 {
		who += "; no finding of: " + strings.Join(clean, ", ")
	}
	return d.save(filepath.Join(dir, "distributions"), f, who, formats)
}

func compositeOf(r *vqeval.Report) (float64, bool) {
	if r.CompositeScore == nil {
		return 0, false
	}
	return *r.CompositeScore, true
}

func groupName(g string) string {
	if g == "" {
		return "all"
	}
	return g
}

// groupsOf are the groups in the order in which they first appear.
func groupsOf(entries []*Entry) []string {
	var out []string
	for _, e := range entries {
		if !slices.Contains(out, e.group) {
			out = append(out, e.group)
		}
	}
	return out
}

// ranking is best first; what has no number is listed apart on the last figure.
func ranking(entries []*Entry, by string) []figure.Ranks {
	axis := figure.Axis{Label: "severity of " + by + ", lowest first", Max: 1}
	title := "Ranking by " + by + ", least first"
	if by == Composite {
		axis, title = figure.Axis{Label: "composite score, 0-100, highest first", Max: 100}, "Ranking by composite score, best first"
	}
	var items []figure.Rank
	var apart []string
	for _, e := range entries {
		switch {
		case e.report == nil:
			apart = append(apart, e.label+": "+e.err)
		case by == Composite && e.report.CompositeScore != nil:
			items = append(items, figure.Rank{Label: e.label, Value: *e.report.CompositeScore})
		case by == Composite:
			apart = append(apart, e.label+": "+why(e.report, "composite_score"))
		default:
			if g, ok := e.report.Failures[by]; ok {
				items = append(items, figure.Rank{Label: e.label, Value: g.Severity, Mark: g.Found()})
			} else {
				apart = append(apart, e.label+": "+why(e.report, by))
			}
		}
	}
	slices.SortStableFunc(items, func(a, b figure.Rank) int {
		if by == Composite {
			a, b = b, a
		}
		switch {
		case a.Value < b.Value:
			return -1
		case a.Value > b.Value:
			return 1
		}
		return 0
	})
	var out []figure.Ranks
	for i := 0; i*rowsPerFigure < max(1, len(items)); i++ {
		part := items[i*rowsPerFigure : min(len(items), (i+1)*rowsPerFigure)]
		out = append(out, figure.Ranks{Title: title, X: axis, Items: part, MarkName: "finding (0.5 and above)"})
	}
	if n := len(apart); n > 0 {
		last := &out[len(out)-1]
		last.ApartWhy = fmt.Sprintf("Without a number, %d of %d videos:", n, len(entries))
		last.Apart = apart[:min(n, rowsPerFigure)]
		if n > rowsPerFigure {
			last.Apart = append(slices.Clone(last.Apart), fmt.Sprintf("and %d more", n-rowsPerFigure))
		}
	}
	return out
}

func why(r *vqeval.Report, k string) string {
	if s := r.NotAssessed[k]; s != "" {
		return s
	}
	return "not assessed"
}
