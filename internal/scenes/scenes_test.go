package scenes

import (
	"bytes"
	"math"
	"testing"
)

func video(t *testing.T, kind string, seed uint64, frames, size int) [][]byte {
	t.Helper()
	var v [][]byte
	if err := Render(kind, seed, frames, size, func(rgb []byte) error {
		v = append(v, bytes.Clone(rgb))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return v
}

// A frame is a function of kind, seed and frame number alone.
func TestFramesAreReproducible(t *testing.T) {
	for _, kind := range Kinds() {
		v := video(t, kind, 7, 20, 32)
		s, err := New(kind, 7)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 3*32*32)
		s.Frame(19, 32, got)
		if !bytes.Equal(got, v[19]) {
			t.Errorf("%s: frame 19 drawn alone differs from frame 19 of the video", kind)
		}
		if bytes.Equal(v[0], video(t, kind, 8, 1, 32)[0]) {
			t.Errorf("%s: seeds 7 and 8 give one picture", kind)
		}
		if bytes.Equal(v[0], v[19]) {
			t.Errorf("%s: nothing moves in 19 frames", kind)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	none := func([]byte) error { return nil }
	for _, c := range []struct {
		kind         string
		frames, size int
	}{{"desert", 1, 64}, {"fish", 0, 64}, {"fish", 1, 8}, {"fish", 1, 1 << 20}} {
		if Render(c.kind, 0, c.frames, c.size, none) == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

// The estimators are judged on videos whose factors are known.
func TestMeasureFindsKnownFactors(t *testing.T) {
	for _, kind := range []string{"runner", "waves", "snow"} {
		right, n := 0, 10
		for seed := range uint64(n) {
			s, _ := New(kind, 1000+seed)
			if Measure(video(t, kind, 1000+seed, 64, 64), 64).Major() == s.Factors().Direction {
				right++
			}
		}
		t.Logf("%s: direction right on %d of %d", kind, right, n)
		if right < n-1 {
			t.Errorf("%s: direction right on only %d of %d videos", kind, right, n)
		}
	}
	for _, kind := range Kinds() {
		own, other := 0.0, 0.0
		for seed := range uint64(8) {
			a, b := Measure(video(t, kind, seed, 81, 32), 32), Measure(video(t, kind, seed+100, 81, 32), 32)
			own, other = own+a.PaletteDrift()/8, other+PaletteDistance(a, b)/8
		}
		t.Logf("%s: palette moves %.1f levels within a video, %.1f between videos", kind, own, other)
		if own*2 > other && kind != "room" { // the light of the room changes by design
			t.Errorf("%s: palette does not persist", kind)
		}
	}
}

func TestNoiseIsSmoothAndWide(t *testing.T) {
	r := newRNG(1, 2)
	n := r.noise()
	lo, hi := 1.0, -1.0
	for i := range 10000 {
		x := float64(i)/50 - 100
		v := n.at(x)
		lo, hi = math.Min(lo, v), math.Max(hi, v)
		if d := math.Abs(n.at(x+1e-4) - v); d > 5e-4 {
			t.Fatalf("noise jumps by %g at %g", d, x)
		}
	}
	if lo > -0.8 || hi < 0.8 {
		t.Errorf("noise spans [%g, %g]", lo, hi)
	}
}
