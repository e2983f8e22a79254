package corpus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longtake/video"
	"longtake/vqeval"
)

// handful makes a corpus of a few clips: per source one that is healthy, one
// more of worse quality, a loop and three freezes of growing length. With
// broken, one row names a file that is no video.
func handful(t *testing.T, sources int, broken bool) string {
	t.Helper()
	const w, h, n, fps = 144, 96, 72, 24
	dir := t.TempDir()
	var manifest bytes.Buffer
	write := func(l Label, at func(i int) int, crf int, tex func(x, y float64) float64) {
		t.Helper()
		e, err := video.Create(context.Background(), filepath.Join(dir, l.File), video.EncodeOptions{Width: w, Height: h, FPS: fps, CRF: crf})
		if err != nil {
			t.Fatal(err)
		}
		rgb := make([]byte, 3*w*h)
		for i := range n {
			s := float64(at(i))
			for j, v := range sampled(tex, w, h, 1.7*s+9*math.Sin(s/17), 6*math.Sin(s/23+1)) {
				rgb[3*j], rgb[3*j+1], rgb[3*j+2] = v, v, v
			}
			if err := e.WriteFrame(rgb); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		l.Family, l.Split, l.FPS, l.Width, l.Height, l.Frames, l.Codec, l.CRF = "waves", Test, fps, w, h, n, "x264", crf
		line, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		manifest.Write(append(line, '\n'))
	}
	live := func(i int) int { return i }
	for s := range sources {
		src, tex := fmt.Sprintf("waves/%d", s), texture(uint64(s+5))
		name := func(what string) string { return fmt.Sprintf("%d-%s.mp4", s, what) }
		write(Label{File: name("live"), Source: src, Class: "live", CI: s == 0}, live, 18, tex)
		write(Label{File: name("live-q"), Source: src, Class: "live", Variant: name("live"), VariantOf: "quality"}, live, 30, tex)
		write(Label{File: name("loop"), Source: src, Kind: "loop", Class: "L1 hard", Onset: 24, End: n - 1, Period: 24, Repeats: 2}, func(i int) int { return i % 24 }, 18, tex)
		for level, from := range []int{54, 36, 18} {
			write(Label{File: name(fmt.Sprintf("freeze%d", level)), Source: src, Kind: "freeze", Class: "F1 hard", CI: s == 0, Onset: from + 1, End: n - 1,
				Ladder: "freeze " + src, Level: float64(n - 1 - from), Extent: true}, func(i int) int { return min(i, from) }, 18, tex)
		}
	}
	if broken {
		if err := os.WriteFile(filepath.Join(dir, "broken.mp4"), []byte("no video"), 0o644); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&manifest, `{"file":"broken.mp4","family":"waves","source":"waves/0","split":"test","class":"live","kind":"","fps":24,"width":2,"height":2,"frames":1}`)
	}
	if err := os.WriteFile(filepath.Join(dir, ManifestName), manifest.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCheck(t *testing.T) {
	dir := handful(t, 3, true)
	ctx := context.Background()
	calls := 0
	c, err := Check(ctx, dir, CheckOptions{Workers: 2, Progress: func(done, total int) {
		calls++
		if done != calls || total != 19 {
			t.Errorf("progress %d of %d after %d calls", done, total, calls)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	f := c.Main
	if f.Videos != 18 || f.Sources != 3 || f.Positives != 12 || f.Negatives != 6 || calls != 19 {
		t.Errorf("%d videos of %d sources, %d failed, %d healthy, %d scored", f.Videos, f.Sources, f.Positives, f.Negatives, calls)
	}
	near(t, "minutes of healthy video", f.Hours*60, 6*72/24./60, 1e-6)
	if len(c.Errors) != 1 || !strings.HasPrefix(c.Errors[0], "broken.mp4: ") {
		t.Errorf("errors %q", c.Errors)
	}
	kinds := map[string]KindFigures{}
	for _, k := range f.Kinds {
		kinds[k.Kind] = k
	}
	if len(kinds) != 2 {
		t.Fatalf("kinds %v, want freeze and loop", kinds)
	}
	for _, k := range kinds {
		if k.AUC == nil || k.AUC.Value < 0.99 || k.Hits.Count != k.Positives || k.Alarms.Count != 0 {
			t.Errorf("%s of plain clips: AUC %s, found %s, false alarms %s", k.Kind, k.AUC, k.Hits, k.Alarms)
		}
		if k.Onset == nil || k.Onset.Within2.Count != k.Positives {
			t.Errorf("%s: onset %+v", k.Kind, k.Onset)
		}
	}
	fr, lo := kinds["freeze"], kinds["loop"]
	if fr.Share == nil || fr.Share.N != 3 || fr.Share.Least < 0.999 || fr.Strength != nil {
		t.Errorf("ladders of extent: %+v", fr.Share)
	}
	if lo.Period == nil || lo.Period.Exact.Count != 3 {
		t.Errorf("period: %+v", lo.Period)
	}
	if e := fr.Baselines["freezedetect-0.5s"]; e == nil || e.Value < 0.9 {
		t.Errorf("a hard freeze is what freezedetect is for: %s", e)
	}
	// The label gives NoRepeat the period, where it finds the loop's frames again.
	if e := lo.Baselines["norepeat"]; e == nil || e.Value < 0.9 {
		t.Errorf("a loop from frame 0 is what NoRepeat is for: %s", e)
	}
	if len(f.Invariance) != 1 || f.Invariance[0].N != 3 || f.Invariance[0].Of != "quality" || f.Invariance[0].Most > 0.3 {
		t.Errorf("variants: %+v", f.Invariance)
	}
	if c.CI == nil || c.CI.Videos != 4 || len(c.CIVideos) != 4 {
		t.Errorf("subset for CI: %+v", c.CI)
	}

	// A second run takes everything from what was kept and says the same.
	kept, err := os.ReadFile(filepath.Join(dir, ScoresName))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Check(ctx, dir, CheckOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := encoded(t, c), encoded(t, again); a != b {
		t.Errorf("another card from the same videos:\n%s\n%s", a, b)
	}
	if now, err := os.ReadFile(filepath.Join(dir, ScoresName)); err != nil || !bytes.Equal(now, kept) {
		t.Errorf("the second run measured again (%v): %d bytes are kept, were %d", err, len(now), len(kept))
	}

	outputs(t, c)
}

// outputs are drawn and written from the same figures.
func outputs(t *testing.T, c *Card) {
	t.Helper()
	var text, md, readme bytes.Buffer
	for _, err := range []error{c.Table(&text), CardMarkdown(&md, c), ReadmeMarkdown(&readme, c)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for what, s := range map[string]string{"table": text.String(), "card": md.String(), "README": readme.String()} {
		for _, want := range []string{"vqeval " + vqeval.Version, "18 videos of 3 sources", "No failure is a real one", "freeze", "loop", "mpdecimate"} {
			if !strings.Contains(s, want) {
				t.Errorf("the %s does not say %q", what, want)
			}
		}
	}
	if !strings.Contains(md.String(), "broken.mp4") || !strings.Contains(text.String(), "broken.mp4") {
		t.Error("a video that could not be scored is not listed")
	}
	dir := t.TempDir()
	if err := c.SaveFigures(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"roc.png", "auc.svg", "ladders-extent.png", "confusion.png", "onset.png"} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Size() < 1000 {
			t.Errorf("figure %s: %v", name, err)
		}
	}
	// What is read back gives the same Markdown.
	var back Card
	if err := json.Unmarshal([]byte(encoded(t, c)), &back); err != nil {
		t.Fatal(err)
	}
	var second bytes.Buffer
	if err := CardMarkdown(&second, &back); err != nil {
		t.Fatal(err)
	}
	if second.String() != md.String() {
		t.Error("the card reads otherwise after it went through JSON")
	}
}

func encoded(t *testing.T, c *Card) string {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestScoresOfAnotherBuildAreNotUsed(t *testing.T) {
	dir := t.TempDir()
	line := func(k keptScore) string {
		b, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	build, err := programHash()
	if err != nil {
		t.Fatal(err)
	}
	text := line(keptScore{SHA256: "a", Key: "k", Build: build, Score: &Score{Width: 1}}) +
		line(keptScore{SHA256: "b", Key: "k", Build: "other", Score: &Score{Width: 2}}) +
		line(keptScore{SHA256: "b", Key: "baselines", Baselines: map[string]float64{"adjacent": 1}}) +
		`{"sha256":"c","key":"k","sco` // killed here
	path := filepath.Join(dir, ScoresName)
	for _, c := range []struct {
		o           CheckOptions
		a, b, other bool
	}{{CheckOptions{}, true, false, true}, {CheckOptions{AnyBuild: true}, true, true, true}, {CheckOptions{Rescore: true}, false, false, true}} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := openScores(dir, c.o)
		if err != nil {
			t.Fatal(err)
		}
		_, a := s.look("a", "k")
		_, b := s.look("b", "k")
		_, other := s.look("b", "baselines")
		if a != c.a || b != c.b || other != c.other {
			t.Errorf("%+v: kept %v %v %v, want %v %v %v", c.o, a, b, other, c.a, c.b, c.other)
		}
		// What follows a line that was cut off is read again.
		if err := s.keep(keptScore{SHA256: "d", Key: "baselines", Baselines: map[string]float64{"adjacent": 1}}); err != nil {
			t.Fatal(err)
		}
		s.close()
		if s, err = openScores(dir, c.o); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.look("d", "baselines"); !ok {
			t.Errorf("%+v: a value behind a cut line is lost", c.o)
		}
		s.close()
	}
}
