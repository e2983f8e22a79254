package figure

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bar is one bar. A value that is NaN leaves its place empty.
type Bar struct {
	Value     float64
	Low, High float64 // ends of an interval; both 0 or NaN for none
	Label     string  // above the bar, such as "3/4"
}

// BarSeries is one bar in each group.
type BarSeries struct {
	Name  string
	Color int
	Bars  []Bar // one a group
}

// Bars is a chart of grouped bars from zero.
type Bars struct {
	Title         string
	XLabel        string
	Groups        []string
	Y             Axis
	Series        []BarSeries
	Width, Height float64
}

func (f Bars) size() (w, h vg.Length) {
	w = max(orUsual(f.Width, usualWidth), vg.Length(len(f.Groups)*(len(f.Series)+1))*9+80) + legendWidth(f.entries())
	h = max(orUsual(f.Height, usualHeight), legendHeight(f.entries())+titleHeight(f.Title)+2*margin)
	return w, h
}

func (f Bars) check() error {
	some := false
	for _, s := range f.Series {
		if len(s.Bars) != len(f.Groups) {
			return fmt.Errorf("%q: series %q has %d bars for %d groups", f.Title, s.Name, len(s.Bars), len(f.Groups))
		}
		for _, b := range s.Bars {
			some = some || finite(b.Value)
		}
	}
	if !some {
		return fmt.Errorf("%q: %w", f.Title, errNothing)
	}
	return nil
}

func (f Bars) entries() []entry {
	var out []entry
	for _, s := range f.Series {
		if s.Name != "" {
			out = append(out, entry{name: s.Name, color: seriesColor(s.Color), box: true})
		}
	}
	return out
}

func (f Bars) draw(c draw.Canvas) {
	c = drawTitle(background(c), f.Title)
	entries := f.entries()
	main := draw.Crop(c, 0, -legendWidth(entries), 0, 0)
	var ys []float64
	for _, s := range f.Series {
		for _, b := range s.Bars {
			ys = append(ys, b.Value, b.Low, b.High)
		}
	}
	x := Axis{Label: f.XLabel, Min: -0.5, Max: float64(len(f.Groups)) - 0.5}
	for i, g := range f.Groups {
		x.Ticks = append(x.Ticks, Tick{float64(i), g})
	}
	y := f.Y
	y.Log, y.Zero = false, true
	p, ok := newChart(x, y, []float64{x.Min, x.Max}, ys)
	if !ok {
		return // check saw a value, so this is not reached
	}
	g := grid()
	g.Vertical.Width = 0
	p.Add(g, barPlotter{f})
	area := p.draw(main)
	legend := draw.Crop(c, main.Size().X+gap, 0, 0, 0)
	legend.Max.Y = min(area.Max.Y, c.Max.Y)
	drawLegend(legend, entries)
}

type barPlotter struct{ f Bars }

func (b barPlotter) Plot(c draw.Canvas, p *plot.Plot) {
	n := len(b.f.Series)
	room := c.Size().X / vg.Length(len(b.f.Groups)) * 0.8
	width := min(room/vg.Length(n), 36)
	sty := textStyle(tickSize, ink, draw.XCenter, draw.YBottom)
	base := c.Y(min(max(p.Y.Norm(0), 0), 1))
	for i, s := range b.f.Series {
		for j, bar := range s.Bars {
			if !finite(bar.Value) {
				continue
			}
			mid := c.X(p.X.Norm(float64(j))) + width*(vg.Length(i)-vg.Length(n-1)/2)
			top := c.Y(min(max(p.Y.Norm(bar.Value), 0), 1))
			r := vg.Rectangle{Min: vg.Point{X: mid - width*0.42, Y: min(base, top)}, Max: vg.Point{X: mid + width*0.42, Y: max(base, top)}}
			if r.Max.Y-r.Min.Y < 1.5 {
				r.Max.Y = r.Min.Y + 1.5 // a value of zero is seen as measured
			}
			rect(c, r, seriesColor(s.Color))
			head := r.Max.Y
			if bar.High > bar.Low && finite(bar.Low) && finite(bar.High) {
				lo, hi := c.Y(min(max(p.Y.Norm(bar.Low), 0), 1)), c.Y(min(max(p.Y.Norm(bar.High), 0), 1))
				thin := draw.LineStyle{Color: faint, Width: vg.Points(0.9)}
				c.StrokeLine2(thin, mid, lo, mid, hi)
				c.StrokeLine2(thin, mid-2.5, lo, mid+2.5, lo)
				c.StrokeLine2(thin, mid-2.5, hi, mid+2.5, hi)
				head = max(head, hi)
			}
			if label := clean(bar.Label); label != "" && sty.Width(label) < width*1.25 {
				c.FillText(sty, vg.Point{X: mid, Y: head + 2}, label)
			}
		}
	}
	zero := draw.LineStyle{Color: ink, Width: vg.Points(0.75)}
	if !math.IsNaN(float64(base)) {
		c.StrokeLine2(zero, c.Min.X, base, c.Max.X, base)
	}
}
