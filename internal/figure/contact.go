package figure

import (
	"fmt"
	"image"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Shot is one picture of a contact sheet. A framed one has a thick frame in
// its colour and its note in a strip of that colour.
type Shot struct {
	Image   image.Image // nil leaves a grey place
	Caption string
	Framed  bool
	Color   int
	Note    string
}

// Contact is a contact sheet of one video, row by row.
type Contact struct {
	Title   string
	Shots   []Shot
	Columns int     // 0 is 6
	Cell    float64 // width of an image in points; 0 is the usual size
}

const (
	contactCell   = 104
	contactBelow  = tickSize + 5
	contactGap    = 7
	contactFramed = 3
)

func (f Contact) check() error {
	some := false
	for _, s := range f.Shots {
		if s.Image != nil && s.Image.Bounds().Empty() {
			return fmt.Errorf("%q: %q is an empty image", f.Title, s.Caption)
		}
		some = some || s.Image != nil
	}
	if !some {
		return fmt.Errorf("%q: no images", f.Title)
	}
	return nil
}

func (f Contact) columns() int {
	n := f.Columns
	if n < 1 {
		n = 6
	}
	return min(n, len(f.Shots))
}

func (f Contact) cell() (w, h vg.Length) {
	w = orUsual(f.Cell, contactCell)
	for _, s := range f.Shots {
		if s.Image != nil {
			b := s.Image.Bounds()
			return w, min(w*vg.Length(b.Dy())/vg.Length(b.Dx()), w*sheetTall)
		}
	}
	return w, w
}

func (f Contact) step() (x, y vg.Length) {
	w, h := f.cell()
	y = h + contactBelow + contactGap
	for _, s := range f.Shots {
		if s.Framed && s.Note != "" {
			return w + contactGap, y + contactBelow
		}
	}
	return w + contactGap, y
}

func (f Contact) size() (w, h vg.Length) {
	x, y := f.step()
	n := f.columns()
	rows := (len(f.Shots) + n - 1) / n
	return vg.Length(n)*x + contactGap + 2*margin, vg.Length(rows)*y + contactGap + titleHeight(f.Title) + 2*margin
}

func (f Contact) draw(c draw.Canvas) {
	c = drawTitle(background(c), f.Title)
	w, h := f.cell()
	dx, dy := f.step()
	caption := textStyle(tickSize, ink, draw.XCenter, draw.YTop)
	for i, s := range f.Shots {
		x0 := c.Min.X + contactGap + vg.Length(i%f.columns())*dx
		top := c.Max.Y - contactGap - vg.Length(i/f.columns())*dy
		box := vg.Rectangle{Min: vg.Point{X: x0, Y: top - h}, Max: vg.Point{X: x0 + w, Y: top}}
		shown := box
		if s.Image != nil {
			shown = inside(box, s.Image)
		}
		if s.Framed {
			outer := vg.Rectangle{Min: vg.Point{X: shown.Min.X - contactFramed, Y: shown.Min.Y - contactFramed}, Max: vg.Point{X: shown.Max.X + contactFramed, Y: shown.Max.Y + contactFramed}}
			rect(c, outer, seriesColor(s.Color))
		}
		if s.Image == nil {
			rect(c, box, emptyBox)
		} else {
			c.DrawImage(shown, raster(s.Image, max(1, int(math.Round(float64(shown.Size().X*dpi/72))))))
		}
		c.FillText(caption, vg.Point{X: x0 + w/2, Y: top - h - contactFramed - 1}, fit(s.Caption, caption, w))
		if s.Framed && s.Note != "" {
			note := caption
			note.Color = seriesColor(s.Color)
			c.FillText(note, vg.Point{X: x0 + w/2, Y: top - h - contactFramed - 2 - tickSize}, fit(s.Note, note, w))
		}
	}
}
