package stats

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

const (
	resamples = 2000
	maxFlips  = 16     // pairs up to which all signs are tried
	flips     = 100000 // drawn beyond that
)

// BootstrapMean is the mean of the samples with its BCa bootstrap interval
// (Efron 1987: corrected for bias and skewness). Its random numbers are fixed,
// so that the same samples give the same interval. Of few samples it is
// somewhat short: with 6, expect 90 % rather than 95.
func BootstrapMean(x []float64) Interval {
	if bad, ok := check(x); !ok {
		return bad
	}
	mean, n := stat.Mean(x, nil), len(x)
	if n < 2 {
		return without(mean, n, "n = 1: an interval needs 2 samples")
	}
	if slices.Min(x) == slices.Max(x) {
		return Interval{mean, mean, mean, n, ""}
	}
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	means := make([]float64, resamples)
	below := 0.0
	for i := range means {
		for range x {
			means[i] += x[rng.IntN(n)]
		}
		means[i] /= float64(n)
		switch { // ties count half, as samples of few values have many
		case means[i] < mean:
			below++
		case means[i] == mean:
			below += 0.5
		}
	}
	slices.Sort(means)
	bias := distuv.UnitNormal.Quantile(below / resamples)
	// Acceleration of a mean from the jackknife: skewness / (6 sqrt n).
	var m2, m3 float64
	for _, v := range x {
		d := v - mean
		m2, m3 = m2+d*d, m3+d*d*d
	}
	a := m3 / (6 * math.Pow(m2, 1.5))
	at := func(p float64) float64 {
		z := bias + distuv.UnitNormal.Quantile(p)
		return stat.Quantile(distuv.UnitNormal.CDF(bias+z/(1-a*z)), stat.Empirical, means, nil)
	}
	low, high := at((1-level)/2), at((1+level)/2)
	return Interval{mean, min(low, mean), max(high, mean), n, ""}
}

// SignFlip is the two-sided p of the mean of paired differences: the share of
// all ways to swap the sides of the pairs that give a mean at least as far from
// 0. It is exact for differences of which each is as likely as its negative,
// which holds when a change only draws the same outcome anew. Up to 16
// differences other than 0 all ways are tried, beyond that 100,000 drawn ones
// with fixed random numbers.
func SignFlip(d []float64) float64 {
	x := slices.DeleteFunc(slices.Clone(d), func(v float64) bool { return v == 0 })
	if len(x) == 0 {
		return 1
	}
	for i := range x {
		x[i] = math.Abs(x[i])
	}
	// Sums of the same numbers in another order differ by rounding.
	observed := math.Abs(floats.Sum(d))
	observed -= 1e-12 * floats.Sum(x)
	n := len(x)
	if n <= maxFlips {
		sum, extreme := floats.Sum(x), 0
		for i := uint64(1); ; i++ { // a Gray code turns one sign at a time
			if math.Abs(sum) >= observed {
				extreme++
			}
			k := bits.TrailingZeros64(i)
			if k >= n {
				return float64(extreme) / float64(uint64(1)<<n)
			}
			x[k] = -x[k]
			sum += 2 * x[k]
		}
	}
	rng := rand.New(rand.NewPCG(2, uint64(n)))
	extreme := 1 // the way things are
	for range flips {
		var sum float64
		var signs uint64
		for i, v := range x {
			if i%64 == 0 {
				signs = rng.Uint64()
			}
			if signs&1 == 0 {
				v = -v
			}
			signs >>= 1
			sum += v
		}
		if math.Abs(sum) >= observed {
			extreme++
		}
	}
	return float64(extreme) / (flips + 1)
}

// PairsFor is the number of differing pairs with which [SignFlip] can reach the
// level at all.
func PairsFor(alpha float64) int {
	n := 1
	for 2/math.Exp2(float64(n)) > alpha {
		n++
	}
	return n
}

// DetectableMean is the smallest mean of n paired differences of standard
// deviation sd that [SignFlip] finds at this two-sided level with 80 % power,
// were they normal. It is infinite where so few pairs cannot reach the level.
func DetectableMean(sd float64, n int, alpha float64) float64 {
	if e := flipReach(n, alpha); !math.IsInf(e, 1) {
		return e * sd
	}
	return math.Inf(1)
}
