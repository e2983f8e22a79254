package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Summary is one number over all pairs in which both sides have it. Difference is
// that of B to A, averaged within each unit first: pairs of one prompt are not
// independent.
type Summary struct {
	Metric       string   `json:"metric"`
	Unit         string   `json:"unit"`
	HigherBetter bool     `json:"higher_is_better"`
	Pairs        int      `json:"pairs"`
	Units        int      `json:"units"` // prompts, or pairs where names tell no prompt
	MeanA        float64  `json:"mean_a"`
	MeanB        float64  `json:"mean_b"`
	WinsB        int      `json:"wins_b"` // pairs
	Ties         int      `json:"ties"`   // pairs that differ by at most the margin
	WinsA        int      `json:"wins_a"` // pairs
	TieMargin    float64  `json:"tie_margin"`
	Difference   float64  `json:"difference"`
	Low          *float64 `json:"low"`              // 95 % percentile bootstrap over units; null: see Reason
	High         *float64 `json:"high"`             // likewise
	SignP        *float64 `json:"sign_test_p"`      // two-sided, over units that differ; null where none does
	SignUnits    int      `json:"sign_test_units"`  // units that differ by more than the margin
	SignNeeds    int      `json:"sign_test_needs"`  // of them that must agree for p <= 0.05; 0: so few cannot
	Detectable   *float64 `json:"detectable"`       // smallest difference found with 80 % power; null: see Reason
	UnitsNeeded  *int     `json:"units_needed"`     // to show the measured difference with 80 % power
	Different    bool     `json:"different"`        // the interval leaves out 0
	Reason       string   `json:"reason,omitempty"` // why there is no interval
}

// MinUnits is the fewest units that a two-sided sign test at 5 % can tell apart
// when all agree; with fewer no interval is given.
const MinUnits = 6

const (
	alpha     = 0.05
	power     = 0.80
	resamples = 10000
)

// sample is one pair.
type sample struct {
	unit string
	a, b float64
}

func summarise(metric, unit string, higherBetter bool, margin float64, samples []sample) Summary {
	s := Summary{Metric: metric, Unit: unit, HigherBetter: higherBetter, TieMargin: margin, Pairs: len(samples)}
	if s.Pairs == 0 {
		s.Reason = "no pair in which both sides have it"
		return s
	}
	byUnit := map[string][]float64{}
	var order []string
	for _, p := range samples {
		d := p.b - p.a
		s.MeanA += p.a / float64(len(samples))
		s.MeanB += p.b / float64(len(samples))
		switch {
		case math.Abs(d) <= margin:
			s.Ties++
		case d > 0 == higherBetter:
			s.WinsB++
		default:
			s.WinsA++
		}
		if byUnit[p.unit] == nil {
			order = append(order, p.unit)
		}
		byUnit[p.unit] = append(byUnit[p.unit], d)
	}
	diffs := make([]float64, len(order))
	up := 0
	for i, u := range order {
		diffs[i] = stat.Mean(byUnit[u], nil)
		if math.Abs(diffs[i]) > margin {
			s.SignUnits++
			if diffs[i] > 0 {
				up++
			}
		}
	}
	s.Units = len(diffs)
	s.Difference = stat.Mean(diffs, nil)
	if s.SignUnits > 0 {
		p := signTest(up, s.SignUnits)
		s.SignP = &p
		s.SignNeeds = signNeeds(s.SignUnits)
	}
	if s.Units < 2 {
		s.Reason = fmt.Sprintf("1 unit: need %d", MinUnits)
		return s
	}
	sd := stat.StdDev(diffs, nil)
	if sd == 0 {
		s.Reason = fmt.Sprintf("all %d units differ by the same: their spread is not known", s.Units)
		return s
	}
	d := detectable(sd, s.Units)
	s.Detectable = &d
	if n := unitsNeeded(sd, math.Abs(s.Difference)); n > 0 {
		s.UnitsNeeded = &n
	}
	if s.Units < MinUnits {
		s.Reason = fmt.Sprintf("%d units: need %d", s.Units, MinUnits)
		return s
	}
	low, high := bootstrap(diffs)
	s.Low, s.High = &low, &high
	s.Different = low > 0 || high < 0
	return s
}

// bootstrap is the 95 % percentile interval of the mean. Its random numbers are
// fixed, so that the same pairs give the same table.
func bootstrap(x []float64) (low, high float64) {
	rng := rand.New(rand.NewPCG(1, uint64(len(x))))
	means := make([]float64, resamples)
	for i := range means {
		for range x {
			means[i] += x[rng.IntN(len(x))]
		}
		means[i] /= float64(len(x))
	}
	slices.Sort(means)
	return stat.Quantile(alpha/2, stat.Empirical, means, nil), stat.Quantile(1-alpha/2, stat.Empirical, means, nil)
}

// signTest is the exact two-sided p of k of n.
func signTest(k, n int) float64 {
	return math.Min(1, 2*distuv.Binomial{N: float64(n), P: 0.5}.CDF(float64(min(k, n-k))))
}

// signNeeds is the least number of n that must agree for p <= 0.05; 0 if all do
// not suffice.
func signNeeds(n int) int {
	for k := (n + 1) / 2; k <= n; k++ {
		if signTest(k, n) <= alpha {
			return k
		}
	}
	return 0
}

// detectable is the smallest mean that a two-sided t test at 5 % finds among n
// samples with 80 % power.
func detectable(sd float64, n int) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
	return (t.Quantile(1-alpha/2) + t.Quantile(power)) * sd / math.Sqrt(float64(n))
}

const mostUnits = 1 << 20

// unitsNeeded is the least n whose detectable mean is at most mean; 0 if it is
// beyond all reason.
func unitsNeeded(sd, mean float64) int {
	if !(mean > 0) || detectable(sd, mostUnits) > mean {
		return 0
	}
	lo, hi := 1, mostUnits // detectable falls with n
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; detectable(sd, mid) <= mean {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}
