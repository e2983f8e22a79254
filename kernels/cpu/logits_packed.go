package cpu

import "math"

// band is a kernels.Band in whole tokens: distances after the band before it
// up to last.
type band struct {
	last     int
	pos, neg float32 // factors of positive and of other logits
}

// compileBands turns the edits into whole token distances.
func (p *plan) compileBands() {
	for i, b := range p.logits.Bands {
		c := band{last: math.MaxInt32, pos: b.Factor, neg: b.Factor}
		if i < len(p.logits.Bands)-1 && b.To < math.MaxInt32 {
			c.last = int(b.To)
		}
		if p.logits.PositiveOnly {
			c.neg = 1
		}
		p.bands = append(p.bands, c)
	}
}

// removed reports whether one cut takes all pairs of a panel and a tile.
func (p *plan) removed(x *panel, segs []segment) bool {
	lo, last := segs[0].k0, segs[len(segs)-1]
	for _, c := range p.logits.Cut {
		if int(c.Q0) <= x.q0 && x.q0+x.n <= int(c.Q1) && int(c.K0) <= lo && last.k0+last.n <= int(c.K1) {
			return true
		}
	}
	return false
}

// editTile applies bands and cuts to the logits of a panel, a row per key.
func (p *plan) editTile(x *panel, segs []segment, s []float32) {
	w := x.tile.width
	if len(p.bands) > 0 {
		row := 0
		for _, g := range segs {
			p.bandSegment(x, g, s[row*w:])
			row += g.n
		}
	}
	for _, c := range p.logits.Cut {
		q0, q1 := max(int(c.Q0)-x.q0, 0), min(int(c.Q1)-x.q0, x.n)
		if q0 >= q1 {
			continue
		}
		row := 0
		for _, g := range segs {
			for j := max(int(c.K0)-g.k0, 0); j < min(int(c.K1)-g.k0, g.n); j++ {
				for i := q0; i < q1; i++ {
					s[(row+j)*w+i] = negInf
				}
			}
			row += g.n
		}
	}
}

// bandSegment scales the logits of one segment of keys.
func (p *plan) bandSegment(x *panel, g segment, s []float32) {
	w, queries := x.tile.width, x.n
	if v := p.logits.VideoTokens; v > 0 {
		queries = min(queries, v-x.q0)
		g.n = min(g.n, v-g.k0)
		if queries <= 0 || g.n <= 0 {
			return
		}
	}
	// Signed distances of the segment's corners, and of the least distance.
	low, high := x.q0-(g.k0+g.n-1), x.q0+queries-1-g.k0
	far := max(-low, high)
	near := max(low, -high, 0)
	first := p.bandOf(near)
	if far <= p.bands[first].last && queries == x.n {
		// Lanes without a query are scaled along: they hold zeros.
		if b := p.bands[first]; b.pos != 1 || b.neg != 1 {
			p.b.set.scaleSigned(g.n*w, &s[0], b.pos, b.neg)
		}
		return
	}
	for j := range g.n {
		row := s[j*w : (j+1)*w]
		from := -1 // the greatest distance of the band before
		for _, b := range p.bands {
			// Distance i + shift of lane i, shift = q0 - key.
			shift := x.q0 - (g.k0 + j)
			if b.pos != 1 || b.neg != 1 {
				p.bandLanes(row, -b.last-shift, -from-1-shift, queries, b) // and distance 0
				p.bandLanes(row, max(from, 0)+1-shift, b.last-shift, queries, b)
			}
			from = b.last
			if from >= far {
				break
			}
		}
	}
}

// bandLanes scales lanes lo to hi (inclusive) of one row.
func (p *plan) bandLanes(row []float32, lo, hi, lanes int, b band) {
	lo, hi = max(lo, 0), min(hi+1, lanes)
	if lo >= hi {
		return
	}
	if lo == 0 && hi == len(row) {
		p.b.set.scaleSigned(len(row), &row[0], b.pos, b.neg)
		return
	}
	scaleSigned(row[lo:hi], b.pos, b.neg)
}

// bandOf is the index of the band of a distance.
func (p *plan) bandOf(distance int) int {
	i := 0
	for distance > p.bands[i].last {
		i++
	}
	return i
}
