package vqeval

import (
	"fmt"
	"math"
	"slices"
)

// drift is a look that runs away from that of the start and does not come back.
type drift struct {
	shot
	severity float64
	what     string // exposure, colour, detail
	words    string
}

// trend is how one series of a shot went.
type trend struct {
	change float64 // median of the last part less that of the first
	order  float64 // Kendall's tau of the bins, 0..1: how steadily
	onset  int     // frame, from which on it stays away from the start
}

// driftPart of the shot at either end is what is compared.
const driftPart = 0.15

// trendOf measures a series; NaN are left out.
func trendOf(v []float64) (t trend, ok bool) {
	n := len(v)
	known := func(part []float64) []float64 {
		return slices.DeleteFunc(slices.Clone(part), math.IsNaN)
	}
	const most = 12
	var bins []float64
	for i := range most {
		part := known(v[i*n/most : (i+1)*n/most])
		if len(part) == 0 {
			return t, false
		}
		bins = append(bins, quantile(part, 0.5))
	}
	ends := max(1, int(driftPart*float64(n)))
	head, tail := known(v[:ends]), known(v[n-ends:])
	first := quantile(head, 0.5)
	t.change = quantile(tail, 0.5) - first
	// Theil and Sen's slope over the clip bounds it: the ends alone may be strange.
	var slopes []float64
	var up float64
	for i := range bins {
		for j := range i {
			d := bins[i] - bins[j]
			slopes = append(slopes, d/float64(i-j))
			switch {
			case d*t.change > 0:
				up++
			case d*t.change < 0:
				up--
			}
		}
	}
	t.order = math.Max(0, up/float64(len(slopes)))
	whole := quantile(slopes, 0.5) * float64(most-1)
	if whole*t.change <= 0 {
		t.order /= 2 // most of the clip went the other way, or nowhere
	}
	// A frame may go astray; the last bin that is still near the start is where it parts.
	near := func(v float64) bool { return (v-first)*t.change < 0.2*t.change*t.change }
	for i := most - 1; i >= 0; i-- {
		if near(bins[i]) {
			for t.onset = i * n / most; t.onset < n-1 && near(v[t.onset]); t.onset++ {
			}
			break
		}
	}
	return t, true
}

// lasts is the stretch of a shot without fades from and to an empty frame.
func lasts(look []Look, s shot) shot {
	var c []float64
	for t := s.from; t < s.to; t++ {
		c = append(c, look[t].Contrast)
	}
	bar := 0.35 * quantile(c, 0.5)
	trim := func(at func(i int) float64, n int) int {
		faded := 0
		for i := range n {
			if at(i) < bar {
				faded = i + 1
			} else {
				break
			}
		}
		if faded == 0 {
			return 0
		}
		for faded < n && at(faded) > at(faded-1)*1.002 {
			faded++ // back to where it stands
		}
		return faded
	}
	n := len(c)
	s.from, s.to = s.from+trim(func(i int) float64 { return c[i] }, n), s.to-trim(func(i int) float64 { return c[n-1-i] }, n)
	return s
}

func findDrift(look []Look, l *light, in shot, second float64) (best drift) {
	s := lasts(look, in)
	if float64(s.to-s.from) < driftSeconds*second {
		return best
	}
	series := func(f func(Look) float64) []float64 {
		v := make([]float64, 0, s.to-s.from)
		for _, x := range look[s.from:s.to] {
			v = append(v, f(x))
		}
		return v
	}
	try := func(what, words string, v []float64, bar float64, trust func(change float64) float64) {
		t, ok := trendOf(v)
		if !ok {
			return
		}
		amount := math.Abs(t.change)
		if trust != nil {
			amount *= trust(t.change)
		}
		// What runs away takes its time: a step is something else.
		d := drift{shot{s.from + t.onset, s.to}, 0, what, words}
		d.severity = strength(bar/math.Max(1e-9, amount), (1-t.order)/driftOrder)
		if d.severity > best.severity {
			best = d
		}
	}
	light := l.gain(s.from, s.to)
	// What brightens because the camera turns there has no gain of its own.
	gained := func(change float64) float64 {
		return math.Max(0.4, math.Min(1, 0.4+light/change))
	}
	try("exposure", "the exposure", series(func(x Look) float64 { return math.Log(x.Luma + tileDark) }), driftExposure, gained)
	try("exposure", "the contrast", series(func(x Look) float64 { return math.Log(x.Contrast + 2) }), driftContrast, nil)
	try("colour", "the saturation", series(func(x Look) float64 { return x.Saturation }), driftSaturation, nil)
	cb, cr := series(func(x Look) float64 { return x.Cb }), series(func(x Look) float64 { return x.Cr })
	ends := max(1, int(driftPart*float64(len(cb))))
	db := quantile(cb[len(cb)-ends:], 0.5) - quantile(cb[:ends], 0.5)
	dr := quantile(cr[len(cr)-ends:], 0.5) - quantile(cr[:ends], 0.5)
	if size := math.Hypot(db, dr); size > 0 {
		v := make([]float64, len(cb))
		for i := range v {
			v[i] = (cb[i]*db + cr[i]*dr) / size
		}
		try("colour", "the colour", v, driftColour, nil)
	}
	try("detail", "the detail", series(func(x Look) float64 { return math.Log(x.Detail) }), driftDetail, nil)
	return best
}

// driftUnknown says why there is nothing to judge, "" if there is.
func driftUnknown(c *clip) string {
	if c.src.Look == nil {
		return "the look of the frames is not known"
	}
	for _, s := range c.shots {
		if s = lasts(c.src.Look, s); float64(s.to-s.from) >= driftSeconds*c.second {
			return ""
		}
	}
	return fmt.Sprintf("needs a shot of at least %g seconds besides fades", driftSeconds)
}

func driftEvents(c *clip, _ *Facts) []event {
	var out []event
	for _, s := range c.shots {
		d := findDrift(c.src.Look, c.light, s, c.second)
		if d.severity == 0 {
			continue
		}
		out = append(out, event{
			kind: "drift", shot: d.shot, severity: d.severity, confidence: d.severity * c.lasting(s.to-s.from),
			detail: Failure{What: d.what},
			words: func(j *judge) string {
				return fmt.Sprintf("%s runs away from %s %s", d.words, j.at(d.from), j.until(d.to))
			},
		})
	}
	return out
}
