package stats

import "slices"

// Discoveries adjusts the p values of a family by Benjamini and Hochberg
// (1995): of the rows whose adjusted value is at most q, the expected share
// that only chance made is at most q, and so is the chance of any such row when
// nothing differs. That holds for independent p values and for those that rise
// and fall together, as times of one run do. (Benjamini and Yekutieli's version
// holds for any dependence and pays a factor of about ln(n) + 0.58 in every p.)
func Discoveries(p []float64) (adjusted []float64) {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return a - b
	})
	adjusted = make([]float64, len(p))
	least := 1.0
	for rank := len(p); rank > 0; rank-- {
		i := order[rank-1]
		least = min(least, p[i]*float64(len(p))/float64(rank))
		adjusted[i] = least
	}
	return adjusted
}
