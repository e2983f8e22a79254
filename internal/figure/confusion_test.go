package figure

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"
)

func TestConfusion(t *testing.T) {
	f := Confusion{
		Title: "What fired", XLabel: "found", YLabel: "labelled", Rows: []string{"freeze", "a long name of a row"}, Cols: []string{"freeze", "region_freeze", "loop"},
		Values: []float64{1, 0, math.NaN(), 0.2, 0.5, 0.9}, Texts: []string{"12", "0", "-", "2", "5", "9"},
	}
	var svg bytes.Buffer
	if err := Write(&svg, f, "svg"); err != nil {
		t.Fatal(err)
	}
	for _, s := range append(append([]string{"What fired", "found", "labelled"}, f.Rows...), f.Cols...) {
		if !strings.Contains(svg.String(), ">"+s+"<") {
			t.Errorf("%q is not in the figure", s)
		}
	}
	var b bytes.Buffer
	if err := Write(&b, f, "png"); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	// The upper left cell is viridis' brightest: somewhere there is that yellow.
	yellow := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, g, b, _ := img.At(x, y).RGBA(); r>>8 == 253 && g>>8 == 231 && b>>8 == 37 {
				yellow++
			}
		}
	}
	if most := int(confusionCell * confusionRow * 4); yellow < most/3 || yellow > most {
		t.Errorf("%d pixels of the highest value, a cell has %d", yellow, most)
	}
	f.Values = f.Values[1:]
	if Check(f) == nil {
		t.Error("a value is missing and nothing is said")
	}
}
