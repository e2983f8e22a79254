package corpus

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// seeded returns a generator that depends on nothing but its arguments.
func seeded(name string, seed uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// noise is smooth value noise between -1 and 1 on a lattice of 256x256 cells.
type noise struct{ v []float32 }

const cells = 256

func newNoise(r *rand.Rand) noise {
	n := noise{make([]float32, cells*cells)}
	for i := range n.v {
		n.v[i] = 2*r.Float32() - 1
	}
	return n
}

func (n noise) at(x, y float32) float32 {
	// Adding a multiple of the lattice makes truncation a floor.
	x += 32 * cells
	y += 32 * cells
	xi, yi := int(x), int(y)
	u, v := x-float32(xi), y-float32(yi)
	u, v = u*u*(3-2*u), v*v*(3-2*v)
	x0, x1 := xi&(cells-1), (xi+1)&(cells-1)
	r0, r1 := yi&(cells-1)*cells, (yi+1)&(cells-1)*cells
	a := n.v[r0+x0] + (n.v[r0+x1]-n.v[r0+x0])*u
	b := n.v[r1+x0] + (n.v[r1+x1]-n.v[r1+x0])*u
	return a + (b-a)*v
}

// slice is a cut through noise that changes with z at a constant pace: the
// weights lie on a circle, so that neither contrast nor pace pulses.
type slice struct {
	n              noise
	ax, ay, bx, by float32
	wa, wb         float32
}

func (n noise) cut(z float64) slice {
	k := math.Floor(z)
	s, c := math.Sincos((z - k) * math.Pi / 2)
	// Golden-ratio steps keep successive offsets apart.
	off := func(k float64) (float32, float32) {
		return float32(math.Mod(k*193.38, cells)), float32(math.Mod(k*83.71, cells))
	}
	var sl slice
	sl.n, sl.wa, sl.wb = n, float32(c), float32(s)
	sl.ax, sl.ay = off(k)
	sl.bx, sl.by = off(k + 1)
	return sl
}

func (s slice) at(x, y float32) float32 {
	return s.wa*s.n.at(x+s.ax, y+s.ay) + s.wb*s.n.at(x+s.bx, y+s.by)
}

// rough is noise of two octaves.
func (n noise) rough(x, y float32) float32 {
	return 0.65*n.at(x, y) + 0.35*n.at(3.1*x+17.3, 3.1*y+5.7)
}

// walk is a smooth path that does not repeat: sinusoids of unrelated periods.
type walk struct{ f, p, a [4]float64 }

// newWalk wanders about amp to both sides, with periods between fast and slow
// ticks.
func newWalk(r *rand.Rand, amp, fast, slow float64) walk {
	var w walk
	for i := range w.f {
		w.f[i] = 2 * math.Pi / (fast + (slow-fast)*r.Float64())
		w.p[i] = 2 * math.Pi * r.Float64()
		w.a[i] = amp * (0.4 + 0.6*r.Float64()) / 2
	}
	return w
}

func (w walk) at(t float64) float32 {
	var s float64
	for i := range w.f {
		s += w.a[i] * math.Sin(w.f[i]*t+w.p[i])
	}
	return float32(s)
}

// chance is a number in 0..1 that depends on its arguments only.
func chance(seed uint64, a, b int) float32 {
	h := seed ^ uint64(int64(a))*0x9e3779b97f4a7c15 ^ uint64(int64(b))*0xc2b2ae3d27d4eb4f
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	h *= 0x94d049bb133111eb
	h ^= h >> 29
	return float32(h>>40) / (1 << 24)
}

// palette is n colours of hues that lie apart.
func palette(r *rand.Rand, n int, sat, val float64) []rgb {
	h := r.Float64()
	out := make([]rgb, n)
	for i := range out {
		out[i] = hsv(h+float64(i)*0.381+0.06*r.Float64(), sat*(0.7+0.3*r.Float64()), val*(0.65+0.35*r.Float64()))
	}
	return out
}

// beats are instants at irregular distances around period; each distance
// deviates by the jitter (standard deviation as a share).
type beats []float64

func newBeats(r *rand.Rand, period, jitter float64) beats {
	b := beats{-40 * period}
	for b[len(b)-1] < 4000 {
		b = append(b, b[len(b)-1]+period*math.Max(0.4, 1+jitter*r.NormFloat64()))
	}
	return b
}

// at returns which interval t lies in and how far it has gone (0..1).
func (b beats) at(t float64) (int, float64) {
	lo, hi := 0, len(b)-2
	for lo < hi {
		m := (lo + hi + 1) / 2
		if b[m] <= t {
			lo = m
		} else {
			hi = m - 1
		}
	}
	return lo, (t - b[lo]) / (b[lo+1] - b[lo])
}
