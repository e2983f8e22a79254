package replay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"longtake/bench/stats"
	"longtake/kernels"
	"longtake/kernels/exact"
	"longtake/lvsa"
)

// Options of [Run].
type Options struct {
	Queries int                               // of a head that are compared in float64; 0 = 64
	Rounds  int                               // timed runs of a head; 0 = 3
	Done    func(method string, done, of int) // after every head; nil = none
}

// Row is one head under one method.
type Row struct {
	Head int
	// Mass is the share of the dense softmax that lies on the pairs which the
	// method keeps, mean over the queries; LeastMass that of the worst query.
	// Edits of logits and of the embedding do not count, removed pairs do.
	Mass, LeastMass float64
	// Output is the norm of the difference from dense attention in float64 over
	// the norm of the latter.
	Output float64
	// Kernel is the greatest difference of the kernel's output from the method's
	// own definition in float64.
	Kernel, KernelBound float64
	Fraction            float64 // attended share of the video pairs
	Seconds             float64 // median time of the kernel
	Samples             []float64
}

// Result is one method.
type Result struct {
	Method  string // canonical
	Label   string // as it was asked for
	Engaged bool
	Queries int // compared in each head
	Rows    []Row
}

// Run puts a dump through methods, which are specs such as "lvsa:window=3".
// Dense attention on the model's own embedding is what outputs are compared
// with. A method that cannot do this dump is an error.
func Run(ctx context.Context, b kernels.Backend, d *Dump, methods []string, o Options) ([]Result, error) {
	if o.Queries == 0 {
		o.Queries = 64
	}
	if o.Rounds == 0 {
		o.Rounds = 3
	}
	if o.Queries < 1 || o.Rounds < 1 {
		return nil, fmt.Errorf("replay: %d queries, %d rounds: want at least 1", o.Queries, o.Rounds)
	}
	r := &runner{b: b, d: d, o: o}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	var out []Result
	for _, m := range methods {
		res, err := r.method(ctx, m)
		if err != nil {
			return out, fmt.Errorf("replay: %s: %w", m, err)
		}
		out = append(out, res)
	}
	return out, nil
}

type runner struct {
	b     kernels.Backend
	d     *Dump
	o     Options
	from  lvsa.Rope // the embedding in the dump's q and k
	shape kernels.Shape
	q, k  []float32 // with the model's own embedding
	out   []float32 // [tokens, dim]
	dense [][]exact.Row
}

// prepare evaluates dense attention in float64.
func (r *runner) prepare() error {
	d := r.d
	r.from = d.base()
	if d.Method != "" {
		spec, err := lvsa.ParseSpec(d.Method)
		if err != nil {
			return fmt.Errorf("replay: %s: metadata %q: %w", d.Name, "method", err)
		}
		m, err := spec.Build()
		if err == nil && d.Theta > 0 {
			r.from, err = m.Rope(d.Geometry, d.base())
		}
		if err != nil {
			return fmt.Errorf("replay: %s: metadata %q: %w", d.Name, "method", err)
		}
	}
	r.q, r.k = r.embed(d.base())
	n := d.Geometry.Tokens() + d.Geometry.TextTokens
	r.shape = kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: n, NK: n, D: d.Dim}
	r.out = make([]float32, n*d.Dim)
	all := kernels.BlockMask{QEnd: []int32{int32(n)}, KEnd: []int32{int32(n)}, Row: []int32{0, 1}, Col: []int32{0}, Heads: 1}
	for h := range d.Heads {
		a, err := exact.New(r.shape, all, kernels.Logits{Scale: float32(1 / math.Sqrt(float64(d.Dim)))}, r.view(r.q, d.Heads, h), r.view(r.k, d.KVHeads, r.kv(h)), r.view(d.V, d.KVHeads, r.kv(h)))
		if err != nil {
			return err
		}
		var rows []exact.Row
		for _, i := range exact.Spread(n, r.o.Queries) {
			rows = append(rows, a.Row(0, 0, i))
		}
		r.dense = append(r.dense, rows)
	}
	return nil
}

// embed is q and k with another temporal embedding.
func (r *runner) embed(to lvsa.Rope) (q, k []float32) {
	if slices.Equal(to.Freqs, r.from.Freqs) && to.PositionScale == r.from.PositionScale {
		return r.d.Q, r.d.K
	}
	return r.d.rotate(r.d.Q, r.d.Heads, r.from, to), r.d.rotate(r.d.K, r.d.KVHeads, r.from, to)
}

func (r *runner) kv(head int) int { return head * r.d.KVHeads / r.d.Heads }

// view is one head of [tokens, heads, dim] as a tensor.
func (r *runner) view(x []float32, heads, head int) kernels.Tensor {
	n, d := r.shape.NQ, r.d.Dim
	return kernels.Tensor{B: 1, H: 1, N: n, D: d, Stride: [4]int{n * heads * d, d, heads * d, 1}, Data: kernels.Host(x[head*d:])}
}

// recorder is a backend that remembers the plan it made last.
type recorder struct {
	kernels.Backend
	mask   kernels.BlockMask
	logits kernels.Logits
	made   bool
}

func (c *recorder) Plan(s kernels.Shape, m kernels.BlockMask, l kernels.Logits) (kernels.Plan, error) {
	c.mask, c.logits, c.made = m, l, true
	return c.Backend.Plan(s, m, l)
}

func (r *runner) method(ctx context.Context, name string) (Result, error) {
	d := r.d
	spec, err := lvsa.ParseSpec(name)
	if err != nil {
		return Result{}, err
	}
	m, err := spec.Build()
	if err != nil {
		return Result{}, err
	}
	rope, err := m.Rope(d.Geometry, d.base())
	if err == nil && d.Theta == 0 && (rope.PositionScale != 1 || rope.LogitScale != 1 || len(rope.Freqs) > 0) {
		err = errors.New("it edits the embedding")
	}
	if err != nil {
		if d.Theta == 0 {
			err = fmt.Errorf("%w; the dump has no %q in its metadata, which methods that edit the embedding need", err, "rope_theta")
		}
		return Result{}, err
	}
	res := Result{Method: m.Name(), Label: name, Queries: len(r.dense[0])}
	q, k := r.embed(rope)
	rec := &recorder{Backend: r.b}
	a, err := m.Begin(rec, d.Geometry, rope)
	if err != nil {
		return res, err
	}
	defer a.Close()
	for h := range d.Heads {
		args := kernels.Args{Q: r.view(q, d.Heads, h), K: r.view(k, d.KVHeads, r.kv(h)), V: r.view(d.V, d.KVHeads, r.kv(h)), Out: r.view(r.out, 1, 0)}
		row := Row{Head: h, LeastMass: math.Inf(1)}
		if err := a.Attend(d.Site, args); err != nil { // builds the plan, warms up
			return res, err
		}
		for range r.o.Rounds {
			if err := ctx.Err(); err != nil {
				return res, err
			}
			start := time.Now()
			if err := a.Attend(d.Site, args); err != nil {
				return res, err
			}
			row.Samples = append(row.Samples, time.Since(start).Seconds())
		}
		row.Seconds = stats.Median(row.Samples)
		for _, u := range a.Usage() {
			if u.Calls > 0 {
				row.Fraction = u.Fraction // one site: one pattern has run
			}
		}
		ex, err := exact.New(r.shape, rec.mask, rec.logits, args.Q, args.K, args.V)
		if err != nil {
			return res, err
		}
		e := ex.Check(args.Out, nil, r.o.Queries)
		row.Kernel, row.KernelBound = e.Kernel, e.Bound()
		if err := e.Held(); err != nil {
			return res, fmt.Errorf("head %d: %w", h, err)
		}
		// The mass is that of the model's own logits on the pairs that are left.
		plain, err := exact.New(r.shape, rec.mask, kernels.Logits{Scale: float32(1 / math.Sqrt(float64(d.Dim))), Cut: rec.logits.Cut},
			r.view(r.q, d.Heads, h), r.view(r.k, d.KVHeads, r.kv(h)), args.V)
		if err != nil {
			return res, err
		}
		var diff, norm float64
		queries := exact.Spread(r.shape.NQ, r.o.Queries)
		for n, i := range queries {
			mass := plain.Mass(0, 0, i)
			row.Mass += mass / float64(len(queries))
			row.LeastMass = min(row.LeastMass, mass)
			for c, want := range r.dense[h][n].Out {
				got := float64(r.out[i*d.Dim+c])
				diff += (got - want) * (got - want)
				norm += want * want
			}
		}
		row.Output = math.Sqrt(diff / norm)
		res.Rows = append(res.Rows, row)
		if r.o.Done != nil {
			r.o.Done(name, h+1, d.Heads)
		}
	}
	res.Engaged = a.Engaged()
	return res, nil
}
