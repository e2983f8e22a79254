package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"longtake/kernels"
)

// each runs a test on every variant; one that cannot run here is a skip that
// says why.
func each(t *testing.T, f func(t *testing.T, b *Backend)) {
	t.Helper()
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			if v.lacked != "" {
				t.Skip(v.lacked)
			}
			f(t, open(t, v.name, 2))
		})
	}
}

func open(t testing.TB, variant string, workers int) *Backend {
	t.Helper()
	b, err := New(Options{Workers: workers, Variant: variant})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func random(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// guarded is n elements with guard values on both sides; check reports the
// ones that were overwritten.
type guarded struct {
	all []float32
	f   []float32
}

const guard, guards = -12345.625, 64

func newGuarded(n int) guarded {
	g := guarded{all: make([]float32, n+2*guards)}
	for i := range g.all {
		g.all[i] = guard
	}
	g.f = g.all[guards : guards+n : guards+n]
	return g
}

func (g guarded) check(t *testing.T) {
	t.Helper()
	for i, v := range g.all {
		if (i < guards || i >= len(g.all)-guards) && v != guard {
			t.Fatalf("guard value %d was overwritten with %v", i-guards, v)
		}
	}
}

// within compares got with want to an absolute tolerance.
func within(t *testing.T, what string, got, want []float32, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	worst, at := 0.0, -1
	for i := range want {
		g, w := float64(got[i]), float64(want[i])
		if g == w || math.IsNaN(g) && math.IsNaN(w) {
			continue
		}
		if d := math.Abs(g - w); !(d <= worst) {
			worst, at = d, i
			if math.IsNaN(d) {
				break
			}
		}
	}
	if at >= 0 && !(worst <= tol) {
		t.Fatalf("%s: element %d is %v, want %v: error %.3g over %.3g", what, at, got[at], want[at], worst, tol)
	}
}

func sameBits(a, b []float32) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d and %d elements", len(a), len(b))
	}
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return fmt.Errorf("element %d: %v and %v", i, a[i], b[i])
		}
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// denseMask lets every query see every key.
func denseMask(nq, nk int) kernels.BlockMask {
	return kernels.BlockMask{QEnd: []int32{int32(nq)}, KEnd: []int32{int32(nk)}, Row: []int32{0, 1}, Col: []int32{0}, Heads: 1}
}

// frameMask lets frame f of tokens tokens see the frames of attended[f].
func frameMask(attended [][]int, tokens int) kernels.BlockMask {
	m := kernels.BlockMask{Row: []int32{0}, Heads: 1}
	for f, frames := range attended {
		end := int32((f + 1) * tokens)
		m.QEnd, m.KEnd = append(m.QEnd, end), append(m.KEnd, end)
		for _, g := range frames {
			m.Col = append(m.Col, int32(g))
		}
		m.Row = append(m.Row, int32(len(m.Col)))
	}
	return m
}

// headMajor views a [heads, n, d] array as a tensor.
func headMajor(f []float32, heads, n, d int) kernels.Tensor {
	return kernels.Tensor{B: 1, H: heads, N: n, D: d, Stride: [4]int{heads * n * d, n * d, d, 1}, Data: kernels.Host(f)}
}
