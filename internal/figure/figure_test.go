package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const hostile = "a|b <script>alert(1)</script> & \"q\" 'x'\n\x00\x1b[31m \xff \ufffe end"

func similarity(n, period int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]float64, n*n)
	for i := range n {
		for j := range n {
			d := math.Abs(float64(i - j))
			v[i*n+j] = min(1, 0.3+0.7*math.Exp(-d/12)+0.2*math.Cos(d*2*math.Pi/float64(period))+0.02*r.Float64())
		}
	}
	return v
}

func frameImage(w, h int, t float64) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(255 * x / w), uint8(255 * y / h), uint8(127 + 127*math.Sin(t+float64(x)/9)), 255})
		}
	}
	return img
}

// samples is one figure of each kind, with long, odd and missing values.
func samples() map[string]Figure {
	frames := []float64{81, 165, 333}
	nan := math.NaN()
	latency := Lines{
		Title: "Denoising time against horizon", X: Axis{Label: "video frames", Log: true, Ticks: ValueTicks(frames)},
		Y: Axis{Label: "denoising time, s (geometric mean over prompts and seeds)", Log: true},
		Series: []Series{
			{Name: "dense", X: frames, Y: []float64{4.1, 13.2, 47}},
			{Name: "riflex", X: frames, Y: []float64{4.15, 13.4, 46.2}, Color: 1},
			{Name: "ultravico", X: frames, Y: []float64{4.2, nan, 52}, Color: 2},
			{Name: "lvsa:window=3,first=1,interval=auto,scale=1", X: frames, Y: []float64{4.1, 8.2, 15}, Low: []float64{nan, 7, 13}, High: []float64{nan, 9.5, 18}, Color: 3},
			{Name: "bound of lvsa", X: frames, Y: []float64{4.1, 7.6, 13.9}, Color: 3, Dashed: true},
		},
	}
	motion := Lines{
		Title: "Motion retained against horizon", X: Axis{Label: "video frames", Ticks: ValueTicks(frames)},
		Y: Axis{Label: "motion retained", Zero: true}, Dodge: true, Levels: []Level{{1, "dense 1x"}},
		Series: []Series{
			{Name: "dense", X: frames, Y: []float64{1.02, 0.6, 0.12}, Low: []float64{0.8, 0.4, -0.1}, High: []float64{1.2, 0.8, 0.3}},
			{Name: "riflex", X: frames, Y: []float64{1.02, 0.7, 0.3}, Low: []float64{0.9, 0.4, 0.1}, High: []float64{1.1, 0.8, 0.5}, Color: 1},
			{Name: "lvsa", X: frames, Y: []float64{1.02, 0.9, 0.85}, Low: []float64{0.8, 0.7, 0.5}, High: []float64{1.2, 1.1, 1.1}, Color: 3},
		},
	}
	heats := Heats{
		Title: "Self-similarity at 333 frames, prompt fish, seed 16", XLabel: "frame", YLabel: "frame", BarLabel: "difference, grey levels", Hi: 1, LowBright: true,
		Panels: []Heat{
			{Title: "dense", Rows: 84, Cols: 84, Values: similarity(84, 20, 1), X: [2]float64{0, 332}, Y: [2]float64{0, 332}},
			{Title: "riflex", Rows: 256, Cols: 256, Values: similarity(256, 70, 2), X: [2]float64{0, 332}, Y: [2]float64{0, 332}},
			{Title: "ultravico:alpha=0.9,variant=kernel", Note: "no curves.json"},
			{Title: "lvsa", Rows: 3, Cols: 3, Values: []float64{1, .5, nan, .5, 1, .5, 0, .5, 1}, X: [2]float64{0, 332}, Y: [2]float64{0, 332}},
		},
	}
	bars := Bars{
		Title: "Videos with a freeze finding", XLabel: "video frames", Groups: []string{"81", "165", "333"},
		Y: Axis{Label: "share of videos", Min: 0, Max: 1.08, Ticks: []Tick{{0, "0"}, {0.25, "0.25"}, {0.5, "0.5"}, {0.75, "0.75"}, {1, "1"}}},
		Series: []BarSeries{
			{Name: "dense", Bars: []Bar{{0, 0, 0.6, "0/2"}, {0.5, 0.1, 0.9, "1/2"}, {1, 0.3, 1, "2/2"}}},
			{Name: "riflex", Color: 1, Bars: []Bar{{Value: 0, Label: "0/2"}, {Value: 0.5, Label: "1/2"}, {Value: nan}}},
			{Name: "ultravico", Color: 2, Bars: []Bar{{Value: 0, Label: "0/2"}, {Value: 0, Label: "0/2"}, {Value: 0, Label: "0/2"}}},
			{Name: "lvsa", Color: 3, Bars: []Bar{{Value: 0, Label: "0/2"}, {Value: 0, Label: "0/2"}, {Value: 0.5, Label: "1/2"}}},
		},
	}
	var row, wide []image.Image
	for i := range 6 {
		row = append(row, frameImage(64, 64, float64(i)))
		wide = append(wide, frameImage(832, 480, float64(i)))
	}
	sheet := Sheet{
		Title:   "Frames at equal times, prompt fish, seed 16",
		Columns: []string{"0.0 s", "4.2 s", "8.3 s", "12.5 s", "16.6 s", "20.8 s"},
		Rows: []SheetRow{{Label: "dense", Images: row}, {Label: "riflex k=4 with a long name that needs three lines or more", Images: wide},
			{Label: "ultravico", Note: "no video: out of memory"}, {Label: "lvsa", Images: row[:4]}},
	}
	t := make([]float64, 333)
	up, down := make([]float64, 333), make([]float64, 333)
	for i := range t {
		t[i] = float64(i)
		up[i], down[i] = 0.02+0.01*math.Sin(t[i]/7), 0.02*math.Exp(-t[i]/30)
	}
	curves := Curves{
		Title: "Motion energy at 333 frames, prompt fish, seed 16", X: Axis{Label: "frame"},
		Panels: []Panel{
			{Title: "dense", Y: Axis{Zero: true}, Series: []Series{{Name: "motion energy", X: t, Y: down, Color: 1}}, Spans: []Span{{From: 40, To: 332, Name: "freeze", Color: 2}}},
			{Title: "lvsa", Y: Axis{Zero: true}, Series: []Series{{Name: "motion energy", X: t, Y: up, Color: 1}}, Spans: []Span{{From: 100, To: 200, Name: "loop", Color: 5}}},
			{Title: "riflex", Y: Axis{Zero: true}, Series: []Series{{Name: "motion energy", X: t[:1], Y: []float64{nan}, Color: 1}}},
		},
	}
	thumbs := []Thumb{}
	shots := []Shot{{Caption: "missing"}}
	for i := range 11 {
		img := frameImage(208, 120, float64(i))
		thumbs = append(thumbs, Thumb{15 + 30.2*float64(i), img, "15"})
		shots = append(shots, Shot{Image: img, Caption: "frame 123 (7.7 s)", Framed: i == 4, Color: 2, Note: "freeze begins"})
	}
	timeline := Timeline{
		Title: "Timeline of dense.mp4", X: Axis{Label: "frame", Max: 332}, Y: Axis{Label: "motion energy, grey levels", Zero: true},
		Values: Series{X: t, Y: down, Color: 0}, Marks: []float64{100, 250}, Marked: "cut", Thumbs: thumbs,
		Spans: []Span{{From: 20, To: 332, Name: "freeze", Color: 1}, {From: 100, To: 130, Name: "return_to_start", Color: 4}, {From: 140, To: 141, Name: "return_to_start", Color: 4}, {From: 300, To: 332, Name: "loop", Color: 2}},
	}
	matrix := Matrix{
		Title: "Failures", Columns: []string{"freeze", "loop", "return_to_start", hostile}, MarkName: "finding", Missing: "not assessed",
		Rows: []MatrixRow{{Label: "dense/fish.mp4", Values: []float64{1, 0.52, 0, nan}, Marked: []bool{true, true, false, false}},
			{Label: hostile, Values: []float64{0.2, 0, 0.49, nan}}, {Label: "broken.mp4", Note: "not scored: no video stream in it, and some more words than there is room"}},
	}
	dist := Dist{Title: "By method", Groups: []string{"dense", "riflex", "lvsa:window=3,first=1 and more"}, Panels: []DistPanel{
		{Title: "freeze severity", Y: Axis{Min: -0.03, Max: 1.03, Ticks: ValueTicks([]float64{0, 0.5, 1})}, Values: [][]float64{{0, 0.2, 0.4, 0.9, 1, 1}, {0.1, nan}, {}}},
		{Title: "motion plateau, grey levels", Y: Axis{Zero: true}, Values: [][]float64{{3, 4, 9, 12, 7}, {1, 2}, {5}}},
		{Title: "nothing", Values: [][]float64{{}, {nan}, {}}},
	}}
	ranks := Ranks{Title: "By freeze", X: Axis{Label: "severity", Max: 1}, MarkName: "finding", Items: []Rank{{"lvsa.mp4", 0, false}, {hostile, 0.3, false}, {"dense.mp4", 1, true}},
		Apart: []string{"broken.mp4: no video stream", hostile}, ApartWhy: "not assessed"}
	heats.Panels[0].Lines = []HeatLine{{X: [2]float64{40, 300}, Y: [2]float64{0, 260}, Color: 2}}
	odd := Lines{
		Title: hostile + strings.Repeat(" long", 60), X: Axis{Label: hostile, Log: true}, Y: Axis{Label: hostile + strings.Repeat(" long", 60)},
		Series: []Series{{Name: hostile, X: []float64{1e-9, 0, 1e12, nan}, Y: []float64{-5, 3, 1e15, math.Inf(1)}}},
		Levels: []Level{{math.Inf(1), "no place"}},
	}
	return map[string]Figure{"latency": latency, "motion": motion, "heats": heats, "bars": bars, "sheet": sheet, "curves": curves, "odd": odd, "timeline": timeline,
		"contact": Contact{Title: "Contact sheet", Shots: shots}, "matrix": Footed{matrix, "scored by vqeval 0.1.0, profile v2"}, "dist": dist, "ranks": ranks,
		"blank": Timeline{X: Axis{Max: 3}, Values: Series{X: t[:1], Y: []float64{nan}}},
		"one":   Lines{Title: "one point", Series: []Series{{Name: "a", X: []float64{81}, Y: []float64{0}}}}}
}

// TestFigures draws every kind in every format twice. With FIGURE_OUT set the
// files are kept there to be looked at.
func TestFigures(t *testing.T) {
	dir := os.Getenv("FIGURE_OUT")
	if dir == "" {
		dir = t.TempDir()
	}
	for name, f := range samples() {
		t.Run(name, func(t *testing.T) {
			if err := Save(filepath.Join(dir, name), f, "png", "svg", "pdf"); err != nil {
				t.Fatal(err)
			}
			for _, format := range []string{"png", "svg", "pdf"} {
				first, err := os.ReadFile(filepath.Join(dir, name+"."+format))
				if err != nil {
					t.Fatal(err)
				}
				var again bytes.Buffer
				if err := Write(&again, samples()[name], format); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(first, again.Bytes()) {
					t.Errorf("%s differs from run to run", format)
				}
				switch format {
				case "png":
					checkPNG(t, first, f)
				case "svg":
					checkSVG(t, first)
				case "pdf":
					if !bytes.HasPrefix(first, []byte("%PDF-")) || !bytes.Contains(first, []byte("%%EOF")) || !bytes.Contains(first, []byte("/FontFile2")) {
						t.Error("no PDF with its font")
					}
				}
			}
			left, err := filepath.Glob(filepath.Join(dir, ".*.tmp"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

// checkPNG: the size is the figure's, something is drawn, and nothing reaches
// the edge, where it would be clipped.
func checkPNG(t *testing.T, data []byte, f Figure) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	w, h := f.size()
	b := img.Bounds()
	if math.Abs(float64(b.Dx())-w.Points()*dpi/72) > 1 || math.Abs(float64(b.Dy())-h.Points()*dpi/72) > 1 {
		t.Errorf("%v pixels for %g x %g points", b, w, h)
	}
	dark := func(x, y int) bool {
		r, g, bl, _ := img.At(x, y).RGBA()
		return r+g+bl < 3*0xf000
	}
	marks := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if !dark(x, y) {
				continue
			}
			marks++
			if x-b.Min.X < 4 || b.Max.X-x <= 4 || y-b.Min.Y < 4 || b.Max.Y-y <= 4 {
				t.Fatalf("ink at the edge, at %d,%d of %v", x, y, b)
			}
		}
	}
	if marks < 500 {
		t.Errorf("only %d pixels are drawn", marks)
	}
}

func checkSVG(t *testing.T, data []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("no XML: %v", err)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "script" {
			t.Error("a label became a script")
		}
	}
	if bytes.Contains(data, []byte("data:image/jpg")) || !bytes.Contains(data, []byte("Arial")) {
		t.Error("SVG without its fixes")
	}
}

func TestHeatIsCrisp(t *testing.T) {
	if bright := (Heats{LowBright: true}).color(0, 8); bright(0) != viridis(1) || bright(6) != viridis(0.25) || bright(math.NaN()) != viridis(math.NaN()) {
		t.Error("low values are not bright")
	}
	img := heatImage(Heat{Rows: 2, Cols: 3, Values: []float64{0, .25, .5, .75, 1, math.NaN()}}, Heats{}.color(0, 1))
	b := img.Bounds()
	if b.Dx() < rasterSide || b.Dy() < rasterSide {
		t.Fatalf("enlarged to %v", b)
	}
	for i, want := range []float64{0, .25, .5, .75, 1, math.NaN()} {
		c, r := i%3, i/3
		for _, d := range [][2]int{{0, 0}, {b.Dx()/3 - 1, 0}, {0, b.Dy()/2 - 1}, {b.Dx()/3 - 1, b.Dy()/2 - 1}} {
			if got := img.At(c*b.Dx()/3+d[0], (1-r)*b.Dy()/2+d[1]); got != viridis(want) {
				t.Errorf("cell %d,%d is %v at %v, want %v", r, c, got, d, viridis(want))
			}
		}
	}
}

// A frame of two pixels' width does not make a sheet of a million rows.
func TestSheetOfSlivers(t *testing.T) {
	f := Sheet{Columns: []string{"a", "b"}, Rows: []SheetRow{{Images: []image.Image{image.NewRGBA(image.Rect(0, 0, 2, 4000)), image.NewRGBA(image.Rect(0, 0, 64, 64))}}}}
	if w, h := f.size(); h > 3*w {
		t.Errorf("%g x %g points", w, h)
	}
	if err := Write(io.Discard, f, "png"); err != nil {
		t.Error(err)
	}
}

func TestNothingToDraw(t *testing.T) {
	nan := math.NaN()
	for name, tc := range map[string]struct {
		f    Figure
		want string
	}{
		"no series":       {Lines{Title: "x"}, "no value can be shown"},
		"only NaN":        {Lines{Series: []Series{{X: []float64{1}, Y: []float64{nan}}}}, "no value"},
		"log of negative": {Lines{Y: Axis{Log: true}, Series: []Series{{X: []float64{1}, Y: []float64{-1}}}}, "no value"},
		"ragged":          {Lines{Series: []Series{{Name: "s", X: []float64{1, 2}, Y: []float64{1}}}}, `series "s" has 2 x, 1 y`},
		"half intervals":  {Lines{Series: []Series{{X: []float64{1}, Y: []float64{1}, Low: []float64{1}}}}, "ends of intervals"},
		"no panels":       {Heats{}, "no panels"},
		"heat of notes":   {Heats{Panels: []Heat{{Note: "x"}}}, "no value"},
		"heat misshapen":  {Heats{Panels: []Heat{{Rows: 2, Cols: 2, Values: []float64{1}}}}, "1 values for 2 x 2"},
		"bars misshapen":  {Bars{Groups: []string{"a"}, Series: []BarSeries{{Name: "s"}}}, "0 bars for 1 groups"},
		"no bars":         {Bars{}, "no value"},
		"no images":       {Sheet{Columns: []string{"a"}, Rows: []SheetRow{{Note: "x"}}}, "no images"},
		"too many images": {Sheet{Rows: []SheetRow{{Images: []image.Image{nil}}}}, "1 images for 0 columns"},
		"empty image":     {Sheet{Columns: []string{"a"}, Rows: []SheetRow{{Images: []image.Image{image.NewRGBA(image.Rectangle{})}}}}, "empty image"},
		"no curves":       {Curves{}, "no panels"},
		"empty curves":    {Curves{Panels: []Panel{{}}}, "no value"},
		"no time":         {Timeline{}, "no value"},
		"empty thumb":     {Timeline{X: Axis{Max: 1}, Thumbs: []Thumb{{}}}, "empty image"},
		"no shots":        {Contact{Shots: []Shot{{}}}, "no images"},
		"no matrix":       {Matrix{Columns: []string{"a"}}, "no value"},
		"ragged matrix":   {Matrix{Columns: []string{"a"}, Rows: []MatrixRow{{Values: []float64{1, 2}}}}, "2 values and 0 marks for 1 columns"},
		"no spread":       {Dist{Groups: []string{"a"}, Panels: []DistPanel{{Values: [][]float64{{nan}}}}}, "no value"},
		"ragged spread":   {Dist{Groups: []string{"a"}, Panels: []DistPanel{{}}}, "0 lists for 1 groups"},
		"no ranks":        {Ranks{}, "no value"},
		"rank of nothing": {Ranks{X: Axis{Max: 1}, Items: []Rank{{"a", nan, false}}}, "has no value"},
	} {
		var b bytes.Buffer
		err := Write(&b, tc.f, "svg")
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "figure: ") || b.Len() > 0 {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
	}
	if err := Write(io.Discard, samples()["one"], "gif"); err == nil || !strings.Contains(err.Error(), "png, svg or pdf") {
		t.Errorf("format gif: %v", err)
	}
	if err := Save(filepath.Join(t.TempDir(), "none", "x"), samples()["one"], "svg"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
}

func TestTicks(t *testing.T) {
	labels := func(ticks []Tick) string {
		var s []string
		for _, k := range ticks {
			if k.Label != "" {
				s = append(s, k.Label)
			}
		}
		return strings.Join(s, " ")
	}
	for _, tc := range []struct {
		got  []Tick
		want string
	}{
		{linearTicks(0, 1, 8), "0.0 0.2 0.4 0.6 0.8 1.0"},
		{linearTicks(0, 332, 8), "0 100 200 300"},
		{linearTicks(-0.1, 0.1, 8), "-0.10 -0.05 0.00 0.05 0.10"},
		{linearTicks(3, 3, 8), ""},
		{linearTicks(0, math.Inf(1), 8), ""},
		{linearTicks(0, 332, 3), "0 250"},
		{linearTicks(0, 3e15, 8), "0 5e+14 1e+15 1.5e+15 2e+15 2.5e+15 3e+15"},
		{logTicks(1e-9, 1e9), "1e-09 1e-06 0.001 1 1000 1e+06 1e+09"},
		{logTicks(1, 100), "1 2 5 10 20 50 100"},
		{logTicks(0.02, 3), "0.02 0.05 0.1 0.2 0.5 1 2"},
		{logTicks(1, 1e6), "1 10 100 1000 10000 100000 1000000"},
		{logTicks(3, 6), "3.0 3.5 4.0 4.5 5.0 5.5 6.0"},
		{ValueTicks([]float64{81, 1.5}), "81 1.5"},
	} {
		if got := labels(tc.got); got != tc.want {
			t.Errorf("ticks %q, want %q", got, tc.want)
		}
	}
}
