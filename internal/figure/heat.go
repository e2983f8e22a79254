package figure

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Heat is one map of values, row 0 at the bottom. A panel without values shows
// its Note instead, so that what is missing keeps its place.
type Heat struct {
	Title      string
	Rows, Cols int
	Values     []float64 // row-major; NaN is drawn grey
	X, Y       [2]float64
	Note       string
	Lines      []HeatLine
}

// HeatLine is a straight line over a map, in the units of its axes.
type HeatLine struct {
	X, Y  [2]float64
	Color int
	Paint color.Color // in place of Color, where it is set
}

func (l HeatLine) color() color.Color {
	if l.Paint != nil {
		return l.Paint
	}
	return seriesColor(l.Color)
}

// Heats is a grid of maps of one scale with one colour bar.
type Heats struct {
	Title          string
	XLabel, YLabel string
	BarLabel       string
	LowBright      bool    // low values have the bright colours
	Lo, Hi         float64 // values at the ends of the colours; taken from the data where both are 0
	Columns        int     // panels in a row; 0 is up to 3
	Panels         []Heat
	Side           float64 // of a panel's data area in points; 0 is the usual size
}

const (
	heatSide  = 150
	heatLeft  = 44 // tick labels and the axis label
	heatBelow = 34
	heatTop   = 16
	barRoom   = 64
)

func (f Heats) check() error {
	if len(f.Panels) == 0 {
		return fmt.Errorf("%q: no panels", f.Title)
	}
	some := false
	for _, p := range f.Panels {
		if len(p.Values) == 0 {
			continue
		}
		if p.Rows < 1 || p.Cols < 1 || p.Rows*p.Cols != len(p.Values) {
			return fmt.Errorf("%q: panel %q has %d values for %d x %d", f.Title, p.Title, len(p.Values), p.Rows, p.Cols)
		}
		for _, v := range p.Values {
			some = some || finite(v)
		}
	}
	if !some {
		return fmt.Errorf("%q: %w", f.Title, errNothing)
	}
	return nil
}

func (f Heats) columns() int {
	n := f.Columns
	if n < 1 {
		n = 3
		if len(f.Panels) == 4 {
			n = 2
		}
	}
	return min(n, len(f.Panels))
}

func (f Heats) rows() int { return (len(f.Panels) + f.columns() - 1) / f.columns() }

func (f Heats) panel() (side, w, h vg.Length) {
	side = orUsual(f.Side, heatSide)
	return side, side + heatLeft + gap, side + heatBelow + heatTop
}

func (f Heats) size() (w, h vg.Length) {
	_, pw, ph := f.panel()
	return vg.Length(f.columns())*pw + barRoom + 2*margin, vg.Length(f.rows())*ph + titleHeight(f.Title) + 2*margin
}

func (f Heats) scale() (lo, hi float64) {
	if f.Hi > f.Lo {
		return f.Lo, f.Hi
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, p := range f.Panels {
		for _, v := range p.Values {
			if finite(v) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	if lo == hi {
		lo, hi = lo-0.5, hi+0.5
	}
	return lo, hi
}

// color maps values to colours.
func (f Heats) color(lo, hi float64) func(float64) color.RGBA {
	return func(v float64) color.RGBA {
		x := (v - lo) / (hi - lo)
		if f.LowBright {
			x = 1 - x
		}
		return viridis(x)
	}
}

func (f Heats) draw(c draw.Canvas) {
	c = drawTitle(background(c), f.Title)
	lo, hi := f.scale()
	side, pw, ph := f.panel()
	for i, p := range f.Panels {
		col, row := i%f.columns(), i/f.columns()
		x, y := c.Min.X+vg.Length(col)*pw+heatLeft, c.Max.Y-vg.Length(row)*ph-heatTop-side
		area := c
		area.Rectangle = vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + side, Y: y + side}}
		f.drawPanel(area, p, lo, hi)
	}
	x := c.Min.X + vg.Length(f.columns())*pw + 4
	top := c.Max.Y - heatTop
	f.drawBar(c, vg.Rectangle{Min: vg.Point{X: x, Y: top - side}, Max: vg.Point{X: x + 12, Y: top}}, lo, hi)
}

func (f Heats) drawPanel(area draw.Canvas, p Heat, lo, hi float64) {
	head := textStyle(labelSize, ink, draw.XLeft, draw.YBottom)
	area.FillText(head, vg.Point{X: area.Min.X, Y: area.Max.Y + 3}, fit(p.Title, head, area.Size().X))
	if len(p.Values) == 0 {
		rect(area, area.Rectangle, emptyBox)
		sty := textStyle(tickSize, faint, draw.XCenter, draw.YCenter)
		area.FillText(sty, area.Center(), fit(p.Note, sty, area.Size().X-2*gap))
		return
	}
	area.DrawImage(area.Rectangle, heatImage(p, f.color(lo, hi)))
	for _, l := range p.Lines {
		at := func(v float64, ends [2]float64, lo, size vg.Length) vg.Length {
			return lo + vg.Length((v-ends[0])/(ends[1]-ends[0]))*size
		}
		// White below the colour keeps the line apart from any map.
		var pts [2]vg.Point
		for i := range pts {
			pts[i] = vg.Point{X: at(l.X[i], p.X, area.Min.X, area.Size().X), Y: at(l.Y[i], p.Y, area.Min.Y, area.Size().Y)}
		}
		for _, sty := range []draw.LineStyle{{Color: white, Width: 3.2}, {Color: l.color(), Width: 1.6}} {
			area.StrokeLines(sty, area.ClipLinesXY(pts[:])...)
		}
	}
	frame(area, area.Rectangle, ink)
	drawHeatAxis(area, linearTicks(p.X[0], p.X[1], 6), p.X, f.XLabel, false)
	drawHeatAxis(area, linearTicks(p.Y[0], p.Y[1], 6), p.Y, f.YLabel, true)
}

// drawHeatAxis draws ticks outside the area: at its left edge when vertical,
// else at its lower one.
func drawHeatAxis(c draw.Canvas, ticks []Tick, ends [2]float64, label string, vertical bool) {
	thin := draw.LineStyle{Color: ink, Width: vg.Points(0.6)}
	sty, name := textStyle(tickSize, ink, draw.XCenter, draw.YTop), textStyle(labelSize, ink, draw.XCenter, draw.YTop)
	if vertical {
		sty = textStyle(tickSize, ink, draw.XRight, draw.YCenter)
	}
	end := vg.Length(math.Inf(-1))
	for _, t := range ticks {
		at := vg.Length((t.Value - ends[0]) / (ends[1] - ends[0]))
		if vertical {
			y := c.Min.Y + at*c.Size().Y
			c.StrokeLine2(thin, c.Min.X-3, y, c.Min.X, y)
			c.FillText(sty, vg.Point{X: c.Min.X - 5, Y: y + 1}, t.Label)
			continue
		}
		x, half := c.Min.X+at*c.Size().X, sty.Width(t.Label)/2
		c.StrokeLine2(thin, x, c.Min.Y-3, x, c.Min.Y)
		if x-half > end+3 {
			c.FillText(sty, vg.Point{X: x, Y: c.Min.Y - 4}, t.Label)
			end = x + half
		}
	}
	if vertical {
		flat := name
		name.Rotation = math.Pi / 2
		c.FillText(name, vg.Point{X: c.Min.X - heatLeft + 4, Y: c.Center().Y}, fit(label, flat, c.Size().Y))
	} else {
		c.FillText(name, vg.Point{X: c.Center().X, Y: c.Min.Y - 16}, fit(label, name, c.Size().X))
	}
}

func (f Heats) drawBar(c draw.Canvas, r vg.Rectangle, lo, hi float64) {
	const steps = 256
	paint := f.color(lo, hi)
	img := image.NewRGBA(image.Rect(0, 0, 1, steps))
	for i := range steps {
		img.Set(0, i, paint(hi-(hi-lo)*(float64(i)+0.5)/steps))
	}
	c.DrawImage(r, enlarge(img, 8, 2))
	frame(c, r, ink)
	thin, sty := draw.LineStyle{Color: ink, Width: vg.Points(0.6)}, textStyle(tickSize, ink, draw.XLeft, draw.YCenter)
	var widest vg.Length
	for _, t := range linearTicks(lo, hi, 8) {
		y := r.Min.Y + vg.Length((t.Value-lo)/(hi-lo))*r.Size().Y
		c.StrokeLine2(thin, r.Max.X, y, r.Max.X+3, y)
		c.FillText(sty, vg.Point{X: r.Max.X + 5, Y: y + 1}, t.Label)
		widest = max(widest, sty.Width(t.Label))
	}
	flat := textStyle(labelSize, ink, draw.XCenter, draw.YTop)
	turned := flat
	turned.Rotation = math.Pi / 2
	x := min(r.Max.X+8+widest, c.Max.X-labelSize-2)
	c.FillText(turned, vg.Point{X: x, Y: (r.Min.Y + r.Max.Y) / 2}, fit(f.BarLabel, flat, r.Size().Y+20))
}

// rasterSide is the number of pixels a map is enlarged to at least, so that
// its cells stay crisp where a viewer interpolates.
const rasterSide = 900

// heatImage paints each value as a square of equal pixels. gonum's own heat
// map leaves seams between cells or blurs them.
func heatImage(p Heat, paint func(float64) color.RGBA) image.Image {
	small := image.NewRGBA(image.Rect(0, 0, p.Cols, p.Rows))
	for r := range p.Rows {
		for c := range p.Cols {
			small.SetRGBA(c, p.Rows-1-r, paint(p.Values[r*p.Cols+c]))
		}
	}
	return enlarge(small, max(1, (rasterSide+p.Cols-1)/p.Cols), max(1, (rasterSide+p.Rows-1)/p.Rows))
}

// enlarge repeats each pixel kx times across and ky times down.
func enlarge(src *image.RGBA, kx, ky int) *image.RGBA {
	b := src.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx()*kx, b.Dy()*ky))
	for y := range b.Dy() {
		line := dst.Pix[y*ky*dst.Stride:][:dst.Stride]
		for x := range b.Dx() {
			px := src.Pix[src.PixOffset(b.Min.X+x, b.Min.Y+y):][:4]
			for k := range kx {
				copy(line[(x*kx+k)*4:], px)
			}
		}
		for k := 1; k < ky; k++ {
			copy(dst.Pix[(y*ky+k)*dst.Stride:], line)
		}
	}
	return dst
}
