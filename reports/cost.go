package reports

import (
	"fmt"

	"longtake/bench"
	"longtake/bench/stats"
)

// pair is a cell and the dense cell of the same frames, prompt and seed.
type pair struct{ dense, cell cell }

// pairs matches cells with dense ones that ran the same way. reason says why
// some or all of them have no partner.
func (s section) pairs(m method, frames int) (out []pair, reason string) {
	type key struct {
		tag, text, embeds string
		seed              int64
	}
	of := func(c cell) key { return key{c.Prompt.Tag, c.Prompt.Text, c.Prompt.EmbedsSHA256, c.Seed} }
	dense := map[key]cell{}
	for _, d := range s.methods {
		if d.dense {
			for _, c := range onlyOK(s.pick(d, frames)) {
				dense[of(c)] = c
			}
		}
	}
	if len(dense) == 0 {
		return nil, fmt.Sprintf("no dense cell at %d frames to compare with", frames)
	}
	alone, apart := 0, 0
	for _, c := range onlyOK(s.pick(m, frames)) {
		d, ok := dense[of(c)]
		switch {
		case !ok:
			alone++
		case d.Host.Device() != c.Host.Device() || d.Host.Cores != c.Host.Cores || d.Host.Workers != c.Host.Workers || d.Variant != c.Variant || d.Engine != c.Engine:
			apart++
		default:
			out = append(out, pair{d, c})
		}
	}
	switch {
	case apart > 0:
		reason = "the dense cell ran on another host, engine or kernel variant"
	case alone > 0:
		reason = "no dense cell of the same prompt and seed"
	}
	return out, reason
}

// speedup is the geometric mean of dense time over the method's own, paired by
// prompt and seed, of the rows in which the method did anything.
func (s section) speedup(m method, frames int, metric string) stats.Interval {
	none := func(reason string) stats.Interval {
		return stats.Interval{Value: nan, Low: nan, High: nan, Reason: reason}
	}
	if m.dense {
		return none("reference")
	}
	all, reason := s.pairs(m, frames)
	var ratios []float64
	idle, unknown := 0, 0
	for _, p := range all {
		switch {
		case p.cell.Engaged == nil:
			unknown++
		case !*p.cell.Engaged:
			idle++
		default:
			a, okA := p.dense.Metric(metric)
			b, okB := p.cell.Metric(metric)
			if okA && okB && a > 0 && b > 0 {
				ratios = append(ratios, a/b)
			} else if reason == "" {
				reason = fmt.Sprintf("%s was not measured", metric)
			}
		}
	}
	switch {
	case len(ratios) > 0:
		return stats.GeoMean(ratios)
	case idle > 0:
		return none(notEngaged)
	case unknown > 0:
		return none("nobody recorded whether the method was engaged")
	case reason == "":
		reason = "no video"
	}
	return none(reason)
}

const notEngaged = "not engaged"

// bound is the largest speed-up of a time (of denoising or all) that the
// attended fraction allows: with a share a of dense attention's time spent in
// attention, of which the fraction f remains, 1/(1 - a(1-f)). It is averaged
// over pairs.
func (s section) bound(m method, frames int, metric string) stats.Interval {
	if m.dense {
		return stats.Interval{Value: nan, Low: nan, High: nan, Reason: "reference"}
	}
	all, reason := s.pairs(m, frames)
	var out []float64
	for _, p := range all {
		t, okT := p.dense.Metric(metric)
		a, okA := p.dense.Metric(bench.AttentionSeconds)
		f, okF := p.cell.Metric(bench.AttendedFraction)
		if okT && okA && okF && t > 0 && a >= 0 && a <= t && f >= 0 && f <= 1 {
			if left := 1 - a/t*(1-f); left > 0 {
				out = append(out, 1/left)
			}
		}
	}
	if len(out) == 0 {
		if reason == "" {
			reason = "attention time of the dense cell or the attended fraction was not measured"
		}
		return stats.Interval{Value: nan, Low: nan, High: nan, Reason: reason}
	}
	return stats.GeoMean(out)
}

// timed reports whether any time was measured.
func (s section) timed() bool {
	return len(values(s.cells, bench.WallSeconds))+len(values(s.cells, bench.DenoiseSeconds)) > 0
}

// boundSlack is how far timing noise may carry a speed-up beyond its bound.
const boundSlack = 1.05

// beyondBound lists the speed-ups of denoising that the attended fraction does
// not explain: the cell did something else as well, or a time is wrong.
func (s section) beyondBound() []string {
	var out []string
	s.eachRow(func(frames int, m method, _ []cell) {
		got, most := s.speedup(m, frames, bench.DenoiseSeconds), s.bound(m, frames, bench.DenoiseSeconds)
		if got.Value > most.Value*boundSlack { // false where one is absent
			out = append(out, fmt.Sprintf("%s at %d frames denoises %s times as fast as dense, more than the %s that its attended fraction allows: some time or fraction is not what it says", m.title, frames, sig(got.Value), sig(most.Value)))
		}
	})
	return out
}
