package figure

import (
	"fmt"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Rank is one bar of a ranking.
type Rank struct {
	Label string
	Value float64
	Mark  bool // in the colour of what is marked
}

// Ranks is a ranking from the top, in the order that is given. What has no
// value is listed below it in words and has no bar.
type Ranks struct {
	Title    string
	X        Axis // needs Min and Max; bars begin at Min
	Items    []Rank
	MarkName string
	Apart    []string // what has no value
	ApartWhy string
	Width    float64
}

const rankStep = 14

func (f Ranks) check() error {
	if len(f.Items) == 0 {
		return fmt.Errorf("%q: %w", f.Title, errNothing)
	}
	if !(f.X.Max > f.X.Min) {
		return fmt.Errorf("%q: axis from %g to %g", f.Title, f.X.Min, f.X.Max)
	}
	for _, r := range f.Items {
		if !finite(r.Value) {
			return fmt.Errorf("%q: %q has no value", f.Title, r.Label)
		}
	}
	return nil
}

func (f Ranks) marked() bool {
	for _, r := range f.Items {
		if r.Mark && f.MarkName != "" {
			return true
		}
	}
	return false
}

func (f Ranks) size() (w, h vg.Length) {
	h = titleHeight(f.Title) + vg.Length(len(f.Items))*rankStep + heatBelow + 2*margin
	if n := len(f.Apart); n > 0 {
		h += gap + vg.Length(n+1)*rankStep
	}
	if f.marked() {
		h += legendStep
	}
	return orUsual(f.Width, 520), h
}

func (f Ranks) draw(c draw.Canvas) {
	c = drawTitle(background(c), f.Title)
	if f.marked() {
		drawLegend(c, []entry{{name: f.MarkName, color: seriesColor(2), box: true}})
		c.Max.Y -= legendStep
	}
	label := textStyle(tickSize, ink, draw.XRight, draw.YCenter)
	var left vg.Length
	for _, r := range f.Items {
		left = max(left, label.Width(fit(r.Label, label, 230)))
	}
	area := c
	area.Min.X += left + gap
	area.Max.X -= 36 // the value of a full bar
	area.Min.Y = c.Max.Y - vg.Length(len(f.Items))*rankStep
	value := textStyle(tickSize, ink, draw.XLeft, draw.YCenter)
	for i, r := range f.Items {
		y := area.Max.Y - (vg.Length(i)+0.5)*rankStep
		at := min(max((r.Value-f.X.Min)/(f.X.Max-f.X.Min), 0), 1)
		x := area.Min.X + max(1, vg.Length(at)*area.Size().X)
		col := seriesColor(1)
		if r.Mark {
			col = seriesColor(2)
		}
		rect(c, vg.Rectangle{Min: vg.Point{X: area.Min.X, Y: y - 4.5}, Max: vg.Point{X: x, Y: y + 4.5}}, col)
		c.FillText(label, vg.Point{X: area.Min.X - gap, Y: y + 1}, fit(r.Label, label, 230))
		c.FillText(value, vg.Point{X: x + 4, Y: y + 1}, strconv.FormatFloat(r.Value, 'g', 3, 64))
	}
	c.StrokeLine2(draw.LineStyle{Color: ink, Width: vg.Points(0.75)}, area.Min.X, area.Min.Y, area.Max.X, area.Min.Y)
	drawHeatAxis(area, linearTicks(f.X.Min, f.X.Max, 8), [2]float64{f.X.Min, f.X.Max}, f.X.Label, false)
	if len(f.Apart) == 0 {
		return
	}
	y := area.Min.Y - heatBelow - gap - rankStep/2
	line := textStyle(tickSize, faint, draw.XLeft, draw.YCenter)
	c.FillText(value, vg.Point{X: c.Min.X, Y: y}, fit(f.ApartWhy, value, c.Size().X))
	for _, s := range f.Apart {
		y -= rankStep
		c.FillText(line, vg.Point{X: c.Min.X + 2*gap, Y: y}, fit(s, line, c.Size().X-2*gap))
	}
}
