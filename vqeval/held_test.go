package vqeval

import "testing"

// Every third frame held and made up for by the next: the steps around a held frame are
// twice as long as the single one before it, and it is found from the first.
func TestHeldAndMadeUpFor(t *testing.T) {
	c := clipOf(t, 160, func(t, x, y int) float64 {
		if t >= 60 && t < 130 && t%3 == 0 {
			t--
		}
		return drifting(float64(t)*1.3, x, y)
	})
	e := findStutter(c)
	if len(e.held) != 24 || e.held[0] != 60 || e.regular || e.severity < 0.6 {
		t.Errorf("%+v", e)
	}
}

// Frames held far off the others stay where the next one makes up for them, and only there.
func TestHeldFarOff(t *testing.T) {
	row := func(next float64) ([]float64, []int) {
		a := make([]float64, 120)
		held := []int{8}
		for i := range a {
			a[i] = 2
		}
		for i := 60; i < 110; i += 4 {
			held = append(held, i)
		}
		for _, t := range held {
			a[t], a[t+1] = 0, 4
		}
		a[9] = next
		return a, held
	}
	for next, want := range map[float64]int{4: 8, 2: 60} {
		a, held := row(next)
		if got := together(a, held); got[0] != want {
			t.Errorf("next step %g: from %d, want %d", next, got[0], want)
		}
	}
}

// A conversion shows where the encoder has blended its repeats: they differ by less.
func TestBlends(t *testing.T) {
	a, held := make([]float64, 160), []int{}
	for i := range a {
		a[i] = 3
		if i%2 == 1 {
			a[i] = 2
		}
		if i%22 == 1 {
			a[i] = 0
			held = append(held, i)
		}
	}
	odd := func(t int) bool { return t%2 == 1 }
	if r := blends(a, held, odd); r > cadenceBlended {
		t.Errorf("a conversion: %g", r)
	}
	for i := 100; i < 160; i++ { // it ends
		a[i] = 2.5
	}
	if r := blends(a, held, odd); r <= cadenceBlended {
		t.Errorf("a part of one: %g", r)
	}
	for i := range a {
		a[i] = 2.5
	}
	if r := blends(a, held, odd); r <= cadenceBlended {
		t.Errorf("none: %g", r)
	}
}

// Half-way through a fade both ends are seen; half-way past a place a third one is.
func TestUnmixed(t *testing.T) {
	fade := clipOf(t, 40, func(t, x, y int) float64 {
		u := float64(t) / 39
		return (1-u)*drifting(0, x, y) + u*drifting(60, x, y)
	})
	pass := clipOf(t, 40, func(t, x, y int) float64 {
		if dx, dy := x-t-20, y-30; dx*dx+dy*dy < 100 {
			return 220
		}
		return drifting(0, x, y)
	})
	if f, p := fade.unmixed(10, 20, 30), pass.unmixed(10, 20, 30); f > returnMixed*returnMixedFree || p < returnMixed {
		t.Errorf("fade %.2f, pass %.2f", f, p)
	}
}
