package gate_test

import (
	"fmt"
	"slices"
	"time"

	"longtake/kernels"
)

// engine is the CPU backend with a fault in it. It knows where a call is by
// counting, as calls of one generation come in one order.
type engine struct {
	kernels.Backend
	tokensPerFrame int
	sites          int // self-attention calls of a step: layers x branches
	steps          int

	attend func(e *engine, a *kernels.Args) // before self-attention
	mask   func(kernels.BlockMask) kernels.BlockMask
	rope   func(e *engine, x kernels.Mat, cos, sin kernels.Mat) (kernels.Mat, kernels.Mat)
	slow   float64 // share of the time between attention calls that is lost

	calls, ropes int
	kept         map[int][2][]float32
	last         time.Time
}

func (e *engine) site() int { return e.calls % e.sites }
func (e *engine) step() int { return e.calls / e.sites % e.steps }

func (e *engine) Plan(s kernels.Shape, m kernels.BlockMask, l kernels.Logits) (kernels.Plan, error) {
	self := s.NQ == s.NK && len(m.QEnd) > 1 // not to the text, and not the decoder's within a frame
	if self && e.mask != nil {
		m = e.mask(m)
	}
	p, err := e.Backend.Plan(s, m, l)
	if err != nil || !self {
		return p, err
	}
	return &plan{p, e}, nil
}

type plan struct {
	kernels.Plan
	e *engine
}

func (p *plan) Run(a kernels.Args) error {
	e := p.e
	if e.attend != nil {
		e.attend(e, &a)
	}
	if e.slow > 0 {
		if gone := time.Since(e.last); !e.last.IsZero() && gone < time.Second {
			for start := time.Now(); time.Since(start) < time.Duration(e.slow*float64(gone)); {
			}
		}
		e.last = time.Now()
	}
	e.calls++
	return p.Plan.Run(a)
}

func (e *engine) Ops() kernels.Ops { return &ops{e.Backend.Ops(), e} }

type ops struct {
	kernels.Ops
	e *engine
}

// Rope is called for queries and keys in turn.
func (o *ops) Rope(x kernels.Mat, heads int, cos, sin kernels.Mat) error {
	if o.e.rope != nil && o.e.ropes%2 == 1 {
		cos, sin = o.e.rope(o.e, x, cos, sin)
	}
	o.e.ropes++
	return o.Ops.Rope(x, heads, cos, sin)
}

// staleStep attends to the keys and values of the step before, as a cache does
// that is filled too late.
func staleStep(e *engine, a *kernels.Args) {
	if e.kept == nil || e.step() == 0 && e.site() == 0 {
		e.kept = map[int][2][]float32{}
	}
	k, v := a.K.Data.Float32(), a.V.Data.Float32()
	now := [2][]float32{slices.Clone(k), slices.Clone(v)}
	if old, ok := e.kept[e.site()]; ok && len(old[0]) == len(k) {
		a.K.Data, a.V.Data = kernels.Host(old[0]), kernels.Host(old[1])
	}
	e.kept[e.site()] = now
}

// staleFrame attends to the keys and values of the frame before, as a cache does
// whose slots are off by one.
func staleFrame(e *engine, a *kernels.Args) {
	a.K, a.V = e.frameBefore(a.K), e.frameBefore(a.V)
}

func (e *engine) frameBefore(t kernels.Tensor) kernels.Tensor {
	src := t.Data.Float32()
	dst := slices.Clone(src)
	for h := range t.H {
		for n := e.tokensPerFrame; n < t.N; n++ {
			for d := range t.D {
				at := h*t.Stride[1] + d*t.Stride[3]
				dst[at+n*t.Stride[2]] = src[at+(n-e.tokensPerFrame)*t.Stride[2]]
			}
		}
	}
	t.Data = kernels.Host(dst)
	return t
}

// ropeLate turns the keys by the index of the frame after theirs.
func ropeLate(e *engine, x, cos, sin kernels.Mat) (kernels.Mat, kernels.Mat) {
	return e.frameAfter(cos), e.frameAfter(sin)
}

func (e *engine) frameAfter(m kernels.Mat) kernels.Mat {
	src := m.Data.Float32()
	dst := make([]float32, m.Rows*m.Cols)
	for r := range m.Rows {
		from := m.Off + min(r+e.tokensPerFrame, m.Rows-e.tokensPerFrame+r%e.tokensPerFrame)*m.Stride
		copy(dst[r*m.Cols:(r+1)*m.Cols], src[from:from+m.Cols])
	}
	return kernels.Dense(kernels.Host(dst), m.Rows, m.Cols)
}

// windowLate gives every frame the keys of the frame after it.
func windowLate(m kernels.BlockMask) kernels.BlockMask {
	rows := len(m.QEnd)
	if m.Heads != 1 || rows < 2 {
		panic(fmt.Sprintf("a mask of %d tables and %d rows", m.Heads, rows))
	}
	out := m
	out.Row, out.Col = []int32{0}, nil
	for r := range rows {
		from := min(r+1, rows-1)
		out.Col = append(out.Col, m.Col[m.Row[from]:m.Row[from+1]]...)
		out.Row = append(out.Row, int32(len(out.Col)))
	}
	return out
}

// nudge changes values by about a rounding.
func nudge(_ *engine, a *kernels.Args) {
	v := slices.Clone(a.V.Data.Float32())
	for i := range v {
		v[i] *= 1 + 1.0/(1<<20)
	}
	a.V.Data = kernels.Host(v)
}
