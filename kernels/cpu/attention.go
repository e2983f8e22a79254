package cpu

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"longtake/kernels"
)

// plan is attention for one shape, mask and logit edits. Masks are kept as
// runs of keys: neighbouring blocks of a row are one run, and neighbouring
// rows with the same columns are one row.
type plan struct {
	b        *Backend
	shape    kernels.Shape
	logits   kernels.Logits
	bands    []band    // of logits, for the packed variants
	factor   []float32 // of the bands at token distance i-NK, where they are in use
	steepest float64   // factor of bands, at least 1
	scale    float32   // of logits, in units of ln 2, for the packed variants
	runs     []span32  // of rows, panels and items
	rows     []maskRow
	panels   []planPanel // of items, for the packed variants
	holes    []hole      // of panels
	keys     []int32     // of panels that read them in place: lists of them
	items    []planItem  // per batch and head: ranges of queries, in order
	perHd    []int32     // items of head table t are items[perHd[t]:perHd[t+1]]
	heads    int         // head tables: 1 or H

	mu     sync.Mutex // one Run at a time: the fields below are its state
	closed bool
	q      tensor
	k      tensor
	v      tensor
	out    tensor
	lse    tensor
	hasLSE bool
	mean   []float32       // [B, Hkv, D] of K when centred
	norms  []atomic.Uint64 // [B, Hkv, normChunks] of keys that are read in place
	phase  phase
}

// span32 is [lo,hi) in tokens.
type span32 struct{ lo, hi int32 }

// maskRow is a range of queries with the same keys.
type maskRow struct {
	q      span32
	lo, hi int32 // its runs
}

// planItem is a range of queries that a worker does at a time.
type planItem struct {
	q              span32
	lo, hi         int32 // its runs: those of any query of its group
	panel0, panel1 int32 // its panels
	inPlace        bool  // its panels read keys and values where they are
	rows           int32 // mask rows up to its end
}

type phase uint8

const (
	attend phase = iota
	centre
)

// Plan implements kernels.Backend. It copies what it keeps.
func (b *Backend) Plan(s kernels.Shape, m kernels.BlockMask, l kernels.Logits) (kernels.Plan, error) {
	if err := checkShape(s); err != nil {
		return nil, err
	}
	if err := checkMask(s, m); err != nil {
		return nil, err
	}
	if err := checkLogits(s, l); err != nil {
		return nil, err
	}
	l.Bands, l.Cut = slices.Clone(l.Bands), slices.Clone(l.Cut)
	p := &plan{b: b, shape: s, logits: l, heads: m.Heads, scale: float32(float64(l.Scale) * math.Log2E)}
	if l.CenterK {
		p.mean = make([]float32, s.B*s.Hkv*s.D)
	}
	p.compileBands()
	p.perHd = append(p.perHd, 0)
	for h := range m.Heads {
		p.compile(m, h)
		p.perHd = append(p.perHd, int32(len(p.items)))
	}
	if slices.ContainsFunc(p.items, func(it planItem) bool { return it.inPlace }) {
		p.norms = make([]atomic.Uint64, s.B*s.Hkv*p.normChunks())
	}
	b.pool.reserve(p.scratchSize())
	return p, nil
}

// compile turns the row table of one head into runs, rows and query tiles.
func (p *plan) compile(m kernels.BlockMask, head int) {
	table := m.Row[head*(len(m.QEnd)+1):]
	cols := func(r int) []int32 { return m.Col[table[r]:table[r+1]] }
	start := int32(0)
	for r, end := range m.QEnd {
		if r > 0 && slices.Equal(cols(r), cols(r-1)) {
			p.rows[len(p.rows)-1].q.hi = end
			start = end
			continue
		}
		row := maskRow{q: span32{start, end}, lo: int32(len(p.runs))}
		for _, c := range cols(r) {
			k0 := int32(0)
			if c > 0 {
				k0 = m.KEnd[c-1]
			}
			if n := len(p.runs); n > int(row.lo) && p.runs[n-1].hi == k0 {
				p.runs[n-1].hi = m.KEnd[c]
			} else {
				p.runs = append(p.runs, span32{k0, m.KEnd[c]})
			}
		}
		row.hi = int32(len(p.runs))
		p.rows = append(p.rows, row)
		start = end
	}
	first := 0
	if n := len(p.items); n > 0 {
		first = int(p.items[n-1].rows)
	}
	if p.b.set != nil {
		p.compilePanels(first)
		return
	}
	for r := first; r < len(p.rows); r++ {
		q := p.rows[r].q
		for lo := q.lo; lo < q.hi; lo += genericQueries {
			p.items = append(p.items, planItem{q: span32{lo, min(lo+genericQueries, q.hi)}, lo: p.rows[r].lo, hi: p.rows[r].hi, rows: int32(r + 1)})
		}
	}
}

// Run implements kernels.Plan.
func (p *plan) Run(a kernels.Args) error {
	s := p.shape
	q, err := checkTensor("Q", a.Q, s.B, s.H, s.NQ, s.D)
	if err != nil {
		return err
	}
	k, err := checkTensor("K", a.K, s.B, s.Hkv, s.NK, s.D)
	if err != nil {
		return err
	}
	v, err := checkTensor("V", a.V, s.B, s.Hkv, s.NK, s.D)
	if err != nil {
		return err
	}
	out, err := checkTensor("Out", a.Out, s.B, s.H, s.NQ, s.D)
	if err == nil {
		err = checkOut("Out", a.Out)
	}
	if err != nil {
		return err
	}
	var lse tensor
	if a.LSE != nil {
		if lse, err = checkTensor("LSE", *a.LSE, s.B, s.H, s.NQ, 1); err == nil {
			err = checkOut("LSE", *a.LSE)
		}
		if err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("attention: the plan is closed")
	}
	p.q, p.k, p.v, p.out, p.lse, p.hasLSE = q, k, v, out, lse, a.LSE != nil
	if p.logits.CenterK {
		p.phase = centre
		p.b.run(p, s.B*s.Hkv)
	}
	for i := range p.norms {
		p.norms[i].Store(0)
	}
	p.phase = attend
	p.b.run(p, p.total())
	p.q, p.k, p.v, p.out, p.lse = tensor{}, tensor{}, tensor{}, tensor{}, tensor{}
	runtime.KeepAlive(p)
	return nil
}

// Close implements kernels.Plan.
func (p *plan) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

// total is the number of work items over batches and heads.
func (p *plan) total() int {
	if p.heads == 1 {
		return p.shape.B * p.shape.H * len(p.items)
	}
	return p.shape.B * len(p.items)
}

// locate finds batch, head and query tile of a work item.
func (p *plan) locate(item int) (b, h int, it planItem) {
	if p.heads == 1 {
		bh := item / len(p.items)
		return bh / p.shape.H, bh % p.shape.H, p.items[item%len(p.items)]
	}
	b, i := item/len(p.items), item%len(p.items)
	h, found := slices.BinarySearch(p.perHd, int32(i))
	if !found {
		h--
	}
	return b, h, p.items[i]
}

func (p *plan) do(s *scratch, item int) {
	if p.phase == centre {
		p.centreKeys(s, item)
		return
	}
	b, h, it := p.locate(item)
	if p.b.set == nil {
		p.attendGeneric(s.floats(p.genericScratch()), b, h, it.q, p.runs[it.lo:it.hi])
	} else {
		p.attendPacked(s, b, h, it)
	}
}

// centreRows is how many keys are added in float32 before float64 takes over.
const centreRows = 32

// centreKeys takes the mean of K over its tokens for batch and key head bh.
func (p *plan) centreKeys(s *scratch, bh int) {
	b, h := bh/p.shape.Hkv, bh%p.shape.Hkv
	d := p.shape.D
	part := s.floats(p.scratchSize())[:d]
	var sum [MaxDim]float64
	for n := 0; n < p.shape.NK; n += centreRows {
		clear(part)
		for j := n; j < min(n+centreRows, p.shape.NK); j++ {
			p.b.set.addProductRow(part, p.k.f[p.k.at(b, h, j):][:d], nil)
		}
		for i, x := range part {
			sum[i] += float64(x)
		}
	}
	for i := range d {
		p.mean[bh*d+i] = float32(sum[i] / float64(p.shape.NK))
	}
}

// scratchSize is what attend needs of a worker's scratch.
func (p *plan) scratchSize() int {
	if p.b.set == nil {
		return p.genericScratch()
	}
	return p.packedScratch()
}
