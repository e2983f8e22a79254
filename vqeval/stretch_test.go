package vqeval

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A stretch holds what a sort of its groups gives, wherever it went before.
func TestStretch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const groups, blocks, most = 60, 5, 9
	total := make([][]float64, groups)
	for i := range total {
		for range blocks {
			total[i] = append(total[i], float64(r.IntN(12)))
		}
	}
	s := newStretch(most, blocks)
	from, to := 0, 1
	for range 2000 {
		switch r.IntN(4) {
		case 0:
			from = r.IntN(groups)
			to = min(groups, from+1+r.IntN(most))
		case 1:
			to = from + 1 + r.IntN(to-from)
		default:
			to = min(groups, to+r.IntN(3))
			from = max(min(from+r.IntN(3), to-1), to-most)
		}
		s.to(total, from, to)
		for b := range blocks {
			var want []float64
			for _, v := range total[from:to] {
				want = append(want, v[b])
			}
			if slices.Sort(want); !slices.Equal(s.sorted[b], want) {
				t.Fatalf("groups [%d,%d) of block %d: %v, want %v", from, to, b, s.sorted[b], want)
			}
		}
	}
}
