package page

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"longtake/video"
	"longtake/vqeval"
)

const (
	clipFrames = 96
	clipRate   = 24
	hostile    = "a 'q' \"d\" <script>alert(1)</script>&amp;\n%03d #?.mp4"
)

// counted makes a clip in which every frame shows its number as seven bright or
// dark squares.
func counted(t *testing.T, path string) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	const w, h = 112, 64
	e, err := video.Create(t.Context(), path, video.EncodeOptions{Width: w, Height: h, FPS: clipRate})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Abort()
	pix := make([]byte, w*h*3)
	for n := range clipFrames {
		for y := range h {
			for x := range w {
				v := byte(60 + (x*3+y*5+n*7)%80)
				if y < 16 {
					v = 16
					if n>>(x/16)&1 == 1 {
						v = 235
					}
				}
				for c := range 3 {
					pix[3*(y*w+x)+c] = v
				}
			}
		}
		if err := e.WriteFrame(pix); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// told is a report as a scorer would give it: what is tested here is how it is
// shown, not whether it is right.
func told(path string) (*vqeval.Report, *vqeval.Curves) {
	composite := 41.5
	r := &vqeval.Report{
		Schema: vqeval.Schema, Scorer: vqeval.Scorer{Name: "vqeval", Version: "9.9", Profile: "test"}, VideoPath: path,
		VideoMeta:      vqeval.VideoMeta{Width: 112, Height: 64, FPS: clipRate, Duration: clipFrames / clipRate, Codec: "h264", TotalFrames: clipFrames, SampledFrames: clipFrames},
		CompositeScore: &composite, CompositeVerdict: "poor", CompositeOver: []string{"stillness"},
		Dimensions: map[string]vqeval.Dimension{"stillness": {Score: 41.5, Verdict: "poor"}},
		Failures: map[string]vqeval.Failure{
			"freeze":  {Severity: 0.2},
			"loop":    {Severity: 0.9, Confidence: 0.8, Share: 0.5, OnsetFrame: 37, EndFrame: 90, PeriodFrames: 17, Repeats: 3},
			"stutter": {Severity: 0.6, Confidence: 0.5, Share: 0.1, OnsetFrame: 70, EndFrame: 80, Cadence: "2:1"},
			"novelty": {Severity: 0.7, Confidence: 0.5, Share: 0.02, OnsetFrame: 95, EndFrame: 95},
		},
		Facts: vqeval.Facts{Cuts: []int{20}, MotionPlateau: 7.5},
		Findings: []vqeval.Finding{{Kind: "loop", OnsetFrame: 37, EndFrame: 90, Text: "repeats every 17 frames <b>\"'"},
			{Kind: "stutter", OnsetFrame: 70, EndFrame: 80, Text: "stutters"}, {Kind: "novelty", OnsetFrame: 95, EndFrame: 95, Text: "a kind that is new"}},
		NotAssessed: map[string]string{"drift": "no <i>detector</i>"},
	}
	c := &vqeval.Curves{Schema: vqeval.Schema, FPS: clipRate, Frames: clipFrames}
	size := 64
	c.SelfSimilarity = vqeval.SelfSimilarity{Size: size, Frames: clipFrames, Scale: 0.1, LagLimit: clipFrames, Data: make([]byte, size*size)}
	for i := range size {
		for j := range size {
			c.SelfSimilarity.Data[i*size+j] = byte(min(254, 5*abs(i-j)))
		}
	}
	for i := range clipFrames {
		v := 5 + 3*math.Sin(float64(i)/5)
		if i > clipFrames-clipRate {
			v = math.NaN()
		}
		c.MotionEnergy = append(c.MotionEnergy, v)
	}
	for k := 1; k < 60; k++ {
		c.Variogram.Lags = append(c.Variogram.Lags, k)
		c.Variogram.Values = append(c.Variogram.Values, 10*(1-math.Exp(-float64(k)/9)))
	}
	for _, f := range r.Findings {
		c.Spans = append(c.Spans, vqeval.Span{Kind: f.Kind, OnsetFrame: f.OnsetFrame, EndFrame: f.EndFrame, Severity: r.Failures[f.Kind].Severity})
	}
	return r, c
}

func prepared(t *testing.T, path string, videos int) *Entry {
	t.Helper()
	r, c := told(path)
	e, err := Prepare(t.Context(), Video{Path: path, Report: r, Curves: c}, videos)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func writePage(t *testing.T, path string, entries []*Entry, o HTMLOptions) string {
	t.Helper()
	var b strings.Builder
	o.Dir = filepath.Dir(path)
	if err := HTML(&b, entries, o); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// browser is a tab in which nothing may go wrong: no exception, no blocked or
// failed resource, no request to a network.
type browser struct {
	ctx context.Context
	mu  sync.Mutex
	bad []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium is installed")
	}
	// Not t.TempDir: Chromium's helpers may still write while it is removed, which is no
	// failure of the page.
	profile, err := os.MkdirTemp("", "page-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(profile) })
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(profile), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.WSURLReadTimeout(2*time.Minute))
	alloc, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, end := context.WithTimeout(ctx, 4*time.Minute) // a browser that hangs
	t.Cleanup(end)
	b := &browser{ctx: ctx}
	chromedp.ListenTarget(ctx, func(ev any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			if u := ev.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") {
				b.bad = append(b.bad, "request: "+u)
			}
		case *runtime.EventExceptionThrown:
			b.bad = append(b.bad, "exception: "+ev.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			b.bad = append(b.bad, string(ev.Entry.Level)+": "+ev.Entry.Text)
		}
	})
	return b
}

func (b *browser) run(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		t.Fatalf("%v; the page said: %v", err, b.said())
	}
}

func (b *browser) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bad
}

func (b *browser) open(t *testing.T, path string) {
	t.Helper()
	b.run(t, network.Enable(), log.Enable(), chromedp.Navigate("file://"+path))
}

// seeked waits until the player has come to rest at a place other than before.
const seeked = `new Promise(done => {
	const v = document.querySelector('video');
	(function look() {
		if (v.error) done(-v.error.code);
		else if (v.readyState >= 2 && !v.seeking && v.currentTime > 0) done(v.currentTime);
		else setTimeout(look, 20);
	})();
})`

// timelineAt waits until the timeline is at a frame, for five seconds at most, and
// gives back where it is: it follows the player, which takes its time.
func timelineAt(frame string) string {
	return `new Promise(done => {
	let left = 250;
	(function look() {
		const at = document.querySelector('svg.timeline').getAttribute('aria-valuenow');
		if (at === '` + frame + `' || --left === 0) done(at);
		else setTimeout(look, 20);
	})();
})`
}

// shownNumber reads the number that the frame in the player shows.
const shownNumber = `(() => {
	const v = document.querySelector('video'), c = document.createElement('canvas');
	c.width = 112; c.height = 64;
	const g = c.getContext('2d', { willReadFrequently: true });
	g.drawImage(v, 0, 0, 112, 64);
	let n = 0;
	for (let i = 0; i < 7; i++) if (g.getImageData(i * 16 + 8, 8, 1, 1).data[0] > 128) n |= 1 << i;
	return n;
})()`

func await(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// click on what a selector finds and give back where the player then rests.
func (b *browser) click(t *testing.T, selector string) (at float64) {
	t.Helper()
	b.run(t, chromedp.Click(selector, chromedp.ByQuery), chromedp.Evaluate(seeked, &at, await))
	return at
}

// A click on a finding shows its first frame, with the clip beside the page and
// with the clip in it.
func TestSeek(t *testing.T) {
	dir := t.TempDir()
	clip := filepath.Join(dir, "clip.mp4")
	counted(t, clip)
	page := filepath.Join(dir, "report.html")
	for _, embed := range []bool{false, true} {
		t.Run(fmt.Sprintf("embed=%t", embed), func(t *testing.T) {
			writePage(t, page, []*Entry{prepared(t, clip, 1)}, HTMLOptions{Embed: embed})
			b := newBrowser(t)
			b.open(t, page)
			for _, frame := range []int{37, 70, 95} {
				at := b.click(t, fmt.Sprintf(`ol.findings button[data-frame="%d"]`, frame))
				if want := (float64(frame) + 0.5) / clipRate; math.Abs(at-want) > 1e-3 {
					t.Errorf("frame %d: the player is at %.4f s, want %.4f s", frame, at, want)
				}
				if embed { // a canvas may read only what has the page's origin
					var n int
					b.run(t, chromedp.Evaluate(shownNumber, &n))
					if n != frame {
						t.Errorf("the player shows frame %d, want %d", n, frame)
					}
				}
			}
			// One frame back by the button, then by the keyboard on the timeline.
			var where string
			b.run(t, chromedp.Click(`button[aria-label="one frame back"]`, chromedp.ByQuery), chromedp.Focus(`svg.timeline`, chromedp.ByQuery),
				chromedp.KeyEvent(kb.ArrowLeft), chromedp.Evaluate(timelineAt("93"), &where, await))
			if where != "93" {
				t.Errorf("the timeline is at frame %s, want 93", where)
			}
			b.run(t, chromedp.Click(`.strip button`, chromedp.ByQuery), chromedp.Evaluate(timelineAt("4"), &where, await))
			if where != "4" {
				t.Errorf("the first picture leads to frame %s, want 4", where)
			}
			if bad := b.said(); len(bad) > 0 {
				t.Errorf("the page said %q", bad)
			}
		})
	}
}

// Frames that are unevenly spaced are found by their own times.
func TestSeekVariableRate(t *testing.T) {
	dir := t.TempDir()
	even, clip := filepath.Join(dir, "even.mp4"), filepath.Join(dir, "clip.mp4")
	counted(t, even)
	if out, err := exec.Command("ffmpeg", "-v", "error", "-i", even, "-vf", "setpts='if(lt(N,30),N,30+(N-30)*3)/24/TB'", "-fps_mode", "vfr", clip).CombinedOutput(); err != nil {
		t.Skipf("this ffmpeg makes no file of variable rate: %v: %s", err, out)
	}
	e := prepared(t, clip, 1)
	if len(e.view.Times) != clipFrames {
		t.Fatalf("%d times for %d frames", len(e.view.Times), clipFrames)
	}
	page := filepath.Join(dir, "report.html")
	writePage(t, page, []*Entry{e}, HTMLOptions{Embed: true})
	b := newBrowser(t)
	b.open(t, page)
	for _, frame := range []int{37, 70} {
		at := b.click(t, fmt.Sprintf(`ol.findings button[data-frame="%d"]`, frame))
		if want := (float64(30+(frame-30)*3) + 1.5) / clipRate; math.Abs(at-want) > 1e-3 {
			t.Errorf("frame %d: the player is at %.4f s, want %.4f s", frame, at, want)
		}
		var n int
		b.run(t, chromedp.Evaluate(shownNumber, &n))
		if n != frame {
			t.Errorf("the player shows frame %d, want %d", n, frame)
		}
	}
}

// Names and texts that look like markup stay text, and the clip is still found.
func TestHostileNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "<img src=x onerror=alert(1)> \"'")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	clip := filepath.Join(dir, hostile[:strings.Index(hostile, "/")]+"x"+hostile[strings.Index(hostile, "/")+1:]) // a name has no slash
	plain := filepath.Join(dir, "clip.mp4")
	counted(t, plain)
	if err := os.Rename(plain, clip); err != nil {
		t.Fatal(err)
	}
	r, c := told(clip)
	e, err := Prepare(t.Context(), Video{Path: clip, Label: filepath.Base(clip), Group: "</option><script>alert(2)</script>", Report: r, Curves: c,
		Meta: []Field{{"</script><script>alert(3)</script>", "<!--<script>\u2028 ]]>"}}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	failed, err := Prepare(t.Context(), Video{Path: clip, Label: "javascript:alert(4)//\"><svg onload=alert(5)>", Err: errors.New("<script>alert(6)</script>\xff")}, 2)
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "report.html")
	text := writePage(t, page, []*Entry{e, failed}, HTMLOptions{Batch: true})
	if n := strings.Count(strings.ToLower(text), "<script"); n != 2 {
		t.Errorf("%d script elements, want 2", n)
	}
	if strings.Contains(text, "<img src=x") || strings.Contains(text, "<svg onload") {
		t.Error("a name became markup")
	}
	b := newBrowser(t)
	b.open(t, page)
	b.run(t, chromedp.Click(`#table a[href="#v0"]`, chromedp.ByQuery), chromedp.WaitVisible(`#detail video`, chromedp.ByQuery))
	if at := b.click(t, `ol.findings button[data-frame="37"]`); math.Abs(at-37.5/clipRate) > 1e-3 {
		t.Errorf("the player is at %.4f s", at)
	}
	var heading, cell string
	var scripts int
	b.run(t, chromedp.Text(`#detail h2`, &heading, chromedp.ByQuery), chromedp.Evaluate(`document.scripts.length`, &scripts),
		chromedp.Click(`#table a[href="#v1"]`, chromedp.ByQuery), chromedp.WaitVisible(`#detail .error`, chromedp.ByQuery), chromedp.Text(`#detail .error`, &cell, chromedp.ByQuery))
	if !strings.Contains(heading, "<script>alert(1)<x") || scripts != 2 || !strings.Contains(cell, "<script>alert(6)</script>") {
		t.Errorf("heading %q, %d scripts, error %q", heading, scripts, cell)
	}
	if bad := b.said(); len(bad) > 0 {
		t.Errorf("the page said %q", bad)
	}
}

// The table of a batch sorts with what has no number last, and filters.
func TestBatchTable(t *testing.T) {
	var entries []*Entry
	for i, severity := range []float64{0.2, math.NaN(), 0.9, 0.5} {
		r, c := told("none.mp4")
		delete(r.Failures, "freeze")
		if !math.IsNaN(severity) {
			r.Failures["freeze"] = vqeval.Failure{Severity: severity}
		}
		if i == 0 {
			r.Findings = nil
		}
		e, err := Prepare(t.Context(), Video{Path: "none.mp4", Label: string(rune('a' + i)), Group: []string{"x", ""}[i%2], Report: r, Curves: c}, 5)
		if err != nil {
			t.Fatal(err)
		}
		if e.view.PicturesErr == "" {
			t.Error("a missing file has pictures")
		}
		entries = append(entries, e)
	}
	bad, err := Prepare(t.Context(), Video{Path: "e.mp4", Label: "e", Err: errors.New("no video stream")}, 5)
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "report.html")
	writePage(t, page, append(entries, bad), HTMLOptions{Batch: true})
	b := newBrowser(t)
	b.open(t, page)
	order := func() (s string) {
		b.run(t, chromedp.Evaluate(`[...document.querySelectorAll('#table tbody tr:not([hidden]) a')].map(a => a.textContent).join('')`, &s))
		return s
	}
	freeze := `//table[@id="table"]//th/button[text()="freeze"]`
	for _, want := range []string{"cdabe", "adcbe"} {
		b.run(t, chromedp.Click(freeze, chromedp.BySearch))
		if got := order(); got != want {
			t.Errorf("sorted %s, want %s", got, want)
		}
	}
	for _, tc := range []struct{ id, value, want string }{{"filter-state", "failed", "e"}, {"filter-state", "clean", "a"}, {"filter-state", "all", "adcbe"}, {"filter-group", "=x", "ac"}, {"filter-group", "*", "adcbe"}, {"filter-name", "D", "d"}} {
		b.run(t, chromedp.Evaluate(fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event('input')); })()`, tc.id, tc.value), nil))
		if got := order(); got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.id, tc.value, got, tc.want)
		}
	}
	if bad := b.said(); len(bad) > 0 {
		t.Errorf("the page said %q", bad)
	}
}

// TestLook checks that nothing is wider than the window, and keeps pictures of
// the page where PAGE_OUT names a folder (PAGE_IN, a page of one's own).
func TestLook(t *testing.T) {
	dir := t.TempDir()
	page := os.Getenv("PAGE_IN")
	if page == "" {
		clip := filepath.Join(dir, "clip.mp4")
		counted(t, clip)
		page = filepath.Join(dir, "report.html")
		writePage(t, page, []*Entry{prepared(t, clip, 1)}, HTMLOptions{})
	}
	b := newBrowser(t)
	for _, look := range []struct {
		name, scheme string
		width        int64
	}{{"light", "light", 1200}, {"dark", "dark", 1200}, {"phone", "light", 390}} {
		b.run(t, emulation.SetDeviceMetricsOverride(look.width, 900, 1, look.width < 500),
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}))
		b.open(t, page)
		if strings.Contains(os.Getenv("PAGE_IN"), "batch") {
			b.run(t, chromedp.Click(`#table a`, chromedp.ByQuery))
		}
		b.click(t, `ol.findings button`)
		var wide, dark bool
		var shot []byte
		b.run(t, chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth`, &wide),
			chromedp.Evaluate(`getComputedStyle(document.body).backgroundColor !== 'rgb(255, 255, 255)'`, &dark), chromedp.FullScreenshot(&shot, 100))
		if wide {
			t.Errorf("%s: the page is wider than its window of %d pixels", look.name, look.width)
		}
		if dark != (look.scheme == "dark") {
			t.Errorf("%s: dark %t", look.name, dark)
		}
		if out := os.Getenv("PAGE_OUT"); out != "" {
			if err := os.WriteFile(filepath.Join(out, look.name+".png"), shot, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestPicturesOfFrames(t *testing.T) {
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	counted(t, clip)
	p, err := decodePictures(t.Context(), clip, vqeval.VideoMeta{Width: 112, Height: 64, FPS: clipRate}, []int{0, 37, 95}, 112)
	if err != nil {
		t.Fatal(err)
	}
	if p.times != nil || len(p.at) != 3 {
		t.Errorf("%d pictures, times %v", len(p.at), p.times)
	}
	for n, img := range p.at {
		if got := numberIn(img); got != n {
			t.Errorf("the picture of frame %d shows frame %d", n, got)
		}
	}
}

func numberIn(img image.Image) (n int) {
	for i := range 7 {
		if r, _, _, _ := img.At(i*16+8, 8).RGBA(); r > 0x8000 {
			n |= 1 << i
		}
	}
	return n
}
