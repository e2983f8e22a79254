package vqeval

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestAnalysisSize(t *testing.T) {
	for _, c := range []struct{ w, h, aw, ah int }{
		{832, 480, 104, 60}, {64, 64, 64, 64}, {128, 128, 80, 79}, {480, 832, 64, 104}, {65, 33, 64, 33}, {2, 2, 16, 12}, {7680, 4320, 104, 59}, {8000, 16, 1024, 12},
	} {
		if w, h := AnalysisSize(c.w, c.h); w != c.aw || h != c.ah {
			t.Errorf("%dx%d: %dx%d, want %dx%d", c.w, c.h, w, h, c.aw, c.ah)
		}
	}
}

// source makes frames of 64x48 from a function.
func memory(n int, fps float64, f func(t, x, y int) float64) *Source {
	s := &Source{Width: 64, Height: 48, Meta: VideoMeta{FPS: fps, Width: 64, Height: 48}}
	for t := range n {
		l := make([]byte, 64*48)
		for i := range l {
			l[i] = byte(math.Max(0, math.Min(255, math.Round(f(t, i%64, i/64)))))
		}
		s.Luma = append(s.Luma, l)
	}
	return s
}

func moving(t, x, y int) float64 {
	u := float64(t)
	return 128 + 50*math.Sin(float64(x)*0.31+u*0.21)*math.Cos(float64(y)*0.27-u*0.13) + 40*math.Sin(float64(x+y)*0.11+u*0.045)
}

func TestSelfSimilarityIsMeanDifference(t *testing.T) {
	s := memory(20, 16, moving)
	p := newPlanes(s, false)
	d := newSelfsim(p)
	for i := range 20 {
		for j := range 20 {
			var sum float64
			a, b := p.plane(i), p.plane(j)
			for k := range a {
				for l := range 4 {
					sum += math.Abs(float64(a[k]>>(16*l)&0xffff) - float64(b[k]>>(16*l)&0xffff))
				}
			}
			if want := sum / float64(p.inside()) / unit; math.Abs(d.at(i, j)-want) > 0.5/unit+1e-9 {
				t.Fatalf("D(%d,%d) = %g, want %g", i, j, d.at(i, j), want)
			}
		}
	}
}

func TestBrightnessIsNoMotion(t *testing.T) {
	s := memory(48, 16, func(t, x, y int) float64 { return moving(0, x, y)*0.5 + 40 + float64(t) })
	d := newSelfsim(newPlanes(s, false))
	if v := d.at(0, 47); v > 0.5 {
		t.Errorf("a change of exposure counts %g grey levels", v)
	}
}

func TestReportKeysAndZeroes(t *testing.T) {
	r, c, err := EvaluateFrames(context.Background(), memory(60, 16, moving), Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	want := strings.Fields("schema scorer video_path video_meta composite_score composite_verdict composite_over dimensions failures facts findings windows start_end not_assessed warnings elapsed_seconds")
	for _, k := range want {
		if _, ok := m[k]; !ok {
			t.Errorf("no key %s", k)
		}
	}
	if len(m) != len(want) {
		t.Errorf("%d keys, want %d: %s", len(m), len(want), b)
	}
	if _, why := r.NotAssessed["composite_score"]; why != (m["composite_score"] == nil) {
		t.Errorf("composite %v, reason given %v: it must be exactly one", m["composite_score"], why)
	}
	for _, k := range Kinds {
		_, found := r.Failures[k]
		_, absent := r.NotAssessed[k]
		if found == absent {
			t.Errorf("%s: looked for %v, not assessed %v: it must be exactly one", k, found, absent)
		}
	}
	if f := r.Failures["freeze"]; f.Found() || f.OnsetFrame != 0 || f.EndFrame != 0 || f.Share != 0 {
		t.Errorf("healthy: %+v", f)
	}
	if _, err := json.Marshal(c); err != nil {
		t.Error(err)
	}
}

func TestCurvesRoundTrip(t *testing.T) {
	_, c, err := EvaluateFrames(context.Background(), memory(300, 16, moving), Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back Curves
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if len(back.MotionEnergy) != 300 || !math.IsNaN(back.MotionEnergy[299]) || math.IsNaN(back.MotionEnergy[0]) || !math.IsNaN(back.Saturation[0]) {
		t.Errorf("motion energy: %d values, %v ... %v", len(back.MotionEnergy), back.MotionEnergy[0], back.MotionEnergy[299])
	}
	m := back.SelfSimilarity
	if m.Size != 256 || len(m.Data) != 256*256 || m.Data[0] != 0 && m.Data[0] > 20 {
		t.Errorf("self-similarity: size %d, %d bytes", m.Size, len(m.Data))
	}
	for i := range m.Size {
		for j := range i {
			if m.Data[i*m.Size+j] != m.Data[j*m.Size+i] {
				t.Fatal("self-similarity is not symmetric")
			}
		}
	}
	if len(back.MotionPlateau.Windows) != 3 || back.MotionPlateau.Window != 81 {
		t.Errorf("%+v", back.MotionPlateau)
	}
}

func TestMotionPlateau(t *testing.T) {
	live := memory(330, 16, moving)
	still := memory(330, 16, func(_, x, y int) float64 { return moving(0, x, y) })
	half := memory(330, 16, func(t, x, y int) float64 { return 128 + (moving(t, x, y)-128)/2 })
	measure := func(s *Source) MotionPlateau {
		m, err := MotionPlateaus(s, 0)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	l, s, h := measure(live), measure(still), measure(half)
	if s.Whole != 0 || s.Mean != 0 || len(s.Windows) != 4 {
		t.Errorf("a still has the plateau %+v", s)
	}
	if r := float64(h.Mean / l.Mean); math.Abs(r-0.5) > 0.02 {
		t.Errorf("half the contrast keeps %.3f of the plateau", r)
	}
	// Equal lags: the window of a long clip is the whole of a short one.
	short := &Source{Width: live.Width, Height: live.Height, Meta: live.Meta, Luma: live.Luma[:81]}
	if a, b := float64(measure(short).Whole), l.Windows[0]; math.Abs(a-b) > 1e-9 {
		t.Errorf("81 frames alone %g, as a window %g", a, b)
	}
	// A cut is no motion.
	cut := memory(160, 16, func(t, x, y int) float64 {
		if t < 80 {
			return moving(0, x, y)
		}
		return 255 - moving(40, y, x)
	})
	if m := measure(cut); m.Whole != 0 {
		t.Errorf("two stills with a cut between them: %+v", m)
	}
}

func TestFewFrames(t *testing.T) {
	for n := 1; n < 30; n++ {
		r, _, err := EvaluateFrames(context.Background(), memory(n, 16, moving), Options{ExpectMotion: true})
		if err != nil {
			t.Fatalf("%d frames: %v", n, err)
		}
		_, looked := r.Failures["freeze"]
		if looked != (n >= leastFrames) {
			t.Errorf("%d frames: freeze looked for: %v, not assessed: %q", n, looked, r.NotAssessed["freeze"])
		}
		if len(r.Findings) > 0 {
			t.Errorf("%d frames: %+v", n, r.Findings)
		}
	}
	if _, _, err := EvaluateFrames(context.Background(), &Source{Width: 64, Height: 48}, Options{}); err == nil {
		t.Error("no frames: no error")
	}
}

func TestFlatFrames(t *testing.T) {
	// Black, and a fade to black: nothing to see is not a freeze.
	r, _, err := EvaluateFrames(context.Background(), memory(96, 16, func(t, x, y int) float64 {
		return 16 + (moving(t, x, y)-16)*math.Max(0, math.Min(1, float64(60-t)/20))
	}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) > 0 {
		t.Errorf("fade to black: %+v", r.Findings)
	}
}

func TestVariableRateHoldIsAFreeze(t *testing.T) {
	// 40 frames at 16 Hz, then one that is shown for three seconds, then 20 more.
	s := memory(61, 16, moving)
	var at float64
	for i := range s.Luma {
		s.Times = append(s.Times, at)
		if at += 1.0 / 16; i == 40 {
			at += 3
		}
	}
	r, _, err := EvaluateFrames(context.Background(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := r.Failures["freeze"]
	if !f.Found() || f.OnsetFrame != 40 || f.EndFrame != 40 || math.Abs(f.Share-49.0/109) > 0.02 {
		t.Errorf("%+v, findings %+v", f, r.Findings)
	}
}

func TestResultsDoNotDependOnWorkers(t *testing.T) {
	s := memory(120, 16, moving)
	var out [2]string
	for i, procs := range []int{1, 4} {
		before := runtime.GOMAXPROCS(procs)
		r, c, err := EvaluateFrames(context.Background(), s, Options{})
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		r.ElapsedSeconds = 0
		b, err := json.Marshal([]any{r, c})
		if err != nil {
			t.Fatal(err)
		}
		out[i] = string(b)
	}
	if out[0] != out[1] {
		t.Error("report or curves differ")
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := EvaluateFrames(ctx, memory(20, 16, moving), Options{}); err == nil {
		t.Error("no error")
	}
}

func TestBadFiles(t *testing.T) {
	p := filepath.Join(t.TempDir(), "text.mp4")
	if err := os.WriteFile(p, []byte("not a video"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Evaluate(context.Background(), p, Options{}); err == nil {
		t.Error("text: no error")
	}
	if _, _, err := Evaluate(context.Background(), filepath.Join(t.TempDir(), "none.mp4"), Options{}); err == nil {
		t.Error("missing: no error")
	}
}

// A clip may loop and then freeze: both are told.
func TestLoopThenFreeze(t *testing.T) {
	s := memory(240, 16, func(t, x, y int) float64 {
		switch {
		case t >= 150:
			t = 30
		case t >= 30:
			t = 30 + (t-30)%40
		}
		return moving(t, x, y)
	})
	r, _, err := EvaluateFrames(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	loop, freeze := r.Failures["loop"], r.Failures["freeze"]
	if !loop.Found() || loop.PeriodFrames != 40 {
		t.Errorf("loop %+v", loop)
	}
	if !freeze.Found() || freeze.OnsetFrame < 140 || freeze.OnsetFrame > 155 {
		t.Errorf("freeze %+v", freeze)
	}
}

// TestPlateauUnknown: where there is nothing to compare there is no number.
func TestPlateauUnknown(t *testing.T) {
	s := memory(1, 16, moving)
	r, c, err := EvaluateFrames(context.Background(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Facts.MotionPlateau.Known() || r.NotAssessed["motion_plateau"] == "" || c.MotionPlateau.Mean.Known() {
		t.Errorf("one frame has the plateau %v, mean %v", r.Facts.MotionPlateau, c.MotionPlateau.Mean)
	}
	if _, ok := r.Dimensions["motion"]; ok {
		t.Error("one frame has a score of motion")
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b, &back); err != nil || back.Facts.MotionPlateau.Known() || !strings.Contains(string(b), `"motion_plateau":null`) {
		t.Errorf("%v: %s", err, b)
	}
}
