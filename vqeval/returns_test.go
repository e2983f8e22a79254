package vqeval

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

// The search lag by lag must find the runs that the plain one over valley finds, to
// the last bit, with and without a bound on the lags.
func TestReturnsAreThoseOfThePlainSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, n := range []int{14, 30, 60, 133, 260} {
		for _, lags := range []int{n - 1, n / 2, n / 3} {
			for _, period := range []int{7, 24, 51} {
				d := emptySelfsim(n, lags)
				for t := range n {
					for k := 1; k <= lags; k++ {
						v := 64 + r.IntN(600) // about the loop's bounds
						if k%period == 0 && r.IntN(10) > 0 {
							v = r.IntN(160)
						}
						if t/40%3 == 2 {
							v = r.IntN(120)
						}
						d.d[(k-1)*n+t] = uint16(v)
					}
				}
				const least = 12
				to := min(lags, n-least)
				var want []loopEvidence
				for p := loopShortest; p <= to; p++ {
					l := longestAt(d, p)
					if l.to-l.from < least {
						continue
					}
					l.period = p
					l.judge(d, 16)
					want = append(want, l)
				}
				if n > 100 && lags > period && len(want) == 0 {
					t.Errorf("%d frames, %d lags, period %d: the plain search finds nothing to compare", n, lags, period)
				}
				got := returns(d, to, least, 16)
				if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
					t.Errorf("%d frames, %d lags, period %d: %d runs, want %d:\n%+v\n%+v", n, lags, period, len(got), len(want), got, want)
				}
			}
		}
	}
}

// A picture that is coded anew may differ from the first by what that costs, and by no more.
func TestReturnCodedAnew(t *testing.T) {
	severity := func(near, anew float64) float64 {
		return returnEvidence{near: near, far: 12, how: 0.3}.strength(1, 9, anew, 0)
	}
	if s := severity(1.5, 1); s < 0.5 {
		t.Errorf("coded anew: %.2f", s)
	}
	if s := severity(1.5, 0); s >= 0.5 {
		t.Errorf("moved there: %.2f", s)
	}
	if s := severity(3, 1); s >= 0.5 {
		t.Errorf("another picture: %.2f", s)
	}
}

// What fades back is back with the first frame that is no mixture any more.
func TestReturnIsPlacedAtTheEndOfAFade(t *testing.T) {
	for _, fade := range []int{0, 5, 9} {
		const at = 100
		c := clipOf(t, 140, func(t, x, y int) float64 {
			w := max(0, min(1, float64(t-at+fade+1)/float64(fade+1)))
			return (1-w)*drifting(float64(t)*0.9, x, y) + w*drifting(-float64(max(0, t-at))*0.9, x, y)
		})
		var best returnEvidence
		for _, e := range findReturns(c) {
			if e.severity > best.severity {
				best = e
			}
		}
		if best.severity < 0.4 || abs(best.onset-at) > 1 {
			t.Errorf("a fade of %d frames: %+v", fade, best)
		}
	}
}
