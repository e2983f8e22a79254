package cpu

import (
	"fmt"

	"longtake/kernels"
)

// LayerNorm implements kernels.Ops.
func (o *ops) LayerNorm(dst, x kernels.Mat, mul, add []float32, eps float32) error {
	return o.rowNorm("layer norm", dst, x, mul, add, eps, true)
}

// RMSNorm implements kernels.Ops.
func (o *ops) RMSNorm(dst, x kernels.Mat, mul []float32, eps float32) error {
	return o.rowNorm("rms norm", dst, x, mul, nil, eps, false)
}

func (o *ops) rowNorm(op string, dst, x kernels.Mat, mul, add []float32, eps float32, centre bool) error {
	d, err := checkMat(op, "dst", dst)
	if err != nil {
		return err
	}
	s, err := checkMat(op, "x", x)
	if err != nil {
		return err
	}
	if d.rows != s.rows || d.cols != s.cols || d.cols == 0 {
		return fmt.Errorf("%s: x [%d,%d] and dst [%d,%d]: want equal shapes with columns", op, s.rows, s.cols, d.rows, d.cols)
	}
	if err := checkVector(op, "mul", mul, d.cols); err != nil {
		return err
	}
	if err := checkVector(op, "add", add, d.cols); err != nil {
		return err
	}
	if !(eps >= 0) {
		return fmt.Errorf("%s: eps %v: want 0 or more", op, eps)
	}
	j := o.norm.get()
	*j = normJob{set: o.b.set, dst: d, x: s, mul: mul, add: add, eps: eps, centre: centre}
	o.b.run(j, ceilDiv(d.rows, rowsPerItem))
	*j = normJob{}
	o.norm.put(j)
	return nil
}

type normJob struct {
	set      *kernelSet
	dst, x   matrix
	mul, add []float32
	eps      float32
	centre   bool
}

func (j *normJob) do(s *scratch, item int) {
	for r := item * rowsPerItem; r < min((item+1)*rowsPerItem, j.x.rows); r++ {
		if j.centre {
			j.set.layerNormRow(j.dst.row(r), j.x.row(r), j.mul, j.add, j.eps, &s.sums)
		} else {
			j.set.rmsNormRow(j.dst.row(r), j.x.row(r), j.mul, j.eps, &s.sums)
		}
	}
}

// ChannelNorm implements kernels.Ops.
func (o *ops) ChannelNorm(dst, x kernels.Vol, gamma []float32, act kernels.Act) error {
	const op = "channel norm"
	if err := checkAct(op, act); err != nil {
		return err
	}
	d, err := checkVol(op, "dst", dst)
	if err != nil {
		return err
	}
	s, err := checkVol(op, "x", x)
	if err != nil {
		return err
	}
	if d.c != s.c || d.t != s.t || d.h != s.h || d.w != s.w {
		return fmt.Errorf("%s: x [%d,%d,%d,%d] and dst [%d,%d,%d,%d] differ", op, s.c, s.t, s.h, s.w, d.c, d.t, d.h, d.w)
	}
	if gamma == nil {
		return fmt.Errorf("%s: gamma is missing", op)
	}
	if err := checkVector(op, "gamma", gamma, s.c); err != nil {
		return err
	}
	j := o.chnorm.get()
	*j = chanNormJob{set: o.b.set, dst: d.f, x: s.f, c: s.c, n: s.t * s.h * s.w, gamma: gamma, act: act}
	o.b.run(j, ceilDiv(j.n, positionsPerItem))
	*j = chanNormJob{}
	o.chnorm.put(j)
	return nil
}

const positionsPerItem = 512 // positions of one item of ChannelNorm

type chanNormJob struct {
	set    *kernelSet
	dst, x []float32 // [c, n]
	c, n   int
	gamma  []float32
	act    kernels.Act
}

func (j *chanNormJob) do(s *scratch, item int) {
	p := item * positionsPerItem
	w := min(positionsPerItem, j.n-p)
	j.set.channelNorm(j.dst[p:], j.x[p:], j.n, w, s.floats(w), j.gamma)
	if j.act != kernels.NoAct {
		for c := range j.c {
			j.set.activate(j.dst[c*j.n+p:][:w], j.act, &s.tail)
		}
	}
}
