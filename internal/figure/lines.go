package figure

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Series is one line. A point that is NaN or infinite, or not above 0 on a
// logarithmic axis, leaves a gap. Low and High, where given, are the ends of
// an interval at each point (NaN for none).
type Series struct {
	Name      string // empty: not in the legend
	X, Y      []float64
	Low, High []float64
	// XLow and XHigh are the ends of an interval along the other axis.
	XLow, XHigh []float64
	Color       int  // index into the palette; 0 is black
	Dashed      bool // a dashed line without markers
	Bare        bool // a line without markers
}

// Level is a horizontal line across the figure.
type Level struct {
	Y    float64
	Name string
}

// Lines is a line chart with its legend at the right.
type Lines struct {
	Title  string
	X, Y   Axis
	Series []Series
	Levels []Level
	Dodge  bool // move series aside by a few points, so that intervals do not overlap
	// Width (without the legend) and Height in points; 0 is the usual size.
	Width, Height float64
}

const (
	usualWidth  = 400
	usualHeight = 290
)

func orUsual(v float64, usual vg.Length) vg.Length {
	if v > 0 {
		return vg.Length(v)
	}
	return usual
}

func (f Lines) size() (w, h vg.Length) {
	h = max(orUsual(f.Height, usualHeight), legendHeight(f.entries())+titleHeight(f.Title)+2*margin)
	return orUsual(f.Width, usualWidth) + legendWidth(f.entries()), h
}

func (f Lines) check() error {
	shown := false
	for _, s := range f.Series {
		if len(s.X) != len(s.Y) || s.Low != nil && len(s.Low) != len(s.X) || len(s.Low) != len(s.High) {
			return fmt.Errorf("%q: series %q has %d x, %d y, %d and %d ends of intervals", f.Title, s.Name, len(s.X), len(s.Y), len(s.Low), len(s.High))
		}
		if s.XLow != nil && len(s.XLow) != len(s.X) || len(s.XLow) != len(s.XHigh) {
			return fmt.Errorf("%q: series %q has %d x, %d and %d ends of intervals of x", f.Title, s.Name, len(s.X), len(s.XLow), len(s.XHigh))
		}
		for i := range s.X {
			shown = shown || f.X.shows(s.X[i]) && f.Y.shows(s.Y[i])
		}
	}
	if !shown {
		return fmt.Errorf("%q: %w", f.Title, errNothing)
	}
	return nil
}

var errNothing = errors.New("no value can be shown")

// values lists everything that the axes must hold.
func (f Lines) values() (xs, ys []float64) {
	for _, s := range f.Series {
		for i := range s.X {
			if !f.X.shows(s.X[i]) || !f.Y.shows(s.Y[i]) {
				continue
			}
			xs, ys = append(xs, s.X[i]), append(ys, s.Y[i])
			if s.Low != nil {
				ys = append(ys, s.Low[i], s.High[i])
			}
			if s.XLow != nil {
				xs = append(xs, s.XLow[i], s.XHigh[i])
			}
		}
	}
	for _, l := range f.Levels {
		ys = append(ys, l.Y)
	}
	return xs, ys
}

func (f Lines) entries() []entry {
	var out []entry
	for i, s := range f.Series {
		if s.Name == "" {
			continue
		}
		e := entry{name: s.Name, color: seriesColor(s.Color), line: true, dash: s.Dashed}
		if !s.Dashed && !s.Bare {
			e.glyph = seriesGlyph(i)
		}
		out = append(out, e)
	}
	for _, l := range f.Levels {
		if l.Name != "" {
			out = append(out, entry{name: l.Name, color: faint, line: true, dash: true})
		}
	}
	return out
}

func (f Lines) draw(c draw.Canvas) {
	c = drawTitle(background(c), f.Title)
	entries := f.entries()
	lw := legendWidth(entries)
	main := draw.Crop(c, 0, -lw, 0, 0)
	xs, ys := f.values()
	p, ok := newChart(f.X, f.Y, xs, ys)
	if !ok {
		return // check saw a value, so this is not reached
	}
	p.Add(grid())
	for _, l := range f.Levels {
		p.Add(levelPlotter(l))
	}
	solid := 0
	for _, s := range f.Series {
		if !s.Dashed {
			solid++
		}
	}
	at := 0
	for i, s := range f.Series {
		var shift vg.Length
		if f.Dodge && !s.Dashed {
			// Many series share the room that six have, or the outer ones leave the axes.
			shift = min(6, dodgeRoom/vg.Length(max(1, solid-1))) * (vg.Length(at) - vg.Length(solid-1)/2)
			at++
		}
		p.Add(linePlotter{s, f.X, f.Y, seriesGlyph(i), shift})
	}
	area := p.draw(main)
	legend := draw.Crop(c, main.Size().X+gap, 0, 0, 0)
	legend.Max.Y = min(area.Max.Y, c.Max.Y)
	drawLegend(legend, entries)
}

// dodgeRoom is how far apart the first and the last series are moved, in points.
const dodgeRoom = 30

type levelPlotter Level

func (l levelPlotter) Plot(c draw.Canvas, p *plot.Plot) {
	y := c.Y(p.Y.Norm(l.Y))
	if finite(l.Y) && c.ContainsY(y) {
		c.StrokeLine2(lineStyle(faint, true), c.Min.X, y, c.Max.X, y)
	}
}

type linePlotter struct {
	s     Series
	x, y  Axis
	glyph draw.GlyphDrawer
	shift vg.Length
}

func (l linePlotter) Plot(c draw.Canvas, p *plot.Plot) {
	col := seriesColor(l.s.Color)
	var run []vg.Point
	flush := func() {
		if len(run) > 1 {
			c.StrokeLines(lineStyle(col, l.s.Dashed), c.ClipLinesXY(run)...)
		}
		run = nil
	}
	clip := func(v float64) vg.Length { // a value on the axis, or its nearer end
		if !l.y.shows(v) {
			return c.Min.Y
		}
		return c.Y(min(max(p.Y.Norm(v), 0), 1))
	}
	var points []vg.Point
	for i := range l.s.X {
		if !l.x.shows(l.s.X[i]) || !l.y.shows(l.s.Y[i]) {
			flush()
			continue
		}
		pt := vg.Point{X: c.X(p.X.Norm(l.s.X[i])) + l.shift, Y: c.Y(p.Y.Norm(l.s.Y[i]))}
		if l.s.Low != nil && !math.IsNaN(l.s.Low[i]) && !math.IsNaN(l.s.High[i]) {
			lo, hi := clip(l.s.Low[i]), clip(l.s.High[i])
			thin := draw.LineStyle{Color: col, Width: vg.Points(0.9)}
			c.StrokeLine2(thin, pt.X, lo, pt.X, hi)
			for _, y := range []vg.Length{lo, hi} {
				c.StrokeLine2(thin, pt.X-2.5, y, pt.X+2.5, y)
			}
		}
		if l.s.XLow != nil && l.x.shows(l.s.XLow[i]) && l.x.shows(l.s.XHigh[i]) {
			along := func(v float64) vg.Length { return c.X(min(max(p.X.Norm(v), 0), 1)) + l.shift }
			lo, hi := along(l.s.XLow[i]), along(l.s.XHigh[i])
			thin := draw.LineStyle{Color: col, Width: vg.Points(0.9)}
			c.StrokeLine2(thin, lo, pt.Y, hi, pt.Y)
			for _, x := range []vg.Length{lo, hi} {
				c.StrokeLine2(thin, x, pt.Y-2.5, x, pt.Y+2.5)
			}
		}
		run, points = append(run, pt), append(points, pt)
	}
	flush()
	if l.s.Dashed || l.s.Bare {
		return
	}
	for _, pt := range points {
		c.DrawGlyph(draw.GlyphStyle{Color: col, Radius: glyphRadius, Shape: l.glyph}, pt)
	}
}
