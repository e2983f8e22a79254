package vqeval

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestNthIsThatOfTheSortedValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	kinds := map[string]func(i, n int) float64{
		"random":     func(i, n int) float64 { return r.NormFloat64() },
		"few values": func(i, n int) float64 { return float64(r.IntN(3)) },
		"ascending":  func(i, n int) float64 { return float64(i) },
		"descending": func(i, n int) float64 { return float64(-i) },
		"organ pipe": func(i, n int) float64 { return float64(min(i, n-i)) },
		"not numbers": func(i, n int) float64 {
			return []float64{math.NaN(), math.Inf(1), math.Inf(-1), r.Float64()}[r.IntN(4)]
		},
	}
	same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
	for name, value := range kinds {
		for _, n := range []int{1, 2, 3, 12, 13, 14, 15, 100, 1001} {
			v := make([]float64, n)
			for i := range v {
				v[i] = value(i, n)
			}
			sorted := slices.Clone(v)
			slices.Sort(sorted)
			for k := 0; k < n; k += 1 + n/50 {
				w := slices.Clone(v)
				if got := nth(w, k); !same(got, sorted[k]) || !same(w[k], sorted[k]) {
					t.Fatalf("%s: value %d of %d is %v, want %v", name, k, n, got, sorted[k])
				}
				// Both sides hold the same values as when sorted.
				slices.Sort(w[:k])
				slices.Sort(w[k:])
				if !slices.EqualFunc(w, sorted, same) {
					t.Fatalf("%s: around value %d of %d the sides are wrong", name, k, n)
				}
			}
		}
	}
}

func TestQuantileLeavesItsValues(t *testing.T) {
	v := []float64{3, 1, 2}
	if q := quantile(v, 0.5); q != 2 || !slices.Equal(v, []float64{3, 1, 2}) {
		t.Errorf("the median is %v, of %v", q, v)
	}
	if q := quantile(nil, 0.5); q != 0 {
		t.Errorf("the median of nothing is %v", q)
	}
	if q := quantile(v, 1); q != 3 {
		t.Errorf("the largest is %v", q)
	}
}
