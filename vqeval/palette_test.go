package vqeval

import "testing"

// A jump within a scene takes its tones along; a cut to a scene of other tones, as large a
// step beside the same motion, does not.
func TestOtherColours(t *testing.T) {
	shown := func(tones func(v float64) float64) (other, severity float64) {
		c := clipOf(t, 120, func(t, x, y int) float64 {
			u := float64(t)
			if t >= 60 {
				return tones(drifting(u+20, x, y))
			}
			return drifting(u, x, y)
		})
		a := c.adjacentAcross()
		e, _ := c.jump(a, 60)
		return c.otherColours(c.stepAt(a, 60)), e.severity
	}
	if other, severity := shown(func(v float64) float64 { return v }); other > paletteMoves || severity < 0.5 {
		t.Errorf("a jump: %.2f, severity %.2f", other, severity)
	}
	if other, severity := shown(func(v float64) float64 { return 0.8*v - 20 }); other < 1 || severity >= 0.5 {
		t.Errorf("a cut: %.2f, severity %.2f", other, severity)
	}
}

// Parts that change places are the same palette, and so are other parts of its colours.
func TestPaletteIsSorted(t *testing.T) {
	c := clipOf(t, 12, func(t, x, y int) float64 {
		if t >= 6 {
			x, y = 63-x, 47-y
		}
		return drifting(0, x, y)
	})
	if parts, mean := c.palette(5).from(c.palette(6)); parts > 1 || mean > 0.5 {
		t.Errorf("turned about: parts %.2f, mean %.2f", parts, mean)
	}
	// Tones as colour: the same luma, another hue.
	for i := range c.src.Luma {
		c.src.Tones = append(c.src.Tones, Tones{})
		for k := range tiles {
			c.src.Tones[i].Cr[k] = int16(64 * 20 * (i / 6))
		}
	}
	if parts, mean := c.palette(5).from(c.palette(6)); parts < 29 || parts > 31 || mean < 27 {
		t.Errorf("another hue: parts %.2f, mean %.2f", parts, mean)
	}
}

// Two cuts between lively shots at equal distances are no train of seams; steps of exposure
// at the same places are one.
func TestCutsAreNoSeams(t *testing.T) {
	for name, c := range map[string]struct {
		shown func(t, x, y int) float64
		seams bool
	}{
		"cuts": {func(t, x, y int) float64 {
			v := drifting(float64(t)*2+float64(t/40)*300, x, y)
			if t/40 == 1 {
				return 60 + 0.25*v
			}
			return v
		}, false},
		"exposure": {func(t, x, y int) float64 {
			return drifting(float64(t)*2, x, y) * (0.7 + 0.12*float64((t/40)%2))
		}, true},
	} {
		if e := findSeams(clipOf(t, 120, c.shown)); (e.severity >= 0.5) != c.seams {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// Slides of equal length are shown one after the other; nothing moves between them. With what an
// encoder leaves of a still, that is not shown anew.
func TestSlidesAreNoSeams(t *testing.T) {
	c := clipOf(t, 120, func(t, x, y int) float64 {
		return float64(t/30)*9 + 0.6*drifting(float64(t/30)*300, x, y)
	})
	if e := findSeams(c); e.severity >= 0.1 {
		t.Errorf("slides: %+v", e)
	}
}

// What goes on apart beyond a step is one scene with frames missing; two scenes are as far apart
// some frames later.
func TestGoesOnApart(t *testing.T) {
	shown := func(later func(u float64, x, y int) float64) float64 {
		c := clipOf(t, 120, func(t, x, y int) float64 {
			if u := float64(t) / 8; t >= 60 {
				return later(u, x, y)
			} else {
				return drifting(u, x, y)
			}
		})
		return c.parts(60, c.adjacentAcross()[60])
	}
	if p := shown(func(u float64, x, y int) float64 { return drifting(u+1, x, y) }); p < 0.9 {
		t.Errorf("frames missing: %.2f", p)
	}
	if p := shown(func(u float64, x, y int) float64 { return drifting(u+500, x, y) }); p > 0.3 {
		t.Errorf("a cut: %.2f", p)
	}
}

// The pace is that of frames which are shown anew, however many times each is shown.
func TestLiveliestOfHeldFrames(t *testing.T) {
	a := make([]float64, 100)
	for i := range a {
		if i%3 == 0 {
			a[i] = 2
		}
	}
	a[33] = 5
	if got := liveliest(a, 54, -1); got != 5 {
		t.Errorf("seven drawings before: %g, want 5", got)
	}
	if got := liveliest(a, 54, 1); got != 2 {
		t.Errorf("after: %g, want 2", got)
	}
}
