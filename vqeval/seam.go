package vqeval

import (
	"fmt"
	"math"
	"slices"
)

// seamEvidence is a train of steps at one spacing, as they stay where a video is
// generated in chunks.
type seamEvidence struct {
	spacing  int
	at       []int
	size     float64 // of the steps, in units of the changes around them
	regular  float64 // share of the places of the train that have a step
	severity float64
}

func seamEvents(c *clip, facts *Facts) []event {
	e := findSeams(c)
	if e.severity == 0 {
		return nil
	}
	if e.severity >= 0.5 {
		// What stays in the scene is no cut.
		facts.Cuts = slices.DeleteFunc(facts.Cuts, func(k int) bool { return slices.Contains(e.at, k) })
	}
	first, last := e.at[0], e.at[len(e.at)-1]
	return []event{{
		kind: "seam", shot: shot{first, last + 1}, hit: e.at, severity: e.severity,
		confidence: e.regular * math.Min(1, float64(len(e.at))/4),
		detail:     Failure{SpacingFrames: e.spacing},
		words: func(j *judge) string {
			return fmt.Sprintf("has %d seams, one every %d frames (%.1f s), from %s", len(e.at), e.spacing, float64(e.spacing)/j.second, j.at(first))
		},
	}}
}

// stepSizes are the steps of content, exposure, contrast and colour at every frame in units
// of the changes around it, and 0 at a cut to another scene. Those around it are of frames that
// are shown anew: where each is shown several times, most changes are none.
func (c *clip) stepSizes() []float64 {
	a := c.adjacentAcross()
	anew := shownAnew(a)
	among := func(v []float64) []float64 {
		out := make([]float64, len(anew))
		for i, t := range anew {
			out[i] = v[t]
		}
		return out
	}
	type series struct {
		level, change []float64
		noise         float64
	}
	// Exposure and colour step by themselves, contrast and place with the content.
	var tones, shapes []series
	add := func(to *[]series, level []float64, noise float64) {
		level = among(level)
		change := make([]float64, len(level))
		for i := 1; i < len(level); i++ {
			change[i] = math.Abs(level[i] - level[i-1])
		}
		*to = append(*to, series{level, change, noise})
	}
	add(&tones, c.p.mean, seamTone)
	add(&shapes, c.p.spread, seamTone)
	if c.src.Look != nil {
		cb, cr := make([]float64, c.n), make([]float64, c.n)
		for t, l := range c.src.Look {
			cb[t], cr[t] = l.Cb, l.Cr
		}
		add(&tones, cb, seamChroma)
		add(&tones, cr, seamChroma)
	}
	z := make([]float64, c.n)
	shifts := c.shifts()
	for i := range shifts {
		shifts[i] = among(shifts[i])
	}
	steps := among(a)
	all := shot{1, len(anew)}
	for i, t := range anew {
		if t < 2 {
			continue
		}
		content := a[t] / (around(steps, all, i, jumpReach, 0.85) + seamNoise)
		seen := clamp01((content - seamPlain) / (seamSeen - seamPlain))
		stays := a[t] >= seamLevels && c.steps(t, a[t])
		if content >= seamStep && !stays {
			content = 1
		}
		// The next slide: among stills nothing but slides is shown anew, so that these are no measure.
		slide := max(content, a[t]/(around(a, shot{1, c.n}, t, jumpReach, 0.85)+seamNoise))
		if stays && slide >= seamStep && c.moves(t) < jumpMoves {
			continue
		}
		z[t] = content
		if t+2 >= c.n || i < 2 || i+1 >= len(anew) {
			// Of the last frames it is not known what stays.
			if content < seamClear {
				z[t] = 0
			}
		} else {
			for _, s := range tones {
				z[t] = max(z[t], levelStep(s.level, s.change, i, s.noise))
			}
			var shape float64
			for _, s := range shapes {
				shape = max(shape, levelStep(s.level, s.change, i, s.noise))
			}
			for _, s := range shifts {
				shape = max(shape, shiftStep(s, i))
			}
			z[t] = max(z[t], shape*seen)
		}
		if z[t] >= seamStep && (content >= seamCut && c.otherScene(c.stepAt(a, t)) > 1 || content >= seamStep && c.unrelated(a, t)) {
			z[t] = 0
		}
	}
	return z
}

// shownAnew are the frames that do not show the one before once more, of adjacent differences.
func shownAnew(a []float64) []int {
	var out []int
	for t := range a {
		if a[t] > stutterLeft*around(a, shot{1, len(a)}, t, stutterReach, 0.85) || t == 0 {
			out = append(out, t)
		}
	}
	return out
}

// unrelated tells whether the frames before and from t have neither their content nor their
// looks or colours in common, as two shots of lively scenes have not. A step of exposure leaves the
// content.
func (c *clip) unrelated(a []float64, t int) bool {
	return a[t] >= seamContent*(c.p.spread[t-1]+c.p.spread[t])/2 &&
		(lookDistance(c.src, t-1, t) >= seamLooks || c.otherColours(c.stepAt(a, t)) > 1)
}

// levelStep is the step of a level at t against its changes around, 0 where the level
// comes back at once.
func levelStep(level, change []float64, t int, noise float64) float64 {
	z := change[t] / (around(change, shot{1, len(change)}, t, jumpReach, 0.85) + noise)
	if math.Abs(level[t+1]-level[t-1]) < 0.6*change[t] || math.Abs(level[t]-level[t-2]) < 0.6*change[t] {
		return 0
	}
	return z
}

func findSeams(c *clip) seamEvidence {
	z := c.stepSizes()
	e := trainOf(z, seamStep)
	if e.at == nil {
		e = trainOf(z, seamSoft)
		e.severity = min(e.severity, seamFaint)
	}
	return e
}

// trainOf is the best train of steps of at least a size.
func trainOf(z []float64, step float64) seamEvidence {
	n := len(z) - 2 // of the last frames it is not known what stays
	gain := func(t int) float64 { return min(z[t], 3*step) - step }
	var all []int // steps
	for t := 1; t < len(z); t++ {
		if z[t] >= step {
			all = append(all, t)
		}
	}
	own := make([]int, len(z)/2+1) // how many of them belong to each train of one spacing
	var best seamEvidence
	bestGain, steps := 0.0, 0.0
	for s := seamShortest; 2*s < len(z) && len(all) > 1; s++ {
		clear(own[:s])
		for _, t := range all {
			own[t%s]++
		}
		for o := range s {
			if own[(s-o)%s] < 2 {
				continue
			}
			var g, hits, places, size float64
			for t := s - o; t < len(z); t += s {
				if t >= n && z[t] < step {
					break
				}
				g += gain(t)
				places++
				if z[t] >= step {
					hits++
					size += z[t]
				}
			}
			// Two steps are a train only if the first chunk is as long as the second.
			if hits < 3 && o > 2 || g <= bestGain {
				continue
			}
			bestGain = g
			best = seamEvidence{spacing: s, size: size / hits, regular: hits / places}
			steps = hits
			// The start of the clip is a step as well; where the first stretch is of another
			// length, one step says only where the train begins.
			if o <= 2 {
				steps++
			} else {
				steps--
			}
			for t := s - o; t < len(z); t += s {
				if z[t] >= step {
					best.at = append(best.at, t)
				}
			}
		}
	}
	if best.at == nil {
		return best
	}
	// Steps elsewhere speak against a train, as far as they are as large.
	others := 0.0
	for t := range z {
		if z[t] >= step && !slices.Contains(best.at, t) {
			others += math.Min(1, math.Pow(z[t]/best.size, 2))
		}
	}
	best.severity = strength(
		0.7*seamClear/best.size,
		(1-best.regular)/(1-seamRegular),
		0.6*math.Pow(seamLeast/steps, 2), // two steps have a spacing by chance
		others/(seamOthers*float64(len(best.at))),
	)
	return best
}
