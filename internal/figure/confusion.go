package figure

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Confusion is a table of values with names at both sides, drawn as coloured
// cells with their text. Row 0 is at the top.
type Confusion struct {
	Title          string
	XLabel, YLabel string
	Rows, Cols     []string
	Values         []float64 // row-major, on a scale from Lo to Hi; NaN is drawn grey
	Texts          []string  // in the cells; nil for none
	Lo, Hi         float64   // both 0: 0 and 1
	Cell           float64   // width of a cell in points; 0 is the usual size
}

const (
	confusionCell  = 46
	confusionRow   = 22
	confusionNames = 130 // widest name of a row, in points
)

func (f Confusion) check() error {
	if len(f.Rows) == 0 || len(f.Cols) == 0 {
		return fmt.Errorf("%q: %w", f.Title, errNothing)
	}
	if n := len(f.Rows) * len(f.Cols); len(f.Values) != n || f.Texts != nil && len(f.Texts) != n {
		return fmt.Errorf("%q: %d values and %d texts for %d x %d", f.Title, len(f.Values), len(f.Texts), len(f.Rows), len(f.Cols))
	}
	return nil
}

// names gives the room of the rows' names and of the columns', which are
// turned by a quarter where one of them is wider than a cell.
func (f Confusion) names() (left, top vg.Length, turned bool) {
	sty := textStyle(tickSize, ink, draw.XLeft, draw.YCenter)
	for _, s := range f.Rows {
		left = max(left, sty.Width(fit(s, sty, confusionNames)))
	}
	var widest vg.Length
	for _, s := range f.Cols {
		widest = max(widest, sty.Width(fit(s, sty, confusionNames)))
	}
	top = tickSize + gap
	if turned = widest > orUsual(f.Cell, confusionCell)-4; turned {
		top = widest + gap
	}
	if clean(f.XLabel) != "" {
		top += labelSize + gap
	}
	if clean(f.YLabel) != "" {
		left += labelSize + gap
	}
	return left + gap, top, turned
}

func (f Confusion) size() (w, h vg.Length) {
	left, top, _ := f.names()
	w = left + vg.Length(len(f.Cols))*orUsual(f.Cell, confusionCell) + 2*margin
	w = max(w, textStyle(titleSize, ink, draw.XLeft, draw.YTop).Width(clean(f.Title))+2*margin)
	return w, top + vg.Length(len(f.Rows))*confusionRow + titleHeight(f.Title) + 2*margin
}

func (f Confusion) draw(c draw.Canvas) {
	c = drawTitle(background(c), f.Title)
	left, top, turned := f.names()
	cell := orUsual(f.Cell, confusionCell)
	lo, hi := f.Lo, f.Hi
	if lo == hi {
		lo, hi = 0, 1
	}
	x0, y0 := c.Min.X+left, c.Max.Y-top
	middle := textStyle(tickSize, ink, draw.XCenter, draw.YCenter)
	for i := range f.Rows {
		for j := range f.Cols {
			v := f.Values[i*len(f.Cols)+j]
			r := vg.Rectangle{Min: vg.Point{X: x0 + vg.Length(j)*cell, Y: y0 - vg.Length(i+1)*confusionRow}}
			r.Max = vg.Point{X: r.Min.X + cell, Y: r.Min.Y + confusionRow}
			fill := viridis((v - lo) / (hi - lo))
			rect(c, r, fill)
			frame(c, r, white)
			if f.Texts != nil {
				sty := middle
				sty.Color = legible(fill)
				c.FillText(sty, vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: (r.Min.Y + r.Max.Y) / 2}, fit(f.Texts[i*len(f.Cols)+j], sty, cell-2))
			}
		}
	}
	name := textStyle(tickSize, ink, draw.XRight, draw.YCenter)
	for i, s := range f.Rows {
		c.FillText(name, vg.Point{X: x0 - gap, Y: y0 - (vg.Length(i)+0.5)*confusionRow}, fit(s, name, confusionNames))
	}
	for j, s := range f.Cols {
		at := vg.Point{X: x0 + (vg.Length(j)+0.5)*cell, Y: y0 + gap}
		if !turned {
			c.FillText(textStyle(tickSize, ink, draw.XCenter, draw.YBottom), at, s)
			continue
		}
		sty := textStyle(tickSize, ink, draw.XLeft, draw.YCenter)
		s = fit(s, sty, confusionNames)
		sty.Rotation = math.Pi / 2
		c.FillText(sty, at, s)
	}
	label := textStyle(labelSize, ink, draw.XCenter, draw.YTop)
	c.FillText(label, vg.Point{X: x0 + vg.Length(len(f.Cols))*cell/2, Y: c.Max.Y}, clean(f.XLabel))
	label.Rotation = math.Pi / 2
	c.FillText(label, vg.Point{X: c.Min.X, Y: y0 - vg.Length(len(f.Rows))*confusionRow/2}, clean(f.YLabel))
}

// legible is black or white, whichever is read better on a colour.
func legible(c color.RGBA) color.Color {
	if 299*int(c.R)+587*int(c.G)+114*int(c.B) > 128000 {
		return color.Black
	}
	return color.White
}
