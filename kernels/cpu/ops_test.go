package cpu

import (
	"fmt"
	"math"
	"testing"

	"longtake/kernels"
)

// worst is the greatest error of got against float64 values.
func worst(got []float32, want []float64) float64 {
	w := 0.0
	for i := range want {
		if d := math.Abs(float64(got[i]) - want[i]); !(d <= w) {
			w = d
		}
	}
	return w
}

// sumError is the error allowed to a sum of k products whose terms are
// standard normal: every addition rounds a partial sum of some sqrt(k), and k
// such roundings add up to sqrt(k)*sqrt(k) half units; 6 covers the largest of
// many elements.
func sumError(k int) float64 { return 6 * float64(k) / 2 * 0x1p-24 }

func TestLinear(t *testing.T) {
	sizes := []struct{ rows, in, out int }{
		{1, 1, 1}, {1, 64, 17}, {5, 3, 6}, {6, 16, 15}, {7, 16, 16}, {13, 8, 31}, {14, 8, 32}, {15, 9, 33},
		{16, 100, 47}, {28, 20, 48}, {29, 20, 49}, {111, 12, 64}, {112, 12, 65}, {113, 12, 130},
		{3, linearDepth - 1, 33}, {16, linearDepth + 1, 40}, {225, 2*linearDepth + 3, 5},
		// Rows that fall into few sets of the cache.
		{20, cacheWay, 33}, {113, 2 * cacheWay, 32},
	}
	each(t, func(t *testing.T, b *Backend) {
		for _, s := range sizes {
			for _, act := range []kernels.Act{kernels.NoAct, kernels.GELU, kernels.SiLU} {
				const gapD, off = 2, 5
				gapX := 3
				if s.in%cacheWay == 0 {
					gapX = 0
				}
				x, w, bias := random(1, off+s.rows*(s.in+gapX)), random(2, s.out*s.in), random(3, s.out)
				if act == kernels.GELU {
					bias = nil
				}
				l, err := b.Ops().PackLinear(s.out, s.in, w, bias)
				must(t, err)
				if l.In() != s.in || l.Out() != s.out {
					t.Fatalf("packed as [%d,%d]", l.Out(), l.In())
				}
				dst := newGuarded(s.rows * (s.out + gapD))
				must(t, b.Ops().Linear(kernels.Mat{Data: kernels.Host(dst.f), Rows: s.rows, Cols: s.out, Stride: s.out + gapD},
					kernels.Mat{Data: kernels.Host(x), Off: off, Rows: s.rows, Cols: s.in, Stride: s.in + gapX}, l, act))
				dst.check(t)
				for r := range s.rows {
					got := dst.f[r*(s.out+gapD):]
					for o := range s.out {
						want := 0.0
						if bias != nil {
							want = float64(bias[o])
						}
						for i := range s.in {
							want += float64(x[off+r*(s.in+gapX)+i]) * float64(w[o*s.in+i])
						}
						want = activated(want, act)
						if d := math.Abs(float64(got[o]) - want); !(d <= sumError(s.in+1)+2e-7*math.Abs(want)) {
							t.Fatalf("%v act %d: [%d,%d] is %v, want %v: error %.3g", s, act, r, o, got[o], want, d)
						}
					}
					if got[s.out] != guard || got[s.out+1] != guard {
						t.Fatalf("%v: wrote between rows", s)
					}
				}
			}
		}
	})
}

func activated(x float64, act kernels.Act) float64 {
	switch act {
	case kernels.GELU:
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	case kernels.SiLU:
		return x / (1 + math.Exp(-x))
	}
	return x
}

func TestConv(t *testing.T) {
	cases := []struct{ in, out, kt, kh, kw, frames, prev, h, w, up int }{
		{1, 1, 1, 1, 1, 1, 0, 1, 1, 1},
		{3, 2, 1, 1, 1, 2, 0, 3, 4, 1},
		{2, 3, 3, 1, 1, 2, 1, 3, 5, 1},
		{2, 5, 3, 3, 3, 1, 0, 1, 1, 1},
		{3, 6, 3, 3, 3, 3, 2, 4, 15, 1},
		{3, 7, 3, 3, 3, 2, 1, 5, 16, 1},
		{2, 13, 1, 3, 3, 2, 0, 4, 17, 2},
		{2, 14, 3, 3, 3, 1, 2, 3, 8, 2},
		{4, 15, 1, 3, 5, 1, 0, 9, 31, 1},
		{37, 29, 3, 3, 3, 2, 2, 6, 6, 1}, // two passes over the channels
		{80, 3, 3, 3, 3, 1, 0, 2, 3, 2},
		{2, 2, 3, 3, 3, 1, 1, 70, 40, 1}, // several bands
	}
	each(t, func(t *testing.T, b *Backend) {
		for _, c := range cases {
			spec := kernels.Conv{Out: c.out, In: c.in, KT: c.kt, KH: c.kh, KW: c.kw,
				W: random(1, c.out*c.in*c.kt*c.kh*c.kw), B: random(2, c.out)}
			if c.h == 1 {
				spec.B = nil
			}
			x, prev := random(3, 7+c.in*c.frames*c.h*c.w), random(4, c.in*c.prev*c.h*c.w)
			H, W := c.h*c.up, c.w*c.up
			dst := newGuarded(c.out * c.frames * H * W)
			cw, err := b.Ops().PackConv(spec)
			must(t, err)
			p := kernels.Vol{}
			if c.prev > 0 {
				p = kernels.Vol{Data: kernels.Host(prev), C: c.in, T: c.prev, H: c.h, W: c.w}
			}
			must(t, b.Ops().Conv(kernels.Vol{Data: kernels.Host(dst.f), C: c.out, T: c.frames, H: H, W: W},
				kernels.Vol{Data: kernels.Host(x), Off: 7, C: c.in, T: c.frames, H: c.h, W: c.w}, p, cw, c.up))
			dst.check(t)
			at := func(i, f, y, xx int) float64 {
				switch {
				case y < 0 || y >= H || xx < 0 || xx >= W || f < -c.prev:
					return 0
				case f < 0:
					return float64(prev[((i*c.prev+f+c.prev)*c.h+y/c.up)*c.w+xx/c.up])
				}
				return float64(x[7+((i*c.frames+f)*c.h+y/c.up)*c.w+xx/c.up])
			}
			n := 0
			for o := range c.out {
				for f := range c.frames {
					for y := range H {
						for xx := range W {
							want, k := 0.0, 0
							if spec.B != nil {
								want = float64(spec.B[o])
							}
							for i := range c.in {
								for kt := range c.kt {
									for kh := range c.kh {
										for kw := range c.kw {
											want += float64(spec.W[o*c.in*c.kt*c.kh*c.kw+k]) * at(i, f+kt-c.kt+1, y+kh-c.kh/2, xx+kw-c.kw/2)
											k++
										}
									}
								}
							}
							if d := math.Abs(float64(dst.f[n]) - want); !(d <= sumError(k+1)) {
								t.Fatalf("%+v: [%d,%d,%d,%d] is %v, want %v: error %.3g", c, o, f, y, xx, dst.f[n], want, d)
							}
							n++
						}
					}
				}
			}
		}
	})
}

// TestRowOperators compares the row-wise operators with float64 at widths
// around the vectors, with strides and in place.
func TestRowOperators(t *testing.T) {
	const eps = 1e-6
	each(t, func(t *testing.T, b *Backend) {
		o := b.Ops()
		for _, cols := range []int{2, 6, 14, 16, 18, 32, 34, 62, 64, 66, 128} {
			for _, rows := range []int{1, rowsPerItem - 1, rowsPerItem, rowsPerItem + 1} {
				const gap = 3
				x, mul, add := random(1, rows*(cols+gap)), random(2, cols), random(3, cols)
				for i := range x {
					x[i] += 3 // a mean that is not small against the spread
				}
				in := kernels.Mat{Data: kernels.Host(x), Rows: rows, Cols: cols, Stride: cols + gap}
				row := func(r int) []float32 { return x[r*(cols+gap):][:cols] }
				run := func(name string, tol float64, f func(dst kernels.Mat) error, want func(r int) []float64) {
					t.Helper()
					dst := newGuarded(rows * (cols + 1))
					must(t, f(kernels.Mat{Data: kernels.Host(dst.f), Rows: rows, Cols: cols, Stride: cols + 1}))
					dst.check(t)
					for r := range rows {
						if e := worst(dst.f[r*(cols+1):][:cols], want(r)); !(e <= tol) {
							t.Fatalf("%s [%d,%d]: row %d is off by %.3g, allowed %.3g", name, rows, cols, r, e, tol)
						}
						if dst.f[r*(cols+1)+cols] != guard {
							t.Fatalf("%s [%d,%d] wrote between rows", name, rows, cols)
						}
					}
				}
				// Norms: a few roundings of values up to 4 times mul up to 4.
				for _, affine := range []bool{false, true} {
					m, a := mul, add
					if !affine {
						m, a = nil, nil
					}
					factor := func(i int) (float64, float64) {
						if !affine {
							return 1, 0
						}
						return float64(mul[i]), float64(add[i])
					}
					run("layer norm", 6e-6, func(d kernels.Mat) error { return o.LayerNorm(d, in, m, a, eps) }, func(r int) []float64 {
						mean, sq := 0.0, 0.0
						for _, v := range row(r) {
							mean += float64(v) / float64(cols)
						}
						for _, v := range row(r) {
							sq += (float64(v) - mean) * (float64(v) - mean) / float64(cols)
						}
						w := make([]float64, cols)
						for i, v := range row(r) {
							f, g := factor(i)
							w[i] = (float64(v)-mean)/math.Sqrt(sq+eps)*f + g
						}
						return w
					})
					run("rms norm", 3e-6, func(d kernels.Mat) error { return o.RMSNorm(d, in, m, eps) }, func(r int) []float64 {
						sq := 0.0
						for _, v := range row(r) {
							sq += float64(v) * float64(v) / float64(cols)
						}
						w := make([]float64, cols)
						for i, v := range row(r) {
							f, _ := factor(i)
							w[i] = float64(v) / math.Sqrt(sq+eps) * f
						}
						return w
					})
					gate := mul
					if !affine {
						gate = nil
					}
					run("add gated", 2e-6, func(d kernels.Mat) error {
						f := d.Data.Float32()
						for r := range rows {
							copy(f[r*d.Stride:][:cols], row(r))
						}
						return o.AddGated(d, in, gate)
					}, func(r int) []float64 {
						w := make([]float64, cols)
						for i, v := range row(r) {
							f, _ := factor(i)
							w[i] = float64(v) + float64(v)*f
						}
						return w
					})
				}
				for _, act := range []kernels.Act{kernels.GELU, kernels.SiLU} {
					run("activate", 3e-6, func(d kernels.Mat) error {
						f := d.Data.Float32()
						for r := range rows {
							copy(f[r*d.Stride:][:cols], row(r))
						}
						return o.Activate(d, act)
					}, func(r int) []float64 {
						w := make([]float64, cols)
						for i, v := range row(r) {
							w[i] = activated(float64(v), act)
						}
						return w
					})
				}
				heads := 1
				if cols%4 == 0 {
					heads = 2
				}
				half := cols / heads / 2
				angles := random(5, rows*half)
				cos, sin := make([]float32, rows*half), make([]float32, rows*half)
				for i, a := range angles {
					cos[i], sin[i] = float32(math.Cos(float64(a))), float32(math.Sin(float64(a)))
				}
				run("rope", 2e-6, func(d kernels.Mat) error {
					f := d.Data.Float32()
					for r := range rows {
						copy(f[r*d.Stride:][:cols], row(r))
					}
					return o.Rope(d, heads, kernels.Dense(kernels.Host(cos), rows, half), kernels.Dense(kernels.Host(sin), rows, half))
				}, func(r int) []float64 {
					w := make([]float64, cols)
					for i := 0; i < cols; i += 2 {
						k := r*half + i/2%half
						a, b, c, s := float64(row(r)[i]), float64(row(r)[i+1]), float64(cos[k]), float64(sin[k])
						w[i], w[i+1] = a*c-b*s, a*s+b*c
					}
					return w
				})
			}
		}
	})
}

func TestChannelNorm(t *testing.T) {
	each(t, func(t *testing.T, b *Backend) {
		for _, s := range [][4]int{{1, 1, 1, 1}, {3, 1, 3, 5}, {16, 2, 4, 4}, {5, 1, 7, 73}, {16, 1, 16, 32}, {17, 2, 16, 17}} {
			c, n := s[0], s[1]*s[2]*s[3]
			x, gamma := random(1, c*n), random(2, c)
			for i := range c { // one position of zeros
				x[i*n] = 0
			}
			for _, act := range []kernels.Act{kernels.NoAct, kernels.SiLU} {
				dst := newGuarded(c * n)
				must(t, b.Ops().ChannelNorm(kernels.Vol{Data: kernels.Host(dst.f), C: c, T: s[1], H: s[2], W: s[3]},
					kernels.Vol{Data: kernels.Host(x), C: c, T: s[1], H: s[2], W: s[3]}, gamma, act))
				dst.check(t)
				want := make([]float64, c*n)
				for p := range n {
					sq := 0.0
					for i := range c {
						sq += float64(x[i*n+p]) * float64(x[i*n+p])
					}
					for i := range c {
						want[i*n+p] = activated(float64(x[i*n+p])/math.Max(math.Sqrt(sq), 1e-12)*math.Sqrt(float64(c))*float64(gamma[i]), act)
					}
				}
				if e := worst(dst.f, want); !(e <= 3e-6) {
					t.Fatalf("%v act %d: off by %.3g", s, act, e)
				}
			}
		}
	})
}

// TestErrors: every operator names itself and what does not match, and writes
// nothing.
func TestErrors(t *testing.T) {
	b := open(t, "generic", 1)
	other := open(t, "generic", 1)
	o := b.Ops()
	mat := func(r, c int) kernels.Mat { return kernels.Dense(kernels.Host(make([]float32, r*c)), r, c) }
	vol := func(c, t, h, w int) kernels.Vol {
		return kernels.Vol{Data: kernels.Host(make([]float32, c*t*h*w)), C: c, T: t, H: h, W: w}
	}
	l, err := o.PackLinear(3, 4, make([]float32, 12), nil)
	must(t, err)
	foreign, err := other.Ops().PackLinear(3, 4, make([]float32, 12), nil)
	must(t, err)
	cw, err := o.PackConv(kernels.Conv{Out: 2, In: 3, KT: 3, KH: 3, KW: 3, W: make([]float32, 2*3*27)})
	must(t, err)
	short := mat(2, 4)
	short.Rows = 3
	huge := mat(1, 1)
	huge.Rows, huge.Cols, huge.Stride = 1<<40, 1, 1<<40
	second := func(_ any, err error) error { return err }
	for i, err := range []error{
		second(o.PackLinear(0, 4, nil, nil)),
		second(o.PackLinear(3, 4, make([]float32, 11), nil)),
		second(o.PackLinear(3, 4, make([]float32, 12), make([]float32, 2))),
		second(o.PackLinear(1<<40, 1<<40, nil, nil)),
		o.Linear(mat(2, 3), mat(2, 5), l, 0),
		o.Linear(mat(2, 3), mat(3, 4), l, 0),
		o.Linear(mat(2, 3), short, l, 0),
		o.Linear(mat(2, 3), huge, l, 0),
		o.Linear(mat(2, 3), mat(2, 4), foreign, 0),
		o.Linear(mat(2, 3), mat(2, 4), nil, 0),
		o.Linear(mat(2, 3), mat(2, 4), l, 9),
		o.Linear(kernels.Mat{Rows: 2, Cols: 3, Stride: 3}, mat(2, 4), l, 0),
		o.LayerNorm(mat(2, 3), mat(2, 4), nil, nil, 0),
		o.LayerNorm(mat(2, 4), mat(2, 4), make([]float32, 3), nil, 0),
		o.LayerNorm(mat(2, 4), mat(2, 4), nil, nil, float32(math.NaN())),
		o.RMSNorm(mat(2, 4), mat(1, 4), nil, 0),
		o.Rope(mat(2, 8), 3, mat(2, 2), mat(2, 2)),
		o.Rope(mat(2, 8), 2, mat(1, 2), mat(2, 2)),
		o.Rope(mat(2, 8), 0, mat(2, 2), mat(2, 2)),
		o.Activate(mat(1, 1), 7),
		o.AddGated(mat(1, 2), mat(2, 2), nil),
		o.AddGated(mat(2, 2), mat(2, 2), make([]float32, 1)),
		second(o.PackConv(kernels.Conv{Out: 1, In: 1, KT: 1, KH: 2, KW: 1, W: make([]float32, 2)})),
		second(o.PackConv(kernels.Conv{Out: 1, In: 1, KT: 1, KH: 1, KW: 1, W: make([]float32, 2)})),
		o.Conv(vol(2, 1, 4, 4), vol(3, 1, 4, 5), kernels.Vol{}, cw, 1),
		o.Conv(vol(2, 1, 4, 4), vol(3, 1, 4, 4), kernels.Vol{}, cw, 2),
		o.Conv(vol(2, 1, 4, 4), vol(3, 1, 4, 4), kernels.Vol{}, cw, 3),
		o.Conv(vol(2, 1, 4, 4), vol(3, 1, 4, 4), vol(3, 3, 4, 4), cw, 1),
		o.Conv(vol(2, 1, 4, 4), vol(3, 1, 4, 4), vol(3, 1, 4, 3), cw, 1),
		o.Conv(vol(2, 1, 4, 4), vol(3, 1, 4, 4), kernels.Vol{}, nil, 1),
		o.ChannelNorm(vol(2, 1, 2, 2), vol(2, 1, 2, 3), make([]float32, 2), 0),
		o.ChannelNorm(vol(2, 1, 2, 2), vol(2, 1, 2, 2), nil, 0),
		o.ChannelNorm(vol(2, 1, 2, 2), vol(2, 1, 2, 2), make([]float32, 3), 0),
		second(b.Alloc(kernels.BF16, 4)),
		second(b.Alloc(kernels.F32, -1)),
	} {
		if err == nil {
			t.Errorf("case %d: no error", i)
		}
	}
	buf, err := b.Alloc(kernels.F32, 3)
	must(t, err)
	if buf.Len() != 3 || len(buf.Float32()) != 3 {
		t.Errorf("allocated %d elements", buf.Len())
	}
	// Nothing to do is no error.
	must(t, o.Linear(mat(0, 3), mat(0, 4), l, 0))
	must(t, o.Activate(mat(0, 0), kernels.GELU))
	must(t, o.Conv(vol(2, 0, 4, 4), vol(3, 0, 4, 4), kernels.Vol{}, cw, 1))
	if err := o.Linear(mat(2, 3), mat(2, 5), l, 0); err == nil || fmt.Sprint(err) != "linear: x [2,5], weights [3,4], dst [2,3] do not match" {
		t.Errorf("message: %v", err)
	}
}
