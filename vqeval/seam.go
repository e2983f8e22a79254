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
// of the changes around it, and 0 at a cut to another scene.
func (c *clip) stepSizes() []float64 {
	a := c.adjacentAcross()
	type series struct {
		level, change []float64
		noise         float64
	}
	var all []series
	add := func(level []float64, noise float64) {
		change := make([]float64, c.n)
		for t := 1; t < c.n; t++ {
			change[t] = math.Abs(level[t] - level[t-1])
		}
		all = append(all, series{level, change, noise})
	}
	add(c.p.mean, seamTone)
	add(c.p.spread, seamTone)
	if c.src.Look != nil {
		cb, cr := make([]float64, c.n), make([]float64, c.n)
		for t, l := range c.src.Look {
			cb[t], cr[t] = l.Cb, l.Cr
		}
		add(cb, seamChroma)
		add(cr, seamChroma)
	}
	z := make([]float64, c.n)
	shifts := c.shifts()
	for t := 2; t < c.n; t++ {
		content := a[t] / (around(a, shot{1, c.n}, t, jumpReach, 0.85) + seamNoise)
		if content >= seamStep && (a[t] < seamLevels || !c.steps(t, a[t])) {
			content = 1
		}
		if content >= seamStep && c.moves(t) < jumpMoves {
			continue // the next slide
		}
		z[t] = content
		if t+2 >= c.n {
			// Of the last frames it is not known what stays.
			if content < seamClear {
				z[t] = 0
			}
		} else {
			for _, s := range all {
				z[t] = max(z[t], c.levelStep(s.level, s.change, t, s.noise))
			}
			for _, s := range shifts {
				z[t] = max(z[t], shiftStep(s, t))
			}
		}
		if z[t] >= seamStep && (content >= seamCut && c.otherScene(a, t, c.skipped(t, a[t])) > 1 || content >= seamStep && c.unrelated(a, t)) {
			z[t] = 0
		}
	}
	return z
}

// unrelated tells whether the frames before and from t have neither their content nor their
// looks or colours in common, as two shots of lively scenes have not. A step of exposure leaves the
// content.
func (c *clip) unrelated(a []float64, t int) bool {
	return a[t] >= seamContent*(c.p.spread[t-1]+c.p.spread[t])/2 &&
		(lookDistance(c.src, t-1, t) >= seamLooks || c.otherColours(a, t) > 1)
}

// levelStep is the step of a level at t against its changes around, 0 where the level
// comes back at once.
func (c *clip) levelStep(level, change []float64, t int, noise float64) float64 {
	z := change[t] / (around(change, shot{1, c.n}, t, jumpReach, 0.85) + noise)
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
	var best seamEvidence
	bestGain, steps := 0.0, 0.0
	for s := seamShortest; 2*s < len(z); s++ {
		for o := range s {
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
			if hits < 2 || hits < 3 && o > 2 || g <= bestGain {
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
