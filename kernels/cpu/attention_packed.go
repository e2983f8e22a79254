package cpu

import "math"

// Packed attention works on panels: the lanes of a vector are queries, rows are
// keys or dims. One tile of keys after the other gives
//
//	S[key][query] = K Qᵀ                 dot: K rows read where they are
//	edits of S
//	weights and running max, sum of S    softmax, along the lanes
//	O[dim][query] = O alpha + Vᵀ S       weighted: V rows read where they are
//
// Only Q is copied, once per panel. A query's sums run over its keys in order
// whatever the tile of queries it is in. A version with S held in registers
// would take the place of tileOfKeys.

const (
	keyTile   = 128 // most keys of one tile
	maxPanels = 4   // panels of one item: they share the tile of keys in cache
)

// segment is keys [k0, k0+n).
type segment struct{ k0, n int }

// panel is up to one tile width of queries.
type panel struct {
	tile  *tile
	q0, n int
	q, o  []float32 // [D, width], [padded D, width]
	m, d  []float32 // [width]: running max and sum
}

// packed is the state of one worker in one item.
type packed struct {
	p      *plan
	b, h   int
	hk     int
	s      []float32 // [keyTile, width] logits, then weights
	alpha  []float32
	keys   []float32 // [keyTile, D] centred keys
	values []float32 // [keyTile, padded D] where D is no multiple of valueRows
	panels []panel
}

func (p *plan) paddedDim() int { return ceilDiv(p.shape.D, valueRows) * valueRows }

func (p *plan) packedScratch() int {
	w := p.b.set.wide().width
	n := maxPanels*w*(p.shape.D+p.paddedDim()+2) + (keyTile+1)*w
	if p.logits.CenterK {
		n += keyTile * p.shape.D
	}
	if p.paddedDim() != p.shape.D {
		n += keyTile * p.paddedDim()
	}
	return n
}

func (p *plan) attendPacked(s *scratch, b, h int, q span32, runs []span32) {
	set, d, pd := p.b.set, p.shape.D, p.paddedDim()
	mem := s.floats(p.packedScratch())
	take := func(n int) []float32 {
		f := mem[:n:n]
		mem = mem[n:]
		return f
	}
	w := set.wide().width
	a := packed{p: p, b: b, h: h, hk: h / (p.shape.H / p.shape.Hkv), s: take(keyTile * w), alpha: take(w)}
	a.panels = s.panels[:0]
	for q0 := int(q.lo); q0 < int(q.hi); {
		t := set.fit(int(q.hi) - q0)
		n := min(t.width, int(q.hi)-q0)
		x := panel{tile: t, q0: q0, n: n, q: take(d * t.width), o: take(pd * t.width), m: take(t.width), d: take(t.width)}
		a.packQueries(&x)
		a.panels = append(a.panels, x)
		q0 += n
	}
	if p.logits.CenterK {
		a.keys = take(keyTile * d)
	}
	if pd != d {
		a.values = take(keyTile * pd)
		clear(a.values)
	}

	var segs [keyTile]segment
	n, held := 0, 0
	flush := func() {
		if held > 0 {
			a.tileOfKeys(segs[:n], held)
		}
		n, held = 0, 0
	}
	for _, r := range runs {
		for k0, k1 := int(r.lo), int(r.hi); k0 < k1; {
			room := keyTile - held
			// A sliver at the end of a tile would waste a whole tile of rows.
			if k1-k0 > room && room < len(set.wide().dot) {
				flush()
				room = keyTile
			}
			take := min(room, k1-k0)
			segs[n] = segment{k0, take}
			n, held, k0 = n+1, held+take, k0+take
			if held == keyTile {
				flush()
			}
		}
	}
	flush()
	for i := range a.panels {
		a.finish(&a.panels[i])
	}
}

// packQueries transposes the queries of a panel, scaled, and empties its state.
func (a *packed) packQueries(x *panel) {
	p, w := a.p, x.tile.width
	if x.n < w {
		clear(x.q)
	}
	for i := range x.n {
		for c, v := range p.q.f[p.q.at(a.b, a.h, x.q0+i):][:p.shape.D] {
			x.q[c*w+i] = v * p.logits.Scale
		}
	}
	clear(x.o)
	clear(x.d)
	for i := range x.m {
		x.m[i] = negInf
	}
}

// tileOfKeys adds the keys of the segments, n in all, to every panel.
func (a *packed) tileOfKeys(segs []segment, n int) {
	p, d := a.p, a.p.shape.D
	if a.keys != nil {
		mean := p.mean[(a.b*p.shape.Hkv+a.hk)*d:][:d]
		row := 0
		for _, g := range segs {
			for j := range g.n {
				out := a.keys[row*d : (row+1)*d]
				for c, v := range p.k.f[p.k.at(a.b, a.hk, g.k0+j):][:d] {
					out[c] = v - mean[c]
				}
				row++
			}
		}
	}
	pd := d
	if a.values != nil {
		pd = p.paddedDim()
		row := 0
		for _, g := range segs {
			for j := range g.n {
				copy(a.values[row*pd:], p.v.f[p.v.at(a.b, a.hk, g.k0+j):][:d])
				row++
			}
		}
	}
	for i := range a.panels {
		x := &a.panels[i]
		if p.removed(x, segs) {
			continue
		}
		w := x.tile.width
		row := 0
		for _, g := range segs {
			keys, stride := p.k.f[p.k.at(a.b, a.hk, g.k0):], p.k.n
			if a.keys != nil {
				keys, stride = a.keys[row*d:], d
			}
			groups := x.tile.groups(g.n)
			for i := range groups {
				r0, r1 := g.n*i/groups, g.n*(i+1)/groups
				x.tile.dot[r1-r0-1](d, &keys[r0*stride], stride, &x.q[0], &zeros[0], 0, &a.s[(row+r0)*w], w)
			}
			row += g.n
		}
		p.editTile(x, segs, a.s)
		x.tile.softmax(n, &a.s[0], &x.m[0], &x.d[0], &a.alpha[0])
		row = 0
		for i, g := range segs {
			scale := &a.alpha[0]
			if i > 0 {
				scale = &ones[0]
			}
			values, stride := p.v.f[p.v.at(a.b, a.hk, g.k0):], p.v.n
			if a.values != nil {
				values, stride = a.values[row*pd:], pd
			}
			for c := 0; c < pd; {
				t := x.tile.values(pd - c)
				t.f(g.n, &values[c], stride, &a.s[row*w], scale, &x.o[c*w])
				c += t.rows
			}
			row += g.n
		}
	}
}

// values is the weighted tile with the most rows that fit into n.
func (t *tile) values(n int) weightedTile {
	i := 0
	for t.weighted[i].rows > n {
		i++
	}
	return t.weighted[i]
}

// finish writes the outputs and log-sum-exps of a panel.
func (a *packed) finish(x *panel) {
	p, w := a.p, x.tile.width
	for i := range x.n {
		out := p.out.f[p.out.at(a.b, a.h, x.q0+i):][:p.shape.D]
		lse := negInf
		if x.d[i] == 0 {
			clear(out)
		} else {
			inv := 1 / x.d[i]
			for c := range out {
				out[c] = x.o[c*w+i] * inv
			}
			lse = x.m[i] + float32(math.Log(float64(x.d[i])))
		}
		if p.hasLSE {
			p.lse.f[p.lse.at(a.b, a.h, x.q0+i)] = lse
		}
	}
}
