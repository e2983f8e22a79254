package figure

import (
	"fmt"
	"image"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Thumb is a picture at a place of the horizontal axis.
type Thumb struct {
	At    float64
	Image image.Image
	Label string
}

// Timeline is what happens in one video: a curve with shaded spans, one lane a
// name of span below it with where each begins and ends, and pictures.
type Timeline struct {
	Title  string
	X, Y   Axis // X needs Min and Max
	Values Series
	Spans  []Span // To is the last position that is hit
	Marks  []float64
	Marked string // what the dashed lines at Marks are
	Thumbs []Thumb
	Width  float64
}

const (
	timelineWidth = 620
	timelineChart = 150
	laneHeight    = 15
)

func (f Timeline) check() error {
	if !(f.X.Max > f.X.Min) || !finite(f.X.Max) || !finite(f.X.Min) {
		return fmt.Errorf("%q: axis from %g to %g: %w", f.Title, f.X.Min, f.X.Max, errNothing)
	}
	if len(f.Values.X) != len(f.Values.Y) {
		return fmt.Errorf("%q: %d x, %d y", f.Title, len(f.Values.X), len(f.Values.Y))
	}
	for _, t := range f.Thumbs {
		if t.Image == nil || t.Image.Bounds().Empty() {
			return fmt.Errorf("%q: an empty image at %g", f.Title, t.At)
		}
	}
	return nil
}

// lanes are the names of the spans in their order.
func (f Timeline) lanes() []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range f.Spans {
		if !seen[s.Name] {
			seen[s.Name] = true
			out = append(out, s.Name)
		}
	}
	return out
}

// thumb is the box of one picture; all have the shape of the first one.
func (f Timeline) thumb(room vg.Length) (w, h vg.Length) {
	if len(f.Thumbs) == 0 {
		return 0, 0
	}
	b := f.Thumbs[0].Image.Bounds()
	w = room/vg.Length(len(f.Thumbs)) - 2
	return w, min(w*vg.Length(b.Dy())/vg.Length(b.Dx()), 2*w)
}

// left is the room left of the data: of the lanes' names or the axis.
func (f Timeline) left() vg.Length {
	sty := textStyle(tickSize, ink, draw.XRight, draw.YCenter)
	left := vg.Length(52)
	for _, name := range f.lanes() {
		left = max(left, sty.Width(fit(name, sty, legendMost))+2*gap)
	}
	return left
}

func (f Timeline) size() (w, h vg.Length) {
	w = orUsual(f.Width, timelineWidth)
	h = titleHeight(f.Title) + timelineChart + vg.Length(len(f.lanes()))*laneHeight + gap + 2*margin
	if _, th := f.thumb(w - f.left() - 2*margin); th > 0 {
		h += th + tickSize + 2*gap
	}
	if f.Marked != "" && len(f.Marks) > 0 {
		h += legendStep
	}
	return w, h
}

func (f Timeline) draw(c draw.Canvas) {
	c = drawTitle(background(c), f.Title)
	if f.Marked != "" && len(f.Marks) > 0 {
		drawLegend(c, []entry{{name: f.Marked, color: faint, line: true, dash: true}})
		c.Max.Y -= legendStep
	}
	ch := f.chart()
	area := c
	area.Min.Y = c.Max.Y - timelineChart
	left := f.left()
	area.Min.X += left - (ch.area(area).Min.X - area.Min.X)
	data := ch.draw(area)
	if _, ys := f.lines().values(); len(ys) == 0 {
		sty := textStyle(tickSize, faint, draw.XCenter, draw.YCenter)
		area.FillText(sty, data.Center(), "no values")
	}
	x := func(v float64) vg.Length {
		at := min(max((v-f.X.Min)/(f.X.Max-f.X.Min), 0), 1)
		return data.Min.X + vg.Length(at)*data.Size().X
	}
	y := area.Min.Y - gap
	for _, name := range f.lanes() {
		f.lane(c, name, data, y-laneHeight/2, x)
		y -= laneHeight
	}
	w, h := f.thumb(data.Size().X)
	small := textStyle(tickSize, ink, draw.XCenter, draw.YTop)
	for _, t := range f.Thumbs {
		x0 := min(max(x(t.At)-w/2, data.Min.X), data.Max.X-w)
		shown := inside(vg.Rectangle{Min: vg.Point{X: x0, Y: y - gap - h}, Max: vg.Point{X: x0 + w, Y: y - gap}}, t.Image)
		c.DrawImage(shown, raster(t.Image, max(1, int(math.Round(float64(shown.Size().X*dpi/72))))))
		c.FillText(small, vg.Point{X: x0 + w/2, Y: y - gap - h - 2}, fit(t.Label, small, w))
	}
}

func (f Timeline) lines() Lines { return Lines{X: f.X, Y: f.Y, Series: []Series{f.Values}} }

func (f Timeline) chart() chart {
	xs, ys := f.lines().values()
	y := f.Y
	ch, ok := newChart(f.X, y, append(xs, f.X.Min), ys)
	if !ok {
		y.Min, y.Max, y.Ticks = 0, 1, []Tick{{Value: 0}}
		ch, _ = newChart(f.X, y, []float64{f.X.Min}, nil)
	}
	g := grid()
	g.Vertical.Width = 0
	ch.Add(g)
	for _, s := range f.Spans {
		ch.Add(spanPlotter(s))
	}
	for _, m := range f.Marks {
		ch.Add(markPlotter(m))
	}
	ch.Add(linePlotter{s: bare(f.Values), x: f.X, y: y})
	return ch
}

type markPlotter float64

func (m markPlotter) Plot(c draw.Canvas, p *plot.Plot) {
	x := c.X(p.X.Norm(float64(m)))
	if finite(float64(m)) && c.ContainsX(x) {
		c.StrokeLine2(lineStyle(faint, true), x, c.Min.Y, x, c.Max.Y)
	}
}

// lane draws the spans of one name around height y. The positions stand where
// there is room: right of the bar, left of it, or in it.
func (f Timeline) lane(c draw.Canvas, name string, data draw.Canvas, y vg.Length, x func(float64) vg.Length) {
	sty := textStyle(tickSize, ink, draw.XRight, draw.YCenter)
	c.FillText(sty, vg.Point{X: data.Min.X - gap, Y: y + 1}, fit(name, sty, legendMost))
	c.StrokeLine2(draw.LineStyle{Color: gridGrey, Width: vg.Points(0.5)}, data.Min.X, y, data.Max.X, y)
	end := data.Min.X // of what is drawn so far
	var own []Span
	for _, s := range f.Spans {
		if s.Name == name && finite(s.From) && finite(s.To) {
			own = append(own, s)
		}
	}
	for i, s := range own {
		x0, x1 := x(s.From), x(s.To)
		if x1-x0 < 3 {
			x0 = min(max(data.Min.X, (x0+x1)/2-1.5), data.Max.X-3)
			x1 = x0 + 3
		}
		rect(c, vg.Rectangle{Min: vg.Point{X: x0, Y: y - 4.5}, Max: vg.Point{X: x1, Y: y + 4.5}}, seriesColor(s.Color))
		next := data.Max.X
		if i+1 < len(own) {
			next = x(own[i+1].From)
		}
		text := fmt.Sprintf("%.0f-%.0f", s.From, s.To)
		sty.XAlign = draw.XLeft
		w := sty.Width(text)
		at := x1 + 4
		switch {
		case at+w <= next-2:
		case x0-4-w >= end+2:
			at = x0 - 4 - w
		case x1-x0 >= w+10:
			at = (x0 + x1 - w) / 2
			rect(c, vg.Rectangle{Min: vg.Point{X: at - 3, Y: y - 4.5}, Max: vg.Point{X: at + w + 3, Y: y + 4.5}}, white)
		default:
			text = ""
		}
		if text != "" {
			c.FillText(sty, vg.Point{X: at, Y: y + 1}, text)
		}
		end = max(x1, end)
		if at > x1 && text != "" {
			end = at + w
		}
	}
}
