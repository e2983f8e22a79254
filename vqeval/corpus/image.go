package corpus

import "math"

// Image is one frame while it is drawn: interleaved red, green and blue in grey
// levels (0-255, not clamped).
type Image struct {
	W, H int
	Pix  []float32
}

func newImage(w, h int) *Image { return &Image{w, h, make([]float32, 3*w*h)} }

// Scenes are drawn in units of which a 256x144 frame has as many as pixels, with
// the origin in the middle, so that one scene fills frames of any size.

// unit is pixels per unit.
func (im *Image) unit() float32 { return float32(math.Sqrt(float64(im.W*im.H) / (256 * 144))) }

// half is half the frame in units.
func (im *Image) half() (float32, float32) {
	s := 2 * im.unit()
	return float32(im.W) / s, float32(im.H) / s
}

type rgb [3]float32

func (c rgb) times(k float32) rgb { return rgb{c[0] * k, c[1] * k, c[2] * k} }

func blend(a, b rgb, t float32) rgb {
	t = clamp01(t)
	return rgb{a[0] + (b[0]-a[0])*t, a[1] + (b[1]-a[1])*t, a[2] + (b[2]-a[2])*t}
}

func clamp01(v float32) float32 { return min(1, max(0, v)) }

// hsv takes hue in turns, saturation and value in 0..1.
func hsv(h, s, v float64) rgb {
	var c rgb
	for i := range c {
		k := math.Mod(5-2*float64(i)+6*h, 6)
		if k < 0 {
			k += 6
		}
		c[i] = float32(255 * (v - v*s*math.Max(0, math.Min(1, math.Min(k, 4-k)))))
	}
	return c
}

// fill sets every pixel to the colour at its centre.
func (im *Image) fill(at func(x, y float32) rgb) {
	k := 1 / im.unit()
	hw, hh := im.half()
	i := 0
	for y := range im.H {
		v := (float32(y)+0.5)*k - hh
		for x := range im.W {
			c := at((float32(x)+0.5)*k-hw, v)
			im.Pix[i], im.Pix[i+1], im.Pix[i+2] = c[0], c[1], c[2]
			i += 3
		}
	}
}

// still draws a background that does not change, once per frame size.
func still(at func(x, y float32) rgb) func(*Image) {
	var kept *Image
	return func(im *Image) {
		if kept == nil || kept.W != im.W || kept.H != im.H {
			kept = newImage(im.W, im.H)
			kept.fill(at)
		}
		copy(im.Pix, kept.Pix)
	}
}

// paint lays colours over the pixels of a rectangle in units; at returns the
// colour and its coverage.
func (im *Image) paint(x0, y0, x1, y1 float32, at func(x, y float32) (rgb, float32)) {
	s := im.unit()
	k := 1 / s
	hw, hh := im.half()
	clip := func(v float32, most int) int { return int(max(0, min(float32(most), v))) }
	px0, px1 := clip((x0+hw)*s-1, im.W), clip((x1+hw)*s+2, im.W)
	py0, py1 := clip((y0+hh)*s-1, im.H), clip((y1+hh)*s+2, im.H)
	for y := py0; y < py1; y++ {
		v := (float32(y)+0.5)*k - hh
		for x := px0; x < px1; x++ {
			c, a := at((float32(x)+0.5)*k-hw, v)
			if a <= 0 {
				continue
			}
			a = min(a, 1)
			p := im.Pix[3*(y*im.W+x):][:3]
			p[0] += (c[0] - p[0]) * a
			p[1] += (c[1] - p[1]) * a
			p[2] += (c[2] - p[2]) * a
		}
	}
}

// below paints everything under a ridge.
func (im *Image) below(top func(x float32) float32, at func(x, y float32) rgb) {
	s := im.unit()
	hw, hh := im.half()
	for px := range im.W {
		x := (float32(px)+0.5)/s - hw
		edge := (top(x)+hh)*s + 0.5 // the row whose centre the ridge covers half
		for py := int(max(0, edge-1)); py < im.H; py++ {
			c := at(x, (float32(py)+0.5)/s-hh)
			a := clamp01(float32(py) + 1 - edge)
			p := im.Pix[3*(py*im.W+px):][:3]
			p[0] += (c[0] - p[0]) * a
			p[1] += (c[1] - p[1]) * a
			p[2] += (c[2] - p[2]) * a
		}
	}
}

// disc has a shaded and, where rough is above 0, textured inside that moves with it.
func (im *Image) disc(cx, cy, r float32, c rgb, rough float32) {
	s := im.unit()
	im.paint(cx-r, cy-r, cx+r, cy+r, func(x, y float32) (rgb, float32) {
		dx, dy := x-cx, y-cy
		d2 := dx*dx + dy*dy
		if d2 > (r+1)*(r+1) {
			return c, 0
		}
		d := float32(math.Sqrt(float64(d2)))
		k := 1 - 0.35*(dx+dy)/(2*r)
		if rough > 0 {
			k += rough * tri(dx*0.31+0.13*dy) * tri(dy*0.23)
		}
		return c.times(k), (r-d)*s + 0.5
	})
}

// glow adds light that fades from its middle.
func (im *Image) glow(cx, cy, r float32, c rgb) {
	im.paint(cx-r, cy-r, cx+r, cy+r, func(x, y float32) (rgb, float32) {
		d := 1 - ((x-cx)*(x-cx)+(y-cy)*(y-cy))/(r*r)
		if d <= 0 {
			return c, 0
		}
		return c, d * d
	})
}

// capsule is a line with round ends, of half-width w.
func (im *Image) capsule(x0, y0, x1, y1, w float32, c rgb) {
	s := im.unit()
	dx, dy := x1-x0, y1-y0
	l2 := max(dx*dx+dy*dy, 1e-6)
	im.paint(min(x0, x1)-w, min(y0, y1)-w, max(x0, x1)+w, max(y0, y1)+w, func(x, y float32) (rgb, float32) {
		t := clamp01(((x-x0)*dx + (y-y0)*dy) / l2)
		ex, ey := x-x0-t*dx, y-y0-t*dy
		d := float32(math.Sqrt(float64(ex*ex + ey*ey)))
		return c, (w-d)*s + 0.5
	})
}

// box is a rectangle; its edges lie between pixels.
func (im *Image) box(x0, y0, x1, y1 float32, c rgb) {
	s := im.unit()
	im.paint(x0, y0, x1, y1, func(x, y float32) (rgb, float32) {
		return c, clamp01(min(x-x0, x1-x)*s+0.5) * clamp01(min(y-y0, y1-y)*s+0.5)
	})
}

// tri is a triangle wave of period 2 between -1 and 1.
func tri(x float32) float32 {
	x -= 2 * floor(x/2)
	return 1 - 2*abs(x-1)
}

func abs(x float32) float32 {
	if x < 0 {
		return -x
	}
	return x
}

func floor(x float32) float32 { return float32(math.Floor(float64(x))) }

func sin(x float32) float32 { return float32(math.Sin(float64(x))) }
func cos(x float32) float32 { return float32(math.Cos(float64(x))) }

// difference is the mean one of the channels as they are shown, in grey levels.
func difference(a, b *Image) float64 {
	var s float64
	for i, v := range a.Pix {
		s += math.Abs(float64(min(255, max(0, v)) - min(255, max(0, b.Pix[i]))))
	}
	return s / float64(len(a.Pix))
}
