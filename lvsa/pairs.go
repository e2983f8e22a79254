package lvsa

import (
	"cmp"
	"fmt"
	"slices"

	"longtake/kernels"
)

// videoPairs counts the pairs of video tokens that a pattern keeps outside of
// the cuts. A query that would be left without any key is an error.
func videoPairs(p Pattern, g Geometry, cuts []kernels.Rect) (int64, error) {
	per := g.TokensPerFrame()
	total := int64(0)
	for f := range p.Frames {
		keys := p.attended(f) * per
		q0, q1 := f*per, (f+1)*per
		// Queries between two edges are inside the same cuts.
		edges := []int{q0, q1}
		for _, c := range cuts {
			for _, e := range [2]int{int(c.Q0), int(c.Q1)} {
				if q0 < e && e < q1 {
					edges = append(edges, e)
				}
			}
		}
		slices.Sort(edges)
		for i, from := range edges[:len(edges)-1] {
			kept := keys - removedKeys(p, f, per, from, cuts)
			if kept <= 0 && g.TextTokens == 0 && edges[i+1] > from {
				return 0, fmt.Errorf("token %d of latent frame %d is left without keys: every frame that it sees is cut off; "+
					"widen the window, or switch the first-frame rule off", from-q0, f)
			}
			total += int64(edges[i+1]-from) * int64(kept)
		}
	}
	return total, nil
}

// removedKeys counts the keys of frame f's frames that the cuts take from
// query token q.
func removedKeys(p Pattern, f, per, q int, cuts []kernels.Rect) int {
	var spans [][2]int
	for _, c := range cuts {
		k0, k1 := int(c.K0), min(int(c.K1), p.Frames*per)
		if int(c.Q0) <= q && q < int(c.Q1) && k0 < k1 {
			spans = append(spans, [2]int{k0, k1})
		}
	}
	if len(spans) == 0 {
		return 0
	}
	slices.SortFunc(spans, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	n, done := 0, 0
	for _, s := range spans {
		for k := max(s[0], done); k < s[1]; {
			next := min((k/per+1)*per, s[1])
			if p.Attends(f, k/per) {
				n += next - k
			}
			k = next
		}
		done = max(done, s[1])
	}
	return n
}
