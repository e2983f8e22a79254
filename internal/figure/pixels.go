package figure

import (
	"image"
	"image/color"
	"image/draw"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	gonumfont "gonum.org/v1/plot/font"
)

// Pen writes text of one size into pictures, in the type of all figures. It may
// be used by one goroutine at a time.
type Pen struct {
	face font.Face
	size int
}

// NewPen makes a pen of a size in pixels; bold ones are for what must be seen.
func NewPen(size int, bold bool) *Pen {
	f := sans
	if bold {
		f.Weight = font.WeightBold
	}
	// The font is in the binary, so that an error is a mistake in this package.
	face, err := opentype.NewFace(parsed(f), &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic(err)
	}
	return &Pen{face, size}
}

var lookup sync.Mutex

func parsed(f gonumfont.Font) *opentype.Font {
	lookup.Lock()
	defer lookup.Unlock()
	return fonts.Lookup(f, gonumfont.Length(labelSize)).Face
}

// Width of a text in pixels.
func (p *Pen) Width(s string) int { return font.MeasureString(p.face, clean(s)).Ceil() }

// Write puts one line of text into a picture, its top left corner at x, y,
// shortened to a width. It returns how wide it became.
func (p *Pen) Write(dst draw.Image, x, y, width int, s string, c color.Color) int {
	s = clean(s)
	if p.Width(s) > width {
		r := []rune(s)
		for len(r) > 0 && p.Width(string(r)+"…") > width {
			r = r[:len(r)-1]
		}
		s = strings.TrimSpace(string(r)) + "…"
	}
	d := font.Drawer{Dst: dst, Src: image.NewUniform(c), Face: p.face, Dot: fixed.P(x, y+p.size*5/6)}
	d.DrawString(s)
	return p.Width(s)
}

// SeriesColor is the colour of a series in every figure.
func SeriesColor(i int) color.RGBA { return seriesColor(i) }
