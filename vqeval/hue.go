package vqeval

import "math"

// turns is how far the hues of the quarters have turned, in radians, and that of the whole
// frame: from stretch to stretch by the angle at which their colours agree best. What of
// them does not agree, or has no colour, does not turn: content that moves replaces colours
// by others at any angle to them.
func turns(cb, cr course) (parts course, whole []float64) {
	parts = course{n: cb.n, at: cb.at, patch: driftPatch / 4}
	if len(cb.part) != tiles || len(cr.part) != tiles {
		return parts, nil
	}
	turn := func(in func(tile int) bool) []float64 {
		out := make([]float64, len(cb.at))
		for k := 1; k < len(out); k++ {
			var along, across, before, after float64
			for i := range tiles {
				if in(i) {
					b0, r0, b1, r1 := cb.part[i][k-1], cr.part[i][k-1], cb.part[i][k], cr.part[i][k]
					along += b0*b1 + r0*r1
					across += b0*r1 - r0*b1
					before += b0*b0 + r0*r0 + driftGrey*driftGrey
					after += b1*b1 + r1*r1 + driftGrey*driftGrey
				}
			}
			unlike := math.Sqrt(before*after) - math.Hypot(along, across)
			out[k] = out[k-1] + math.Atan2(across, along+unlike)
		}
		return out
	}
	for q := range quarters {
		parts.part = append(parts.part, turn(func(i int) bool { return quarterOf(i) == q }))
	}
	return parts, turn(func(int) bool { return true })
}

// quarterOf is the block of two by two tiles that a tile lies in.
func quarterOf(tile int) int { return tile/tileCols/2*(tileCols/2) + tile%tileCols/2 }
