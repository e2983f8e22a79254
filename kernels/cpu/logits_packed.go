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
	p.steepest = 1
	for i, b := range p.logits.Bands {
		c := band{last: math.MaxInt32, pos: b.Factor, neg: b.Factor}
		p.steepest = max(p.steepest, math.Abs(float64(b.Factor)))
		if i < len(p.logits.Bands)-1 && b.To < math.MaxInt32 {
			c.last = int(b.To)
		}
		if p.logits.PositiveOnly {
			c.neg = 1
		}
		p.bands = append(p.bands, c)
	}
	if p.b.set == nil || len(p.bands) == 0 {
		return
	}
	// A factor for every distance that a panel meets, its empty lanes included.
	p.factor = make([]float32, p.shape.NK+p.shape.NQ+p.b.set.wide().width)
	for i := range p.factor {
		d := i - p.shape.NK
		p.factor[i] = p.bands[p.bandOf(max(d, -d))].pos
	}
}

// removed reports whether one cut takes all pairs of a panel and its pieces.
func (p *plan) removed(x *panel, pieces []piece) bool {
	lo, last := pieces[0].k0, pieces[len(pieces)-1]
	for _, c := range p.logits.Cut {
		if int(c.Q0) <= x.q0 && x.q0+x.n <= int(c.Q1) && int(c.K0) <= lo && last.k0+last.n <= int(c.K1) {
			return true
		}
	}
	return false
}

// nextEdge is the first key after k, if any, from which on the edits of a panel
// may differ from those at k.
func (p *plan) nextEdge(x *panel, k int) int {
	next := math.MaxInt
	edge := func(at int) {
		if at > k {
			next = min(next, at)
		}
	}
	for _, c := range x.holes {
		edge(int(c.k.lo))
		edge(int(c.k.hi))
	}
	for _, c := range p.logits.Cut {
		edge(int(c.K0))
		edge(int(c.K1))
	}
	if len(p.bands) == 0 {
		return next
	}
	edge(p.logits.VideoTokens)
	for _, b := range p.bands[:len(p.bands)-1] { // within reach of some queries, of all, of some
		edge(x.q0 - b.last)
		edge(x.q0 + x.n - 1 - b.last)
		edge(x.q0 + b.last + 1)
		edge(x.q0 + x.n + b.last)
	}
	return next
}

// uniform reports whether all logits of a panel and a piece are edited alike,
// and by which factors of positive and of other logits.
func (p *plan) uniform(x *panel, g piece) (pos, neg float32, ok bool) {
	for _, c := range p.logits.Cut {
		if int(c.Q0) < x.q0+x.n && x.q0 < int(c.Q1) && int(c.K0) < g.k0+g.n && g.k0 < int(c.K1) {
			return 0, 0, false
		}
	}
	for _, c := range x.holes {
		if int(c.k.lo) < g.k0+g.n && g.k0 < int(c.k.hi) {
			return 0, 0, false
		}
	}
	queries, keys := p.inVideo(x, g)
	if len(p.bands) == 0 || queries <= 0 || keys <= 0 {
		return 1, 1, true
	}
	b, ok := p.oneBand(x, g, queries)
	if !ok || queries < x.n || keys < g.n {
		return 0, 0, false
	}
	return b.pos, b.neg, true
}

// inVideo is how many queries of a panel and keys of a piece bands apply to.
func (p *plan) inVideo(x *panel, g piece) (queries, keys int) {
	if v := p.logits.VideoTokens; v > 0 {
		return min(x.n, v-x.q0), min(g.n, v-g.k0)
	}
	return x.n, g.n
}

// oneBand is the band of the queries of a panel and a piece, if it is one.
func (p *plan) oneBand(x *panel, g piece, queries int) (band, bool) {
	// Signed distances of the corners, and the least and greatest distance.
	low, high := x.q0-(g.k0+g.n-1), x.q0+queries-1-g.k0
	far := max(-low, high)
	near := max(low, -high, 0)
	b := p.bands[p.bandOf(near)]
	return b, far <= b.last
}

// editTile applies bands, cuts and holes to the logits of a panel, a row per
// key, and reports whether any of them changed.
func (p *plan) editTile(x *panel, pieces []piece, s []float32) (changed bool) {
	w := x.tile.width
	row := 0
	for _, g := range pieces {
		part := s[row*w:][:g.n*w]
		if len(p.bands) > 0 {
			changed = p.bandPiece(x, g, part) || changed
		}
		for _, c := range p.logits.Cut {
			q0, q1 := max(int(c.Q0)-x.q0, 0), min(int(c.Q1)-x.q0, x.n)
			changed = remove(part, w, g, int(c.K0), int(c.K1), q0, q1) || changed
		}
		for _, c := range x.holes {
			changed = remove(part, w, g, int(c.k.lo), int(c.k.hi), int(c.lanes.lo), int(c.lanes.hi)) || changed
		}
		row += g.n
	}
	return changed
}

// negInfs is a row of removed logits.
var negInfs = func() (row [maxWidth]float32) {
	for i := range row {
		row[i] = negInf
	}
	return row
}()

// remove takes lanes [l0, l1) of the keys in [k0, k1) out, and reports whether
// there are any.
func remove(s []float32, w int, g piece, k0, k1, l0, l1 int) bool {
	j0, j1 := max(k0-g.k0, 0), min(k1-g.k0, g.n)
	if l0 >= l1 || j0 >= j1 {
		return false
	}
	for j := j0; j < j1; j++ {
		copy(s[j*w+l0:j*w+l1], negInfs[:])
	}
	return true
}

// bandPiece scales the logits of one piece, and reports whether any changed.
func (p *plan) bandPiece(x *panel, g piece, s []float32) bool {
	w := x.tile.width
	queries, keys := p.inVideo(x, g)
	if queries <= 0 || keys <= 0 {
		return false
	}
	g.n = keys
	whole := queries == x.n // lanes without a query are scaled along: they hold zeros
	if b, one := p.oneBand(x, g, queries); one && whole {
		if b.pos != 1 || b.neg != 1 {
			p.b.set.scaleSigned(g.n*w, &s[0], b.pos, b.neg)
			return true
		}
		return false
	}
	at := x.q0 - g.k0 + p.shape.NK
	if whole {
		neg, step := &ones[0], 0
		if !p.logits.PositiveOnly {
			neg, step = &p.factor[at], -1
		}
		x.tile.scale(g.n, &s[0], &p.factor[at], neg, step)
		return true
	}
	for j := range g.n {
		for i, f := range p.factor[at-j:][:queries] {
			if v := &s[j*w+i]; *v > 0 || !p.logits.PositiveOnly {
				*v *= f
			}
		}
	}
	return true
}

// bandOf is the index of the band of a distance.
func (p *plan) bandOf(distance int) int {
	i := 0
	for distance > p.bands[i].last {
		i++
	}
	return i
}
