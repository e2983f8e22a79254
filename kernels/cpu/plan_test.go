package cpu

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"longtake/kernels"
)

func TestPlanErrors(t *testing.T) {
	shape := kernels.Shape{B: 1, H: 2, Hkv: 1, NQ: 10, NK: 12, D: 4}
	mask := kernels.BlockMask{QEnd: []int32{5, 10}, KEnd: []int32{6, 12}, Row: []int32{0, 1, 3}, Col: []int32{0, 0, 1}, Heads: 1}
	nan, inf := float32(math.NaN()), -negInf
	for _, c := range []struct {
		want string // part of the message; empty for none
		edit func(s *kernels.Shape, m *kernels.BlockMask, l *kernels.Logits)
	}{
		{"", func(*kernels.Shape, *kernels.BlockMask, *kernels.Logits) {}},
		{"only float32", func(s *kernels.Shape, _ *kernels.BlockMask, _ *kernels.Logits) { s.Type = kernels.BF16 }},
		{"at least 1", func(s *kernels.Shape, _ *kernels.BlockMask, _ *kernels.Logits) { s.B = 0 }},
		{"at least 1", func(s *kernels.Shape, _ *kernels.BlockMask, _ *kernels.Logits) { s.NK = -1 }},
		{"D must be", func(s *kernels.Shape, _ *kernels.BlockMask, _ *kernels.Logits) { s.D = MaxDim + 1 }},
		{"D must be", func(s *kernels.Shape, _ *kernels.BlockMask, _ *kernels.Logits) { s.D = 0 }},
		{"multiple of Hkv", func(s *kernels.Shape, _ *kernels.BlockMask, _ *kernels.Logits) { s.Hkv = 3 }},
		{"31 bits", func(s *kernels.Shape, _ *kernels.BlockMask, _ *kernels.Logits) { s.NQ = math.MaxInt32 + 1 }},
		{"too many elements", func(s *kernels.Shape, _ *kernels.BlockMask, _ *kernels.Logits) { s.B = math.MaxInt / 64 }},
		{"QEnd[1] is 5 after 5", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.QEnd = []int32{5, 5} }},
		{"QEnd ends at token 9", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.QEnd = []int32{5, 9} }},
		{"KEnd ends at token 0", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.KEnd = nil }},
		{"KEnd[0]", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.KEnd = []int32{-6, 12} }},
		{"mask of 3 heads", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.Heads = 3 }},
		{"Row has 3 entries", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.Heads = 2 }},
		{"columns [1,0)", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.Row = []int32{1, 0, 3} }},
		{"columns [1,4)", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.Row = []int32{0, 1, 4} }},
		{"columns [-1,1)", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.Row = []int32{-1, 1, 3} }},
		{"column 2 of 2", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.Col = []int32{0, 0, 2} }},
		{"column 0 after 0", func(_ *kernels.Shape, m *kernels.BlockMask, _ *kernels.Logits) { m.Col = []int32{0, 0, 0} }},
		{"logit scale 0", func(_ *kernels.Shape, _ *kernels.BlockMask, l *kernels.Logits) { l.Scale = 0 }},
		{"logit scale NaN", func(_ *kernels.Shape, _ *kernels.BlockMask, l *kernels.Logits) { l.Scale = nan }},
		{"video tokens", func(_ *kernels.Shape, _ *kernels.BlockMask, l *kernels.Logits) { l.VideoTokens = 13 }},
		{"factor +Inf", func(_ *kernels.Shape, _ *kernels.BlockMask, l *kernels.Logits) {
			l.Bands = []kernels.Band{{To: 1, Factor: inf}}
		}},
		{"band 1 reaches to 1", func(_ *kernels.Shape, _ *kernels.BlockMask, l *kernels.Logits) {
			l.Bands = []kernels.Band{{To: 1, Factor: 1}, {To: 1, Factor: 1}, {To: 0, Factor: 1}}
		}},
		{"band 0 reaches to NaN", func(_ *kernels.Shape, _ *kernels.BlockMask, l *kernels.Logits) {
			l.Bands = []kernels.Band{{To: nan, Factor: 1}, {To: 0, Factor: 1}}
		}},
		{"", func(_ *kernels.Shape, _ *kernels.BlockMask, l *kernels.Logits) {
			l.Bands = []kernels.Band{{To: inf, Factor: 1}, {To: nan, Factor: 0.5}}
		}},
		{"cut 0 is [0,11)x[0,1)", func(_ *kernels.Shape, _ *kernels.BlockMask, l *kernels.Logits) {
			l.Cut = []kernels.Rect{{Q1: 11, K1: 1}}
		}},
	} {
		s, l := shape, kernels.Logits{Scale: 0.5}
		m := mask
		m.QEnd, m.KEnd, m.Row, m.Col = slices.Clone(m.QEnd), slices.Clone(m.KEnd), slices.Clone(m.Row), slices.Clone(m.Col)
		c.edit(&s, &m, &l)
		each(t, func(t *testing.T, b *Backend) {
			p, err := b.Plan(s, m, l)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("unexpected: %v", err)
			case c.want == "":
				must(t, p.Close())
			case err == nil || !strings.Contains(err.Error(), c.want):
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if serr := b.Supports(s); (serr == nil) != (checkShape(s) == nil) || serr != nil && !errors.Is(serr, kernels.ErrUnsupported) {
				t.Errorf("Supports: %v", serr)
			}
		})
	}
}

func TestRunErrors(t *testing.T) {
	const nq, nk, d = 6, 9, 4
	each(t, func(t *testing.T, b *Backend) {
		p, err := b.Plan(kernels.Shape{B: 1, H: 2, Hkv: 1, NQ: nq, NK: nk, D: d}, denseMask(nq, nk), kernels.Logits{Scale: 1})
		must(t, err)
		good := func() kernels.Args {
			lse := kernels.Heads(kernels.Host(make([]float32, nq*2)), nq, 2, 1)
			return kernels.Args{
				Q: kernels.Heads(kernels.Host(random(1, nq*2*d)), nq, 2, d), K: kernels.Heads(kernels.Host(random(2, nk*d)), nk, 1, d),
				V: kernels.Heads(kernels.Host(random(3, nk*d)), nk, 1, d), Out: kernels.Heads(kernels.Host(make([]float32, nq*2*d)), nq, 2, d), LSE: &lse}
		}
		must(t, p.Run(good()))
		for want, edit := range map[string]func(a *kernels.Args){
			"Q is [1,2,5,4]":           func(a *kernels.Args) { a.Q.N = 5 },
			"K is [1,2,9,4]":           func(a *kernels.Args) { a.K.H = 2 },
			"Q has type 1":             func(a *kernels.Args) { a.Q.Type = kernels.BF16 },
			"V has no buffer":          func(a *kernels.Args) { a.V.Data = nil },
			"K with strides":           func(a *kernels.Args) { a.K.Data = kernels.Host(make([]float32, nk*d-1)) },
			"dim stride 2":             func(a *kernels.Args) { a.V.Stride[3] = 2 },
			"Q has strides":            func(a *kernels.Args) { a.Q.Stride[2] = -8 },
			"K has strides":            func(a *kernels.Args) { a.K.Stride[2] = math.MaxInt },
			"rows of 4 elements would": func(a *kernels.Args) { a.Out.Stride[1] = 0 },
			"strides [48 4 4 1]: rows": func(a *kernels.Args) { a.Out.Stride[2] = 4 }, // heads onto tokens
			"LSE is [1,2,6,4]":         func(a *kernels.Args) { a.LSE.D = 4 },
			"rows of 1 elements would": func(a *kernels.Args) { a.LSE.Stride[2] = 0 },
		} {
			a := good()
			edit(&a)
			if err := p.Run(a); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q in it", err, want)
			}
		}
		must(t, p.Close())
		if err := p.Run(good()); err == nil {
			t.Error("a closed plan runs")
		}
	})
}

// TestPlanCopies: a plan does not look at the caller's slices again.
func TestPlanCopies(t *testing.T) {
	each(t, func(t *testing.T, b *Backend) {
		const n, d = 40, 8
		mask := kernels.BlockMask{QEnd: []int32{20, n}, KEnd: []int32{10, n}, Row: []int32{0, 1, 3}, Col: []int32{0, 0, 1}, Heads: 1}
		l := kernels.Logits{Scale: 1, Bands: []kernels.Band{{To: 5, Factor: 1}, {Factor: 0.5}}, Cut: []kernels.Rect{{Q1: 3, K1: 3}}}
		p, err := b.Plan(kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: n, NK: n, D: d}, mask, l)
		must(t, err)
		run := func() []float32 {
			out := make([]float32, n*d)
			in := headMajor(random(1, n*d), 1, n, d)
			must(t, p.Run(kernels.Args{Q: in, K: in, V: in, Out: headMajor(out, 1, n, d)}))
			return out
		}
		want := run()
		clear(mask.QEnd)
		clear(mask.KEnd)
		clear(mask.Row)
		clear(mask.Col)
		clear(l.Bands)
		clear(l.Cut)
		if err := sameBits(run(), want); err != nil {
			t.Fatal(err)
		}
	})
}
