package cpu

import (
	"fmt"

	"longtake/kernels"
)

// convWeights is a packed convolution; it implements kernels.ConvWeights.
type convWeights struct {
	owner *Backend
	spec  kernels.Conv
	bias  []float32 // [Out, widest tile], every row one bias; nil for the generic variant
}

func (c *convWeights) Spec() kernels.Conv { return c.spec }

// PackConv implements kernels.Ops.
func (o *ops) PackConv(c kernels.Conv) (kernels.ConvWeights, error) {
	const op = "pack conv"
	n := product(c.Out, c.In, c.KT, c.KH, c.KW)
	if n < 1 || len(c.W) != n {
		return nil, fmt.Errorf("%s: %d weights for [%d,%d,%d,%d,%d]", op, len(c.W), c.Out, c.In, c.KT, c.KH, c.KW)
	}
	if c.KH%2 == 0 || c.KW%2 == 0 {
		return nil, fmt.Errorf("%s: kernel %dx%d: want odd sides", op, c.KH, c.KW)
	}
	if err := checkVector(op, "bias", c.B, c.Out); err != nil {
		return nil, err
	}
	c.W = append([]float32(nil), c.W...)
	b := make([]float32, c.Out)
	copy(b, c.B)
	c.B = b
	cw := &convWeights{owner: o.b, spec: c}
	if set := o.b.set; set != nil {
		width := set.wide().width
		cw.bias = aligned(c.Out * width)
		for i := range cw.bias {
			cw.bias[i] = b[i/width]
		}
	}
	return cw, nil
}

// Conv implements kernels.Ops.
func (o *ops) Conv(dst, x, prev kernels.Vol, w kernels.ConvWeights, up int) error {
	const op = "conv"
	cw, ok := w.(*convWeights)
	if !ok || cw.owner != o.b {
		return fmt.Errorf("%s: the weights were packed by another backend", op)
	}
	if up != 1 && up != 2 {
		return fmt.Errorf("%s: upsampling by %d: want 1 or 2", op, up)
	}
	d, err := checkVol(op, "dst", dst)
	if err != nil {
		return err
	}
	s, err := checkVol(op, "x", x)
	if err != nil {
		return err
	}
	var p volume
	if prev.C != 0 {
		if p, err = checkVol(op, "prev", prev); err != nil {
			return err
		}
		if p.c != s.c || p.h != s.h || p.w != s.w || p.t > cw.spec.KT-1 {
			return fmt.Errorf("%s: prev [%d,%d,%d,%d] before x [%d,%d,%d,%d]: want equal channels and sizes and at most %d frames",
				op, p.c, p.t, p.h, p.w, s.c, s.t, s.h, s.w, cw.spec.KT-1)
		}
	}
	if s.c != cw.spec.In || d.c != cw.spec.Out || d.t != s.t || d.h != s.h*up || d.w != s.w*up {
		return fmt.Errorf("%s: x [%d,%d,%d,%d], weights [%d,%d,...], up %d, dst [%d,%d,%d,%d] do not match",
			op, s.c, s.t, s.h, s.w, cw.spec.Out, cw.spec.In, up, d.c, d.t, d.h, d.w)
	}
	j := o.conv.get()
	*j = convJob{dst: d, x: s, prev: p, w: cw, up: up, set: o.b.set, off: j.off}
	o.b.run(j, j.plan(o.b.Workers()))
	*j = convJob{off: j.off}
	o.conv.put(j)
	return nil
}

type convJob struct {
	dst, x, prev volume
	w            *convWeights
	up           int
	set          *kernelSet

	g   convGeometry
	off []int32 // where each product of a sum finds its input in the band
}

func (j *convJob) plan(workers int) int {
	if j.set == nil || len(j.dst.f) == 0 {
		return j.dst.c * j.dst.t
	}
	return j.planPacked(workers)
}

func (j *convJob) do(s *scratch, item int) {
	if j.set != nil && len(j.dst.f) > 0 {
		j.doPacked(s, item)
		return
	}
	convFrame(j, item/j.dst.t, item%j.dst.t)
}

// frame is input frame t of channel c, [h, w]; t counts from x, negative
// frames are in prev. It is nil where zeros stand.
func (j *convJob) frame(c, t int) []float32 {
	v := j.x
	if t < 0 {
		v = j.prev
		t += v.t
		if t < 0 {
			return nil
		}
	}
	n := v.h * v.w
	o := (c*v.t + t) * n
	return v.f[o : o+n]
}
