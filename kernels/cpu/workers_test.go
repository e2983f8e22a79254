package cpu

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"longtake/kernels"
)

// workload runs every operator and plan once and returns all results. make
// prepares weights and plans on a backend.
func workload(t testing.TB, b *Backend) (run func() error, results func() []float32) {
	t.Helper()
	o := b.Ops()
	const rows, d, heads = 157, 48, 3
	var outs [][]float32
	buf := func(n int) kernels.Host {
		f := make([]float32, n)
		outs = append(outs, f)
		return f
	}
	mat := func(h kernels.Host, rows, cols int) kernels.Mat { return kernels.Dense(h, rows, cols) }
	x := mat(random(1, rows*d), rows, d)
	gate := random(9, d)
	var steps []func() error

	l, err := o.PackLinear(90, d, random(2, 90*d), random(3, 90))
	must(t, err)
	h1 := mat(buf(rows*90), rows, 90)
	steps = append(steps, func() error { return o.Linear(h1, x, l, kernels.GELU) })

	normed, rms := mat(buf(rows*d), rows, d), mat(buf(rows*d), rows, d)
	cos, sin := mat(random(4, rows*d/heads/2), rows, d/heads/2), mat(random(5, rows*d/heads/2), rows, d/heads/2)
	steps = append(steps,
		func() error { return o.LayerNorm(normed, x, gate, gate, 1e-6) },
		func() error { return o.RMSNorm(rms, x, gate, 1e-6) },
		func() error { return o.Rope(rms, heads, cos, sin) },
		func() error { return o.AddGated(normed, rms, gate) },
		func() error { return o.Activate(normed, kernels.SiLU) })

	const ci, co, frames, side = 5, 9, 2, 12
	cw, err := o.PackConv(kernels.Conv{Out: co, In: ci, KT: 3, KH: 3, KW: 3, W: random(6, co*ci*27), B: random(7, co)})
	must(t, err)
	vol := func(h kernels.Host, c, t, s int) kernels.Vol { return kernels.Vol{Data: h, C: c, T: t, H: s, W: s} }
	in, prev := vol(random(8, ci*frames*side*side), ci, frames, side), vol(random(10, ci*side*side), ci, 1, side)
	conv := vol(buf(co*frames*4*side*side), co, frames, 2*side)
	cn := vol(buf(co*frames*4*side*side), co, frames, 2*side)
	steps = append(steps,
		func() error { return o.Conv(conv, in, prev, cw, 2) },
		func() error { return o.ChannelNorm(cn, conv, gate[:co], kernels.SiLU) })

	shape := kernels.Shape{B: 1, H: heads, Hkv: 1, NQ: rows, NK: rows, D: d / heads}
	mask := kernels.BlockMask{QEnd: []int32{50, 100, rows}, KEnd: []int32{70, rows}, Row: []int32{0, 2, 2, 3}, Col: []int32{0, 1, 1}, Heads: 1}
	for i, lg := range []kernels.Logits{
		{Scale: 0.25},
		{Scale: 0.2},
		{Scale: 0.25, CenterK: true, PositiveOnly: true, Bands: []kernels.Band{{To: 20, Factor: 1}, {Factor: 0.8}}, Cut: []kernels.Rect{{Q1: 5, K0: 100, K1: rows}}},
	} {
		m := mask
		switch i {
		case 1: // rows that share panels
			m = shortRows(rows)
		case 2:
			m = denseMask(rows, rows)
		}
		p, err := b.Plan(shape, m, lg)
		must(t, err)
		out, lse := kernels.Heads(buf(rows*d), rows, heads, d/heads), kernels.Heads(buf(rows*heads), rows, heads, 1)
		kv := func(seed uint64) kernels.Tensor {
			return kernels.Heads(kernels.Host(random(seed, rows*d/heads)), rows, 1, d/heads)
		}
		args := kernels.Args{Q: kernels.Heads(x.Data, rows, heads, d/heads), K: kv(11), V: kv(12), Out: out, LSE: &lse}
		steps = append(steps, func() error { return p.Run(args) })
	}
	run = func() error {
		for i, f := range steps {
			if err := f(); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
		}
		return nil
	}
	results = func() []float32 {
		var all []float32
		for _, f := range outs {
			all = append(all, f...)
		}
		return all
	}
	return run, results
}

// shortRows is a mask of blocks of 9 that see their neighbours and the first.
func shortRows(n int) kernels.BlockMask {
	m := kernels.BlockMask{Row: []int32{0}, Heads: 1}
	for at := 0; at < n; at += 9 {
		end := int32(min(at+9, n))
		m.QEnd, m.KEnd = append(m.QEnd, end), append(m.KEnd, end)
	}
	for r := range m.QEnd {
		for c := range m.KEnd {
			if c == 0 || c >= r-1 && c <= r+1 {
				m.Col = append(m.Col, int32(c))
			}
		}
		m.Row = append(m.Row, int32(len(m.Col)))
	}
	return m
}

// TestWorkers: results are the same bits for any number of workers, and on a
// second run.
func TestWorkers(t *testing.T) {
	each(t, func(t *testing.T, b *Backend) {
		var want []float32
		for _, workers := range []int{1, 2, 3, 7} {
			run, results := workload(t, open(t, b.Variant(), workers))
			for range 2 {
				must(t, run())
				got := results()
				if want == nil {
					want = got
				}
				if err := sameBits(got, want); err != nil {
					t.Fatalf("%d workers: %v", workers, err)
				}
			}
		}
	})
}

// TestShared: several goroutines use one backend at a time.
func TestShared(t *testing.T) {
	each(t, func(t *testing.T, b *Backend) {
		run, results := workload(t, b)
		must(t, run())
		want := results()
		var wg sync.WaitGroup
		for range 4 {
			run, results := workload(t, b)
			wg.Go(func() {
				for range 2 {
					if err := run(); err != nil {
						t.Error(err)
						return
					}
					if err := sameBits(results(), want); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

// TestAllocations: nothing allocates once the sizes are known; plans do not on
// their first run either.
func TestAllocations(t *testing.T) {
	each(t, func(t *testing.T, b *Backend) {
		run, _ := workload(t, b)
		must(t, run())
		if n := testing.AllocsPerRun(3, func() {
			if err := run(); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}

		const nq, d = 70, 24
		plan := func() (kernels.Plan, kernels.Args) {
			p, err := b.Plan(kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: nq, NK: nq, D: d}, denseMask(nq, nq), kernels.Logits{Scale: 1, CenterK: true})
			must(t, err)
			in := headMajor(random(1, nq*d), 1, nq, d)
			return p, kernels.Args{Q: in, K: in, V: in, Out: headMajor(make([]float32, nq*d), 1, nq, d)}
		}
		p, args := plan()
		mallocs := func(f func()) uint64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f()
			runtime.ReadMemStats(&after)
			return after.Mallocs - before.Mallocs
		}
		if n := mallocs(func() { must(t, p.Run(args)) }); n > 8 { // the runtime's own
			t.Errorf("the first run made %d allocations", n)
		}
		// The helpers are away: the caller finds scratch of its own.
		p, args = plan()
		b.pool.mu.Lock()
		var held []*scratch
		for range b.Workers() {
			held = append(held, b.pool.spare.get())
		}
		if n := mallocs(func() { must(t, p.Run(args)) }); n > 8 {
			t.Errorf("the first run of a second caller made %d allocations", n)
		}
		for _, s := range held {
			b.pool.spare.put(s)
		}
		b.pool.mu.Unlock()
	})
}
