package suites

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"longtake/bench"
	"longtake/kernels"
	"longtake/kernels/cpu"
)

type gemmCase struct{ m, k, n int }

// gemmCases are a square, the products of the built-in model at four times its
// horizon, and with full those of Wan 1.3B.
func gemmCases(full bool) []gemmCase {
	list := []gemmCase{{1024, 1024, 1024}, {1344, 192, 192}, {1344, 192, 768}, {1344, 768, 192}}
	if full {
		list = append(list, gemmCase{1560, 1536, 1536}, gemmCase{1560, 1536, 8960}, gemmCase{1560, 8960, 1536})
	}
	return list
}

func (c gemmCase) name() string { return fmt.Sprintf("%dx%dx%d", c.m, c.k, c.n) }

var gemmPeers = []string{"openblas-sgemm", "torch-mm", "onnxruntime-matmul"}

func (c gemmCase) work(all []*machine, peers *peers) (w []work) {
	flop := 2 * float64(c.m) * float64(c.k) * float64(c.n)
	for _, m := range all {
		w = append(w, work{flop: flop, workers: m.Workers()})
		if m.Variant() == all[0].Variant() && peers.list[m.Workers()] != nil {
			for range gemmPeers {
				w = append(w, work{flop: flop, workers: m.Workers(), setup: 1})
			}
		}
	}
	return w
}

// GEMM measures matrix products with packed weights.
func GEMM(ctx context.Context, o KernelOptions) ([]bench.Record, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	all, err := machines(o.Variant)
	if err != nil {
		return nil, err
	}
	if o.Variant == "" && slices.Contains(cpu.Variants(), "avx2") && all[0].Variant() != "avx2" {
		m, err := newMachine("avx2", 1)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	peers := startPeers(ctx, o, all)
	defer peers.close()
	cases := slices.DeleteFunc(gemmCases(o.Full), func(c gemmCase) bool { return !o.wants(c.name()) })
	run := progress{log: o.Log}
	for _, c := range cases {
		run.expect(o, c.work(all, peers))
	}
	var out []bench.Record
	for _, c := range cases {
		g := group{name: c.name()}
		run.check(g.name)
		var in [3][]float32 // in the machine's memory, as a transformer's are
		for i, n := range []int{c.m * c.k, c.n * c.k, c.m * c.n} {
			b, err := all[0].Alloc(kernels.F32, n)
			if err != nil {
				return out, fmt.Errorf("bench: %w", err)
			}
			in[i] = b.Float32()
		}
		x, w, dst := in[0], in[1], in[2]
		fillNormal(x, 1)
		fillNormal(w, 2)
		kb := KernelBench{Suite: "gemm", Case: g.name, Impl: own, M: c.m, K: c.k, N: c.n}
		flop := 2 * float64(c.m) * float64(c.k) * float64(c.n)
		bytes := 4 * float64(c.m*c.k+c.k*c.n+c.m*c.n)
		for _, m := range all {
			l, err := m.Ops().PackLinear(c.n, c.k, w, nil)
			if err != nil {
				return out, fmt.Errorf("bench: %w", err)
			}
			call := func() error {
				return m.Ops().Linear(kernels.Dense(kernels.Host(dst), c.m, c.n), kernels.Dense(kernels.Host(x), c.m, c.k), l, kernels.NoAct)
			}
			clear(dst)
			if err := call(); err != nil {
				return out, fmt.Errorf("bench: %w", err)
			}
			worst, bound := c.check(x, w, dst)
			if !(worst <= bound) {
				return out, fmt.Errorf("bench: %s: %s with %d workers differs from float64 by %.3g: at most %.3g is allowed, so that it has no time", g.name, m.Variant(), m.Workers(), worst, bound)
			}
			kb.Workers = m.Workers()
			g.entries = append(g.entries, &entry{bench: kb, variant: m.Variant(), machine: m, flop: flop, bytes: bytes,
				metrics: map[string]float64{MaxError: worst, ErrorBound: bound}, run: calls(call)})
		}
		for _, name := range gemmPeers {
			for _, m := range all {
				if m.Variant() != all[0].Variant() {
					continue
				}
				kb.Workers = m.Workers()
				p, err := peers.load(m, peerCase{Impl: name, M: c.m, K: c.k, N: c.n, A: x, B: w})
				if p == nil || err != nil {
					peers.note(name, g.name, err)
					continue
				}
				worst, bound := c.check(x, w, p.out)
				if !(worst <= bound) {
					peers.note(name, g.name, fmt.Errorf("it differs from float64 by %.3g: at most %.3g is allowed", worst, bound))
					continue
				}
				kb.Impl = p.name
				g.entries = append(g.entries, &entry{bench: kb, machine: m, flop: flop, bytes: bytes,
					metrics: map[string]float64{MaxError: worst, ErrorBound: bound}, run: p.run})
				kb.Impl = own
			}
		}
		records, err := g.measure(ctx, o, &run)
		if err != nil {
			return out, err
		}
		out = append(out, records...)
		peers.unload()
	}
	return out, peers.err(o.Log)
}

// check compares sampled elements with float64. The bound is twice what a plain
// float32 sum errs.
func (c gemmCase) check(x, w, got []float32) (worst, bound float64) {
	r := rand.New(rand.NewPCG(3, 3))
	var square float64
	const samples = 2000
	for range samples {
		i, j := r.IntN(c.m), r.IntN(c.n)
		var exact float64
		var plain float32
		for p := range c.k {
			exact += float64(x[i*c.k+p]) * float64(w[j*c.k+p])
			plain += x[i*c.k+p] * w[j*c.k+p]
		}
		if e := math.Abs(float64(got[i*c.n+j]) - exact); !(e <= worst) {
			worst = e
		}
		bound = max(bound, 2*math.Abs(float64(plain)-exact))
		square += exact * exact
	}
	return worst, bound + 4*math.Sqrt(square/samples)/(1<<23)
}

func fillNormal(x []float32, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 7))
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
}

func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of ours
	}
	return b
}
