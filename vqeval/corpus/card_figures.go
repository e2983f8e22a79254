package corpus

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"longtake/internal/figure"
)

// SaveFigures draws a card that Check has just made as PNG and SVG into dir:
// roc (every kind), auc (beside the other measures), ladders-strength,
// ladders-extent, confusion and onset. What has no values is left out.
func (c *Card) SaveFigures(dir string) error {
	f := c.Main
	if f.rows == nil {
		return errors.New("corpus: figures: a card that was read has no videos: check the corpus again")
	}
	who := fmt.Sprintf("%s %s, %s", c.Scorer.Name, c.Scorer.Version, f.Part)
	for name, fig := range map[string]figure.Figure{
		"roc":              f.rocFigure("ROC: " + who),
		"auc":              c.aucFigure(f, "AUC, 95 % over sources: "+who),
		"ladders-strength": f.ladderFigure("Stronger failures: "+who, false),
		"ladders-extent":   f.ladderFigure("Longer failures: "+who, true),
		"confusion":        f.confusionFigure("What fired on what: " + who),
		"onset":            f.onsetFigure("Error of the onset frame: " + who),
	} {
		if figure.Check(fig) != nil {
			continue
		}
		if err := figure.Save(filepath.Join(dir, name), fig, "png", "svg"); err != nil {
			return err
		}
	}
	return nil
}

func (f *Figures) rocFigure(title string) figure.Figure {
	fig := figure.Lines{Title: title, X: figure.Axis{Label: "false alarms, share of healthy videos", Min: 0, Max: 1},
		Y: figure.Axis{Label: "found, share of failed videos", Min: 0, Max: 1.02}, Width: 300}
	for i, k := range f.Kinds {
		if k.AUC == nil {
			continue
		}
		var pos, neg []row
		for _, r := range f.rows {
			switch {
			case r.Ambiguous:
			case r.Kind == k.Kind:
				pos = append(pos, r)
			case r.healthy() && !r.excused(k.Kind):
				neg = append(neg, r)
			}
		}
		x, y := newRanking(rankingOf(pos, neg, func(r row) (float64, bool) { return r.score.Failures[k.Kind].Severity, true })).roc()
		fig.Series = append(fig.Series, figure.Series{Name: fmt.Sprintf("%s (n = %d)", k.Kind, k.Positives), X: x, Y: y, Color: i, Bare: true, Dashed: i > 7})
	}
	return fig
}

func (c *Card) aucFigure(f *Figures, title string) figure.Figure {
	fig := figure.Bars{Title: title, Y: figure.Axis{Label: "AUC", Max: 1.05}}
	series := []figure.BarSeries{{Name: "vqeval"}}
	for i, b := range c.Baselines {
		series = append(series, figure.BarSeries{Name: b.Name, Color: i + 1})
	}
	bar := func(e *Estimate) figure.Bar {
		if e == nil {
			return figure.Bar{Value: math.NaN()}
		}
		if e.Note != "" {
			return figure.Bar{Value: e.Value}
		}
		return figure.Bar{Value: e.Value, Low: e.Low, High: e.High}
	}
	for _, k := range f.Kinds {
		fig.Groups = append(fig.Groups, k.Kind)
		series[0].Bars = append(series[0].Bars, bar(k.AUC))
		for i, b := range c.Baselines {
			series[i+1].Bars = append(series[i+1].Bars, bar(k.Baselines[b.Name]))
		}
	}
	fig.Series = series
	return fig
}

// ladderFigure shows the mean and the range over the ladders of a kind. Levels
// of different constructions have different units: they are shown by their
// place in the ladder.
func (f *Figures) ladderFigure(title string, extent bool) figure.Figure {
	what := "severity"
	if extent {
		what = "share"
	}
	fig := figure.Lines{Title: title, X: figure.Axis{Label: "level, from the lowest to the highest of its ladder", Min: -0.02, Max: 1.02},
		Y: figure.Axis{Label: what + ", mean and range of the ladders", Min: 0, Max: 1.02}, Dodge: true}
	for i, k := range f.Kinds {
		if k.AUC == nil {
			continue
		}
		steps := map[string][]row{}
		for _, r := range f.rows {
			if r.Kind == k.Kind && r.Ladder != "" && r.Extent == extent && !r.Ambiguous {
				steps[r.Ladder] = append(steps[r.Ladder], r)
			}
		}
		at := map[float64][]float64{}
		for _, s := range steps {
			if len(s) < 3 {
				continue
			}
			slices.SortFunc(s, func(a, b row) int { return cmp.Compare(a.Level, b.Level) })
			for j, r := range s {
				v := r.score.Failures[k.Kind].Severity
				if extent {
					v = r.score.Failures[k.Kind].Share
				}
				x := float64(j) / float64(len(s)-1)
				at[x] = append(at[x], v)
			}
		}
		if len(at) == 0 {
			continue
		}
		s := figure.Series{Name: fmt.Sprintf("%s (n = %d)", k.Kind, len(steps)), Color: i}
		var xs []float64
		for x := range at {
			xs = append(xs, x)
		}
		slices.Sort(xs)
		for _, x := range xs {
			var sum float64
			for _, v := range at[x] {
				sum += v
			}
			s.X, s.Y = append(s.X, x), append(s.Y, sum/float64(len(at[x])))
			s.Low, s.High = append(s.Low, slices.Min(at[x])), append(s.High, slices.Max(at[x]))
		}
		fig.Series = append(fig.Series, s)
	}
	return fig
}

func (f *Figures) confusionFigure(title string) figure.Figure {
	fig := figure.Confusion{Title: title, XLabel: "found at 0.5", YLabel: "label", Cols: f.firedKinds()}
	for _, c := range f.Confusion {
		fig.Rows = append(fig.Rows, fmt.Sprintf("%s (n = %d)", c.Label, c.Videos))
		for _, k := range fig.Cols {
			fig.Values = append(fig.Values, float64(c.Fired[k])/float64(c.Videos))
			fig.Texts = append(fig.Texts, fmt.Sprint(c.Fired[k]))
		}
	}
	return fig
}

// onsetFigure counts the errors of all hits in classes of frames.
func (f *Figures) onsetFigure(title string) figure.Figure {
	names := []string{"< -32", "-32...-9", "-8...-3", "-2...-1", "0", "1...2", "3...8", "9...32", "> 32"}
	fig := figure.Bars{Title: title, XLabel: "found - labelled, frames", Y: figure.Axis{Label: "videos"}, Groups: names}
	for i, k := range f.Kinds {
		if k.Onset == nil {
			continue
		}
		s := figure.BarSeries{Name: fmt.Sprintf("%s (n = %d)", k.Kind, k.Onset.N), Color: i, Bars: make([]figure.Bar, len(names))}
		for _, e := range k.Onset.Errors {
			s.Bars[onsetClass(e)].Value++
		}
		fig.Series = append(fig.Series, s)
	}
	return fig
}

// onsetClass is the number of the class of onsetFigure that an error is in.
func onsetClass(e int) int {
	n := 0
	for _, least := range []int{-32, -8, -2, 0, 1, 3, 9, 33} { // of the second class and on
		if e >= least {
			n++
		}
	}
	return n
}
