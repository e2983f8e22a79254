package figure

import (
	"errors"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Span is a stretch of the horizontal axis that is shaded.
type Span struct {
	From, To float64
	Name     string
	Color    int
	Paint    color.Color // in place of Color, where it is set
}

// Panel is one chart of a Curves figure.
type Panel struct {
	Title  string
	Y      Axis
	Series []Series
	Spans  []Span
}

// Curves is a column of charts over one horizontal axis, such as what a video
// does frame by frame.
type Curves struct {
	Title  string
	X      Axis
	Panels []Panel
	Width  float64
	Height float64 // of one panel
}

const panelHeight = 96

func (f Curves) size() (w, h vg.Length) {
	return orUsual(f.Width, usualWidth) + legendWidth(f.entries()), vg.Length(len(f.Panels))*orUsual(f.Height, panelHeight) + titleHeight(f.Title) + 2*margin + 30
}

func (f Curves) lines(p Panel) Lines { return Lines{Title: p.Title, X: f.X, Y: p.Y, Series: p.Series} }

func (f Curves) check() error {
	if len(f.Panels) == 0 {
		return fmt.Errorf("%q: no panels", f.Title)
	}
	shown := false
	for _, p := range f.Panels {
		if err := f.lines(p).check(); err != nil && !errors.Is(err, errNothing) {
			return err
		} else if err == nil {
			shown = true
		}
	}
	if !shown {
		return fmt.Errorf("%q: %w", f.Title, errNothing)
	}
	return nil
}

// entries of the legend, each name once over all panels.
func (f Curves) entries() []entry {
	var out []entry
	seen := map[string]bool{}
	add := func(e entry) {
		if e.name != "" && !seen[e.name] {
			seen[e.name] = true
			out = append(out, e)
		}
	}
	for _, p := range f.Panels {
		for _, s := range p.Series {
			add(entry{name: s.Name, color: seriesColor(s.Color), line: true, dash: s.Dashed})
		}
	}
	for _, p := range f.Panels {
		for _, s := range p.Spans {
			add(entry{name: s.Name, color: shade(s.color()), box: true})
		}
	}
	return out
}

func (f Curves) draw(c draw.Canvas) {
	c = drawTitle(background(c), f.Title)
	entries := f.entries()
	main := draw.Crop(c, 0, -legendWidth(entries), 0, 0)
	var xs []float64
	for _, p := range f.Panels {
		x, _ := f.lines(p).values()
		xs = append(xs, x...)
	}
	x := f.X
	x.Min, x.Max, _ = f.X.span(xs)
	if !x.Log && f.X.Min == f.X.Max { // frame by frame: the axis ends where the data do
		x.Min, x.Max = slices.Min(xs), slices.Max(xs)
		if x.Min == x.Max {
			x.Min, x.Max = x.Min-1, x.Max+1
		}
	}
	// Room left of the data, the same for all panels.
	const below = 30 // labels of the common axis
	height := orUsual(f.Height, panelHeight)
	var left vg.Length
	charts := make([]chart, len(f.Panels))
	for i, p := range f.Panels {
		charts[i] = f.chart(p, x, xs, i == len(f.Panels)-1)
		area := main
		area.Min.Y = area.Max.Y - height + below
		left = max(left, charts[i].area(area).Min.X-main.Min.X)
	}
	top := main.Max.Y
	for i, ch := range charts {
		area := main
		area.Max.Y, area.Min.Y = top, top-height+gap
		if i == len(charts)-1 {
			area.Min.Y = max(main.Min.Y, area.Min.Y-below)
		}
		top -= height
		label := textStyle(tickSize, ink, draw.XLeft, draw.YTop)
		area.FillText(label, vg.Point{X: area.Min.X + left, Y: area.Max.Y}, fit(f.Panels[i].Title, label, area.Size().X-left))
		area.Max.Y -= tickSize + 4
		area.Min.X += left - (ch.area(area).Min.X - area.Min.X)
		data := ch.draw(area)
		if f.lines(f.Panels[i]).check() != nil {
			sty := textStyle(tickSize, faint, draw.XCenter, draw.YCenter)
			area.FillText(sty, data.Center(), "no values")
		}
	}
	drawLegend(draw.Crop(c, main.Size().X+gap, 0, 0, 0), entries)
}

// chart of one panel; one without values is empty.
func (f Curves) chart(p Panel, x Axis, xs []float64, last bool) chart {
	if !last {
		x.Label, x.Ticks = "", []Tick{{Value: x.Min}} // those of the last panel hold for all
	}
	_, ys := f.lines(p).values()
	y := p.Y
	y.Label = ""
	ch, ok := newChart(x, y, xs, ys)
	if !ok {
		y = Axis{Max: 1, Ticks: []Tick{{Value: 0}}}
		ch, _ = newChart(x, y, xs, nil)
	}
	g := grid()
	g.Vertical.Width = 0
	ch.Add(g)
	for _, s := range p.Spans {
		ch.Add(spanPlotter(s))
	}
	for _, s := range p.Series {
		ch.Add(linePlotter{s: bare(s), x: x, y: y})
	}
	return ch
}

func bare(s Series) Series {
	s.Bare = true
	return s
}

func (s Span) color() color.Color {
	if s.Paint != nil {
		return s.Paint
	}
	return seriesColor(s.Color)
}

// shade is a colour thin enough for a line to be seen on it.
func shade(c color.Color) color.RGBA {
	col := color.RGBAModel.Convert(c).(color.RGBA)
	mix := func(v uint8) uint8 { return uint8(255 - (255-int(v))*3/10) }
	return color.RGBA{mix(col.R), mix(col.G), mix(col.B), 255}
}

type spanPlotter Span

func (s spanPlotter) Plot(c draw.Canvas, p *plot.Plot) {
	if !finite(s.From) || !finite(s.To) {
		return
	}
	x0, x1 := c.X(min(max(p.X.Norm(s.From), 0), 1)), c.X(min(max(p.X.Norm(s.To), 0), 1))
	if x1 > x0 {
		rect(c, vg.Rectangle{Min: vg.Point{X: x0, Y: c.Min.Y}, Max: vg.Point{X: x1, Y: c.Max.Y}}, shade(Span(s).color()))
	}
}
