package vqeval

import (
	"fmt"
	"math"
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

func seamEvents(c *clip, _ *Facts) []event {
	e := findSeams(c)
	if e.severity == 0 {
		return nil
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

// stepSizes are the steps of content, exposure and contrast at every frame in units of
// the changes around it, and 0 at a cut to another scene.
func (c *clip) stepSizes() []float64 {
	a := c.adjacentAcross()
	mean, spread := make([]float64, c.n), make([]float64, c.n)
	for t := 1; t < c.n; t++ {
		mean[t] = math.Abs(c.p.mean[t] - c.p.mean[t-1])
		spread[t] = math.Abs(c.p.spread[t] - c.p.spread[t-1])
	}
	z := make([]float64, c.n)
	all := shot{1, c.n}
	for t := 2; t+2 < c.n; t++ {
		content := a[t] / (around(a, all, t, jumpReach, 0.85) + seamNoise)
		if content >= seamStep && (a[t] < seamLevels || !c.steps(t, a[t])) {
			content = 1
		}
		exposure := c.levelStep(c.p.mean, mean, t)
		contrast := c.levelStep(c.p.spread, spread, t)
		z[t] = max(content, exposure, contrast)
		if z[t] >= seamStep && content >= 2*jumpRatio && !c.sameScene(t) {
			z[t] = 0
		}
	}
	return z
}

// levelStep is the step of a level at t against its changes around, 0 where the level
// comes back at once.
func (c *clip) levelStep(level, change []float64, t int) float64 {
	z := change[t] / (around(change, shot{1, c.n}, t, jumpReach, 0.85) + seamTone)
	if math.Abs(level[t+1]-level[t-1]) < 0.6*change[t] || math.Abs(level[t]-level[t-2]) < 0.6*change[t] {
		return 0
	}
	return z
}

func findSeams(c *clip) seamEvidence {
	z := c.stepSizes()
	gain := func(t int) float64 { return min(z[t], 3*seamStep) - seamStep }
	var best seamEvidence
	bestGain := 0.0
	for s := seamShortest; 2*s < c.n; s++ {
		for o := range s {
			var g, hits, n, size float64
			for t := s - o; t < c.n-2; t += s {
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
			for t := s - o; t < c.n-2; t += s {
				if z[t] >= seamStep {
					best.at = append(best.at, t)
				}
			}
		}
	}
	if best.at == nil {
		return best
	}
	// Steps elsewhere speak against a train.
	others := 0
	for t := range z {
		if z[t] >= seamStep {
			others++
		}
	}
	others -= len(best.at)
	best.severity = strength(
		0.7*seamClear/best.size,
		(1-best.regular)/(1-seamRegular),
		0.6*math.Pow(seamLeast/float64(len(best.at)), 2), // two steps have a spacing by chance
		float64(others)/(seamOthers*float64(len(best.at))),
	)
	return best
}
