package diffusion

import (
	"fmt"
	"math"

	"longtake/kernels"
)

// vae is the video decoder's packed weights. It is immutable.
type vae struct {
	cfg    vaeConfig
	b      kernels.Backend
	ops    kernels.Ops
	params int64

	postQuant, convIn kernels.ConvWeights
	mid0, mid1        resnet
	attn              frameAttn
	ups               []upBlock
	normOut           []float32
	convOut           kernels.ConvWeights
	mean, std         []float32 // per latent channel
}

// resnet is norm, SiLU, conv twice, plus the input; shortcut is nil when the
// channels do not change.
type resnet struct {
	norm1, norm2           []float32
	conv1, conv2, shortcut kernels.ConvWeights
	cache1, cache2         int // of the decoder's caches
}

// frameAttn is attention within a frame, one head over all channels.
type frameAttn struct {
	norm       []float32
	q, k, v, o kernels.Linear
}

// upBlock is a run of resnets and the upsampler after them: time doubles it in
// time, space (nil in the last block) in height and width.
type upBlock struct {
	resnets   []resnet
	time      kernels.ConvWeights
	space     kernels.ConvWeights
	timeCache int
}

// cacheSpec is the shape of a convolution's memory of earlier frames.
type cacheSpec struct {
	channels, scale int // scale: pixels per latent row
}

// loadVAE packs the decoder's weights for b; the encoder's are ignored. The
// second result describes the caches that one decoding needs.
func loadVAE(cfg vaeConfig, t *tensors, b kernels.Backend) (*vae, []cacheSpec, error) {
	v := &vae{cfg: cfg, b: b, ops: b.Ops()}
	for i := range cfg.Z {
		v.mean = append(v.mean, float32(cfg.Mean[i]))
		v.std = append(v.std, float32(cfg.Std[i]))
	}
	var caches []cacheSpec
	scale := 1
	conv := func(prefix string, out, in, kt, kh, kw int, shape ...int) kernels.ConvWeights {
		if shape == nil {
			shape = []int{out, in, kt, kh, kw}
		}
		w, bias := t.weightAndBias(prefix, shape...)
		if t.err != nil {
			return nil
		}
		c, err := v.ops.PackConv(kernels.Conv{Out: out, In: in, KT: kt, KH: kh, KW: kw, W: w, B: bias})
		if err != nil {
			t.fail(fmt.Errorf("diffusion: %s: tensor %q: %w", t.where, prefix, err))
		}
		return c
	}
	cache := func(channels int) int {
		caches = append(caches, cacheSpec{channels, scale})
		return len(caches) - 1
	}
	res := func(p string, in, out int) resnet {
		r := resnet{
			norm1: t.keep(p+".norm1.gamma", in, 1, 1, 1), conv1: conv(p+".conv1", out, in, 3, 3, 3), cache1: cache(in),
			norm2: t.keep(p+".norm2.gamma", out, 1, 1, 1), conv2: conv(p+".conv2", out, out, 3, 3, 3), cache2: cache(out),
		}
		if in != out {
			r.shortcut = conv(p+".conv_shortcut", out, in, 1, 1, 1)
		}
		return r
	}
	n := len(cfg.Mult)
	dim := cfg.decoderBase() * cfg.Mult[n-1]
	v.postQuant = conv("post_quant_conv", cfg.Z, cfg.Z, 1, 1, 1)
	v.convIn = conv("decoder.conv_in", dim, cfg.Z, 3, 3, 3)
	cache(cfg.Z) // number 0: convInCache
	v.mid0 = res("decoder.mid_block.resnets.0", dim, dim)
	v.attn = v.loadAttn(t, "decoder.mid_block.attentions.0", dim)
	v.mid1 = res("decoder.mid_block.resnets.1", dim, dim)
	in := dim
	for i := range n {
		out := cfg.decoderBase() * cfg.Mult[n-1-i]
		var u upBlock
		for j := range cfg.ResBlocks + 1 {
			u.resnets = append(u.resnets, res(fmt.Sprintf("decoder.up_blocks.%d.resnets.%d", i, j), in, out))
			in = out
		}
		if i < n-1 {
			p := fmt.Sprintf("decoder.up_blocks.%d.upsamplers.0.", i)
			if cfg.Temporal[n-2-i] {
				u.time = conv(p+"time_conv", 2*out, out, 3, 1, 1)
				u.timeCache = cache(out)
			}
			u.space = conv(p+"resample.1", out/2, out, 1, 3, 3, out/2, out, 3, 3)
			in = out / 2
			scale *= 2
		}
		v.ups = append(v.ups, u)
	}
	v.normOut = t.keep("decoder.norm_out.gamma", in, 1, 1, 1)
	v.convOut = conv("decoder.conv_out", 3, in, 3, 3, 3)
	cache(in) // the last one
	v.params = t.count
	return v, caches, t.err
}

// loadAttn splits the joint projection into three.
func (v *vae) loadAttn(t *tensors, p string, c int) frameAttn {
	a := frameAttn{norm: t.keep(p+".norm.gamma", c, 1, 1)}
	pack := func(w, b []float32) kernels.Linear {
		l, err := v.ops.PackLinear(c, c, w, b)
		if err != nil {
			t.fail(fmt.Errorf("diffusion: %s: tensor %q: %w", t.where, p, err))
		}
		return l
	}
	if w, b := t.weightAndBias(p+".to_qkv", 3*c, c, 1, 1); t.err == nil {
		a.q = pack(w[:c*c], b[:c])
		a.k = pack(w[c*c:2*c*c], b[c:2*c])
		a.v = pack(w[2*c*c:], b[2*c:])
	}
	if w, b := t.weightAndBias(p+".proj", c, c, 1, 1); t.err == nil {
		a.o = pack(w, b)
	}
	return a
}

// normScale is the attention scale of one head of c channels.
func normScale(c int) float32 { return float32(1 / math.Sqrt(float64(c))) }
