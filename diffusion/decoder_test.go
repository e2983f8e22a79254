package diffusion

import (
	"context"
	"fmt"
	"math"
	"testing"

	"longtake/internal/golden"
	"longtake/kernels"
	"longtake/kernels/cpu"
)

// decodeAll streams latents through a decoder and returns [3, frames, H, W].
func decodeAll(t *testing.T, m *Model, latents []float32, frames, h, w, chunk int, tap func(chunk int, name string, v kernels.Vol)) []float32 {
	t.Helper()
	d, err := m.newDecoder(h, w, frames, chunk)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	var parts [3][]float32
	for from, i := 0, 0; from < frames; i++ {
		n := min(d.chunk, frames-from)
		if from == 0 {
			n = 1
		}
		if tap != nil {
			d.tap = func(name string, v kernels.Vol) { tap(i, name, v) }
		}
		v, err := d.next(context.Background(), latents, frames, from, n)
		if err != nil {
			t.Fatal(err)
		}
		if want := n * m.info.TemporalStride; v.T != want && (from != 0 || v.T != 1) {
			t.Fatalf("latent frames %d to %d gave %d frames", from, from+n-1, v.T)
		}
		for c := range 3 {
			k := v.T * v.H * v.W
			parts[c] = append(parts[c], v.Data.Float32()[c*k:][:k]...)
		}
		from += n
	}
	return append(append(parts[0], parts[1]...), parts[2]...)
}

func clamped(x []float32) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = min(max(v, -1), 1)
	}
	return out
}

func TestDecoderGolden(t *testing.T) {
	g := golden.Open(t, "wan_vae_tiny_io")
	s := g.Shape("in.latents_normalized")
	z, all, h, w := s[1], s[2], s[3], s[4]
	for _, v := range variants(t) {
		t.Run(v, func(t *testing.T) {
			m := tinyModel(t, cpu.Options{Variant: v})
			frames := all
			if v == "generic" {
				frames = 2 // it is slow, and later frames take the same path
			}
			seen := map[string]bool{}
			got := decodeAll(t, m, firstFrames(g.Values("in.latents_normalized"), z, all, frames, h*w), frames, h, w, 1, func(chunk int, name string, v kernels.Vol) {
				host := v.Data.Float32()[:v.C*v.T*v.H*v.W]
				if name == "z" || name == "post_quant" {
					key, tol := "in.z", g.Tolerance("in.z")
					if name == "post_quant" {
						key, tol = "mid.post_quant", g.Tolerance("chunk*")
					}
					if err := golden.Compare(host, oneFrame(g.Values(key), v.C, all, h*w, chunk), tol); err != nil {
						t.Errorf("%s of chunk %d: %v", key, chunk, err)
					}
					return
				}
				key := fmt.Sprintf("chunk%d.%s", chunk, name)
				if _, ok := g.Tensor(key); !ok {
					return // the file does not hold all of them
				}
				seen[key] = true
				want := g.Values(key)
				if name == "norm_out" { // the golden is before the SiLU that we fuse
					for i, x := range want {
						want[i] = float32(float64(x) / (1 + math.Exp(-float64(x))))
					}
				}
				if err := golden.Compare(host, want, g.Tolerance("chunk*")); err != nil {
					t.Errorf("%s: %v", key, err)
				}
			})
			for _, x := range g.Tensors() {
				var chunk int
				if n, _ := fmt.Sscanf(x.Name, "chunk%d.", &chunk); n == 1 && chunk < frames && !seen[x.Name] {
					t.Errorf("%s was not checked", x.Name)
				}
			}
			n := VideoFrames(frames, 4)
			want := firstFrames(g.Values("out.video"), 3, VideoFrames(all, 4), n, 64*h*w)
			if err := golden.Compare(clamped(got), want, g.Tolerance("out.video")); err != nil {
				t.Errorf("out.video: %v", err)
			}
		})
	}
}

// firstFrames takes the first n frames of [c, frames, pixels].
func firstFrames(x []float32, c, frames, n, pixels int) []float32 {
	var out []float32
	for ch := range c {
		out = append(out, x[ch*frames*pixels:][:n*pixels]...)
	}
	return out
}

// oneFrame takes frame f of [c, frames, n].
func oneFrame(x []float32, c, frames, n, f int) []float32 {
	var out []float32
	for ch := range c {
		out = append(out, x[(ch*frames+f)*n:][:n]...)
	}
	return out
}

// How the stream is cut must not change a bit, nor must what comes later.
func TestDecoderChunks(t *testing.T) {
	g := golden.Open(t, "wan_vae_tiny_io")
	s := g.Shape("in.latents_normalized")
	x, frames, h, w := g.Values("in.latents_normalized"), s[2], s[3], s[4]
	m := tinyModel(t, cpu.Options{})
	want := decodeAll(t, m, x, frames, h, w, 1, nil)
	for _, chunk := range []int{0, 2, 3, 4, 5} {
		if err := golden.Compare(decodeAll(t, m, x, frames, h, w, chunk, nil), want, 0); err != nil {
			t.Errorf("chunk %d: %v", chunk, err)
		}
	}
	const short = 3
	got := decodeAll(t, m, firstFrames(x, s[1], frames, short, h*w), short, h, w, 2, nil)
	n := 64 * h * w // pixels of a frame
	for c := range 3 {
		if err := golden.Compare(got[c*9*n:][:9*n], want[c*17*n:][:9*n], 0); err != nil {
			t.Errorf("the first frames depend on later latents: %v", err)
		}
	}
}

// Attention, upsampling and convolution of the decoder against the isolated
// goldens of the operators.
func TestDecoderOpsGolden(t *testing.T) {
	g := golden.Open(t, "ops")
	b := backend(t, cpu.Options{})
	tol := g.Tolerance("all")
	pack := func(prefix string, lo, hi, c int) kernels.Linear {
		w, bias := g.Values(prefix+".weight"), g.Values(prefix+".bias")
		l, err := b.Ops().PackLinear(hi-lo, c, w[lo*c:hi*c], bias[lo:hi])
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	s := g.Shape("vae_attn.x")
	c, frames, h, w := s[1], s[2], s[3], s[4]
	v := &vae{b: b, ops: b.Ops(), attn: frameAttn{norm: g.Values("vae_attn.norm.gamma"),
		q: pack("vae_attn.to_qkv", 0, c, c), k: pack("vae_attn.to_qkv", c, 2*c, c), v: pack("vae_attn.to_qkv", 2*c, 3*c, c), o: pack("vae_attn.proj", 0, c, c)}}
	plan, err := b.Plan(kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: h * w, NK: h * w, D: c},
		kernels.BlockMask{QEnd: []int32{int32(h * w)}, KEnd: []int32{int32(h * w)}, Row: []int32{0, 1}, Col: []int32{0}, Heads: 1}, kernels.Logits{Scale: normScale(c)})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	d := &decoder{v: v, plan: plan}
	n := c * frames * h * w
	for i := range d.slots {
		d.slots[i] = kernels.Host(make([]float32, n))
	}
	for i := range d.tok {
		d.tok[i] = kernels.Host(make([]float32, h*w*c))
	}
	copy(d.slots[0].Float32(), g.Values("vae_attn.x"))
	d.x = d.slot(0, c, frames, h, w)
	if err := d.attention(); err != nil {
		t.Fatal(err)
	}
	g.Check("vae_attn.out", d.slots[0].Float32(), tol)
}

func TestDecoderRefuses(t *testing.T) {
	m := tinyModel(t, cpu.Options{})
	d, err := m.newDecoder(6, 8, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 16*3*6*8)
	if _, err := d.next(context.Background(), x, 3, 0, 2); err == nil {
		t.Error("the first chunk may not have two frames")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = d.next(ctx, x, 3, 0, 1)
	wantError(t, err, "canceled", "latent frames 0 to 0")
}
