package cpu

import "math"

// Weights are 2^(logit - reference). The reference of a query is its running
// max, for which logits must be complete before their weights are made. Where
// the norms of queries and keys bound the logits well within the exponents of
// float32, the reference is 0 instead: weights are made while the logits are
// in registers, and nothing is ever rescaled.

// level is how the reference of a panel's queries is chosen.
type level uint8

const (
	fresh   level = iota // no key has been seen
	fixed                // it is 0
	running              // it is the running max
)

const (
	maxExponent = 80      // of weights with a fixed reference, up or down
	maxValues   = 1 << 40 // of |value| times keys, beside them: sums stay below 2^120
)

// bounds are the norms of the keys and values of a tile, at most; NaN where one
// of them has a NaN, and no number where they are not known.
type bounds struct{ keys, values float64 }

// measures reports whether norms are taken at all.
func (p *plan) measures() bool {
	set := p.b.set
	return set.measureRows != nil && set.whole(p.shape.D) == p.shape.D
}

// normBound is a bound of the norms of rows that measureRows has met.
func (a *packed) normBound() float64 {
	if !a.p.measures() {
		return math.Inf(1)
	}
	sum := 0.0
	for _, x := range a.most {
		sum += float64(x)
	}
	return math.Sqrt(sum)
}

// measureQueries takes the norm of a panel's queries, scaled as they are.
func (a *packed) measureQueries(x *panel) {
	x.level = fresh
	if !a.p.measures() {
		return
	}
	x.tile.squares(a.p.shape.D, &x.q[0], &a.top[0])
	most := float32(0)
	for _, s := range a.top[:x.tile.width] {
		most = max(most, s) // a NaN is greater than any
	}
	x.norm = math.Sqrt(float64(most))
}

// fixedWeights makes the weights of a panel whose reference is 0: at once where
// the logits need no edits but factors.
func (a *packed) fixedWeights(x *panel, pieces []piece) {
	p, d, ks, w := a.p, a.p.shape.D, a.p.shape.D+tileExtra, x.tile.width
	n := 0
	for len(pieces) > 0 {
		pos, neg, ok := p.uniform(x, pieces[0])
		i, rows := 1, pieces[0].n
		for ; i < len(pieces) && pieces[i].row == pieces[0].row+rows; i++ {
			if pos1, neg1, ok1 := p.uniform(x, pieces[i]); ok1 != ok || pos1 != pos || neg1 != neg {
				break
			}
			rows += pieces[i].n
		}
		row, part := pieces[0].row, a.s[n*w:]
		if ok {
			for r := 0; r < rows; {
				times, each := split(rows-r, len(x.tile.weights))
				k, s := &a.keys[(row+r)*ks], &part[r*w]
				if pos == 1 && neg == 1 {
					x.tile.weights[each-1](times, d, k, ks, &x.q[0], s, &x.d[0])
				} else {
					a.factors[0], a.factors[1] = pos, neg
					x.tile.signed[each-1](times, d, k, ks, &x.q[0], s, &a.factors[0], &a.factors[1], &x.d[0])
				}
				r += times * each
			}
		} else {
			a.logits(x, row, rows, n)
			p.editTile(x, pieces[:i], part)
			x.tile.weigh(rows, &part[0], &x.d[0])
		}
		n += rows
		pieces = pieces[i:]
	}
}

// settle chooses the reference of a panel for the present tile. A panel that
// meets a tile beyond the bounds goes over to the running max, from 0 on.
func (a *packed) settle(x *panel) {
	p := a.p
	bounded := x.level != running && p.measures() && x.norm*a.bounds.keys*p.steepest <= maxExponent &&
		a.bounds.values*float64(p.shape.NK) <= maxValues
	switch {
	case !bounded:
		x.level = running
	case x.level == fresh:
		x.level = fixed
		clear(x.m)
	}
}
