package lvsa

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"longtake/kernels"
)

type ultravicoVectors struct {
	Legend map[string]string
	Masks  []struct {
		Variant       string
		T, S, L       int
		Period, Gamma float64
		Text, Pad     int
		Rows          []string
	}
	InWindow struct {
		Columns []string
		Rows    [][5]any
	} `json:"in_window_fraction_by_frame_distance"`
	Pairs struct {
		Columns []string
		Rows    [][6]any
	} `json:"pair_fractions"`
	Phantom   [][3]int `json:"wan_phantom_pad_columns"`
	Attention []struct {
		Variant      string
		T, S, L, D   int
		Alpha, Beta  float64
		SmoothK      bool `json:"smooth_k"`
		Q, K, V, Out []float64
		LSE2         []float64
	}
}

// ultravicoVariant is the method behind a variant of the vectors.
func ultravicoVariant(t *testing.T, variant string, period, gamma float64) UltraViCo {
	t.Helper()
	u := UltraViCo{Alpha: 0.9, Beta: 0.6}
	switch variant {
	case "paper_eq5_token", "paper_eq5_frame":
		u.Paper = true
	case "paper_eq6_token":
		u.Paper, u.Period, u.Gamma = true, period, gamma
	case "wan_code":
		u.FirstFrame = true
	case "hv_code":
		u.Period, u.Gamma = period, gamma
	default:
		t.Fatalf("variant %q", variant)
	}
	return u
}

func TestUltraViCoMasks(t *testing.T) {
	var v ultravicoVectors
	vectors(t, "ultravico.json", &v)
	if len(v.Masks) != 40 {
		t.Fatalf("%d masks", len(v.Masks))
	}
	for _, c := range v.Masks {
		u := ultravicoVariant(t, c.Variant, c.Period, c.Gamma)
		g := Geometry{Frames: c.T, Rows: 1, Cols: c.S, Reference: c.L, TextTokens: c.Text}
		if c.Variant == "paper_eq5_frame" {
			g.Cols = 1
		}
		if got := u.Classes(g, c.Pad); !slices.Equal(got, c.Rows) {
			t.Errorf("%s T %d S %d L %d text %d pad %d: %q, want %q", c.Variant, c.T, c.S, c.L, c.Text, c.Pad, got, c.Rows)
		}
	}
}

func TestUltraViCoShares(t *testing.T) {
	var v ultravicoVectors
	vectors(t, "ultravico.json", &v)
	geoms := map[string]struct {
		per, ref int
		u        UltraViCo
	}{
		"wan480":    {1560, 21, UltraViCo{Alpha: 0.9, FirstFrame: true}},
		"hv544x960": {2040, 33, UltraViCo{Alpha: 0.9, Beta: 0.6, Period: 50, Gamma: 4}},
	}
	classAt := func(l kernels.Logits, d int) int {
		for i, b := range l.Bands {
			if float32(d) <= b.To || i == len(l.Bands)-1 {
				return map[float32]int{1: 0, 0.9: 1, 0.6: 2}[b.Factor]
			}
		}
		return 0
	}
	for _, r := range v.InWindow.Rows {
		geom, want := geoms[r[0].(string)], r[4].(float64)
		far := int(r[3].(float64))
		g := Geometry{Frames: far + 1, Rows: 1, Cols: geom.per, Reference: geom.ref}
		l := geom.u.Logits(g)
		in := 0
		for d := 1 - geom.per; d < geom.per; d++ {
			if classAt(l, max(far*geom.per+d, -d)) == 0 {
				in += geom.per - max(d, -d)
			}
		}
		if got := float64(in) / float64(geom.per*geom.per); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: in window %v", r, got)
		}
	}
	for _, r := range v.Pairs.Rows {
		geom := geoms[r[0].(string)]
		g := Geometry{Frames: int(r[1].(float64)), Rows: 1, Cols: geom.per, Reference: geom.ref}
		l := geom.u.Logits(g)
		n := g.Tokens()
		var share [3]float64
		for d := range n {
			pairs := 2 * (n - d)
			if d == 0 {
				pairs = n
			}
			share[classAt(l, d)] += float64(pairs)
		}
		all := float64(n) * float64(n)
		for i := range share {
			if want := r[2+i].(float64); math.Abs(share[i]/all-want) > 1e-9 {
				t.Errorf("%v: class %d has %v", r, i, share[i]/all)
			}
		}
		kept, err := videoPairs(DensePattern(g.Frames), g, l.Cut)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := 1-float64(kept)/all, r[5].(float64); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: removed %v", r, got)
		}
	}
}

func TestUltraViCoAttentionVectors(t *testing.T) {
	var v ultravicoVectors
	vectors(t, "ultravico.json", &v)
	for i, c := range v.Attention {
		t.Run(fmt.Sprintf("%d %s", i, c.Variant), func(t *testing.T) {
			u := ultravicoVariant(t, c.Variant, 5, 1) // the period of the mask with these T, S, L
			u.Alpha, u.Beta, u.SmoothK = c.Alpha, c.Beta, c.SmoothK
			g := Geometry{Frames: c.T, Rows: 1, Cols: c.S, Reference: c.L}
			mask, err := DensePattern(c.T).BlockMask(c.S, 0)
			if err != nil {
				t.Fatal(err)
			}
			// The published kernel's log2(e) has nine digits.
			scale := 1.44269504 / math.Log2E / math.Sqrt(float64(c.D))
			out, lse := reference(c.Q, c.K, c.V, 1, 1, c.D, DenseMask(mask), u.Logits(g), scale)
			for j := range lse {
				lse[j] /= math.Ln2
			}
			compare(t, "output", out, c.Out, 1e-9)
			compare(t, "lse2", lse, c.LSE2, 1e-9)

			m := &method{name: "test", patterns: densePatterns{}, edits: u}
			out32, _ := attend(t, m, g, Site{Steps: 1, Layers: 1}, c.Q, c.K, c.V, 1, 1, c.D)
			compare(t, "float32 output", out32, c.Out, 4e-6)
		})
	}
}

// TestUltraViCoGate: the published kernel is active at the horizon (a quarter
// of the pairs is out of the window); the method is not unless told to.
func TestUltraViCoGate(t *testing.T) {
	for _, c := range []struct {
		frames int
		always bool
		want   bool
	}{{20, false, false}, {21, false, false}, {22, false, true}, {21, true, true}} {
		u := UltraViCo{Alpha: 0.9, SmoothK: true, FirstFrame: true, Always: c.always}
		l, err := u.logits(Geometry{Frames: c.frames, Rows: 4, Cols: 4, Reference: 21})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(l.Bands) > 0; got != c.want {
			t.Errorf("T %d, always %v: edited %v", c.frames, c.always, got)
		}
	}
	if _, err := (UltraViCo{Alpha: 0.9}).logits(Geometry{Frames: 21, Rows: 4, Cols: 4}); err == nil {
		t.Error("no error without a horizon")
	}
}

// TestUltraViCoOverlap: where a periodic band reaches into the window, the
// window wins in the paper and the band in the kernel; the kernel has four
// bands.
func TestUltraViCoOverlap(t *testing.T) {
	g := Geometry{Frames: 30, Rows: 1, Cols: 1, Reference: 10}
	u := UltraViCo{Alpha: 0.9, Beta: 0.6, Period: 5, Gamma: 1}
	if got, want := u.Classes(g, 0)[0], "0000"+"222"+"11"+"222"+"11"+"222"+"11"+"222"+"11111111"; got != want {
		t.Errorf("kernel %s, want %s", got, want)
	}
	u.Paper = true
	if got, want := u.Classes(g, 0)[0], "000000"+"2"+"11"+"222"+"11"+"222"+"11"+"222"+"11"+"222"+"11"+"2"; got != want {
		t.Errorf("paper  %s, want %s", got, want)
	}
}
