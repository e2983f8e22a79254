// Package figure draws plain values as PNG, SVG and PDF in one look. It knows
// nothing of records and reports; the same values give the same bytes.
//
// Sizes are in points (1/72 inch). Colours are those of Okabe and Ito (2008),
// which stay apart for colour-blind readers; maps of values use viridis. The
// text is set in Liberation Sans, which gonum/plot carries in the binary.
package figure

import (
	"image/color"
	"math"
	"strings"
	"unicode"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Font sizes and distances of every figure, in points.
const (
	titleSize = 11
	labelSize = 9
	tickSize  = 8
	margin    = 8
	gap       = 6
)

var (
	ink      = color.Gray{40}
	faint    = color.Gray{120}
	gridGrey = color.Gray{225}
	emptyBox = color.Gray{235}
)

// okabeIto has black first: it is for what the others are compared with.
var okabeIto = []color.RGBA{
	{0, 0, 0, 255}, {0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255},
	{204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255}, {148, 130, 0, 255},
}

var glyphs = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{},
	draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.CrossGlyph{}, draw.PlusGlyph{},
}

func seriesColor(i int) color.RGBA { return okabeIto[mod(i, len(okabeIto))] }

// seriesGlyph takes another marker when the colours begin again.
func seriesGlyph(i int) draw.GlyphDrawer { return glyphs[mod(i+i/len(okabeIto), len(glyphs))] }

func mod(i, n int) int { return ((i % n) + n) % n }

// viridis at ten equal steps, between which colours are interpolated.
var viridisStops = []color.RGBA{
	{68, 1, 84, 255}, {72, 40, 120, 255}, {62, 74, 137, 255}, {49, 104, 142, 255}, {38, 130, 142, 255},
	{31, 158, 137, 255}, {53, 183, 121, 255}, {109, 205, 89, 255}, {180, 222, 44, 255}, {253, 231, 37, 255},
}

// viridis maps 0..1, clamped, to a colour. NaN is grey.
func viridis(x float64) color.RGBA {
	if math.IsNaN(x) {
		return color.RGBA{emptyBox.Y, emptyBox.Y, emptyBox.Y, 255}
	}
	last := len(viridisStops) - 1
	x = min(max(x, 0), 1) * float64(last)
	i := min(int(x), last-1)
	f := x - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(float64(a) + f*(float64(b)-float64(a)) + 0.5) }
	a, b := viridisStops[i], viridisStops[i+1]
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

var (
	sans     = font.Font{Typeface: "Liberation", Variant: "Sans"}
	fonts    = font.NewCache(liberation.Collection())
	textMode = text.Plain{Fonts: fonts}
)

func textStyle(size float64, c color.Color, x draw.XAlignment, y draw.YAlignment) draw.TextStyle {
	return draw.TextStyle{Color: c, Font: font.From(sans, vg.Points(size)), XAlign: x, YAlign: y, Handler: textMode}
}

// clean makes one line of any text: no line breaks and no characters that XML
// cannot hold.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || r == unicode.ReplacementChar || r == 0xfffe || r == 0xffff:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// fit cleans a text and shortens it to a width.
func fit(s string, sty draw.TextStyle, width vg.Length) string {
	s = clean(s)
	if sty.Width(s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		short := strings.TrimSpace(string(runes[:n])) + "…"
		if sty.Width(short) <= width {
			return short
		}
	}
	return "…"
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Viridis is the map of values of every figure, for pictures made elsewhere:
// 0 is dark, 1 is bright, NaN is grey.
func Viridis(x float64) color.RGBA { return viridis(x) }
