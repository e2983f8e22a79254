package corpus

import (
	"math"
	"slices"
)

// Dense optical flow by iterative Lucas-Kanade (1981) over a pyramid: at every
// sample the shift that explains the change inside a window of 7x7 in the least
// squares sense, from coarse to fine.

const (
	flowRadius     = 3   // of the window
	flowIterations = 3   // per level
	flowLeastSide  = 12  // of the coarsest level
	flowDamping    = 3.0 // squared grey levels per sample, keeps flat windows still
)

// plane is one level of an image.
type plane struct {
	w, h int
	v    []float32
}

type pyramid []plane // finest first

func newPyramid(pix []byte, w, h int) pyramid {
	p := plane{w, h, make([]float32, w*h)}
	for i, b := range pix {
		p.v[i] = float32(b)
	}
	out := pyramid{p}
	for p.w/2 >= flowLeastSide && p.h/2 >= flowLeastSide {
		half := plane{p.w / 2, p.h / 2, make([]float32, (p.w/2)*(p.h/2))}
		for y := range half.h {
			for x := range half.w {
				i := 2*y*p.w + 2*x
				half.v[y*half.w+x] = (p.v[i] + p.v[i+1] + p.v[i+p.w] + p.v[i+p.w+1]) / 4
			}
		}
		out, p = append(out, half), half
	}
	return out
}

// flow returns the magnitude of the shift from a to b at every sample of the
// finest level, in samples.
func (a pyramid) flow(b pyramid) []float64 {
	var u, v plane
	for l := len(a) - 1; l >= 0; l-- {
		w, h := a[l].w, a[l].h
		u, v = enlarged(u, w, h), enlarged(v, w, h)
		refine(a[l], b[l], u, v)
	}
	out := make([]float64, len(u.v))
	for i := range out {
		out[i] = math.Hypot(float64(u.v[i]), float64(v.v[i]))
	}
	return out
}

// enlarged doubles a flow field; an empty one becomes zero.
func enlarged(p plane, w, h int) plane {
	out := plane{w, h, make([]float32, w*h)}
	if p.v == nil {
		return out
	}
	for y := range h {
		for x := range w {
			out.v[y*w+x] = 2 * p.at(float32(x)/2-0.25, float32(y)/2-0.25)
		}
	}
	return out
}

// at samples bilinearly; beyond the edge the edge goes on.
func (p plane) at(x, y float32) float32 {
	x, y = min(max(x, 0), float32(p.w-1)), min(max(y, 0), float32(p.h-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, p.w-1), min(y0+1, p.h-1)
	fx, fy := x-float32(x0), y-float32(y0)
	top := p.v[y0*p.w+x0]*(1-fx) + p.v[y0*p.w+x1]*fx
	low := p.v[y1*p.w+x0]*(1-fx) + p.v[y1*p.w+x1]*fx
	return top*(1-fy) + low*fy
}

func refine(a, b, u, v plane) {
	w, h := a.w, a.h
	n := w * h
	field := func() plane { return plane{w, h, make([]float32, n)} }
	gx, gy, xx, xy, yy, xt, yt := field(), field(), field(), field(), field(), field(), field()
	for y := range h {
		for x := range w {
			i := y*w + x
			gx.v[i] = (a.v[y*w+min(x+1, w-1)] - a.v[y*w+max(x-1, 0)]) / 2
			gy.v[i] = (a.v[min(y+1, h-1)*w+x] - a.v[max(y-1, 0)*w+x]) / 2
			xx.v[i], xy.v[i], yy.v[i] = gx.v[i]*gx.v[i], gx.v[i]*gy.v[i], gy.v[i]*gy.v[i]
		}
	}
	xx.boxed()
	xy.boxed()
	yy.boxed()
	for range flowIterations {
		for y := range h {
			for x := range w {
				i := y*w + x
				dt := b.at(float32(x)+u.v[i], float32(y)+v.v[i]) - a.v[i]
				xt.v[i], yt.v[i] = gx.v[i]*dt, gy.v[i]*dt
			}
		}
		xt.boxed()
		yt.boxed()
		for i := range n {
			p, q, r := xx.v[i]+flowDamping, xy.v[i], yy.v[i]+flowDamping
			det := p*r - q*q
			du, dv := -(r*xt.v[i]-q*yt.v[i])/det, -(p*yt.v[i]-q*xt.v[i])/det
			// A window that moves further than it is wide has lost its place.
			u.v[i] += min(max(du, -flowRadius), flowRadius)
			v.v[i] += min(max(dv, -flowRadius), flowRadius)
		}
	}
	u.boxed()
	v.boxed()
}

// boxed replaces every sample by the mean of its window inside the picture.
func (p plane) boxed() {
	across := make([]float32, len(p.v))
	for y := range p.h {
		from, to := p.v[y*p.w:][:p.w], across[y*p.w:][:p.w]
		var sum float32
		count := min(flowRadius, p.w)
		for _, v := range from[:count] {
			sum += v
		}
		for x := range to {
			if in := x + flowRadius; in < p.w {
				sum += from[in]
				count++
			}
			if out := x - flowRadius - 1; out >= 0 {
				sum -= from[out]
				count--
			}
			to[x] = sum / float32(count)
		}
	}
	// All columns at once, row by row, as they lie in memory.
	sums := make([]float32, p.w)
	count := min(flowRadius, p.h)
	for i, v := range across[:count*p.w] {
		sums[i%p.w] += v
	}
	for y := range p.h {
		if in := y + flowRadius; in < p.h {
			for x, v := range across[in*p.w:][:p.w] {
				sums[x] += v
			}
			count++
		}
		if out := y - flowRadius - 1; out >= 0 {
			for x, v := range across[out*p.w:][:p.w] {
				sums[x] -= v
			}
			count--
		}
		for x, v := range sums {
			p.v[y*p.w+x] = v / float32(count)
		}
	}
}

// topMean is the mean of the largest share of values.
func topMean(v []float64, share float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	top := v[len(v)-max(1, int(share*float64(len(v)))):]
	var sum float64
	for _, x := range top {
		sum += x
	}
	return sum / float64(len(top))
}
