package vqeval

import (
	"math"
	"testing"
)

// What stands still by its displacement: fine detail that creeps by a fraction of a sample
// changes by more levels than a dim wall that wanders off.
func TestStaticByDisplacement(t *testing.T) {
	still := func(f func(t, x, y int) float64) float64 {
		c := clipOf(t, 120, f)
		if len(c.still) != 1 {
			t.Fatalf("%d stills", len(c.still))
		}
		return c.still[0].severity
	}
	moved := func(contrast, pace float64) float64 {
		return still(func(t, x, y int) float64 {
			u := float64(x) + pace*float64(t)
			return 128 + contrast*math.Sin(u*0.9)*math.Cos(float64(y)*0.7)
		})
	}
	fine, dim := moved(80, 0.003), moved(4, 0.08)
	if fine < 0.5 || dim >= 0.5 {
		t.Errorf("creeps by 0.3 samples: %.2f; a dim one goes 10 samples far: %.2f", fine, dim)
	}
	last := 1.0
	for _, pace := range []float64{0, 0.002, 0.004, 0.01, 0.03, 0.1} {
		s := moved(60, pace)
		if s > last {
			t.Errorf("%g samples a frame: %.3f, more than %.3f at a slower pace", pace, s, last)
		}
		last = s
	}
	if last >= 0.1 {
		t.Errorf("a pan of 12 samples: %.2f", last)
	}
}
