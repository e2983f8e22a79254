package vqeval

import "math"

// Look is what a frame looks like as a whole.
type Look struct {
	Luma       float64 // mean, grey levels
	Contrast   float64 // standard deviation of luma, grey levels
	Saturation float64 // mean of (max-min)/max over the colours, 0..1
	Cb, Cr     float64 // means of the BT.601 colour differences, levels about 0
}

// inverse of a byte, 0 for 0: a division a sample is what lookAt would cost most.
var inverse = func() (v [256]float64) {
	for i := range v[1:] {
		v[i+1] = 1 / float64(i+1)
	}
	return v
}()

// lookAt converts rgb24 to BT.601 luma and measures the frame and its tiles; levels are those of
// light.
func lookAt(rgb []byte, w, h int) (luma []byte, look Look, t Tones, levels [tiles]float64) {
	luma = make([]byte, w*h)
	var parts [tiles]toneSums
	for r := range tileRows {
		row := parts[r*tileCols:][:tileCols]
		for y := r * h / tileRows; y < (r+1)*h/tileRows; y++ {
			for c := range row {
				from, to := y*w+c*w/tileCols, y*w+(c+1)*w/tileCols
				row[c].add(luma[from:to], rgb[3*from:3*to])
			}
		}
	}
	var all toneSums
	for i, p := range parts {
		all.n += p.n
		all.luma += p.luma
		all.square += p.square
		all.red += p.red
		all.green += p.green
		all.blue += p.blue
		all.sat += p.sat
		cb, cr := p.chroma()
		t.Cb[i], t.Cr[i] = int16(math.Round(64*cb)), int16(math.Round(64*cr))
		t.Saturation[i] = uint16(math.Round(65535 * p.sat / float64(max(1, p.n))))
		t.Near[i], t.Far[i] = unseen, unseen
		levels[i] = tileLevel(p.luma, p.n)
	}
	n := float64(max(1, all.n))
	mean := float64(all.luma) / n
	cb, cr := all.chroma()
	return luma, Look{
		Luma: mean, Contrast: math.Sqrt(math.Max(0, float64(all.square)/n-mean*mean)), Saturation: all.sat / n,
		Cb: cb, Cr: cr,
	}, t, levels
}

// toneSums are sums over pixels.
type toneSums struct {
	n, luma, square, red, green, blue int
	sat                               float64
}

// add notes pixels and writes their luma.
func (s *toneSums) add(luma, rgb []byte) {
	// Sums in registers: stores through s are what would take the time.
	var light, square, red, green, blue uint32 // of one row of a tile, which is narrow
	sat := s.sat
	for i := range luma {
		p := rgb[:3]
		rgb = rgb[3:]
		r, g, b := p[0], p[1], p[2]
		y := (299*uint32(r) + 587*uint32(g) + 114*uint32(b) + 500) / 1000
		luma[i] = byte(y)
		light += y
		square += y * y
		red += uint32(r)
		green += uint32(g)
		blue += uint32(b)
		hi := max(r, g, b)
		sat += float64(hi-min(r, g, b)) * inverse[hi]
	}
	s.n += len(luma)
	s.luma += int(light)
	s.square += int(square)
	s.red += int(red)
	s.green += int(green)
	s.blue += int(blue)
	s.sat = sat
}

// chroma are the means of the BT.601 colour differences.
func (s *toneSums) chroma() (cb, cr float64) {
	n := float64(max(1, s.n))
	r, g, b := float64(s.red)/n, float64(s.green)/n, float64(s.blue)/n
	return -0.168736*r - 0.331264*g + 0.5*b, 0.5*r - 0.418688*g - 0.081312*b
}

func abs(v int) int { return max(v, -v) }
