package vqeval

import "math"

// Look is what a frame looks like as a whole.
type Look struct {
	Luma       float64 // mean, grey levels
	Contrast   float64 // standard deviation of luma, grey levels
	Saturation float64 // mean of (max-min)/max over the colours, 0..1
	Cb, Cr     float64 // means of the BT.601 colour differences, levels about 0
	// Detail is the mean difference of neighbouring pairs of pixels at native
	// resolution (a band about 8 pixels wide, which coding noise hardly reaches), as
	// a share of the difference at four times that distance; NaN where unknown.
	Detail float64
}

// inverse of a byte, 0 for 0: a division a sample is what lookAt would cost most.
var inverse = func() (v [256]float64) {
	for i := range v[1:] {
		v[i+1] = 1 / float64(i+1)
	}
	return v
}()

// lookAt converts rgb24 to BT.601 luma and measures all but the detail.
func lookAt(rgb []byte) ([]byte, Look) {
	luma := make([]byte, len(rgb)/3)
	var sat float64
	var red, green, blue, sum, sq int
	for i := range luma {
		r, g, b := rgb[3*i], rgb[3*i+1], rgb[3*i+2]
		y := (299*int(r) + 587*int(g) + 114*int(b) + 500) / 1000
		luma[i] = byte(y)
		sum += y
		sq += y * y
		red += int(r)
		green += int(g)
		blue += int(b)
		hi := max(r, g, b)
		sat += float64(hi-min(r, g, b)) * inverse[hi]
	}
	n := float64(max(1, len(luma)))
	mean := float64(sum) / n
	r, g, b := float64(red)/n, float64(green)/n, float64(blue)/n
	return luma, Look{
		Luma: mean, Contrast: math.Sqrt(math.Max(0, float64(sq)/n-mean*mean)), Saturation: sat / n,
		Cb: -0.168736*r - 0.331264*g + 0.5*b, Cr: 0.5*r - 0.418688*g - 0.081312*b,
	}
}

// detailOf measures full-width rows of a frame at native resolution.
func detailOf(pix []byte, width int) float64 {
	var near, far int
	for y := 0; y+width <= len(pix); y += width {
		row := pix[y : y+width]
		for x := 0; x+17 < len(row); x += 2 {
			a := int(row[x]) + int(row[x+1])
			near += abs(a - int(row[x+2]) - int(row[x+3]))
			far += abs(a - int(row[x+8]) - int(row[x+9]))
		}
	}
	if far == 0 {
		return math.NaN() // nothing to see
	}
	return float64(near) / float64(far)
}

func abs(v int) int { return max(v, -v) }
