package vqeval

import "testing"

// pulsed is a row of adjacent differences in which one of every three frames from a to b is held
// and made up for, with as much of each step as an encoder leaves where it blends frames.
func pulsed(n, a, b int, held, next, single float64) []float64 {
	row := make([]float64, n)
	for t := range row {
		row[t] = 1.2
		if t >= a && t < b {
			row[t] = [...]float64{held, next, single}[(t-a)%3]
		}
	}
	return row
}

func TestHeldPattern(t *testing.T) {
	p := findHeldPattern(pulsed(160, 40, 121, 0.5, 2.1, 1.2))
	if p.period != 3 || p.held != 1 || abs(p.from-40) > 0 || abs(p.to-120) > 3 || p.severity < 0.5 {
		t.Errorf("%+v", p)
	}
	if f := p.frames(); len(f) != 27 || f[0] != 40 || f[1] != 43 {
		t.Errorf("frames %v", f)
	}
	// A conversion holds its frames throughout; steps that vary make up for nothing.
	if p := findHeldPattern(pulsed(160, 1, 160, 0.5, 2.1, 1.2)); p.severity >= 0.5 {
		t.Errorf("a conversion: %+v", p)
	}
	if p := findHeldPattern(pulsed(160, 40, 121, 0.9, 1.3, 1.2)); p.severity >= 0.5 {
		t.Errorf("an uneven pace: %+v", p)
	}
	// What an encoder spends on every other frame, or every fourth.
	row := pulsed(160, 0, 0, 0, 0, 0)
	for i := 40; i < 120; i += 4 {
		row[i], row[i+1] = 0.3, 2.2
	}
	if p := findHeldPattern(row); p.severity >= 0.5 {
		t.Errorf("every fourth: %+v", p)
	}
}

// An encoder that spends on every other frame holds odd ones, or even ones.
func TestCodedByTurns(t *testing.T) {
	row := func(every int) ([]float64, []int) {
		a := make([]float64, 160)
		var held []int
		for i := range a {
			a[i] = 0.5
		}
		for i, k := 40, 0; i < 130; i, k = i+every+2*(k%2), k+1 {
			a[i], a[i+1] = 0.05, 0.95
			held = append(held, i)
		}
		return a, held
	}
	coded := func(a []float64, held []int) float64 { return codedInSteps(a, held, false) }
	if got := coded(row(2)); got < 1 {
		t.Errorf("odd ones: %.2f", got)
	}
	if got := coded(row(3)); got > 0.3 {
		t.Errorf("both: %.2f", got)
	}
}

// Where each frame is shown thrice the steps are those between drawings: none stands out because
// the frames beside it stand still.
func TestStepsAmongHeldFrames(t *testing.T) {
	c := clipOf(t, 150, func(t, x, y int) float64 {
		t -= t % 3
		return drifting(float64(t)*1.1, x, y) + 6*float64(t*t%7)/7
	})
	if e := findSeams(c); e.severity >= 0.45 {
		t.Errorf("%+v", e)
	}
	if got := shownAnew(c.adjacentAcross()); len(got) != 50 {
		t.Errorf("%d frames shown anew, want 50", len(got))
	}
}
