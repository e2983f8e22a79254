package diffusion

import (
	"context"
	"errors"
	"fmt"

	"longtake/kernels"
)

// decoder turns latent frames into video frames in a stream. It holds the last
// two input frames of every causal convolution, so that the result does not
// depend on how the stream is cut into chunks.
type decoder struct {
	v       *vae
	h, w    int // latent rows and columns
	chunk   int // latent frames at a time, after the first
	started bool
	caches  []kernels.Buffer // [channels, 2, h, w] each, zeros at first
	slots   [3]kernels.Buffer
	tok     [5]kernels.Buffer // [h*w, channels]: normed, q, k, v, result
	plan    kernels.Plan
	x       kernels.Vol // the current activation, in slot at
	at      int
	rgb     []byte
	bytes   int64
	tap     func(name string, v kernels.Vol)
}

// slotTarget is the size in bytes that a full-resolution activation aims at
// when the chunk size is chosen: larger chunks gain nothing and cost memory.
const slotTarget = 4 << 20

// newDecoder allocates for latents of h x w. chunk 0 chooses a size for at
// most frames latent frames.
func (m *Model) newDecoder(h, w, frames, chunk int) (*decoder, error) {
	v := m.vae
	if chunk == 0 {
		chunk = max(1, min(4, slotTarget/(4*v.slotLen(h, w, 1)), frames-1))
	}
	d := &decoder{v: v, h: h, w: w, chunk: chunk}
	alloc := func(n int) kernels.Buffer {
		b, _, err := hostAlloc(v.b, n)
		if err != nil || d.bytes < 0 {
			d.bytes = -1
			return nil
		}
		d.bytes += 4 * int64(n)
		return b
	}
	for _, c := range m.caches {
		d.caches = append(d.caches, alloc(c.channels*2*h*w*c.scale*c.scale))
	}
	n := v.slotLen(h, w, chunk)
	for i := range d.slots {
		d.slots[i] = alloc(n)
	}
	c := v.attn.q.In()
	for i := range d.tok {
		d.tok[i] = alloc(h * w * c)
	}
	if d.bytes < 0 {
		return nil, fmt.Errorf("diffusion: decoder of %dx%d latents: memory", h, w)
	}
	var err error
	p := int32(h * w)
	d.plan, err = v.b.Plan(kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: h * w, NK: h * w, D: c},
		kernels.BlockMask{QEnd: []int32{p}, KEnd: []int32{p}, Row: []int32{0, 1}, Col: []int32{0}, Heads: 1},
		kernels.Logits{Scale: normScale(c)})
	if err != nil {
		return nil, fmt.Errorf("diffusion: decoder attention: %w", err)
	}
	return d, nil
}

// slotLen is the largest activation, in elements, for chunk latent frames.
func (v *vae) slotLen(h, w, chunk int) int {
	frames, pixels := chunk, h*w
	n := frames * pixels * max(v.cfg.Z, v.convIn.Spec().Out)
	for _, u := range v.ups {
		c := u.resnets[0].conv1.Spec().Out
		n = max(n, c*frames*pixels)
		if u.time != nil {
			n = max(n, 2*c*frames*pixels)
			frames *= 2
		}
		if u.space != nil {
			pixels *= 4
			n = max(n, u.space.Spec().Out*frames*pixels)
		}
	}
	return max(n, 3*frames*pixels)
}

func (d *decoder) close() error { return d.plan.Close() }

// slot is the buffer that comes k after the current one, as a volume.
func (d *decoder) slot(k, c, t, h, w int) kernels.Vol {
	return kernels.Vol{Data: d.slots[(d.at+k)%3], C: c, T: t, H: h, W: w}
}

// like is slot k with another number of channels.
func (d *decoder) like(k, c int) kernels.Vol { return d.slot(k, c, d.x.T, d.x.H, d.x.W) }

// causal runs a convolution over x behind its cache and updates the cache.
func (d *decoder) causal(dst, x kernels.Vol, w kernels.ConvWeights, cache int) error {
	buf := d.caches[cache]
	if err := d.v.ops.Conv(dst, x, kernels.Vol{Data: buf, C: x.C, T: 2, H: x.H, W: x.W}, w, 1); err != nil {
		return err
	}
	n := x.H * x.W
	src, mem := x.Data.Float32()[x.Off:], buf.Float32()
	for c := range x.C {
		m, s := mem[c*2*n:][:2*n], src[c*x.T*n:][:x.T*n]
		if x.T == 1 {
			copy(m[:n], m[n:])
			copy(m[n:], s)
		} else {
			copy(m, s[(x.T-2)*n:])
		}
	}
	return nil
}

func (d *decoder) resnet(r *resnet) error {
	ops, out := d.v.ops, r.conv1.Spec().Out
	a, b := d.like(1, d.x.C), d.like(2, out)
	if err := ops.ChannelNorm(a, d.x, r.norm1, kernels.SiLU); err != nil {
		return err
	}
	if err := d.causal(b, a, r.conv1, r.cache1); err != nil {
		return err
	}
	if err := ops.ChannelNorm(b, b, r.norm2, kernels.SiLU); err != nil {
		return err
	}
	a = d.like(1, out)
	if r.shortcut == nil {
		if err := d.causal(a, b, r.conv2, r.cache2); err != nil {
			return err
		}
		return ops.AddGated(flat(d.x), flat(a), nil)
	}
	if err := ops.Conv(a, d.x, kernels.Vol{}, r.shortcut, 1); err != nil {
		return err
	}
	d.x = d.like(0, out)
	if err := d.causal(d.x, b, r.conv2, r.cache2); err != nil {
		return err
	}
	return ops.AddGated(flat(d.x), flat(a), nil)
}

// flat views a volume as a matrix of one row per channel.
func flat(v kernels.Vol) kernels.Mat {
	n := v.T * v.H * v.W
	return kernels.Mat{Data: v.Data, Off: v.Off, Rows: v.C, Cols: n, Stride: n}
}

// attention attends within each frame.
func (d *decoder) attention() error {
	v, c, n := d.v, d.x.C, d.x.H*d.x.W
	normed := d.like(1, c)
	if err := v.ops.ChannelNorm(normed, d.x, v.attn.norm, kernels.NoAct); err != nil {
		return err
	}
	src, dst, tok, res := normed.Data.Float32(), d.x.Data.Float32(), d.tok[0].Float32(), d.tok[1].Float32()
	mat := func(i int) kernels.Mat { return kernels.Dense(d.tok[i], n, c) }
	head := func(i int) kernels.Tensor { return kernels.Heads(d.tok[i], n, 1, c) }
	for f := range d.x.T {
		for ch := range c {
			for p, x := range src[(ch*d.x.T+f)*n:][:n] {
				tok[p*c+ch] = x
			}
		}
		e := &errs{}
		e.do(v.ops.Linear(mat(1), mat(0), v.attn.q, kernels.NoAct))
		e.do(v.ops.Linear(mat(2), mat(0), v.attn.k, kernels.NoAct))
		e.do(v.ops.Linear(mat(3), mat(0), v.attn.v, kernels.NoAct))
		if e.err == nil {
			e.do(d.plan.Run(kernels.Args{Q: head(1), K: head(2), V: head(3), Out: head(4)}))
		}
		e.do(v.ops.Linear(mat(1), mat(4), v.attn.o, kernels.NoAct))
		if e.err != nil {
			return e.err
		}
		for ch := range c {
			row := dst[(ch*d.x.T+f)*n:][:n]
			for p := range row {
				row[p] += res[p*c+ch]
			}
		}
	}
	return nil
}

// upsample doubles in time (never the stream's first frame, which the time
// convolution does not see either) and in space.
func (d *decoder) upsample(u *upBlock, i int, first bool) error {
	if u.time != nil && !first {
		c, t, n := d.x.C, d.x.T, d.x.H*d.x.W
		two := d.like(1, 2*c)
		if err := d.causal(two, d.x, u.time, u.timeCache); err != nil {
			return err
		}
		if d.tap != nil {
			d.tap(fmt.Sprintf("up%d.time_conv", i), two)
		}
		d.x = d.slot(0, c, 2*t, d.x.H, d.x.W)
		src, dst := two.Data.Float32(), d.x.Data.Float32()
		for ch := range c {
			for f := range t {
				copy(dst[(ch*2*t+2*f)*n:][:n], src[(ch*t+f)*n:])
				copy(dst[(ch*2*t+2*f+1)*n:][:n], src[((c+ch)*t+f)*n:])
			}
		}
	}
	if u.space == nil {
		return nil
	}
	out := d.slot(1, u.space.Spec().Out, d.x.T, 2*d.x.H, 2*d.x.W)
	if err := d.v.ops.Conv(out, d.x, kernels.Vol{}, u.space, 2); err != nil {
		return err
	}
	d.x, d.at = out, (d.at+1)%3
	return nil
}

func (d *decoder) tapped(format string, a ...any) {
	if d.tap != nil {
		d.tap(fmt.Sprintf(format, a...), d.x)
	}
}

// next decodes latent frames [from, from+n) of normalised latents
// [z, frames, h, w]; from counts up and the first call takes one frame. The
// result [3, frames out, H, W] is not clamped and lasts until the next call.
func (d *decoder) next(ctx context.Context, latents []float32, frames, from, n int) (kernels.Vol, error) {
	v := d.v
	first := !d.started
	if first && n != 1 || n > d.chunk || from+n > frames {
		return kernels.Vol{}, fmt.Errorf("diffusion: decoder: chunk of latent frames %d to %d", from, from+n-1)
	}
	d.started = true
	pixels := d.h * d.w
	z := d.slot(1, v.cfg.Z, n, d.h, d.w)
	host := z.Data.Float32()
	for c := range v.cfg.Z {
		for i, x := range latents[(c*frames+from)*pixels:][:n*pixels] {
			host[c*n*pixels+i] = float32(x*v.std[c]) + v.mean[c]
		}
	}
	if d.tap != nil {
		d.tap("z", z)
	}
	e := &errs{}
	step := func(f func() error) {
		if e.err == nil {
			e.do(ctx.Err())
		}
		if e.err == nil {
			e.do(f())
		}
	}
	pq := d.slot(2, v.cfg.Z, n, d.h, d.w)
	step(func() error { return v.ops.Conv(pq, z, kernels.Vol{}, v.postQuant, 1) })
	if d.tap != nil {
		d.tap("post_quant", pq)
	}
	d.x = d.slot(0, v.convIn.Spec().Out, n, d.h, d.w)
	step(func() error { return d.causal(d.x, pq, v.convIn, 0) })
	d.tapped("conv_in")
	step(func() error { return d.resnet(&v.mid0) })
	d.tapped("mid.resnet0")
	step(d.attention)
	d.tapped("mid.attn0")
	step(func() error { return d.resnet(&v.mid1) })
	d.tapped("mid_block")
	for i := range v.ups {
		u := &v.ups[i]
		for j := range u.resnets {
			step(func() error { return d.resnet(&u.resnets[j]) })
		}
		if u.space != nil {
			d.tapped("up%d.resnets_end", i)
		}
		step(func() error { return d.upsample(u, i, first) })
		d.tapped("up%d", i)
	}
	normed, out := d.like(1, d.x.C), d.like(2, 3)
	step(func() error { return v.ops.ChannelNorm(normed, d.x, v.normOut, kernels.SiLU) })
	if d.tap != nil {
		d.tap("norm_out", normed)
	}
	step(func() error { return d.causal(out, normed, v.convOut, len(d.caches)-1) })
	if e.err != nil {
		return kernels.Vol{}, fmt.Errorf("diffusion: decoder, latent frames %d to %d: %w", from, from+n-1, e.err)
	}
	return out, nil
}

// frame converts frame t of decoded video to RGB rows of 8 bits, truncating
// as the reference does. The result lasts until the next call. A value that is
// no number is an error: it has no pixel.
func (d *decoder) frame(v kernels.Vol, t int) ([]byte, error) {
	n := v.H * v.W
	if d.rgb == nil {
		d.rgb = make([]byte, 3*n)
	}
	src := v.Data.Float32()[v.Off:]
	for c := range 3 {
		for p, x := range src[(c*v.T+t)*n:][:n] {
			// Clamped before and after the shift to [0,1], as the reference:
			// the same value, since both bounds are exact.
			y := float32(min(max(x, -1), 1)*0.5) + 0.5
			if y != y {
				return nil, errors.New("diffusion: the decoder made a value that is not a number: its weights or the latents' mean and deviation are damaged")
			}
			d.rgb[3*p+c] = uint8(y * 255)
		}
	}
	return d.rgb, nil
}
