package vqeval

import (
	"slices"

	"longtake/kernels/frames"
)

// Detectors that ask where in the frame something happens cannot use planes
// without their mean: a live half would move the mean, and with it the other half.

// like are n planes without content, of the size of p.
func (p *planes) like(n int) *planes {
	q := &planes{w: p.w, h: p.h, mx: p.mx, my: p.my, words: p.words}
	q.grow(n)
	return q
}

// withMean returns the planes with their means restored (128 is the zero), so
// that a part of the frame that stands still is equal in all of them. Margins stay blank.
func withMean(p *planes) *planes {
	q := p.like(p.n)
	q.mean, q.spread = p.mean, p.spread
	parallel(p.n, func(lo, hi int) { p.restore(q, lo, hi) })
	return q
}

// restore sets planes [lo,hi) of q to those of p with their means.
func (p *planes) restore(q *planes, lo, hi int) {
	inside, columns := make([]uint64, p.words), p.columns()
	for y := p.my; y < p.h-p.my; y++ {
		copy(inside[y*p.w/4:], columns)
	}
	for t := lo; t < hi; t++ {
		frames.Lift(q.plane(t), p.plane(t), inside, int(p.mean[t]*unit+0.5)-128*unit, limit*unit)
	}
}

// columns are the lanes of a row that lie inside the margins.
func (p *planes) columns() []uint64 {
	row := make([]uint16, p.w)
	for x := p.mx; x < p.w-p.mx; x++ {
		row[x] = 0xffff
	}
	out := make([]uint64, p.w/4)
	pack(out, row)
	return out
}

// lanes is 1 in each lane.
const lanes = 1 | 1<<16 | 1<<32 | 1<<48

// unpack is the inverse of pack.
func unpack(dst []uint16, words []uint64) {
	for i, w := range words {
		d := dst[4*i : 4*i+4]
		d[0], d[1], d[2], d[3] = uint16(w), uint16(w>>16), uint16(w>>32), uint16(w>>48)
	}
}

// low are the lower halves of the two 32-bit lanes of a word.
const low = 0xffff | 0xffff<<32

// grouped are the means of each four consecutive frames: the texture that a
// decoder cycles through and half of the grain are gone.
func grouped(p *planes) *planes {
	g := p.like(p.n / phase)
	parallel(g.n, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			frames.Mean(g.plane(i), (*[phase][]uint64)(p.frames[i*phase:]))
		}
	})
	return g
}

// grid is the frame in blocks.
type grid struct{ cols, rows int }

func (p *planes) grid() grid { return grid{p.w / blockWidth, max(1, p.h/blockHeight)} }

func (g grid) blocks() int { return g.cols * g.rows }

// beside are the blocks that share an edge with one.
func (g grid) beside(b int) []int {
	out := make([]int, 0, 4)
	x, y := b%g.cols, b/g.cols
	if x > 0 {
		out = append(out, b-1)
	}
	if x < g.cols-1 {
		out = append(out, b+1)
	}
	if y > 0 {
		out = append(out, b-g.cols)
	}
	if y < g.rows-1 {
		out = append(out, b+g.cols)
	}
	return out
}

// largest keeps the largest patch of blocks that hang together by their edges.
func (g grid) largest(in []bool) ([]bool, int) {
	seen, best := make([]bool, len(in)), []int(nil)
	for b := range in {
		if !in[b] || seen[b] {
			continue
		}
		seen[b] = true
		patch := []int{b}
		for i := 0; i < len(patch); i++ {
			for _, o := range g.beside(patch[i]) {
				if in[o] && !seen[o] {
					seen[o] = true
					patch = append(patch, o)
				}
			}
		}
		if len(patch) > len(best) {
			best = patch
		}
	}
	out := make([]bool, len(in))
	for _, b := range best {
		out[b] = true
	}
	return out, len(best)
}

// rimmed are the blocks given and those that share an edge with one of them and may belong to them.
func (g grid) rimmed(in []bool, may func(b int) bool) []bool {
	out := slices.Clone(in)
	for b, ok := range in {
		if ok {
			for _, o := range g.beside(b) {
				out[o] = out[o] || may(o)
			}
		}
	}
	return out
}

// rect are the blocks of the rectangle around those given. Rows and columns at its rim
// that hold less than such a part of what the fullest one does are left out.
func (g grid) rect(in []bool, part int) []bool {
	x0, y0, x1, y1 := g.span(in, part)
	out := make([]bool, len(in))
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			out[y*g.cols+x] = true
		}
	}
	return out
}

// box is the rectangle around the blocks in pixels of the video, half-open. Rows
// and columns at its rim with few blocks in them are left out.
func (g grid) box(in []bool, m VideoMeta, w, h int) []int {
	x0, y0, x1, y1 := g.span(in, 4)
	vw, vh := m.Width, m.Height
	if vw <= 0 || vh <= 0 {
		vw, vh = w, h
	}
	end := func(i, n, block, size int) int {
		if i == n {
			return size // the last block takes what is left over
		}
		return i * block
	}
	return []int{x0 * blockWidth * vw / w, y0 * blockHeight * vh / h,
		end(x1, g.cols, blockWidth, w) * vw / w, end(y1, g.rows, blockHeight, h) * vh / h}
}

// span is the rectangle around the blocks, half-open, without rows and columns at its rim that
// hold less than such a part of what the fullest one does.
func (g grid) span(in []bool, part int) (x0, y0, x1, y1 int) {
	cols, rows := make([]int, g.cols), make([]int, g.rows)
	for b, ok := range in {
		if ok {
			cols[b%g.cols]++
			rows[b/g.cols]++
		}
	}
	span := func(n []int) (int, int) {
		most := 0
		for _, v := range n {
			most = max(most, v)
		}
		lo, hi := 0, len(n)
		for lo < hi-1 && part*n[lo] < most {
			lo++
		}
		for hi-1 > lo && part*n[hi-1] < most {
			hi--
		}
		return lo, hi
	}
	x0, x1 = span(cols)
	y0, y1 = span(rows)
	return x0, y0, x1, y1
}
