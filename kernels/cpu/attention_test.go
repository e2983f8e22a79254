package cpu

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"longtake/kernels"
)

// problem is attention with inputs, mask and edits, and its float64 answer.
type problem struct {
	name   string
	shape  kernels.Shape
	mask   kernels.BlockMask
	logits kernels.Logits

	args kernels.Args // without outputs
	out  []float64    // [B, H, NQ, D]
	lse  []float64    // [B, H, NQ]
	err  float64      // error allowed: twice the float32 evaluation's own, see solve
	rms  float64      // root mean square error allowed, likewise
}

// view lays [b, h, n, d] out with gaps between tokens, heads and batches.
func view(f []float32, b, h, n, d int) kernels.Tensor {
	s2 := d + 3
	s1 := n*s2 + 5
	s0 := h*s1 + 7
	return kernels.Tensor{B: b, H: h, N: n, D: d, Stride: [4]int{s0, s1, s2, 1}, Data: kernels.Host(f[:(b-1)*s0+(h-1)*s1+(n-1)*s2+d])}
}

func viewSize(b, h, n, d int) int { return b * (h*(n*(d+3)+5) + 7) }

// setup draws inputs and solves the problem in float64 from the definition.
func (p *problem) setup(seed uint64) {
	s := p.shape
	in := func(seed uint64, h, n int) kernels.Tensor {
		return view(random(seed, viewSize(s.B, h, n, s.D)), s.B, h, n, s.D)
	}
	p.args = kernels.Args{Q: in(seed, s.H, s.NQ), K: in(seed+1, s.Hkv, s.NK), V: in(seed+2, s.Hkv, s.NK)}
	p.solve()
}

func at(t kernels.Tensor, b, h, n, d int) float64 {
	return float64(t.Data.Float32()[b*t.Stride[0]+h*t.Stride[1]+n*t.Stride[2]+d*t.Stride[3]])
}

// vector is token n of a head.
func vector(t kernels.Tensor, b, h, n int) []float32 {
	return t.Data.Float32()[b*t.Stride[0]+h*t.Stride[1]+n*t.Stride[2]:][:t.D]
}

// blockOf is the block of a token.
func blockOf(ends []int32, token int) int {
	i, _ := slices.BinarySearch(ends, int32(token)+1)
	return i
}

func (p *problem) attends(h, i, j int) bool {
	m := p.mask
	if m.Heads == 1 {
		h = 0
	}
	r := h*(len(m.QEnd)+1) + blockOf(m.QEnd, i)
	return slices.Contains(m.Col[m.Row[r]:m.Row[r+1]], int32(blockOf(m.KEnd, j)))
}

// solve evaluates the definition in float64, and in naive float32 for the
// errors that straightforward evaluations make: with the maximum as reference of
// the weights and, where exponents allow it, with 0; the keys from the first and
// from the last.
func (p *problem) solve() {
	s, l := p.shape, p.logits
	p.out, p.lse, p.err = nil, nil, 0
	var squares [4]float64
	for b := range s.B {
		for h := range s.H {
			hk := h / (s.H / s.Hkv)
			mean := make([]float64, s.D)
			if l.CenterK {
				for j := range s.NK {
					for c, k := range vector(p.args.K, b, hk, j) {
						mean[c] += float64(k) / float64(s.NK)
					}
				}
			}
			for i := range s.NQ {
				query := vector(p.args.Q, b, h, i)
				logits := make([]float64, s.NK)
				coarse := make([]float32, s.NK)
				top, top32 := math.Inf(-1), negInf
				for j := range logits {
					logits[j], coarse[j] = math.Inf(-1), negInf
					if !p.attends(h, i, j) {
						continue
					}
					dot, dot32 := 0.0, float32(0)
					key := vector(p.args.K, b, hk, j)
					for c, q := range query {
						k := float64(key[c]) - mean[c]
						dot += float64(q) * k
						dot32 += q * float32(k)
					}
					x := float64(l.Scale) * dot
					factor := 1.0
					if len(l.Bands) > 0 && (x > 0 || !l.PositiveOnly) && (l.VideoTokens == 0 || i < l.VideoTokens && j < l.VideoTokens) {
						factor = float64(l.Bands[len(l.Bands)-1].Factor)
						for _, band := range l.Bands {
							if math.Abs(float64(i-j)) <= float64(band.To) {
								factor = float64(band.Factor)
								break
							}
						}
					}
					keep := true
					for _, c := range l.Cut {
						if i >= int(c.Q0) && i < int(c.Q1) && j >= int(c.K0) && j < int(c.K1) {
							keep = false
						}
					}
					if keep {
						logits[j], coarse[j] = x*factor, l.Scale*dot32*float32(factor)
					}
					top, top32 = math.Max(top, logits[j]), max(top32, coarse[j])
				}
				sum, o := 0.0, make([]float64, s.D)
				if !math.IsInf(top, -1) {
					for j := range logits {
						if coarse[j] == negInf {
							continue
						}
						w := math.Exp(logits[j] - top)
						sum += w
						for c, v := range vector(p.args.V, b, hk, j) {
							o[c] += w * float64(v)
						}
					}
					for c := range o {
						o[c] /= sum
					}
					for plain := range squares {
						reference := top32
						if plain%2 == 1 && math.Abs(float64(top32)) < 50 {
							reference = 0
						}
						sum32, o32 := float32(0), make([]float32, s.D)
						for j := range coarse {
							if plain >= 2 {
								j = len(coarse) - 1 - j
							}
							if coarse[j] == negInf {
								continue
							}
							w32 := exp(coarse[j] - reference)
							sum32 += w32
							for c, v := range vector(p.args.V, b, hk, j) {
								o32[c] += w32 * v
							}
						}
						for c := range o {
							d := o[c] - float64(o32[c]/sum32)
							p.err = max(p.err, 2*math.Abs(d))
							squares[plain] += d * d
						}
					}
				}
				p.out = append(p.out, o...)
				p.lse = append(p.lse, top+math.Log(sum))
			}
		}
	}
	// One rounding of an output of a few units is always allowed, on average a
	// tenth of it.
	p.err = max(p.err, 5e-7)
	p.rms = max(2*math.Sqrt(slices.Max(squares[:])/float64(len(p.out))), 5e-8)
}

// check runs the problem on a backend and returns the raw outputs.
func (p *problem) check(t *testing.T, b *Backend) []float32 {
	t.Helper()
	s := p.shape
	plan, err := b.Plan(s, p.mask, p.logits)
	must(t, err)
	defer plan.Close()
	out, lse := newGuarded(viewSize(s.B, s.H, s.NQ, s.D)), newGuarded(viewSize(s.B, s.H, s.NQ, 1))
	a := p.args
	a.Out = view(out.f, s.B, s.H, s.NQ, s.D)
	l := view(lse.f, s.B, s.H, s.NQ, 1)
	a.LSE = &l
	must(t, plan.Run(a))
	out.check(t)
	lse.check(t)
	n, written, square := 0, 0, 0.0
	for bb := range s.B {
		for h := range s.H {
			for i := range s.NQ {
				for c := range s.D {
					got := at(a.Out, bb, h, i, c)
					if d := math.Abs(got - p.out[n]); !(d <= p.err) {
						t.Fatalf("%s: out[%d,%d,%d,%d] is %v, want %v: error %.3g over %.3g", p.name, bb, h, i, c, got, p.out[n], d, p.err)
					}
					square += (got - p.out[n]) * (got - p.out[n])
					n++
					written++
				}
				want := p.lse[(bb*s.H+h)*s.NQ+i]
				got := at(l, bb, h, i, 0)
				if math.IsInf(want, -1) {
					if !math.IsInf(got, -1) {
						t.Fatalf("%s: LSE of an empty row is %v", p.name, got)
					}
					for c := range s.D {
						if v := at(a.Out, bb, h, i, c); v != 0 {
							t.Fatalf("%s: an empty row holds %v", p.name, v)
						}
					}
				} else if d := math.Abs(got - want); !(d <= 4e-6) {
					t.Fatalf("%s: lse[%d,%d,%d] is %v, want %v", p.name, bb, h, i, got, want)
				}
			}
		}
	}
	if rms := math.Sqrt(square / float64(n)); !(rms <= p.rms) {
		t.Fatalf("%s: root mean square error %.3g over %.3g", p.name, rms, p.rms)
	}
	// The gaps of the output still hold the guard.
	gaps := 0
	for _, v := range out.f {
		if v != guard {
			gaps++
		}
	}
	if gaps > written {
		t.Fatalf("%s: %d elements written, want %d", p.name, gaps, written)
	}
	return append(slices.Clone(out.f), lse.f...)
}

// randomMask draws blocks of uneven size, and rows that may be empty.
func randomMask(r *rand.Rand, nq, nk, heads, most int) kernels.BlockMask {
	ends := func(n int) (e []int32) {
		for at := 0; at < n; {
			at = min(n, at+1+r.IntN(most))
			e = append(e, int32(at))
		}
		return e
	}
	m := kernels.BlockMask{QEnd: ends(nq), KEnd: ends(nk), Heads: heads}
	for range heads {
		m.Row = append(m.Row, int32(len(m.Col)))
		for range m.QEnd {
			share := r.Float64()
			if r.IntN(5) == 0 {
				share = -1 // an empty row
			}
			for c := range m.KEnd {
				if r.Float64() <= share {
					m.Col = append(m.Col, int32(c))
				}
			}
			m.Row = append(m.Row, int32(len(m.Col)))
		}
	}
	return m
}

func problems() []*problem {
	var all []*problem
	add := func(name string, s kernels.Shape, m kernels.BlockMask, l kernels.Logits) {
		if l.Scale == 0 {
			l.Scale = float32(1 / math.Sqrt(float64(s.D)))
		}
		p := &problem{name: name, shape: s, mask: m, logits: l}
		p.setup(uint64(len(all)) * 10)
		all = append(all, p)
	}
	one := func(nq, nk, d int) kernels.Shape { return kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: nq, NK: nk, D: d} }
	// Around the rows and lanes of a tile, the tile of keys, the generic block.
	for _, n := range []int{1, 5, 6, 7, 13, 14, 15, 16, 17, 31, 32, 33, 48, 49, 65, 127, 128, 129, 143, 260} {
		add(fmt.Sprintf("%d queries", n), one(n, 19, 16), denseMask(n, 19), kernels.Logits{})
		add(fmt.Sprintf("%d keys", n), one(17, n, 16), denseMask(17, n), kernels.Logits{})
	}
	for _, d := range []int{1, 2, 7, 8, 9, 15, 16, 17, 24, 40, 64, 100, 128, 256, 384, MaxDim} {
		add(fmt.Sprintf("dim %d", d), one(18, 40, d), denseMask(18, 40), kernels.Logits{})
	}
	r := rand.New(rand.NewPCG(11, 13))
	for i := range 12 {
		s := kernels.Shape{B: 1 + i%2, H: 4, Hkv: []int{1, 2, 4}[i%3], NQ: 30 + r.IntN(120), NK: 30 + r.IntN(150), D: []int{12, 32}[i%2]}
		heads := []int{1, s.H}[i/2%2]
		add(fmt.Sprintf("random mask %d", i), s, randomMask(r, s.NQ, s.NK, heads, []int{3, 17, 60}[i%3]), kernels.Logits{})
	}
	// Rows shorter than a panel share panels: windows and anchors over frames.
	for _, tokens := range []int{1, 3, 4, 8, 16, 24, 30, 40} {
		var attended [][]int
		for f := range 22 {
			var keys []int
			for k := range 22 {
				if k%5 == 1 || k >= f-2 && k <= f+2 {
					keys = append(keys, k)
				}
			}
			attended = append(attended, keys)
		}
		n := 22 * tokens
		s := kernels.Shape{B: 1, H: 2, Hkv: 2, NQ: n, NK: n, D: 16}
		add(fmt.Sprintf("frames of %d", tokens), s, frameMask(attended, tokens), kernels.Logits{})
		add(fmt.Sprintf("frames of %d with edits", tokens), s, frameMask(attended, tokens), kernels.Logits{CenterK: true, PositiveOnly: true, VideoTokens: n - tokens,
			Bands: []kernels.Band{{To: float32(3 * tokens), Factor: 1}, {Factor: 0.6}}, Cut: []kernels.Rect{{Q0: 2, Q1: int32(3 * tokens), K0: 1, K1: int32(2 * tokens)}}})
	}
	edits := map[string]kernels.Logits{
		"one band":       {Bands: []kernels.Band{{Factor: 0.5}}},
		"two bands":      {Bands: []kernels.Band{{To: 20, Factor: 1}, {To: 0, Factor: 0.6}}},
		"four bands":     {Bands: []kernels.Band{{To: 0, Factor: 1.5}, {To: 7.5, Factor: 1}, {To: 60, Factor: 0.25}, {Factor: 0}}},
		"positive":       {PositiveOnly: true, Bands: []kernels.Band{{To: 33, Factor: 1}, {Factor: 0.3}}},
		"centred":        {CenterK: true},
		"centred bands":  {CenterK: true, PositiveOnly: true, Bands: []kernels.Band{{To: 10, Factor: 0.9}, {To: 90, Factor: 1}, {Factor: 0.5}}},
		"video tokens":   {VideoTokens: 101, Bands: []kernels.Band{{To: 15, Factor: 1}, {Factor: 0.4}}},
		"video all":      {VideoTokens: 160, PositiveOnly: true, Bands: []kernels.Band{{To: 15, Factor: 0.7}, {Factor: 2}}},
		"cut":            {Cut: []kernels.Rect{{Q0: 0, Q1: 7, K0: 31, K1: 160}, {Q0: 5, Q1: 40, K0: 0, K1: 3}, {Q0: 9, Q1: 9, K0: 0, K1: 9}}},
		"cut everything": {Cut: []kernels.Rect{{Q0: 0, Q1: 150, K0: 0, K1: 160}}},
		"cut and bands":  {PositiveOnly: true, Bands: []kernels.Band{{To: 12, Factor: 1}, {Factor: 0}}, Cut: []kernels.Rect{{Q0: 30, Q1: 150, K0: 100, K1: 160}}},
		"negative scale": {Scale: -0.2, PositiveOnly: true, Bands: []kernels.Band{{To: 9, Factor: 0.5}, {Factor: 1.25}}},
	}
	for _, name := range slices.Sorted(maps.Keys(edits)) { // in order: the values follow from the place
		l := edits[name]
		s := kernels.Shape{B: 1, H: 2, Hkv: 2, NQ: 150, NK: 160, D: 16}
		add(name+" dense", s, denseMask(s.NQ, s.NK), l)
		add(name+" sparse", s, randomMask(r, s.NQ, s.NK, 2, 20), l)
	}
	return all
}

func TestAttention(t *testing.T) {
	all := problems()
	each(t, func(t *testing.T, b *Backend) {
		for _, p := range all {
			p.check(t, b)
		}
	})
}

// TestPeaked: logits of hundreds, where exp of the wrong difference overflows.
func TestPeaked(t *testing.T) {
	p := &problem{name: "peaked", shape: kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: 40, NK: 300, D: 16}, logits: kernels.Logits{Scale: 40}}
	p.mask = denseMask(40, 300)
	p.setup(3)
	// Logits of some 500 have an ulp of 3e-5 each: the weights are only that good.
	p.err = max(p.err, 2e-4)
	each(t, func(t *testing.T, b *Backend) {
		plan, err := b.Plan(p.shape, p.mask, p.logits)
		must(t, err)
		out := make([]float32, 40*16)
		a := p.args
		a.Out = headMajor(out, 1, 40, 16)
		must(t, plan.Run(a))
		if e := worst(out, p.out); !(e <= p.err) {
			t.Fatalf("off by %.3g, allowed %.3g", e, p.err)
		}
	})
}

// TestNaN: a NaN stays in the rows that see it.
func TestNaN(t *testing.T) {
	const nq, nk, d = 40, 150, 16
	nan := float32(math.NaN())
	mask := kernels.BlockMask{QEnd: []int32{20, 40}, KEnd: []int32{75, 150}, Row: []int32{0, 1, 3}, Col: []int32{0, 0, 1}, Heads: 1}
	each(t, func(t *testing.T, b *Backend) {
		for _, where := range []string{"q", "k", "v"} {
			q, k, v := random(1, nq*d), random(2, nk*d), random(3, nk*d)
			bad := func(i int) bool { return i >= 20 } // rows that see key 80
			switch where {
			case "q":
				q[7*d+3] = nan
				bad = func(i int) bool { return i == 7 }
			case "k":
				k[80*d+3] = nan
			case "v":
				v[80*d+3] = nan
			}
			out := make([]float32, nq*d)
			p, err := b.Plan(kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: nq, NK: nk, D: d}, mask, kernels.Logits{Scale: 0.25})
			must(t, err)
			must(t, p.Run(kernels.Args{Q: headMajor(q, 1, nq, d), K: headMajor(k, 1, nk, d), V: headMajor(v, 1, nk, d), Out: headMajor(out, 1, nq, d)}))
			for i := range nq {
				if got := out[i*d+3] != out[i*d+3]; got != bad(i) {
					t.Fatalf("NaN in %s: row %d is %v", where, i, out[i*d:(i+1)*d])
				}
			}
		}
	})
}

// TestUnseenValues: what a query does not see does not reach it, although
// short rows of a mask are computed together and removed pairs weigh 0.
func TestUnseenValues(t *testing.T) {
	for _, tokens := range []int{8, 16} { // a panel's rows by holes, and by columns
		t.Run(fmt.Sprint(tokens), func(t *testing.T) { testUnseenValues(t, tokens) })
	}
}

func testUnseenValues(t *testing.T, tokens int) {
	const frames, d = 12, 32
	n := tokens * frames
	var attended [][]int
	for f := range frames {
		attended = append(attended, []int{0, f})
		if f == 0 {
			attended[f] = []int{0}
		}
	}
	inf := float32(math.Inf(1))
	each(t, func(t *testing.T, b *Backend) {
		for _, bad := range []float32{float32(math.NaN()), inf} {
			v := random(3, n*d)
			q, k := random(1, n*d), random(2, n*d)
			for c := range d {
				v[(5*tokens+3)*d+c] = bad // seen by frame 5 alone
			}
			run := func(v []float32, l kernels.Logits) []float32 {
				p, err := b.Plan(kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: n, NK: n, D: d}, frameMask(attended, tokens), l)
				must(t, err)
				out := make([]float32, n*d)
				must(t, p.Run(kernels.Args{Q: headMajor(q, 1, n, d), K: headMajor(k, 1, n, d), V: headMajor(v, 1, n, d), Out: headMajor(out, 1, n, d)}))
				return out
			}
			for name, l := range map[string]kernels.Logits{"mask": {Scale: 0.2}, "cut": {Scale: 0.2, Cut: []kernels.Rect{{Q0: int32(5 * tokens), Q1: int32(5*tokens + 4), K0: int32(5*tokens + 3), K1: int32(5*tokens + 4)}}}} {
				got, want := run(v, l), run(random(3, n*d), l)
				for i := range n {
					sees := i/tokens == 5 && !(name == "cut" && i < 5*tokens+4)
					row := got[i*d : (i+1)*d]
					if sees {
						if row[0]-row[0] == 0 {
							t.Fatalf("%s: row %d sees %v and is %v", name, i, bad, row[0])
						}
						continue
					}
					within(t, fmt.Sprintf("%s: row %d beside a value of %v", name, i, bad), row, want[i*d:(i+1)*d], 1e-5)
				}
			}
		}
	})
}

func TestLVSAVectors(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/vectors/lvsa_attention.json")
	must(t, err)
	var file struct {
		Cases []struct {
			T, P, W, H, Hkv, D, Text int
			Expand                   bool
			Globals                  []int
			Q, K, V, Out             []float64
			KText                    []float64 `json:"k_text"`
			VText                    []float64 `json:"v_text"`
			LSE                      []float64 `json:"lse_nat"`
		}
	}
	must(t, json.Unmarshal(raw, &file))
	if len(file.Cases) != 8 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	narrow := func(f []float64) []float32 {
		out := make([]float32, len(f))
		for i, v := range f {
			out[i] = float32(v)
		}
		return out
	}
	each(t, func(t *testing.T, b *Backend) {
		for i, c := range file.Cases {
			nq, nk := c.T*c.P, c.T*c.P+c.Text
			mask := frameMask(attendedFrames(c.T, c.W, c.Globals, c.Expand), c.P)
			if c.Text > 0 { // every row sees the text, too
				var cols []int32
				rows := []int32{0}
				for r := range c.T {
					cols = append(append(cols, mask.Col[mask.Row[r]:mask.Row[r+1]]...), int32(c.T))
					rows = append(rows, int32(len(cols)))
				}
				mask.Col, mask.Row, mask.KEnd = cols, rows, append(mask.KEnd, int32(nk))
			}
			p, err := b.Plan(kernels.Shape{B: 1, H: c.H, Hkv: c.Hkv, NQ: nq, NK: nk, D: c.D}, mask, kernels.Logits{Scale: float32(1 / math.Sqrt(float64(c.D)))})
			must(t, err)
			out, lse := newGuarded(len(c.Out)), newGuarded(len(c.LSE))
			l := headMajor(lse.f, c.H, nq, 1)
			must(t, p.Run(kernels.Args{
				Q:   kernels.Heads(kernels.Host(narrow(c.Q)), nq, c.H, c.D),
				K:   kernels.Heads(kernels.Host(narrow(append(slices.Clone(c.K), c.KText...))), nk, c.Hkv, c.D),
				V:   kernels.Heads(kernels.Host(narrow(append(slices.Clone(c.V), c.VText...))), nk, c.Hkv, c.D),
				Out: kernels.Heads(kernels.Host(out.f), nq, c.H, c.D), LSE: &l}))
			// The inputs are rounded to float32 here: 3e-6 as for the goldens.
			within(t, fmt.Sprintf("case %d", i), out.f, narrow(c.Out), 3e-6)
			within(t, fmt.Sprintf("case %d LSE", i), lse.f, narrow(c.LSE), 3e-6)
			out.check(t)
			lse.check(t)
		}
	})
}

// attendedFrames builds an LVSA pattern from its rules: a window of w frames
// to both sides, shifted to stay inside, widened when asked to hold as many
// frames that are not anchors as it has places; and the anchors.
func attendedFrames(frames, w int, anchors []int, expand bool) [][]int {
	var out [][]int
	for f := range frames {
		seen := map[int]bool{}
		for _, a := range anchors {
			seen[a] = true
		}
		if w > 0 {
			lo, hi := window(frames, w, f)
			if expand {
				lo, hi = expandWindow(frames, w, f, anchors)
			}
			for k := lo; k <= hi; k++ {
				seen[k] = true
			}
		}
		var row []int
		for k := range frames {
			if seen[k] {
				row = append(row, k)
			}
		}
		out = append(out, row)
	}
	return out
}

// window is the 2w+1 frames around f, shifted to stay inside.
func window(frames, w, f int) (lo, hi int) {
	return max(0, min(f-w, frames-1-2*w)), min(frames-1, max(f+w, 2*w))
}

// expandWindow widens the window in turns, left first, until it holds as many
// frames that are not anchors as it has places or as there are.
func expandWindow(frames, w, f int, anchors []int) (lo, hi int) {
	lo, hi = window(frames, w, f)
	fresh := func(k int) int {
		if slices.Contains(anchors, k) {
			return 0
		}
		return 1
	}
	count, target := 0, min(2*w+1, frames-len(anchors))
	for k := lo; k <= hi; k++ {
		count += fresh(k)
	}
	for count < target {
		if lo > 0 {
			lo--
			count += fresh(lo)
		}
		if count < target && hi < frames-1 {
			hi++
			count += fresh(hi)
		}
	}
	return lo, hi
}
