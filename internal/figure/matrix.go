package figure

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// MatrixRow is one row of a Matrix.
type MatrixRow struct {
	Label  string
	Values []float64 // one a column, 0..1; NaN: there is none
	Marked []bool    // one a column, or nil
	Note   string    // written over a row without values
}

// Matrix is a table of values in [0,1] as colours with their numbers. A marked
// cell has a thick frame; one without a value is grey and holds a dash.
type Matrix struct {
	Title    string
	Columns  []string
	Rows     []MatrixRow
	MarkName string // what a frame means
	Missing  string // what a grey cell means
}

const (
	matrixCellW = 36
	matrixCellH = 15
	matrixLabel = 190
	matrixNote  = 230 // least room for a note
)

var missingGrey = color.Gray{222}

// pale runs from near white to dark blue; its lightness alone orders it.
func pale(x float64) color.RGBA {
	x = min(max(x, 0), 1)
	mix := func(a, b float64) uint8 { return uint8(math.Round(a + x*(b-a))) }
	return color.RGBA{mix(246, 0), mix(248, 62), mix(250, 120), 255}
}

func (f Matrix) check() error {
	if len(f.Rows) == 0 || len(f.Columns) == 0 {
		return fmt.Errorf("%q: %w", f.Title, errNothing)
	}
	for _, r := range f.Rows {
		if len(r.Values) != 0 && len(r.Values) != len(f.Columns) || len(r.Marked) != 0 && len(r.Marked) != len(f.Columns) {
			return fmt.Errorf("%q: row %q has %d values and %d marks for %d columns", f.Title, r.Label, len(r.Values), len(r.Marked), len(f.Columns))
		}
	}
	return nil
}

func (f Matrix) labels() (left, top vg.Length) {
	sty := textStyle(tickSize, ink, draw.XLeft, draw.YCenter)
	for _, r := range f.Rows {
		left = max(left, sty.Width(fit(r.Label, sty, matrixLabel)))
	}
	for _, name := range f.Columns {
		top = max(top, sty.Width(fit(name, sty, matrixLabel)))
	}
	return left + gap, top + gap
}

func (f Matrix) size() (w, h vg.Length) {
	left, top := f.labels()
	w = left + vg.Length(len(f.Columns))*matrixCellW
	for _, r := range f.Rows {
		if r.Note != "" {
			w = max(w, left+matrixNote)
		}
	}
	return max(w, 300) + 2*margin, titleHeight(f.Title) + top + vg.Length(len(f.Rows))*matrixCellH + 2*legendStep + 2*gap + 2*margin
}

func (f Matrix) draw(c draw.Canvas) {
	c = drawTitle(background(c), f.Title)
	left, top := f.labels()
	head := textStyle(tickSize, ink, draw.XLeft, draw.YCenter)
	turned := head
	turned.Rotation = math.Pi / 2
	x0, y0 := c.Min.X+left, c.Max.Y-top
	for i, name := range f.Columns {
		c.FillText(turned, vg.Point{X: x0 + (vg.Length(i)+0.5)*matrixCellW, Y: y0 + 3}, fit(name, head, matrixLabel))
	}
	label := textStyle(tickSize, ink, draw.XRight, draw.YCenter)
	note := textStyle(tickSize, faint, draw.XLeft, draw.YCenter)
	for i, r := range f.Rows {
		y := y0 - vg.Length(i+1)*matrixCellH
		c.FillText(label, vg.Point{X: x0 - gap, Y: y + matrixCellH/2 + 1}, fit(r.Label, label, matrixLabel))
		if len(r.Values) == 0 {
			room := c.Max.X - x0
			rect(c, vg.Rectangle{Min: vg.Point{X: x0, Y: y + 0.5}, Max: vg.Point{X: x0 + room, Y: y + matrixCellH - 0.5}}, missingGrey)
			c.FillText(note, vg.Point{X: x0 + gap, Y: y + matrixCellH/2 + 1}, fit(r.Note, note, room-2*gap))
			continue
		}
		for k, v := range r.Values {
			x := x0 + vg.Length(k)*matrixCellW
			drawCell(c, vg.Rectangle{Min: vg.Point{X: x + 0.5, Y: y + 0.5}, Max: vg.Point{X: x + matrixCellW - 0.5, Y: y + matrixCellH - 0.5}}, v, r.Marked != nil && r.Marked[k])
		}
	}
	f.key(c, vg.Point{X: c.Min.X, Y: c.Min.Y + legendStep + gap})
}

func drawCell(c draw.Canvas, box vg.Rectangle, v float64, marked bool) {
	sty := textStyle(tickSize, ink, draw.XCenter, draw.YCenter)
	mid := vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: (box.Min.Y+box.Max.Y)/2 + 1}
	if !finite(v) {
		rect(c, box, missingGrey)
		sty.Color = faint
		c.FillText(sty, mid, "–")
		return
	}
	if marked {
		rect(c, box, seriesColor(2))
		box = vg.Rectangle{Min: vg.Point{X: box.Min.X + 2, Y: box.Min.Y + 2}, Max: vg.Point{X: box.Max.X - 2, Y: box.Max.Y - 2}}
	}
	rect(c, box, pale(v))
	if v > 0.55 {
		sty.Color = white
	}
	c.FillText(sty, mid, strconv.FormatFloat(v, 'f', 2, 64))
}

// key explains the colours on two lines.
func (f Matrix) key(c draw.Canvas, at vg.Point) {
	sty := textStyle(tickSize, ink, draw.XLeft, draw.YCenter)
	x := at.X
	c.FillText(sty, vg.Point{X: x, Y: at.Y + 1}, "0")
	x += sty.Width("0") + 4
	for i := range 10 {
		rect(c, vg.Rectangle{Min: vg.Point{X: x, Y: at.Y - 4}, Max: vg.Point{X: x + 7, Y: at.Y + 4}}, pale((float64(i)+0.5)/10))
		x += 7
	}
	c.FillText(sty, vg.Point{X: x + 4, Y: at.Y + 1}, "1")
	x, y := at.X, at.Y-legendStep
	for _, k := range []struct {
		name   string
		value  float64
		marked bool
	}{{f.MarkName, 0.3, true}, {f.Missing, math.NaN(), false}} {
		if k.name == "" {
			continue
		}
		box := vg.Rectangle{Min: vg.Point{X: x, Y: y - 5}, Max: vg.Point{X: x + 18, Y: y + 5}}
		rect(c, box, missingGrey)
		if k.marked {
			rect(c, box, seriesColor(2))
			rect(c, vg.Rectangle{Min: vg.Point{X: box.Min.X + 2, Y: box.Min.Y + 2}, Max: vg.Point{X: box.Max.X - 2, Y: box.Max.Y - 2}}, pale(k.value))
		}
		c.FillText(sty, vg.Point{X: x + 22, Y: y + 1}, k.name)
		x += 22 + sty.Width(k.name) + 14
	}
}
