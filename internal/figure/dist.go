package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// DistPanel is one measure; Values has one list a group.
type DistPanel struct {
	Title  string
	Y      Axis
	Values [][]float64
}

// Dist shows how measures spread in groups: every value as a dot, from
// BoxLeast values on with a box from the lower to the upper quartile and a line
// at the median, and below each group how many values there are.
type Dist struct {
	Title   string
	Groups  []string
	Panels  []DistPanel
	Columns int // panels in a row; 0 is up to 2
}

// BoxLeast is the number of values below which quartiles say nothing.
const BoxLeast = 5

const (
	distHeight = 190
	distGroup  = 64 // least width of a group
)

func (f Dist) check() error {
	some := false
	for _, p := range f.Panels {
		if len(p.Values) != len(f.Groups) {
			return fmt.Errorf("%q: panel %q has %d lists for %d groups", f.Title, p.Title, len(p.Values), len(f.Groups))
		}
		for _, vs := range p.Values {
			some = some || slices.ContainsFunc(vs, finite)
		}
	}
	if !some {
		return fmt.Errorf("%q: %w", f.Title, errNothing)
	}
	return nil
}

func (f Dist) columns() int {
	n := f.Columns
	if n < 1 {
		n = 2
	}
	return max(1, min(n, len(f.Panels)))
}

func (f Dist) size() (w, h vg.Length) {
	panel := max(250, vg.Length(len(f.Groups))*distGroup+60)
	rows := (len(f.Panels) + f.columns() - 1) / f.columns()
	return panel*vg.Length(f.columns()) + 2*margin, vg.Length(rows)*distHeight + titleHeight(f.Title) + 2*margin
}

func (f Dist) draw(c draw.Canvas) {
	c = drawTitle(background(c), f.Title)
	w := c.Size().X / vg.Length(f.columns())
	for i, p := range f.Panels {
		area := c
		area.Min.X = c.Min.X + vg.Length(i%f.columns())*w
		area.Max.X = area.Min.X + w - 2*gap
		area.Max.Y = c.Max.Y - vg.Length(i/f.columns())*distHeight
		area.Min.Y = area.Max.Y - distHeight + gap
		f.panel(area, p)
	}
}

// panel draws one measure; the groups' names wrap below it on two lines.
func (f Dist) panel(area draw.Canvas, p DistPanel) {
	head := textStyle(labelSize, ink, draw.XLeft, draw.YTop)
	area.FillText(head, vg.Point{X: area.Min.X, Y: area.Max.Y}, fit(p.Title, head, area.Size().X))
	area.Max.Y -= labelSize + gap
	var all []float64
	for _, vs := range p.Values {
		all = append(all, vs...)
	}
	x := Axis{Min: -0.5, Max: float64(len(f.Groups)) - 0.5}
	for i := range f.Groups {
		x.Ticks = append(x.Ticks, Tick{Value: float64(i)})
	}
	y := p.Y
	ch, ok := newChart(x, y, []float64{x.Min, x.Max}, all)
	if !ok {
		y.Min, y.Max, y.Ticks = 0, 1, []Tick{{Value: 0}}
		ch, _ = newChart(x, y, []float64{x.Min, x.Max}, nil)
	}
	g := grid()
	g.Vertical.Width = 0
	ch.Add(g, distPlotter(p))
	area.Min.Y += 3 * (tickSize + 2) // the names and numbers
	data := ch.draw(area)
	name := textStyle(tickSize, ink, draw.XCenter, draw.YTop)
	for i, group := range f.Groups {
		n := 0
		for _, v := range p.Values[i] {
			if finite(v) {
				n++
			}
		}
		step := data.Size().X / vg.Length(len(f.Groups))
		at := vg.Point{X: data.Min.X + (vg.Length(i)+0.5)*step, Y: data.Min.Y - 6}
		for _, line := range append(wrap(group, name, step-4, 2), fmt.Sprintf("n=%d", n)) {
			area.FillText(name, at, line)
			at.Y -= tickSize + 2
		}
	}
}

type distPlotter DistPanel

func (d distPlotter) Plot(c draw.Canvas, p *plot.Plot) {
	room := c.Size().X / vg.Length(len(d.Values))
	half := min(room*0.32, 26)
	for i, vs := range d.Values {
		var kept []float64
		for _, v := range vs {
			if finite(v) {
				kept = append(kept, v)
			}
		}
		col := seriesColor(1 + i%7)
		x := c.X(p.X.Norm(float64(i)))
		y := func(v float64) vg.Length { return c.Y(min(max(p.Y.Norm(v), 0), 1)) }
		if len(kept) >= BoxLeast {
			sorted := slices.Sorted(slices.Values(kept))
			q1, q2, q3 := quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)
			box := vg.Rectangle{Min: vg.Point{X: x - half, Y: y(q1)}, Max: vg.Point{X: x + half, Y: y(q3)}}
			rect(c, box, shade(seriesColor(1+i%7)))
			frame(c, box, color.Gray{150})
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: vg.Points(1.6)}, x-half, y(q2), x+half, y(q2))
		}
		for k, v := range kept {
			// Dots step aside by the golden ratio: evenly, and the same each time.
			_, aside := math.Modf(float64(k) * 0.6180339887)
			shift := half * 0.8 * vg.Length(2*aside-1)
			if len(kept) == 1 {
				shift = 0
			}
			c.DrawGlyph(draw.GlyphStyle{Color: col, Radius: 2.2, Shape: draw.CircleGlyph{}}, vg.Point{X: x + shift, Y: y(v)})
		}
	}
}

// quantile of sorted values, interpolated between neighbours.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-2)
	f := at - float64(i)
	return sorted[i]*(1-f) + sorted[i+1]*f
}
