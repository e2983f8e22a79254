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
	for t := 2; t < c.n; t++ {
		content := a[t] / (around(a, shot{1, c.n}, t, jumpReach, 0.85) + seamNoise)
		if content >= seamStep && (a[t] < seamLevels || !c.steps(t, a[t])) {
			content = 1
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
		}
		if z[t] >= seamStep && content >= seamCut && c.otherScene(t) > 1 {
			z[t] = 0
		}
	}
	return z
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
	gain := func(t int) float64 { return min(z[t], 3*seamStep) - seamStep }
	var best seamEvidence
	bestGain, steps := 0.0, 0.0
	for s := seamShortest; 2*s < c.n; s++ {
		for o := range s {
			var g, hits, n, size float64
			for t := s - o; t < c.n; t += s {
				g += gain(t)
				n++
				if z[t] >= seamStep {
					hits++
					size += z[t]
				}
			}
			// Two steps are a train only if the first chunk is as long as the second.
			if hits < 2 || hits < 3 && o > 2 || g <= bestGain {
				continue
			}
			bestGain = g
			best = seamEvidence{spacing: s, size: size / hits, regular: hits / n}
			steps = hits
			if o <= 2 {
				steps++
			}
			for t := s - o; t < c.n; t += s {
				if z[t] >= seamStep {
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
		if z[t] >= seamStep && !slices.Contains(best.at, t) {
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
