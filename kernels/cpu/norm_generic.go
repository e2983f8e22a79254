package cpu

import "math"

// layerNormRow sets dst = (x-mean)/sqrt(var+eps)*mul + add, variance biased,
// moments in float64.
func layerNormRow(dst, x, mul, add []float32, eps float32) {
	var sum, sq float64
	for _, v := range x {
		sum += float64(v)
	}
	mean := sum / float64(len(x))
	for _, v := range x {
		c := float64(v) - mean
		sq += c * c
	}
	inv := 1 / math.Sqrt(sq/float64(len(x))+float64(eps))
	for i, v := range x {
		y := float32((float64(v) - mean) * inv)
		if mul != nil {
			y *= mul[i]
		}
		if add != nil {
			y += add[i]
		}
		dst[i] = y
	}
}

// rmsNormRow sets dst = x/sqrt(mean(x²)+eps)*mul, the mean in float64.
func rmsNormRow(dst, x, mul []float32, eps float32) {
	var sq float64
	for _, v := range x {
		sq += float64(v) * float64(v)
	}
	inv := float32(1 / math.Sqrt(sq/float64(len(x))+float64(eps)))
	for i, v := range x {
		y := v * inv
		if mul != nil {
			y *= mul[i]
		}
		dst[i] = y
	}
}

// channelNorm normalises w positions of [len(gamma), stride]; inv has room for
// w elements.
func channelNorm(dst, x []float32, stride, w int, inv, gamma []float32) {
	clear(inv)
	for c := range gamma {
		for i, v := range x[c*stride : c*stride+w] {
			inv[i] += v * v
		}
	}
	inverseNorm(inv, math.Sqrt(float64(len(gamma))))
	for c, g := range gamma {
		row := dst[c*stride : c*stride+w]
		for i, v := range x[c*stride : c*stride+w] {
			row[i] = v * inv[i] * g
		}
	}
}

// inverseNorm turns sums of squares into factors root/max(sqrt(x), 1e-12).
func inverseNorm(x []float32, root float64) {
	for i, sq := range x {
		x[i] = float32(root / max(math.Sqrt(float64(sq)), 1e-12))
	}
}
