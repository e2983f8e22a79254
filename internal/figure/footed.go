package figure

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Footed is a figure with small text below it, such as which scorer
// made its numbers.
type Footed struct {
	Figure
	Note string
}

const footLines = 3 // at most

func (f Footed) lines(width vg.Length) []string {
	return wrap(f.Note, textStyle(tickSize, faint, draw.XLeft, draw.YTop), width-2*margin, footLines)
}

const footStep = tickSize + 3

func (f Footed) size() (w, h vg.Length) {
	w, h = f.Figure.size()
	return w, h + vg.Length(len(f.lines(w)))*footStep
}

func (f Footed) draw(c draw.Canvas) {
	rect(c, c.Rectangle, white)
	lines := f.lines(c.Size().X)
	top := vg.Length(len(lines)) * footStep
	f.Figure.draw(draw.Crop(c, 0, 0, top, 0))
	sty := textStyle(tickSize, faint, draw.XLeft, draw.YTop)
	for i, line := range lines {
		c.FillText(sty, vg.Point{X: c.Min.X + margin, Y: c.Min.Y + margin + top - 2 - vg.Length(i)*footStep}, line)
	}
}
