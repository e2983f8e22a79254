package figure

import (
	"image"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/text/encoding/charmap"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgpdf"
)

// A PDF names the time at which it was made and lists its images in the order
// of a Go map unless its writer is told otherwise, which only its package-wide
// defaults can do.
func init() {
	epoch := time.Unix(0, 0).UTC()
	fpdf.SetDefaultCatalogSort(true)
	fpdf.SetDefaultCreationDate(epoch)
	fpdf.SetDefaultModificationDate(epoch)
}

func writePDF(w io.Writer, f Figure) error {
	width, height := f.size()
	c := vgpdf.New(width, height)
	f.draw(draw.New(&pdfCanvas{c, map[int]bool{}}))
	_, err := c.WriteTo(w)
	return err
}

// pdfCanvas works around two habits of the PDF writer.
type pdfCanvas struct {
	*vgpdf.Canvas
	widths map[int]bool // of images, in pixels
}

// FillString hands text on in Windows code page 1252, the encoding in which the
// canvas embeds fonts; characters outside it become question marks.
func (c *pdfCanvas) FillString(f font.Face, pt vg.Point, s string) {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		code, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			code = '?'
		}
		b = append(b, code)
	}
	c.Canvas.FillString(f, pt, string(b))
}

// DrawImage gives each image a width of its own, a few pixels more than it had:
// the writer sorts images by width, and those of one width stay in the order of
// a Go map.
func (c *pdfCanvas) DrawImage(r vg.Rectangle, img image.Image) {
	b := img.Bounds()
	w := b.Dx()
	for c.widths[w] {
		w++
	}
	c.widths[w] = true
	if w != b.Dx() {
		wide := image.NewRGBA(image.Rect(0, 0, w, b.Dy()))
		scale := xdraw.Interpolator(xdraw.NearestNeighbor)
		if b.Dx() < rasterSide { // a picture; maps keep crisp cells
			scale = xdraw.BiLinear
		}
		scale.Scale(wide, wide.Bounds(), img, b, xdraw.Src, nil)
		img = wide
	}
	c.Canvas.DrawImage(r, img)
}
