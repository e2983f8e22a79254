package vqeval

// An encoder in layers spends most on every fourth frame and least on every other one: what moves
// slowly it moves by more at the former than at the latter. A frame that is held differs by less from
// the one before than others do at the same place of that cycle.

// codedCycle is the longest cycle of the layers in frames; all shorter ones are parts of it.
const codedCycle = 4

// byPlace are the adjacent differences without what they have in common at each place of the cycle.
func byPlace(a []float64) []float64 {
	var at [codedCycle][]float64
	for t := 1; t < len(a); t++ {
		if around := mean(a[max(1, t-codedCycle):min(len(a), t+codedCycle+1)]); around > 0 {
			at[t%codedCycle] = append(at[t%codedCycle], a[t]/around)
		}
	}
	var usual [codedCycle]float64
	for k, v := range at {
		usual[k] = max(placedLeast, quantile(v, 0.5))
	}
	out := make([]float64, len(a))
	for t, v := range a {
		out[t] = v / usual[t%codedCycle]
	}
	return out
}
