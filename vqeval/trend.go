package vqeval

import (
	"math"
	"slices"
)

// trend is how one series of a shot went: it stands, and from its onset on runs
// evenly away. That is fitted by least squares.
type trend struct {
	start  float64 // where it stands
	change float64 // from there to the end
	left   float64 // root of the share of the variance that the fit leaves
	sudden float64 // share of the change that came within one second, beyond what an even one has there
	stood  float64 // times what is left where the change comes at once and stands, that is left where it takes its time
	onset  int     // frame
	agree  float64 // how surely the parts of the frame changed alike: the change over its standard error among them
}

// course is how something of the parts of the frame went: medians of short stretches.
type course struct {
	n     int         // frames
	at    []float64   // middle of each stretch
	part  [][]float64 // [part][stretch], of the parts that show something throughout
	patch float64     // parts that content moves together
	slow  bool        // it begins slowly: with the square of the time since its onset
}

// stretches cuts n frames into short ones: the k-th is [lo,hi), of which every step-th
// frame is looked at.
func stretches(n, sample int, each func(lo, hi, step int)) {
	most := min(driftBins, n)
	for k := range most {
		lo, hi := k*n/most, (k+1)*n/most
		each(lo, hi, 1+(hi-lo)/sample)
	}
}

// newCourse takes the value of a part at a frame of n; NaN is unknown. It asks from
// several goroutines, for at most 2*sample frames of a stretch.
func newCourse(n, parts, sample int, value func(t, part int) float64) course {
	c := course{n: n, patch: driftPatch * float64(parts) / tiles}
	stretches(n, sample, func(lo, hi, _ int) { c.at = append(c.at, float64(lo+hi-1)/2) })
	most := len(c.at)
	all := make([][]float64, parts)
	parallelBy(1, parts, func(lo, hi int) {
		var v []float64
		for i := lo; i < hi; i++ {
			bins := make([]float64, 0, most)
			stretches(n, sample, func(lo, hi, step int) {
				v = v[:0]
				for t := lo; t < hi; t += step {
					if x := value(t, i); !math.IsNaN(x) {
						v = append(v, x)
					}
				}
				if len(v) > 0 {
					bins = append(bins, nth(v, len(v)/2))
				}
			})
			if len(bins) == most {
				all[i] = bins
			}
		}
	})
	c.part = slices.DeleteFunc(all, func(bins []float64) bool { return bins == nil })
	return c
}

// common is the median of the parts, each less its mean (or over it).
func (c course) common(relative bool) []float64 {
	out := make([]float64, len(c.at))
	v := make([]float64, len(c.part))
	means := make([]float64, len(c.part))
	for i, p := range c.part {
		means[i] = mean(p)
	}
	for k := range out {
		for i, p := range c.part {
			if v[i] = p[k] - means[i]; relative {
				v[i] = p[k] / means[i]
			}
		}
		slices.Sort(v)
		out[k] = (v[len(v)/2] + v[(len(v)-1)/2]) / 2
	}
	return out
}

// logarithm is the course of the logarithms of the parts.
func (c course) logarithm() course {
	out := c
	out.part = nil
	for _, p := range c.part {
		v := make([]float64, len(p))
		for k := range v {
			v[k] = math.Log(p[k])
		}
		out.part = append(out.part, v)
	}
	return out
}

// times is the course of the parts times a factor.
func (c course) times(factor float64) course {
	out := c
	out.part = nil
	for _, p := range c.part {
		v := make([]float64, len(p))
		for k := range v {
			v[k] = factor * p[k]
		}
		out.part = append(out.part, v)
	}
	return out
}

// steps adds up the medians of the changes of the parts within a few stretches. What moves
// alters few parts in so short a time, and most of them in a long one.
func (c course) steps() []float64 {
	out := make([]float64, len(c.at))
	v := make([]float64, len(c.part))
	for k := 1; k < len(out); k++ {
		from := max(0, k-driftStep)
		for i, p := range c.part {
			v[i] = (p[k] - p[from]) / float64(k-from)
		}
		out[k] = out[k-1] + quantile(v, 0.5)
	}
	return out
}

// trend measures a series of the course. second is the number of frames of one.
func (c course) trend(bins []float64, second float64, relative bool) (t trend) {
	most := len(bins)
	var best, all float64
	to := fitted(bins)
	all = to.yy
	if all <= 0 {
		return t
	}
	x := make([]float64, most)
	// ramp is 0 up to from and 1 from to on.
	ramp := func(from, to float64, slow bool) {
		for i := range x {
			x[i] = min(1, max(0, c.at[i]-from)/(to-from))
			if slow {
				x[i] *= x[i]
			}
		}
	}
	end := float64(c.n - 1)
	// fit finds the onset that leaves least of the first bins.
	fit := func(bins []float64, slow bool) (least float64, from int) {
		least = math.Inf(1)
		to := fitted(bins)
		for at := 0; at <= 3*c.n/4; at += 1 + c.n/driftOnsets {
			ramp(float64(at), end, slow)
			_, left := to.line(x[:len(bins)])
			if at == 0 && slow {
				left *= driftFirstSlow // what begins slowly is long too little to be seen
			} else if at == 0 {
				left *= driftFirst // from the start on, unless something else is clearly better
			}
			if left < least {
				least, from = left, at
			}
		}
		return least, from
	}
	begins := func(bins []float64) (from int, slow bool) {
		least, from := fit(bins, false)
		if c.slow {
			if l, f := fit(bins, true); l < least {
				return f, true
			}
		}
		return from, false
	}
	onset, slow := begins(bins)
	t.onset = onset
	ramp(float64(t.onset), end, slow)
	t.change, best = to.line(x)
	t.start = mean(bins) - t.change*mean(x)
	if c.slow { // what is left at last is that of coding
		for k := most / 2; k < most-1; k++ {
			if c.at[k] <= float64(t.onset) {
				continue
			}
			ramp(float64(t.onset), c.at[k], false)
			_, left := to.line(x)
			best = min(best, left)
		}
	}
	// What takes its time may end before the shot does.
	takes := func(time float64) float64 {
		least := math.Inf(1)
		for _, from := range c.at {
			ramp(from-time/2, from+time/2, false)
			_, left := to.line(x)
			least = min(least, left)
		}
		return least
	}
	slowly := best
	for time := driftTakes * second; time < end; time *= math.Sqrt2 {
		slowly = min(slowly, takes(time))
	}
	t.stood = math.Sqrt(slowly / max(1e-9*all, takes(driftAtOnce*second)))
	// Three medians in a row have no outlier between them.
	calm := slices.Clone(bins)
	for i := 1; i+1 < most; i++ {
		calm[i] = max(min(bins[i-1], bins[i]), min(max(bins[i-1], bins[i]), bins[i+1]))
	}
	t.left = math.Sqrt(best / all)
	if t.change == 0 {
		return t
	}
	// How the parts went, along the same ramp.
	ramp(float64(t.onset), end, false)
	var each, off []float64
	for _, p := range c.part {
		slope, _ := line(x, p)
		if relative {
			slope /= mean(p)
		}
		each = append(each, slope)
	}
	m := quantile(each, 0.5)
	for _, e := range each {
		off = append(off, math.Abs(e-m))
	}
	t.agree = max(0, math.Copysign(1, t.change)*m) / (1.48*quantile(off, 0.5)/math.Sqrt(float64(len(off))/c.patch) + 1e-9)
	reach := max(1, int(math.Round(second*float64(most)/float64(c.n))))
	var steepest float64
	for i := 0; i+reach < most; i++ {
		steepest = max(steepest, (calm[i+reach]-calm[i])/t.change)
	}
	even := min(0.5, second/float64(c.n-t.onset))
	t.sudden = max(0, (steepest-even)/(1-even))
	// Once it is nearly there it may come and go: that says nothing about when it began.
	if there := slices.IndexFunc(calm, func(v float64) bool { return (v-t.start)/t.change > driftThere }); there >= most/3 {
		t.onset, _ = begins(bins[:there+1])
	}
	return t
}

// ends are the medians of a series near its start and near its end.
func ends(bins []float64) (first, last float64) {
	n := max(1, int(driftPart*float64(len(bins))))
	return quantile(bins[:n], 0.5), quantile(bins[len(bins)-n:], 0.5)
}

// share is how far a series has gone at each stretch from where it stood at first to
// where it is at last, 0..1; nil where it comes to nothing.
func share(bins []float64) []float64 {
	first, last := ends(bins)
	if first == last {
		return nil
	}
	out := make([]float64, len(bins))
	for k, b := range bins {
		out[k] = clamp01((b - first) / (last - first))
	}
	return out
}

// sag is by how much the logarithm of the contrast lies below its first and its last
// value while something has gone half-way. A mixture of two scenes has less contrast
// than either (the square root of a half where they are alike in it); one whose look
// changes has a contrast in between. What takes longer for that than a dissolve does
// counts less: content has time to come and go. second is in stretches.
func sag(contrast, share []float64, second float64) float64 {
	if contrast == nil {
		return 0
	}
	first, last := ends(contrast)
	var below []float64
	for k, g := range share {
		if g > 0.3 && g < 0.7 {
			below = append(below, min(first, last)-contrast[k])
		}
	}
	if len(below) == 0 {
		return 0
	}
	brief := min(1, driftMixed*second/float64(len(below)))
	return quantile(below, 0.5) * brief * brief
}

// gone is the share that a series has gone at each frame.
func (c course) gone(share []float64) []float64 {
	out := make([]float64, c.n)
	if share == nil {
		return out
	}
	k := 0
	for t := range out {
		for k+1 < len(share) && c.at[k+1] <= float64(t) {
			k++
		}
		v := share[k]
		if k+1 < len(share) && float64(t) > c.at[k] {
			v += (share[k+1] - v) * (float64(t) - c.at[k]) / (c.at[k+1] - c.at[k])
		}
		out[t] = v
	}
	return out
}

// line fits y = a + slope x and returns the sum of squares that it leaves.
func line(x, y []float64) (slope, left float64) { return fitted(y).line(x) }

// target is what lines are fitted to.
type target struct {
	y        []float64
	mean, yy float64 // and the sum of squares about it
}

func fitted(y []float64) target {
	t := target{y: y, mean: mean(y)}
	for _, v := range y {
		t.yy += (v - t.mean) * (v - t.mean)
	}
	return t
}

func (t target) line(x []float64) (slope, left float64) {
	mx, y, my := mean(x), t.y[:len(x)], t.mean
	var xx, xy float64
	for i, v := range x {
		xx += (v - mx) * (v - mx)
		xy += (v - mx) * (y[i] - my)
	}
	if xx == 0 {
		return 0, t.yy
	}
	return xy / xx, t.yy - xy*xy/xx
}
