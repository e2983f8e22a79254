package cpu

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"longtake/kernels"
)

const goldens = "../../testdata/goldens"

// array is one tensor of a golden file.
type array struct {
	shape []int
	f     []float32
}

// readGolden reads a safetensors file of F32 tensors.
func readGolden(t *testing.T, name string) map[string]array {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(goldens, name))
	must(t, err)
	n := binary.LittleEndian.Uint64(raw)
	var header map[string]struct {
		Dtype       string
		Shape       []int
		DataOffsets [2]int `json:"data_offsets"`
	}
	must(t, json.Unmarshal(raw[8:8+n], &header))
	out := map[string]array{}
	for name, h := range header {
		if h.Dtype != "F32" {
			continue // __metadata__
		}
		b := raw[8+n:][h.DataOffsets[0]:h.DataOffsets[1]]
		a := array{shape: h.Shape, f: make([]float32, len(b)/4)}
		for i := range a.f {
			a.f[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		out[name] = a
	}
	return out
}

// readManifest decodes the manifest's entry of a golden file.
func readManifest(t *testing.T, file string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(goldens, "manifest.json"))
	must(t, err)
	var m struct{ Files map[string]json.RawMessage }
	must(t, json.Unmarshal(raw, &m))
	must(t, json.Unmarshal(m.Files[file], into))
}

func TestGoldenOps(t *testing.T) {
	g := readGolden(t, "ops.safetensors")
	var m struct{ Tolerance map[string]float64 }
	readManifest(t, "ops.safetensors", &m)
	tol := m.Tolerance["all"]
	x := g["x"]
	rows, cols := x.shape[0], x.shape[1]

	each(t, func(t *testing.T, b *Backend) {
		o := b.Ops()
		norm := func(what, want string, f func(dst, x kernels.Mat) error) {
			t.Helper()
			out := newGuarded(rows * cols)
			must(t, f(kernels.Dense(kernels.Host(out.f), rows, cols), kernels.Dense(kernels.Host(x.f), rows, cols)))
			within(t, what, out.f, g[want].f, tol)
			out.check(t)
			same := slices.Clone(x.f)
			in := kernels.Dense(kernels.Host(same), rows, cols)
			must(t, f(in, in))
			if err := sameBits(same, out.f); err != nil {
				t.Fatalf("%s in place: %v", what, err)
			}
		}
		norm("LayerNorm", "layernorm_plain", func(dst, x kernels.Mat) error { return o.LayerNorm(dst, x, nil, nil, 1e-6) })
		norm("LayerNorm affine", "layernorm_affine", func(dst, x kernels.Mat) error {
			return o.LayerNorm(dst, x, g["weight"].f, g["bias"].f, 1e-6)
		})
		norm("RMSNorm", "rmsnorm", func(dst, x kernels.Mat) error { return o.RMSNorm(dst, x, g["weight"].f, 1e-6) })

		for act, want := range map[kernels.Act]string{kernels.GELU: "act.gelu_tanh", kernels.SiLU: "act.silu"} {
			f := slices.Clone(g["act.x"].f)
			must(t, o.Activate(kernels.Dense(kernels.Host(f), 1, len(f)), act))
			within(t, want, f, g[want].f, tol)
		}

		// The VAE norm is over the last axis there, over the channels here.
		v := g["vae_rms.x"]
		chans := transpose(v.f, v.shape[0], v.shape[1])
		vol := kernels.Vol{Data: kernels.Host(chans), C: v.shape[1], T: 1, H: 1, W: v.shape[0]}
		must(t, o.ChannelNorm(vol, vol, g["weight"].f, kernels.NoAct))
		within(t, "ChannelNorm", transpose(chans, v.shape[1], v.shape[0]), g["vae_rms.out"].f, tol)

		conv3d(t, o, g, tol)
		upsample(t, o, g, tol)
		attentionBlock(t, b, g, tol)
	})
}

// conv3d runs the causal convolution whole, and its last frames with a cache
// of two, of one and of no frames.
func conv3d(t *testing.T, o kernels.Ops, g map[string]array, tol float64) {
	t.Helper()
	x, w := g["conv3d.x"], g["conv3d.weight"]
	ic, frames, h, wd := x.shape[1], x.shape[2], x.shape[3], x.shape[4]
	oc := w.shape[0]
	cw, err := o.PackConv(kernels.Conv{Out: oc, In: ic, KT: 3, KH: 3, KW: 3, W: w.f, B: g["conv3d.bias"].f})
	must(t, err)
	cut := func(f []float32, c, t0, t1 int) kernels.Vol {
		n := h * wd
		var part []float32
		for i := range c {
			part = append(part, f[(i*frames+t0)*n:(i*frames+t1)*n]...)
		}
		return kernels.Vol{Data: kernels.Host(part), C: c, T: t1 - t0, H: h, W: wd}
	}
	for _, c := range []struct {
		name      string
		cache, at int // frames of cache; first frame computed
		to        int
		want      string
	}{
		{"whole", 0, 0, 4, "conv3d.out_full"},
		{"two frames of cache", 2, 2, 4, "conv3d.out_last2_with_cache"},
		{"one frame of cache", 1, 1, 2, "conv3d.out_t1_cache1"},
	} {
		out := newGuarded(oc * (c.to - c.at) * h * wd)
		dst := kernels.Vol{Data: kernels.Host(out.f), C: oc, T: c.to - c.at, H: h, W: wd}
		var prev kernels.Vol
		if c.cache > 0 {
			prev = cut(x.f, ic, c.at-c.cache, c.at)
		}
		must(t, o.Conv(dst, cut(x.f, ic, c.at, c.to), prev, cw, 1))
		within(t, "conv3d "+c.name, out.f, g[c.want].f, tol)
		out.check(t)
	}
}

func upsample(t *testing.T, o kernels.Ops, g map[string]array, tol float64) {
	t.Helper()
	x, w, want := g["upsample2d.x"], g["upsample2d.weight"], g["upsample2d.out"]
	cw, err := o.PackConv(kernels.Conv{Out: w.shape[0], In: w.shape[1], KT: 1, KH: 3, KW: 3, W: w.f, B: g["upsample2d.bias"].f})
	must(t, err)
	out := newGuarded(len(want.f))
	must(t, o.Conv(kernels.Vol{Data: kernels.Host(out.f), C: want.shape[1], T: want.shape[2], H: want.shape[3], W: want.shape[4]},
		kernels.Vol{Data: kernels.Host(x.f), C: x.shape[1], T: x.shape[2], H: x.shape[3], W: x.shape[4]}, kernels.Vol{}, cw, 2))
	within(t, "upsample and conv2d", out.f, want.f, tol)
	out.check(t)
}

// attentionBlock is the decoder's: per frame norm, 1x1 convolution to q, k and
// v, one head over the positions, 1x1 convolution, residual.
func attentionBlock(t *testing.T, b *Backend, g map[string]array, tol float64) {
	t.Helper()
	o := b.Ops()
	x := g["vae_attn.x"]
	c, frames, h, w := x.shape[1], x.shape[2], x.shape[3], x.shape[4]
	n := h * w
	conv := func(dst, src kernels.Vol, weight, bias string) {
		t.Helper()
		a := g[weight]
		cw, err := o.PackConv(kernels.Conv{Out: a.shape[0], In: a.shape[1], KT: 1, KH: 1, KW: 1, W: a.f, B: g[bias].f})
		must(t, err)
		must(t, o.Conv(dst, src, kernels.Vol{}, cw, 1))
	}
	vol := func(c int) kernels.Vol {
		return kernels.Vol{Data: kernels.Host(make([]float32, c*frames*n)), C: c, T: frames, H: h, W: w}
	}
	normed, qkv, attended, out := vol(c), vol(3*c), vol(c), vol(c)
	must(t, o.ChannelNorm(normed, kernels.Vol{Data: kernels.Host(x.f), C: c, T: frames, H: h, W: w}, g["vae_attn.norm.gamma"].f, kernels.NoAct))
	conv(qkv, normed, "vae_attn.to_qkv.weight", "vae_attn.to_qkv.bias")
	p, err := b.Plan(kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: n, NK: n, D: c}, denseMask(n, n), kernels.Logits{Scale: float32(1 / math.Sqrt(float64(c)))})
	must(t, err)
	defer p.Close()
	for f := range frames {
		var part [3][]float32
		for i := range part {
			cols := make([]float32, 0, c*n)
			for ch := range c {
				cols = append(cols, qkv.Data.Float32()[((i*c+ch)*frames+f)*n:][:n]...)
			}
			part[i] = transpose(cols, c, n)
		}
		res := make([]float32, n*c)
		must(t, p.Run(kernels.Args{Q: headMajor(part[0], 1, n, c), K: headMajor(part[1], 1, n, c), V: headMajor(part[2], 1, n, c), Out: headMajor(res, 1, n, c)}))
		for ch, row := range slices.Collect(slices.Chunk(transpose(res, n, c), n)) {
			copy(attended.Data.Float32()[(ch*frames+f)*n:], row)
		}
	}
	conv(out, attended, "vae_attn.proj.weight", "vae_attn.proj.bias")
	all := len(x.f)
	must(t, o.AddGated(kernels.Dense(out.Data, 1, all), kernels.Dense(kernels.Host(x.f), 1, all), nil))
	within(t, "VAE attention block", out.Data.Float32(), g["vae_attn.out"].f, tol)
}

func transpose(f []float32, rows, cols int) []float32 {
	out := make([]float32, len(f))
	for r := range rows {
		for c := range cols {
			out[c*rows+r] = f[r*cols+c]
		}
	}
	return out
}

func TestGoldenAttention(t *testing.T) {
	g := readGolden(t, "attention.safetensors")
	var m struct {
		Tolerance map[string]float64
		Cases     map[string]struct{ H, Lq, Lk, D int }
	}
	readManifest(t, "attention.safetensors", &m)
	each(t, func(t *testing.T, b *Backend) {
		for name, c := range m.Cases {
			tol, ok := m.Tolerance[name+" f32"]
			if !ok {
				tol = m.Tolerance["f32"]
			}
			p, err := b.Plan(kernels.Shape{B: 1, H: c.H, Hkv: c.H, NQ: c.Lq, NK: c.Lk, D: c.D}, denseMask(c.Lq, c.Lk),
				kernels.Logits{Scale: float32(1 / math.Sqrt(float64(c.D)))})
			must(t, err)
			out := newGuarded(c.H * c.Lq * c.D)
			must(t, p.Run(kernels.Args{
				Q: headMajor(g[name+".q"].f, c.H, c.Lq, c.D), K: headMajor(g[name+".k"].f, c.H, c.Lk, c.D),
				V: headMajor(g[name+".v"].f, c.H, c.Lk, c.D), Out: headMajor(out.f, c.H, c.Lq, c.D)}))
			within(t, name, out.f, g[name+".out"].f, tol)
			out.check(t)
		}
	})
}

func TestGoldenLVSA(t *testing.T) {
	g := readGolden(t, "lvsa.safetensors")
	var m struct {
		Tolerance map[string]float64
		Cases     map[string]struct {
			T, P, H, D int
			Attended   [][]int
		}
	}
	readManifest(t, "lvsa.safetensors", &m)
	each(t, func(t *testing.T, b *Backend) {
		for name, c := range m.Cases {
			n := c.T * c.P
			p, err := b.Plan(kernels.Shape{B: 1, H: c.H, Hkv: c.H, NQ: n, NK: n, D: c.D}, frameMask(c.Attended, c.P),
				kernels.Logits{Scale: float32(1 / math.Sqrt(float64(c.D)))})
			must(t, err)
			set, _, _ := strings.Cut(name, ".")
			in := func(s string) kernels.Tensor { return kernels.Heads(kernels.Host(g[set+"."+s].f), n, c.H, c.D) }
			out := newGuarded(n * c.H * c.D)
			must(t, p.Run(kernels.Args{Q: in("q"), K: in("k"), V: in("v"), Out: kernels.Heads(kernels.Host(out.f), n, c.H, c.D)}))
			within(t, name, out.f, g[name+".out"].f, m.Tolerance["f32"])
			out.check(t)
		}
	})
}

func TestGoldenUltraViCo(t *testing.T) {
	g := readGolden(t, "ultravico.safetensors")
	var m struct {
		Tolerance map[string]float64
		Config    struct {
			H, T, P, D  int
			TrainFrames int `json:"train_frames"`
		}
	}
	readManifest(t, "ultravico.safetensors", &m)
	c := m.Config
	n, window := c.T*c.P, c.TrainFrames*c.P
	scale := float32(1 / math.Sqrt(float64(c.D)))
	// Keys after the window are removed for the queries 0 to P.
	cut := []kernels.Rect{{Q0: 0, Q1: int32(c.P + 1), K0: int32(window + 1), K1: int32(n)}}
	decay := func(alpha float32, centre bool) kernels.Logits {
		return kernels.Logits{Scale: scale, CenterK: centre, PositiveOnly: true, Cut: cut,
			Bands: []kernels.Band{{To: float32(window) / 2, Factor: 1}, {Factor: alpha}}}
	}
	each(t, func(t *testing.T, b *Backend) {
		for name, l := range map[string]kernels.Logits{
			"out.dense":            {Scale: scale},
			"out.alpha0.9.smoothk": decay(0.9, true),
			"out.alpha0.9.rawk":    decay(0.9, false),
			"out.alpha0.6.smoothk": decay(0.6, true),
		} {
			p, err := b.Plan(kernels.Shape{B: 1, H: c.H, Hkv: c.H, NQ: n, NK: n, D: c.D}, denseMask(n, n), l)
			must(t, err)
			out := newGuarded(c.H * n * c.D)
			must(t, p.Run(kernels.Args{Q: headMajor(g["q"].f, c.H, n, c.D), K: headMajor(g["k"].f, c.H, n, c.D),
				V: headMajor(g["v"].f, c.H, n, c.D), Out: headMajor(out.f, c.H, n, c.D)}))
			within(t, name, out.f, g[name].f, m.Tolerance["f32"])
			out.check(t)
		}
	})
}
