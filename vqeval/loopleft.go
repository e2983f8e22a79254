package vqeval

// swings is 1 where the content of a loop comes back the way it went, as what
// swings by itself does and a copy of a stretch of time does not; 0 where nothing in it is mirrored.
func (c *clip) swings(l loopEvidence) float64 {
	deepest := 0.0
	for _, m := range c.mirrors {
		if at := m.centre(); at >= l.from && at < l.end() && 4*m.reach >= l.period {
			deepest = max(deepest, m.depth*m.locked)
		}
	}
	return clamp01((deepest - loopSwing) / (loopSwings - loopSwing))
}

// left is the share of the frame that lives and does not come back with a loop: the
// blocks whose pattern is as far from itself a period later as it is a little sooner
// or later. Where the whole frame loops there are none, also where its light drifts.
func (c *clip) left(l loopEvidence) float64 {
	g := c.p.grid()
	p := l.period
	var nearer, farther []int
	for _, o := range [...]int{p / 8, p / 4, p / 2} {
		nearer, farther = append(nearer, p-max(2, o)), append(farther, p+max(2, o))
	}
	one := make([]float64, g.blocks())
	a, b := make([]uint16, c.p.w*c.p.h), make([]uint16, c.p.w*c.p.h)
	mean := func(lags []int) []float64 {
		sum, n := make([]float64, g.blocks()), 0.0
		for i := range leftPairs {
			t := l.from + (2*i+1)*(l.to-l.from)/(2*leftPairs)
			unpack(a, c.p.plane(t))
			for _, k := range lags {
				if t+k >= c.n {
					continue
				}
				unpack(b, c.p.plane(t+k))
				patternDiffs(one, a, b, c.p.w, c.p.h, g)
				for i, v := range one {
					sum[i] += v
				}
				n++
			}
		}
		if n == 0 {
			return nil
		}
		for i := range sum {
			sum[i] /= n
		}
		return sum
	}
	pair, before, after := mean([]int{p}), mean(nearer), mean(farther)
	if pair == nil || before == nil {
		return 0
	}
	// Coding makes all pairs unlike. What comes back shows by how much: a quarter of the
	// frame at least does.
	noise := quantile(pair, 0.25)
	left := 0
	for i := range pair {
		beside := before[i]
		if after != nil {
			beside = min(beside, after[i])
		}
		if beside -= noise; beside >= loopLeftLevels && pair[i]-noise > (1-loopLeftDepth)*beside {
			left++
		}
	}
	return float64(left) / float64(g.blocks())
}

// patternDiffs stores the mean absolute difference of each block whose mean
// difference is taken out, in grey levels.
func patternDiffs(dst []float64, a, b []uint16, w, h int, g grid) {
	for i := range dst {
		x0, y0 := i%g.cols*blockWidth, i/g.cols*blockHeight
		y1 := y0 + blockHeight
		if i/g.cols == g.rows-1 {
			y1 = h
		}
		sum, n := 0, (y1-y0)*blockWidth
		each := func(f func(d int)) {
			for y := y0; y < y1; y++ {
				for k := y*w + x0; k < y*w+x0+blockWidth; k++ {
					f(int(a[k]) - int(b[k]))
				}
			}
		}
		each(func(d int) { sum += d })
		mean, away := sum/n, 0
		each(func(d int) { away += abs(d - mean) })
		dst[i] = float64(away) / float64(n) / unit
	}
}

const leftPairs = 12 // frames of which each lag is measured
