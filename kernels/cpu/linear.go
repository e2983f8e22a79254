package cpu

import (
	"fmt"

	"longtake/kernels"
)

// linear is packed weights; it implements kernels.Linear.
type linear struct {
	owner   *Backend
	in, out int
	w       []float32 // [out, in] for the generic variant, else panels
	bias    []float32 // [out], padded to the panels
	panels  []linearPanel
}

func (l *linear) In() int  { return l.in }
func (l *linear) Out() int { return l.out }

// PackLinear implements kernels.Ops.
func (o *ops) PackLinear(out, in int, w, bias []float32) (kernels.Linear, error) {
	n := product(out, in)
	if out < 1 || in < 1 || n < 0 || len(w) != n {
		return nil, fmt.Errorf("pack linear: %d weights for [%d,%d]", len(w), out, in)
	}
	if err := checkVector("pack linear", "bias", bias, out); err != nil {
		return nil, err
	}
	l := &linear{owner: o.b, in: in, out: out}
	if o.b.set == nil {
		l.w = append([]float32(nil), w...)
		l.bias = make([]float32, out)
	} else {
		l.pack(o.b.set, w)
	}
	copy(l.bias, bias)
	return l, nil
}

// Linear implements kernels.Ops.
func (o *ops) Linear(dst, x kernels.Mat, w kernels.Linear, act kernels.Act) error {
	const op = "linear"
	l, ok := w.(*linear)
	if !ok || l.owner != o.b {
		return fmt.Errorf("%s: the weights were packed by another backend", op)
	}
	if err := checkAct(op, act); err != nil {
		return err
	}
	d, err := checkMat(op, "dst", dst)
	if err != nil {
		return err
	}
	s, err := checkMat(op, "x", x)
	if err != nil {
		return err
	}
	if s.cols != l.in || d.cols != l.out || s.rows != d.rows {
		return fmt.Errorf("%s: x [%d,%d], weights [%d,%d], dst [%d,%d] do not match",
			op, s.rows, s.cols, l.out, l.in, d.rows, d.cols)
	}
	j := o.linear.get()
	*j = linearJob{dst: d, x: s, l: l, act: act, set: o.b.set}
	o.b.run(j, j.plan(o.b.Workers()))
	*j = linearJob{}
	o.linear.put(j)
	return nil
}

type linearJob struct {
	dst, x matrix
	l      *linear
	act    kernels.Act
	set    *kernelSet

	blocks, groups int // of rows and of panels
}

const linearRows = 16 // rows of one item of the generic variant

func (j *linearJob) plan(workers int) int {
	if j.set == nil {
		return ceilDiv(j.x.rows, linearRows)
	}
	return j.planPacked(workers)
}

func (j *linearJob) do(s *scratch, item int) {
	if j.set != nil {
		j.doPacked(s, item)
		return
	}
	for r := item * linearRows; r < min((item+1)*linearRows, j.x.rows); r++ {
		linearRow(j.dst.row(r), j.x.row(r), j.l.w, j.l.bias, j.act)
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
