package exact

import (
	"math"
	"slices"
	"testing"

	"longtake/kernels"
)

// Two queries and three keys in one dim, worked by hand.
func small(l kernels.Logits, m kernels.BlockMask) *Attention {
	one := func(v ...float32) kernels.Tensor { return kernels.Heads(kernels.Host(v), len(v), 1, 1) }
	ln := func(x float64) float32 { return float32(math.Log(x)) }
	a, err := New(kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: 2, NK: 3, D: 1}, m, l, one(1, 2), one(0, ln(2), ln(3)), one(1, 10, 100))
	if err != nil {
		panic(err)
	}
	return a
}

var all = kernels.BlockMask{QEnd: []int32{2}, KEnd: []int32{1, 2, 3}, Row: []int32{0, 3}, Col: []int32{0, 1, 2}, Heads: 1}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-6*math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestRow(t *testing.T) {
	r := small(kernels.Logits{Scale: 1}, all).Row(0, 0, 0) // weights 1, 2, 3
	near(t, "output", r.Out[0], (1+20+300)/6.)
	near(t, "plain output", float64(r.Plain[0]), (1+20+300)/6.)
	near(t, "lse", r.LSE, math.Log(6))
	r = small(kernels.Logits{Scale: 1}, all).Row(0, 0, 1) // the query is 2: weights squared
	near(t, "output", r.Out[0], (1+40+900)/14.)

	two := all
	two.Row, two.Col = []int32{0, 2}, []int32{0, 2}
	near(t, "masked", small(kernels.Logits{Scale: 1}, two).Row(0, 0, 0).Out[0], (1+300)/4.)
	near(t, "mass", small(kernels.Logits{Scale: 1}, two).Mass(0, 0, 0), 4/6.)

	l := kernels.Logits{Scale: 1, Cut: []kernels.Rect{{Q0: 0, Q1: 1, K0: 2, K1: 3}}}
	near(t, "cut", small(l, all).Row(0, 0, 0).Out[0], (1+20)/3.)
	near(t, "not cut", small(l, all).Row(0, 0, 1).Out[0], (1+40+900)/14.)

	// Distances of query 0 are 0, 1, 2: key 2 counts twice in the exponent.
	l = kernels.Logits{Scale: 1, Bands: []kernels.Band{{To: 1, Factor: 1}, {Factor: 2}}}
	near(t, "bands", small(l, all).Row(0, 0, 0).Out[0], (1+20+900)/12.)
	l.VideoTokens = 2
	near(t, "bands of video", small(l, all).Row(0, 0, 0).Out[0], (1+20+300)/6.)

	// A common shift of keys cancels; positive-only then meets one logit.
	l = kernels.Logits{Scale: 1, CenterK: true}
	near(t, "centred", small(l, all).Row(0, 0, 0).Out[0], (1+20+300)/6.)

	none := all
	none.Row, none.Col = []int32{0, 0}, nil
	r = small(kernels.Logits{Scale: 1}, none).Row(0, 0, 0)
	if r.Out[0] != 0 || !math.IsInf(r.LSE, -1) {
		t.Errorf("a query without keys: %v, lse %v", r.Out, r.LSE)
	}
}

func TestCheck(t *testing.T) {
	a := small(kernels.Logits{Scale: 1}, all)
	out := []float32{321. / 6, 941. / 14}
	tensor := kernels.Heads(kernels.Host(out), 2, 1, 1)
	if err := a.Check(tensor, nil, 10).Held(); err != nil {
		t.Error(err)
	}
	out[1] += 1e-3
	if err := a.Check(tensor, nil, 10).Held(); err == nil {
		t.Error("an output that is off by 1e-3 holds")
	}
	out[1] = float32(math.NaN())
	if err := a.Check(tensor, nil, 10).Held(); err == nil {
		t.Error("a NaN holds")
	}
	if got := Spread(10, 4); !slices.Equal(got, []int{0, 3, 6, 9}) {
		t.Errorf("spread %v", got)
	}
}
