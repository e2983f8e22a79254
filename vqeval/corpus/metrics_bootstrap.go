package corpus

import (
	"fmt"
	"math/rand/v2"
)

// Resamples is the number of bootstrap resamples behind every interval.
const Resamples = 1000

// bootstrapSeed makes the same corpus and scores give the same card.
const bootstrapSeed = 20

// Estimate is a figure with its 95 % interval.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// Sources is the number of sources on the side, failed or healthy, that has
	// fewer: what the interval rests on.
	Sources int `json:"sources"`
	// Bound is set where every resample gave 1: the interval has no width because
	// no source shows an error, not because there can be none. By the rule of
	// three, 3/Sources is then what the share of such sources lies below (95 %),
	// and Bound is one less that.
	Bound *float64 `json:"bound,omitempty"`
	// Note says why there is no interval.
	Note string `json:"note,omitempty"`
}

// resampler draws sources with replacement. A video belongs to its source, so
// its variants, levels and failures are drawn together.
type resampler struct{ weights [][]float64 }

func newResampler(units int) *resampler {
	r := rand.New(rand.NewPCG(bootstrapSeed, uint64(units)))
	b := &resampler{make([][]float64, Resamples)}
	for i := range b.weights {
		w := make([]float64, units)
		for range units {
			w[r.IntN(units)]++
		}
		b.weights[i] = w
	}
	return b
}

// aucs gives area and average precision of a ranking with percentile
// intervals. Resamples without a positive or without a negative are left out.
func (b *resampler) aucs(points []point) (auc, ap *Estimate) {
	r := newRanking(points)
	a, p, ok := r.auc(nil)
	if !ok {
		return nil, nil
	}
	var as, ps []float64
	for _, w := range b.weights {
		if x, y, ok := r.auc(w); ok {
			as, ps = append(as, x), append(ps, y)
		}
	}
	n := sources(points)
	return estimate(a, as, n), estimate(p, ps, n)
}

// mean of a per-video value over videos, with its interval; nil without values.
func (b *resampler) mean(points []point) *Estimate {
	if len(points) == 0 {
		return nil
	}
	mean := func(w []float64) (float64, bool) {
		var sum, n float64
		for _, p := range points {
			k := 1.0
			if w != nil {
				k = w[p.unit]
			}
			sum, n = sum+k*p.score, n+k
		}
		return sum / n, n > 0
	}
	v, _ := mean(nil)
	var all []float64
	for _, w := range b.weights {
		if m, ok := mean(w); ok {
			all = append(all, m)
		}
	}
	units := map[int]bool{}
	for _, p := range points {
		units[p.unit] = true
	}
	e := estimate(v, all, len(units))
	e.Bound = nil
	return e
}

func estimate(value float64, resampled []float64, sources int) *Estimate {
	e := &Estimate{Value: value, Low: value, High: value, Sources: sources}
	if sources < 2 || len(resampled) < Resamples/2 {
		e.Low, e.High = 0, 1
		e.Note = fmt.Sprintf("no interval: %d sources, %d of %d resamples have both sides", sources, len(resampled), Resamples)
		return e
	}
	e.Low, e.High = quantile(0.025, resampled), quantile(0.975, resampled)
	// A resample can lie on one side of the value, the interval may not.
	e.Low, e.High = min(e.Low, value), max(e.High, value)
	if quantile(0, resampled) == 1 {
		bound := max(0, 1-3/float64(sources))
		e.Bound = &bound
	}
	return e
}

// sources on the side that has fewer.
func sources(points []point) int {
	var units [2]map[int]bool
	units[0], units[1] = map[int]bool{}, map[int]bool{}
	for _, p := range points {
		side := 0
		if p.positive {
			side = 1
		}
		units[side][p.unit] = true
	}
	return min(len(units[0]), len(units[1]))
}
