package cpu

import (
	"fmt"

	"longtake/kernels"
)

func checkAct(op string, act kernels.Act) error {
	if act > kernels.SiLU {
		return fmt.Errorf("%s: activation %d is unknown", op, act)
	}
	return nil
}

// Rope implements kernels.Ops.
func (o *ops) Rope(x kernels.Mat, heads int, cos, sin kernels.Mat) error {
	const op = "rope"
	m, err := checkMat(op, "x", x)
	if err != nil {
		return err
	}
	c, err := checkMat(op, "cos", cos)
	if err != nil {
		return err
	}
	s, err := checkMat(op, "sin", sin)
	if err != nil {
		return err
	}
	if heads < 1 || c.cols != s.cols || c.rows != m.rows || s.rows != m.rows || m.cols != product(heads, 2, c.cols) {
		return fmt.Errorf("%s: x [%d,%d] of %d heads, cos [%d,%d], sin [%d,%d]: want [rows, heads*D] and [rows, D/2]",
			op, m.rows, m.cols, heads, c.rows, c.cols, s.rows, s.cols)
	}
	j := o.rope.get()
	*j = ropeJob{set: o.b.set, x: m, cos: c, sin: s, heads: heads}
	o.b.run(j, ceilDiv(m.rows, rowsPerItem))
	*j = ropeJob{}
	o.rope.put(j)
	return nil
}

const rowsPerItem = 32 // rows of one item of a row-wise operator

type ropeJob struct {
	set         *kernelSet
	x, cos, sin matrix
	heads       int
}

func (j *ropeJob) do(_ *scratch, item int) {
	for r := item * rowsPerItem; r < min((item+1)*rowsPerItem, j.x.rows); r++ {
		j.set.ropeRow(j.x.row(r), j.heads, j.cos.row(r), j.sin.row(r))
	}
}

// Activate implements kernels.Ops.
func (o *ops) Activate(x kernels.Mat, act kernels.Act) error {
	const op = "activate"
	if err := checkAct(op, act); err != nil {
		return err
	}
	m, err := checkMat(op, "x", x)
	if err != nil {
		return err
	}
	o.elementwise(elemJob{x: m, act: act})
	return nil
}

// AddGated implements kernels.Ops.
func (o *ops) AddGated(x, y kernels.Mat, gate []float32) error {
	const op = "add gated"
	m, err := checkMat(op, "x", x)
	if err != nil {
		return err
	}
	n, err := checkMat(op, "y", y)
	if err != nil {
		return err
	}
	if m.rows != n.rows || m.cols != n.cols {
		return fmt.Errorf("%s: x [%d,%d] and y [%d,%d] differ", op, m.rows, m.cols, n.rows, n.cols)
	}
	if err := checkVector(op, "gate", gate, m.cols); err != nil {
		return err
	}
	o.elementwise(elemJob{x: m, y: n, gate: gate, add: true})
	return nil
}

func (o *ops) elementwise(e elemJob) {
	j := o.elem.get()
	*j = e
	j.set = o.b.set
	o.b.run(j, ceilDiv(e.x.rows, rowsPerItem))
	*j = elemJob{}
	o.elem.put(j)
}

type elemJob struct {
	set  *kernelSet
	x, y matrix
	gate []float32
	act  kernels.Act
	add  bool
}

func (j *elemJob) do(s *scratch, item int) {
	for r := item * rowsPerItem; r < min((item+1)*rowsPerItem, j.x.rows); r++ {
		if j.add {
			j.set.addProductRow(j.x.row(r), j.y.row(r), j.gate)
		} else {
			j.set.activate(j.x.row(r), j.act, &s.tail)
		}
	}
}
