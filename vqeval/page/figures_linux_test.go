package page

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"longtake/internal/figure"
	"longtake/vqeval"
)

func TestFigures(t *testing.T) {
	dir := t.TempDir()
	clip := filepath.Join(dir, "clip.mp4")
	counted(t, clip)
	r, c := told(clip)
	out := filepath.Join(dir, "made", "for it")
	d, err := Figures(t.Context(), out, r, c, []string{"png", "pdf"})
	if err != nil || len(d.LeftOut) > 0 {
		t.Fatalf("%v, left out %v", err, d.LeftOut)
	}
	var names []string
	for _, f := range d.Files {
		names = append(names, filepath.Base(f))
		if _, err := os.Stat(f); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Join(names, " "); got != "timeline.png timeline.pdf similarity.png similarity.pdf variogram.png variogram.pdf contact.png contact.pdf" {
		t.Errorf("drawn: %s", got)
	}
	// The frame around each onset has the colour of its kind.
	raw, err := os.ReadFile(filepath.Join(out, "contact.png"))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[color.RGBA]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			seen[color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)]++
		}
	}
	if seen[color.RGBA{213, 94, 0, 255}] < 1000 || seen[color.RGBA{0, 114, 178, 255}] > 0 {
		t.Error("the onset of the loop is not framed, or a failure that was not found is")
	}
}

// A file that is gone costs the pictures, not the figures of the numbers.
func TestFiguresWithoutTheFile(t *testing.T) {
	r, c := told(filepath.Join(t.TempDir(), "gone.mp4"))
	d, err := Figures(t.Context(), t.TempDir(), r, c, []string{"svg"})
	if err != nil {
		t.Fatal(err)
	}
	left := strings.Join(d.LeftOut, "\n")
	if len(d.Files) != 3 || !strings.Contains(left, "gone.mp4") || !strings.Contains(left, "contact: figure:") {
		t.Errorf("drawn %v, left out %s", d.Files, left)
	}
	// Nor does a clip too short for any curve fail.
	r.VideoMeta.TotalFrames = 1
	d, err = Figures(t.Context(), t.TempDir(), r, &vqeval.Curves{Frames: 1, SelfSimilarity: vqeval.SelfSimilarity{Size: 1, Frames: 1, Data: []byte{0}}}, []string{"svg"})
	if err != nil || len(d.Files) != 0 {
		t.Errorf("%v %v", d.Files, err)
	}
}

func TestReturns(t *testing.T) {
	r, c := told("x.mp4")
	got := returns(r, c) // period 17, first frames 20-36, repeats in 37-90
	want := []Return{{"loop", 37, 20, 91, 74}, {"loop", 54, 20, 91, 57}, {"loop", 71, 20, 91, 40}, {"loop", 88, 20, 91, 23}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	r.Failures["pingpong"] = vqeval.Failure{Severity: 1, PeriodFrames: 40, Centres: []int{50, 90}}
	delete(r.Failures, "loop")
	c.Spans = []vqeval.Span{{Kind: "pingpong", OnsetFrame: 50, EndFrame: 95, Severity: 1}}
	if got, want := returns(r, c), []Return{{"pingpong", 50, 50, 70, 30}, {"pingpong", 90, 90, 96, 84}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if f := similarity(r, c); len(f.Panels[0].Lines) != 2 || figure.Check(f) != nil {
		t.Error("the lines are not drawn")
	}
}

func TestSheetFrames(t *testing.T) {
	r := &vqeval.Report{VideoMeta: vqeval.VideoMeta{TotalFrames: 101}}
	for _, tc := range []struct {
		onsets []int
		want   string
	}{{nil, "[0 25 50 75 100]"}, {[]int{30, 75}, "[0 30 50 75 100]"}, {[]int{49, 51}, "[0 25 49 51 75 100]"}, {[]int{3}, "[0 3 25 50 75 100]"}, {[]int{400, -1}, "[0 25 50 75 100]"}} {
		r.Findings = nil
		for _, o := range tc.onsets {
			r.Findings = append(r.Findings, vqeval.Finding{OnsetFrame: o})
		}
		got := sheetFrames(r, 5)
		for _, o := range tc.onsets {
			if o >= 0 && o < 101 && !slices.Contains(got, o) {
				t.Errorf("onset %d is not among %v", o, got)
			}
		}
		if len(tc.onsets) != 2 || tc.onsets[0] != 49 { // which of two takes the place is open
			if fmt.Sprint(got) != tc.want {
				t.Errorf("%v: %v, want %s", tc.onsets, got, tc.want)
			}
		}
	}
	if got := evenly(10, 3); !slices.Equal(got, []int{1, 5, 8}) {
		t.Errorf("%v", got)
	}
	if len(evenly(0, 3)) != 0 || len(evenly(2, 3)) != 2 {
		t.Error("more places than frames")
	}
}

func TestLabelsAndGroups(t *testing.T) {
	for _, tc := range []struct{ in, labels, groups string }{
		{"/a/b/x.mp4 /a/b/c/y.mp4 /a/b/z.mp4", "x.mp4 c/y.mp4 z.mp4", "|||"},
		{"x.mp4", "x.mp4", "|"},
		{"d/wan__dense__4x__fish.mp4 d/wan__lvsa__4x.mp4 d/other.mp4", "wan__dense__4x__fish.mp4 wan__lvsa__4x.mp4 other.mp4", "dense|lvsa||"},
		{"wan__dense.mp4 hv__dense__2x.mp4", "wan__dense.mp4 hv__dense__2x.mp4", "wan dense|hv dense|"},
	} {
		paths := strings.Fields(tc.in)
		if got := strings.Join(Labels(paths), " "); got != tc.labels {
			t.Errorf("%s: labels %s", tc.in, got)
		}
		if got := strings.Join(NameGroups(paths), "|") + "|"; got != tc.groups {
			t.Errorf("%s: groups %s, want %s", tc.in, got, tc.groups)
		}
	}
}

// batchOf makes entries whose file is not there.
func batchOf(t *testing.T, severities ...float64) []*Entry {
	t.Helper()
	var out []*Entry
	for i, s := range severities {
		r, c := told("none.mp4")
		v := Video{Path: "none.mp4", Label: fmt.Sprint("v", i), Group: fmt.Sprint("g", i%2), Report: r, Curves: c}
		switch {
		case s < -1:
			v.Report, v.Err = nil, errors.New("unreadable")
		case s < 0:
			delete(r.Failures, "freeze")
			r.CompositeScore = nil
			r.NotAssessed["freeze"] = "too short"
		default:
			r.Failures["freeze"] = vqeval.Failure{Severity: s}
		}
		e, err := Prepare(t.Context(), v, len(severities))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func TestBatchFigures(t *testing.T) {
	entries := batchOf(t, 0.7, -1, 0.1, -2, 0.4)
	dir := t.TempDir()
	d, err := BatchFigures(dir, entries, "freeze", []string{"svg"})
	if err != nil || len(d.LeftOut) > 0 || len(d.Files) != 3 {
		t.Fatalf("%+v %v", d, err)
	}
	r := ranking(entries, "freeze")[0]
	var order []string
	for _, x := range r.Items {
		order = append(order, fmt.Sprintf("%s %g %t", x.Label, x.Value, x.Mark))
	}
	if got := strings.Join(order, ", "); got != "v2 0.1 false, v4 0.4 false, v0 0.7 true" {
		t.Errorf("ranked %s", got)
	}
	// What was not assessed is listed with its reason, and is not a zero.
	if got := strings.Join(r.Apart, ", "); got != "v1: too short, v3: unreadable" || r.ApartWhy != "Without a number, 2 of 5 videos:" {
		t.Errorf("apart: %s %s", r.ApartWhy, got)
	}
	m := matrix(entries, assessed(entries))
	if m.Columns[0] != "freeze" || !m.Rows[0].Marked[0] || m.Rows[1].Values[0] == m.Rows[1].Values[0] || len(m.Rows[3].Values) != 0 || m.Rows[3].Note != "not scored: unreadable" {
		t.Errorf("%+v", m)
	}
	if !slices.Contains(m.Columns, "novelty") {
		t.Error("a kind that vqeval does not list has no column")
	}
	if _, err := BatchFigures(dir, entries, "beauty", nil); err == nil || !strings.Contains(err.Error(), "composite") {
		t.Errorf("rank by beauty: %v", err)
	}
	many := make([]float64, 2*rowsPerFigure+1)
	d, err = BatchFigures(t.TempDir(), batchOf(t, many...), Composite, []string{"svg"})
	if err != nil || len(d.Files) != 7 {
		t.Errorf("%d videos: %v %v", len(many), d, err)
	}
}

func TestHTMLOptions(t *testing.T) {
	if err := HTML(&bytes.Buffer{}, nil, HTMLOptions{}); err == nil {
		t.Error("a page of nothing")
	}
	big := filepath.Join(t.TempDir(), "big.mp4")
	f, err := os.Create(big)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(EmbedLimit+1), f.Close()); err != nil {
		t.Fatal(err)
	}
	r, c := told(big)
	e, err := Prepare(t.Context(), Video{Path: big, Report: r, Curves: c}, 1)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := HTML(&b, []*Entry{e}, HTMLOptions{Embed: true}); !errors.Is(err, ErrTooLarge) || b.Len() > 0 {
		t.Errorf("%v, %d bytes", err, b.Len())
	}
	for _, tc := range []struct{ path, dir, want string }{
		{"/v/a.mp4", "/v", "./a.mp4"},
		{"/v/a.mp4", "/v/r/s", "./../../a.mp4"},
		{"/v/javascript:x \"'?#%.mp4", "/v", "./javascript:x%20%22%27%3F%23%25.mp4"},
		{"/v/a\nb.mp4", "/", "./v/a%0Ab.mp4"},
	} {
		if got, err := source(tc.path, HTMLOptions{Dir: tc.dir}); err != nil || got != tc.want {
			t.Errorf("%q from %q: %q, want %q (%v)", tc.path, tc.dir, got, tc.want, err)
		}
	}
	for in, want := range map[string]int{"png": 1, "pdf": 1, "svg": 1, "both": 2, "gif": 0, "": 0} {
		if got, err := Formats(in); len(got) != want || (err == nil) != (want > 0) {
			t.Errorf("format %q: %v %v", in, got, err)
		}
	}
}
