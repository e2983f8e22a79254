package diffusion

import (
	"context"
	"fmt"
	"math"
	"time"

	"longtake/kernels"
	"longtake/lvsa"
)

// ffnRows is how many tokens go through a feed-forward at a time: its hidden
// layer is then a buffer of fixed size that stays near the cores.
const ffnRows = 1024

// tapFunc sees intermediate values in tests; nil otherwise.
type tapFunc func(name string, values []float32)

func (t tapFunc) do(name string, b kernels.Buffer) {
	if t != nil {
		t(name, b.Float32())
	}
}

// denoiser is the memory and the plans of one generation. Nothing in it grows
// from step to step.
type denoiser struct {
	tr       *transformer
	geo      lvsa.Geometry
	attn     lvsa.Attention
	ts       *timestep
	x, h     kernels.Buffer // [N, d]: residual stream; normed input and attention result
	q, k, v  kernels.Buffer // [N, d]; q also holds patches, v the head's output
	hidden   kernels.Buffer // [ffnRows, ffn]
	cos, sin kernels.Buffer // [N, HeadDim/2]
	cross    map[int]kernels.Plan
	attended time.Duration // in self-attention, so far
	bytes    int64
	tap      tapFunc
	dump     *dumper
}

// newDenoiser allocates for a token grid. attn runs the self-attention.
func newDenoiser(tr *transformer, geo lvsa.Geometry, rope lvsa.Rope, attn lvsa.Attention) (*denoiser, error) {
	c := &tr.cfg
	n, d := geo.Tokens(), c.dim()
	s := &denoiser{tr: tr, geo: geo, attn: attn, cross: map[int]kernels.Plan{}}
	var err error
	if s.ts, err = newTimestep(tr); err != nil {
		return nil, err
	}
	for _, b := range []struct {
		buf *kernels.Buffer
		n   int
	}{
		{&s.x, n * d}, {&s.h, n * d}, {&s.q, n * max(d, c.patchIn())}, {&s.k, n * d}, {&s.v, n * max(d, c.patchOut())},
		{&s.hidden, min(n, ffnRows) * c.FFN}, {&s.cos, n * c.HeadDim / 2}, {&s.sin, n * c.HeadDim / 2},
	} {
		if *b.buf, _, err = hostAlloc(tr.b, b.n); err != nil {
			return nil, err
		}
		s.bytes += 4 * int64(b.n)
	}
	if err := c.ropeTable(s.cos.Float32(), s.sin.Float32(), geo, rope); err != nil {
		return nil, err
	}
	return s, nil
}

// crossPlan is dense attention of every token to rows text rows.
func (s *denoiser) crossPlan(rows int) (kernels.Plan, error) {
	if p, ok := s.cross[rows]; ok {
		return p, nil
	}
	c, n := &s.tr.cfg, s.geo.Tokens()
	p, err := s.tr.b.Plan(
		kernels.Shape{B: 1, H: c.Heads, Hkv: c.Heads, NQ: n, NK: rows, D: c.HeadDim},
		kernels.BlockMask{QEnd: []int32{int32(n)}, KEnd: []int32{int32(rows)}, Row: []int32{0, 1}, Col: []int32{0}, Heads: 1},
		kernels.Logits{Scale: float32(1 / math.Sqrt(float64(c.HeadDim)))})
	if err != nil {
		return nil, fmt.Errorf("diffusion: cross-attention: %w", err)
	}
	s.cross[rows] = p
	return p, nil
}

func (s *denoiser) close() error {
	e := &errs{}
	for _, p := range s.cross {
		e.do(p.Close())
	}
	return e.err
}

// patchify writes the tokens of latents [C, T, h, w] as rows of (c, ph, pw).
func (s *denoiser) patchify(dst, latents []float32) {
	c, g := &s.tr.cfg, s.geo
	ph, pw := c.Patch[1], c.Patch[2]
	h, w := g.Rows*ph, g.Cols*pw
	for ch := range c.In {
		for f := range g.Frames {
			for i := range g.Rows {
				row := (f*g.Rows + i) * g.Cols * c.patchIn()
				for a := range ph {
					src := latents[((ch*g.Frames+f)*h+i*ph+a)*w:][:w]
					at := row + (ch*ph+a)*pw
					for j := range g.Cols {
						copy(dst[at:at+pw], src[j*pw:])
						at += c.patchIn()
					}
				}
			}
		}
	}
}

// unpatchify writes rows of (ph, pw, c), c fastest, as latents [C, T, h, w].
func (s *denoiser) unpatchify(latents, src []float32) {
	c, g := &s.tr.cfg, s.geo
	ph, pw := c.Patch[1], c.Patch[2]
	h, w := g.Rows*ph, g.Cols*pw
	for ch := range c.Out {
		for f := range g.Frames {
			for i := range g.Rows {
				row := (f*g.Rows + i) * g.Cols * c.patchOut()
				for a := range ph {
					dst := latents[((ch*g.Frames+f)*h+i*ph+a)*w:][:w]
					at := row + a*pw*c.Out + ch
					for j := range g.Cols {
						for b := range pw {
							dst[j*pw+b] = src[at+b*c.Out]
						}
						at += c.patchOut()
					}
				}
			}
		}
	}
}

// forward predicts the flow at latents into out, both [C, T, h, w]. The
// timestep must have been set. It stops between layers when ctx ends.
func (s *denoiser) forward(ctx context.Context, site lvsa.Site, out, latents []float32, text *textCache) error {
	tr := s.tr
	c, n, d := &tr.cfg, s.geo.Tokens(), tr.cfg.dim()
	x, eps := kernels.Dense(s.x, n, d), float32(c.Eps)
	plan, err := s.crossPlan(text.rows)
	if err != nil {
		return err
	}
	s.patchify(s.q.Float32(), latents)
	if err := tr.ops.Linear(x, kernels.Dense(s.q, n, c.patchIn()), tr.patch, kernels.NoAct); err != nil {
		return fmt.Errorf("diffusion: patch embedding: %w", err)
	}
	s.tap.do("patch_embed", s.x)
	for l := range tr.blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		site.Layer, site.Layers = l, len(tr.blocks)
		if err := s.block(site, &tr.blocks[l], text, plan); err != nil {
			return fmt.Errorf("diffusion: layer %d: %w", l, err)
		}
	}
	y := kernels.Dense(s.v, n, c.patchOut())
	h := kernels.Dense(s.h, n, d)
	e := &errs{}
	e.do(tr.ops.LayerNorm(h, x, s.ts.head[d:], s.ts.head[:d], eps))
	s.tap.do("proj_out.input", s.h)
	e.do(tr.ops.Linear(y, h, tr.out, kernels.NoAct))
	if e.err != nil {
		return fmt.Errorf("diffusion: head: %w", e.err)
	}
	if s.tap != nil {
		s.tap("proj_out.output", s.v.Float32()[:n*c.patchOut()])
	}
	s.unpatchify(out, s.v.Float32())
	return nil
}

// block is one layer: self-attention, cross-attention, feed-forward.
func (s *denoiser) block(site lvsa.Site, b *block, text *textCache, cross kernels.Plan) error {
	ops, c := s.tr.ops, &s.tr.cfg
	n, d, eps := s.geo.Tokens(), c.dim(), float32(c.Eps)
	mat := func(b kernels.Buffer) kernels.Mat { return kernels.Dense(b, n, d) }
	x, h, q, k, v := mat(s.x), mat(s.h), mat(s.q), mat(s.k), mat(s.v)
	heads := func(b kernels.Buffer, rows int) kernels.Tensor { return kernels.Heads(b, rows, c.Heads, c.HeadDim) }
	tap := func(name string, b kernels.Buffer) {
		if s.tap != nil {
			s.tap(fmt.Sprintf("block%d.%s", site.Layer, name), b.Float32()[:n*d])
		}
	}
	e := &errs{}

	e.do(ops.LayerNorm(h, x, s.ts.mod(site.Layer, 1), s.ts.mod(site.Layer, 0), eps))
	tap("attn1.input", s.h)
	e.do(ops.Linear(q, h, b.self.q, kernels.NoAct))
	tap("attn1.q_proj", s.q)
	e.do(ops.Linear(k, h, b.self.k, kernels.NoAct))
	e.do(ops.Linear(v, h, b.self.v, kernels.NoAct))
	tap("attn1.v", s.v)
	e.do(ops.RMSNorm(q, q, b.self.normQ, eps))
	e.do(ops.RMSNorm(k, k, b.self.normK, eps))
	tap("attn1.q_normed", s.q)
	tap("attn1.k_normed", s.k)
	if e.err != nil {
		return e.err
	}
	if s.dump.wants(site) {
		s.dump.unrotated(s.q.Float32()[:n*d], s.k.Float32()[:n*d])
	}
	cos, sin := kernels.Dense(s.cos, n, c.HeadDim/2), kernels.Dense(s.sin, n, c.HeadDim/2)
	e.do(ops.Rope(q, c.Heads, cos, sin))
	e.do(ops.Rope(k, c.Heads, cos, sin))
	if e.err != nil {
		return e.err
	}
	tap("attn1.q_roped", s.q)
	tap("attn1.k_roped", s.k)
	if s.dump.wants(site) {
		if err := s.dump.write(site, s, s.q.Float32()[:n*d], s.k.Float32()[:n*d], s.v.Float32()[:n*d]); err != nil {
			return err
		}
	}
	start := time.Now()
	err := s.attn.Attend(site, kernels.Args{Q: heads(s.q, n), K: heads(s.k, n), V: heads(s.v, n), Out: heads(s.h, n)})
	s.attended += time.Since(start)
	if err != nil {
		return fmt.Errorf("self-attention: %w", err)
	}
	tap("attn1.core", s.h)
	e.do(ops.Linear(q, h, b.self.o, kernels.NoAct))
	tap("attn1.out", s.q)
	e.do(ops.AddGated(x, q, s.ts.mod(site.Layer, 2)))
	tap("after_self_attn", s.x)

	e.do(ops.LayerNorm(h, x, b.normW, b.normB, eps))
	tap("norm2.out", s.h)
	e.do(ops.Linear(q, h, b.cross.q, kernels.NoAct))
	e.do(ops.RMSNorm(q, q, b.cross.normQ, eps))
	if e.err != nil {
		return e.err
	}
	if err := cross.Run(kernels.Args{Q: heads(s.q, n), K: heads(text.k[site.Layer], text.rows), V: heads(text.v[site.Layer], text.rows), Out: heads(s.h, n)}); err != nil {
		return fmt.Errorf("cross-attention: %w", err)
	}
	e.do(ops.Linear(q, h, b.cross.o, kernels.NoAct))
	tap("attn2.out", s.q)
	e.do(ops.AddGated(x, q, nil))
	tap("after_cross_attn", s.x)

	e.do(ops.LayerNorm(h, x, s.ts.mod(site.Layer, 4), s.ts.mod(site.Layer, 3), eps))
	tap("ffn.input", s.h)
	for lo := 0; lo < n; lo += ffnRows {
		rows := min(ffnRows, n-lo)
		part := func(b kernels.Buffer) kernels.Mat {
			return kernels.Mat{Data: b, Off: lo * d, Rows: rows, Cols: d, Stride: d}
		}
		hidden := kernels.Dense(s.hidden, rows, c.FFN)
		e.do(ops.Linear(hidden, part(s.h), b.up, kernels.GELU))
		e.do(ops.Linear(part(s.q), hidden, b.down, kernels.NoAct))
		e.do(ops.AddGated(part(s.x), part(s.q), s.ts.mod(site.Layer, 5)))
	}
	tap("ffn.out", s.q)
	tap("output", s.x)
	return e.err
}
