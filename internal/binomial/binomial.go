// Package binomial holds the interval of a share that was counted.
package binomial

import "gonum.org/v1/gonum/stat/distuv"

// Interval is the two-sided 95 % interval of a share of k in n by Clopper and Pearson,
// whose coverage is never less; [0, 1] where nothing was counted.
func Interval(k, n int) (low, high float64) {
	low, high = 0, 1
	if n == 0 {
		return low, high
	}
	if k > 0 {
		low = distuv.Beta{Alpha: float64(k), Beta: float64(n - k + 1)}.Quantile(0.025)
	}
	if k < n {
		high = distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(0.975)
	}
	return low, high
}
