package gate_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"longtake/diffusion"
	"longtake/internal/golden"
	"longtake/kernels"
	"longtake/lvsa"
)

// endToEnd holds the tiny checkpoint, seed to latents, against the reference
// pipeline (testdata/goldens/e2e_tiny): nil, or how far it is off.
func endToEnd(t *testing.T, b kernels.Backend) error {
	t.Helper()
	g := golden.Open(t, "e2e_tiny")
	m, err := diffusion.LoadFS(golden.TinyFS(t), "tiny", b)
	if err != nil {
		t.Fatal(err)
	}
	text := func(name string) *diffusion.Matrix {
		s := g.Shape(name)
		return &diffusion.Matrix{Rows: s[len(s)-2], Cols: s[len(s)-1], Data: g.Values(name)}
	}
	res, err := diffusion.Generate(t.Context(), m, diffusion.Request{Method: method(t, map[string]any{"name": "dense"}), Frames: 9,
		Embeds: &diffusion.Embeds{Prompt: text("in.prompt_embeds"), Negative: text("in.negative_embeds")},
		Seed:   g.Seed(), Steps: 6, Guidance: 5, Sampler: diffusion.Sampler{Name: "unipc", Shift: 3}}, func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	steps := g.Values("unipc.latents_per_step")
	return golden.Compare(res.Latents, steps[len(steps)-len(res.Latents):], g.Tolerance("latents_per_step"))
}

func method(t *testing.T, params map[string]any) lvsa.Method {
	t.Helper()
	s, err := lvsa.SpecFromMap(params)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Build()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// attention holds LVSA's attention on given queries, keys and values against the
// published implementation's (testdata/goldens/lvsa): nil, or the first case that
// is off. wider is added to every window.
func attention(t *testing.T, make func(tokensPerFrame int) kernels.Backend, wider int) error {
	t.Helper()
	f := golden.Open(t, "lvsa")
	var off []error
	for name, c := range f.LVSACases() {
		params, reference := c.Params()
		params["window"] = c.W + wider
		g := lvsa.Geometry{Frames: c.T, Rows: 2, Cols: c.P / 2, Reference: reference}
		m := method(t, params)
		rope, err := m.Rope(g, lvsa.NewRope(1e4, 24))
		if err != nil {
			t.Fatal(err)
		}
		a, err := m.Begin(make(c.P), g, rope)
		if err != nil {
			t.Fatal(err)
		}
		value := func(what string) kernels.Tensor {
			return kernels.Heads(kernels.Host(f.Values(name[:1]+"."+what)), c.T*c.P, c.H, c.D)
		}
		out := kernels.Host(slices.Repeat([]float32{0}, c.T*c.P*c.H*c.D))
		err = a.Attend(lvsa.Site{Step: c.Offset, Steps: 50, Layers: 1}, kernels.Args{Q: value("q"), K: value("k"), V: value("v"),
			Out: kernels.Heads(out, c.T*c.P, c.H, c.D)})
		if err := errors.Join(err, a.Close()); err != nil {
			t.Fatal(err)
		}
		if err := golden.Compare(out, f.Values(name+".out"), f.Tolerance("f32")); err != nil {
			off = append(off, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(off...)
}
