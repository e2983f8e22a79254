package vqeval

import (
	"context"
	"math"
	"testing"
)

// Seven frames held at 16 frames a second, the last of them half blended with what follows, are a freeze; as
// many that the next frame makes up for are a stutter, and a swing that turns is neither.
func TestShortFreeze(t *testing.T) {
	held := func(t, from, frames int) int { return t - max(0, min(frames, t-from)) }
	for name, c := range map[string]struct {
		shown  func(t, x, y int) float64
		frozen bool
	}{
		"held": {func(t, x, y int) float64 {
			v := drifting(2*float64(held(t, 52, 7)), x, y)
			if t == 59 {
				v = (3*v + drifting(2*53, x, y)) / 4
			}
			return v
		}, true},
		"made up for": {func(t, x, y int) float64 {
			if t > 52 && t < 60 {
				t = 52
			}
			return drifting(2*float64(t), x, y)
		}, false},
		"turns":   {func(t, x, y int) float64 { return drifting(20*math.Sin(float64(t)/6), x, y) }, false},
		"goes on": {func(t, x, y int) float64 { return drifting(2*float64(t), x, y) }, false},
	} {
		k, err := newClip(context.Background(), memory(129, 16, c.shown))
		if err != nil {
			t.Fatal(err)
		}
		spans := heldSpans(k.d, k.shots[0], k.second)
		if !c.frozen {
			for _, q := range spans {
				if f, ok := measureHeld(k.p, k.d, k.a, k.shots[0], q, k.second); ok && f.severity >= 0.4 {
					t.Errorf("%s: %+v", name, f)
				}
			}
			continue
		}
		got := findFreezes(k.p, k.d, k.a, k.shots, k.second)
		if len(spans) != 1 || len(got) != 1 || got[0].severity < 0.54 || abs(got[0].from-52) > 1 || abs(got[0].to-60) > 1 {
			t.Errorf("%s: held %v, found %+v", name, spans, got)
		}
	}
}
