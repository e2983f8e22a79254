package cpu

import (
	"fmt"
	"math"

	"longtake/kernels"
)

// maxElements bounds every buffer: byte offsets stay inside an int.
const maxElements = math.MaxInt >> 3

// product is a*b*..., or -1 when a factor is negative or the product exceeds
// maxElements.
func product(factors ...int) int {
	p := 1
	for _, f := range factors {
		switch {
		case f < 0:
			return -1
		case f == 0:
			return 0
		case p > maxElements/f:
			return -1
		}
		p *= f
	}
	return p
}

// span is the number of elements that n rows of width w at the given stride
// reach over, -1 when that overflows.
func span(n, w, stride int) int {
	if n == 0 || w == 0 {
		return 0
	}
	p := product(n-1, stride)
	if p < 0 || p > maxElements-w {
		return -1
	}
	return p + w
}

func host(op, name string, d kernels.Buffer) ([]float32, error) {
	if d == nil {
		return nil, fmt.Errorf("%s: %s has no buffer", op, name)
	}
	f := d.Float32()
	if f == nil && d.Len() > 0 {
		return nil, fmt.Errorf("%s: %s is not float32 memory of this process: %w", op, name, kernels.ErrUnsupported)
	}
	return f, nil
}

// matrix is a checked kernels.Mat.
type matrix struct {
	f                  []float32
	rows, cols, stride int
}

func (m matrix) row(r int) []float32 {
	o := r * m.stride
	return m.f[o : o+m.cols : o+m.cols]
}

func checkMat(op, name string, m kernels.Mat) (matrix, error) {
	f, err := host(op, name, m.Data)
	if err != nil {
		return matrix{}, err
	}
	if m.Rows < 0 || m.Cols < 0 || m.Off < 0 || (m.Stride < m.Cols && m.Rows > 1) {
		return matrix{}, fmt.Errorf("%s: %s is [%d,%d] at %d with stride %d: want no negative number and a stride of at least the columns",
			op, name, m.Rows, m.Cols, m.Off, m.Stride)
	}
	n := span(m.Rows, m.Cols, m.Stride)
	if n < 0 || m.Off > len(f) || n > len(f)-m.Off {
		return matrix{}, fmt.Errorf("%s: %s [%d,%d] at %d with stride %d does not fit its buffer of %d elements",
			op, name, m.Rows, m.Cols, m.Off, m.Stride, len(f))
	}
	return matrix{f: f[m.Off : m.Off+n], rows: m.Rows, cols: m.Cols, stride: m.Stride}, nil
}

// volume is a checked kernels.Vol.
type volume struct {
	f          []float32
	c, t, h, w int
}

func checkVol(op, name string, v kernels.Vol) (volume, error) {
	f, err := host(op, name, v.Data)
	if err != nil {
		return volume{}, err
	}
	n := product(v.C, v.T, v.H, v.W)
	if n < 0 || v.Off < 0 || v.Off > len(f) || n > len(f)-v.Off {
		return volume{}, fmt.Errorf("%s: %s [%d,%d,%d,%d] at %d does not fit its buffer of %d elements",
			op, name, v.C, v.T, v.H, v.W, v.Off, len(f))
	}
	return volume{f: f[v.Off : v.Off+n], c: v.C, t: v.T, h: v.H, w: v.W}, nil
}

func checkVector(op, name string, v []float32, n int) error {
	if v != nil && len(v) != n {
		return fmt.Errorf("%s: %s has %d elements, want %d", op, name, len(v), n)
	}
	return nil
}
