package vqeval

import "longtake/kernels/frames"

// A cell is one word of a row of samples, three rows high: a quarter of a block. What stops is cut out of the
// frame anywhere, so that a small part, or a round one, fills few blocks, but many cells.
const (
	cellWidth  = 4 // samples
	cellHeight = 3
)

// stoppedCells is a part that stops as its cells show it.
type stoppedCells struct {
	in    []bool  // cells
	area  float64 // of the frame
	agree float64 // share of them in the blocks that stop
	left  float64 // of the pace of most of them
	lives float64 // share of the rectangle around them that goes on
	rim   float64 // share of those around them that lived go on
}

// cells is the frame in cells.
func (p *planes) cells() grid { return grid{p.w / cellWidth, p.h / cellHeight} }

// addCellDiffs adds the mean absolute difference of each cell of two planes, in grey levels.
func (p *planes) addCellDiffs(dst []float64, a, b []uint64) {
	g := p.cells()
	for y := range g.rows * cellHeight {
		at := y * g.cols
		frames.Cells(dst[y/cellHeight*g.cols:][:g.cols], a[at:], b[at:], unit*cellWidth*cellHeight)
	}
}

// cellPace is how far the cells get within two, four or eight frames of a stretch, whichever is
// most, in grey levels: what moves fast has come to the end of its texture soon, what moves
// slowly has not left its noise before.
func (p *planes) cellPace(s shot) []float64 {
	const pairs = 12 // of each lag
	pace, sum := make([]float64, p.cells().blocks()), make([]float64, p.cells().blocks())
	for _, k := range [...]int{2, 4, 8} {
		clear(sum)
		n := 0.0
		for t := s.from; t+k < s.to; t += max(1, (s.to-s.from-k)/pairs) {
			p.addCellDiffs(sum, p.plane(t), p.plane(t+k))
			n++
		}
		for i, v := range sum {
			pace[i] = max(pace[i], v/max(1, n))
		}
	}
	return pace
}

// stopped is the part whose cells move in one stretch and stand still in the next, the largest that
// hangs together; in are the blocks that stop.
func (p *planes) stopped(moves, stands shot, in []bool) (f stoppedCells) {
	g, blocks := p.cells(), p.grid()
	before, after := p.cellPace(moves), p.cellPace(stands)
	dead, open := make([]bool, g.blocks()), make([]bool, g.blocks())
	block := func(i int) int {
		x, y := i%g.cols*cellWidth/blockWidth, i/g.cols*cellHeight/blockHeight
		return min(y, blocks.rows-1)*blocks.cols + x
	}
	for i := range dead {
		dead[i] = before[i] >= cellLevels && after[i] <= cellQuiet*before[i]
		open[i] = dead[i] || before[i] < cellLevels && after[i] < cellLevels
	}
	// What neither moved nor moves ties them together, one cell deep.
	seen := make([]bool, g.blocks())
	var best []int
	most := 0
	for i := range dead {
		if !dead[i] || seen[i] {
			continue
		}
		seen[i] = true
		patch, n := []int{i}, 0
		for k := 0; k < len(patch); k++ {
			c := patch[k]
			if dead[c] {
				n++
			}
			for _, o := range g.beside(c) {
				if open[o] && !seen[o] && (dead[o] || dead[c]) {
					seen[o] = true
					patch = append(patch, o)
				}
			}
		}
		if n > most {
			best, most = patch, n
		}
	}
	if most == 0 {
		return f
	}
	f.in = make([]bool, g.blocks())
	var left []float64
	for _, i := range best {
		f.in[i] = true
		if in[block(i)] {
			f.agree += 1 / float64(len(best))
		}
		if dead[i] {
			left = append(left, after[i]/before[i])
		}
	}
	f.area = float64(most) / float64(g.blocks())
	f.left = quantile(left, 0.5)
	f.rim = g.goOn(f.in, before, after)
	rect := g.rect(f.in, 4)
	n := count(rect)
	for i, ok := range rect {
		if ok && !f.in[i] && after[i] >= cellLevels {
			f.lives += 1 / float64(n)
		}
	}
	return f
}

// goOn is the share of the cells around a part that go on as before, of those which lived.
func (g grid) goOn(in []bool, before, after []float64) float64 {
	var around, lived, live float64
	for i := range in {
		if in[i] || !g.near(in, i, cellRim) {
			continue
		}
		around++
		if before[i] >= cellLevels {
			lived++
			if after[i] >= cellGoesOn*before[i] {
				live++
			}
		}
	}
	return live / (lived + cellRimMost*around + 1)
}

// near tells whether a part has something within so many columns and rows.
func (g grid) near(in []bool, i, reach int) bool {
	x, y := i%g.cols, i/g.cols
	for v := max(0, y-reach); v <= min(g.rows-1, y+reach); v++ {
		for u := max(0, x-reach); u <= min(g.cols-1, x+reach); u++ {
			if in[v*g.cols+u] {
				return true
			}
		}
	}
	return false
}
