package lvsa

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"longtake/internal/golden"
	"longtake/kernels"
	"longtake/kernels/cpu"
)

func backend(t *testing.T) kernels.Backend {
	t.Helper()
	b, err := cpu.New(cpu.Options{Workers: 1, Variant: "generic"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func narrow(v []float64) kernels.Host {
	h := make(kernels.Host, len(v))
	for i, x := range v {
		h[i] = float32(x)
	}
	return h
}

func wide(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// attend runs one call of a method on [tokens, heads, dim] values.
func attend(t *testing.T, m Method, g Geometry, s Site, q, k, v []float64, heads, kvHeads, dim int) (out, lse []float64) {
	t.Helper()
	rope, err := m.Rope(g, NewRope(1e4, 24))
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.Begin(backend(t), g, rope)
	if err != nil {
		t.Fatal(err)
	}
	n := g.Tokens() + g.TextTokens
	o, e := make(kernels.Host, len(q)), make(kernels.Host, heads*n)
	lseTensor := kernels.Tensor{B: 1, H: heads, N: n, D: 1, Stride: [4]int{heads * n, n, 1, 1}, Data: e}
	args := kernels.Args{
		Q: kernels.Heads(narrow(q), n, heads, dim), K: kernels.Heads(narrow(k), n, kvHeads, dim),
		V: kernels.Heads(narrow(v), n, kvHeads, dim), Out: kernels.Heads(o, n, heads, dim), LSE: &lseTensor,
	}
	if err := a.Attend(s, args); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return wide(o), wide(e)
}

func build(t *testing.T, spec string) Method {
	t.Helper()
	s, err := ParseSpec(spec)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Build()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestAttentionVectors: the masks in float64 against the vectors at 1e-9, and
// the method on the plain kernel within float32.
func TestAttentionVectors(t *testing.T) {
	var v struct {
		Layout string
		Cases  []struct {
			T, P, W         int
			NFirst          int `json:"n_first"`
			KFI             *int
			Offset          int
			Expand          bool
			H, Hkv, D, Text int
			Globals         []int
			Q, K, V, Out    []float64
			LSE             []float64 `json:"lse_nat"`
			KText           []float64 `json:"k_text"`
			VText           []float64 `json:"v_text"`
		}
		Merge []json.RawMessage `json:"lse_merge"` // the kernels' subject
	}
	vectors(t, "lvsa_attention.json", &v)
	if len(v.Cases) != 8 {
		t.Fatalf("%d cases", len(v.Cases))
	}
	for i, c := range v.Cases {
		cfg := patternConfig{frames: c.T, window: c.W, first: c.NFirst, offset: c.Offset, expand: c.Expand}
		if c.KFI != nil {
			cfg.interval = *c.KFI
		}
		p, err := newPattern(cfg)
		if err != nil {
			t.Fatal(err)
		}
		mask, err := p.BlockMask(c.P, c.Text)
		if err != nil {
			t.Fatal(err)
		}
		// The vectors have no text queries: theirs are zeros here, and left out.
		q := append(append([]float64{}, c.Q...), make([]float64, c.Text*c.H*c.D)...)
		k, val := append(append([]float64{}, c.K...), c.KText...), append(append([]float64{}, c.V...), c.VText...)
		out, lse := reference(q, k, val, c.H, c.Hkv, c.D, DenseMask(mask), kernels.Logits{}, 1/math.Sqrt(float64(c.D)))
		video := func(lse []float64) (all []float64) {
			n := c.T*c.P + c.Text
			for h := range c.H {
				all = append(all, lse[h*n:h*n+c.T*c.P]...)
			}
			return all
		}
		compare(t, "output", out[:len(c.Out)], c.Out, 1e-9)
		compare(t, "lse", video(lse), c.LSE, 1e-9)

		m, err := Static(p, kernels.Logits{})
		if err != nil {
			t.Fatal(err)
		}
		g := Geometry{Frames: c.T, Rows: 1, Cols: c.P, Reference: 1, TextTokens: c.Text}
		out32, lse32 := attend(t, m, g, Site{Steps: 1, Layers: 1}, q, k, val, c.H, c.Hkv, c.D)
		compare(t, "float32 output", out32, out, 2e-6)
		compare(t, "float32 lse", video(lse32), c.LSE, 2e-6)
		t.Logf("case %d: T %d, P %d, text %d", i, c.T, c.P, c.Text)
	}
}

func TestLVSAGoldens(t *testing.T) {
	f := golden.Open(t, "lvsa")
	cases := f.LVSACases()
	if len(cases) != 11 {
		t.Errorf("%d cases", len(cases))
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			params, reference := c.Params()
			g := Geometry{Frames: c.T, Rows: 2, Cols: c.P / 2, Reference: reference}
			s, err := SpecFromMap(params)
			if err != nil {
				t.Fatal(err)
			}
			m, err := s.Build()
			if err != nil {
				t.Fatal(err)
			}
			set := name[:1]
			q, k, v := wide(f.Values(set+".q")), wide(f.Values(set+".k")), wide(f.Values(set+".v"))
			out, _ := attend(t, m, g, Site{Step: c.Offset, Steps: 50, Layers: 1}, q, k, v, c.H, c.H, c.D)
			f.Check(name+".out", narrow(out), f.Tolerance("f32"))
		})
	}
}

func TestUltraViCoGoldens(t *testing.T) {
	f := golden.Open(t, "ultravico")
	var c struct {
		H, T, P, D int
		L          int `json:"train_frames"`
	}
	f.Config(&c)
	g := Geometry{Frames: c.T, Rows: 2, Cols: c.P / 2, Reference: c.L}
	// The tensors are [H, N, D].
	load := func(name string) []float64 {
		v := wide(f.Values(name))
		out := make([]float64, len(v))
		n := c.T * c.P
		for h := range c.H {
			for i := range n {
				copy(out[(i*c.H+h)*c.D:][:c.D], v[(h*n+i)*c.D:][:c.D])
			}
		}
		return out
	}
	for name, spec := range map[string]string{
		"out.dense":              "dense",
		"out.alpha0.9.smoothk":   "ultravico",
		"out.alpha0.9.rawk":      "ultravico:smooth_k=false",
		"out.alpha0.6.smoothk":   "ultravico:alpha=0.6",
		"out.alpha0.9.rawk#edit": "dense:logits=ultravico,logits.smooth_k=false",
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := attend(t, build(t, spec), g, Site{Steps: 1, Layers: 1}, load("q"), load("k"), load("v"), c.H, c.H, c.D)
			want, _, _ := strings.Cut(name, "#")
			compare(t, spec, got, load(want), f.Tolerance("f32"))
		})
	}
}
