package vqeval

import "math"

// heldPattern is a stretch in which of every few frames some show the one before once more while
// others go on singly. It is seen by their pace in all: an encoder that blends frames into each other
// leaves something of each step.
type heldPattern struct {
	period, held int // of each so many frames so many are held
	from, to     int // frames: the first that is held, and the one after the last that makes up for it
	times        int
	left         float64 // mean difference of the held frames over that of single steps
	caught       float64 // share of what was held that the next step makes up for
	pace         float64 // single steps, grey levels
	severity     float64
}

// findHeldPattern is the clearest pattern in a row of adjacent differences that does not go on all
// through the clip, as that of a conversion does.
func findHeldPattern(a []float64) heldPattern {
	var best heldPattern
	for period := 3; period <= patternLongest; period++ {
		// Every other frame, or every fourth, is what encoders spend less on.
		for held := 2 - period%2; held+1 < period; held++ {
			for offset := range period {
				p := longestPattern(a, period, held, 1+offset)
				if p.times < patternTimes {
					continue
				}
				p.judge(a)
				if p.severity > best.severity && !p.goesOn(a) {
					best = p
				}
			}
		}
	}
	return best
}

// longestPattern is the stretch in which most of the periods that begin at the given phase hold
// frames and make up for them.
func longestPattern(a []float64, period, held, first int) heldPattern {
	p := heldPattern{period: period, held: held}
	sum, most, from, hits := 0.0, 0.0, first, 0
	for t := first; t+period <= len(a); t += period {
		if p.fits(a, t) {
			sum++
			hits++
		} else {
			sum -= patternMiss
		}
		if sum <= 0 {
			sum, from, hits = 0, t+period, 0
		}
		if sum > most {
			most, p.from, p.to, p.times = sum, from, t+held+1, hits
		}
	}
	return p
}

// fits tells whether frames are held from t on: they differ by less from the ones before than
// single steps do, and the step after them by more.
func (p *heldPattern) fits(a []float64, t int) bool {
	held, next, single := p.steps(a, t)
	return held <= patternLeft*single && next >= patternNext*single
}

// steps are the mean difference of the frames held from t on, that of the next, and that of the
// single steps of the rest of the period.
func (p *heldPattern) steps(a []float64, t int) (held, next, single float64) {
	return mean(a[t : t+p.held]), a[t+p.held], mean(a[t+p.held+1 : t+p.period])
}

// frames are those that are held.
func (p *heldPattern) frames() []int {
	var out []int
	for t := p.from; t < p.to; t++ {
		if p.holds(t) {
			out = append(out, t)
		}
	}
	return out
}

func (p *heldPattern) holds(t int) bool {
	return ((t-p.from)%p.period+p.period)%p.period < p.held
}

func (p *heldPattern) judge(a []float64) {
	var held, next, single, n float64
	for t := p.from; t < p.to; t += p.period {
		h, m, s := p.steps(a, t)
		held, next, single, n = held+h, next+m, single+s, n+1
	}
	p.left, p.pace = held/single, single/n
	p.caught = (next/single - 1) / float64(p.held)
	p.severity = strength(
		p.left/patternMean,
		math.Max(0, 1-p.caught)/(1-patternCaught),
		patternLeast/float64(p.times),
		patternLevels/p.pace,
	)
}

// goesOn tells whether the pattern goes on to both ends of the clip, as far as can be told.
func (p *heldPattern) goesOn(a []float64) bool {
	slack := min(2*cadenceLongest, len(a)/cadenceThrough)
	pace := mean(a[p.from:p.to])
	return (p.from <= slack || goesOn(a[1:p.from], pace, 1, func(i int) bool { return p.holds(1 + i) })) &&
		(p.to >= len(a)-slack || goesOn(a[p.to:], pace, 1, func(i int) bool { return p.holds(p.to + i) }))
}
