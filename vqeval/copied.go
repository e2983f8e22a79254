package vqeval

import "math"

// phaseError is by how many frames the content one period later is early or
// late, as the root mean square over frames of [from,to). A copy is on time to
// the frame; a pendulum, a gait or a train of waves is early by a part of a frame
// in one swing and late in the next, although it looks the same.
//
// Where the content at t+p is that of t+e, the differences of frame t from the
// frames beside t+p are those from its own neighbours, one larger and one smaller
// by the share e. What a copy's neighbours differ by is known, so that motion
// which speeds up or slows down does not count, and noise is on both sides.
// NaN where nothing moves.
func phaseError(d *selfsim, from, to, p int) float64 {
	var early, pace []float64
	for t := max(1, from); t < to; t++ {
		if !d.has(t, t+p+1) || t+p+1 >= d.n {
			break
		}
		next, last := d.at(t, t+1), d.at(t-1, t)
		e := (d.at(t, t+p+1) - d.at(t, t+p-1)) - (next - last)
		if math.Abs(e) > seamEarly*(next+last) {
			continue // at a seam one of the four neighbours belongs to something else
		}
		early, pace = append(early, e), append(pace, next+last)
	}
	early, pace = smoothed(early, max(2, p/4)), smoothed(pace, max(2, p/4))
	var sq, n float64
	for i := range early {
		if pace[i] > 2*copyPace {
			e := early[i] / pace[i]
			sq += e * e
			n++
		}
	}
	return math.Sqrt(sq / n)
}
