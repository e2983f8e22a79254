package vqeval

import (
	"math"
	"slices"
)

// pulse is a stretch in which the pace rises and falls by a cycle of a few frames although what
// moves is as fast as outside it. Frames that are held at an even distance look so after heavy
// coding: an encoder that blends frames, two or four of them at a time, into each other leaves no
// frame still and stretches the cycle to what its own groups and the distance have in common.
// Its own groups alone let the pace pulse everywhere in the clip.
type pulse struct {
	cycle    int // frames
	from, to int // frames: of the steps to them
	fold     []float64
	depth    float64 // root mean square of the fold of the pace, over its mean
	regular  float64 // share of what the pace varies by that the fold explains
	outside  float64 // depth of the fold of what is outside the stretch
	pace     float64 // mean step inside, grey levels
	faster   float64 // over that outside
	rough    float64 // root mean square of the steps of the fold, over its depth
	severity float64
}

// pulseCycles are those of frames held every third to fifth time, and their least common multiples with
// groups of two and four.
var pulseCycles = []int{3, 4, 5, 6, 8, 10, 12}

// findPulse is the clearest pulse in a row of adjacent differences.
func findPulse(a []float64) pulse {
	var best pulse
	for _, cycle := range pulseCycles {
		y := relativePace(a, cycle)
		p := pulse{cycle: cycle}
		if p.from, p.to = p.stretch(y); p.to-p.from < 2*cycle {
			continue
		}
		p.judge(a, y)
		if p.severity > best.severity {
			best = p
		}
	}
	return best
}

// relativePace is by how much each step is larger than the mean of those within a cycle of it, over that
// mean.
func relativePace(a []float64, cycle int) []float64 {
	y := make([]float64, len(a))
	for t := 1; t < len(a); t++ {
		if m := mean(a[max(1, t-cycle):min(len(a), t+cycle+1)]); m > 0 {
			y[t] = min(a[t]/m-1, pulseMost)
		}
	}
	return y
}

// stretch is where the relative pace is most like that one cycle before.
func (p *pulse) stretch(y []float64) (from, to int) {
	var sum, most float64
	start := p.cycle + 1
	for t := start; t < len(y); t++ {
		e := y[t] - y[t-p.cycle]
		sum += y[t]*y[t-p.cycle] - e*e/2 - pulseNoise
		if sum < 0 {
			sum, start = 0, t+1
		}
		if sum > most {
			most, from, to = sum, start-p.cycle, t+1
		}
	}
	return from, to
}

// folded is the mean of y at each place of the cycle over [from,to), and the mean square of that with what noise
// adds to it taken off.
func (p *pulse) folded(y []float64, from, to int) (fold []float64, square, all float64) {
	fold, n := make([]float64, p.cycle), make([]float64, p.cycle)
	for t := from; t < to; t++ {
		fold[t%p.cycle] += y[t]
		n[t%p.cycle]++
		all += y[t] * y[t]
	}
	for k := range fold {
		if n[k] > 0 {
			fold[k] /= n[k]
			square += n[k] * fold[k] * fold[k]
		}
	}
	frames := float64(to - from)
	square -= (all - square) / max(1, frames-float64(p.cycle)) * float64(p.cycle)
	return fold, max(0, square) / frames, all / frames
}

func (p *pulse) judge(a, y []float64) {
	fold, square, all := p.folded(y, p.from, p.to)
	p.fold, p.depth = fold, math.Sqrt(square)
	p.regular = square / max(1e-9, all)
	p.pace = mean(a[p.from:p.to])
	var out, pace, n float64
	least := max(2*p.cycle, min(2*cadenceLongest, len(a)/cadenceThrough)) // what a conversion may leave out at an end
	for _, s := range []shot{{1, p.from}, {p.to, len(a)}} {
		if s.to-s.from >= least {
			_, square, _ := p.folded(y, s.from, s.to)
			frames := float64(s.to - s.from)
			out, pace, n = out+square*frames, pace+mean(a[s.from:s.to])*frames, n+frames
		}
	}
	if n == 0 || p.depth == 0 {
		return // what goes on to both ends is a conversion, or the rhythm of what is shown
	}
	p.outside = math.Sqrt(out / n)
	p.faster = p.pace / max(1e-9, pace/n)
	for k, v := range fold {
		e := v - fold[(k+1)%len(fold)]
		p.rough += e * e
	}
	p.rough = math.Sqrt(p.rough/float64(len(fold))) / p.depth
	p.severity = strength(
		pulseDepth/p.depth,
		(1-p.regular)/(1-pulseRegular),
		beyond(pulseOutsideFree, p.outside/p.depth/pulseOutside),
		pulseTimes*float64(p.cycle)/float64(p.to-p.from),
		pulseFrames/float64(p.to-p.from),
		pulseLevels/p.pace,
		beyond(pulsePaceFree, pulseSlower/p.faster), // what is slow encoders move in steps
		beyond(pulsePaceFree, p.faster/pulseFaster),
		beyond(pulseSmoothFree, pulseSmooth/p.rough), // a camera that shakes goes faster and slower gradually
		beyond(pulseTurnsFree, p.rough/2),            // large and small steps by turns are the encoder's
		beyond(pulseAloneFree, p.alone()/pulseAlone), // a train of single steps is one of seams
	)
	// Coding lets most clips pulse a little: what is less than clear hardly counts.
	p.severity *= math.Pow(min(1, 2*p.severity), 3)
}

// alone is the share of what the fold of a long cycle varies by that two places beside each other hold: frames
// that are held every few times make a long cycle go up more than once.
func (p *pulse) alone() float64 {
	if p.cycle < seamShortest {
		return 0
	}
	var most, all float64
	for k, v := range p.fold {
		next := p.fold[(k+1)%p.cycle]
		most, all = max(most, v*v+next*next), all+v*v
	}
	return most / max(1e-9, all)
}

// frames are those at the slow places of the cycle.
func (p *pulse) frames() []int {
	if len(p.fold) == 0 {
		return nil
	}
	least := slices.Min(p.fold)
	low := max(least, least/2)
	var out []int
	for t := p.from; t < p.to; t++ {
		if p.fold[t%p.cycle] <= low {
			out = append(out, t)
		}
	}
	return out
}
