package vqeval

import (
	"fmt"
	"math"
	"slices"

	"longtake/kernels/frames"
	"longtake/kernels/sad"
)

// regionLoop is a part of the frame that repeats while the rest goes on.
type regionLoop struct {
	loopEvidence
	in       []bool // blocks that surely come back
	around   []bool // those and what is beside them and comes back less clearly
	area     float64
	within   float64 // of the rectangle around them that they reach over
	rest     float64 // share of the frame that lives and does not come back
	severity float64
}

// loopProfile is, for each lag, how far each block is from itself on average over
// a sample of the frames from a start on.
type loopProfile struct {
	g    grid
	diff [][]float64 // grey levels, of [lag][block]
	// The largest ones at lags a little nearer and farther than each.
	nearer, farther [][]float64
}

func newLoopProfile(raw *planes, from, lags int) loopProfile {
	l := loopProfile{g: raw.grid(), diff: make([][]float64, lags+1)}
	parallel(lags+1, func(lo, hi int) {
		one := make([]float64, l.g.blocks())
		for k := lo; k < hi; k++ {
			l.diff[k] = make([]float64, l.g.blocks())
			if k == 0 {
				continue
			}
			pairs := min(regionPairs, raw.n-k-from)
			at := make([]int, 0, regionPairs)
			for i := range pairs {
				at = append(at, from+(2*i+1)*(raw.n-k-from)/(2*pairs))
			}
			raw.addPairs(l.diff[k], one, at, k, 1/float64(pairs))
		}
	})
	l.nearer = largestWithin(l.diff, func(p int) (lo, hi int) { return max(1, p/2), p - max(1, p/8) })
	l.farther = largestWithin(l.diff, func(p int) (lo, hi int) { return p + max(1, p/8), min(p+p/2, lags) })
	return l
}

// largestWithin is, for each lag p and block, the largest v at the lags window(p), both
// included, and 0 where there are none. Two stretches of a power of two fill any window.
func largestWithin(v [][]float64, window func(p int) (lo, hi int)) [][]float64 {
	blocks := len(v[0])
	out, most := make([][]float64, len(v)), make([][]float64, len(v)) // the largest of so many lags from each on
	room := make([]float64, 2*len(v)*blocks)
	for p := range out {
		out[p], most[p] = room[2*p*blocks:][:blocks], room[(2*p+1)*blocks:][:blocks]
		copy(most[p], v[p])
	}
	for length := 1; length <= len(v); length *= 2 {
		for p := range out {
			if lo, hi := window(p); hi-lo+1 >= length && hi-lo+1 < 2*length {
				frames.Larger(out[p], most[lo], most[hi+1-length])
			}
		}
		for p := range len(v) - length {
			frames.Larger(most[p], most[p], most[p+length])
		}
	}
	return out
}

// depth of the valley of each block at lag p: 1 - difference there over the
// smaller of the largest ones on either side. still is set for blocks that do not move.
func (l loopProfile) depth(p int) (depth []float64, still []bool) {
	depth, still = make([]float64, l.g.blocks()), make([]bool, l.g.blocks())
	for b := range depth {
		nearer, farther := l.nearer[p][b], l.farther[p][b]
		beside := min(nearer, farther)
		if still[b] = max(nearer, farther) < loopLevels; beside >= loopLevels {
			depth[b] = 1 - l.diff[p][b]/beside
		}
	}
	return depth, still
}

func findRegionLoop(raw *planes, second float64, bound int) (best regionLoop) {
	n := raw.n
	for _, from := range []int{0, n / 3, 3 * n / 5} {
		lags := min(bound, (n-from)*3/4)
		if lags < loopShortest*3/2 {
			continue
		}
		prof := newLoopProfile(raw, from, lags)
		type candidate struct{ p, size int }
		var cs []candidate
		sizes := make([]int, lags+1)
		for p := loopShortest; p*5/4 <= lags; p++ {
			in, _ := prof.looping(p)
			_, sizes[p] = prof.g.largest(in)
		}
		for p := loopShortest; p < lags; p++ {
			if sizes[p] > sizes[p-1] && sizes[p] >= sizes[p+1] && float64(sizes[p]) >= regionLoopArea/2*float64(prof.g.blocks()) {
				cs = append(cs, candidate{p, sizes[p]})
			}
		}
		slices.SortStableFunc(cs, func(x, y candidate) int { return y.size - x.size })
		for _, c := range cs[:min(len(cs), 3)] {
			// The shortest period of which this is a multiple.
			for _, o := range cs {
				if o.p < c.p && 10*o.size >= 8*c.size && c.p%o.p <= 1 {
					c = o
				}
			}
			if l := prof.judge(raw, c.p, second, best.severity); l.severity > best.severity {
				best = l
			}
		}
	}
	return best
}

func (l loopProfile) looping(p int) (in, still []bool) {
	depth, still := l.depth(p)
	in = make([]bool, len(depth))
	for b, d := range depth {
		in[b] = d >= regionLoopDepth
	}
	return in, still
}

// judge looks at the part alone as the loop detector looks at the frame, where its severity may be
// above one.
func (l loopProfile) judge(raw *planes, p int, second, above float64) (f regionLoop) {
	in, still := l.looping(p)
	in, size := l.g.largest(in)
	depth, _ := l.depth(p)
	f.around = l.g.rimmed(in, func(b int) bool { return depth[b] >= regionLoopDepth/2 })
	f.within = l.g.within(f.around, in, still, depth)
	f.in, f.area = in, float64(size)/float64(l.g.blocks())
	// What comes back differs by what coding makes of it. Elsewhere less than that is no life.
	var coded []float64
	for b, v := range l.diff[p] {
		if in[b] {
			coded = append(coded, v)
		}
	}
	noise := quantile(coded, 0.5)
	for b, v := range l.diff[p] {
		if !in[b] && !still[b] && depth[b] < regionLoopDepth/2 && v > noise {
			f.rest += 1 / float64(l.g.blocks())
		}
	}
	place := strength(regionLoopArea/f.area, regionLoopRest/math.Max(1e-9, f.rest))
	if place <= above {
		return f
	}
	d := regionSelfsim(raw, in, min(raw.n-1, 3*p, lagBound(raw.n)))
	ev, ok := findLoops(d, second)
	if !ok {
		return f
	}
	f.loopEvidence = ev
	once := 0.0
	if ev.repeats() == 1 {
		once = regionLoopOnce * second / float64(ev.to-ev.from)
	}
	f.severity = strength(
		regionLoopArea/f.area,
		regionLoopRest/math.Max(1e-9, f.rest),
		math.Log2(1/math.Max(1e-9, ev.severity)),
		(1-ev.locked)/(1-regionLoopLocked),
		once,
	)
	if ev.period < p-2 || ev.period > p+2 {
		f.severity *= 0.5 // not what its blocks have in common
	}
	return f
}

// within is how much of the rectangle around a part it reaches over: it ends anywhere within the
// outermost blocks, of which as much comes back, on average, as they are less deep than those inside.
func (g grid) within(around, in, still []bool, depth []float64) float64 {
	x0, y0, x1, y1 := g.span(around, 4)
	var inside []float64
	for b, ok := range in {
		if ok {
			inside = append(inside, depth[b])
		}
	}
	if len(inside) == 0 || x0 >= x1 || y0 >= y1 {
		return 1
	}
	usual := quantile(inside, 0.5)
	// reaches is over how much of some blocks in a row a part does that line gives for each of them.
	reaches := func(from, to int, line func(i int) float64) float64 {
		if to-from < 2 {
			return 1
		}
		return (float64(to-from-2) + line(from) + line(to-1)) / float64(to-from)
	}
	// mean is that of the blocks of a line between the ends of the rectangle.
	mean := func(from, to int, at func(i int) int) float64 {
		var sum, n float64
		if to-from > 2 {
			from, to = from+1, to-1
		}
		for i := from; i < to; i++ {
			if b := at(i); !still[b] { // what is still does not tell
				sum, n = sum+clamp01(depth[b]/usual), n+1
			}
		}
		if n == 0 {
			return 1
		}
		return sum / n
	}
	wide := reaches(x0, x1, func(x int) float64 { return mean(y0, y1, func(y int) int { return y*g.cols + x }) })
	tall := reaches(y0, y1, func(y int) float64 { return mean(x0, x1, func(x int) int { return y*g.cols + x }) })
	return wide * tall
}

// regionSelfsim is the self-similarity of a part of the frame.
func regionSelfsim(raw *planes, in []bool, lags int) *selfsim {
	g := raw.grid()
	q := &planes{w: raw.w, h: raw.h}
	var at []int // words
	for b, ok := range in {
		if !ok {
			continue
		}
		x, y0 := b%g.cols, b/g.cols*blockHeight
		y1 := y0 + blockHeight
		if b/g.cols == g.rows-1 {
			y1 = raw.h
		}
		for y := y0; y < y1; y++ {
			for k := range blockWidth / 4 {
				at = append(at, y*raw.w/4+x*blockWidth/4+k)
			}
		}
	}
	q.words = (len(at) + 7) &^ 7 // whole vectors
	q.grow(raw.n)
	images := make([]sad.Image, q.n)
	parallel(q.n, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			from, to := raw.plane(t), q.plane(t)
			for i, k := range at {
				to[i] = from[k]
			}
			images[t] = sad.NewImage(to)
		}
	})
	return compareAll(images, lags, 4*len(at))
}

func regionLoopEvents(c *clip, _ *Facts) []event {
	l := findRegionLoop(c.raw, c.second, c.d.lags)
	if l.severity == 0 {
		return nil
	}
	l.severity = weakened(l.severity, c.swings(l.loopEvidence))
	box := c.raw.grid().box(l.around, c.src.Meta, c.raw.w, c.raw.h)
	// What is still within the part belongs to it: which of its blocks move enough to be seen to
	// repeat depends on size and coding, the rectangle around them hardly.
	if m := c.src.Meta; m.Width > 0 && m.Height > 0 {
		l.area = l.within * float64((box[2]-box[0])*(box[3]-box[1])) / float64(m.Width*m.Height)
	}
	return []event{{
		kind: "region_loop", shot: shot{l.onset(), l.end()}, severity: l.severity,
		confidence: l.depth * l.locked * c.lasting(l.to-l.from),
		detail:     Failure{PeriodFrames: l.period, Repeats: l.repeats(), Box: box, Area: round(l.area)},
		words: func(j *judge) string {
			return fmt.Sprintf("%.0f %% of the picture, in x %d-%d and y %d-%d, repeats every %d frames (%.1f s) from %s %s",
				100*l.area, box[0], box[2], box[1], box[3], l.period, float64(l.period)/j.second, j.at(l.onset()), j.until(l.end()))
		},
	}}
}
