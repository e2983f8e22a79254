package figure

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"longtake/internal/atomicfile"
)

// dpi of PNG files: two pixels a point.
const dpi = 144

// Figure is something that Write and Save can draw. An error of check says why
// there is nothing to draw.
type Figure interface {
	check() error
	size() (w, h vg.Length)
	draw(c draw.Canvas)
}

// Write draws a figure as "png", "svg" or "pdf".
func Write(w io.Writer, f Figure, format string) error {
	if err := Check(f); err != nil {
		return err
	}
	width, height := f.size()
	switch format {
	case "png":
		c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
		f.draw(draw.New(c))
		_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
		return err
	case "svg":
		c := vgsvg.New(width, height)
		f.draw(draw.New(c))
		var b bytes.Buffer
		if _, err := c.WriteTo(&b); err != nil {
			return err
		}
		_, err := w.Write(svgFixes(b.Bytes()))
		return err
	case "pdf":
		return writePDF(w, f)
	}
	return fmt.Errorf("figure: format %q: want png, svg or pdf", format)
}

// svgFixes names fonts of the same widths for viewers without Liberation Sans
// and gives embedded images their true type. Both strings come from vgsvg:
// user text is escaped and holds no quotes or tags.
func svgFixes(svg []byte) []byte {
	svg = bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	return bytes.ReplaceAll(svg, []byte(`xlink:href="data:image/jpg;base64,`), []byte(`xlink:href="data:image/png;base64,`))
}

// Save writes base.FORMAT for each format, each file whole or not at all.
func Save(base string, f Figure, formats ...string) error {
	for _, format := range formats {
		var b bytes.Buffer
		if err := Write(&b, f, format); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(base), err)
		}
		if err := atomicfile.WriteBytes(base+"."+format, b.Bytes()); err != nil {
			return fmt.Errorf("figure: %w", err)
		}
	}
	return nil
}

// drawTitle draws a title at the upper left and returns the canvas below it.
func drawTitle(c draw.Canvas, title string) draw.Canvas {
	if clean(title) == "" {
		return c
	}
	sty := textStyle(titleSize, ink, draw.XLeft, draw.YTop)
	c.FillText(sty, vg.Point{X: c.Min.X, Y: c.Max.Y}, fit(title, sty, c.Size().X))
	return draw.Crop(c, 0, 0, 0, -titleHeight(title))
}

func titleHeight(title string) vg.Length {
	if clean(title) == "" {
		return 0
	}
	return vg.Points(titleSize + 9)
}

// background fills a canvas with white and returns it without its margins.
func background(c draw.Canvas) draw.Canvas {
	rect(c, c.Rectangle, white)
	return draw.Crop(c, margin, -margin, margin, -margin)
}

// Check says why a figure cannot be drawn, nil when it can.
func Check(f Figure) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	return nil
}
