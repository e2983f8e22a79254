package gate

import (
	"fmt"
	"math"

	"longtake/bench/stats"
)

// repeats compares the repeats of one cell or benchmark.
func (c *comparison) repeats(p pair, metric string, rule Rule) Row {
	b, n := p.base.samples(metric), p.cur.samples(metric)
	r := Row{Metric: metric, Where: p.base.title, Judge: Repeats, Better: rule.Better, Outcome: CannotJudge, Optional: rule.Optional,
		NBaseline: len(b), NCurrent: len(n), Relative: true, Tolerate: ptr(rule.Tolerate.Value)}
	if r.Reason = elsewhere(p); r.Reason != "" {
		return r
	}
	cmp, err := stats.CompareRepeats(b, n)
	if err != nil {
		r.Reason = err.Error()
		return r
	}
	r.Baseline, r.Current = ptr(cmp.Baseline.Value), ptr(cmp.Current.Value)
	r.Change = ptr(cmp.Ratio.Value - 1)
	if cmp.Ratio.Known() {
		r.Low, r.High = ptr(cmp.Ratio.Low-1), ptr(cmp.Ratio.High-1)
	}
	if least := min(len(b), len(n)); least < stats.SamplesFor(1) {
		r.Reason = fmt.Sprintf("need %d samples, have %d", stats.SamplesFor(1), least)
		return r
	}
	r.P = ptr(cmp.P)
	r.detect = detection{
		at: func(alpha float64) float64 { return stats.DetectableRatio(b, n, alpha) - 1 },
		// From the interval, which is about two standard errors to either side.
		se:    math.Log(cmp.Ratio.High/cmp.Ratio.Low) / (2 * 1.96),
		needs: stats.SamplesFor, unit: "samples",
	}
	return r
}

// elsewhere says that the sides were not measured on one and the same host.
func elsewhere(p pair) string {
	if x, y := says(p.base.recs, machine), says(p.cur.recs, machine); len(x) != 1 || len(y) != 1 || x[0] != y[0] {
		return fmt.Sprintf("measured on different or unknown hosts (%s; %s)", listed(x), listed(y))
	}
	return ""
}

// exact compares what is computed and not measured.
func (c *comparison) exact(p pair, metric string, rule Rule) Row {
	b, okB := p.base.value(metric)
	n, okN := p.cur.value(metric)
	r := Row{Metric: metric, Where: p.base.title, Judge: Exact, Better: rule.Better, Optional: rule.Optional, NBaseline: 1, NCurrent: 1}
	if !okB || !okN {
		r.Outcome, r.Reason = CannotJudge, "only one side has it"
		return r
	}
	tolerate := rule.Tolerate.Value
	if rule.Tolerate.Relative {
		tolerate *= math.Abs(b)
	}
	r.Baseline, r.Current, r.Change, r.Tolerate = ptr(b), ptr(n), ptr(n-b), ptr(tolerate)
	worse := loss(rule.Better, n-b)
	if rule.Better == Same {
		worse = math.Abs(n - b)
	}
	if worse > tolerate {
		r.Outcome, r.Reason = Regressed, "it is computed, not measured, and changed"
		return r
	}
	r.Outcome, r.Detectable = Held, ptr(tolerate)
	return r
}
