package vqeval

import (
	"math"

	"longtake/kernels/frames"
)

// Look is what a frame looks like as a whole.
type Look struct {
	Luma       float64 // mean, grey levels
	Contrast   float64 // standard deviation of luma, grey levels
	Saturation float64 // mean of (max-min)/max over the colours, 0..1
	Cb, Cr     float64 // means of the BT.601 colour differences, levels about 0
}

// lookAt converts rgb24 to BT.601 luma and measures the frame and its tiles; levels are those of
// light.
func lookAt(rgb []byte, w, h int) (luma []byte, look Look, t Tones, levels [tiles]float64) {
	luma = make([]byte, w*h)
	var parts [tiles]frames.Sums
	for r := range tileRows {
		row := parts[r*tileCols:][:tileCols]
		y0, y1 := r*h/tileRows, (r+1)*h/tileRows
		for c := range row {
			x0, x1 := c*w/tileCols, (c+1)*w/tileCols
			from := y0*w + x0
			frames.Tones(luma[from:], rgb[3*from:], w, x1-x0, y1-y0, &row[c])
		}
	}
	var all frames.Sums
	for i := range parts {
		p := &parts[i]
		all.N += p.N
		for k, v := range p.Of {
			all.Of[k] += v
		}
		for k, v := range p.Saturation {
			all.Saturation[k] += v
		}
		cb, cr := chroma(p)
		t.Cb[i], t.Cr[i] = int16(math.Round(64*cb)), int16(math.Round(64*cr))
		t.Saturation[i] = uint16(math.Round(65535 * saturation(p)))
		t.Near[i], t.Far[i] = unseen, unseen
		levels[i] = tileLevel(int(p.Of[frames.Luma]), p.N)
	}
	n := float64(max(1, all.N))
	mean := float64(all.Of[frames.Luma]) / n
	cb, cr := chroma(&all)
	return luma, Look{
		Luma: mean, Contrast: math.Sqrt(math.Max(0, float64(all.Of[frames.Square])/n-mean*mean)), Saturation: saturation(&all),
		Cb: cb, Cr: cr,
	}, t, levels
}

// saturation is the mean over the pixels.
func saturation(s *frames.Sums) float64 {
	return (s.Saturation[0] + s.Saturation[1] + s.Saturation[2] + s.Saturation[3]) / float64(max(1, s.N))
}

// chroma are the means of the BT.601 colour differences.
func chroma(s *frames.Sums) (cb, cr float64) {
	n := float64(max(1, s.N))
	r, g, b := float64(s.Of[frames.Red])/n, float64(s.Of[frames.Green])/n, float64(s.Of[frames.Blue])/n
	return -0.168736*r - 0.331264*g + 0.5*b, 0.5*r - 0.418688*g - 0.081312*b
}

func abs(v int) int { return max(v, -v) }
