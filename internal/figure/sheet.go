package figure

import (
	"fmt"
	"image"
	"image/draw"
	"math"
	"strings"

	xdraw "golang.org/x/image/draw"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
)

// SheetRow is one row of a contact sheet. Where an image is nil its place is
// grey; Note is written there once, over the whole row.
type SheetRow struct {
	Label  string
	Images []image.Image
	Note   string
}

// Sheet is a contact sheet: rows side by side at the same columns.
type Sheet struct {
	Title   string
	Columns []string
	Rows    []SheetRow
	Cell    float64 // width of an image in points; 0 is the usual size
}

const (
	sheetCell  = 84
	sheetLabel = 92 // room for row labels, at most
	sheetHead  = 14
	sheetGap   = 3
	sheetTall  = 3
)

func (f Sheet) check() error {
	some := false
	for _, r := range f.Rows {
		if len(r.Images) > len(f.Columns) {
			return fmt.Errorf("%q: row %q has %d images for %d columns", f.Title, r.Label, len(r.Images), len(f.Columns))
		}
		for _, img := range r.Images {
			if img != nil && img.Bounds().Empty() {
				return fmt.Errorf("%q: row %q has an empty image", f.Title, r.Label)
			}
			some = some || img != nil
		}
	}
	if !some {
		return fmt.Errorf("%q: no images", f.Title)
	}
	return nil
}

// cell is the size of an image; its shape is that of the first one, but no
// taller than sheetTall times its width.
func (f Sheet) cell() (w, h vg.Length) {
	w, h = orUsual(f.Cell, sheetCell), 0
	for _, r := range f.Rows {
		for _, img := range r.Images {
			if img != nil {
				b := img.Bounds()
				return w, min(w*vg.Length(b.Dy())/vg.Length(b.Dx()), w*sheetTall)
			}
		}
	}
	return w, w
}

func (f Sheet) labelWidth() vg.Length {
	sty := textStyle(labelSize, ink, vgdraw.XLeft, vgdraw.YTop)
	var w vg.Length
	for _, r := range f.Rows {
		for _, line := range wrap(r.Label, sty, sheetLabel, 3) {
			w = max(w, sty.Width(line))
		}
	}
	return w + gap
}

func (f Sheet) size() (w, h vg.Length) {
	cw, ch := f.cell()
	w = f.labelWidth() + vg.Length(len(f.Columns))*(cw+sheetGap) + 2*margin
	return w, vg.Length(len(f.Rows))*(max(ch, 3*(labelSize+2))+sheetGap) + sheetHead + titleHeight(f.Title) + 2*margin
}

func (f Sheet) draw(c vgdraw.Canvas) {
	c = drawTitle(background(c), f.Title)
	cw, ch := f.cell()
	step := max(ch, 3*(labelSize+2)) + sheetGap
	left := c.Min.X + f.labelWidth()
	head := textStyle(tickSize, ink, vgdraw.XCenter, vgdraw.YTop)
	for i, label := range f.Columns {
		c.FillText(head, vg.Point{X: left + vg.Length(i)*(cw+sheetGap) + cw/2, Y: c.Max.Y}, fit(label, head, cw))
	}
	name := textStyle(labelSize, ink, vgdraw.XLeft, vgdraw.YTop)
	note := textStyle(tickSize, faint, vgdraw.XLeft, vgdraw.YCenter)
	for i, r := range f.Rows {
		top := c.Max.Y - sheetHead - vg.Length(i)*step
		for k, line := range wrap(r.Label, name, sheetLabel, 3) {
			c.FillText(name, vg.Point{X: c.Min.X, Y: top - vg.Length(k)*(labelSize+2)}, line)
		}
		for k := range f.Columns {
			x := left + vg.Length(k)*(cw+sheetGap)
			box := vg.Rectangle{Min: vg.Point{X: x, Y: top - ch}, Max: vg.Point{X: x + cw, Y: top}}
			if k < len(r.Images) && r.Images[k] != nil {
				shown := inside(box, r.Images[k])
				c.DrawImage(shown, raster(r.Images[k], max(1, int(math.Round(float64(shown.Size().X*dpi/72))))))
				continue
			}
			rect(c, box, emptyBox)
		}
		if r.Note != "" {
			room := vg.Length(len(f.Columns)) * (cw + sheetGap)
			c.FillText(note, vg.Point{X: left + gap, Y: top - ch/2}, fit(r.Note, note, room-2*gap))
		}
	}
}

// inside is the largest rectangle of the image's shape in the middle of a box.
func inside(box vg.Rectangle, img image.Image) vg.Rectangle {
	b, s := img.Bounds(), box.Size()
	k := min(s.X/vg.Length(b.Dx()), s.Y/vg.Length(b.Dy()))
	w, h := k*vg.Length(b.Dx()), k*vg.Length(b.Dy())
	x, y := box.Min.X+(s.X-w)/2, box.Min.Y+(s.Y-h)/2
	return vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + w, Y: y + h}}
}

// raster brings an image near the width in pixels it is shown with: small
// ones by repeating pixels, which adds nothing that was not in the video,
// large ones by a smooth filter.
func raster(img image.Image, pixels int) image.Image {
	b := img.Bounds()
	if b.Dx() <= pixels {
		src := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(src, src.Bounds(), img, b.Min, draw.Src)
		k := (2*pixels + b.Dx() - 1) / b.Dx()
		return enlarge(src, k, k)
	}
	dst := image.NewRGBA(image.Rect(0, 0, pixels, max(1, (pixels*b.Dy()+b.Dx()/2)/b.Dx())))
	xdraw.CatmullRom.Scale(dst, dst.Bounds(), img, b, draw.Src, nil)
	return dst
}

// wrap breaks a text into lines of a width; the last one is shortened.
func wrap(s string, sty vgdraw.TextStyle, width vg.Length, lines int) []string {
	var out []string
	words := strings.Fields(clean(s))
	for len(words) > 0 {
		n := 1
		for n < len(words) && sty.Width(strings.Join(words[:n+1], " ")) <= width {
			n++
		}
		if len(out) == lines-1 {
			n = len(words)
		}
		out = append(out, fit(strings.Join(words[:n], " "), sty, width))
		words = words[n:]
	}
	return out
}
