package cpu

import "longtake/kernels"

// linearPanel is columns [col, col+n) of the product: weights [in, width] from
// w[at], zero beyond n.
type linearPanel struct {
	col, n, at int
	tile       *tile
}

// pack lays the weights out in panels of the set's tile widths.
func (l *linear) pack(set *kernelSet, w []float32) {
	size, pad := 0, 0
	for col := 0; col < l.out; {
		t := set.fit(l.out - col)
		n := min(t.width, l.out-col)
		l.panels = append(l.panels, linearPanel{col: col, n: n, at: size, tile: t})
		size += l.in * t.width
		col += n
		pad = t.width - n
	}
	l.w, l.bias = aligned(size), aligned(l.out+pad)
	for _, p := range l.panels {
		for c := range p.n {
			for k, v := range w[(p.col+c)*l.in : (p.col+c+1)*l.in] {
				l.w[p.at+k*p.tile.width+c] = v
			}
		}
	}
}

const (
	linearBlock = 112  // rows of a block: with linearDepth it stays in the L2 cache
	linearDepth = 1024 // most depth of one pass over a block

	linearPitch   = linearDepth + tileExtra
	linearScratch = linearBlock * (linearPitch + maxWidth) // a copied block, and the sums of the last panel
)

// planPacked cuts the product into blocks of rows and groups of panels. Every
// element is one sum in one order whatever the cut.
func (j *linearJob) planPacked(workers int) int {
	j.blocks = ceilDiv(j.x.rows, linearBlock)
	if j.blocks == 0 {
		return 0
	}
	each := 16 // items for each of several workers: the last of them is what the others wait for
	switch {
	case workers == 1:
		each = 1
	case j.crowded():
		each = 4 // every group copies the rows again
	}
	j.groups = min(len(j.l.panels), ceilDiv(each*workers, j.blocks))
	return j.blocks * j.groups
}

func (j *linearJob) doPacked(s *scratch, item int) {
	b, g := item/j.groups, item%j.groups
	m0, m1 := j.x.rows*b/j.blocks, j.x.rows*(b+1)/j.blocks
	n := len(j.l.panels)
	panels := j.l.panels[n*g/j.groups : n*(g+1)/j.groups]
	pack := j.crowded()
	passes := ceilDiv(j.l.in, linearDepth)
	for i := range passes {
		k0, k1 := j.l.in*i/passes, j.l.in*(i+1)/passes
		x, ldx := j.x.f[m0*j.x.stride+k0:], j.x.stride
		if pack {
			x, ldx = j.block(s, m0, m1, k0, k1), linearPitch
		}
		for _, p := range panels {
			j.panel(s, &p, x, ldx, m0, m1, k0, k1)
		}
	}
}

// A way of an L1 cache is as large as a page, so that rows a page apart share a set of
// its (at least) 8 ways.
const (
	cacheWay  = 4096 / 4 // elements
	cacheWays = 8
)

// crowded reports whether the rows of a tile fall into so few sets of the L1
// cache that they push each other out.
func (j *linearJob) crowded() bool {
	return j.x.stride%cacheWay == 0 && min(len(j.set.wide().mul), j.x.rows) > cacheWays
}

// block copies depth [k0,k1) of rows [m0,m1) of x, linearPitch apart.
func (j *linearJob) block(s *scratch, m0, m1, k0, k1 int) []float32 {
	x := s.floats(linearScratch)[:linearBlock*linearPitch]
	src := j.x.f[m0*j.x.stride+k0:]
	whole := j.set.whole(k1 - k0)
	if whole > 0 {
		j.set.copyRows(m1-m0, whole, &src[0], j.x.stride, &zeros[0], &x[0], linearPitch)
	}
	for r := range m1 - m0 {
		copy(x[r*linearPitch+whole:][:k1-k0-whole], src[r*j.x.stride+whole:])
	}
	return x
}

// panel adds depth [k0,k1) of rows [m0,m1) of one panel, and finishes them
// with the last depth. x is at row m0 and depth k0.
func (j *linearJob) panel(s *scratch, p *linearPanel, x []float32, ldx, m0, m1, k0, k1 int) {
	width, rows := p.tile.width, m1-m0
	c, ldc := j.dst.f[m0*j.dst.stride+p.col:], j.dst.stride
	partial := p.n < width
	if partial { // the last panel sums up in scratch
		c, ldc = s.floats(linearScratch)[linearBlock*linearPitch:], width
	}
	groups := p.tile.groups(rows)
	for i := range groups {
		r0, r1 := rows*i/groups, rows*(i+1)/groups
		init, ldi := &c[r0*ldc], ldc
		if k0 == 0 {
			init, ldi = &j.l.bias[p.col], 0
		}
		p.tile.mul[r1-r0-1](k1-k0, &x[r0*ldx], ldx, &j.l.w[p.at+k0*width], init, ldi, &c[r0*ldc], ldc)
	}
	if k1 < j.l.in || j.act == kernels.NoAct && !partial {
		return
	}
	for r := range rows {
		j.set.activate(c[r*ldc:r*ldc+width], j.act, &s.tail)
		if partial {
			copy(j.dst.f[(m0+r)*j.dst.stride+p.col:][:p.n], c[r*ldc:])
		}
	}
}
