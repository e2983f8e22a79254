package scenes

import "math"

// rng draws a video's factors and names its noise channels; SplitMix64.
type rng struct{ state uint64 }

func newRNG(kind, seed uint64) rng { return rng{mixBits(kind*0x9e3779b97f4a7c15 + mixBits(seed))} }

func mixBits(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (r *rng) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	return mixBits(r.state)
}

// between is uniform in [lo, hi).
func (r *rng) between(lo, hi float64) float64 {
	return lo + (hi-lo)*float64(r.next()>>11)/(1<<53)
}

func (r *rng) sign() int {
	if r.next()&1 == 0 {
		return -1
	}
	return 1
}

// noise is a smooth random function of one variable without period: values in
// about [-1,1], correlation length about one unit.
type noise uint64

func (r *rng) noise() noise { return noise(r.next()) }

func (n noise) lattice(i int64) float64 {
	return float64(mixBits(uint64(n)+uint64(i)*0x9e3779b97f4a7c15)>>11)/(1<<52) - 1
}

func (n noise) at(x float64) float64 {
	f := math.Floor(x)
	i, t := int64(f), x-f
	t = t * t * t * (t*(6*t-15) + 10)
	return n.lattice(i) + t*(n.lattice(i+1)-n.lattice(i))
}
