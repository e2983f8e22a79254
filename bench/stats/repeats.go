package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"

	moremath "github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Repeats compares the repeats of one measurement on two sides, which need not
// be as many. Nothing is assumed of their distribution.
type Repeats struct {
	Baseline, Current Interval // medians; the interval needs 6 samples
	// Ratio is the Hodges-Lehmann estimate of current over baseline, the median
	// of all ratios across the sides, with the interval that belongs to the U
	// test.
	Ratio Interval
	P     float64 // of the two-sided Mann-Whitney U test
}

// CompareRepeats needs positive samples. Medians and p are those of
// golang.org/x/perf/benchmath.
func CompareRepeats(baseline, current []float64) (Repeats, error) {
	for side, x := range map[string][]float64{"baseline": baseline, "current": current} {
		if len(x) == 0 {
			return Repeats{}, fmt.Errorf("no samples in the %s", side)
		}
		for _, v := range x {
			if !(v > 0) || math.IsInf(v, 0) {
				return Repeats{}, fmt.Errorf("a sample of the %s is %g: ratios need positive numbers", side, v)
			}
		}
	}
	var s [2]*benchmath.Sample
	var m [2]Interval
	for i, x := range [][]float64{baseline, current} {
		s[i] = benchmath.NewSample(slices.Clone(x), &benchmath.DefaultThresholds) // it sorts in place
		sum := benchmath.AssumeNothing.Summary(s[i], level)
		m[i] = Interval{sum.Center, sum.Lo, sum.Hi, len(x), ""}
		if len(sum.Warnings) > 0 {
			m[i] = without(sum.Center, len(x), "%v", errors.Join(sum.Warnings...))
		}
	}
	return Repeats{m[0], m[1], shift(baseline, current), benchmath.AssumeNothing.Compare(s[0], s[1]).P}, nil
}

// shift is the median of current/baseline over all pairs across the sides.
func shift(baseline, current []float64) Interval {
	ratios := make([]float64, 0, len(baseline)*len(current))
	for _, b := range baseline {
		for _, c := range current {
			ratios = append(ratios, c/b)
		}
	}
	slices.Sort(ratios)
	n := min(len(baseline), len(current))
	mid := (ratios[(len(ratios)-1)/2] + ratios[len(ratios)/2]) / 2
	k := uQuantile(len(baseline), len(current), (1-level)/2)
	if k < 1 {
		return without(mid, n, "%d and %d samples: an interval at %g %% needs 4 on each side", len(baseline), len(current), 100*level)
	}
	return Interval{mid, ratios[k-1], ratios[len(ratios)-k], n, ""}
}

// maxExact is the number of pairs across the sides up to which the U
// distribution is tabulated.
const maxExact = 400

// uQuantile is the largest k with P(U <= k-1) <= tail under the null
// hypothesis; 0 where there is none.
func uQuantile(n1, n2 int, tail float64) int {
	if n1*n2 > maxExact {
		f1, f2 := float64(n1), float64(n2)
		z := distuv.UnitNormal.Quantile(1 - tail)
		return max(0, int(f1*f2/2-z*math.Sqrt(f1*f2*(f1+f2+1)/12)))
	}
	return int(remembered(knownKey{"tail", n1, n2, tail}, func() float64 {
		u, k := moremath.UDist{N1: n1, N2: n2}, 0
		for sum := u.PMF(0); sum <= tail*(1+1e-9) && k < n1*n2; sum += u.PMF(float64(k)) {
			k++
		}
		return float64(k)
	}))
}

// MinP is the smallest p that the two-sided U test can give with so many
// samples on the sides.
func MinP(n1, n2 int) float64 {
	logChoose := func(n, k int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	return min(1, 2*math.Exp(-logChoose(n1+n2, n1)))
}

// SamplesFor is the number of samples on each side with which the two-sided U
// test can reach the level at all, at least 6 so that medians have intervals.
func SamplesFor(alpha float64) int {
	n := 6
	for MinP(n, n) > alpha {
		n++
	}
	return n
}

// DetectableRatio is the smallest factor above 1 between the sides that the U
// test at this two-sided level finds with 80 % power, were the logarithms
// normal with the spread seen within the sides. It is infinite where so few
// samples cannot reach the level.
func DetectableRatio(baseline, current []float64, alpha float64) float64 {
	n1, n2 := len(baseline), len(current)
	if n1 < 2 || n2 < 2 {
		return math.Inf(1)
	}
	logs := func(x []float64) []float64 {
		l := make([]float64, len(x))
		for i, v := range x {
			l[i] = math.Log(v)
		}
		return l
	}
	f1, f2 := float64(n1), float64(n2)
	pooled := ((f1-1)*stat.Variance(logs(baseline), nil) + (f2-1)*stat.Variance(logs(current), nil)) / (f1 + f2 - 2)
	return math.Exp(uReach(n1, n2, alpha) * math.Sqrt(pooled))
}
