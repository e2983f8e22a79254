package corpus

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// point is one video as a ranking sees it.
type point struct {
	score    float64
	positive bool
	unit     int // of the bootstrap
}

// ranking holds points sorted by score, highest first, so that each resample
// costs one pass.
type ranking []point

func newRanking(p []point) ranking {
	r := slices.Clone(p)
	slices.SortStableFunc(r, func(a, b point) int { return cmp.Compare(b.score, a.score) })
	return r
}

// auc is the area under the ROC curve: the probability that a positive is
// scored above a negative, ties counted half. ap is the average precision, the
// sum of precision times the gain in recall over the distinct scores. weight
// gives the number of times that each unit counts; nil is once. ok is false
// where either side is empty.
func (r ranking) auc(weight []float64) (auc, ap float64, ok bool) {
	var tp, fp float64 // weights above the current score
	var area, gain float64
	for i := 0; i < len(r); {
		var p, n float64
		j := i
		for ; j < len(r) && r[j].score == r[i].score; j++ {
			w := 1.0
			if weight != nil {
				w = weight[r[j].unit]
			}
			if r[j].positive {
				p += w
			} else {
				n += w
			}
		}
		area += n * (tp + p/2)
		tp, fp = tp+p, fp+n
		if p > 0 {
			gain += p * tp / (tp + fp)
		}
		i = j
	}
	if tp == 0 || fp == 0 {
		return 0, 0, false
	}
	return area / (tp * fp), gain / tp, true
}

// roc lists the corners of the ROC curve from (0,0) to (1,1).
func (r ranking) roc() (fpr, tpr []float64) {
	var pos, neg float64
	for _, p := range r {
		if p.positive {
			pos++
		} else {
			neg++
		}
	}
	if pos == 0 || neg == 0 {
		return nil, nil
	}
	fpr, tpr = []float64{0}, []float64{0}
	var tp, fp float64
	for i, p := range r {
		if p.positive {
			tp++
		} else {
			fp++
		}
		if i+1 == len(r) || r[i+1].score != p.score {
			fpr, tpr = append(fpr, fp/neg), append(tpr, tp/pos)
		}
	}
	return fpr, tpr
}

// poisson is the exact 95 % interval (Garwood) of the mean of a count.
func poisson(k int) (lo, hi float64) {
	if k > 0 {
		lo = distuv.ChiSquared{K: 2 * float64(k)}.Quantile(0.025) / 2
	}
	return lo, distuv.ChiSquared{K: 2 * float64(k+1)}.Quantile(0.975) / 2
}

// spearman is the rank correlation with mean ranks for ties. It does not exist
// where either side is constant.
func spearman(x, y []float64) (float64, bool) {
	a, b := ranks(x), ranks(y)
	rho := stat.Correlation(a, b, nil)
	return rho, !math.IsNaN(rho)
}

// ranks from 1, ties share their mean.
func ranks(x []float64) []float64 {
	at := make([]int, len(x))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(i, j int) int { return cmp.Compare(x[i], x[j]) })
	out := make([]float64, len(x))
	for i := 0; i < len(at); {
		j := i
		for j < len(at) && x[at[j]] == x[at[i]] {
			j++
		}
		for k := i; k < j; k++ {
			out[at[k]] = float64(i+j+1) / 2
		}
		i = j
	}
	return out
}

// iou is the intersection of two boxes x0,y0,x1,y1 over their union.
func iou(a, b [4]float64) float64 {
	area := func(r [4]float64) float64 { return max(0, r[2]-r[0]) * max(0, r[3]-r[1]) }
	both := area([4]float64{max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])})
	if all := area(a) + area(b) - both; all > 0 {
		return both / all
	}
	return 0
}

// quantile of unsorted values, linear between order statistics.
func quantile(q float64, values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}
