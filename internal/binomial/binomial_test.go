package binomial

import (
	"math"
	"testing"
)

func TestInterval(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
		near      float64
	}{
		// Closed forms: 0 of n has the upper end 1 - 0.025^(1/n), n of n its mirror.
		{0, 10, 0, 1 - math.Pow(0.025, 0.1), 1e-9},
		{10, 10, math.Pow(0.025, 0.1), 1, 1e-9},
		{5, 10, 0.1871, 0.8129, 1e-4}, // a value of the tables
		{0, 0, 0, 1, 0},               // nothing was counted
	} {
		low, high := Interval(c.k, c.n)
		if math.Abs(low-c.low) > c.near || math.Abs(high-c.high) > c.near {
			t.Errorf("%d of %d: %g to %g, want %g to %g", c.k, c.n, low, high, c.low, c.high)
		}
	}
	low, high := Interval(3, 10)
	low7, high7 := Interval(7, 10)
	if math.Abs(low+high7-1) > 1e-6 || math.Abs(high+low7-1) > 1e-6 || !(low < 0.3 && 0.3 < high) {
		t.Errorf("3 of 10: %g to %g; 7 of 10: %g to %g", low, high, low7, high7)
	}
}
