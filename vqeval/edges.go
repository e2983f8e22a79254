package vqeval

import (
	"math"

	"longtake/kernels/frames"
)

// edges are the mean squared differences of a shot's neighbouring samples, and of samples at
// a multiple of that distance. They tell how sharp it is at one scale.
type edges struct {
	tiles  []*tileEdges // per frame; nil of those that are not looked at
	sample int          // see newCourse
	slope  float64      // share of the near differences in the far ones of an even slope
}

// tileEdges are those of the tiles of one frame; NaN where they are not known.
type tileEdges struct{ near, far [tiles]float64 }

func newEdges(n, sample int, multiple float64) edges {
	return edges{make([]*tileEdges, n), sample, 1 / (multiple * multiple)}
}

func newTileEdges() *tileEdges {
	var e tileEdges
	for i := range tiles {
		e.near[i], e.far[i] = math.NaN(), math.NaN()
	}
	return &e
}

// fineEdges are those along the rows at native resolution.
func fineEdges(tones []Tones) edges {
	e := newEdges(len(tones), driftSample, 4)
	stretches(len(tones), e.sample, func(lo, hi, step int) {
		for t := lo; t < hi; t += step {
			one := newTileEdges()
			for i := range tiles {
				if a, b := tones[t].Near[i], tones[t].Far[i]; a != unseen && b != unseen {
					one.near[i], one.far[i] = math.Exp(float64(a)/1024), math.Exp(float64(b)/1024)
				}
			}
			e.tiles[t] = one
		}
	})
	return e
}

// coarseEdges are those along both axes at analysis size, in which most of the grain has
// been averaged away, beside samples at twice and at four times the distance: the next octave
// depends least on what is seen, the one after it tells most of a strong blur.
func coarseEdges(luma [][]byte, w, h int) (twice, fourfold edges) {
	twice, fourfold = newEdges(len(luma), driftSampleCoarse, 2), newEdges(len(luma), driftSampleCoarse, 4)
	var at []int
	stretches(len(luma), driftSampleCoarse, func(lo, hi, step int) {
		for t := lo; t < hi; t += step {
			at = append(at, t)
		}
	})
	parallel(len(at), func(lo, hi int) {
		for _, t := range at[lo:hi] {
			two, four := newTileEdges(), newTileEdges()
			for i := range tiles {
				r, c := i/tileCols, i%tileCols
				x0, y0 := c*w/tileCols, r*h/tileRows
				x1, y1 := max(x0, min((c+1)*w/tileCols, w-4)), max(y0, min((r+1)*h/tileRows, h-4))
				if n := float64((y1 - y0) * (x1 - x0)); n > 0 {
					var sums [3]uint64
					frames.Edges(&sums, luma[t][y0*w+x0:], w, x1-x0, y1-y0)
					near := float64(sums[0]) / n
					two.near[i], two.far[i] = near, float64(sums[1])/n
					four.near[i], four.far[i] = near, float64(sums[2])/n
				}
			}
			twice.tiles[t], fourfold.tiles[t] = two, four
		}
	})
	return twice, fourfold
}

// quarters are as many parts of two by two tiles.
const quarters = tiles / 4

// sums are the differences of one frame, of each quarter and, last, of all of it.
type sums [quarters + 1]struct{ near, far float64 }

func (e edges) sums(t int) (s sums) {
	one := e.tiles[t]
	if one == nil {
		return s
	}
	for i := range tiles {
		if a, b := one.near[i], one.far[i]; !math.IsNaN(a) {
			q := &s[quarterOf(i)]
			q.near += a
			q.far += b
		}
	}
	for _, q := range s[:quarters] {
		s[quarters].near += q.near
		s[quarters].far += q.far
	}
	return s
}

// sharpness is half the logarithm of the share that the near differences have in the far
// ones, of a quarter or of the frame: detail is that of all edges together, for where there
// are none, none is lost. No blur takes away the share of a slope.
func (e edges) sharpness(s sums, part int) float64 {
	n := 4.0 // tiles
	if part == quarters {
		n = tiles
	}
	if s[part].far < n*driftFaint {
		return math.NaN()
	}
	return math.Log(math.Max(0, s[part].near/s[part].far-e.slope)+driftSoft*e.slope) / 2
}

// courses are how the sharpness of the quarters that have edges went, and that of the whole
// frame (nil where it is not known throughout).
func (e edges) courses() (parts course, whole []float64) {
	n := len(e.tiles)
	each := make([]sums, n)
	var all sums
	for t := range n {
		each[t] = e.sums(t)
		for k, q := range each[t] {
			all[k].far += q.far
		}
	}
	parts = newCourse(n, quarters, e.sample, func(t, k int) float64 {
		if all[k].far < driftEdges*all[quarters].far/quarters {
			return math.NaN()
		}
		return e.sharpness(each[t], k)
	})
	parts.slow = true
	c := newCourse(n, 1, e.sample, func(t, _ int) float64 { return e.sharpness(each[t], quarters) })
	if len(c.part) == 1 {
		whole = c.part[0]
	}
	return parts, whole
}
