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
	return set.measureRows != nil && set.whole(p.shape.D) == p.shape.D && p.shape.D >= set.fusedDims
}

// normBound is a bound of the norms of rows that measureRows has met.
func (a *packed) normBound() float64 {
	if !a.p.measures() {
		return math.Inf(1)
	}
	return rowNorm(a.most)
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

// normRows is how many keys have a bound of their own where they are read in place.
const normRows = 64

func (p *plan) normChunks() int { return ceilDiv(p.shape.NK, normRows) }

// keyNorm is the bound of one chunk of keys. Who meets it first in a run takes it,
// which fetches the keys as well; two at once find the same.
func (a *packed) keyNorm(chunk int) float64 {
	p := a.p
	known := &p.norms[(a.b*p.shape.Hkv+a.hk)*p.normChunks()+chunk]
	if bits := known.Load(); bits != 0 {
		return math.Float64frombits(^bits)
	}
	k0 := chunk * normRows
	clear(a.most)
	p.b.set.normRows(min(normRows, p.shape.NK-k0), p.shape.D, &p.k.f[p.k.at(a.b, a.hk, k0)], p.k.n, &a.most[0])
	norm := rowNorm(a.most)
	known.Store(^math.Float64bits(norm))
	return norm
}

// rowNorm is a bound of the norms of rows of which most has the greatest sum of
// squares of every lane.
func rowNorm(most []float32) float64 {
	sum := 0.0
	for _, x := range most {
		sum += float64(x)
	}
	return math.Sqrt(sum)
}

// keysNorm is the bound of the chunks that keys [k0,k1) meet.
func (a *packed) keysNorm(k0, k1 int) (most float64) {
	for c := k0 / normRows; c*normRows < k1; c++ {
		most = max(most, a.keyNorm(c)) // a NaN wins
	}
	return most
}

// boundsOf is the bounds of keys that are read in place. Values are not measured:
// finish looks at their sums.
func (a *packed) boundsOf(keys []span32) (most bounds) {
	for _, r := range keys {
		most.keys = max(most.keys, a.keysNorm(int(r.lo), int(r.hi)))
	}
	return most
}

// fixedWeights makes the weights of a panel whose reference is 0: at once where
// the logits need no edits but factors.
func (a *packed) fixedWeights(x *panel, pieces []piece) {
	p, d, w := a.p, a.p.shape.D, x.tile.width
	n := 0
	for len(pieces) > 0 {
		pos, neg, ok := p.uniform(x, pieces[0])
		i, rows := 1, pieces[0].n
		for ; i < len(pieces); i++ {
			if pos1, neg1, ok1 := p.uniform(x, pieces[i]); ok1 != ok || pos1 != pos || neg1 != neg {
				break
			}
			rows += pieces[i].n
		}
		part := a.s[n*w:]
		switch list := a.list[n:][:rows]; {
		case ok && pos == 1 && neg == 1:
			a.weights(x.tile, list, x.q, part, x.d)
		case ok:
			a.factors[0], a.factors[1] = pos, neg
			for r := 0; r < rows; {
				times, each := split(rows-r, len(x.tile.signed))
				x.tile.signed[each-1](times, d, &a.k.f[0], a.k.stride, &list[r], &x.q[0], &part[r*w], &a.factors[0], &a.factors[1], &x.d[0])
				r += times * each
			}
		default:
			a.logits(x, pieces[:i], n)
			p.editTile(x, pieces[:i], part)
			x.tile.weigh(rows, &part[0], &x.d[0])
		}
		n += rows
		pieces = pieces[i:]
	}
}

// weights makes the weights of the listed keys, which need no edits.
func (a *packed) weights(t *tile, list []int32, q, s, d []float32) {
	for r := 0; r < len(list); {
		times, each := split(len(list)-r, len(t.weights))
		t.weights[each-1](times, a.p.shape.D, &a.k.f[0], a.k.stride, &list[r], &q[0], &s[r*t.width], &d[0])
		r += times * each
	}
}

// tileOfHalves adds pieces of the present tile to a panel with a fixed reference
// of which some are seen by one column only: first those of both.
func (a *packed) tileOfHalves(s *scratch, x *panel, pieces []piece) {
	if list := a.listSeen(s.list[:], x, pieces, 0); len(list) > 0 {
		a.addKeys(x, list)
	}
	for i := range 2 {
		if list := a.listSeen(s.list[:], x, pieces, 1+i); len(list) > 0 {
			a.addToColumn(x, i, list)
		}
	}
}

// addKeys adds the listed keys, which need no edits, to a panel with a fixed reference.
func (a *packed) addKeys(x *panel, list []int32) {
	a.list = list
	a.weights(x.tile, list, x.q, a.s, x.d)
	a.weighted(x.tile, x.o, nil, x.begun)
	x.begun = true
}

// addToColumn adds them to one of its two columns.
func (a *packed) addToColumn(x *panel, i int, list []int32) {
	if !x.begun {
		clear(x.o)
		x.begun = true
	}
	half := a.p.b.set.narrow()
	a.list = list
	a.weights(half, list, x.q[i*len(x.q)/2:], a.s, x.d[i*half.width:])
	a.weighted(half, x.o[i*len(x.o)/2:], nil, true)
}

// listSeen lists the rows of the pieces that both columns see, that the first sees
// alone, or the second.
func (a *packed) listSeen(list []int32, x *panel, pieces []piece, by int) []int32 {
	half := int32(a.p.b.set.narrow().width)
	blind := [3]span32{{}, {half, int32(x.n)}, {0, half}}[by]
	n := 0
	for _, g := range pieces {
		var lanes span32
		for _, h := range x.holes {
			if int(h.k.lo) <= g.k0 && g.k0 < int(h.k.hi) {
				lanes = h.lanes
			}
		}
		if lanes == blind {
			n += copyRange(list[n:], g)
		}
	}
	if n == 0 {
		return nil
	}
	return padList(list, n)
}

// settle chooses the reference of a panel for the present tile. A panel that
// meets a tile beyond the bounds goes over to the running max, from 0 on.
func (a *packed) settle(x *panel) level {
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
	return x.level
}
