package cpu

import "slices"

// planPanel is the queries of one panel. They may belong to several mask rows
// where these are short: the panel then sees what any of them sees, and holes
// take out what one of them does not.
type planPanel struct {
	q      span32
	lo, hi int32 // its runs
	f0, f1 int32 // runs that the panel before does not see
	h0, h1 int32 // its holes
	row    int32 // the first of its mask rows
	halves bool  // its holes are those of one or the other column

	// Of the plan's keys, where they are read in place as they are: those that all its queries see,
	// that the first column sees alone, and the second.
	lists [3]span32
}

// hole is keys that some lanes of a panel do not see.
type hole struct {
	k     span32
	lanes span32
}

const (
	maxPanels     = 24      // panels of one group, at most: they share the tile of keys
	groupDims     = 3072    // dims of the queries of a group, over its panels: they stay in the L2 cache
	workerItems   = 4       // items to have for each of several workers, before panels share
	inPlaceFloats = 1 << 16 // of the keys of a panel that reads them in place, at most
	narrowWeight  = 9       // cost of a lane of a narrow tile in eighths of one of the widest
)

// compilePanels cuts the mask rows from first on into panels, puts these into
// groups that meet the same tiles of keys, and cuts the groups into items. The
// panels and groups depend on shape and mask alone, since the order of sums
// follows from them; the items are as small as the workers need them.
func (p *plan) compilePanels(first int) {
	begin := len(p.panels)
	for r, q := first, int32(0); r < len(p.rows); {
		q = max(q, p.rows[r].q.lo)
		end, last := p.fillPanel(r, q)
		p.addPanel(r, last, span32{q, end})
		for r < len(p.rows) && p.rows[r].q.hi <= end {
			r++
		}
		q = end
	}
	for i := begin + 1; i < len(p.panels); i++ {
		x, before := &p.panels[i], &p.panels[i-1]
		x.f0 = int32(len(p.runs))
		p.runs = append(p.runs, subtract(p.runs[x.lo:x.hi], p.runs[before.lo:before.hi])...)
		x.f1 = int32(len(p.runs))
	}
	most := max(1, min(maxPanels, groupDims/p.shape.D))
	share, alone := most, most
	if workers := p.b.Workers(); workers > 1 {
		all := p.shape.B * p.shape.H * p.shape.NQ / p.b.set.wide().width
		share = max(1, min(most, all/(workers*workerItems)))
		alone = 1 // they share nothing, and the last ones keep all workers busy
	}
	for i := begin; i < len(p.panels); {
		x := p.panels[i]
		group := planItem{lo: x.lo, hi: x.hi}
		union := p.runs[x.lo:x.hi]
		least := tokens(union)
		n := 1
		for ; n < most && i+n < len(p.panels); n++ {
			y := p.panels[i+n]
			more := p.runs[y.lo:y.hi]
			joint := union
			if !slices.Equal(union, more) {
				joint = unite(union, more)
			}
			least = min(least, tokens(more))
			// Panels that see little of each other's keys would fill their tiles badly.
			if 2*tokens(joint) > 3*least {
				break
			}
			union = joint
		}
		if n > 1 && !slices.Equal(union, p.runs[x.lo:x.hi]) {
			group.lo = int32(len(p.runs))
			p.runs = append(p.runs, union...)
			group.hi = int32(len(p.runs))
		}
		parts := ceilDiv(n, share)
		if group.inPlace = p.readsInPlace(p.panels[i : i+n]); group.inPlace {
			parts = ceilDiv(n, alone)
			for j := range n {
				p.listKeys(&p.panels[i+j])
			}
		}
		for j := range parts {
			item := group
			item.panel0, item.panel1 = int32(i+n*j/parts), int32(i+n*(j+1)/parts)
			item.q = span32{p.panels[item.panel0].q.lo, p.panels[item.panel1-1].q.hi}
			p.items = append(p.items, item)
		}
		i += n
	}
	p.items[len(p.items)-1].rows = int32(len(p.rows))
}

// readsInPlace reports whether the keys and values of a panel stay in the L2 cache
// from one to the next, and may be read where they are.
func (p *plan) readsInPlace(panels []planPanel) bool {
	if !p.measures() || p.logits.CenterK {
		return false
	}
	for _, x := range panels {
		if tokens(p.runs[x.lo:x.hi])*p.shape.D > inPlaceFloats {
			return false
		}
	}
	return true
}

// fillPanel chooses the end of the panel that starts at query q of row r, and
// its last row: the next rows join while that costs less than leaving them to
// panels of their own.
func (p *plan) fillPanel(r int, q int32) (end int32, last int) {
	w := int32(p.b.set.wide().width)
	row := p.rows[r]
	n := min(w, row.q.hi-q)
	union := p.runs[row.lo:row.hi]
	end, last = q+n, r
	cost := p.panelCost(n, tokens(union))
	for n < w && last+1 < len(p.rows) {
		next := p.rows[last+1]
		length := next.q.hi - next.q.lo
		more := min(w-n, length)
		keys := p.runs[next.lo:next.hi]
		apart := cost + 8*int(more)*tokens(keys)
		if more == length {
			apart = cost + p.panelCost(more, tokens(keys))
		}
		joint := unite(union, keys)
		together := p.panelCost(n+more, tokens(joint))
		if half := p.columnLanes(); n == half {
			both := tokens(union) + tokens(keys) - tokens(joint)
			together = 8*int(w)*both + narrowWeight*int(half)*(tokens(joint)-both)
		}
		if together >= apart {
			break
		}
		union, cost = joint, together
		n, end, last = n+more, end+more, last+1
	}
	return end, last
}

// columnLanes is the queries of a column of a panel that can see other keys than
// the other column, 0 where that is not to be had.
func (p *plan) columnLanes() int32 {
	if !p.measures() || len(p.logits.Bands) > 0 || len(p.logits.Cut) > 0 || p.b.set.narrow() == nil {
		return 0
	}
	return int32(p.b.set.narrow().width)
}

// panelCost is the work of n queries over keys, in eighths of a lane.
func (p *plan) panelCost(n int32, keys int) int {
	t := p.b.set.fit(int(n))
	if t != p.b.set.wide() {
		return narrowWeight * t.width * keys
	}
	return 8 * t.width * keys
}

// addPanel appends the panel of queries q in rows first to last.
func (p *plan) addPanel(first, last int, q span32) {
	x := planPanel{q: q, lo: p.rows[first].lo, hi: p.rows[first].hi, row: int32(first), h0: int32(len(p.holes))}
	if last > first {
		union := p.runs[x.lo:x.hi]
		for _, r := range p.rows[first+1 : last+1] {
			union = unite(union, p.runs[r.lo:r.hi])
		}
		for _, r := range p.rows[first : last+1] {
			lanes := span32{max(r.q.lo, q.lo) - q.lo, min(r.q.hi, q.hi) - q.lo}
			for _, k := range subtract(union, p.runs[r.lo:r.hi]) {
				p.holes = append(p.holes, hole{k, lanes})
			}
		}
		x.lo = int32(len(p.runs))
		p.runs = append(p.runs, union...)
		x.hi = int32(len(p.runs))
	}
	x.h1 = int32(len(p.holes))
	half := p.columnLanes()
	x.halves = half > 0 && q.hi-q.lo > half && !slices.ContainsFunc(p.holes[x.h0:x.h1], func(h hole) bool {
		return h.lanes != span32{0, half} && h.lanes != span32{half, q.hi - q.lo}
	})
	p.panels = append(p.panels, x)
}

// listKeys lists the keys of a panel that reads them in place, unless there are edits or holes
// beside those of columns.
func (p *plan) listKeys(x *planPanel) {
	if len(p.logits.Bands) > 0 || len(p.logits.Cut) > 0 || x.h1 > x.h0 && !x.halves {
		return
	}
	var alone [2][]span32
	for _, h := range p.holes[x.h0:x.h1] {
		i := 0 // what the second does not see
		if h.lanes.lo == 0 {
			i = 1
		}
		alone[i] = append(alone[i], h.k)
	}
	both := subtract(p.runs[x.lo:x.hi], unite(alone[0], alone[1]))
	for i, runs := range [3][]span32{both, alone[0], alone[1]} {
		lo := int32(len(p.keys))
		for _, r := range runs {
			for k := r.lo; k < r.hi; k++ {
				p.keys = append(p.keys, k)
			}
		}
		x.lists[i] = span32{lo, int32(len(p.keys))}
		if n := len(p.keys); n > int(lo) {
			p.keys = append(p.keys, slices.Repeat(p.keys[n-1:], rowsAhead)...) // products look ahead
		}
	}
}

func tokens(runs []span32) int {
	n := 0
	for _, r := range runs {
		n += int(r.hi - r.lo)
	}
	return n
}

// unite is the tokens of either list of ascending runs.
func unite(a, b []span32) []span32 {
	out := make([]span32, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		var r span32
		if len(b) == 0 || len(a) > 0 && a[0].lo <= b[0].lo {
			r, a = a[0], a[1:]
		} else {
			r, b = b[0], b[1:]
		}
		if n := len(out); n > 0 && r.lo <= out[n-1].hi {
			out[n-1].hi = max(out[n-1].hi, r.hi)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// subtract is the tokens of a that are not in b.
func subtract(a, b []span32) []span32 {
	var out []span32
	for _, r := range a {
		for _, s := range b {
			if s.hi <= r.lo || s.lo >= r.hi {
				continue
			}
			if s.lo > r.lo {
				out = append(out, span32{r.lo, s.lo})
			}
			r.lo = max(r.lo, s.hi)
		}
		if r.lo < r.hi {
			out = append(out, r)
		}
	}
	return out
}
