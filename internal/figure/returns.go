package figure

// Return is a line in a self-similarity matrix along which a video shows
// earlier frames again, in frames; x is the later one.
type Return struct{ X0, Y0, X1, Y1 float64 }

// mostRepeats bounds the lines of a short loop.
const mostRepeats = 12

// LoopReturns are the diagonals of a loop of frames from to end (exclusive), at
// every multiple of its period.
func LoopReturns(from, end, period float64) []Return {
	var out []Return
	if period <= 0 {
		return nil
	}
	first := max(0, from-period)
	for k := 1.0; k <= mostRepeats && first+k*period < end; k++ {
		out = append(out, Return{first + k*period, first, end, end - k*period})
	}
	return out
}

// PingpongReturns are the anti-diagonals at which a ping-pong that ends at a
// frame turns round; period 0 is not known.
func PingpongReturns(centres []int, end, period float64) []Return {
	var out []Return
	for _, c := range centres[:min(mostRepeats, len(centres))] {
		mid := float64(c)
		reach := min(mid, end-mid)
		if period > 0 {
			reach = min(reach, period/2)
		}
		if reach > 0 {
			out = append(out, Return{mid, mid, mid + reach, mid - reach})
		}
	}
	return out
}
