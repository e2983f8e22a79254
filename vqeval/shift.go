package vqeval

import "math"

// shifts are how far the picture moves from the frame before to each frame, in
// samples, to the right and down. They are those of its profiles, the means of
// its columns and of its rows, which follow what most of the picture does; where
// no displacement makes the profiles alike there is none.
func (c *clip) shifts() [2][]float64 {
	var out [2][]float64
	w, h := c.p.w-2*c.p.mx, c.p.h-2*c.p.my
	profiles := [2][][]float64{make([][]float64, c.n), make([][]float64, c.n)}
	parallel(c.n, func(lo, hi int) {
		inside, stride := c.p.columns(), c.p.w/4
		even, odd := make([]uint64, stride), make([]uint64, stride) // sums of the columns, in two lanes of 32 bits
		for t := lo; t < hi; t++ {
			clear(even)
			clear(odd)
			across, down := make([]float64, w), make([]float64, h)
			for y := range h {
				var sum uint64
				for i, v := range c.p.plane(t)[(y+c.p.my)*stride:][:stride] {
					v &= inside[i]
					e, o := v&low, v>>16&low
					even[i] += e
					odd[i] += o
					sum += e + o
				}
				down[y] = float64(uint32(sum)+uint32(sum>>32)) / (unit * float64(w))
			}
			for x := range across {
				at := x + c.p.mx
				sums := [2][]uint64{even, odd}[at%2][at/4]
				across[x] = float64(uint32(sums>>(at%4/2*32))) / (unit * float64(h))
			}
			profiles[0][t], profiles[1][t] = across, down
		}
	})
	for i, p := range profiles {
		out[i] = make([]float64, c.n)
		for t := 1; t < c.n; t++ {
			out[i][t] = displacement(p[t-1], p[t])
		}
	}
	return out
}

// displacement is the shift of b against a at which they differ least, to a part of
// a sample; less, and at last 0, where it leaves much of their difference.
func displacement(a, b []float64) float64 {
	reach := min(seamReaches, len(a)/4)
	apart := func(s int) float64 {
		var sum, n float64
		for i := max(0, -s); i < min(len(a), len(b)-s); i++ {
			sum, n = sum+math.Abs(b[i+s]-a[i]), n+1
		}
		return sum / n
	}
	at, least := 0, math.Inf(1)
	d := make([]float64, 2*reach+1)
	for s := -reach; s <= reach; s++ {
		if d[s+reach] = apart(s); d[s+reach] < least {
			at, least = s, d[s+reach]
		}
	}
	if at == -reach || at == reach || d[reach] == 0 {
		return 0
	}
	sure := clamp01((seamUnlike - least/d[reach]) / (seamUnlike - seamAlike))
	// Absolute differences fall to a kink: the steeper side gives the place.
	l, r := d[at-1+reach]-least, d[at+1+reach]-least
	return sure * (float64(at) + 0.5*(l-r)/math.Max(1e-9, max(l, r)))
}

// shiftStep is how much further the picture moves at t than around it, in units of
// how evenly it moves, 0 where it comes back at once.
func shiftStep(s []float64, t int) float64 {
	usual := around(s, shot{1, len(s)}, t, jumpReach, 0.5)
	step := s[t] - usual
	for _, u := range [...]int{t - 1, t + 1} {
		if (s[u]-usual)*step < 0 && math.Abs(s[u]-usual) > 0.4*math.Abs(step) {
			return 0
		}
	}
	lo, hi := max(1, t-jumpReach), min(len(s), t+jumpReach+1)
	off := make([]float64, hi-lo)
	for i := range off {
		off[i] = math.Abs(s[lo+i] - usual)
	}
	return math.Abs(step) / (around(off, shot{0, len(off)}, t-lo, jumpReach, 0.85) + seamShift)
}
