package diffusion

import (
	"fmt"

	"longtake/kernels"
)

// transformer is the denoiser's packed weights. It is immutable.
type transformer struct {
	cfg    transformerConfig
	b      kernels.Backend
	ops    kernels.Ops
	params int64

	patch, out   kernels.Linear
	time1, time2 kernels.Linear
	timeProj     kernels.Linear
	text1, text2 kernels.Linear
	headTable    []float32 // [2, d]: shift, scale
	blocks       []block
}

// attnWeights are one attention module.
type attnWeights struct {
	q, k, v, o   kernels.Linear
	normQ, normK []float32 // [d]: over all heads
}

type block struct {
	self, cross attnWeights
	normW       []float32 // norm before cross attention
	normB       []float32
	up, down    kernels.Linear
	table       []float32 // [6, d]: shift, scale, gate of attention, then of the FFN
}

// loadTransformer packs the weights for b.
func loadTransformer(cfg transformerConfig, t *tensors, b kernels.Backend) (*transformer, error) {
	tr := &transformer{cfg: cfg, b: b, ops: b.Ops()}
	d := cfg.dim()
	linear := func(prefix string, out, in int, shape ...int) kernels.Linear {
		if shape == nil {
			shape = []int{out, in}
		}
		w, bias := t.weightAndBias(prefix, shape...)
		if t.err != nil {
			return nil
		}
		l, err := tr.ops.PackLinear(out, in, w, bias)
		if err != nil {
			t.fail(fmt.Errorf("diffusion: %s: tensor %q: %w", t.where, prefix, err))
		}
		return l
	}
	attn := func(prefix string) attnWeights {
		return attnWeights{
			q: linear(prefix+".to_q", d, d), k: linear(prefix+".to_k", d, d), v: linear(prefix+".to_v", d, d), o: linear(prefix+".to_out.0", d, d),
			normQ: t.keep(prefix+".norm_q.weight", d), normK: t.keep(prefix+".norm_k.weight", d),
		}
	}
	tr.patch = linear("patch_embedding", d, cfg.patchIn(), d, cfg.In, 1, cfg.Patch[1], cfg.Patch[2])
	const ce = "condition_embedder."
	tr.time1 = linear(ce+"time_embedder.linear_1", d, cfg.FreqDim)
	tr.time2 = linear(ce+"time_embedder.linear_2", d, d)
	tr.timeProj = linear(ce+"time_proj", 6*d, d)
	tr.text1 = linear(ce+"text_embedder.linear_1", d, cfg.TextDim)
	tr.text2 = linear(ce+"text_embedder.linear_2", d, d)
	tr.headTable = t.keep("scale_shift_table", 1, 2, d)
	tr.out = linear("proj_out", cfg.patchOut(), d)
	for i := 0; i < cfg.Layers && t.err == nil; i++ {
		p := fmt.Sprintf("blocks.%d.", i)
		tr.blocks = append(tr.blocks, block{
			self: attn(p + "attn1"), cross: attn(p + "attn2"),
			normW: t.keep(p+"norm2.weight", d), normB: t.keep(p+"norm2.bias", d),
			up: linear(p+"ffn.net.0.proj", cfg.FFN, d), down: linear(p+"ffn.net.2", d, cfg.FFN),
			table: t.keep(p+"scale_shift_table", 1, 6, d),
		})
	}
	tr.params = t.count
	return tr, t.err
}
