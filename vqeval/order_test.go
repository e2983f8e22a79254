package vqeval

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// drifting is content that does not come back: three waves of unrelated periods.
func drifting(u float64, x, y int) float64 {
	return 128 + 45*math.Sin(float64(x)*0.31+u*0.21)*math.Cos(float64(y)*0.27-u*0.13) +
		40*math.Sin(float64(x+y)*0.11+u*0.083) + 25*math.Sin(float64(2*x-y)*0.19-u*u*0.0007)
}

func reordered(t *testing.T, n int, time func(t int) float64) *Report {
	t.Helper()
	r, _, err := EvaluateFrames(context.Background(), memory(n, 24, func(t, x, y int) float64 { return drifting(time(t), x, y) }), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// orderKinds are the failures that concern the order of the frames.
var orderKinds = []string{"loop", "pingpong", "return_to_start", "stutter", "seam", "scene_jump"}

// only fails where another failure of order is found than the wanted one.
func only(t *testing.T, r *Report, want string) Failure {
	t.Helper()
	for _, k := range orderKinds {
		if f := r.Failures[k]; f.Found() != (k == want) {
			t.Errorf("%s: %+v, want %q alone", k, f, want)
		}
	}
	return r.Failures[want]
}

func TestOrderIsHealthy(t *testing.T) {
	r := reordered(t, 120, func(t int) float64 { return float64(t) })
	only(t, r, "")
	if r.Facts.Cadence != nil || len(r.Facts.Cuts) > 0 {
		t.Errorf("facts: %+v", r.Facts)
	}
}

func TestPingpong(t *testing.T) {
	for _, half := range []int{16, 37} {
		f := only(t, reordered(t, 150, func(t int) float64 {
			return float64(half - abs(t%(2*half)-half))
		}), "pingpong")
		if f.PeriodFrames != 2*half || f.OnsetFrame != half+1 {
			t.Errorf("half %d: %+v", half, f)
		}
		for i, c := range f.Centres {
			if c != (i+1)*half {
				t.Errorf("half %d: centres %v", half, f.Centres)
			}
		}
	}
	// One reversal; the turning frame may be shown twice.
	for _, twice := range []int{0, 1} {
		f := only(t, reordered(t, 120, func(t int) float64 {
			if t > 60 {
				t = 120 - t + twice
			}
			return float64(t)
		}), "pingpong")
		if !slices.Equal(f.Centres, []int{60}) || f.OnsetFrame != 61 || f.EndFrame < 115 {
			t.Errorf("one reversal, %d: %+v", twice, f)
		}
	}
}

// Coding that blurs what moves, and nothing else, makes the pairs of a mirror farther from each
// other than neighbours are, which it predicts from each other.
func TestPingpongThatIsCodedWhereItMoves(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var noise [150][64 * 48]float64
	for t := range noise {
		for b := range 16 * 12 {
			v := 5 * r.NormFloat64()
			if t%6 > 0 { // most of it is carried on from the frame before
				v = 0.3*v + noise[t-1][b%16*4+b/16*4*64]
				v = max(-9, min(9, v))
			}
			for i := range 16 {
				noise[t][b%16*4+i%4+(b/16*4+i/4)*64] = v
			}
		}
	}
	swings := func(coded float64) *Report {
		rep, _, err := EvaluateFrames(context.Background(), memory(150, 24, func(t, x, y int) float64 {
			if x < 28 {
				return 90 + 30*math.Sin(float64(x)*0.4)*math.Cos(float64(y)*0.3)
			}
			return drifting(float64(24-abs(t%48-24))/3, x, y) + coded*noise[t][x+y*64]
		}), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return rep
	}
	for _, coded := range []float64{0, 1} {
		if f := only(t, swings(coded), "pingpong"); f.PeriodFrames != 48 || f.OnsetFrame != 25 {
			t.Errorf("coded %g: %+v", coded, f)
		}
	}
}

// What coding makes of quiet parts does not come back with a loop, and is no life beside it.
func TestLoopWhoseQuietPartIsCoded(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var noise [144][64 * 48]float64
	for t := range noise {
		for i := range noise[t] {
			noise[t][i] = r.NormFloat64()
		}
	}
	for _, quiet := range []float64{4, 12} { // less than in the part that moves, and more
		c, err := newClip(context.Background(), memory(144, 24, func(t, x, y int) float64 {
			if x < 28 {
				return 90 + 30*math.Sin(float64(x)*0.4)*math.Cos(float64(y)*0.3) + quiet*noise[t][x+y*64]
			}
			return drifting(float64(t%24), x, y) + 6*noise[t][x+y*64]
		}))
		if err != nil {
			t.Fatal(err)
		}
		if l := findRegionLoop(c.raw, c.second, c.d.lags); l.severity >= 0.5 != (quiet > 6) {
			t.Errorf("quiet %g: severity %.2f, rest %.2f", quiet, l.severity, l.rest)
		}
	}
}

// A swing that takes its own time each way is no mirrored copy.
func TestSwingIsNoPingpong(t *testing.T) {
	r := reordered(t, 150, func(t int) float64 {
		half, left := []float64{27, 31, 25, 29, 33, 26, 30}, float64(t)
		for i, h := range half {
			if left <= h {
				u := (1 - math.Cos(math.Pi*left/h)) / 2
				if i%2 == 1 {
					u = 1 - u
				}
				return 30 * u * (1 + 0.06*float64(i%3))
			}
			left -= h
		}
		return 0
	})
	if f := r.Failures["pingpong"]; f.Found() {
		t.Errorf("%+v", f)
	}
}

func TestReturnToStart(t *testing.T) {
	stands := reordered(t, 120, func(t int) float64 {
		if t >= 80 {
			return 0
		}
		return float64(t)
	})
	if f := only(t, stands, "return_to_start"); f.OnsetFrame != 80 || f.EndFrame != 119 {
		t.Errorf("stands: %+v", f)
	}
	on := reordered(t, 120, func(t int) float64 {
		if t >= 80 {
			return -float64(t - 80)
		}
		return float64(t)
	})
	if f := only(t, on, "return_to_start"); f.OnsetFrame != 80 {
		t.Errorf("goes on: %+v", f)
	}
	// In order it is a loop, whose first return is no failure of its own.
	only(t, reordered(t, 120, func(t int) float64 { return float64(t % 80) }), "loop")
}

func TestStutterAndCadence(t *testing.T) {
	for _, k := range []int{2, 3} { // frames 20..99 are shown k times
		f := only(t, reordered(t, 120, func(t int) float64 {
			if t >= 20 && t < 100 {
				t = 20 + (t-20)/k*k
			}
			return float64(t)
		}), "stutter")
		if f.Cadence != fmt.Sprintf("%d:1", k) || abs(f.OnsetFrame-21) > 1 || math.Abs(f.Share-80./120*float64(k-1)/float64(k)) > 0.05 {
			t.Errorf("%d:1: %+v", k, f)
		}
	}
	held := []int{7, 19, 20, 43, 58, 61, 90, 97}
	f := only(t, reordered(t, 120, func(t int) float64 {
		for slices.Contains(held, t) {
			t--
		}
		return float64(t)
	}), "stutter")
	if f.Cadence != "irregular" || f.OnsetFrame != 7 || f.EndFrame != 97 || math.Abs(f.Share-8.0/120) > 0.001 {
		t.Errorf("irregular: %+v", f)
	}
	for _, c := range []struct {
		of, shown int
		name      string
	}{{1, 2, "2:2"}, {2, 5, "3:2"}, {4, 5, "5:4"}, {5, 6, "6:5"}} {
		r := reordered(t, 120, func(t int) float64 { return float64(t * c.of / c.shown) })
		only(t, r, "")
		if r.Facts.Cadence == nil || *r.Facts.Cadence != c.name {
			t.Errorf("%s: cadence %v", c.name, r.Facts.Cadence)
		}
	}
}

func TestSceneJump(t *testing.T) {
	r := reordered(t, 120, func(t int) float64 {
		if t >= 70 {
			t += 12
		}
		return float64(t)
	})
	if f := only(t, r, "scene_jump"); f.OnsetFrame != 70 || f.EndFrame != 70 {
		t.Errorf("%+v", f)
	}
	if len(r.Facts.Cuts) > 0 {
		t.Errorf("a jump in the scene is listed as a cut: %v", r.Facts.Cuts)
	}
	// A cut to another scene, and a flash, are none.
	other, _, err := EvaluateFrames(context.Background(), memory(120, 24, func(t, x, y int) float64 {
		if t >= 70 {
			return 10 + 0.4*drifting(float64(t)/3, 3*y, 2*x)
		}
		if t == 30 {
			return 255 - drifting(10, y, x)
		}
		return drifting(float64(t)/3, x, y)
	}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	only(t, other, "")
	if !slices.Equal(other.Facts.Cuts, []int{70}) {
		t.Errorf("cuts %v", other.Facts.Cuts)
	}
}

func TestSeams(t *testing.T) {
	content := reordered(t, 150, func(t int) float64 { return float64(t + t/33*9) })
	if f := only(t, content, "seam"); f.SpacingFrames != 33 || f.OnsetFrame != 33 {
		t.Errorf("content: %+v", f)
	}
	exposure, _, err := EvaluateFrames(context.Background(), memory(150, 24, func(t, x, y int) float64 {
		return drifting(float64(t), x, y) + []float64{0, 5, -4, 6, -2, 3, 0}[t/24]
	}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f := only(t, exposure, "seam"); f.SpacingFrames != 24 || f.OnsetFrame != 24 {
		t.Errorf("exposure: %+v", f)
	}
}

// TestLabelledOrder runs every kind once through an encoder.
func TestLabelledOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("renders and encodes eight clips")
	}
	want := []string{"P1.24", "P2.0.5", "K2.on.0.6", "K2.fade.0.6", "S1.2", "S1.r0.1", "S2.8", "seam.25.4"}
	var rs []*recipe
	for i, what := range want {
		for _, rc := range orderFailures(liveScenes[1+i%2], 77, 112, 24) {
			if rc.name == fmt.Sprintf("%s.77.%s", liveScenes[1+i%2].name, what) {
				rs = append(rs, rc)
			}
		}
	}
	if len(rs) != len(want) {
		t.Fatalf("%d recipes of %d", len(rs), len(want))
	}
	for _, s := range scoreAll(t, rs) {
		only(t, s.report, s.kind)
	}
}
