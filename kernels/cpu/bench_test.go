package cpu

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"longtake/kernels"
)

// BenchmarkGEMM measures a matrix product against gonum's, round by round in
// one loop so that both meet the same load of the machine.
func BenchmarkGEMM(b *testing.B) {
	for _, s := range [][3]int{{1008, 1024, 1024}, {1344, 128, 512}, {1344, 512, 128}, {1344, 128, 128}} {
		m, k, n := s[0], s[1], s[2]
		b.Run(fmt.Sprintf("%dx%dx%d", m, k, n), func(b *testing.B) {
			x, w, dst := random(1, m*k), random(2, n*k), make([]float32, m*n)
			flop := 2 * float64(m) * float64(k) * float64(n)
			var r rounds
			for _, name := range Variants() {
				if name == "generic" {
					continue
				}
				be := open(b, name, 1)
				l, err := be.Ops().PackLinear(n, k, w, nil)
				must(b, err)
				r.add(name, func() {
					must(b, be.Ops().Linear(kernels.Dense(kernels.Host(dst), m, n), kernels.Dense(kernels.Host(x), m, k), l, kernels.NoAct))
				})
			}
			r.add("gonum", func() {
				blas32.Gemm(blas.NoTrans, blas.Trans, 1, blas32.General{Rows: m, Cols: k, Stride: k, Data: x},
					blas32.General{Rows: n, Cols: k, Stride: k, Data: w}, 0, blas32.General{Rows: m, Cols: n, Stride: n, Data: dst})
			})
			r.run(b, flop)
		})
	}
}

// BenchmarkAttention measures dense attention against a mask that keeps a
// quarter of the frames, per pair that is attended.
func BenchmarkAttention(b *testing.B) {
	const heads = 2
	for _, g := range []struct{ frames, tokens, d int }{{84, 16, 64}, {84, 64, 64}, {4, 1560, 128}} {
		b.Run(fmt.Sprintf("%dframes_%dtokens_d%d", g.frames, g.tokens, g.d), func(b *testing.B) {
			n := g.frames * g.tokens
			in := func(seed uint64) kernels.Tensor {
				return kernels.Heads(kernels.Host(random(seed, n*heads*g.d)), n, heads, g.d)
			}
			args := kernels.Args{Q: in(1), K: in(2), V: in(3), Out: in(4)}
			var attended [][]int
			pairs := 0
			for f := range g.frames {
				var a []int
				for k := range g.frames {
					if d := k - f; k%8 == 0 || d >= -g.frames/16 && d <= g.frames/16 {
						a = append(a, k)
					}
				}
				attended = append(attended, a)
				pairs += len(a) * g.tokens * g.tokens
			}
			scale := float32(1 / math.Sqrt(float64(g.d)))
			var r rounds
			for _, name := range Variants() {
				if name == "generic" {
					continue
				}
				be := open(b, name, 1)
				for _, c := range []struct {
					kind  string
					mask  kernels.BlockMask
					l     kernels.Logits
					pairs int
				}{
					{"dense", denseMask(n, n), kernels.Logits{Scale: scale}, n * n},
					{"sparse", frameMask(attended, g.tokens), kernels.Logits{Scale: scale}, pairs},
					{"bands", denseMask(n, n), kernels.Logits{Scale: scale, CenterK: true, PositiveOnly: true,
						Bands: []kernels.Band{{To: float32(n / 8), Factor: 1}, {Factor: 0.9}}}, n * n},
				} {
					p, err := be.Plan(kernels.Shape{B: 1, H: heads, Hkv: heads, NQ: n, NK: n, D: g.d}, c.mask, c.l)
					must(b, err)
					r.addFlop(name+"_"+c.kind, 4*float64(c.pairs)*float64(g.d)*heads, func() { must(b, p.Run(args)) })
				}
			}
			r.run(b, 0)
		})
	}
}

// BenchmarkConv measures convolutions of the size of the small decoder's.
func BenchmarkConv(b *testing.B) {
	for _, c := range []struct{ in, out, frames, side, up int }{{64, 64, 1, 8, 1}, {64, 64, 2, 16, 1}, {32, 32, 4, 32, 1}, {32, 16, 4, 32, 2}, {16, 16, 4, 64, 1}} {
		b.Run(fmt.Sprintf("%dto%d_%dx%dx%d_up%d", c.in, c.out, c.frames, c.side, c.side, c.up), func(b *testing.B) {
			x := kernels.Vol{Data: kernels.Host(random(1, c.in*c.frames*c.side*c.side)), C: c.in, T: c.frames, H: c.side, W: c.side}
			side := c.side * c.up
			dst := kernels.Vol{Data: kernels.Host(make([]float32, c.out*c.frames*side*side)), C: c.out, T: c.frames, H: side, W: side}
			spec := kernels.Conv{Out: c.out, In: c.in, KT: 3, KH: 3, KW: 3, W: random(2, c.out*c.in*27)}
			var r rounds
			for _, name := range Variants() {
				if name == "generic" {
					continue
				}
				be := open(b, name, 1)
				w, err := be.Ops().PackConv(spec)
				must(b, err)
				r.add(name, func() { must(b, be.Ops().Conv(dst, x, kernels.Vol{}, w, c.up)) })
			}
			r.run(b, 2*27*float64(c.in*c.out*c.frames*side*side))
		})
	}
}
