package vqeval

import (
	"math"
	"testing"
)

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

// ofSteps is a clip whose content goes straight on, by the given adjacent differences.
func ofSteps(a []float64) *clip {
	d := emptySelfsim(len(a), 3*stutterHold)
	for t := range a {
		sum := 0.0
		for k := 1; k <= min(t, d.lags); k++ {
			sum += a[t-k+1]
			d.lag(k)[t-k] = uint16(sum * unit)
		}
	}
	return &clip{n: len(a), second: 24, d: d, shots: []shot{{0, len(a)}}}
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
		if got := ofSteps(a).together(a, held); got[0] != want {
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

// An encoder that moves slow content in large and small steps holds frames by itself; frames
// that are held amid even steps, however small these are, are not its work.
func TestCodedInSteps(t *testing.T) {
	row := func(uneven, pace float64) ([]float64, []int) {
		a := make([]float64, 160)
		var held []int
		for i := range a {
			a[i] = pace * (1 + uneven*float64(i%3-1))
		}
		for i := 60; i < 120; i += 4 {
			held = append(held, i)
			a[i], a[i+1] = 0, 2*pace
		}
		return a, held
	}
	for _, c := range []struct {
		uneven, pace float64
		coded        bool
	}{{0.6, 0.4, true}, {0.05, 0.4, false}, {0.6, 4, false}} {
		a, held := row(c.uneven, c.pace)
		if got := codedInSteps(a, held, false); (got >= 1) != c.coded || !c.coded && got > 0.3 {
			t.Errorf("steps of %g grey levels that vary by %g: %.2f", c.pace, c.uneven, got)
		}
	}
}

// Every frame shown three times is a stutter, throughout or in a part of the clip; drawings shown
// three times before a pan that moves on are animation, a fact.
func TestOnThrees(t *testing.T) {
	shown := func(from, to int, pan float64) stutterEvidence {
		return findStutter(clipOf(t, 150, func(t, x, y int) float64 {
			beneath := 0.0
			if pan > 0 {
				beneath = 12 * math.Sin(0.3*(float64(x)+pan*float64(t)))
			}
			if t >= from && t < to {
				t -= t % 3
			}
			return beneath + drifting(float64(t), x, y)
		}))
	}
	if e := shown(0, 150, 0); e.regular || e.severity < 0.5 {
		t.Errorf("throughout: severity %.2f, regular %v", e.severity, e.regular)
	}
	if e := shown(51, 105, 0); e.regular || e.severity < 0.5 {
		t.Errorf("in a part: severity %.2f, regular %v", e.severity, e.regular)
	}
	if e := shown(0, 150, 0.3); !e.regular || e.cadence != "3:1" {
		t.Errorf("before a pan: %q, regular %v, %d held", e.cadence, e.regular, len(e.held))
	}
}

// A shot that is cut into a scene which goes on behind it is another scene, also where the
// other cut is not known: frames beyond it are no neighbours of this one.
func TestIntercutIsAnotherScene(t *testing.T) {
	c := clipOf(t, 120, func(t, x, y int) float64 {
		if t >= 50 && t < 62 {
			return 110 + 35*math.Sin(float64(x)*0.7+float64(t)*0.1)*math.Cos(float64(y)*0.15)
		}
		return drifting(float64(t)*0.6, x, y)
	})
	a := c.adjacentAcross()
	c.cuts = nil
	for _, at := range []int{50, 62} {
		if got := c.otherScene(c.stepAt(a, at)); got <= 1 {
			t.Errorf("at %d: %.2f", at, got)
		}
	}
}

// Two steps of fine texture that moves fast are hardly longer than one: a step that is as long as
// those makes up for a held frame. One of content that goes straight on does not.
func TestCatchUpOfTexture(t *testing.T) {
	a, held := make([]float64, 120), []int{}
	for i := range a {
		a[i] = 2
	}
	for i := 20; i < 100; i += 9 {
		held = append(held, i)
		a[i], a[i+1] = 0, 2.7
	}
	c := ofSteps(a)
	if got := c.catchUp(a, held); got > 1.4 {
		t.Errorf("straight on: %.2f", got)
	}
	for i := range c.d.lag(2) {
		c.d.lag(2)[i] = 2.75 * unit
	}
	if got := c.catchUp(a, held); got < stutterCaught {
		t.Errorf("texture: %.2f", got)
	}
}

// What an encoder in layers moves by less at every other frame is not held; what it is seen to hold at
// any of them is.
func TestHeldAtItsPlace(t *testing.T) {
	rows := func(hold bool) *clip {
		a := make([]float64, 160)
		for i := range a {
			a[i] = []float64{1.2, .38, .9, .38}[i%4]
			if i%2 == 1 {
				a[i] += 0.075 * float64(i*7%5)
			}
		}
		for i := 11; hold && i < 150; i += 7 {
			a[i+1] += a[i]
			a[i] = 0.02
		}
		return ofSteps(a)
	}
	c := rows(true)
	if seen := c.heldFrames(c.adjacent(), false); seen.severity >= 0.5 {
		t.Errorf("at no place: %.2f, which the places are to make up for", seen.severity)
	}
	if e := findStutter(c); e.severity < 0.6 || e.regular {
		t.Errorf("held now and then: %.2f, %+v", e.severity, e)
	}
	if e := findStutter(rows(false)); e.severity >= 0.4 {
		t.Errorf("layers: %.2f, %+v", e.severity, e)
	}
}

// A conversion goes on where less moves and its repeats are blended away: each is the lesser of its
// pair, or its half.
func TestGoesOnBlended(t *testing.T) {
	odd := func(i int) bool { return i%2 == 1 }
	row := func(of func(i int) float64) []float64 {
		a := make([]float64, 40)
		for i := range a {
			a[i] = of(i)
		}
		return a
	}
	lesser := row(func(i int) float64 { return 1 - 0.15*float64(i%2) })
	halves := row(func(i int) float64 { return 1 + 0.2*float64(i/2%2) })
	if !goesOn(lesser, 3, 1, odd) || goesOn(lesser, 1.2, 1, odd) {
		t.Error("lesser ones where less moves, and only there")
	}
	if !goesOn(halves, 3, cadenceHalves, odd) || goesOn(halves, 3, 1, odd) {
		t.Error("halves of pairs, and only of pairs")
	}
}

// The cycle of a 3:2 conversion in the pace, all through or not; other cycles of five have one long
// step.
func TestPulldown(t *testing.T) {
	row := func(to int, fold ...float64) []float64 {
		a := make([]float64, 160)
		for i := range a {
			a[i] = 2 + 0.8*math.Sin(float64(i)*float64(i))
			if i < to {
				a[i] += fold[i%5]
			}
		}
		return a
	}
	if !pulldown(row(160, 1, -.8, -.6, 1.2, -.8)) {
		t.Error("throughout: not seen")
	}
	for name, a := range map[string][]float64{
		"in a part":   row(80, 1, -.8, -.6, 1.2, -.8),
		"one of five": row(160, 2, -.5, -.5, -.5, -.5),
		"none":        row(0, 1, 1, 1, 1, 1),
	} {
		if pulldown(a) {
			t.Errorf("%s: seen", name)
		}
	}
}
