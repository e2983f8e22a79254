package lvsa

import (
	"fmt"

	"longtake/kernels"
)

// Static is the method that attends by one pattern with one edit of the
// logits at every step and layer. A logit Scale of 0 stands for 1/sqrt(D).
func Static(p Pattern, l kernels.Logits) (Method, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return &method{name: "static", patterns: staticPattern{p}, edits: staticLogits{l}}, nil
}

type staticPattern struct{ p Pattern }

func (s staticPattern) patterns(g Geometry) (patternPlan, error) {
	if s.p.Frames != g.Frames {
		return nil, fmt.Errorf("lvsa: the pattern is of %d latent frames, the video of %d", s.p.Frames, g.Frames)
	}
	return s, nil
}

func (s staticPattern) key(_, _ int) patternKey           { return patternKey{} }
func (s staticPattern) build(patternKey) (Pattern, error) { return s.p, nil }
func (s staticPattern) sparse() (bool, error)             { return !s.p.Dense(), nil }

type staticLogits struct{ l kernels.Logits }

func (s staticLogits) logits(Geometry) (kernels.Logits, error) { return s.l, nil }

// densePatterns attends to everything at any length.
type densePatterns struct{}

func (densePatterns) patterns(g Geometry) (patternPlan, error) {
	return staticPattern{DensePattern(g.Frames)}, nil
}
