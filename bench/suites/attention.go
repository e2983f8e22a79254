package suites

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"longtake/bench"
	"longtake/kernels"
	"longtake/kernels/exact"
	"longtake/lvsa"
)

// denseCase is dense attention alone.
type denseCase struct{ heads, tokens, dim int }

var denseCases = []denseCase{{8, 2048, 64}, {12, 4096, 128}, {2, 1344, 64}}

// videoCase is the same video under dense attention and under sparse methods.
type videoCase struct{ frames, perFrame, heads, dim int }

const referenceFrames = 21 // training horizon of Wan 2.1 and of the built-in model, latent

func videoCases(full bool) []videoCase {
	var list []videoCase
	for _, perFrame := range []int{16, 64} {
		for _, frames := range []int{42, 63, 84, 121} {
			list = append(list, videoCase{frames, perFrame, 2, 64})
		}
	}
	if full {
		list = append(list, videoCase{42, 1560, 1, 128}, videoCase{84, 1560, 1, 128})
	}
	return list
}

// Attention measures dense attention against what one would use instead, and
// sparse attention against dense.
func Attention(ctx context.Context, o KernelOptions) ([]bench.Record, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	all, err := machines(o.Variant)
	if err != nil {
		return nil, err
	}
	peers := startPeers(ctx, o, all)
	defer peers.close()
	dense := slices.DeleteFunc(slices.Clone(denseCases), func(c denseCase) bool { return !o.wants(c.name()) })
	videos := slices.DeleteFunc(videoCases(o.Full), func(c videoCase) bool { return !o.wants(c.name()) })
	run := progress{log: o.Log}
	for _, c := range dense {
		run.expect(o, c.work(all, peers))
	}
	for _, c := range videos {
		run.expect(c.options(o), c.work(all, peers))
	}
	var out []bench.Record
	for _, c := range dense {
		records, err := c.measure(ctx, o, all, peers, &run)
		if err != nil {
			return out, err
		}
		out = append(out, records...)
	}
	for _, c := range videos {
		records, err := c.measure(ctx, o, all, peers, &run)
		if err != nil {
			return out, err
		}
		out = append(out, records...)
	}
	return out, peers.err(o.Log)
}

func (c denseCase) name() string { return fmt.Sprintf("(%d, %d, %d)", c.heads, c.tokens, c.dim) }

var densePeers = []string{"torch-sdpa", "onnxruntime-attention", "onnxruntime-mha"}

func (c denseCase) work(all []*machine, peers *peers) (w []work) {
	flop := 4 * float64(c.heads) * float64(c.tokens) * float64(c.tokens) * float64(c.dim)
	for _, m := range all {
		w = append(w, work{flop: flop, workers: m.Workers()})
		if peers.list[m.Workers()] != nil {
			for range densePeers {
				w = append(w, work{flop: flop, workers: m.Workers(), setup: 1})
			}
		}
	}
	return w
}

func (c denseCase) measure(ctx context.Context, o KernelOptions, all []*machine, peers *peers, run *progress) ([]bench.Record, error) {
	g := group{name: c.name()}
	run.check(g.name)
	t, err := newTensors(all[0], c.heads, c.tokens, c.dim)
	if err != nil {
		return nil, err
	}
	kb := KernelBench{Suite: "attention", Case: g.name, Impl: own, Heads: c.heads, Tokens: c.tokens, Dim: c.dim}
	for _, m := range all {
		if err := g.add(m, kb, t, "dense", lvsa.Geometry{Frames: 1, Rows: 1, Cols: c.tokens, Reference: 1}); err != nil {
			return nil, err
		}
	}
	for _, name := range densePeers {
		for _, m := range all {
			g.addPeer(peers, m, kb, t, name, g.entries[0], nil)
		}
	}
	records, err := g.measure(ctx, o, run)
	if err == nil {
		peers.unload()
	}
	return records, err
}

func (c videoCase) name() string { return fmt.Sprintf("T %d x %d", c.frames, c.perFrame) }

// large cases take minutes: they run on all cores, in fewer rounds.
func (c videoCase) large() bool { return c.perFrame > 1000 }

func (c videoCase) options(o KernelOptions) KernelOptions {
	if c.large() {
		o.Count = min(o.Count, 2)
	}
	return o
}

// methods of a case on a machine, the first or another of all.
func (c videoCase) methods(first bool) []string {
	longest := c.large() && c.frames > 2*referenceFrames // UltraViCo is as long as dense: the shorter case shows it
	if first && !longest {
		return []string{"dense", "lvsa", "ultravico"}
	}
	return []string{"dense", "lvsa"}
}

func (c videoCase) machines(all []*machine) []*machine {
	if c.large() {
		return all[len(all)-1:]
	}
	return all
}

func (c videoCase) work(all []*machine, peers *peers) (w []work) {
	n := float64(c.frames * c.perFrame)
	flop := 4 * float64(c.heads) * n * n * float64(c.dim)
	attended := flop * lvsaCost(c.frames)
	for i, m := range c.machines(all) {
		for _, method := range c.methods(i == 0) {
			f := flop
			if method == "lvsa" {
				f = attended
			}
			w = append(w, work{flop: f, workers: m.Workers()})
		}
		if i == 0 && peers.list[m.Workers()] != nil {
			w = append(w, work{flop: 2 * attended, workers: m.Workers(), setup: 8})
		}
	}
	return w
}

// lvsaCost is about the fraction that LVSA attends to.
func lvsaCost(frames int) float64 { return min(1, referenceFrames/float64(frames)) }

func (c videoCase) measure(ctx context.Context, o KernelOptions, all []*machine, peers *peers, run *progress) ([]bench.Record, error) {
	run.check(c.name())
	n := c.frames * c.perFrame
	t, err := newTensors(all[0], c.heads, n, c.dim)
	if err != nil {
		return nil, err
	}
	geometry := lvsa.Geometry{Frames: c.frames, Rows: 1, Cols: c.perFrame, Reference: referenceFrames}
	g := group{name: c.name()}
	kb := KernelBench{Suite: "attention", Case: g.name, Impl: own, Heads: c.heads, Tokens: n, Dim: c.dim, LatentFrames: c.frames, TokensPerFrame: c.perFrame}
	pattern, err := lvsa.ComputePattern(lvsa.DefaultPatternParams(c.frames, referenceFrames))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	var attended [][]int
	for f := range c.frames {
		attended = append(attended, pattern.Keys(f))
	}
	for i, m := range c.machines(all) {
		for _, method := range c.methods(i == 0) {
			if err := g.add(m, kb, t, method, geometry); err != nil {
				return nil, err
			}
			if method == "lvsa" && i == 0 {
				g.addPeer(peers, m, kb, t, "torch-flex", g.entries[len(g.entries)-1], attended)
			}
		}
	}
	records, err := g.measure(ctx, c.options(o), run)
	if err == nil {
		peers.unload()
	}
	return records, err
}

// tensors are q, k, v as a transformer leaves them, [tokens, heads*dim], and
// outputs.
type tensors struct {
	heads, tokens, dim int
	in                 [3][]float32
	args               kernels.Args
	lse                kernels.Tensor
}

// newTensors are in memory of the machine, where a transformer's are.
func newTensors(m *machine, heads, tokens, dim int) (*tensors, error) {
	t := &tensors{heads: heads, tokens: tokens, dim: dim}
	var args [4]kernels.Tensor
	for i := range args {
		b, err := m.Alloc(kernels.F32, tokens*heads*dim)
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		args[i] = kernels.Heads(b, tokens, heads, dim)
		if i < len(t.in) {
			t.in[i] = b.Float32()
			fillNormal(t.in[i], uint64(i+1))
		}
	}
	t.args = kernels.Args{Q: args[0], K: args[1], V: args[2], Out: args[3]}
	t.lse = kernels.Tensor{B: 1, H: heads, N: tokens, D: 1, Stride: [4]int{heads * tokens, tokens, 1, 1}, Data: kernels.Host(make([]float32, heads*tokens))}
	return t, nil
}

// headMajor is a copy of an input as [heads, tokens, dim].
func (t *tensors) headMajor(v []float32) []float32 {
	out := make([]float32, len(v))
	for h := range t.heads {
		for i := range t.tokens {
			copy(out[(h*t.tokens+i)*t.dim:][:t.dim], v[(i*t.heads+h)*t.dim:])
		}
	}
	return out
}

const checkedQueries = 16 // of every head

// add puts a method into a group, once its output holds against float64. A long
// run that was checked is also its first sample.
func (g *group) add(m *machine, kb KernelBench, t *tensors, method string, geometry lvsa.Geometry) error {
	fail := func(err error) error {
		return fmt.Errorf("bench: %s: %s, %s with %d workers: %w", g.name, method, m.Variant(), m.Workers(), err)
	}
	spec, err := lvsa.ParseSpec(method)
	if err != nil {
		return fail(err)
	}
	built, err := spec.Build()
	if err != nil {
		return fail(err)
	}
	rec := &recorder{Backend: m}
	rope := lvsa.NewRope(10000, 2)
	attn, err := built.Begin(rec, geometry, rope)
	if err != nil {
		return fail(err)
	}
	args := t.args
	args.LSE = &t.lse
	clear(t.args.Out.Data.Float32())
	before := m.peak()
	if err := attn.Attend(lvsa.Site{Step: 0, Steps: 1, Layer: 0, Layers: 1}, args); err != nil {
		return fail(err)
	}
	ex, err := exact.New(rec.shape, rec.mask, rec.logits, t.args.Q, t.args.K, t.args.V)
	if err != nil {
		return fail(err)
	}
	e := ex.Check(args.Out, args.LSE, checkedQueries)
	if err := e.Held(); err != nil {
		return fail(fmt.Errorf("%w, so that it has no time", err))
	}
	args.LSE = nil
	usage := attn.Usage()[0]
	kb.Method, kb.Workers = method, m.Workers()
	pairs := usage.Fraction * float64(t.tokens) * float64(t.tokens)
	en := &entry{
		bench: kb, variant: m.Variant(), machine: m,
		flop:  4 * pairs * float64(t.dim*t.heads),
		bytes: 4 * 4 * float64(t.tokens*t.dim*t.heads),
		metrics: map[string]float64{
			bench.AttendedFraction: usage.Fraction, MaxError: e.Kernel, ErrorBound: e.Bound(),
			PatternSeconds: max(0, usage.BuildSeconds-rec.seconds), PlanSeconds: rec.seconds,
		},
		run: calls(func() error { return rec.plan.Run(args) }),
	}
	if en.long() {
		en.keep(rec.run, before)
	}
	g.entries = append(g.entries, en)
	return nil
}

// peerSlack is how much more than our own kernels a peer may err: some take
// the exponential less exactly, which is no reason to leave them out.
const peerSlack = 16

// addPeer puts a peer into a group that computes what the entry does.
func (g *group) addPeer(peers *peers, m *machine, kb KernelBench, t *tensors, name string, like *entry, attended [][]int) {
	c := peerCase{Impl: name, Heads: t.heads, Tokens: t.tokens, Dim: t.dim, TokensPerFrame: kb.TokensPerFrame, Attended: attended}
	if peers.list[m.Workers()] == nil {
		return
	}
	c.A, c.B, c.C = t.headMajor(t.in[0]), t.headMajor(t.in[1]), t.headMajor(t.in[2])
	p, err := peers.load(m, c)
	if err != nil {
		peers.note(name, g.name, err)
		return
	}
	// Our own output is still in place: compare with it at every element.
	var worst float64
	ours := t.headMajor(t.args.Out.Data.Float32())
	for i, x := range p.out {
		if d := math.Abs(float64(x - ours[i])); !(d <= worst) {
			worst = d
		}
	}
	bound := peerSlack * like.metrics[ErrorBound]
	if !(worst <= bound) {
		peers.note(name, g.name, fmt.Errorf("it differs from what was checked against float64 by %.3g: at most %.3g is allowed", worst, bound))
		return
	}
	kb.Impl, kb.Method, kb.Workers = p.name, like.bench.Method, m.Workers()
	g.entries = append(g.entries, &entry{bench: kb, machine: m, flop: like.flop, bytes: like.bytes, run: p.run,
		metrics: map[string]float64{bench.AttendedFraction: like.metrics[bench.AttendedFraction], MaxError: worst, ErrorBound: bound}})
}

// recorder is a backend that remembers the plan it made, and how long it last ran.
type recorder struct {
	kernels.Backend
	shape   kernels.Shape
	mask    kernels.BlockMask
	logits  kernels.Logits
	plan    kernels.Plan
	seconds float64
	run     cost
}

func (r *recorder) Plan(s kernels.Shape, m kernels.BlockMask, l kernels.Logits) (kernels.Plan, error) {
	start := time.Now()
	p, err := r.Backend.Plan(s, m, l)
	r.seconds = time.Since(start).Seconds()
	r.shape, r.mask, r.logits, r.plan = s, m, l, p
	return timedPlan{p, r}, err
}

type timedPlan struct {
	kernels.Plan
	r *recorder
}

func (p timedPlan) Run(a kernels.Args) (err error) {
	p.r.run, err = measure(func() error { return p.Plan.Run(a) })
	return err
}
