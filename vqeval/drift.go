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

// trend is how one series of a shot went: it stands, and from its onset on runs
// evenly away. That is fitted by least squares to medians of short stretches.
type trend struct {
	start  float64 // where it stands
	change float64 // from there to the end
	left   float64 // root of the share of the variance that the fit leaves
	sudden float64 // share of the change that came within one second, beyond what an even one has there
	onset  int     // frame
}

// trendOf measures a series; NaN are left out. second is the number of frames of one.
func trendOf(v []float64, second float64) (t trend, ok bool) {
	n, most := len(v), min(driftBins, len(v))
	at, bins := make([]float64, most), make([]float64, most)
	for i := range bins {
		lo, hi := i*n/most, (i+1)*n/most
		part := slices.DeleteFunc(slices.Clone(v[lo:hi]), math.IsNaN)
		if len(part) == 0 {
			return t, false
		}
		at[i], bins[i] = float64(lo+hi-1)/2, quantile(part, 0.5)
	}
	best, all := math.Inf(1), 0.0
	for _, b := range bins {
		all += (b - mean(bins)) * (b - mean(bins))
	}
	if all <= 0 {
		return t, true
	}
	x := make([]float64, most)
	for from := 0; from <= 3*n/4; from++ {
		for i := range x {
			x[i] = max(0, at[i]-float64(from))
		}
		slope, left := line(x, bins)
		if from == 0 {
			left *= driftFirst // from the start on, unless something else is clearly better
		}
		if left < best {
			best = left
			t.onset, t.start, t.change = from, mean(bins)-slope*mean(x), slope*float64(n-1-from)
		}
	}
	t.left = math.Sqrt(best / all)
	if t.change == 0 {
		return t, true
	}
	// Three medians in a row have no outlier between them.
	calm := slices.Clone(bins)
	for i := 1; i+1 < most; i++ {
		calm[i] = max(min(bins[i-1], bins[i]), min(max(bins[i-1], bins[i]), bins[i+1]))
	}
	reach := max(1, int(math.Round(second*float64(most)/float64(n))))
	var steepest float64
	for i := 0; i+reach < most; i++ {
		steepest = max(steepest, (calm[i+reach]-calm[i])/t.change)
	}
	even := min(0.9, second/float64(n-t.onset))
	t.sudden = max(0, (steepest-even)/(1-even))
	return t, true
}

// line fits y = a + slope x and returns the sum of squares that it leaves.
func line(x, y []float64) (slope, left float64) {
	mx, my := mean(x), mean(y)
	var xx, xy, yy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
		yy += (y[i] - my) * (y[i] - my)
	}
	if xx == 0 {
		return 0, yy
	}
	return xy / xx, yy - xy*xy/xx
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
	span := float64(s.to-s.from) / second
	try := func(what, words string, v []float64, bar float64, weigh func(t trend) float64) {
		t, ok := trendOf(v, second)
		if !ok {
			return
		}
		amount := math.Abs(t.change)
		if weigh != nil {
			amount = weigh(t)
		}
		// What runs away takes its time, and goes one way: a step is something else.
		d := drift{shot{s.from + t.onset, s.to}, 0, what, words}
		d.severity = strength(driftClear*bar/math.Max(1e-9, amount), math.Pow(t.left/driftLeft, 2), math.Pow(t.sudden/driftSudden, 2))
		if d.severity > best.severity {
			best = d
		}
	}
	// Relative changes are fitted as they are and weighed by their logarithm: light that
	// fades evenly has no even logarithm.
	relative := func(t trend) float64 {
		return math.Abs(math.Log(math.Max(0.01, 1+t.change/math.Max(1e-9, t.start))))
	}
	// A setting sun takes its part of the light as well.
	lit := func(t trend) float64 { return relative(t) - driftSun*span }
	try("exposure", "the exposure", l.common(s), driftExposure, lit)
	contrast := series(func(x Look) float64 { return x.Contrast + 2 })
	try("exposure", "the contrast", contrast, driftContrast, lit)
	saturation := series(func(x Look) float64 { return x.Saturation + 0.05 })
	try("colour", "the saturation", saturation, driftSaturation, relative)
	// A share of the light: what darkens does not change its colour.
	cb := series(func(x Look) float64 { return x.Cb * 128 / (x.Luma + 2*tileDark) })
	cr := series(func(x Look) float64 { return x.Cr * 128 / (x.Luma + 2*tileDark) })
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

// driftShots joins neighbouring shots that look alike where they meet: a jump of the
// content, a seam or a cut back does not end what runs away.
func driftShots(look []Look, shots []shot) []shot {
	out := shots[:1:1]
	for _, s := range shots[1:] {
		a, b := look[s.from-1], look[s.from]
		tone := func(v float64) float64 { return 128 * v / (a.Luma + 2*tileDark) }
		same := math.Abs(math.Log((a.Luma+tileDark)/(b.Luma+tileDark))) < driftMeets &&
			math.Abs(math.Log((a.Contrast+2)/(b.Contrast+2))) < 2*driftMeets &&
			math.Abs(math.Log((a.Saturation+0.05)/(b.Saturation+0.05))) < 2*driftMeets &&
			tone(math.Hypot(a.Cb-b.Cb, a.Cr-b.Cr)) < driftMeets*driftColour/driftExposure
		if last := &out[len(out)-1]; same {
			last.to = s.to
		} else {
			out = append(out, s)
		}
	}
	return out
}

// driftUnknown says why there is nothing to judge, "" if there is.
func driftUnknown(c *clip) string {
	if c.src.Look == nil {
		return "the look of the frames is not known"
	}
	for _, s := range driftShots(c.src.Look, c.shots) {
		if s = lasts(c.src.Look, s); float64(s.to-s.from) >= driftSeconds*c.second {
			return ""
		}
	}
	return fmt.Sprintf("needs a shot of at least %g seconds besides fades", driftSeconds)
}

func driftEvents(c *clip, _ *Facts) []event {
	var out []event
	for _, s := range driftShots(c.src.Look, c.shots) {
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
