package cpu

import (
	"math"

	"longtake/kernels"
)

// exp is the exponential that the vector variants approximate.
func exp(x float32) float32 { return float32(math.Exp(float64(x))) }

// activate applies act to every element.
func activate(x []float32, act kernels.Act) {
	switch act {
	case kernels.GELU:
		for i, v := range x {
			x[i] = gelu(v)
		}
	case kernels.SiLU:
		for i, v := range x {
			x[i] = silu(v)
		}
	}
}

// gelu is 0.5x(1+tanh(u)), u = sqrt(2/pi)(x+0.044715x³), in the equal form
// x/(1+exp(-2u)), which keeps its relative precision for negative x.
func gelu(x float32) float32 {
	return x / (1 + exp(-2*geluScale*(x+0.044715*x*x*x)))
}

const geluScale = 0.797884560802865355879892119868763737 // sqrt(2/pi)

// silu is x times the logistic function of x.
func silu(x float32) float32 { return x / (1 + exp(-x)) }

// ropeRow rotates the adjacent pairs of every head of one row; cos and sin
// have one entry per pair of a head.
func ropeRow(x []float32, heads int, cos, sin []float32) {
	d := 2 * len(cos)
	for h := range heads {
		v := x[h*d : (h+1)*d]
		for k, c := range cos {
			s := sin[k]
			a, b := v[2*k], v[2*k+1]
			v[2*k], v[2*k+1] = a*c-b*s, a*s+b*c
		}
	}
}

// addGatedRow sets x += y*gate; a nil gate is 1.
func addGatedRow(x, y, gate []float32) {
	if gate == nil {
		for i, v := range y {
			x[i] += v
		}
		return
	}
	for i, v := range y {
		x[i] += v * gate[i]
	}
}
