package figure

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var white = color.Gray{255}

// chart is a plot that knows its axes.
type chart struct {
	*plot.Plot
	x, y Axis
}

// newChart makes a plot with both axes set up, ok false where nothing can be
// shown. The axes' labels are left to draw: gonum/plot reserves room for them
// in data space, which on a logarithmic axis takes the room of the data.
func newChart(x, y Axis, xs, ys []float64) (ch chart, ok bool) {
	p := plot.New()
	p.TextHandler = textMode
	p.BackgroundColor = nil
	for _, side := range []struct {
		axis   *plot.Axis
		a      Axis
		values []float64
		ya     draw.YAlignment
		xa     draw.XAlignment
	}{{&p.X, x, xs, draw.YTop, draw.XCenter}, {&p.Y, y, ys, draw.YCenter, draw.XRight}} {
		axis := side.axis
		if axis.Min, axis.Max, ok = side.a.span(side.values); !ok {
			return chart{}, false
		}
		axis.Scale = plot.LinearScale{}
		if side.a.Log {
			axis.Scale = plot.LogScale{}
		}
		axis.Padding = 0
		axis.LineStyle.Width, axis.LineStyle.Color = vg.Points(0.75), ink
		axis.Tick.LineStyle.Width, axis.Tick.LineStyle.Color = vg.Points(0.75), ink
		axis.Tick.Length = vg.Points(4)
		axis.Tick.Label = textStyle(tickSize, ink, side.xa, side.ya)
	}
	return chart{p, x, y}, true
}

// inner is the canvas without the room of the axes' labels.
func (ch chart) inner(c draw.Canvas) draw.Canvas {
	var left, below vg.Length
	if clean(ch.y.Label) != "" {
		left = labelSize + gap
	}
	if clean(ch.x.Label) != "" {
		below = labelSize + gap
	}
	return draw.Crop(c, left, 0, below, 0)
}

// area is where the data go when the chart fills c. It chooses the ticks for
// that room: first with all labels, then with those that do not touch.
func (ch chart) area(c draw.Canvas) draw.Canvas {
	c = ch.inner(c)
	area := draw.Crop(c, 40, 0, 30, 0)
	for range 2 {
		s := area.Size()
		ch.Y.Tick.Marker = marker(ch.y.ticksFor(ch.Y.Min, ch.Y.Max, s.Y), ch.Y.Min, ch.Y.Max, ch.Y.Norm, s.Y, true, ch.Y.Tick.Label)
		ch.X.Tick.Marker = marker(ch.x.ticksFor(ch.X.Min, ch.X.Max, s.X), ch.X.Min, ch.X.Max, ch.X.Norm, s.X, false, ch.X.Tick.Label)
		area = ch.DataCanvas(c)
	}
	return area
}

// grid lines behind the data, at labelled ticks only.
func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = gridGrey, gridGrey
	g.Vertical.Width, g.Horizontal.Width = vg.Points(0.5), vg.Points(0.5)
	return g
}

// draw draws the chart with its labels and returns the area of the data. A
// label may be longer than that area, but not than the canvas.
func (ch chart) draw(c draw.Canvas) draw.Canvas {
	area := ch.area(c)
	ch.Draw(ch.inner(c))
	below := textStyle(labelSize, ink, draw.XCenter, draw.YBottom)
	label := fit(ch.x.Label, below, c.Size().X)
	half := below.Width(label) / 2
	x := min(max(area.Center().X, c.Min.X+half), c.Max.X-half)
	c.FillText(below, vg.Point{X: x, Y: c.Min.Y + 2}, label)

	flat := textStyle(labelSize, ink, draw.XCenter, draw.YTop)
	turned := flat
	turned.Rotation = math.Pi / 2
	label = fit(ch.y.Label, flat, c.Size().Y)
	half = flat.Width(label) / 2
	y := min(max(area.Center().Y, c.Min.Y+half), c.Max.Y-half)
	c.FillText(turned, vg.Point{X: c.Min.X, Y: y}, label)
	return area
}

func rect(c draw.Canvas, r vg.Rectangle, fill color.Color) {
	c.FillPolygon(fill, []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}})
}

func frame(c draw.Canvas, r vg.Rectangle, line color.Color) {
	c.StrokeLines(draw.LineStyle{Color: line, Width: vg.Points(0.6)},
		[]vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}, r.Min})
}

// entry is a line of a legend.
type entry struct {
	name  string
	color color.Color
	glyph draw.GlyphDrawer // nil for none
	line  bool
	dash  bool
	box   bool
}

const (
	legendSample = 22
	legendMost   = 150 // widest text, in points
	legendStep   = 14
)

func legendWidth(entries []entry) vg.Length {
	if len(entries) == 0 {
		return 0
	}
	sty := textStyle(labelSize, ink, draw.XLeft, draw.YCenter)
	var w vg.Length
	for _, e := range entries {
		w = max(w, sty.Width(fit(e.name, sty, legendMost)))
	}
	return w + legendSample + 2*gap
}

func legendHeight(entries []entry) vg.Length { return vg.Length(len(entries)) * legendStep }

// drawLegend lists entries downwards from the upper left corner of c.
func drawLegend(c draw.Canvas, entries []entry) {
	sty := textStyle(labelSize, ink, draw.XLeft, draw.YCenter)
	for i, e := range entries {
		y := c.Max.Y - legendStep*(vg.Length(i)+0.5)
		x0, x1 := c.Min.X, c.Min.X+legendSample
		if e.box {
			rect(c, vg.Rectangle{Min: vg.Point{X: x0 + 4, Y: y - 4}, Max: vg.Point{X: x1 - 4, Y: y + 4}}, e.color)
		}
		if e.line {
			c.StrokeLine2(lineStyle(e.color, e.dash), x0, y, x1, y)
		}
		if e.glyph != nil {
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: e.color, Radius: glyphRadius, Shape: e.glyph}, vg.Point{X: (x0 + x1) / 2, Y: y})
		}
		c.FillText(sty, vg.Point{X: x1 + gap, Y: y + 1}, fit(e.name, sty, legendMost))
	}
}

const glyphRadius = 3

func lineStyle(c color.Color, dashed bool) draw.LineStyle {
	s := draw.LineStyle{Color: c, Width: vg.Points(1.4)}
	if dashed {
		s.Width, s.Dashes = vg.Points(1), []vg.Length{4, 3}
	}
	return s
}
