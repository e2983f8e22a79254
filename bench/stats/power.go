package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"
)

// power of every detectable change here.
const power = 0.80

// trials behind a power that is simulated: its standard error is 1.3 %, and 2.8 %
// where all signs of many pairs are slow to try.
const trials, fewTrials, manyPairs = 1000, 200, 12

// known keeps what takes long, as rows of one gate share their numbers of samples.
var known sync.Map

type knownKey struct {
	what   string
	n1, n2 int
	alpha  float64
}

// uReach is how many standard deviations two normal groups must be apart for the
// U test at the level to find it with the power. The tests on ranks and signs
// have less power far out in their tails than Student's formula says, so that
// it is simulated.
func uReach(n1, n2 int, alpha float64) float64 {
	if MinP(n1, n2) > alpha {
		return math.Inf(1)
	}
	return remembered(knownKey{"u", n1, n2, alpha}, func() float64 {
		k := uQuantile(n1, n2, alpha/2) // U below k or above n1*n2-k is found
		rng := rand.New(rand.NewPCG(uint64(n1), uint64(n2)))
		return reach(trials, func() float64 {
			// The least shift at which all but k-1 pairs across the sides are in order.
			gaps := make([]float64, 0, n1*n2)
			b := normal(rng, n2)
			for _, x := range normal(rng, n1) {
				for _, y := range b {
					gaps = append(gaps, x-y)
				}
			}
			slices.Sort(gaps)
			return gaps[len(gaps)-k]
		})
	})
}

// flipReach is how many standard deviations from 0 the mean of n normal paired
// differences must be for [SignFlip] to find it with the power.
func flipReach(n int, alpha float64) float64 {
	if n < 2 || 2/math.Exp2(float64(n)) > alpha {
		return math.Inf(1)
	}
	if n > maxFlips { // Student's formula is near enough, and simulation slow
		t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
		return (t.Quantile(1-alpha/2) + t.Quantile(power)) / math.Sqrt(float64(n))
	}
	return remembered(knownKey{"flip", n, 0, alpha}, func() float64 {
		rng := rand.New(rand.NewPCG(uint64(n), 0))
		shifted := make([]float64, n)
		count := trials
		if n > manyPairs {
			count = fewTrials
		}
		return reach(count, func() float64 {
			z := normal(rng, n)
			lo, hi := -5.0, 20.0 // p falls with the shift
			for hi-lo > 0.02 {
				mid := (lo + hi) / 2
				for i := range z {
					shifted[i] = z[i] + mid
				}
				if SignFlip(shifted) <= alpha && mid+mean(z) > 0 {
					hi = mid
				} else {
					lo = mid
				}
			}
			return hi
		})
	})
}

// reach is the shift that suffices in the given power of so many trials.
func reach(trials int, least func() float64) float64 {
	all := make([]float64, trials)
	for i := range all {
		all[i] = least()
	}
	slices.Sort(all)
	return all[int(power*float64(trials))]
}

func remembered(key knownKey, f func() float64) float64 {
	if v, ok := known.Load(key); ok {
		return v.(float64)
	}
	v := f()
	known.Store(key, v)
	return v
}

func normal(rng *rand.Rand, n int) []float64 {
	z := make([]float64, n)
	for i := range z {
		z[i] = rng.NormFloat64()
	}
	return z
}

func mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
