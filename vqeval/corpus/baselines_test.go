package corpus

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"longtake/video"
)

// texture is smooth noise that can be sampled anywhere.
func texture(seed uint64) func(x, y float64) float64 {
	r := rand.New(rand.NewPCG(seed, 9))
	type wave struct{ fx, fy, p float64 }
	var waves []wave
	for range 12 {
		a, f := 2*math.Pi*r.Float64(), 0.08+0.3*r.Float64()
		waves = append(waves, wave{f * math.Cos(a), f * math.Sin(a), 2 * math.Pi * r.Float64()})
	}
	return func(x, y float64) float64 {
		var s float64
		for _, w := range waves {
			s += math.Sin(w.fx*x + w.fy*y + w.p)
		}
		return 128 + 25*s
	}
}

func sampled(f func(x, y float64) float64, w, h int, dx, dy float64) []byte {
	out := make([]byte, w*h)
	for y := range h {
		for x := range w {
			out[y*w+x] = byte(min(max(f(float64(x)-dx, float64(y)-dy), 0), 255) + 0.5)
		}
	}
	return out
}

// The flow of a shifted picture is the shift.
func TestFlowOfAShift(t *testing.T) {
	const w, h = 96, 72
	f := texture(1)
	a := newPyramid(sampled(f, w, h, 0, 0), w, h)
	for _, c := range []struct{ dx, dy float64 }{{0, 0}, {0.5, 0.25}, {2, -1}, {5, 4}, {-9, 3}} {
		mag := a.flow(newPyramid(sampled(f, w, h, c.dx, c.dy), w, h))
		near(t, "median magnitude", quantile(0.5, mag), math.Hypot(c.dx, c.dy), 0.1+0.03*math.Hypot(c.dx, c.dy))
	}
}

func TestDynamicDegree(t *testing.T) {
	const w, h = 96, 72 // threshold 6*72/256 = 1.69 samples a pair
	f := texture(2)
	clip := func(speed float64) (out [][]byte) {
		for i := range 25 {
			out = append(out, sampled(f, w, h, speed*float64(i), 0))
		}
		return out
	}
	for _, c := range []struct{ perFrame, want float64 }{{0, 0}, {0.3, 0}, {1.2, 1}} {
		// At 24 Hz a pair is three frames apart.
		got, ok := dynamicDegree(clip(c.perFrame), w, h, 24)
		if !ok {
			t.Fatal("no value")
		}
		near(t, "share of moving pairs", got, c.want, 0)
	}
	half := clip(1.2)
	for i := 13; i < len(half); i++ {
		half[i] = half[12]
	}
	got, _ := dynamicDegree(half, w, h, 24)
	near(t, "share where half stands still", got, 0.5, 0)
	if _, ok := dynamicDegree(half[:1], w, h, 24); ok {
		t.Error("one frame has a degree")
	}
}

func TestRepeatDistance(t *testing.T) {
	flat := func(v byte) []byte { return slices.Repeat([]byte{v}, 4) }
	var frames [][]byte
	for i := range 20 { // 10 frames twice, the second time 2 levels brighter
		frames = append(frames, flat(byte(100+i%10*5+i/10*2)))
	}
	d, ok := repeatDistance(frames, 8, 12)
	if !ok {
		t.Fatal("no value")
	}
	near(t, "distance of the repeat", d, 2, 1e-12)
	// Frame 1 is the nearest of 1..3: 5 levels away, at the seam 43.
	d, _ = repeatDistance(frames, 1, 3)
	near(t, "distance of the next frame", d, (18*5+43.)/19, 1e-12)
	if _, ok := repeatDistance(frames, 5, 4); ok {
		t.Error("an empty range has a distance")
	}
}

func TestFrozenShare(t *testing.T) {
	spans := []video.StillSpan{{Start: 1, End: 2}, {Start: 4, End: 7}, {Start: 8, Open: true}}
	near(t, "from half a second", frozenShare(spans, 10, 0.1, 0.5), 0.6, 1e-12)
	// The last stretch is 2 s long with its last frame, but ffmpeg sees 1.9 s.
	near(t, "from two seconds", frozenShare(spans, 10, 0.1, 2), 0.3, 1e-12)
}
