package cpu

import "math"

// The row-wise operators: whole vectors by kernels, the rest of a row in Go. A
// nil set does all in Go.

// whole is the number of elements in whole vectors.
func (s *kernelSet) whole(n int) int { return n / s.lanes * s.lanes }

// laneSums are the results of moments.
type laneSums [2 * maxLanes]float32

// rowMoments are the means of x-shift and of its square.
func (s *kernelSet) rowMoments(x []float32, shift float32, sums *laneSums) (mean, square float64) {
	w := s.whole(len(x))
	if w > 0 {
		s.moments(w, &x[0], shift, &sums[0])
		for i := range s.lanes {
			mean += float64(sums[i])
			square += float64(sums[s.lanes+i])
		}
	}
	for _, v := range x[w:] {
		d := float64(v - shift)
		mean += d
		square += d * d
	}
	n := float64(len(x))
	return mean / n, square / n
}

// affineRow sets dst = ((x-shift)*scale+offset)*mul + add; nil mul is 1, nil
// add is 0.
func (s *kernelSet) affineRow(dst, x []float32, shift, scale, offset float32, mul, add []float32) {
	w := s.whole(len(x))
	if w > 0 {
		m, mStep, a, aStep := &ones[0], 0, &zeros[0], 0
		if mul != nil {
			m, mStep = &mul[0], 4*s.lanes
		}
		if add != nil {
			a, aStep = &add[0], 4*s.lanes
		}
		s.affine(w, &dst[0], &x[0], shift, scale, offset, m, mStep, a, aStep)
	}
	for i := w; i < len(x); i++ {
		y := (x[i]-shift)*scale + offset
		if mul != nil {
			y *= mul[i]
		}
		if add != nil {
			y += add[i]
		}
		dst[i] = y
	}
}

func (s *kernelSet) layerNormRow(dst, x, mul, add []float32, eps float32, sums *laneSums) {
	if s == nil {
		layerNormRow(dst, x, mul, add, eps)
		return
	}
	mean, _ := s.rowMoments(x, 0, sums)
	// Around the rounded mean, which leaves a small mean of its own.
	shift := float32(mean)
	rest, square := s.rowMoments(x, shift, sums)
	inv := 1 / math.Sqrt(max(square-rest*rest, 0)+float64(eps))
	s.affineRow(dst, x, shift, float32(inv), float32(-rest*inv), mul, add)
}

func (s *kernelSet) rmsNormRow(dst, x, mul []float32, eps float32, sums *laneSums) {
	if s == nil {
		rmsNormRow(dst, x, mul, eps)
		return
	}
	_, square := s.rowMoments(x, 0, sums)
	s.affineRow(dst, x, 0, float32(1/math.Sqrt(square+float64(eps))), 0, mul, nil)
}

// addProductRow sets x += y*gate; nil gate is 1.
func (s *kernelSet) addProductRow(x, y, gate []float32) {
	if s == nil {
		addGatedRow(x, y, gate)
		return
	}
	w := s.whole(len(x))
	if w > 0 {
		g, step := &ones[0], 0
		if gate != nil {
			g, step = &gate[0], 4*s.lanes
		}
		s.addProduct(w, &x[0], &y[0], g, step)
	}
	if gate != nil {
		gate = gate[w:]
	}
	addGatedRow(x[w:], y[w:], gate)
}

func (s *kernelSet) ropeRow(x []float32, heads int, cos, sin []float32) {
	if s == nil {
		ropeRow(x, heads, cos, sin)
		return
	}
	d := 2 * len(cos)
	w := s.whole(d)
	for h := range heads {
		v := x[h*d : (h+1)*d]
		if w > 0 {
			s.rotate(w, &v[0], &cos[0], &sin[0])
		}
		ropeRow(v[w:], 1, cos[w/2:], sin[w/2:])
	}
}

// channelNorm normalises w positions of [len(gamma), stride]; inv has room for
// w elements.
func (s *kernelSet) channelNorm(dst, x []float32, stride, w int, inv, gamma []float32) {
	if s == nil {
		channelNorm(dst, x, stride, w, inv, gamma)
		return
	}
	clear(inv)
	for c := range gamma {
		row := x[c*stride : c*stride+w]
		s.addProductRow(inv, row, row)
	}
	vecs := s.whole(w)
	root := math.Sqrt(float64(len(gamma)))
	if vecs > 0 {
		s.inverseNorm(vecs, &inv[0], float32(root))
	}
	inverseNorm(inv[vecs:], root)
	for c, g := range gamma {
		s.affineRow(dst[c*stride:c*stride+w], x[c*stride:c*stride+w], 0, g, 0, inv, nil)
	}
}
