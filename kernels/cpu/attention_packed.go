package cpu

import "math"

// Packed attention works on panels: the lanes of a vector are queries, rows are
// keys or dims. One tile of keys after the other gives
//
//	S[key][query] = K Qᵀ                 logits, with their running max
//	edits of S
//	weights and running sum of S         softmax, along the lanes
//	O[dim][query] = O alpha + Vᵀ S       weighted
//
// or, where the logits are known to be small (attention_bounds.go),
//
//	S[key][query] = 2^(K Qᵀ)             weights, and their running sum
//	O[dim][query] = O + Vᵀ S             weighted
//
// The logits are in units of ln 2: the queries take the scale as they are
// packed, which rounds them once and saves the exponentials their products.
//
// The runs of keys of an item are gathered into tiles that stay in the L2
// cache and serve all its panels: blocks of any size make full tiles, and the
// strides of K and V do not matter. Panels that see few keys take them one after
// the other instead, each from a list of its own keys, which the products read
// where they are.
//
// A panel is in columns, of as many queries as a vector has lanes. Where two
// columns do not see the same keys, those of one column are taken for it alone
// after those of both. Within that a query's sums run over its keys in order.

const (
	keyTile    = 128 // most keys of one tile
	lineFloats = 16  // elements of a cache line
	tileExtra  = 16  // elements between rows of a tile, which keep them in different cache sets
)

// piece is tile rows [row, row+n), keys [k0, k0+n).
type piece struct{ row, k0, n int }

// panel is up to one tile width of queries.
type panel struct {
	tile  *tile
	q0, n int
	q, o  []float32 // [columns, D, lanes], [columns, padded D, lanes]
	m, d  []float32 // [width]: running max and sum
	runs  []span32  // keys from the present tile on
	holes []hole
	row   int // first mask row

	halves bool      // its holes are of whole columns
	lists  [3]span32 // of the plan's keys

	norm  float64 // of its queries, at most
	level level
	begun bool // o has a value
	mixed bool // lanes may have met values that they do not see, with weights of 0
}

// rows is rows of elements, stride apart.
type rows struct {
	f      []float32
	stride int
}

// packed is the state of one worker in one item.
type packed struct {
	p       *plan
	b, h    int
	hk      int
	s       []float32 // [keyTile, width] logits, then weights
	top     []float32 // running max of the present panel with the present tile
	alpha   []float32
	keys    []float32 // [keyTile, D+tileExtra], centred where asked for
	values  []float32 // [keyTile, padded D+tileExtra]
	k, v    rows      // where the present tile is: in keys and values, or in place
	list    []int32   // rows of the present panel in the present tile
	most    []float32 // [lanes] of measureRows
	factors []float32 // of positive and of other logits
	bounds  bounds    // of the present tile
	plain   []float32 // scratch of the generic variant
	panels  []panel
	pieces  []piece // of the present panel in the present tile
	next    []piece // of the next tile: what is not fetched yet
	ahead   []ahead // what the present panel's products fetch
	inPlace bool    // one panel after the other, on keys and values in place
	coming  *planPanel
}

func (p *plan) paddedDim() int { return ceilDiv(p.shape.D, valueRows) * valueRows }

func (p *plan) packedScratch() int {
	w := p.b.set.wide().width
	n := min(maxPanels, max(1, groupDims/p.shape.D))*w*(p.shape.D+p.paddedDim()+2) + (keyTile+2)*w + 2*maxLanes
	n += keyTile * (p.shape.D + p.paddedDim() + 2*tileExtra)
	return n + ceilDiv(p.genericScratch(), maxLanes)*maxLanes
}

func (p *plan) attendPacked(s *scratch, b, h int, it planItem) {
	set, d, pd := p.b.set, p.shape.D, p.paddedDim()
	mem := s.floats(p.packedScratch())
	take := func(n int) []float32 {
		f := mem[:n:n]
		mem = mem[n:]
		return f
	}
	w := set.wide().width
	a := packed{p: p, b: b, h: h, hk: h / (p.shape.H / p.shape.Hkv), s: take(keyTile * w), top: take(w), alpha: take(w)}
	a.panels = s.panels[:0]
	inPlace := it.inPlace && !crowded(p.k.n) && !crowded(p.v.n)
	first := mem
	for _, spec := range p.panels[it.panel0:it.panel1] {
		if inPlace {
			mem = first // one panel after the other
		}
		n := int(spec.q.hi - spec.q.lo)
		t := set.fit(n)
		x := panel{tile: t, q0: int(spec.q.lo), n: n, q: take(d * t.width), o: take(pd * t.width), m: take(t.width), d: take(t.width),
			runs: p.runs[spec.lo:spec.hi], holes: p.holes[spec.h0:spec.h1], row: int(spec.row), halves: spec.halves && spec.h1 > spec.h0, lists: spec.lists}
		a.panels = append(a.panels, x)
	}
	if inPlace {
		mem = first[w*(d+pd+2):]
	}
	a.keys, a.values = take(keyTile*(d+tileExtra)), take(keyTile*(pd+tileExtra))
	a.most, a.factors = take(maxLanes), take(maxLanes)
	a.plain = mem
	if pd != d {
		clear(a.values)
	}
	a.pieces, a.ahead = s.pieces[:0], s.ahead[:0]

	if !inPlace {
		a.k, a.v = rows{a.keys, d + tileExtra}, rows{a.values, pd + tileExtra}
		a.overKeys(s, p.runs[it.lo:it.hi])
		return
	}
	a.k, a.v = rows{p.k.f[p.k.at(b, a.hk, 0):], p.k.n}, rows{p.v.f[p.v.at(b, a.hk, 0):], p.v.n}
	a.inPlace = true
	panels := a.panels
	for i := range panels {
		a.coming = nil
		if next := int(it.panel0) + i + 1; next < len(p.panels) {
			a.coming = &p.panels[next]
		}
		a.panels = panels[i : i+1]
		if !a.overLists(&panels[i]) {
			a.overKeys(s, panels[i].runs)
		}
	}
}

// crowded reports whether rows with a stride fall into few sets of the caches.
func crowded(stride int) bool { return stride%1024 == 0 }

// overKeys takes the present panels over keys. Their queries are read with the
// first tile and their outputs written with the last, while the products of
// their neighbours fetch them.
func (a *packed) overKeys(s *scratch, runs []span32) {
	keys := keyCursor{runs: runs}
	tile := keys.next(s.tiles[0][:0])
	for i := 1; i == 1 || len(tile) > 0; i++ {
		next := keys.next(s.tiles[i%2][:0])
		if !a.inPlace {
			a.next = append(s.fetch[:0], next...)
		}
		a.tileOfKeys(s, tile, i == 1, len(next) == 0)
		tile = next
	}
}

// overLists takes a panel over its listed keys, whose rows are the list, and reports
// whether it has: the reference of its queries must be fixed for all of them.
func (a *packed) overLists(x *panel) bool {
	if x.lists[2].hi == 0 { // none is listed
		return false
	}
	p := a.p
	a.packQueries(x)
	a.bounds = a.boundsOf(x.runs)
	if a.settle(x) != fixed {
		return false
	}
	a.ahead = a.ahead[:0]
	if a.coming != nil {
		a.freshAhead(a.coming)
	}
	list := p.keys[x.lists[0].lo:x.lists[0].hi]
	for parts := ceilDiv(len(list), keyTile); parts > 0; parts-- {
		if parts == 1 {
			a.endsAhead(x)
		}
		n := ceilDiv(len(list), parts)
		a.addKeys(x, list[:n])
		list = list[n:]
	}
	for i, l := range x.lists[1:] {
		for list := p.keys[l.lo:l.hi]; len(list) > 0; list = list[len(a.list):] {
			a.addToColumn(x, i, list[:min(len(list), keyTile)])
		}
	}
	a.finish(x)
	return true
}

// keyCursor cuts runs of keys into tiles.
type keyCursor struct {
	runs []span32
	done int // keys of the first run
}

// next appends the pieces of the next tile to an empty list.
func (c *keyCursor) next(tile []piece) []piece {
	for held := 0; held < keyTile && len(c.runs) > 0; {
		k0 := int(c.runs[0].lo) + c.done
		left := int(c.runs[0].hi) - k0
		n := min(keyTile-held, left)
		if n > 0 {
			tile = append(tile, piece{held, k0, n})
		}
		held, c.done = held+n, c.done+n
		if n == left {
			c.runs, c.done = c.runs[1:], 0
		}
	}
	return tile
}

// packQueries transposes and scales the queries of a panel and empties its state.
func (a *packed) packQueries(x *panel) {
	p := a.p
	if x.n < x.tile.width {
		clear(x.q)
	}
	d, lanes, first := p.shape.D, p.b.set.lanes, p.q.at(a.b, a.h, x.q0)
	whole, dims := p.b.set.whole(x.n), p.b.set.whole(d)
	for i := range lanes {
		a.alpha[i] = p.scale
	}
	for i := 0; i < whole; i += lanes {
		for c := 0; c < dims; c += lanes {
			p.b.set.transpose(&p.q.f[first+i*p.q.n+c], p.q.n, &a.alpha[0], &x.q[i*d+c*lanes], lanes)
		}
	}
	for i := range x.n {
		from := 0
		if i < whole {
			from = dims
		}
		if from == d {
			continue // most often
		}
		column := x.q[i/lanes*d*lanes+i%lanes:]
		for c := from; c < d; c++ {
			column[c*lanes] = p.q.f[first+i*p.q.n+c] * p.scale
		}
	}
	a.measureQueries(x)
	clear(x.d)
	for i := range x.m {
		x.m[i] = negInf
	}
}

// gather copies the keys and values of a tile.
func (a *packed) gather(tile []piece) {
	p, d := a.p, a.p.shape.D
	mean := zeros[:d]
	if p.logits.CenterK {
		mean = p.mean[(a.b*p.shape.Hkv+a.hk)*d:][:d]
	}
	ks, vs := d+tileExtra, p.paddedDim()+tileExtra
	a.bounds.keys = a.copyRows(a.keys, ks, p.k, tile, mean)
	a.bounds.values = a.copyRows(a.values, vs, p.v, tile, zeros[:d])
}

// copyRows copies the rows of a tile, less sub, and returns a bound of their norms
// where that is known.
func (a *packed) copyRows(dst []float32, stride int, t tensor, tile []piece, sub []float32) (norm float64) {
	set := a.p.b.set
	whole := set.whole(len(sub))
	measure := a.p.measures()
	clear(a.most)
	for _, g := range tile {
		src, dst := t.f[t.at(a.b, a.hk, g.k0):], dst[g.row*stride:]
		switch {
		case measure:
			set.measureRows(g.n, whole, &src[0], t.n, &sub[0], &dst[0], stride, &a.most[0])
		case whole > 0:
			set.copyRows(g.n, whole, &src[0], t.n, &sub[0], &dst[0], stride)
		}
		if whole == len(sub) {
			continue
		}
		for j := range g.n {
			for c := whole; c < len(sub); c++ {
				dst[j*stride+c] = src[j*t.n+c] - sub[c]
			}
		}
	}
	return a.normBound()
}

// seen lists the pieces of a tile that a panel sees, cut where edits change.
func (a *packed) seen(x *panel, tile []piece) []piece {
	out := a.pieces[:0]
	for _, g := range tile {
		for len(x.runs) > 0 && int(x.runs[0].hi) <= g.k0 {
			x.runs = x.runs[1:]
		}
		for i := 0; i < len(x.runs) && int(x.runs[i].lo) < g.k0+g.n; i++ {
			k0, k1 := max(int(x.runs[i].lo), g.k0), min(int(x.runs[i].hi), g.k0+g.n)
			for k0 < k1 {
				end := min(k1, a.p.nextEdge(x, k0))
				out = append(out, piece{g.row + k0 - g.k0, k0, end - k0})
				k0 = end
			}
		}
	}
	return out
}

// tileOfKeys adds the keys of a tile to every panel, and fetches the next tile
// meanwhile. The first tile begins the panels, the last finishes them.
func (a *packed) tileOfKeys(s *scratch, tile []piece, first, last bool) {
	if a.inPlace {
		for i := range tile {
			tile[i].row = tile[i].k0
		}
		a.bounds = bounds{}
		for _, g := range tile {
			a.bounds.keys = max(a.bounds.keys, a.keysNorm(g.k0, g.k0+g.n))
		}
	} else {
		a.gather(tile)
	}
	for i := range a.panels {
		x := &a.panels[i]
		a.ahead = a.ahead[:0]
		if first {
			a.packQueries(x)
			if i+1 < len(a.panels) {
				next := &a.panels[i+1]
				a.ahead = a.rowsAhead(a.ahead, a.p.q, next.q0, next.n)
			}
		}
		if last {
			a.endsAhead(x)
		}
		if first && a.coming != nil {
			a.freshAhead(a.coming)
		}
		a.fetch(i)
		if pieces := a.seen(x, tile); len(pieces) > 0 && !a.p.removed(x, pieces) {
			a.tileOfPanel(s, x, pieces)
		}
		if last {
			a.finish(x)
		}
	}
}

// tileOfPanel adds pieces of the present tile to a panel.
func (a *packed) tileOfPanel(s *scratch, x *panel, pieces []piece) {
	if a.settle(x) == fixed && x.halves {
		a.tileOfHalves(s, x, pieces)
		return
	}
	x.mixed = len(x.holes) > 0 || len(a.p.logits.Cut) > 0
	a.list = a.listRows(s.list[:], pieces)
	var scale *float32
	if x.level == fixed {
		a.fixedWeights(x, pieces)
	} else {
		a.runningWeights(x, pieces)
		scale = &a.alpha[0]
	}
	a.weighted(x.tile, x.o, scale, x.begun)
	x.begun = true
}

// weighted adds the listed values by their weights to sums, which have a value or
// not, and fetches what there is to fetch.
func (a *packed) weighted(tile *tile, o []float32, scale *float32, begun bool) {
	pd, lanes := a.p.paddedDim(), a.p.b.set.lanes
	fresh := 1
	if begun {
		fresh = 0
	}
	fetch := a.ahead
	a.ahead = a.ahead[:0]
	for c := 0; c < pd; {
		t, times := tile.values(pd - c)
		var next ahead
		if len(fetch) > 0 {
			next = fetch[0]
			times = ceilDiv(times, len(fetch))
			fetch = fetch[1:]
		}
		t.f(times, len(a.list), &a.v.f[c], a.v.stride, &a.list[0], &a.s[0], scale, &o[c*lanes], pd*lanes, fresh, next.at, next.rows, next.lines, next.stride)
		c += times * t.rows
	}
}

// inOrder lists rows as they come.
var inOrder = func() (list [keyTile + rowsAhead]int32) {
	for i := range list {
		list[i] = int32(i)
	}
	return list
}()

// listRows lists the rows of pieces, and some to fetch beyond.
func (a *packed) listRows(list []int32, pieces []piece) []int32 {
	if row, n, rest := stretch(pieces); len(rest) == 0 && !a.inPlace {
		return inOrder[row : row+n]
	}
	n := 0
	for _, g := range pieces {
		n += copyRange(list[n:], g)
	}
	return padList(list, n)
}

// copyRange lists the rows of a piece and returns their number.
func copyRange(list []int32, g piece) int {
	row := int32(g.row)
	for i := range list[:g.n] {
		list[i] = row
		row++
	}
	return g.n
}

// padList is the first n rows of a list, with rows to fetch beyond.
func padList(list []int32, n int) []int32 {
	for i := range rowsAhead {
		list[n+i] = list[n-1]
	}
	return list[:n]
}

// runningWeights makes the weights of a panel with the running max.
func (a *packed) runningWeights(x *panel, pieces []piece) {
	n := len(a.list)
	copy(a.top, x.m)
	a.logits(x, pieces, 0)
	if a.p.editTile(x, pieces, a.s) {
		copy(a.top, x.m)
		x.tile.columnMax(n, &a.s[0], &a.top[0])
	}
	x.tile.softmax(n, &a.s[0], &a.top[0], &x.m[0], &x.d[0], &a.alpha[0])
}

// logits takes the products of a panel with pieces of the tile, for rows of s from
// n on.
func (a *packed) logits(x *panel, pieces []piece, n int) {
	d, w := a.p.shape.D, x.tile.width
	for len(pieces) > 0 {
		var row, rows int
		row, rows, pieces = stretch(pieces)
		for end := row + rows; row < end; {
			times, each := split(end-row, len(x.tile.logits))
			x.tile.logits[each-1](times, d, &a.k.f[row*a.k.stride], a.k.stride, &x.q[0], &a.s[n*w], &a.top[0])
			row, n = row+times*each, n+times*each
		}
	}
}

// ahead is rows that are fetched beside products.
type ahead struct {
	at          *float32
	rows, lines int // cache lines of a row
	stride      int // bytes from row to row
}

// rowsAhead appends rows of queries or outputs.
func (a *packed) rowsAhead(list []ahead, t tensor, q0, n int) []ahead {
	return append(list, ahead{&t.f[t.at(a.b, a.h, q0)], n, ceilDiv(a.p.shape.D, lineFloats), 4 * t.n})
}

// endsAhead appends the outputs of a panel, and the queries of the next one in place.
func (a *packed) endsAhead(x *panel) {
	a.ahead = a.rowsAhead(a.ahead, a.p.out, x.q0, x.n)
	if next := a.coming; next != nil {
		a.ahead = a.rowsAhead(a.ahead, a.p.q, int(next.q.lo), int(next.q.hi-next.q.lo))
	}
}

// freshAhead appends the keys and values of the next panel that the present one does
// not see, as far as there is room.
func (a *packed) freshAhead(next *planPanel) {
	lines := ceilDiv(a.p.shape.D, lineFloats)
	for _, r := range a.p.runs[next.f0:next.f1] {
		if len(a.ahead)+2 > cap(a.ahead) {
			return
		}
		for _, t := range [...]*tensor{&a.p.k, &a.p.v} {
			a.ahead = append(a.ahead, ahead{&t.f[t.at(a.b, a.hk, int(r.lo))], int(r.hi - r.lo), lines, 4 * t.n})
		}
	}
}

// fetch adds panel i's share of the next tile, as far as there is room. The
// caller's tensors may be far, with a page of memory for every row: one line at
// a time hardly costs among the products.
func (a *packed) fetch(i int) {
	if len(a.next) == 0 {
		return
	}
	p, last := a.p, a.next[len(a.next)-1]
	lines := ceilDiv(p.shape.D, lineFloats)
	for to := (last.row + last.n) * (i + 1) / len(a.panels); len(a.next) > 0 && a.next[0].row < to; {
		g := &a.next[0]
		rows := min(g.n, to-g.row)
		for _, t := range [...]*tensor{&p.k, &p.v} {
			first := &t.f[t.at(a.b, a.hk, g.k0)]
			if len(a.ahead) < cap(a.ahead) {
				a.ahead = append(a.ahead, ahead{first, rows, lines, 4 * t.n})
			} else {
				p.b.set.fetchRows(rows, p.shape.D, first, t.n)
			}
		}
		g.row, g.k0, g.n = g.row+rows, g.k0+rows, g.n-rows
		if g.n == 0 {
			a.next = a.next[1:]
		}
	}
}

// stretch takes the pieces from the front that lie in consecutive tile rows.
func stretch(pieces []piece) (row, rows int, rest []piece) {
	row, rows = pieces[0].row, pieces[0].n
	for rest = pieces[1:]; len(rest) > 0 && rest[0].row == row+rows; rest = rest[1:] {
		rows += rest[0].n
	}
	return row, rows, rest
}

// values is the tile for the next dims of n, and how often it goes: what the larger
// ones do not divide is left to the smallest.
func (t *tile) values(n int) (weightedTile, int) {
	least := t.weighted[len(t.weighted)-1]
	for _, w := range t.weighted {
		for times := n / w.rows; times > 0; times-- {
			if (n-times*w.rows)%least.rows == 0 {
				return w, times
			}
		}
	}
	return least, 1 // not reached: n is a multiple of its rows
}

// finish writes the outputs and log-sum-exps of a panel.
func (a *packed) finish(x *panel) {
	p, d, pd := a.p, a.p.shape.D, a.p.paddedDim()
	set := p.b.set
	if !x.begun {
		clear(x.o)
	}
	for i := range x.tile.width {
		a.alpha[i] = 0
		if x.d[i] != 0 {
			a.alpha[i] = 1 / x.d[i]
		}
	}
	first := p.out.at(a.b, a.h, x.q0)
	whole, dims := set.whole(x.n), set.whole(d)
	for i := 0; i < whole; i += set.lanes {
		for c := 0; c < dims; c += set.lanes {
			set.transpose(&x.o[i*pd+c*set.lanes], set.lanes, &a.alpha[i], &p.out.f[first+i*p.out.n+c], p.out.n)
		}
	}
	for i := range x.n {
		from := 0
		if i < whole {
			from = dims
		}
		if x.d[i] == 0 {
			clear(p.out.f[first+i*p.out.n:][:d])
		} else if from < d {
			out, column := p.out.f[first+i*p.out.n:][:d], x.o[i/set.lanes*pd*set.lanes+i%set.lanes:]
			for c := from; c < d; c++ {
				out[c] = column[c*set.lanes] * a.alpha[i]
			}
		}
		if p.hasLSE {
			lse := negInf
			if x.d[i] != 0 {
				lse = float32(float64(x.m[i])*math.Ln2 + math.Log(float64(x.d[i])))
			}
			p.lse.f[p.lse.at(a.b, a.h, x.q0+i)] = lse
		}
	}
	if (x.mixed || a.inPlace && x.level == fixed) && !a.finite(x) {
		a.recheck(x)
	}
}

// finite reports whether all sums of a panel are numbers. It may say no where
// their squares add up to infinity.
func (a *packed) finite(x *panel) bool {
	set, pd := a.p.b.set, a.p.paddedDim()
	sums := a.s[:2*set.lanes]
	if x.tile.squares != nil && set.whole(pd) == pd {
		sums = a.top[:x.tile.width]
		x.tile.squares(pd, &x.o[0], &sums[0])
	} else {
		set.moments(len(x.o), &x.o[0], 0, &sums[0])
	}
	var sum float32
	for _, v := range sums {
		sum += v * 0
	}
	return sum == 0
}

// recheck does queries again whose output is no finite number: 0 times a NaN or an
// infinity among values that they do not see must not reach them, and with a fixed
// reference sums of values that have not been measured may overflow.
func (a *packed) recheck(x *panel) {
	p := a.p
	for i := range x.n {
		out := p.out.f[p.out.at(a.b, a.h, x.q0+i):][:p.shape.D]
		for _, v := range out {
			if v-v == 0 {
				continue
			}
			q := int32(x.q0 + i)
			row := p.rows[x.row]
			for r := x.row; q >= row.q.hi; {
				r++
				row = p.rows[r]
			}
			p.attendGeneric(a.plain, a.b, a.h, span32{q, q + 1}, p.runs[row.lo:row.hi])
			break
		}
	}
}
