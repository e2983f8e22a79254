package cpu

import "longtake/kernels"

// linearRow sets dst = act(W x + bias), w [len(dst), len(x)].
func linearRow(dst, x, w, bias []float32, act kernels.Act) {
	for o := range dst {
		dst[o] = dot(x, w[o*len(x):(o+1)*len(x)]) + bias[o]
	}
	activate(dst, act)
}

// dot is the inner product of equally long vectors, in four partial sums: it
// is both faster and closer to the exact value than one running sum.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
