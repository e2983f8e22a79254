package cpu

// convFrame computes frame t of output channel o.
func convFrame(j *convJob, o, t int) {
	c := &j.w.spec
	h, w := j.dst.h, j.dst.w
	dst := j.dst.f[(o*j.dst.t+t)*h*w:][:h*w]
	for i := range dst {
		dst[i] = c.B[o]
	}
	for i := range c.In {
		for kt := range c.KT {
			src := j.frame(i, t+kt-(c.KT-1))
			if src == nil {
				continue
			}
			taps := c.W[((o*c.In+i)*c.KT+kt)*c.KH*c.KW:]
			for y := range h {
				row := dst[y*w : (y+1)*w]
				for kh := range c.KH {
					sy := y + kh - (c.KH-1)/2
					if sy < 0 || sy >= h {
						continue
					}
					in := src[sy/j.up*j.x.w:][:j.x.w]
					for kw := range c.KW {
						addShifted(row, in, taps[kh*c.KW+kw], kw-(c.KW-1)/2, j.up)
					}
				}
			}
		}
	}
}

// addShifted adds g*in[(x+shift)/up] to dst[x] wherever x+shift is inside.
func addShifted(dst, in []float32, g float32, shift, up int) {
	lo, hi := max(0, -shift), min(len(dst), len(dst)-shift)
	if up == 1 {
		for x := lo; x < hi; x++ {
			dst[x] += g * in[x+shift]
		}
		return
	}
	for x := lo; x < hi; x++ {
		dst[x] += g * in[(x+shift)/up]
	}
}
