package vqeval

import (
	"math"
	"slices"
)

// loopEvidence is one lag at which a stretch of the clip comes back.
type loopEvidence struct {
	period   int
	from, to int     // frames t in [from,to) come back as t+period
	depth    float64 // 1 - difference at the period over difference beside it
	beside   float64 // grey levels: how different the content beside the diagonal is
	early    float64 // by how many frames it misses; see phaseError
	locked   float64 // share of the frames whose nearest neighbour is exactly one period away
	severity float64
	rhythm   float64 // likewise whether or not it is on time
	periodic bool    // comes back, but not locked, or the way it went: natural rhythm
}

// onset is the first frame that repeats an earlier one.
func (l loopEvidence) onset() int { return l.from + l.period }

// end is after the last one.
func (l loopEvidence) end() int { return l.to + l.period }

func (l loopEvidence) repeats() int {
	return max(1, int(math.Round(float64(l.to-l.from)/float64(l.period))))
}

// valley is, for one pair (t, t+p), the difference of the pair and the one
// beside it: the larger of a few pairs on either side of the diagonal, the
// smaller of the two sides. On a diagonal that merely decays or rises with the
// lag one side is as low as the pair itself.
func valley(d *selfsim, t, p int) (pair, beside float64) {
	pair = d.at(t, t+p)
	nearer, farther := 0.0, 0.0
	for _, o := range [...]int{max(2, min(p/8, valleyReach)), min(p/4, valleyReach), min(p/2, valleyReach), 8, 16} {
		if o < 2 || o > p/2 {
			continue
		}
		nearer = max(nearer, (d.at(t, t+p-o)+d.at(t+o, t+p))/2)
		var sum, count float64
		if d.has(t, t+p+o) {
			sum, count = sum+d.at(t, t+p+o), count+1
		}
		if t-o >= 0 && d.has(t-o, t+p) {
			sum, count = sum+d.at(t-o, t+p), count+1
		}
		if count > 0 {
			farther = max(farther, sum/count)
		}
	}
	return pair, min(nearer, farther)
}

const valleyReach = 48 // frames

// findLoops looks for stretches that come back on the whole clip, cuts and all:
// generators that repeat their first seconds repeat the cuts in them as well.
// The first of the result is the strongest; the others are of use as facts.
func findLoops(d *selfsim, second float64) (loop loopEvidence, found bool) {
	least := shortestRun(second)
	var best loopEvidence
	var bestGain float64
	lags := min(d.lags, d.n-least)
	for _, r := range returns(d, lags, least, second) {
		// Depth and lock first: a scene with many cuts has long, shallow runs at
		// lags near the true one.
		gain := r.severity * r.severity * r.locked * float64(r.to-r.from)
		if gain > bestGain*1.02 {
			best, bestGain = r, gain
		}
	}
	if bestGain == 0 {
		return best, false
	}
	best = refinePeriod(d, best)
	if !fundamental(d, &best) {
		return best, false
	}
	best.judge(d, second)
	return best, true
}

// faintLoop is the deepest dip of the mean difference over the lags, where no
// stretch comes back clearly enough to be placed: too little moves, or a codec
// has blurred it. It measures a clip without making a finding of it.
func faintLoop(d *selfsim) (best loopEvidence, found bool) {
	for _, dip := range dips(d) {
		l := loopEvidence{period: dip.p, to: d.n - dip.p, depth: dip.depth, beside: dip.beside, locked: 1}
		if l.severity = min(loopFaint, strength((1-l.depth)/(1-loopDepthLaps), loopLevels/l.beside)); l.severity > best.severity {
			best, found = l, true
		}
	}
	return best, found
}

// shortestRun is how long a return must last, in frames.
func shortestRun(second float64) int {
	return max(loopRunFrames, int(math.Round(loopRunSeconds*second)))
}

// bridge is the longest interruption of a run, in frames.
func bridge(p int) int { return max(3, min(12, p/4)) }

// returning tells whether a pair is well below what is beside it.
func returning(pair, beside float64) bool { return beside >= loopLevels && pair <= loopMatch*beside }

// longestRun is the longest stretch of t in which the pairs are well below what
// is beside them; short interruptions (a cross-fade at the seam) are bridged.
func longestRun(pair, beside []float64, p int) loopEvidence {
	var best loopEvidence
	bridge := bridge(p)
	from, last := -1, 0
	flush := func() {
		if from >= 0 && last+1-from > best.to-best.from {
			best = loopEvidence{from: from, to: last + 1}
		}
		from = -1
	}
	for t := range pair {
		if returning(pair[t], beside[t]) {
			if from < 0 {
				from = t
			}
			last = t
		} else if from >= 0 && t-last > bridge {
			flush()
		}
	}
	flush()
	return best
}

// measure sets the depth of a run of such valleys and how different the content
// beside it is.
func (l *loopEvidence) measure(pair, beside []float64) {
	var sum, base float64
	for t := l.from; t < l.to; t++ {
		sum += pair[t]
		base += beside[t]
	}
	if base > 0 {
		l.depth = 1 - sum/base
		l.beside = base / float64(l.to-l.from)
	}
}

// meanAt is the mean difference at a lag over the frames of the run.
func (l loopEvidence) meanAt(d *selfsim, lag int) float64 {
	to := min(l.to, d.n-lag)
	if to <= l.from {
		return math.Inf(1)
	}
	sum := 0
	for _, v := range d.lag(lag)[l.from:to] {
		sum += int(v)
	}
	return float64(sum) / unit / float64(to-l.from)
}

func refinePeriod(d *selfsim, l loopEvidence) loopEvidence {
	best, at := l.meanAt(d, l.period), l.period
	for p := l.period - 3; p <= l.period+3; p++ {
		if p >= loopShortest && p <= d.lags {
			if m := l.meanAt(d, p); m < best-1e-9 {
				best, at = m, p
			}
		}
	}
	l.to = min(l.to, d.n-at)
	l.period = at
	return l
}

// fundamental replaces the period by the smallest one that serves as well, and
// refuses what is no loop: the texture that a video decoder cycles through on a
// frozen latent has a period of 4 or 8 frames and, unlike motion, is as far
// apart at a lag of one frame as at any other.
func fundamental(d *selfsim, l *loopEvidence) bool {
	v := newValleys(d.n)
	here := l.meanAt(d, l.period)
	profile := make([]float64, l.period+1)
	for k := 1; k <= l.period; k++ {
		profile[k] = l.meanAt(d, k)
	}
	bar := here + 0.25*(l.beside-here)
	for k := 2; k <= l.period*2/3; k++ {
		if profile[k] > bar || profile[k] > profile[k-1] || profile[k] > profile[k+1] {
			continue
		}
		if k < loopShortest {
			return false
		}
		shorter := v.longestAt(d, k)
		if shorter.to-shorter.from >= l.to-l.from {
			shorter.period = k
			*l = shorter
			return fundamental(d, l)
		}
	}
	if l.period <= cycleLongest {
		lo, hi := slices.Min(profile[1:l.period]), slices.Max(profile[1:l.period])
		if lo > 0.75*hi {
			return false
		}
	}
	return true
}

func longestAt(d *selfsim, p int) loopEvidence {
	pair, beside := make([]float64, d.n-p), make([]float64, d.n-p)
	for t := range pair {
		pair[t], beside[t] = valley(d, t, p)
	}
	r := longestRun(pair, beside, p)
	r.measure(pair, beside)
	return r
}

// judge sets lock and severity.
func (l *loopEvidence) judge(d *selfsim, second float64) {
	reach := max(2, min(12, l.period/8))
	var locked, n float64
	for t := l.from; t < l.to; t++ {
		here, nearest := d.at(t, t+l.period), math.Inf(1)
		for k := l.period - reach; k <= l.period+reach; k++ {
			if k > 0 && d.has(t, t+k) {
				nearest = min(nearest, d.at(t, t+k))
			}
		}
		if here <= 1.15*nearest+0.1 {
			locked++
		}
		n++
	}
	l.locked = locked / n
	// A copy is one period away to the frame, and close; a pendulum or a train of
	// waves is only about there. What returns once has no rhythm.
	depth, lock, near, run := loopDepth, loopLocked, loopNearness, float64(shortestRun(second))
	if 2*(l.to-l.from) <= l.period {
		depth, lock = loopDepthOnce, loopLockedOnce
		if l.from <= 2 && l.end() >= d.n-2 && l.meanAt(d, l.period) <= loopStartLevels {
			// The start is replayed until the clip ends, as extrapolated positions do.
			near, run = loopNearnessStart, loopRunStart*run
		}
	}
	// A copied frame is nearer than the next frame is; what merely comes round
	// again (light, a wave) seldom gets as near.
	copied := l.meanAt(d, l.period) / (near * (l.meanAt(d, 1) + loopNoise))
	if l.repeats() > 1 {
		depth = loopDepthLaps
		// Several laps that are on time to the frame need not be as near: an encoder
		// may have blurred them.
		copied /= 2
	}
	// A rhythm shows at least half of a period; what returns for less, once, until the
	// clip ends has none.
	if l.early = phaseError(d, l.from, l.to, l.period); math.IsNaN(l.early) || 2*(l.to-l.from) <= l.period && l.end() >= d.n-2 {
		l.early = 0
	}
	unlocked := (1 - l.locked) / (1 - lock)
	if 2*(l.to-l.from) <= l.period && unlocked <= 1 {
		unlocked = 0
	}
	l.rhythm = strength(max((1-l.depth)/(1-depth), copied), run/float64(l.to-l.from), loopLevels/l.beside)
	l.severity = strength(
		max((1-l.depth)/(1-depth), copied),
		beyond(loopOnTime/loopEarly, l.early/loopEarly),
		unlocked,
		run/float64(l.to-l.from),
		loopLevels/l.beside,
	)
	l.periodic = l.locked < lock || l.early > loopEarly
}
