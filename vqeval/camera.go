package vqeval

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"longtake/kernels/frames"
)

// level is one size of a frame.
type level struct {
	w, h int
	v    []float64
}

func (l level) half() level {
	o := level{w: l.w / 2, h: l.h / 2}
	o.v = make([]float64, o.w*o.h)
	for y := range o.h {
		for x := range o.w {
			i := 2*y*l.w + 2*x
			o.v[y*o.w+x] = (l.v[i] + l.v[i+1] + l.v[i+l.w] + l.v[i+l.w+1]) / 4
		}
	}
	return o
}

// affine maps a point about the middle of the frame, in samples:
// x' = x + p0 + p1 x + p2 y, y' = y + p3 + p4 x + p5 y.
type affine [6]float64

func (a affine) at(x, y float64) (float64, float64) {
	return x + a[0] + a[1]*x + a[2]*y, y + a[3] + a[4]*x + a[5]*y
}

// size is the mean displacement of the corners and the middle of a w x h frame.
func (a affine) size(w, h int) float64 {
	var sum float64
	for _, c := range [...][2]float64{{0, 0}, {-.4, -.4}, {.4, -.4}, {-.4, .4}, {.4, .4}} {
		x, y := c[0]*float64(w), c[1]*float64(h)
		u, v := a.at(x, y)
		sum += math.Hypot(u-x, v-y) / 5
	}
	return sum
}

// pyramid of a frame, finest first, from the smoothed planes without mean.
func pyramid(p *planes, t int) []level {
	s := make([]uint16, p.w*p.h)
	unpack(s, p.plane(t))
	// The margins hold nothing.
	l := level{w: p.w - 2*p.mx, h: p.h - 2*p.my}
	l.v = make([]float64, l.w*l.h)
	for y := range l.h {
		for x := range l.w {
			l.v[y*l.w+x] = float64(s[(y+p.my)*p.w+x+p.mx]) / unit
		}
	}
	out := []level{l}
	for len(out) < 3 && out[len(out)-1].w >= 32 && out[len(out)-1].h >= 24 {
		out = append(out, out[len(out)-1].half())
	}
	return out
}

// sample is bilinear; ok is false outside.
func (l level) sample(x, y float64) (float64, bool) {
	if x < 0 || y < 0 || x >= float64(l.w-1) || y >= float64(l.h-1) {
		return 0, false
	}
	i, j := int(x), int(y)
	u, v := x-float64(i), y-float64(j)
	k := j*l.w + i
	return (l.v[k]*(1-u)+l.v[k+1]*u)*(1-v) + (l.v[k+l.w]*(1-u)+l.v[k+l.w+1]*u)*v, true
}

// register finds the affine motion that takes a to b: the best of some
// translations at the coarsest level, then Gauss-Newton from level to level with
// the weights of Cauchy, whose scale is the median residual.
func register(a, b []level) affine {
	return refine(a, b, shifted(a, b), len(a)-1, 0)
}

// shifted is the best of some translations at the coarsest level.
func shifted(a, b []level) (m affine) {
	coarse := len(a) - 1
	reach, best := 5, math.Inf(1)
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			var sum, n float64
			for y := max(0, -dy); y < min(a[coarse].h, a[coarse].h-dy); y++ {
				for x := max(0, -dx); x < min(a[coarse].w, a[coarse].w-dx); x++ {
					sum += math.Abs(a[coarse].v[y*a[coarse].w+x] - b[coarse].v[(y+dy)*a[coarse].w+x+dx])
					n++
				}
			}
			if n > 0 && sum/n < best {
				best = sum / n
				m[0], m[3] = float64(dx), float64(dy)
			}
		}
	}
	return m
}

// refine takes a motion of a level through the levels to a finer one; what it returns is in
// samples of the level below that, or of the finest.
func refine(a, b []level, m affine, from, to int) affine {
	room := rooms.Get().(*residuals)
	defer rooms.Put(room)
	for i := from; i >= to; i-- {
		for range 6 {
			step, ok := gaussNewton(a[i], b[i], m, room)
			if !ok {
				break
			}
			for k := range m {
				m[k] += step[k]
			}
			if step.size(a[i].w, a[i].h) < 0.01 {
				break
			}
		}
		if i > 0 {
			m[0], m[3] = 2*m[0], 2*m[3]
		}
	}
	return m
}

// residuals are scratch of gaussNewton. A row of them is what one sample says: how it changes with each of the
// six numbers of a motion, and what is left.
type residuals struct {
	rows [][8]float64
	size []float64
}

var rooms = sync.Pool{New: func() any { return new(residuals) }}

func gaussNewton(a, b level, m affine, room *residuals) (affine, bool) {
	cx, cy := float64(a.w-1)/2, float64(a.h-1)/2
	right, bottom := float64(b.w-1), float64(b.h-1)
	skip := 1 + a.w*a.h/3000
	most := (a.h - 2) * ((a.w-3)/skip + 1)
	rows, size, k := slices.Grow(room.rows[:0], most)[:most], slices.Grow(room.size[:0], most)[:most], 0
	for y := 1; y < a.h-1; y++ {
		up, row, down := a.v[(y-1)*a.w:][:a.w], a.v[y*a.w:][:a.w], a.v[(y+1)*a.w:][:a.w]
		fy := float64(y) - cy
		// The motion of a point of the row: see affine.at.
		down0, across2, down2 := fy+m[3], m[2]*fy, m[5]*fy
		for x := 1 + y%skip; x < a.w-1; x += skip {
			fx := float64(x) - cx
			u, v := fx+m[0]+m[1]*fx+across2+cx, down0+m[4]*fx+down2+cy
			if u < 0 || v < 0 || u >= right || v >= bottom {
				continue
			}
			i, j := int(u), int(v) // see level.sample, which is no call here
			u, v = u-float64(i), v-float64(j)
			over := b.v[j*b.w+i:]
			under := over[b.w:]
			w := (over[0]*(1-u)+over[1]*u)*(1-v) + (under[0]*(1-u)+under[1]*u)*v
			gx, gy, r := (row[x+1]-row[x-1])/2, (down[x]-up[x])/2, row[x]-w
			rows[k] = [8]float64{gx, gx * fx, gx * fy, gy, gy * fx, gy * fy, r}
			size[k] = math.Abs(r)
			k++
		}
	}
	room.rows, room.size = rows, size
	if rows, size = rows[:k], size[:k]; k < 100 {
		return affine{}, false
	}
	scale := 1.5*nth(size, min(len(size)-1, len(size)/2)) + 0.25
	var sums [6][8]float64
	frames.Normal(&sums, rows, scale*scale)
	var n [6][7]float64
	for i := range n {
		for k := range n[i] {
			n[i][k] = sums[min(i, k)][max(i, k)]
		}
	}
	return solve(n)
}

// solve is Gauss's elimination with pivots.
func solve(n [6][7]float64) (x affine, ok bool) {
	for i := range 6 {
		p := i
		for k := i + 1; k < 6; k++ {
			if math.Abs(n[k][i]) > math.Abs(n[p][i]) {
				p = k
			}
		}
		n[i], n[p] = n[p], n[i]
		if math.Abs(n[i][i]) < 1e-6 {
			return x, false
		}
		for k := i + 1; k < 6; k++ {
			f := n[k][i] / n[i][i]
			for c := i; c < 7; c++ {
				n[k][c] -= f * n[i][c]
			}
		}
	}
	for i := 5; i >= 0; i-- {
		x[i] = n[i][6]
		for k := i + 1; k < 6; k++ {
			x[i] -= n[i][k] * x[k]
		}
		x[i] /= n[i][i]
	}
	return x, true
}

// left is the share of the blocks that the motion does not explain: their
// residual is more than what noise and a displacement of a fraction of a sample leave.
func left(a, b level, m affine) float64 {
	cx, cy := float64(a.w-1)/2, float64(a.h-1)/2
	var moving, blocks float64
	for y0 := 1; y0+blockHeight < a.h; y0 += blockHeight {
		for x0 := 1; x0+blockWidth < a.w; x0 += blockWidth {
			var r, g, n float64
			for y := y0; y < y0+blockHeight; y++ {
				for x := x0; x < x0+blockWidth; x++ {
					u, v := m.at(float64(x)-cx, float64(y)-cy)
					w, ok := b.sample(u+cx, v+cy)
					if !ok {
						continue
					}
					k := y*a.w + x
					r += math.Abs(a.v[k] - w)
					gx, gy := a.v[k+1]-a.v[k-1], a.v[k+a.w]-a.v[k-a.w]
					g += math.Sqrt(gx*gx+gy*gy) / 2
					n++
				}
			}
			if n < blockWidth*blockHeight/2 {
				continue
			}
			blocks++
			if r/n > cameraLevels+cameraShift*g/n {
				moving++
			}
		}
	}
	if blocks == 0 {
		return 1
	}
	return moving / blocks
}

// cameraOnly tells whether nothing but the camera moves; the reason says why it
// cannot be told.
func cameraOnly(p *planes, shots []shot, second float64, static bool) (only bool, reason string) {
	if static {
		return false, "nothing moves"
	}
	lag := max(4, min(12, int(math.Round(second/3))))
	var starts []int
	for _, s := range shots {
		if s.to-s.from > 2*lag {
			k := max(1, cameraPairs*(s.to-s.from)/p.n)
			for i := range k {
				starts = append(starts, s.from+(2*i+1)*(s.to-s.from-lag)/(2*k))
			}
		}
	}
	if len(starts) < 4 {
		return false, "needs four pairs of frames a third of a second apart without a cut between them"
	}
	moved, rest := make([]float64, len(starts)), make([]float64, len(starts))
	var unexplained atomic.Int64
	parallelBy(1, len(starts), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if 2*int(unexplained.Load()) > len(starts) {
				return
			}
			a, b := pyramid(p, starts[i]), pyramid(p, starts[i]+lag)
			m := refine(a, b, shifted(a, b), len(a)-1, 1)
			// What half the size leaves in so many blocks no finer fit explains.
			if rest[i] = left(a[0], b[0], m); rest[i] < cameraLost {
				m = refine(a, b, m, 0, 0)
				rest[i] = left(a[0], b[0], m)
			}
			moved[i] = m.size(a[0].w, a[0].h)
			if rest[i] >= cameraLeft {
				unexplained.Add(1)
			}
		}
	})
	// Whatever the other pairs show, then neither quantile below is small.
	if 2*int(unexplained.Load()) > len(starts) {
		return false, ""
	}
	if quantile(moved, 0.75) < cameraMotion {
		if quantile(rest, 0.5) < cameraLeft {
			return false, "hardly anything moves"
		}
		return false, ""
	}
	return quantile(rest, 0.8) < cameraLeft, ""
}

func cameraFacts(c *clip, facts *Facts) (reason string) {
	static := 0
	for _, s := range c.still {
		if s.severity >= 0.5 {
			static += s.to - s.from
		}
	}
	only, reason := cameraOnly(c.p, c.shots, c.second, 2*static >= c.n)
	if reason == "" {
		facts.CameraOnly = &only
	}
	return reason
}
