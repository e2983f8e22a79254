package vqeval

import (
	"math"
	"testing"
)

// Frames held every third time and blended two by two leave a pace that pulses with six frames in a
// part of the clip. Throughout the clip that is a conversion or a rhythm; by turns, an encoder's; gradual, a
// camera's; and with a pace that falls, content too slow for the encoder.
func TestPulse(t *testing.T) {
	blended := []float64{1.06, 1.11, 2.72, 2.53, 1.59, 1.89}
	row := func(fold []float64, from, to int, pace float64) []float64 {
		a := make([]float64, 180)
		for i := range a {
			a[i] = 1.82 + 0.05*math.Sin(float64(7*i*i))
			if i >= from && i < to {
				a[i] = pace * (fold[i%len(fold)] + 0.1*math.Sin(float64(5*i*i)))
			}
		}
		return a
	}
	var swing []float64
	for i := range 12 {
		swing = append(swing, 1.8+0.7*math.Sin(2*math.Pi*float64(i)/12))
	}
	p := findPulse(row(blended, 50, 140, 1))
	if p.severity < 0.6 || p.cycle != 6 && p.cycle != 12 || abs(p.from-50) > 6 || abs(p.to-140) > 6 {
		t.Errorf("held: %+v", p)
	}
	if len(p.frames()) == 0 {
		t.Error("no frame is held")
	}
	for _, f := range p.frames() {
		if f%6 > 1 {
			t.Errorf("frame %d is held", f)
		}
	}
	for name, a := range map[string][]float64{
		"throughout": row(blended, 0, 180, 1),
		"nearly so":  row(blended, 0, 166, 1),
		"by turns":   row([]float64{1.4, 2.3, 1.4, 2.3}, 50, 140, 1),
		"gradual":    row(swing, 50, 140, 1),
		"slow":       row(blended, 50, 140, 0.2),
		"short":      row(blended, 50, 62, 1),
	} {
		if p := findPulse(a); p.severity >= 0.5 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// One step in twelve that is larger than all others is a seam, and leaves the rest equally slow: the
// clip has a report all the same.
func TestPulseOfOneStep(t *testing.T) {
	a := make([]float64, 130)
	for i := range a {
		a[i] = 1
		if i >= 20 && i < 100 && i%12 == 0 {
			a[i] = 2.5
		}
	}
	p := findPulse(a)
	if p.severity == 0 || p.severity >= 0.5 || len(p.frames()) < 60 {
		t.Errorf("%d frames of %+v", len(p.frames()), p)
	}
	var facts Facts
	stutterEvents(clipOfSteps(a), &facts)
}

// What pulses in a part of a clip only is no conversion, although the other frames differ by turns and
// those at its places by less.
func TestPulseIsNoConversion(t *testing.T) {
	a := []float64{ // of a spiral coded by VP9 at CRF 34
		1.0, 1.0, 1.59, 1.23, 1.72, 1.0, 1.38, 1.22, 1.86, 0.83, 1.69, 1.02, 1.53, 1.09, 1.52, 1.11, 1.98, 1.05, 1.53, 1.38, 1.88, 1.14, 1.67, 1.28,
		1.81, 1.28, 1.47, 1.19, 1.75, 1.16, 1.81, 1.05, 1.92, 0.05, 2.73, 1.08, 0.53, 2.8, 1.56, 0.08, 3.23, 1.09, 0.2, 3.41, 1.88, 0.06, 3.33, 1.34,
		0.75, 3.52, 1.66, 0.12, 3.42, 1.22, 0.28, 3.53, 1.41, 0.05, 3.0, 1.41, 0.44, 2.98, 1.39, 0.06, 3.08, 1.22, 0.12, 2.8, 1.42, 0.08, 2.75, 0.95,
		0.69, 2.48, 1.2, 0.05, 2.41, 0.72, 0.23, 2.64, 1.47, 0.06, 2.42, 1.08, 0.53, 2.83, 1.17, 0.05, 3.08, 1.31, 0.16, 3.19, 1.89, 0.06, 3.05, 1.44,
		0.73, 3.02, 1.56, 0.06, 3.0, 1.03, 0.23, 2.95, 1.55, 0.86, 1.55, 1.27, 1.47, 0.89, 1.33, 1.05, 1.67, 0.59, 1.59, 1.62, 1.09, 1.06, 1.75, 1.22,
		1.98, 1.47, 1.42, 1.55, 2.09, 1.47, 2.05, 1.84, 2.36,
	}
	c := clipOfSteps(a)
	if e := findStutter(c); e.regular || e.severity < 0.6 || e.held[0] > 36 {
		t.Errorf("%+v", e)
	}
}

// clipOfSteps is a clip that goes on along a line by such steps.
func clipOfSteps(a []float64) *clip {
	d := emptySelfsim(len(a), len(a)-1)
	for i := range a {
		var way float64
		for j := i + 1; j < len(a); j++ {
			way += a[j]
			d.d[(j-i-1)*d.room+i] = uint16(way * unit)
		}
	}
	return &clip{n: len(a), second: 24, d: d, shots: []shot{{0, len(a)}}}
}
