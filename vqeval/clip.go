package vqeval

import (
	"context"
	"fmt"
	"math"
)

// clip is a video with all that the detectors look at. They only read it.
type clip struct {
	src     *Source // on an even time grid
	n       int     // frames
	second  float64 // frames a second
	p       *planes
	raw     *planes // p with the means
	light   *light
	d       *selfsim
	a       *activity
	cuts    []int
	shots   []shot
	mirrors []mirrorEvidence
	still   []staticEvidence // of every shot that is long enough
}

// lookAhead of the activity at so many frames a second.
func lookAhead(second float64) int { return max(leastFrames, int(math.Round(second))) }

func newClip(ctx context.Context, s *Source) (*clip, error) {
	c := &clip{src: s, n: len(s.Luma), second: s.second()}
	var made prepared
	steps := []func(){
		func() { made = s.ready(); c.p = made.p },
		func() {
			if c.raw = made.raw; c.raw == nil {
				c.raw = withMean(c.p)
			}
		},
		func() {
			if c.light = made.light; c.light == nil {
				c.light = newLight(s)
			}
		},
		func() {
			if c.d = made.d; c.d == nil {
				c.d = newSelfsim(c.p)
			}
		},
		func() { c.mirrors = findMirrors(c) },
		func() {
			if c.a = made.a; c.a == nil || made.second != lookAhead(c.second) {
				c.a = newActivity(c.p, lookAhead(c.second))
			}
		},
		func() { c.cuts = findCuts(s, c.d); c.shots = shots(c.n, c.cuts) },
		func() { c.still = findStatic(c.src, c.p, c.d, c.a, c.shots, c.second) },
	}
	for _, f := range steps {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("vqeval: %w", context.Cause(ctx))
		}
		f()
	}
	return c, nil
}
