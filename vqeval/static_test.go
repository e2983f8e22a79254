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
	// Two gratings: one alone would look the same again after a period.
	picture := func(contrast, x, y float64) float64 {
		return 128 + contrast*(0.7*math.Sin(x*0.9)*math.Cos(y*0.7)+0.5*math.Sin(0.23*x+0.17*y))
	}
	moved := func(contrast, pace float64) float64 {
		return still(func(t, x, y int) float64 { return picture(contrast, float64(x)+pace*float64(t), float64(y)) })
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
	// Each part creeps its own way, or all of them go apart from the middle.
	wobble := still(func(t, x, y int) float64 {
		u := 0.005 * float64(t)
		return picture(60, float64(x)+u*math.Sin(float64(y)/7), float64(y)+u*math.Sin(float64(x)/9))
	})
	zoom := still(func(t, x, y int) float64 {
		z := 1 + 0.0008*float64(t)
		return picture(20, 52+(float64(x)-52)/z, 30+(float64(y)-30)/z)
	})
	if wobble < 0.5 || zoom >= 0.45 {
		t.Errorf("what creeps: %.2f; a zoom by a tenth: %.2f", wobble, zoom)
	}
}
