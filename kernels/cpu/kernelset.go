package cpu

import "unsafe"

// kernelSet is the micro-kernels of one instruction set. kernels_generic.go
// says what each of them computes.
type kernelSet struct {
	lanes int    // elements of a vector: what is handed to the row kernels is a multiple
	tiles []tile // by width, the widest first

	mulAdds         func(n int) // rounds of peakAdds independent multiply-adds
	peakAdds        int         // elements
	copyRows        func(rows, n int, src *float32, srcStride int, sub, dst *float32, dstStride int)
	fusedDims       int // least head dimension for weights that are made beside products
	measureRows     func(rows, n int, src *float32, srcStride int, sub, dst *float32, dstStride int, most *float32)
	normRows        func(rows, n int, src *float32, srcStride int, most *float32) // where there is measureRows
	fetchRows       func(rows, n int, src *float32, srcStride int)
	transpose       func(src *float32, srcStride int, mul, dst *float32, dstStride int)
	exp, gelu, silu func(n int, x *float32)
	scaleSigned     func(n int, x *float32, pos, neg float32)

	moments     func(n int, x *float32, shift float32, sums *float32)
	affine      func(n int, dst, x *float32, shift, scale, offset float32, mul *float32, mulStep int, add *float32, addStep int)
	addProduct  func(n int, x, y, gate *float32, gateStep int)
	inverseNorm func(n int, x *float32, root float32)
	rotate      func(n int, x, cos, sin *float32)
}

// tile is the micro-kernels for panels of one width. mul[r-1], taps[r-1],
// logits[r-1], weights[r-1] and signed[r-1] have r rows.
type tile struct {
	width     int
	logits    []logitsFunc
	weights   []weightsFunc // for bounded logits; none where there is no measureRows
	signed    []signedFunc  // weights with factors of positive and of other logits
	mul       []mulFunc
	taps      []tapsFunc
	weighted  []weightedTile // most rows first
	columnMax func(n int, s, top *float32)
	softmax   func(n int, s, top, m, d, alpha *float32)
	weigh     func(n int, s, d *float32)   // where there are weights
	squares   func(n int, s, sum *float32) // likewise
	scale     func(n int, s, pos, neg *float32, negStep int)
}

type (
	logitsFunc   func(times, k int, a *float32, lda int, b, c, top *float32)
	weightsFunc  func(times, k int, a *float32, lda int, rows *int32, b, c, d *float32)
	signedFunc   func(times, k int, a *float32, lda int, rows *int32, b, c, pos, neg, d *float32)
	mulFunc      func(k int, a *float32, lda int, b, init *float32, ldi int, c *float32, ldc int)
	tapsFunc     func(k int, a *float32, lda int, b *float32, off *int32, init *float32, ldi int, c *float32, ldc int)
	weightedFunc func(times, k int, a *float32, lda int, rows *int32, b, scale, c *float32, apart int, fresh int, next *float32, nextRows, nextLines, nextStride int)
)

type weightedTile struct {
	rows int
	f    weightedFunc
}

// Most lanes of a vector, and most columns of a tile.
const (
	maxLanes = 16
	maxWidth = 32
)

// valueRows is a multiple of the rows of the smallest weighted tile of every set: values
// are padded to a multiple of it.
const valueRows = 8

// rowsAhead is how many rows of values a weighted tile looks ahead in its list.
const rowsAhead = 8

// narrow is the tile of one column of a wide panel, nil where there is none.
func (s *kernelSet) narrow() *tile {
	if t := &s.tiles[len(s.tiles)-1]; t.width == s.lanes && 2*t.width == s.wide().width && len(t.weights) > 0 {
		return t
	}
	return nil
}

func (s *kernelSet) wide() *tile { return &s.tiles[0] }

// fit is the narrowest tile that holds n columns, else the widest.
func (s *kernelSet) fit(n int) *tile {
	for i := len(s.tiles) - 1; i > 0; i-- {
		if n <= s.tiles[i].width {
			return &s.tiles[i]
		}
	}
	return s.wide()
}

// groups cuts n rows into the fewest groups of at most the tile's rows, nearly
// equal, and returns their number; group i is [n*i/groups, n*(i+1)/groups).
func (t *tile) groups(n int) int { return ceilDiv(n, len(t.mul)) }

// split cuts rows from the front of n: times groups of each rows, such that all
// n make the fewest groups of most rows, nearly equal.
func split(n, most int) (times, each int) {
	groups := ceilDiv(n, most)
	each = ceilDiv(n, groups)
	return groups - (each*groups - n), each
}

// zeros and ones are constant rows, as long as any that a kernel takes.
var zeros, ones = func() (z, o [max(MaxDim, linearDepth)]float32) {
	for i := range o {
		o[i] = 1
	}
	return z, o
}()

// aligned is n elements that start on a cache line, so that no vector load
// crosses one.
func aligned(n int) []float32 {
	f := zeroed(n + 15)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(f)))/4) & 15
	return f[skip : skip+n : skip+n]
}
