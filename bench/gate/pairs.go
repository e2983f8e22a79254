package gate

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"longtake/bench"
	"longtake/bench/stats"
)

// minPairs is the number below which pairs are taken together with those of
// other cells: all must agree for a two-sided 5 %.
var minPairs = stats.PairsFor(0.05)

// group holds pairs that are judged together.
type group struct {
	title string
	pairs []pair
}

// pairs makes the rows of a metric that each video has once.
func (c *comparison) pairs(metric string, all []pair) {
	var left []pair
	for _, p := range all {
		rule, _ := c.rules.find(metric, p.base.kind())
		if ofScorer(metric) && scoredOtherwise(p) {
			continue // scoring says so for all metrics at once
		}
		if why := incomparable(p, metric); why != "" {
			c.rows = append(c.rows, Row{Metric: metric, Where: p.base.title, Judge: Pairs, Better: rule.Better, Outcome: CannotJudge,
				Optional: rule.Optional, Reason: why})
			continue
		}
		left = append(left, p)
	}
	for _, g := range fold(left) {
		rule, _ := c.rules.find(metric, g.pairs[0].base.kind())
		c.rows = append(c.rows, paired(g, metric, rule))
	}
}

// ofScorer reports whether a metric comes from scoring the video.
func ofScorer(metric string) bool { return match("vqeval.*", metric) }

// scoredOtherwise reports whether the sides were not scored in one way.
func scoredOtherwise(p pair) bool {
	x, y := says(p.base.recs, scored), says(p.cur.recs, scored)
	return !slices.Equal(x, y) || len(x) > 1
}

// scoring says which videos were scored in different ways, so that nothing that
// the scorer says of them is compared.
func (c *comparison) scoring() {
	var unlike []string
	var ways [2][]string
	n := 0
	for _, p := range c.both {
		judged := false
		for m := range p.base.metrics() {
			rule, ok := c.rules.find(m, p.base.kind())
			judged = judged || ofScorer(m) && (ok && rule.Judge != Ignore || c.finding(m) && c.rules.Findings.Rule != "ignore" && c.rules.wanted(m))
		}
		if !judged || len(p.cur.recs) == 0 {
			continue
		}
		n++
		if scoredOtherwise(p) {
			unlike = append(unlike, p.base.title)
			ways[0], ways[1] = append(ways[0], says(p.base.recs, scored)...), append(ways[1], says(p.cur.recs, scored)...)
		}
	}
	if len(unlike) == 0 {
		return
	}
	for i := range ways {
		slices.Sort(ways[i])
		ways[i] = slices.Compact(ways[i])
	}
	c.rows = append(c.rows, Row{Metric: "vqeval.*", Where: "all cells", Judge: Pairs, Outcome: CannotJudge, NBaseline: n, NCurrent: n,
		Reason: fmt.Sprintf("%d of %d videos were scored in different ways (%s; %s): score the baseline's again, with longtake rescore DIR: %s",
			len(unlike), n, listed(ways[0]), listed(ways[1]), named(unlike))})
}

// incomparable says why a pair's numbers are not to be compared.
func incomparable(p pair, metric string) string {
	if !ofScorer(metric) {
		if why := elsewhere(p); why != "" {
			return why
		}
	}
	_, okB := p.base.value(metric)
	_, okN := p.cur.value(metric)
	switch {
	case !okB && okN:
		return "it was not measured in the baseline"
	case okB && !okN:
		return "it could not be measured any more"
	}
	return ""
}

// fold groups pairs by method and length; groups that are too small by method,
// and those that are too small still altogether.
func fold(pairs []pair) []group {
	levels := []struct {
		blur  func(*bench.Cell)
		title func(bench.Cell) string
	}{
		{func(c *bench.Cell) {}, func(c bench.Cell) string { return fmt.Sprintf("%s, %d frames", c.Method.Title(), c.Frames) }},
		{func(c *bench.Cell) { c.Frames = 0 }, func(c bench.Cell) string { return c.Method.Title() + ", all lengths" }},
		{func(c *bench.Cell) { c.Frames, c.Method = 0, bench.Method{} }, func(bench.Cell) string { return "methods and lengths with few videos" }},
	}
	var out []group
	for i, level := range levels {
		last := i == len(levels)-1
		by := map[string]*group{}
		var order []string
		for _, p := range pairs {
			key, title := "bench", "benchmarks"
			if p.base.cell != nil {
				c := *p.base.cell
				title = level.title(c)
				c.Prompt, c.Seed, c.SourceSHA256 = bench.Prompt{}, 0, ""
				level.blur(&c)
				b, err := c.Canonical()
				if err != nil {
					b = []byte(err.Error()) // it came from JSON, so this is not reached
				}
				key = string(b)
			}
			if by[key] == nil {
				by[key] = &group{title: plain(title)}
				order = append(order, key)
			}
			by[key].pairs = append(by[key].pairs, p)
		}
		pairs = nil
		for _, k := range order {
			if g := by[k]; len(g.pairs) >= minPairs || last {
				out = append(out, *g)
			} else {
				pairs = append(pairs, g.pairs...)
			}
		}
	}
	return out
}

// paired judges a group by the differences of its pairs.
func paired(g group, metric string, rule Rule) Row {
	r := Row{Metric: metric, Where: g.title, Judge: Pairs, Better: rule.Better, Optional: rule.Optional}
	b, n := make([]float64, len(g.pairs)), make([]float64, len(g.pairs))
	same := true
	for i, p := range g.pairs {
		b[i], _ = p.base.value(metric)
		n[i], _ = p.cur.value(metric)
		x, y := says(p.base.recs, frames), says(p.cur.recs, frames)
		same = same && len(x) == 1 && slices.Equal(x, y)
		r.Cells = append(r.Cells, p.base.recs[0].CellID)
	}
	tolerate := rule.Tolerate.Value
	if rule.Tolerate.Relative {
		tolerate *= math.Abs(stat.Mean(b, nil))
	}
	r.Tolerate = ptr(tolerate)
	r.differences(b, n)
	if same && *r.Change == 0 && r.P == nil {
		r.Outcome, r.Reason = Held, "the same frames"
	}
	return r
}

// differences fills in a row from the values of its pairs.
func (r *Row) differences(b, n []float64) {
	d := make([]float64, len(b))
	differing := 0
	for i := range d {
		d[i] = n[i] - b[i]
		if d[i] != 0 {
			differing++
		}
	}
	r.NBaseline, r.NCurrent = len(d), len(d)
	r.Baseline, r.Current, r.Change = ptr(stat.Mean(b, nil)), ptr(stat.Mean(n, nil)), ptr(stat.Mean(d, nil))
	if i := stats.BootstrapMean(d); i.Known() {
		r.Low, r.High = ptr(i.Low), ptr(i.High)
	}
	switch {
	case len(d) < minPairs:
		r.Outcome, r.Reason = CannotJudge, fmt.Sprintf("need %d pairs, have %d", minPairs, len(d))
		return
	case differing == 0:
		r.Outcome, r.Reason = Held, fmt.Sprintf("equal in all %d pairs", len(d))
		return
	}
	sd := stat.StdDev(d, nil)
	r.P = ptr(stats.SignFlip(d))
	r.detect = detection{
		at: func(alpha float64) float64 { return stats.DetectableMean(sd, len(d), alpha) },
		se: sd / math.Sqrt(float64(len(d))), needs: stats.PairsFor, unit: "pairs",
	}
}

func frames(r *bench.Record) string { return r.FramesSHA256 }
