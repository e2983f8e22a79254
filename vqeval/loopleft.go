package vqeval

import "math"

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

// inexact is a ratio for strength of frames that are said to be copies and miss by a ratio for which
// coding is an excuse: as much of it as coding does not explain. Where the quietest blocks show that
// it leaves hardly a trace, what is only about the same is no copy: a stride or a swing that happens
// to be like an earlier one.
func (c *clip) inexact(ratio float64, pairs func() [][2]int) float64 {
	if ratio == 0 {
		return 0
	}
	return ratio * clamp01((copyCoded-c.coding(pairs()))/(copyCoded-copyClean))
}

// exact is 1 for lap after lap that is on time to the frame, and to a small part of one: then what the laps
// differ by is what coding makes of them, also before a background that it leaves alone.
func (l loopEvidence) exact() float64 {
	return clamp01((copyOnTime-l.early)/(copyOnTime/2)) * clamp01((l.locked-copyLocked)/(1-copyLocked)) *
		clamp01((float64(l.to-l.from)/float64(l.period)-copyLaps)/copyLaps)
}

// shallow is a ratio for strength: how far a likeness of such depth is from that of copies.
func shallow(depth float64) float64 { return beyond(copyDepthFree, (1-depth)/(1-copyDepth)) }

// coding is how much the blocks that differ least do on average over the pairs, in grey levels:
// what coding alone makes of frames that show the same. Blank margins do not count.
func (c *clip) coding(pairs [][2]int) float64 {
	sum, n := c.patterns(pairs)
	if n == 0 {
		return 0
	}
	g := c.p.grid()
	var inside []float64
	for i, v := range sum {
		x, y := i%g.cols*blockWidth, i/g.cols*blockHeight
		if x >= c.p.mx && x+blockWidth <= c.p.w-c.p.mx && y >= c.p.my && y+blockHeight <= c.p.h-c.p.my {
			inside = append(inside, v)
		}
	}
	return quantile(inside, 0.25)
}

// patterns is the mean over the pairs of what the blocks' patterns differ by, and the number of
// pairs that there are.
func (c *clip) patterns(pairs [][2]int) (sum []float64, n int) {
	g := c.p.grid()
	one, sum := make([]float64, g.blocks()), make([]float64, g.blocks())
	a, b := make([]uint16, c.p.w*c.p.h), make([]uint16, c.p.w*c.p.h)
	last := -1
	for _, p := range pairs {
		if p[1] >= c.n {
			continue
		}
		if p[0] != last {
			unpack(a, c.p.plane(p[0]))
			last = p[0]
		}
		unpack(b, c.p.plane(p[1]))
		patternDiffs(one, a, b, c.p.w, c.p.h, g)
		for i, v := range one {
			sum[i] += v
		}
		n++
	}
	for i := range sum {
		sum[i] /= float64(max(1, n))
	}
	return sum, n
}

// left is the share of the frame that lives and does not come back with a loop: the
// blocks whose pattern is as far from itself a period later as it is a little sooner
// or later. Where the whole frame loops there are none, also where its light drifts.
//
// depth is that of the loop; of a single return, which is compared with frames close to it, that of its
// liveliest blocks if they are farther from what lies far beside it.
func (c *clip) left(l loopEvidence) (share, depth float64) {
	g := c.p.grid()
	p := l.period
	var nearer, farther []int
	for _, o := range [...]int{p / 8, p / 4, p / 2} {
		nearer, farther = append(nearer, p-max(2, o)), append(farther, p+max(2, o))
	}
	mean := func(lags ...int) []float64 {
		var pairs [][2]int
		for _, t := range l.samples() {
			for _, k := range lags {
				pairs = append(pairs, [2]int{t, t + k})
			}
		}
		sum, n := c.patterns(pairs)
		if n == 0 {
			return nil
		}
		return sum
	}
	pair, before, after := mean(p), mean(nearer...), mean(farther...)
	if pair == nil || before == nil {
		return 0, l.depth
	}
	// Coding makes all pairs unlike. What comes back shows by how much: a quarter of the
	// frame at least does.
	noise := quantile(pair, 0.25)
	left := 0
	for i, v := range after {
		before[i] = min(before[i], v)
	}
	for i, beside := range before {
		if beside -= noise; beside >= loopLeftLevels && pair[i]-noise > (1-loopLeftDepth)*beside {
			left++
		}
	}
	share, depth = float64(left)/float64(g.blocks()), l.depth
	if 2*(l.to-l.from) <= l.period {
		lively := quantile(before, 0.9)
		var near, beside float64
		for i, v := range before {
			if v >= lively {
				near, beside = near+pair[i], beside+v
			}
		}
		depth = max(depth, 1-near/math.Max(1e-9, beside))
	}
	return share, depth
}

// uneven is a ratio for strength: by how much some frames of a run come closer to what they are said
// to repeat than others do. Copies differ by what coding makes of them, all about alike; what is only
// about there is near in some moments and far in others. A deep likeness needs no such proof.
func (l loopEvidence) uneven(d *selfsim) float64 {
	if l.depth >= copyAlike {
		return 0
	}
	var all []float64
	for t := l.from; t < l.to; t++ {
		all = append(all, d.at(t, t+l.period))
	}
	ratio := beyond(copyUnevenFree, quantile(all, 0.9)/(quantile(all, 0.1)+0.1)/copyUneven)
	return ratio * clamp01((copyAlike-l.depth)/(copyAlike-copyVague))
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

// pairs are frames of the run, at even distances, with those that repeat them.
func (l loopEvidence) pairs() [][2]int {
	var out [][2]int
	for _, t := range l.samples() {
		out = append(out, [2]int{t, t + l.period})
	}
	return out
}

// samples are frames of the run at even distances.
func (l loopEvidence) samples() []int {
	out := make([]int, leftPairs)
	for i := range out {
		out[i] = l.from + (2*i+1)*(l.to-l.from)/(2*leftPairs)
	}
	return out
}

const leftPairs = 12 // frames of which each lag is measured
