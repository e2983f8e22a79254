// Package scenes draws the procedural videos that the built-in model is
// trained on and that serve as controls: five scenes whose factors (palette,
// direction, speed, texture) are drawn once per video and persist through it,
// with motion that does not repeat.
//
// A video is a function of its kind, its seed and the frame number alone, so
// that the first 81 frames of a long video are the short video.
package scenes

import (
	"fmt"
	"math"
	"strings"
)

// FPS is the frame rate that speeds are meant for.
const FPS = 16

// RGB is a colour, each channel in [0,1].
type RGB [3]float64

// Factors are the properties of a video that hold from its first frame to its
// last. Direction is -1 (leftwards) or +1 where the scene has a horizontal
// direction of motion, else 0. Speed is in frame widths per second.
type Factors struct {
	Direction int
	Speed     float64
	Palette   []RGB
	Texture   float64
}

// painter draws frame t of one video into an image of n x n pixels.
type painter interface {
	factors() Factors
	paint(t int, img *canvas)
}

var kinds = []struct {
	name, about string
	make        func(rng) painter
}{
	{"runner", "a runner crosses a scrolling landscape of hills", newRunner},
	{"waves", "waves roll over the sea below a clear sky", newWaves},
	{"snow", "snow falls over a dark winter field", newSnow},
	{"fish", "bright fish wander through deep water", newFish},
	{"room", "a quiet room where the light of a window changes", newRoom},
}

// Kinds lists the scenes in a fixed order.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// About is the one-line description of a scene, the prompt that names it.
func About(kind string) string {
	for _, k := range kinds {
		if k.name == kind {
			return k.about
		}
	}
	return ""
}

// Scene is one procedural video.
type Scene struct {
	Kind    string
	Seed    uint64
	painter painter
}

// New draws the factors of a video.
func New(kind string, seed uint64) (*Scene, error) {
	for i, k := range kinds {
		if k.name == kind {
			return &Scene{kind, seed, k.make(newRNG(uint64(i+1), seed))}, nil
		}
	}
	return nil, fmt.Errorf("scenes: no scene %q: use one of %s", kind, strings.Join(Kinds(), ", "))
}

// Factors are the video's persistent properties.
func (s *Scene) Factors() Factors { return s.painter.factors() }

// Frame draws frame t as size x size RGB bytes into rgb (3*size*size).
func (s *Scene) Frame(t, size int, rgb []byte) {
	img := newCanvas(size)
	s.painter.paint(t, img)
	img.bytes(rgb)
}

// Render draws frames 0..frames-1; the slice handed to emit is reused.
func Render(kind string, seed uint64, frames, size int, emit func(rgb []byte) error) error {
	s, err := New(kind, seed)
	if err != nil {
		return err
	}
	if frames < 1 || size < 16 || size > 4096 {
		return fmt.Errorf("scenes: %d frames of %d pixels: want at least 1 frame and 16 to 4096 pixels", frames, size)
	}
	img, rgb := newCanvas(size), make([]byte, 3*size*size)
	for t := range frames {
		s.painter.paint(t, img)
		img.bytes(rgb)
		if err := emit(rgb); err != nil {
			return err
		}
	}
	return nil
}

// canvas is a float image; positions are in units of the frame's side.
type canvas struct {
	n   int
	pix []RGB
}

func newCanvas(n int) *canvas { return &canvas{n, make([]RGB, n*n)} }

// at is the centre of pixel i.
func (c *canvas) at(i int) float64 { return (float64(i) + 0.5) / float64(c.n) }

// px is the side of one pixel, but at least that of a 128-pixel frame, so that
// edges are equally soft at the sizes the model works at.
func (c *canvas) px() float64 { return 1 / math.Min(float64(c.n), 96) }

func (c *canvas) bytes(rgb []byte) {
	for i, p := range c.pix {
		for k, v := range p {
			rgb[3*i+k] = byte(math.Round(255 * math.Min(1, math.Max(0, v))))
		}
	}
}

// blend puts colour over pixel i with coverage a.
func (c *canvas) blend(i int, colour RGB, a float64) {
	if a <= 0 {
		return
	}
	p := &c.pix[i]
	for k := range p {
		p[k] += a * (colour[k] - p[k])
	}
}

// ellipse draws a soft-edged ellipse with half axes rx, ry, turned by angle.
func (c *canvas) ellipse(cx, cy, rx, ry, angle float64, colour RGB, alpha float64) {
	sin, cos := math.Sincos(angle)
	reach := math.Max(rx, ry) + 2*c.px()
	x0, x1 := c.span(cx, reach)
	y0, y1 := c.span(cy, reach)
	soft := c.px() / math.Min(rx, ry)
	for y := y0; y < y1; y++ {
		dy := c.at(y) - cy
		for x := x0; x < x1; x++ {
			dx := c.at(x) - cx
			u, v := (dx*cos+dy*sin)/rx, (dy*cos-dx*sin)/ry
			c.blend(y*c.n+x, colour, alpha*step(1+soft, 1-soft, math.Sqrt(u*u+v*v)))
		}
	}
}

// span is the half-open pixel range within reach of a centre.
func (c *canvas) span(centre, reach float64) (int, int) {
	n := float64(c.n)
	lo, hi := math.Floor((centre-reach)*n), math.Ceil((centre+reach)*n)
	return int(math.Min(n, math.Max(0, lo))), int(math.Min(n, math.Max(0, hi)))
}

// step goes smoothly from 0 at a to 1 at b, whichever is larger.
func step(a, b, x float64) float64 {
	t := math.Min(1, math.Max(0, (x-a)/(b-a)))
	return t * t * (3 - 2*t)
}

func mix(a, b RGB, t float64) RGB {
	for k := range a {
		a[k] += t * (b[k] - a[k])
	}
	return a
}

// hsv makes a colour from hue (turns), saturation and value.
func hsv(h, s, v float64) RGB {
	var c RGB
	for k := range c {
		w := math.Abs(math.Mod(h+1+[3]float64{0, 2. / 3, 1. / 3}[k], 1)*6 - 3)
		c[k] = v * (1 - s + s*math.Min(1, math.Max(0, w-1)))
	}
	return c
}
