package reports

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/png"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"longtake/bench"
	"longtake/video"
	"longtake/vqeval"
)

// The kinds are the scorer's, in its order: a new one must get a family.
func TestKindsAreTheScorers(t *testing.T) {
	var names []string
	for _, k := range failureKinds {
		names = append(names, k.name)
		if familyRank(k.name) >= len(families) {
			t.Errorf("%s has the family %s, which is not drawn", k.name, k.family)
		}
	}
	if !slices.Equal(names, vqeval.Kinds) {
		t.Errorf("kinds are %v, the scorer's %v", names, vqeval.Kinds)
	}
}

func TestFront(t *testing.T) {
	got := front([][2]float64{{3, 5}, {1, 2}, {2, 2}, {2, 4}, {4, 4.9}, {1, 1}, {5, 5}})
	if want := [][2]float64{{1, 2}, {2, 4}, {3, 5}}; !slices.Equal(got, want) {
		t.Errorf("front %v, want %v", got, want)
	}
	if got := front(nil); len(got) != 0 {
		t.Errorf("front of nothing: %v", got)
	}
}

func TestHeadline(t *testing.T) {
	recs := smoke(t)
	r, _ := build(t, sweep(t, recs), Options{References: testReferences(t), NoFrames: true})
	if want := "At 333 frames: dense froze in 2 of 2 videos, from frame 100 on; riflex looped in 1 of 2. Neither froze nor looped: lvsa, ultravico."; r.Headline != want {
		t.Errorf("headline %q, want %q", r.Headline, want)
	}
	for i := range recs {
		recs[i].Findings = nil
	}
	r, _ = build(t, sweep(t, recs), Options{NoFrames: true})
	if want := "Nothing froze and nothing looped at 333 frames: 4 methods, 8 videos."; r.Headline != want {
		t.Errorf("headline %q, want %q", r.Headline, want)
	}
	for i := range recs {
		recs[i].Metrics = nil
	}
	r, _ = build(t, sweep(t, recs), Options{NoFrames: true})
	if !strings.HasPrefix(r.Headline, "No video was scored") {
		t.Errorf("headline %q", r.Headline)
	}
}

// TestPublished: published numbers stand as they are, beside rows of the same
// model and frames, and never in one table with the synthetic model.
func TestPublished(t *testing.T) {
	all, err := readPublished(publishedCSV)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 35 {
		t.Errorf("%d rows, want 35", len(all))
	}
	if !slices.ContainsFunc(all, func(p published) bool {
		return p.model == "wan13b" && p.method == "dense" && p.frames == 321 && math.Abs(p.wall-1442.3) < 1e-9 && p.n == 5
	}) {
		t.Error("dense Wan 1.3B at 321 frames is not 1442.3 s")
	}
	for _, bad := range []string{"", "model,backend\nwan13b,dense\n", strings.Replace(publishedCSV, "wan13b,dense,4x", "wan13b,dense,3x", 1), strings.Replace(publishedCSV, "hv15,dense,0.5x,5", "hv15,dense,0.5x,five", 1)} {
		if _, err := readPublished(bad); err == nil {
			t.Errorf("%.40q is taken", bad)
		}
	}
	for name, want := range map[string]string{"wan13b": "wan13b", "Wan2.1-T2V-1.3B-Diffusers": "wan13b", "wan14b": "wan14b", "HunyuanVideo-1.5": "hv15", "mini": "", "ltx": "", "wan": ""} {
		if got := publishedModel(name); got != want {
			t.Errorf("model %s is %q, want %q", name, got, want)
		}
	}

	r, _ := build(t, sweep(t, smoke(t)), Options{NoFrames: true})
	mini := pageData(t, r).Sections[0].Published
	for _, row := range mini.Rows {
		if row.Here {
			t.Errorf("the synthetic model stands among published rows: %v", row.Cells)
		}
	}
	var recs []bench.Record
	for _, r := range smoke(t) {
		c, _ := r.DecodeCell()
		c.Model = bench.Model{Name: "wan13b", TrainingLatentFrames: 21}
		n := mustRecord(t, c)
		n.Metrics, n.Engaged = r.Metrics, r.Engaged
		recs = append(recs, n)
	}
	r, readme := build(t, sweep(t, recs), Options{NoFrames: true})
	real := pageData(t, r).Sections[0]
	here, theirs := 0, 0
	for i, row := range real.Published.Rows {
		if row.Here {
			here++
		} else {
			theirs++
		}
		if i > 0 && len(row.Cells[0]) == len(real.Published.Rows[i-1].Cells[0]) && row.Cells[0] < real.Published.Rows[i-1].Cells[0] {
			t.Error("rows are not by frames")
		}
		if !row.Here && (row.Cells[3] != "published (LVSA 1.2.0)" || row.Cells[4] != "A100 class") {
			t.Errorf("a published row does not say where it comes from: %v", row.Cells)
		}
	}
	if here != 12 || theirs != 12 {
		t.Errorf("%d rows of our own and %d published, want 12 and 12", here, theirs)
	}
	for _, row := range real.Rows {
		for _, c := range row.Cells {
			if strings.HasPrefix(c.Text, "1442") {
				t.Error("a published number is among the measured rows")
			}
		}
	}
	if strings.Contains(readme, "1442") && !strings.Contains(readme, "published") {
		t.Error("the README has a published number without its source")
	}
}

// TestBundle: a copy holds the videos, and no folder with something in it is
// written to.
func TestBundle(t *testing.T) {
	recs := smoke(t)[:8]
	dir := t.TempDir()
	for i := range recs {
		name := []string{"a #1.mp4", "secret.txt"}[min(1, i)]
		recs[i].Files = map[string]bench.File{"video": {Path: name}}
		write(t, filepath.Join(dir, name), []byte(name))
	}
	writeRecords(t, filepath.Join(dir, "records.jsonl"), recs)
	out := filepath.Join(t.TempDir(), "new", "bundle")
	r, _ := build(t, dir, Options{NoFrames: true, Bundle: out})
	if r.Bundle != filepath.Join(out, "index.html") {
		t.Errorf("bundle %s", r.Bundle)
	}
	files := map[string]bool{}
	if err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(out, path)
		files[rel] = !d.IsDir()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	video := filepath.Join("videos", slug(recs[0].CellID)+".mp4")
	for _, want := range []string{"README.md", "index.html", "records.jsonl", "latency.png", video} {
		if !files[want] {
			t.Errorf("%s is not in the bundle: %v", want, files)
		}
	}
	page, err := os.ReadFile(r.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, []byte(`"./videos/`)) || bytes.Contains(page, []byte("secret.txt")) || files[filepath.Join("videos", "secret.txt")] {
		t.Error("the bundle's page names files that it has not")
	}
	full := t.TempDir()
	write(t, filepath.Join(full, "mine"), nil)
	if _, err := Build(context.Background(), dir, Options{NoFrames: true, Bundle: full}); !errors.Is(err, ErrBundle) {
		t.Errorf("a folder with files in it: %v", err)
	}
}

// TestSideBySide: one video of all methods; what is found is seen at its frames
// and not before, and a shorter video stands still at its end.
func TestSideBySide(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	dir := t.TempDir()
	var recs []bench.Record
	for i, s := range methodSpecs()[:2] {
		c := testCell(s.m, 1, "fish", 16)
		c.Prompt.Text = `%{pts} 'drawtext=text=\:no' "` + hostile
		r := mustRecord(t, c)
		r.Metrics = map[string]float64{bench.FreezeSeverity: 0.1, bench.WallSeconds: 1}
		frames := []int{81, 41}[i]
		base := "cells/" + r.CellID + "/"
		clip(t, filepath.Join(dir, base, "video.mp4"), frames)
		write(t, filepath.Join(dir, base, "curves.json"), bytes.Replace(curvesJSON(t, frames, 32), []byte(`{`), []byte(`{"fps":16,`), 1))
		r.Files = map[string]bench.File{"video": {Path: base + "video.mp4"}, "curves": {Path: base + "curves.json"}}
		if i == 0 {
			r.Findings = []bench.Finding{{Kind: "freeze", OnsetFrame: 40, EndFrame: 80, Text: "holds"}}
		}
		recs = append(recs, r)
	}
	writeRecords(t, filepath.Join(dir, "records.jsonl"), recs)
	r, readme := build(t, dir, Options{NoFrames: true, SideBySide: true})
	if !strings.Contains(readme, "](side-by-side.mp4)") || len(pageData(t, r).Sheets) != 1 {
		t.Error("the pages do not link it")
	}
	red := map[int]bool{}
	n := 0
	if _, _, err := video.Decode(context.Background(), filepath.Join(r.Dir, "side-by-side.mp4"), video.DecodeOptions{}, func(f video.Frame) error {
		n++
		y := sideHead + sideRow + sideLabel + sideCell - sideBanner/2 // of the first tile's banner, right of its text
		p := f.Pix[3*(y*f.Width+sideGap+sideCell-10):]
		want := families[0].color
		red[f.Index] = math.Abs(float64(p[0])-float64(want.R)) < 30 && math.Abs(float64(p[1])-float64(want.G)) < 30 && math.Abs(float64(p[2])-float64(want.B)) < 30
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n != 81 {
		t.Errorf("%d frames, want those of the longer video, 81", n)
	}
	for i := range n {
		if red[i] != (i >= 40) {
			t.Fatalf("frame %d: the finding is shown %t", i, red[i])
		}
	}
	f, err := os.Open(filepath.Join(r.Dir, "side-by-side.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, _, err := image.DecodeConfig(f); err != nil {
		t.Error(err)
	}
	// A later report without it takes it away again.
	build(t, dir, Options{NoFrames: true})
	if _, err := os.Stat(filepath.Join(r.Dir, "side-by-side.mp4")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("an old side-by-side video stays")
	}
}
