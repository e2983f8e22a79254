package cpu

import (
	"testing"

	"longtake/kernels"
)

// BenchmarkRowOperators measures the operators around the matrix products at
// the size of a small transformer, in billions of elements a second.
func BenchmarkRowOperators(b *testing.B) {
	const n, d, half = 1344, 128, 32
	for name, f := range map[string]func(o kernels.Ops) func() error{
		"layernorm": func(o kernels.Ops) func() error {
			x, y, g := dense(n, d), dense(n, d), random(3, d)
			return func() error { return o.LayerNorm(y, x, g, g, 1e-6) }
		},
		"rmsnorm": func(o kernels.Ops) func() error {
			x, y, g := dense(n, d), dense(n, d), random(3, d)
			return func() error { return o.RMSNorm(y, x, g, 1e-6) }
		},
		"rope": func(o kernels.Ops) func() error {
			x, c, s := dense(n, d), dense(n, half), dense(n, half)
			return func() error { return o.Rope(x, d/2/half, c, s) }
		},
		"addgated": func(o kernels.Ops) func() error {
			x, y, g := dense(n, d), dense(n, d), make([]float32, d)
			return func() error { return o.AddGated(x, y, g) }
		},
		"gelu": func(o kernels.Ops) func() error {
			x, y := dense(n, d), dense(n, d)
			return func() error { // afresh: in place it would wander into denormals
				copy(y.Data.Float32(), x.Data.Float32())
				return o.Activate(y, kernels.GELU)
			}
		},
		"channelnorm": func(o kernels.Ops) func() error {
			x := kernels.Vol{Data: kernels.Host(random(1, n*d)), C: 16, T: 1, H: n / 16, W: d}
			g := random(3, 16)
			return func() error { return o.ChannelNorm(x, x, g, kernels.NoAct) }
		},
	} {
		b.Run(name, func(b *testing.B) {
			r := rounds{unit: "_Gelem/s"}
			for _, v := range Variants() {
				step := f(open(b, v, 1).Ops())
				r.add(v, func() { must(b, step()) })
			}
			r.run(b, n*d)
		})
	}
}

func dense(rows, cols int) kernels.Mat {
	return kernels.Dense(kernels.Host(random(1, rows*cols)), rows, cols)
}
