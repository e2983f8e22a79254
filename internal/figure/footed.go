package figure

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Footed is a figure with a line of small text below it, such as which scorer
// made its numbers.
type Footed struct {
	Figure
	Note string
}

const footHeight = tickSize + 4

func (f Footed) size() (w, h vg.Length) {
	w, h = f.Figure.size()
	return w, h + footHeight
}

func (f Footed) draw(c draw.Canvas) {
	rect(c, c.Rectangle, white)
	f.Figure.draw(draw.Crop(c, 0, 0, footHeight, 0))
	sty := textStyle(tickSize, faint, draw.XLeft, draw.YBottom)
	c.FillText(sty, vg.Point{X: c.Min.X + margin, Y: c.Min.Y + margin - 2}, fit(f.Note, sty, c.Size().X-2*margin))
}
