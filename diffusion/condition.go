package diffusion

import (
	"fmt"
	"math"

	"longtake/kernels"
)

// textCache is what one prompt contributes to every step: the keys and values
// of each layer's cross-attention.
type textCache struct {
	rows int
	k, v []kernels.Buffer // per layer, [rows, d]
}

// bytes is the memory of the cache.
func (t *textCache) bytes() int64 {
	var n int64
	for i := range t.k {
		n += 4 * int64(t.k[i].Len()+t.v[i].Len())
	}
	return n
}

// encodeText runs the text embedder on every row, zero rows included, and the
// key and value projections of every layer.
func (tr *transformer) encodeText(text *Matrix, tap tapFunc) (*textCache, error) {
	d, n := tr.cfg.dim(), text.Rows
	in, host, err := hostAlloc(tr.b, n*tr.cfg.TextDim)
	if err != nil {
		return nil, err
	}
	copy(host, text.Data)
	mid, _, err := hostAlloc(tr.b, n*d)
	if err != nil {
		return nil, err
	}
	c, _, err := hostAlloc(tr.b, n*d)
	if err != nil {
		return nil, err
	}
	e := &errs{}
	e.do(tr.ops.Linear(kernels.Dense(mid, n, d), kernels.Dense(in, n, tr.cfg.TextDim), tr.text1, kernels.GELU))
	e.do(tr.ops.Linear(kernels.Dense(c, n, d), kernels.Dense(mid, n, d), tr.text2, kernels.NoAct))
	tap.do("text_embedded", c)
	t := &textCache{rows: n}
	for i := range tr.blocks {
		a := &tr.blocks[i].cross
		k, _, err := hostAlloc(tr.b, n*d)
		if err != nil {
			return nil, err
		}
		v, _, err := hostAlloc(tr.b, n*d)
		if err != nil {
			return nil, err
		}
		e.do(tr.ops.Linear(kernels.Dense(k, n, d), kernels.Dense(c, n, d), a.k, kernels.NoAct))
		e.do(tr.ops.RMSNorm(kernels.Dense(k, n, d), kernels.Dense(k, n, d), a.normK, float32(tr.cfg.Eps)))
		e.do(tr.ops.Linear(kernels.Dense(v, n, d), kernels.Dense(c, n, d), a.v, kernels.NoAct))
		t.k, t.v = append(t.k, k), append(t.v, v)
	}
	if e.err != nil {
		return nil, fmt.Errorf("diffusion: text embedding: %w", e.err)
	}
	return t, nil
}

// errs keeps the first error of a chain of calls.
type errs struct{ err error }

func (e *errs) do(err error) {
	if e.err == nil {
		e.err = err
	}
}

// timestep is what one step contributes to every layer. Buffers are reused
// from step to step.
type timestep struct {
	freq, hidden, temb, act, proj kernels.Buffer
	mods                          []float32 // [layers, 6, d]: shift, 1+scale, gate, shift, 1+scale, gate
	head                          []float32 // [2, d]: shift, 1+scale
}

func newTimestep(tr *transformer) (*timestep, error) {
	d := tr.cfg.dim()
	ts := &timestep{mods: make([]float32, tr.cfg.Layers*6*d), head: make([]float32, 2*d)}
	for _, b := range []struct {
		buf *kernels.Buffer
		n   int
	}{{&ts.freq, tr.cfg.FreqDim}, {&ts.hidden, d}, {&ts.temb, d}, {&ts.act, d}, {&ts.proj, 6 * d}} {
		var err error
		if *b.buf, _, err = hostAlloc(tr.b, b.n); err != nil {
			return nil, err
		}
	}
	return ts, nil
}

// sinusoid fills x with cos, then sin, of t*10000^(-k/half).
func sinusoid(x []float32, t float64) {
	half := len(x) / 2
	for k := range half {
		s, c := math.Sincos(t * math.Exp(-math.Log(10000)*float64(k)/float64(half)))
		x[k], x[half+k] = float32(c), float32(s)
	}
}

// set computes the modulation of every layer for timestep t (0 to 1000).
func (ts *timestep) set(tr *transformer, t float64, tap tapFunc) error {
	d := tr.cfg.dim()
	sinusoid(ts.freq.Float32(), t)
	tap.do("timestep_sinusoid", ts.freq)
	e := &errs{}
	row := func(b kernels.Buffer) kernels.Mat { return kernels.Dense(b, 1, b.Len()) }
	e.do(tr.ops.Linear(row(ts.hidden), row(ts.freq), tr.time1, kernels.SiLU))
	e.do(tr.ops.Linear(row(ts.temb), row(ts.hidden), tr.time2, kernels.NoAct))
	tap.do("temb", ts.temb)
	copy(ts.act.Float32(), ts.temb.Float32())
	e.do(tr.ops.Activate(row(ts.act), kernels.SiLU))
	e.do(tr.ops.Linear(row(ts.proj), row(ts.act), tr.timeProj, kernels.NoAct))
	tap.do("timestep_proj", ts.proj)
	if e.err != nil {
		return fmt.Errorf("diffusion: time embedding: %w", e.err)
	}
	proj, temb := ts.proj.Float32(), ts.temb.Float32()
	for l := range tr.blocks {
		m := ts.mods[l*6*d:][:6*d]
		for i, v := range tr.blocks[l].table {
			m[i] = v + proj[i]
		}
		for i := range d {
			m[d+i]++
			m[4*d+i]++
		}
	}
	for i := range d {
		ts.head[i] = tr.headTable[i] + temb[i]
		ts.head[d+i] = 1 + tr.headTable[d+i] + temb[i]
	}
	return nil
}

// mod is row i of layer l's modulation.
func (ts *timestep) mod(l, i int) []float32 {
	d := len(ts.head) / 2
	return ts.mods[(l*6+i)*d:][:d]
}
