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
//
// It is longestRun over valley with the loops turned inside out: for a block of
// lags it goes through the frames once, so that the few rows of the matrix that
// it needs stay in the cache, and it compares integers.
func returns(d *selfsim, lags, least int, second float64) []loopEvidence {
	if lags < loopShortest {
		return nil
	}
	runs := make([]loopEvidence, lags+1) // by lag
	const block = 32
	parallelBy(1, (lags-loopShortest)/block+1, func(lo, hi int) {
		for b := lo; b < hi; b++ {
			from := loopShortest + b*block
			longestRuns(d, from, min(lags+1, from+block), runs)
		}
	})
	parallel(len(runs), func(lo, hi int) {
		for p := lo; p < hi; p++ {
			r := &runs[p]
			if r.to-r.from < max(1, least) {
				continue
			}
			r.measure(d, p)
			r.period = p
			r.judge(d, second)
		}
	})
	return slices.DeleteFunc(runs, func(r loopEvidence) bool { return r.period == 0 })
}

// longestRuns sets the frames of runs[p] for lags p in [p0,p1).
func longestRuns(d *selfsim, p0, p1 int, runs []loopEvidence) {
	type state struct{ from, last, bridge int }
	states, offsets := make([]state, p1-p0), make([][]int, p1-p0)
	for i := range states {
		states[i] = state{from: -1, bridge: bridge(p0 + i)}
		offsets[i] = sides(p0 + i)
	}
	flush := func(p int) {
		s := &states[p-p0]
		if s.from >= 0 && s.last+1-s.from > runs[p].to-runs[p].from {
			runs[p] = loopEvidence{from: s.from, to: s.last + 1}
		}
		s.from = -1
	}
	for t := range d.n - p0 {
		for p := p0; p < min(p1, d.n-t); p++ {
			s := &states[p-p0]
			if returning(d, t, p, offsets[p-p0]) {
				if s.from < 0 {
					s.from = t
				}
				s.last = t
			} else if s.from >= 0 && t-s.last > s.bridge {
				flush(p)
			}
		}
	}
	for p := p0; p < p1; p++ {
		flush(p)
	}
}

// returning tells whether frame t+p is like frame t and unlike the frames around
// it: the test of longestRun on what valley gives.
func returning(d *selfsim, t, p int, offsets []int) bool {
	row := d.d[t*d.lags : (t+1)*d.lags]
	pair := float64(row[p-1]) / unit
	below := func(twice uint32) bool { // the sum of two differences
		beside := float64(twice) / (2 * unit)
		return beside >= loopLevels && pair <= loopMatch*beside
	}
	var nearer uint32
	for _, o := range offsets {
		nearer = max(nearer, uint32(row[p-o-1])+uint32(d.d[(t+o)*d.lags+p-o-1]))
	}
	if !below(nearer) {
		return false
	}
	var farther uint32
	for _, o := range offsets {
		if p+o > d.lags {
			continue
		}
		var sum, count uint32
		if t+p+o < d.n {
			sum, count = uint32(row[p+o-1]), 1
		}
		if t >= o {
			sum, count = sum+uint32(d.d[(t-o)*d.lags+p+o-1]), count+1
		}
		if count == 1 {
			sum *= 2
		}
		farther = max(farther, sum)
	}
	return below(farther)
}
