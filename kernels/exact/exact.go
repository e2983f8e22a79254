// Package exact evaluates attention from its definition, one query at a time:
// in float64, which is what kernels are checked against, and in plain float32,
// whose error is the measure of what a kernel may err.
package exact

import (
	"fmt"
	"math"
	"slices"

	"longtake/kernels"
)

// Attention is one attention problem. Inputs are float32 in host memory.
type Attention struct {
	Shape   kernels.Shape
	Mask    kernels.BlockMask
	Logits  kernels.Logits
	Q, K, V kernels.Tensor

	mean []float64 // [B, Hkv, D] of K, where it is centred
	s    []float64 // logits of one query
	seen []bool
}

// Row is attention of one query.
type Row struct {
	Out []float64 // [D]
	LSE float64
	// Plain is Out as straightforward float32 arithmetic gives it.
	Plain []float32
	// Max and Sum are of exp(logit-Max) in float64.
	Max, Sum float64
}

// New checks that the inputs can be read.
func New(s kernels.Shape, m kernels.BlockMask, l kernels.Logits, q, k, v kernels.Tensor) (*Attention, error) {
	for name, t := range map[string]kernels.Tensor{"Q": q, "K": k, "V": v} {
		if t.Data == nil || t.Data.Float32() == nil {
			return nil, fmt.Errorf("exact: %s is not in host memory", name)
		}
	}
	if s.H < 1 || s.Hkv < 1 || s.H%s.Hkv != 0 || s.D < 1 {
		return nil, fmt.Errorf("exact: %d heads over %d of %d dims", s.H, s.Hkv, s.D)
	}
	a := &Attention{Shape: s, Mask: m, Logits: l, Q: q, K: k, V: v, s: make([]float64, s.NK), seen: make([]bool, s.NK)}
	if l.CenterK {
		a.mean = make([]float64, s.B*s.Hkv*s.D)
		for b := range s.B {
			for h := range s.Hkv {
				mean := a.mean[(b*s.Hkv+h)*s.D:][:s.D]
				for j := range s.NK {
					for c, x := range vector(k, b, h, j) {
						mean[c] += float64(x)
					}
				}
				for c := range mean {
					mean[c] /= float64(s.NK)
				}
			}
		}
	}
	return a, nil
}

// vector is token n of a head.
func vector(t kernels.Tensor, b, h, n int) []float32 {
	return t.Data.Float32()[b*t.Stride[0]+h*t.Stride[1]+n*t.Stride[2]:][:t.D]
}

// keys marks the keys that a query sees.
func (a *Attention) keys(h, i int) {
	clear(a.seen)
	m := a.Mask
	if m.Heads == 1 {
		h = 0
	}
	r, _ := slices.BinarySearch(m.QEnd, int32(i)+1)
	r += h * (len(m.QEnd) + 1)
	for _, c := range m.Col[m.Row[r]:m.Row[r+1]] {
		k0 := int32(0)
		if c > 0 {
			k0 = m.KEnd[c-1]
		}
		for j := k0; j < m.KEnd[c]; j++ {
			a.seen[j] = true
		}
	}
	for _, c := range a.Logits.Cut {
		if c.Q0 <= int32(i) && int32(i) < c.Q1 {
			for j := c.K0; j < c.K1; j++ {
				a.seen[j] = false
			}
		}
	}
}

// factor is what the bands make of a logit.
func (a *Attention) factor(s float64, i, j int) float64 {
	l := &a.Logits
	if len(l.Bands) == 0 || l.PositiveOnly && s <= 0 || l.VideoTokens > 0 && (i >= l.VideoTokens || j >= l.VideoTokens) {
		return 1
	}
	for _, b := range l.Bands[:len(l.Bands)-1] {
		if math.Abs(float64(i-j)) <= float64(b.To) {
			return float64(b.Factor)
		}
	}
	return float64(l.Bands[len(l.Bands)-1].Factor)
}

// Row evaluates query i of head h. A query without keys has zeros and -Inf.
func (a *Attention) Row(b, h, i int) Row {
	s := a.Shape
	hk := h / (s.H / s.Hkv)
	var mean []float64
	if a.mean != nil {
		mean = a.mean[(b*s.Hkv+hk)*s.D:][:s.D]
	}
	q := vector(a.Q, b, h, i)
	a.keys(h, i)
	top := math.Inf(-1)
	plain := make([]float32, s.NK)
	plainTop := float32(math.Inf(-1))
	for j, seen := range a.seen {
		if !seen {
			continue
		}
		var x float64
		var y float32
		for c, k := range vector(a.K, b, hk, j) {
			if mean != nil {
				x += float64(q[c]) * (float64(k) - mean[c])
				y += q[c] * (k - float32(mean[c]))
			} else {
				x += float64(q[c]) * float64(k)
				y += q[c] * k
			}
		}
		x *= float64(a.Logits.Scale)
		f := a.factor(x, i, j)
		a.s[j], plain[j] = x*f, y*a.Logits.Scale*float32(f)
		top, plainTop = max(top, a.s[j]), max(plainTop, plain[j])
	}
	r := Row{Out: make([]float64, s.D), Plain: make([]float32, s.D), LSE: math.Inf(-1), Max: top}
	if math.IsInf(top, -1) {
		return r
	}
	var plainSum float32
	for j, seen := range a.seen {
		if !seen {
			continue
		}
		w := math.Exp(a.s[j] - top)
		p := float32(math.Exp(float64(plain[j] - plainTop)))
		r.Sum += w
		plainSum += p
		for c, v := range vector(a.V, b, hk, j) {
			r.Out[c] += w * float64(v)
			r.Plain[c] += p * v
		}
	}
	for c := range r.Out {
		r.Out[c] /= r.Sum
		r.Plain[c] /= plainSum
	}
	r.LSE = top + math.Log(r.Sum)
	return r
}

// Mass is the share of the plain softmax of query i of head h, over all keys
// and without logit edits, that lies on the keys which the mask and the cuts
// leave: 1 loses nothing.
func (a *Attention) Mass(b, h, i int) float64 {
	s := a.Shape
	hk := h / (s.H / s.Hkv)
	q := vector(a.Q, b, h, i)
	top := math.Inf(-1)
	for j := range s.NK {
		var x float64
		for c, k := range vector(a.K, b, hk, j) {
			x += float64(q[c]) * float64(k)
		}
		a.s[j] = x * float64(a.Logits.Scale)
		top = max(top, a.s[j])
	}
	a.keys(h, i)
	var all, kept float64
	for j, x := range a.s {
		w := math.Exp(x - top)
		all += w
		if a.seen[j] {
			kept += w
		}
	}
	return kept / all
}
