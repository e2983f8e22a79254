package vqeval

import (
	"math"
	"slices"
)

// tint is the colour and the light of a part of the frame.
type tint [3]float64

// tints are those of all parts within the stretches [lo,hi), of which it takes a few.
func tints(cb, cr, logs course, lo, hi int) []tint {
	var out []tint
	for i := range logs.part {
		for k := lo; k < hi; k += 1 + (hi-lo)/tintSample {
			out = append(out, tint{cb.part[i][k], cr.part[i][k], driftLight * logs.part[i][k]})
		}
	}
	return out
}

// familiar weakens drifts of light and colour which show fewer new colours and tones than they would
// if all those of the start had run away so far, or so far that they are others in any case. A scene
// in which something moves goes on showing its own, in other places and more or less of each.
func familiar(drifts []drift, cb, cr, logs course) {
	n := len(logs.at)
	some := max(1, int(driftPart*float64(n)))
	var first []tint
	var far float64
	var shift tint
	for i, d := range drifts {
		if d.severity < driftLikely || !slices.Contains([]string{"the hue", "the colour", "the exposure"}, d.words) {
			continue
		}
		if first == nil {
			first = tints(cb, cr, logs, 0, some)
			far = foreign(first, tints(cb, cr, logs, n-some, n))
			for k, c := range []course{cb, cr, logs.times(driftLight)} {
				from, to := ends(c.common(false))
				shift[k] = to - from
			}
		}
		away := func(move func(p tint) tint) float64 {
			gone := make([]tint, len(first))
			for k, p := range first {
				gone[k] = move(p)
			}
			return foreign(first, gone)
		}
		var expected float64
		switch d.words {
		case "the hue":
			sin, cos := math.Sincos(d.change)
			expected = away(func(p tint) tint { return tint{p[0]*cos - p[1]*sin, p[0]*sin + p[1]*cos, p[2]} })
		case "the colour":
			expected = away(func(p tint) tint { return tint{p[0] + shift[0], p[1] + shift[1], p[2]} })
		case "the exposure": // with a gain the colours keep their share of the light, else they stay as they are
			gain := math.Exp(-shift[2] / driftLight)
			expected = min(away(func(p tint) tint { return tint{p[0], p[1], p[2] + shift[2]} }),
				away(func(p tint) tint { return tint{p[0] * gain, p[1] * gain, p[2] + shift[2]} }))
		}
		drifts[i].severity = weakened(d.severity, beyond(driftForeignFree, driftForeign*min(expected, driftOthers)/math.Max(1e-9, far)))
	}
}

// foreign is how far the tints of either time are from those of the other: the geometric mean of
// the medians.
func foreign(a, b []tint) float64 { return math.Sqrt(apart(a, b) * apart(b, a)) }

// apart is the median distance of tints from as many of others as a few parts have: one bright thing
// in the scene does not make all that is bright familiar.
func apart(tints, others []tint) float64 {
	out, far := make([]float64, len(tints)), make([]float64, len(others))
	for i, p := range tints {
		for k, q := range others {
			x, y, z := p[0]-q[0], p[1]-q[1], p[2]-q[2]
			far[k] = x*x + y*y + z*z
		}
		out[i] = math.Sqrt(nth(far, int(tintNearest*float64(len(far)))))
	}
	return quantile(out, 0.5)
}
