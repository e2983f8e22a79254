package vqeval

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

func evaluated(t *testing.T, n int, f func(t, x, y int) float64) *Report {
	t.Helper()
	r, _, err := EvaluateFrames(context.Background(), memory(n, 24, f), Options{ExpectMotion: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func clipOf(t *testing.T, n int, f func(t, x, y int) float64) *clip {
	t.Helper()
	c, err := newClip(context.Background(), memory(n, 24, f))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A part that does not come back is what is left of a loop; where the whole frame
// loops nothing is, also while its light drifts.
func TestLeft(t *testing.T) {
	lap := loopEvidence{period: 38, to: 100}
	part := clipOf(t, 150, func(t, x, y int) float64 {
		if x >= 48 {
			t += 3 * (t / 38) // goes on to somewhere else
			return drifting(float64(t)*1.7, x, y)
		}
		return drifting(float64(t%38), x, y)
	})
	if got, _ := part.left(lap); math.Abs(got-0.25) > 0.09 {
		t.Errorf("a quarter goes on: %.2f", got)
	}
	whole := clipOf(t, 150, func(t, x, y int) float64 {
		return 128 + (drifting(float64(t%38), x, y)-128)*(1-0.15*float64(t)/150)
	})
	if got, _ := whole.left(lap); got > 0.02 {
		t.Errorf("fading laps: %.2f", got)
	}
	// Coding noise in every frame is no content that goes on.
	noise := blockNoise(8, 9, 25)
	coded := clipOf(t, 150, func(t, x, y int) float64 {
		return 128 + (drifting(float64(t%38), x, y)-128)/4 + noise[t][x/6][y/6]
	})
	if got, _ := coded.left(lap); got > 0.1 {
		t.Errorf("coded laps: %.2f", got)
	}
}

// What swings comes back the way it went, what is copied does not.
func TestSwings(t *testing.T) {
	moved := func(at func(t int) (x, y float64)) *clip {
		return clipOf(t, 144, func(t, x, y int) float64 {
			if cx, cy := at(t); math.Hypot(float64(x)-cx, float64(y)-cy) < 8 {
				return 230
			}
			return 90 + 30*math.Sin(float64(x)*0.4)*math.Cos(float64(y)*0.3)
		})
	}
	lap := loopEvidence{period: 24, to: 120}
	swing := moved(func(t int) (x, y float64) { return 32 + 20*math.Sin(2*math.Pi*float64(t)/24), 24 })
	if got := swing.swings(lap); got < 0.9 {
		t.Errorf("a swing: %.2f", got)
	}
	laps := moved(func(t int) (x, y float64) {
		a := 2 * math.Pi * float64(t%24) / 24
		return 32 + 18*math.Cos(a) + 5*math.Cos(3*a+1), 24 + 12*math.Sin(a)
	})
	if got := laps.swings(lap); got > 0.1 {
		t.Errorf("laps: %.2f", got)
	}
}

// A slide that follows another has not frozen, nor jumped, nor is it a seam.
func TestSlides(t *testing.T) {
	r := evaluated(t, 320, func(t, x, y int) float64 { return drifting(float64(t/80)*0.4, x, y) })
	for _, k := range []string{"freeze", "scene_jump", "loop", "seam"} {
		if f := r.Failures[k]; f.Found() {
			t.Errorf("%s: %+v", k, f)
		}
	}
}

func TestDisplacement(t *testing.T) {
	profile := func(shift float64) []float64 {
		v := make([]float64, 98)
		for i := range v {
			x := float64(i) - shift
			v[i] = 20*math.Sin(x*0.31) + 12*math.Sin(x*0.123+1) + 5*math.Sin(x*0.71)
		}
		return v
	}
	for _, want := range []float64{-3.5, -1, 0, 0.6, 2, 4.3} {
		if got := displacement(profile(0), profile(want)); math.Abs(got-want) > 0.25 {
			t.Errorf("moved by %g: %g", want, got)
		}
	}
	other := make([]float64, 98)
	for i := range other {
		other[i] = 20 * math.Cos(float64(i*i)*0.05)
	}
	if got := displacement(profile(0), other); math.Abs(got) > 0.5 {
		t.Errorf("another picture: %g", got)
	}
}

// A picture that is moved at one spacing, in a scene whose own motion is as large
// frame by frame.
func TestSeamOfPosition(t *testing.T) {
	r := evaluated(t, 130, func(t, x, y int) float64 {
		k := t / 32
		dx := 2 * float64(k%2)
		v := 110 + 40*math.Sin((float64(x)+dx)*0.23)*math.Cos(float64(y)*0.19) + 25*math.Sin((float64(x)+dx)*0.09)
		// Sparks here and there: as far apart from frame to frame as the whole picture is at a seam.
		if (x*7+y*13+t*29)%11 < 5 {
			v += 90
		}
		return v
	})
	if f := r.Failures["seam"]; !f.Found() || f.SpacingFrames != 32 {
		t.Errorf("%+v", f)
	}
}

// The pattern of a conversion is seen where few of its held frames are.
func TestGoesOn(t *testing.T) {
	held := func(i int) bool { return holds(i, 5, 2, 0) }
	modulated, even := make([]float64, 60), make([]float64, 60)
	for i := range modulated {
		modulated[i], even[i] = 2, 2
		if held(i) {
			modulated[i] = 1
		}
	}
	if !goesOn(modulated, 2, 1, held) || goesOn(even, 2, 1, held) || !goesOn(even[:6], 2, 1, held) {
		t.Error("a pattern is taken for none, or none for one")
	}
	n := 0
	for i := -20; i < 20; i++ {
		if held(i) {
			n++
		}
	}
	if n != 24 { // three of five
		t.Errorf("%d of 40 frames held", n)
	}
}

// Coding excuses that copies differ; where it leaves hardly a trace nothing does.
func TestInexact(t *testing.T) {
	noise := blockNoise(10, 11, 12)
	lap := loopEvidence{period: 38, to: 100}
	ratio := func(coding float64) float64 {
		// What moves before a background that stands still is a little late in every lap.
		c := clipOf(t, 150, func(t, x, y int) float64 {
			v := 90 + 30*math.Sin(float64(x)*0.4)*math.Cos(float64(y)*0.3)
			if x >= 64 {
				v = drifting(float64(t%38)+0.4*float64(t/38), x, y)
			}
			return v + coding*noise[t][x/12%12][y/12%8]
		})
		return c.inexact(1, lap.pairs)
	}
	if got := ratio(0); got != 1 {
		t.Errorf("nothing but the motion: %.2f", got)
	}
	if got := ratio(1); got != 0 {
		t.Errorf("coded: %.2f", got)
	}
	if a, b := shallow(0.95), shallow(0.8); a != 0 || b <= 1 {
		t.Errorf("depths: %.2f, %.2f", a, b)
	}
}

// Copies are about as near in every frame; what passes by is near now and then.
func TestUneven(t *testing.T) {
	run := loopEvidence{period: 60, to: 60, depth: 0.7}
	ratio := func(late func(t int) float64) float64 {
		c := clipOf(t, 130, func(t, x, y int) float64 {
			if t < 60 {
				return drifting(float64(t), x, y)
			}
			return drifting(float64(t-60)+late(t), x, y)
		})
		return run.uneven(c.d)
	}
	if got := ratio(func(int) float64 { return 0.5 }); got > 0.3 {
		t.Errorf("always as late: %.2f", got)
	}
	if got := ratio(func(t int) float64 { return math.Sin(float64(t) / 9) }); got < 1 {
		t.Errorf("now late, now early: %.2f", got)
	}
	run.depth = 0.9
	if got := ratio(func(t int) float64 { return math.Sin(float64(t) / 9) }); got != 0 {
		t.Errorf("a deep likeness: %.2f", got)
	}
}

// A camera that wanders over a still shows its start, displaced; a mixture of two scenes does not.
func TestCarried(t *testing.T) {
	still := func(x, y float64) float64 {
		return 128 + 60*math.Sin(x*0.23)*math.Cos(y*0.19) + 30*math.Sin(x*0.05+y*0.07)
	}
	wanders := clipOf(t, 40, func(t, x, y int) float64 {
		return still(float64(x)+4*math.Sin(float64(t)*0.15), float64(y)+2*math.Cos(float64(t)*0.11))
	})
	if got := wanders.carried(10, 14, 21); got < returnCarried {
		t.Errorf("wanders: %.2f", got)
	}
	mixes := clipOf(t, 40, func(t, x, y int) float64 {
		return still(float64(x), float64(y)) + min(1, float64(t)/10)*50*math.Sin(float64(x)*0.33+1)*math.Sin(float64(y)*0.41)
	})
	if got := mixes.carried(10, 14, 0); got > returnCarried/2 {
		t.Errorf("mixes: %.2f", got)
	}
	// Near the start nothing is known of how far it usually goes in that time.
	if w := mixes.usualWay(6, 8); !math.IsInf(w, 1) {
		t.Errorf("usual way %.2f of no frames", w)
	}
	if w := mixes.usualWay(20, 8); !(w > 0) || math.IsInf(w, 1) {
		t.Errorf("usual way %.2f", w)
	}
}

// blockNoise is what coding makes of 150 frames: a level for each of 12 x 8 blocks, evenly
// spread over a range.
func blockNoise(seed1, seed2 uint64, levels float64) (noise [150][12][8]float64) {
	r := rand.New(rand.NewPCG(seed1, seed2))
	for t := range noise {
		for x := range noise[t] {
			for y := range noise[t][x] {
				noise[t][x][y] = levels * (r.Float64() - 0.5)
			}
		}
	}
	return noise
}

// Lap after lap on time to a hundredth of a frame is a copy, whatever its laps differ by.
func TestLapsOnTimeAreExact(t *testing.T) {
	for _, c := range []struct {
		l           loopEvidence
		least, most float64
	}{
		{loopEvidence{period: 8, to: 136, early: 0.02, locked: 1}, 1, 1},
		{loopEvidence{period: 8, to: 136, early: 0.07, locked: 1}, 0, 0},   // early, as what swings is
		{loopEvidence{period: 8, to: 136, early: 0.02, locked: 0.9}, 0, 0}, // not always the nearest
		{loopEvidence{period: 60, to: 90, early: 0.02, locked: 1}, 0, 0},   // not often enough
		{loopEvidence{period: 30, to: 90, early: 0.045, locked: 1}, 0.1, 0.9},
	} {
		if e := c.l.exact(); e < c.least || e > c.most {
			t.Errorf("%+v: %.2f", c.l, e)
		}
	}
}
