package cpu

import "longtake/kernels"

// editLogit applies the edits after Scale and CenterK to the logit s of query
// i and key j. Removed pairs become -Inf.
func editLogit(l *kernels.Logits, s float32, i, j int) float32 {
	for _, c := range l.Cut {
		if int32(i) >= c.Q0 && int32(i) < c.Q1 && int32(j) >= c.K0 && int32(j) < c.K1 {
			return negInf
		}
	}
	if len(l.Bands) == 0 || l.PositiveOnly && !(s > 0) || l.VideoTokens > 0 && (i >= l.VideoTokens || j >= l.VideoTokens) {
		return s
	}
	return s * bandFactor(l.Bands, i-j)
}

// bandFactor is the factor of the first band that reaches |distance|.
func bandFactor(bands []kernels.Band, distance int) float32 {
	d := float32(max(distance, -distance))
	for _, b := range bands[:len(bands)-1] {
		if d <= b.To {
			return b.Factor
		}
	}
	return bands[len(bands)-1].Factor
}
