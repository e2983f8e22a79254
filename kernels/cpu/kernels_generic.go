package cpu

import "math"

// The micro-kernels in Go, over slices. The assembly computes the same with
// fused multiply-adds and its own exponential.

// dotTile sets c[i][j] = init[i][j] + Σp a[i][p] b[p][j] for rows x width
// elements. Rows of a, init and c lie lda, ldi and ldc apart. Row p of b starts
// at off[p], or at p*width when off is nil.
func dotTile(rows, width, k int, a []float32, lda int, b []float32, off []int32, init []float32, ldi int, c []float32, ldc int) {
	for i := range rows {
		for j := range width {
			s := init[i*ldi+j]
			for p := range k {
				at := p * width
				if off != nil {
					at = int(off[p])
				}
				s += a[i*lda+p] * b[at+j]
			}
			c[i*ldc+j] = s
		}
	}
}

// weightedSum sets c[i][j] = c[i][j] scale[j] + Σp a[list[p]][i] b[p][j] for
// rows x width elements; rows of a lie lda apart. No scale is 1. The kernels may
// be told that c has no value yet, which is a c of 0.
func weightedSum(rows, width, k int, a []float32, lda int, list []int32, b, scale, c []float32) {
	for i := range rows {
		for j := range width {
			s := c[i*width+j]
			if scale != nil {
				s *= scale[j]
			}
			for p := range k {
				s += a[int(list[p])*lda+i] * b[p*width+j]
			}
			c[i*width+j] = s
		}
	}
}

// columnSquares sets sum to the sums of squares of n rows of width elements.
func columnSquares(n, width int, s, sum []float32) {
	clear(sum[:width])
	for i, x := range s[:n*width] {
		sum[i%width] += x * x
	}
}

// columnMax raises top to the maximum over rows of the logits s of n keys
// (rows) for width queries (columns). It passes over a NaN.
func columnMax(n, width int, s, top []float32) {
	for j := range width {
		for i := range n {
			if x := s[i*width+j]; x > top[j] {
				top[j] = x
			}
		}
	}
}

// softmaxTile makes weights of logits: alpha = 2^(m-top), s = 2^(s-top),
// d = d alpha + Σ s, m = top, where top is the maximum of m and s.
func softmaxTile(n, width int, s, top, m, d, alpha []float32) {
	for j := range width {
		base := max(top[j], -math.MaxFloat32) // -Inf minus that is -Inf, not NaN
		alpha[j] = exp2(float64(m[j]) - float64(base))
		m[j] = top[j]
		d[j] *= alpha[j]
		for i := range n {
			w := exp2(float64(s[i*width+j]) - float64(base))
			s[i*width+j] = w
			d[j] += w
		}
	}
}

// weightsTile sets c[i][j] = 2^(s pos), or 2^(s neg) where s is not positive,
// s = Σp a[list[i]][p] b[p][j], for rows x width elements, and adds its
// columns to d; rows of a lie lda apart.
func weightsTile(rows, width, k int, a []float32, lda int, list []int32, b, c []float32, pos, neg float32, d []float32) {
	for i := range rows {
		for j := range width {
			s := float32(0)
			for p := range k {
				s += a[int(list[i])*lda+p] * b[p*width+j]
			}
			if s > 0 {
				s *= pos
			} else {
				s *= neg
			}
			c[i*width+j] = exp2(float64(s))
			d[j] += c[i*width+j]
		}
	}
}

// weighTile makes weights of n rows of logits, s = 2^s, and adds its columns to d.
func weighTile(n, width int, s, d []float32) {
	for i := range n {
		for j := range width {
			x := &s[i*width+j]
			*x = exp2(float64(*x))
			d[j] += *x
		}
	}
}

// measureRows copies rows of n elements less sub, and raises most[l] to the
// greatest sum of squares over elements l, l+lanes, ... of a row. A NaN is
// greater than any.
func measureRows(lanes, rows, n int, src []float32, srcStride int, sub, dst []float32, dstStride int, most []float32) {
	for r := range rows {
		var sums [maxLanes]float32
		for c := range n {
			x := src[r*srcStride+c] - sub[c]
			dst[r*dstStride+c] = x
			sums[c%lanes] += x * x
		}
		for l := range lanes {
			if !(sums[l] <= most[l]) && most[l] == most[l] {
				most[l] = sums[l]
			}
		}
	}
}

func exp2(x float64) float32 { return float32(math.Exp2(x)) }

// scaleSigned multiplies positive elements by pos and the others by neg.
func scaleSigned(x []float32, pos, neg float32) {
	for i, v := range x {
		if v > 0 {
			x[i] = v * pos
		} else {
			x[i] = v * neg
		}
	}
}
