package vqeval

import (
	"math"
	"slices"
	"sync"

	"longtake/kernels/sad"
)

// activity is the block innovation of every frame: how much the content moves on
// within the next frames beyond what it flickers anyway.
//
// For block b and lag k, d is the mean absolute difference of frames t and t+k.
// Averages over four consecutive lags cancel the four-phase texture of a video
// decoder. Innovation is the largest such average at lags of at least 4 less the
// one over lags 1..4: live content accumulates change, shimmer does not. The
// largest, not the last, because at a fixed lag every loop whose period divides
// it would look frozen.
type activity struct {
	scales []int // look-ahead in frames, ascending; the last is about a second
	// energy[i][t] is the mean innovation over blocks, in grey levels, with look-ahead scales[i];
	// defined for t+scales[i] < n.
	energy [][]float64
	live   []float64 // share of blocks that are live at the largest scale
	short  []float64 // mean difference over lags 1..4, grey levels (fewer at the end)
	top    []float64 // innovation of the liveliest blocks at the smallest scale, grey levels
	blocks int
}

const phase = 4 // lags averaged together: the temporal stride of the usual video decoders

// A block is live when its innovation exceeds both.
const (
	liveLevels = 0.75 // grey levels
	liveRatio  = 0.35 // of its short-lag difference
)

func newActivity(p *planes, second int) *activity {
	a := emptyActivity(p, p.n, second)
	parallel(p.n, func(lo, hi int) { a.fill(p, lo, hi) })
	return a
}

// emptyActivity has room for n frames of the size of p.
func emptyActivity(p *planes, n, second int) *activity {
	a := &activity{scales: []int{2*phase - 1}, blocks: p.grid().blocks()}
	for _, k := range []int{4*phase - 1, second} {
		if k > a.reach() && k < n {
			a.scales = append(a.scales, k)
		}
	}
	for range a.scales {
		a.energy = append(a.energy, make([]float64, n))
	}
	a.live, a.short, a.top = make([]float64, n), make([]float64, n), make([]float64, n)
	return a
}

// reach is the longest look-ahead, in frames.
func (a *activity) reach() int { return a.scales[len(a.scales)-1] }

// first is the activity of the first n frames.
func (a *activity) first(n int) *activity {
	b := *a
	b.energy = slices.Clone(a.energy)
	for i := range b.energy {
		b.energy[i] = b.energy[i][:n]
	}
	b.live, b.short, b.top = b.live[:n], b.short[:n], b.top[:n]
	return &b
}

// fill measures the frames [lo,hi); there are none before 0.
func (a *activity) fill(p *planes, lo, hi int) {
	var r activityRoom
	for _, v := range []*[]float64{&r.sum, &r.short, &r.best, &r.all} {
		*v = make([]float64, a.blocks)
	}
	for t := max(0, lo); t < hi; t++ {
		a.frame(p, t, &r)
	}
}

// activityRoom is scratch for one frame, a value for each block.
type activityRoom struct{ sum, short, best, all []float64 }

// blockSums has room for the sums of a row of blocks, which kernels fill.
var blockSums = sync.Pool{New: func() any { return new([]uint32) }}

// blockDiffs stores the mean absolute difference of each block of two planes of
// the size of p; the last row of blocks takes the rows that are left over.
func (p *planes) blockDiffs(dst []float64, a, b []uint64) {
	g := p.grid()
	cols, rows, stride := g.cols, g.rows, p.w/4
	room := blockSums.Get().(*[]uint32)
	defer blockSums.Put(room)
	*room = slices.Grow((*room)[:0], cols)
	sums := (*room)[:cols]
	for r := range rows {
		y0, y1 := r*blockHeight, (r+1)*blockHeight
		if r == rows-1 {
			y1 = p.h
		}
		sad.Blocks(sums, a[y0*stride:], b[y0*stride:], stride, y1-y0)
		scale := 1 / (unit * float64(blockWidth) * float64(y1-y0))
		for c, v := range sums {
			dst[r*cols+c] = float64(v) * scale
		}
	}
}

// fourDiffs stores the sum over four pairs of what blockDiffs gives for each.
func (p *planes) fourDiffs(dst []float64, a, b *[4][]uint64) {
	g := p.grid()
	cols, rows, stride := g.cols, g.rows, p.w/4
	room := blockSums.Get().(*[]uint32)
	defer blockSums.Put(room)
	*room = slices.Grow((*room)[:0], cols)
	sums := (*room)[:cols]
	for r := range rows {
		y0, y1 := r*blockHeight, (r+1)*blockHeight
		if r == rows-1 {
			y1 = p.h
		}
		sad.FourBlocks(sums, a, b, y0*stride, stride, y1-y0)
		scale := 1 / (unit * float64(blockWidth) * float64(y1-y0))
		for c, v := range sums {
			dst[r*cols+c] = float64(v) * scale
		}
	}
}

func (a *activity) frame(p *planes, t int, r *activityRoom) {
	lags := min(a.reach(), p.n-1-t)
	if lags == 0 {
		return
	}
	near := min(phase, lags)
	sum, short, best := r.sum, r.short, r.best
	here := p.plane(t)
	four := func(dst []float64, k int) { // lags k..k+3
		p.fourDiffs(dst, &[4][]uint64{here, here, here, here}, (*[4][]uint64)(p.frames[t+k:]))
	}
	if near == phase {
		four(short, 1)
	} else {
		clear(short)
		for k := 1; k <= near; k++ {
			p.blockDiffs(sum, here, p.plane(t+k))
			for b, v := range sum {
				short[b] += v
			}
		}
	}
	for b := range short {
		short[b] /= float64(near)
		a.short[t] += short[b] / float64(a.blocks)
		best[b] = math.Inf(-1)
	}
	scale := 0
	for k := phase; k+phase-1 <= lags; k += phase {
		four(sum, k)
		for b, v := range sum {
			best[b] = max(best[b], v/phase)
		}
		for scale < len(a.scales) && k+2*phase-1 > a.scales[scale] {
			a.close(t, scale, r)
			scale++
		}
	}
}

func (a *activity) close(t, scale int, r *activityRoom) {
	live := 0
	all := r.all[:0]
	for b, m := range r.best {
		in := m - r.short[b]
		if scale == 0 {
			all = append(all, in)
		}
		a.energy[scale][t] += max(0, in) / float64(a.blocks)
		if in > max(liveLevels, liveRatio*r.short[b]) {
			live++
		}
	}
	if scale == 0 {
		n := max(1, int(math.Round(staticBlocks*float64(len(all)))))
		nth(all, len(all)-n)
		top := all[len(all)-n:]
		slices.Sort(top)
		for _, v := range top {
			a.top[t] += v / float64(n)
		}
	}
	if scale == len(a.scales)-1 {
		a.live[t] = float64(live) / float64(a.blocks)
	}
}
