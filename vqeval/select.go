package vqeval

import (
	"math"
	"slices"
)

// quantile is the value that stands at that share of the sorted values, 0 of none.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	return nth(slices.Clone(v), rankOf(len(v), q))
}

// rankOf is the place in n sorted values of that quantile.
func rankOf(n int, q float64) int { return min(n-1, int(q*float64(n))) }

// nth reorders v such that v[k] is what [slices.Sort] would put there, with nothing
// larger before it and nothing smaller behind it, and returns it: Hoare's selection, for
// nearly all of a sort is work that a quantile does not need.
func nth(v []float64, k int) float64 {
	lo, hi := 0, len(v)-1
	for i, x := range v { // NaN comes first
		if math.IsNaN(x) {
			v[i], v[lo] = v[lo], x
			lo++
		}
	}
	if k < lo {
		return v[k]
	}
	for tries := 64; hi-lo > 12; tries-- {
		if tries == 0 { // an unlucky order
			slices.Sort(v[lo : hi+1])
			return v[k]
		}
		a, b, c := v[lo], v[(lo+hi)/2], v[hi]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return v[k]
		}
	}
	for i := lo + 1; i <= hi; i++ {
		for j := i; j > lo && v[j] < v[j-1]; j-- {
			v[j], v[j-1] = v[j-1], v[j]
		}
	}
	return v[k]
}
