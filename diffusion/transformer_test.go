package diffusion

import (
	"context"
	"strings"
	"testing"

	"longtake/internal/golden"
	"longtake/kernels"
	"longtake/kernels/cpu"
	"longtake/lvsa"
)

// run is one forward pass with freshly made memory.
func run(t *testing.T, m *Model, meth lvsa.Method, rope *lvsa.Rope, latents []float32, shape []int, text *Matrix, timestep float64, tap tapFunc) []float32 {
	t.Helper()
	c := &m.tr.cfg
	geo := lvsa.Geometry{Frames: shape[2], Rows: shape[3] / c.Patch[1], Cols: shape[4] / c.Patch[2], Reference: 5}
	r := c.baseRope()
	if rope != nil {
		r = *rope
	}
	attn, err := meth.Begin(m.b, geo, r)
	if err != nil {
		t.Fatal(err)
	}
	defer attn.Close()
	d, err := newDenoiser(m.tr, geo, r, attn)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	d.tap = tap
	cache, err := m.tr.encodeText(text, tap)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ts.set(m.tr, timestep, tap); err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(latents))
	if err := d.forward(context.Background(), lvsa.Site{Step: 0, Steps: 1}, out, latents, cache); err != nil {
		t.Fatal(err)
	}
	return out
}

func goldenText(g *golden.File, name string) *Matrix {
	s := g.Shape(name)
	return &Matrix{Rows: s[1], Cols: s[2], Data: g.Values(name)}
}

func TestTransformerGolden(t *testing.T) {
	g := golden.Open(t, "wan_dit_tiny_io")
	for _, v := range variants(t) {
		t.Run(v, func(t *testing.T) {
			m := tinyModel(t, cpu.Options{Variant: v})
			dense := method(t, "dense")
			seen := map[string][]float32{}
			tap := func(name string, x []float32) { seen[name] = append(seen[name], x...) }
			x, shape := g.Values("in.latents"), g.Shape("in.latents")
			time := float64(g.Values("in.timestep")[0])
			text, neg := goldenText(g, "in.text"), goldenText(g, "in.text_neg")

			pos := run(t, m, dense, nil, x, shape, text, time, tap)
			g.Check("out.noise_pred", pos, g.Tolerance("out.*"))
			g.Check("out.noise_pred_f64", pos, g.Tolerance("out.*"))
			checked := 0
			for _, w := range g.Tensors() {
				name, ok := strings.CutPrefix(w.Name, "mid.")
				if !ok {
					continue
				}
				name = strings.Replace(name, "patch_embed_conv", "patch_embed", 1)
				got, ok := seen[name]
				if !ok {
					t.Errorf("%s was not seen", w.Name)
					continue
				}
				if name == "patch_embed" { // the golden has its channels first
					got = transpose(got, m.tr.cfg.dim())
				}
				g.Check(w.Name, got, g.Tolerance("mid.*"))
				checked++
			}
			if checked != 24 {
				t.Errorf("%d intermediates checked, want 24", checked)
			}

			un := run(t, m, dense, nil, x, shape, neg, time, nil)
			g.Check("out.noise_pred_neg", un, g.Tolerance("out.*"))
			guide(pos, un, 5)
			g.Check("out.cfg5", pos, g.Tolerance("out.cfg5"))
			g.Check("out.noise_pred_t999_neg", run(t, m, dense, nil, x, shape, neg, 999, nil), g.Tolerance("out.*"))
		})
	}
}

// transpose turns [rows, cols] into [cols, rows].
func transpose(x []float32, cols int) []float32 {
	rows := len(x) / cols
	out := make([]float32, len(x))
	for r := range rows {
		for c := range cols {
			out[c*rows+r] = x[r*cols+c]
		}
	}
	return out
}

func TestRIFLExGolden(t *testing.T) {
	g := golden.Open(t, "riflex_dit")
	m := tinyModel(t, cpu.Options{})
	dense := method(t, "dense")
	x, shape, text := g.Values("in.latents"), g.Shape("in.latents"), goldenText(g, "in.text")
	at := float64(g.Values("in.timestep")[0])
	edit := func(k int, freq float64) *lvsa.Rope {
		r := m.tr.cfg.baseRope()
		r.Freqs[k] = freq
		return &r
	}
	const turn = 6.283185307179586
	tol := g.Tolerance("out.*")
	g.Check("out.dense", run(t, m, dense, nil, x, shape, text, at, nil), tol)
	g.Check("out.riflex", run(t, m, dense, edit(0, turn/(5*1.8)), x, shape, text, at, nil), tol)
	g.Check("out.riflex_k2_s3_L5", run(t, m, dense, edit(2, turn/(5*3)), x, shape, text, at, nil), tol)

	r := edit(0, turn/(5*1.8))
	n, half := g.Shape("rope.t.cos")[0], len(r.Freqs)
	cos, sin := temporalTable(t, m, n, *r)
	g.Check("rope.t.cos", cos, 2e-7)
	g.Check("rope.t.sin", sin, 2e-7)
	if half != 12 {
		t.Errorf("%d temporal pairs", half)
	}
}

// temporalTable is the temporal part of the table of n frames.
func temporalTable(t *testing.T, m *Model, n int, r lvsa.Rope) (cos, sin []float32) {
	t.Helper()
	half := m.tr.cfg.HeadDim / 2
	c, s := make([]float32, n*half), make([]float32, n*half)
	if err := m.tr.cfg.ropeTable(c, s, lvsa.Geometry{Frames: n, Rows: 1, Cols: 1}, r); err != nil {
		t.Fatal(err)
	}
	for f := range n {
		cos = append(cos, c[f*half:][:len(r.Freqs)]...)
		sin = append(sin, s[f*half:][:len(r.Freqs)]...)
	}
	return cos, sin
}

func TestRopeGolden(t *testing.T) {
	g := golden.Open(t, "rope")
	tables := g.Tolerance("tables")
	b := backend(t, cpu.Options{})
	for _, c := range []struct {
		dim     int
		f, h, w int
		name    string
	}{
		{32, 3, 2, 5, "grid.hd32.3x2x5"}, {64, 5, 4, 6, "grid.hd64.5x4x6"}, {96, 4, 3, 3, "grid.hd96.4x3x3"},
		{128, 2, 3, 7, "grid.hd128.2x3x7"}, {128, 3, 4, 5, "grid.hd128.3x4x5"},
	} {
		cfg := transformerConfig{HeadDim: c.dim, MaxPositions: 1024}
		n, half := c.f*c.h*c.w, c.dim/2
		cos, sin := make([]float32, n*half), make([]float32, n*half)
		if err := cfg.ropeTable(cos, sin, lvsa.Geometry{Frames: c.f, Rows: c.h, Cols: c.w}, cfg.baseRope()); err != nil {
			t.Fatal(err)
		}
		// The reference carries every value twice.
		g.Check(c.name+".cos", twice(cos), tables)
		g.Check(c.name+".sin", twice(sin), tables)
		x := g.Values(c.name + ".x")
		if err := b.Ops().Rope(kernels.Dense(kernels.Host(x), n, 2*c.dim), 2, kernels.Dense(kernels.Host(cos), n, half), kernels.Dense(kernels.Host(sin), n, half)); err != nil {
			t.Fatal(err)
		}
		g.Check(c.name+".y", x, g.Tolerance("rotated"))
	}
	for _, dim := range []int{32, 64, 96, 128} {
		cfg := transformerConfig{HeadDim: dim, MaxPositions: 1024}
		td, hd, _ := cfg.ropeDims()
		for _, axis := range []struct {
			name string
			n    int
			g    lvsa.Geometry
			at   int // first pair of the axis
			len  int
		}{
			{"t", 128, lvsa.Geometry{Frames: 128, Rows: 1, Cols: 1}, 0, td / 2},
			{"h", 64, lvsa.Geometry{Frames: 1, Rows: 64, Cols: 1}, td / 2, hd / 2},
			{"w", 64, lvsa.Geometry{Frames: 1, Rows: 1, Cols: 64}, (td + hd) / 2, hd / 2},
		} {
			cos, sin := make([]float32, axis.n*dim/2), make([]float32, axis.n*dim/2)
			if err := cfg.ropeTable(cos, sin, axis.g, cfg.baseRope()); err != nil {
				t.Fatal(err)
			}
			var c, s []float32
			for p := range axis.n {
				c = append(c, cos[p*dim/2+axis.at:][:axis.len]...)
				s = append(s, sin[p*dim/2+axis.at:][:axis.len]...)
			}
			prefix := map[int]string{32: "hd32.", 64: "hd64.", 96: "hd96.", 128: "hd128."}[dim] + axis.name
			g.Check(prefix+".cos", c, tables)
			g.Check(prefix+".sin", s, tables)
		}
	}
}

func twice(x []float32) []float32 {
	out := make([]float32, 0, 2*len(x))
	for _, v := range x {
		out = append(out, v, v)
	}
	return out
}

func TestTimeSinusoidGolden(t *testing.T) {
	g := golden.Open(t, "ops")
	var got []float32
	for _, at := range g.Values("time.t") {
		x := make([]float32, 256)
		sinusoid(x, float64(at))
		got = append(got, x...)
	}
	g.Check("time.sinusoid256_f64", got, g.Tolerance("all"))
	g.Check("time.sinusoid256_f32", got, g.Tolerance("time.sinusoid256_f32"))
}

func TestRopeRefuses(t *testing.T) {
	cfg := transformerConfig{HeadDim: 64, MaxPositions: 8}
	x := make([]float32, 9*32)
	wantError(t, cfg.ropeTable(x, x, lvsa.Geometry{Frames: 9, Rows: 1, Cols: 1}, cfg.baseRope()), "9 latent frames", "8 positions")
	r := cfg.baseRope()
	r.Freqs = r.Freqs[1:]
	wantError(t, cfg.ropeTable(x, x, lvsa.Geometry{Frames: 1, Rows: 1, Cols: 1}, r), "11 temporal frequencies, the model has 12")
}
