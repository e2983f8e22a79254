package frames

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// testEach runs a test on every variant; one that cannot run here is a skip that says why.
func testEach(t *testing.T, f func(t *testing.T, v *variant)) {
	t.Helper()
	for _, v := range append([]variant{{name: "generic"}}, asmVariants()...) {
		t.Run(v.name, func(t *testing.T) {
			if v.lacked != "" {
				t.Skip(v.lacked)
			}
			f(t, &v)
		})
	}
}

var sizes = []int{0, 1, 7, 8, 9, 15, 16, 17, 23, 24, 25, 100, 104}

func TestTaps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	g := [3]float32{0.05, 0.24, 0.42}
	testEach(t, func(t *testing.T, v *variant) {
		for _, n := range sizes {
			var in [5][]float32
			for k := range in {
				for range n {
					in[k] = append(in[k], 255*r.Float32())
				}
			}
			const guard = -7
			got := make([]float32, n+2)
			got[0], got[n+1] = guard, guard
			v.fiveTaps(got[1:n+1], in[0], in[1], in[2], in[3], in[4], &g)
			if got[0] != guard || got[n+1] != guard {
				t.Errorf("%d samples: a guard value was overwritten", n)
			}
			for i, x := range got[1 : n+1] {
				p0, p1, p2 := g[0]*(in[0][i]+in[4][i]), g[1]*(in[1][i]+in[3][i]), g[2]*in[2][i]
				if p := p0 + p1; x != p+p2 {
					t.Fatalf("%d samples: %v at %d, want %v", n, x, i, p+p2)
				}
			}
		}
	})
}

func TestSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	testEach(t, func(t *testing.T, v *variant) {
		for _, n := range sizes {
			src := make([]float32, n)
			for i := range src {
				if src[i] = 800*r.Float32() - 400; i%3 == 0 { // at a half, and at the ends
					src[i] = []float32{0, 1. / 128, -1. / 128, 127 + 1./128, 255, 255.5, -256, 300}[r.IntN(8)]
				}
			}
			const less, most, unit, guard = -256, 511, 64, 0xdead
			got := make([]uint16, n+2)
			got[0], got[n+1] = guard, guard
			v.inSteps(got[1:n+1], src, less, most, unit)
			if got[0] != guard || got[n+1] != guard {
				t.Errorf("%d samples: a guard value was overwritten", n)
			}
			for i, x := range got[1 : n+1] {
				c := math.Max(0, math.Min(most, float64(src[i])-less))
				if want := uint16(math.Floor(c*unit + 0.5)); x != want {
					t.Errorf("%d samples: %v becomes %d, want %d", n, src[i], x, want)
				}
			}
		}
	})
}

func TestTones(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	type shape struct{ n, rows, apart, behind int } // pixels between the rows and behind them
	shapes := []shape{{13, 10, 91, 91}, {13, 10, 91, 0}, {13, 7, 0, 2}, {16, 3, 0, 0}, {5, 3, 1, 0}, {31, 2, 4, 9}, {mostPixels, 70, 0, 0}, {3, mostPixels, 2, 0}, {0, 3, 8, 8}, {8, 0, 8, 8}}
	for _, n := range append([]int{13, 31, 32, 33, 3999, mostPixels}, sizes...) {
		shapes = append(shapes, shape{n, 1, 0, 0}, shape{n, 1, 7, 5}, shape{n, 1, 0, 20}, shape{n, 2, 3, 20})
	}
	testEach(t, func(t *testing.T, v *variant) {
		for _, c := range shapes {
			stride := c.n + c.apart
			size := max(0, c.rows-1)*stride + c.n + c.behind
			rgb, luma := make([]byte, 3*size), make([]byte, size+1)
			for i := range rgb {
				if rgb[i] = byte(r.Uint32()); i/3%5 == 0 {
					rgb[i] = 0
				} else if i/3%5 == 1 || c.rows > 50 { // as large as can be
					rgb[i] = 255
				}
			}
			for i := range luma {
				luma[i] = byte(i)
			}
			want, wantLuma := Sums{N: c.n * c.rows}, slices.Clone(luma)
			for y := range c.rows {
				for i := range c.n {
					at := y*stride + i
					p := [3]int{int(rgb[3*at]), int(rgb[3*at+1]), int(rgb[3*at+2])}
					y := (299*p[0] + 587*p[1] + 114*p[2] + 500) / 1000
					wantLuma[at] = byte(y)
					for k, v := range [...]int{Luma: y, Square: y * y, Red: p[0], Green: p[1], Blue: p[2]} {
						want.Of[k] += uint64(v)
					}
					if hi := slices.Max(p[:]); hi > 0 {
						want.Saturation[i%4] += float64(hi-slices.Min(p[:])) / float64(hi)
					}
				}
			}
			var got Sums
			if v.allTones(luma[:size], rgb, stride, c.n, c.rows, &got); !slices.Equal(luma, wantLuma) {
				t.Errorf("%+v: luma, or what is beside it, is wrong", c)
			}
			if got != want {
				t.Errorf("%+v: %+v, want %+v", c, got, want)
			}
		}
	})
}

func TestEdges(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	testEach(t, func(t *testing.T, v *variant) {
		for _, c := range []struct{ n, rows, stride, behind int }{
			{1, 1, 8, 0}, {13, 10, 104, 0}, {13, 10, 104, 60}, {16, 3, 16, 0}, {17, 2, 40, 19}, {33, 9, 40, 0}, {5, 6, 16, 3}, {12, 1, 12, 4}, {0, 3, 8, 0}, {3, 0, 8, 0}, {16, mostPixels, 20, 0},
		} {
			image := make([]byte, max(0, (c.rows+edgeReach-1)*c.stride+c.n+max(c.behind, edgeReach)))
			for i := range image {
				if image[i] = byte(r.Uint32()); c.rows == mostPixels { // as different as can be
					image[i] = byte(255 * (i % 2))
				}
			}
			want := [3]uint64{1, 2, 3}
			got := want
			for y := range c.rows {
				for x := range c.n {
					at := y*c.stride + x
					for k := range want {
						for _, other := range [...]int{at + 1<<k, at + c.stride<<k} {
							d := int(image[at]) - int(image[other])
							want[k] += uint64(d * d)
						}
					}
				}
			}
			if v.allEdges(&got, image, c.stride, c.n, c.rows); got != want {
				t.Errorf("%+v: %v, want %v", c, got, want)
			}
		}
	})
}

func TestNormal(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	testEach(t, func(t *testing.T, v *variant) {
		for _, n := range []int{0, 1, 2, 7, 100, 2601} {
			rows := make([][8]float64, n)
			var want, got [6][8]float64
			for i := range want {
				want[i][6] = r.NormFloat64()
			}
			got = want
			for i := range rows {
				for k := range 7 {
					rows[i][k] = r.NormFloat64() * math.Exp(4*r.NormFloat64())
				}
			}
			const spread = 3.7
			for _, q := range rows {
				w := 1 / (1 + float64(q[6]*q[6])/spread)
				for i := range 6 {
					for k := i; k < 7; k++ {
						want[i][k] += float64(float64(w*q[i]) * q[k])
					}
				}
			}
			v.allNormal(&got, rows, spread)
			for i := range 6 {
				for k := i; k < 7; k++ {
					if got[i][k] != want[i][k] {
						t.Errorf("%d rows: sum %d, %d: %g, want %g", n, i, k, got[i][k], want[i][k])
					}
				}
			}
		}
	})
}

// Every colour has the luma that the formula gives.
func TestLumaOfEveryColour(t *testing.T) {
	if testing.Short() {
		t.Skip("16 million colours")
	}
	testEach(t, func(t *testing.T, v *variant) {
		rgb, luma := make([]byte, 3*256), make([]byte, 256)
		for r := range 256 {
			for g := range 256 {
				for b := range 256 {
					rgb[3*b], rgb[3*b+1], rgb[3*b+2] = byte(r), byte(g), byte(b)
				}
				v.allTones(luma, rgb, 256, 256, 1, new(Sums))
				for b, y := range luma {
					if want := (299*r + 587*g + 114*b + 500) / 1000; int(y) != want {
						t.Fatalf("%d, %d, %d: %d, want %d", r, g, b, y, want)
					}
				}
			}
		}
	})
}

func TestWrongSizesPanic(t *testing.T) {
	testEach(t, func(t *testing.T, v *variant) {
		f := func(n int) []float32 { return make([]float32, n) }
		for name, f := range map[string]func(){
			"taps":   func() { v.fiveTaps(f(9), f(9), f(9), f(8), f(9), f(9), new([3]float32)) },
			"steps":  func() { v.inSteps(make([]uint16, 9), f(8), 0, 1, 1) },
			"pixels": func() { v.allTones(make([]byte, 20), make([]byte, 59), 20, 20, 1, new(Sums)) },
			"luma":   func() { v.allTones(make([]byte, 19), make([]byte, 60), 10, 10, 2, new(Sums)) },
			"edges":  func() { v.allEdges(new([3]uint64), make([]byte, 8*8+7), 8, 8, 5) },
			"many": func() {
				v.allTones(make([]byte, mostPixels+1), make([]byte, 3*mostPixels+3), mostPixels+1, mostPixels+1, 1, new(Sums))
			},
			"apart": func() { v.allTones(make([]byte, 20), make([]byte, 60), 9, 10, 2, new(Sums)) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: no panic", name)
					}
				}()
				f()
			}()
		}
	})
}

func BenchmarkTones(b *testing.B) {
	rgb, luma := make([]byte, 3*104*60), make([]byte, 104*60)
	for i := range rgb {
		rgb[i] = byte(i * 7)
	}
	for _, v := range append([]variant{{name: "generic"}}, asmVariants()...) {
		b.Run(v.name, func(b *testing.B) {
			if v.lacked != "" {
				b.Skip(v.lacked)
			}
			var s Sums
			for b.Loop() {
				for r := range 6 {
					for c := range 8 {
						at := 10*r*104 + 13*c
						v.allTones(luma[at:], rgb[3*at:], 104, 13, 10, &s)
					}
				}
			}
		})
	}
}

func BenchmarkSteps(b *testing.B) {
	const n, rows = 98, 54
	src, dst := make([]float32, rows*n), make([]uint16, n*rows)
	for i := range src {
		src[i] = float32(i%251) + 0.3
	}
	for _, v := range append([]variant{{name: "generic"}}, asmVariants()...) {
		b.Run(v.name, func(b *testing.B) {
			if v.lacked != "" {
				b.Skip(v.lacked)
			}
			b.SetBytes(4 * n * rows)
			for b.Loop() {
				for y := range rows {
					v.inSteps(dst[y*n:][:n], src[y*n:], -128, 511, 64)
				}
			}
		})
	}
}
