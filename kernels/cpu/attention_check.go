package cpu

import (
	"fmt"
	"math"
	"slices"

	"longtake/kernels"
)

func checkShape(s kernels.Shape) error {
	bad := func(why string) error {
		return fmt.Errorf("kernels/cpu: shape B %d, H %d, Hkv %d, NQ %d, NK %d, D %d: %s: %w",
			s.B, s.H, s.Hkv, s.NQ, s.NK, s.D, why, kernels.ErrUnsupported)
	}
	switch {
	case s.Type != kernels.F32:
		return bad(fmt.Sprintf("type %d: only float32", s.Type))
	case s.B < 1 || s.H < 1 || s.Hkv < 1 || s.NQ < 1 || s.NK < 1:
		return bad("every count must be at least 1")
	case s.D < 1 || s.D > MaxDim:
		return bad(fmt.Sprintf("D must be 1 to %d", MaxDim))
	case s.H%s.Hkv != 0:
		return bad("H must be a multiple of Hkv")
	case s.NQ > math.MaxInt32 || s.NK > math.MaxInt32:
		return bad("token counts must fit 31 bits")
	case product(s.B, s.H, s.NQ, s.D) < 0 || product(s.B, s.Hkv, s.NK, s.D) < 0:
		return bad("too many elements")
	}
	return nil
}

// checkMask verifies that the mask is well formed for the shape.
func checkMask(s kernels.Shape, m kernels.BlockMask) error {
	if err := checkEnds("QEnd", m.QEnd, s.NQ); err != nil {
		return err
	}
	if err := checkEnds("KEnd", m.KEnd, s.NK); err != nil {
		return err
	}
	if m.Heads != 1 && m.Heads != s.H {
		return fmt.Errorf("kernels/cpu: mask of %d heads for %d heads: want 1 or all", m.Heads, s.H)
	}
	rows := len(m.QEnd)
	if want := product(m.Heads, rows+1); len(m.Row) != want {
		return fmt.Errorf("kernels/cpu: mask Row has %d entries, want %d heads * (%d rows + 1) = %d", len(m.Row), m.Heads, rows, want)
	}
	for h := range m.Heads {
		table := m.Row[h*(rows+1) : (h+1)*(rows+1)]
		for r := range rows {
			lo, hi := table[r], table[r+1]
			if lo < 0 || lo > hi || int(hi) > len(m.Col) {
				return fmt.Errorf("kernels/cpu: mask head %d row %d: columns [%d,%d) of %d: want ascending bounds inside Col",
					h, r, lo, hi, len(m.Col))
			}
			for i, c := range m.Col[lo:hi] {
				if c < 0 || int(c) >= len(m.KEnd) {
					return fmt.Errorf("kernels/cpu: mask head %d row %d: column %d of %d key blocks", h, r, c, len(m.KEnd))
				}
				if i > 0 && c <= m.Col[int(lo)+i-1] {
					return fmt.Errorf("kernels/cpu: mask head %d row %d: column %d after %d: want ascending without repetition",
						h, r, c, m.Col[int(lo)+i-1])
				}
			}
		}
	}
	return nil
}

func checkEnds(name string, ends []int32, n int) error {
	last := int32(0)
	for i, e := range ends {
		if e <= last {
			return fmt.Errorf("kernels/cpu: mask %s[%d] is %d after %d: want ascending ends", name, i, e, last)
		}
		last = e
	}
	if int(last) != n {
		return fmt.Errorf("kernels/cpu: mask %s ends at token %d of %d", name, last, n)
	}
	return nil
}

func checkLogits(s kernels.Shape, l kernels.Logits) error {
	finite := func(f float32) bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }
	if !finite(l.Scale) || l.Scale == 0 {
		return fmt.Errorf("kernels/cpu: logit scale %v: want a finite number that is not 0, such as 1/sqrt(D)", l.Scale)
	}
	if l.VideoTokens < 0 || l.VideoTokens > max(s.NQ, s.NK) {
		return fmt.Errorf("kernels/cpu: %d video tokens of %d queries and %d keys", l.VideoTokens, s.NQ, s.NK)
	}
	for i, b := range l.Bands {
		if !finite(b.Factor) {
			return fmt.Errorf("kernels/cpu: band %d has factor %v: want a finite number", i, b.Factor)
		}
		if i == len(l.Bands)-1 {
			break // the last one reaches to infinity whatever its To
		}
		if !(b.To >= 0) || i > 0 && b.To <= l.Bands[i-1].To {
			return fmt.Errorf("kernels/cpu: band %d reaches to %v: want ascending distances from 0", i, b.To)
		}
	}
	for i, c := range l.Cut {
		if c.Q0 < 0 || c.Q0 > c.Q1 || int(c.Q1) > s.NQ || c.K0 < 0 || c.K0 > c.K1 || int(c.K1) > s.NK {
			return fmt.Errorf("kernels/cpu: cut %d is [%d,%d)x[%d,%d) of %dx%d tokens", i, c.Q0, c.Q1, c.K0, c.K1, s.NQ, s.NK)
		}
	}
	return nil
}

// tensor is a checked kernels.Tensor whose dim stride is 1.
type tensor struct {
	f       []float32
	b, h, n int // strides
}

func (t tensor) at(b, h, n int) int { return b*t.b + h*t.h + n*t.n }

func checkTensor(name string, t kernels.Tensor, b, h, n, d int) (tensor, error) {
	const op = "attention"
	if t.Type != kernels.F32 {
		return tensor{}, fmt.Errorf("%s: %s has type %d: only float32: %w", op, name, t.Type, kernels.ErrUnsupported)
	}
	f, err := host(op, name, t.Data)
	if err != nil {
		return tensor{}, err
	}
	if t.B != b || t.H != h || t.N != n || t.D != d {
		return tensor{}, fmt.Errorf("%s: %s is [%d,%d,%d,%d], the plan wants [%d,%d,%d,%d]", op, name, t.B, t.H, t.N, t.D, b, h, n, d)
	}
	if t.Stride[3] != 1 && d > 1 {
		return tensor{}, fmt.Errorf("%s: %s has dim stride %d: want 1", op, name, t.Stride[3])
	}
	need := d
	for i, size := range [3]int{b, h, n} {
		reach := product(size-1, t.Stride[i])
		if reach < 0 || need > maxElements-reach {
			return tensor{}, fmt.Errorf("%s: %s has strides %v: want no negative or overflowing stride", op, name, t.Stride)
		}
		need += reach
	}
	if need > len(f) {
		return tensor{}, fmt.Errorf("%s: %s with strides %v reaches %d elements of a buffer of %d", op, name, t.Stride, need, len(f))
	}
	return tensor{f: f, b: t.Stride[0], h: t.Stride[1], n: t.Stride[2]}, nil
}

// checkOut rejects outputs whose rows may lie on each other: from the smallest
// stride up, each must step over everything below it.
func checkOut(name string, t kernels.Tensor) error {
	type axis struct{ stride, size int }
	axes := []axis{{t.Stride[0], t.B}, {t.Stride[1], t.H}, {t.Stride[2], t.N}}
	slices.SortFunc(axes, func(a, b axis) int { return a.stride - b.stride })
	extent := t.D
	for _, a := range axes {
		if a.size <= 1 {
			continue
		}
		if a.stride < extent {
			return fmt.Errorf("attention: %s has strides %v: rows of %d elements would overlap", name, t.Stride, t.D)
		}
		extent += a.stride * (a.size - 1)
	}
	return nil
}
