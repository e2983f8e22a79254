package vqeval

import "slices"

// sides are the distances from a diagonal at which [valley] looks, each once.
func sides(p int) []int {
	var out []int
	for _, o := range [...]int{max(2, min(p/8, valleyReach)), min(p/4, valleyReach), min(p/2, valleyReach), 8, 16} {
		if o >= 2 && o <= p/2 && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// returns judges the longest run of every lag from loopShortest to lags that has
// one of at least least frames, in the order of the lags.
func returns(d *selfsim, lags, least int, second float64) []loopEvidence {
	runs := make([]loopEvidence, max(0, lags+1-loopShortest))
	parallel(len(runs), func(lo, hi int) {
		v := newValleys(d.n)
		for i := lo; i < hi; i++ {
			p := loopShortest + i
			if r := v.longestAt(d, p); r.to-r.from >= max(1, least) {
				r.period = p
				r.judge(d, second)
				runs[i] = r
			}
		}
	})
	return slices.DeleteFunc(runs, func(r loopEvidence) bool { return r.period == 0 })
}

// valleys are what [valley] gives at one lag, of every frame.
type valleys struct {
	pair, beside    []float64
	nearer, farther []uint32 // twice the larger of the pairs on either side, in units of 1/64
}

// newValleys has room for n frames.
func newValleys(n int) valleys {
	return valleys{make([]float64, n), make([]float64, n), make([]uint32, n), make([]uint32, n)}
}

// longestAt is the longest run at lag p. It is longestRun over valley lag by lag in place of
// frame by frame, in whole numbers.
func (v valleys) longestAt(d *selfsim, p int) loopEvidence {
	n := d.n - p
	pair, beside, nearer, farther := v.pair[:n], v.beside[:n], v.nearer[:n], v.farther[:n]
	clear(nearer)
	clear(farther)
	offsets := sides(p)
	for _, o := range offsets {
		row := d.lag(p - o)
		largerSums(nearer, row[:n], row[o:][:n])
	}
	here := d.lag(p)
	some := false
	for t, sum := range nearer {
		pair[t], beside[t] = float64(here[t])/unit, float64(sum)/(2*unit)
		some = some || returning(pair[t], beside[t])
	}
	if !some {
		return loopEvidence{}
	}
	for _, o := range offsets {
		if p+o > d.lags {
			continue
		}
		// Of the frames at either end one of the two pairs is not there.
		row := d.lag(p + o)
		ends := min(o, n-o)
		largerSums(farther[:ends], row[:ends], row[:ends])
		largerSums(farther[n-ends:], row[n-o-ends:], row[n-o-ends:])
		if o < n-o {
			largerSums(farther[o:n-o], row[o:], row[:n-2*o])
		}
	}
	for t, sum := range farther {
		beside[t] = min(beside[t], float64(sum)/(2*unit))
	}
	r := longestRun(pair, beside, p)
	r.measure(pair, beside)
	return r
}

// largerSums sets dst to a+b where that is larger.
func largerSums(dst []uint32, a, b []uint16) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i, v := range dst {
		dst[i] = max(v, uint32(a[i])+uint32(b[i]))
	}
}
