package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"longtake/vqeval"
)

func TestPair(t *testing.T) {
	a := []string{"x.mp4", "deep/x.mp4", "only.mp4", "w__dense__4x__dog__1.mp4", "w__dense__4x__cat.mp4", "two.mp4", "two.webm"}
	b := []string{"x.webm", "deep/x.mp4", "w__lvsa__4x__dog__1.mp4", "w__lvsa__4x__cat.mp4", "w__riflex__4x__cat.mp4", "two.mkv"}
	pairs, rest := Pair(a, b)
	var got []string
	for _, p := range pairs {
		got = append(got, p.A+" "+p.B+" "+p.Unit)
	}
	want := "deep/x.mp4 deep/x.mp4 deep/x.mp4|w__dense__4x__dog__1.mp4 w__lvsa__4x__dog__1.mp4 dog|x.mp4 x.webm x.mp4"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("%s\nwant %s", s, want)
	}
	why := map[string]string{}
	for _, u := range rest {
		why[u.Side+" "+u.Path] = u.Reason
	}
	if len(rest) != 7 || !strings.Contains(why["a w__dense__4x__cat.mp4"], "several") || !strings.Contains(why["b two.mkv"], "several") || !strings.Contains(why["a only.mp4"], "no video") {
		t.Errorf("%v", why)
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("wan__lvsa__4x__dog__16.mp4")
	f.Add("a____b__.mp4")
	f.Fuzz(func(t *testing.T, base string) {
		n, ok := ParseName(base)
		if !ok {
			return
		}
		parts := []string{n.Model, n.Method, n.Horizon, n.Prompt}
		if n.Seed != "" {
			parts = append(parts, n.Seed)
		}
		if s := strings.Join(parts, "__"); !strings.HasPrefix(base, s) {
			t.Errorf("%q reads as %q", base, s)
		}
	})
}

// plain is the definition, window by window.
func plain(a, b []byte, w, h int) float64 {
	const c1, c2 = 6.5025, 58.5225
	var total, n float64
	for y := 0; y+8 <= h; y += 4 {
		for x := 0; x+8 <= w; x += 4 {
			var ma, mb, va, vb, cov float64
			each := func(f func(p, q float64)) {
				for i := range 64 {
					at := (y+i/8)*w + x + i%8
					f(float64(a[at]), float64(b[at]))
				}
			}
			each(func(p, q float64) { ma += p / 64; mb += q / 64 })
			each(func(p, q float64) {
				va += (p - ma) * (p - ma) / 63
				vb += (q - mb) * (q - mb) / 63
				cov += (p - ma) * (q - mb) / 63
			})
			total += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			n++
		}
	}
	return total / n
}

func TestMeter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{8, 8}, {9, 11}, {31, 12}, {64, 48}, {7, 20}, {20, 7}} {
		w, h := size[0], size[1]
		a, b := make([]byte, w*h), make([]byte, w*h)
		for i := range a {
			a[i] = byte(128 + 60*math.Sin(float64(i)/7))
			b[i] = byte(int(a[i]) + rng.IntN(21) - 10)
		}
		m := newMeter(w, h)
		m.add(a, b)
		m.add(a, a)
		got, want := m.f.FrameSSIM[0], plain(a, b, w, h)
		if w < 8 || h < 8 {
			if r := m.result(16); !math.IsNaN(got) || r.SSIM != nil {
				t.Errorf("%dx%d: SSIM %g without a window", w, h, got)
			}
			continue
		}
		if math.Abs(got-want) > 1e-9 || m.f.FrameSSIM[1] != 1 {
			t.Errorf("%dx%d: SSIM %g, by definition %g; with itself %g", w, h, got, want, m.f.FrameSSIM[1])
		}
		if m.f.Identical != 1 || !math.IsNaN(m.f.FramePSNR[1]) {
			t.Errorf("%+v", m.f)
		}
		// Two frames, one of them without error: half the mean squared error, 3 dB more.
		if r := m.result(16); math.Abs(*r.PSNR-m.f.FramePSNR[0]-10*math.Log10(2)) > 1e-9 {
			t.Errorf("%g dB of both, %g of the first", *r.PSNR, m.f.FramePSNR[0])
		}
	}
}

func TestParting(t *testing.T) {
	same := math.NaN()
	for _, c := range []struct {
		psnr []float64
		want int // -1 none
	}{
		{[]float64{same, 40, 20, 40, 20, 20, 20, 40}, 4},
		{[]float64{20, 20, 20}, 0},
		{[]float64{40, 20, 20, 40, same, 20}, 5}, // to the end
		{[]float64{40, 20, 20, 40}, -1},
		{[]float64{same, same}, -1},
	} {
		got := -1
		if p := parting(c.psnr, 3); p != nil {
			got = *p
		}
		if got != c.want {
			t.Errorf("%v part at %d, want %d", c.psnr, got, c.want)
		}
	}
}

func samples(n int, f func(i int) (a, b float64)) []sample {
	var out []sample
	for i := range n {
		a, b := f(i)
		out = append(out, sample{fmt.Sprint(i), a, b})
	}
	return out
}

func TestSummarise(t *testing.T) {
	better := summarise("m", "u", true, 0.5, samples(12, func(i int) (float64, float64) { return 50, 55 + float64(i%3) }))
	if better.WinsB != 12 || better.WinsA+better.Ties != 0 || !better.Different || better.Difference != 6 || *better.Low < 5 || *better.High > 7 {
		t.Errorf("%+v", better)
	}
	if p := *better.SignP; math.Abs(p-math.Pow(2, -11)) > 1e-9 || *better.UnitsNeeded > 12 || *better.Detectable >= 6 {
		t.Errorf("p %g, needed %d, detectable %g", p, *better.UnitsNeeded, *better.Detectable)
	}
	// Lower is better: the same numbers, the other winner.
	if s := summarise("m", "u", false, 0.5, samples(12, func(i int) (float64, float64) { return 50, 56 })); s.WinsA != 12 || s.Low != nil || !strings.Contains(s.Reason, "by the same") {
		t.Errorf("%+v", s)
	}
	noise := summarise("m", "u", true, 0.5, samples(8, func(i int) (float64, float64) { return 0, float64(i%2)*20 - 9 }))
	if noise.Different || noise.WinsA != 4 || noise.WinsB != 4 || *noise.UnitsNeeded <= 8 || *noise.Detectable <= 1 {
		t.Errorf("%+v", noise)
	}
	few := summarise("m", "u", true, 0.5, samples(5, func(i int) (float64, float64) { return 0, float64(10 + i) }))
	if few.Low != nil || few.Different || !strings.Contains(few.Reason, "need 6") || few.SignNeeds != 0 {
		t.Errorf("%+v", few)
	}
	// Ten seeds of one prompt are one unit.
	one := samples(10, func(i int) (float64, float64) { return 0, float64(10 + i) })
	for i := range one {
		one[i].unit = "dog"
	}
	if s := summarise("m", "u", true, 0.5, one); s.Units != 1 || s.Pairs != 10 || s.Low != nil || s.Detectable != nil {
		t.Errorf("%+v", s)
	}
	if s := summarise("m", "u", true, 0, nil); s.Reason == "" || s.Pairs != 0 {
		t.Errorf("%+v", s)
	}
}

// TestDetectable draws samples at the detectable mean: about four of five t tests
// must find it.
func TestDetectable(t *testing.T) {
	const n, sd, trials = 10, 3.0, 4000
	rng := rand.New(rand.NewPCG(3, 4))
	mean := detectable(sd, n)
	found := 0
	for range trials {
		var sum, sq float64
		for range n {
			v := mean + sd*rng.NormFloat64()
			sum += v
			sq += v * v
		}
		m := sum / n
		if s := math.Sqrt((sq - n*m*m) / (n - 1)); math.Abs(m)/(s/math.Sqrt(n)) > 2.2621571628 { // t, 9 degrees, 97.5 %
			found++
		}
	}
	if p := float64(found) / trials; p < 0.76 || p > 0.86 {
		t.Errorf("found in %.3f of the trials", p)
	}
	if k := unitsNeeded(sd, mean); k != n {
		t.Errorf("%d units are needed for what %d detect", k, n)
	}
}

func TestSignNeeds(t *testing.T) {
	for n, want := range map[int]int{5: 0, 6: 6, 8: 8, 9: 8, 20: 15} {
		if k := signNeeds(n); k != want {
			t.Errorf("%d of %d, want %d", k, n, want)
		}
	}
}

func TestIncomparable(t *testing.T) {
	r := func(change func(*vqeval.Report)) *vqeval.Report {
		x := &vqeval.Report{VideoMeta: vqeval.VideoMeta{Width: 64, Height: 48, FPS: 16, TotalFrames: 81}}
		change(x)
		return x
	}
	good := r(func(*vqeval.Report) {})
	for _, c := range []struct {
		change func(*vqeval.Report)
		say    string
	}{
		{func(*vqeval.Report) {}, ""},
		{func(x *vqeval.Report) { x.VideoMeta.Width = 32 }, "sizes differ: 64x48 and 32x48"},
		{func(x *vqeval.Report) { x.VideoMeta.FPS = 24 }, "frame rates differ"},
		{func(x *vqeval.Report) { x.VideoMeta.TotalFrames = 80 }, "81 and 80 frames"},
		{func(x *vqeval.Report) { x.Findings = []vqeval.Finding{{Text: "freezes"}} }, "B is not healthy (freezes)"},
	} {
		if got := incomparable(good, r(c.change)); got != c.say && (c.say == "" || !strings.Contains(got, c.say)) {
			t.Errorf("%q lacks %q", got, c.say)
		}
	}
}
