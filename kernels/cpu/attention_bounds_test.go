package cpu

import (
	"math"
	"testing"

	"longtake/kernels"
)

// TestBounds: panels whose tiles are within the bounds, are not, or leave them
// on the way. A large element of the keys that meets a 0 of the queries takes
// the bound away and leaves the logits as they are.
func TestBounds(t *testing.T) {
	shape := kernels.Shape{B: 1, H: 2, Hkv: 1, NQ: 75, NK: 3*keyTile + 20, D: 32}
	frames := make([][]int, 15)
	for f := range frames {
		frames[f] = []int{0, 1 + f, 20 + f, 40, 60 + f}
	}
	sparse := func(queries int) kernels.BlockMask { // a row has
		m := kernels.BlockMask{Heads: 1, Row: []int32{0}}
		for f := 0; queries*f < shape.NQ; f++ {
			m.QEnd = append(m.QEnd, int32(min(queries*(f+1), shape.NQ)))
			for _, c := range frames[f] {
				m.Col = append(m.Col, int32(c))
			}
			m.Row = append(m.Row, int32(len(m.Col)))
		}
		for k := int32(4); k <= int32(shape.NK); k += 4 {
			m.KEnd = append(m.KEnd, k)
		}
		return m
	}
	all := func(int) bool { return true }
	cases := []struct {
		name   string
		large  func(key int) bool // keys out of bounds
		values float32
	}{
		{"within", func(int) bool { return false }, 1},
		{"beyond", all, 1},
		{"first", func(k int) bool { return k < keyTile }, 1},
		{"second", func(k int) bool { return k/keyTile == 1 }, 1},
		{"last key", func(k int) bool { return k == shape.NK-1 }, 1},
		{"values", func(int) bool { return false }, 1e30},
		{"small values", func(int) bool { return false }, 1e-12},
		{"values whose sums overflow without a maximum", func(int) bool { return false }, 2e36},
	}
	var problems []*problem
	for _, mask := range []struct {
		name string
		mask kernels.BlockMask
		cut  []kernels.Rect
	}{
		{"dense", denseMask(shape.NQ, shape.NK), nil},
		{"cut", denseMask(shape.NQ, shape.NK), []kernels.Rect{{Q0: 3, Q1: 40, K0: 0, K1: 200}, {Q0: 50, Q1: 51, K0: 0, K1: int32(shape.NK)}}},
		{"holes", sparse(5), nil},
		{"columns", sparse(16), nil},
	} {
		for i, c := range cases {
			p := &problem{name: mask.name + ", " + c.name, shape: shape, mask: mask.mask, logits: kernels.Logits{Scale: 0.3, Cut: mask.cut}}
			p.setup(uint64(100 * i))
			for h := range shape.H {
				for n := range shape.NQ {
					vector(p.args.Q, 0, h, n)[3] = 0
				}
			}
			for n := range shape.NK {
				if c.large(n) {
					vector(p.args.K, 0, 0, n)[3] = 1e4
				}
			}
			p.solve()
			allowed, rms := p.err, p.rms
			v := p.args.V.Data.Float32()
			for i := range v {
				v[i] *= c.values
			}
			for i := range p.out {
				p.out[i] *= float64(c.values)
			}
			p.err, p.rms = allowed*float64(c.values), rms*float64(c.values)
			problems = append(problems, p)
		}
	}
	each(t, func(t *testing.T, b *Backend) {
		for _, p := range problems {
			p.check(t, b)
		}
	})
}

// TestSettle holds the choice of the reference.
func TestSettle(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		if set.measureRows == nil {
			t.Skip("this set takes the maximum always")
		}
		p := &plan{b: &Backend{set: set}, shape: kernels.Shape{NK: 1 << 10, D: 32}}
		a := packed{p: p}
		nan := math.NaN()
		for _, c := range []struct {
			from, to           level
			norm, keys, values float64
			steepest           float64
		}{
			{fresh, fixed, 2, 40, 1, 1},
			{fixed, fixed, 2, 40, 1, 1},
			{running, running, 2, 40, 1, 1},
			{fresh, running, 2.1, 40, 1, 1},
			{fixed, running, 2.1, 40, 1, 1},
			{fixed, running, 2, 40, 1 << 31, 1},
			{fresh, running, nan, 1, 1, 1},
			{fresh, running, 1, nan, 1, 1},
			{fixed, running, 1, 1, nan, 1},
			{fresh, running, 0, math.Inf(1), 1, 1},
			{fresh, running, 1, 1, math.Inf(1), 1},
			{fresh, fixed, 2, 20, 1, 2},
			{fresh, running, 2, 21, 1, 2},
		} {
			p.steepest = c.steepest
			x := panel{level: c.from, norm: c.norm, m: []float32{negInf}}
			a.bounds = bounds{c.keys, c.values}
			a.settle(&x)
			if x.level != c.to || c.from == fresh && (x.m[0] == 0) != (c.to == fixed) {
				t.Errorf("%+v: level %d, max %v", c, x.level, x.m[0])
			}
		}
		p.shape.D = 33
		if p.measures() {
			t.Error("rows of 33 are not measured whole")
		}
	})
}
