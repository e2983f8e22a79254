package lvsa

import (
	"slices"

	"longtake/kernels"
)

// method is a pattern, an edit of the temporal embedding and an edit of the
// logits; each part may be absent.
type method struct {
	name     string
	patterns patternSource
	ropes    ropeEdit // nil: none
	edits    logitEdit
}

// patternSource chooses patterns for a geometry.
type patternSource interface {
	patterns(Geometry) (patternPlan, error)
}

// patternPlan is which pattern runs at which step. Steps with equal keys have
// the same pattern, so that it is built once.
type patternPlan interface {
	key(step, steps int) patternKey
	build(patternKey) (Pattern, error)
	// sparse reports whether a pattern of some step is not dense.
	sparse() (bool, error)
}

type patternKey struct{ window, interval, offset int }

// logitEdit changes logits; the Scale it returns is 0, for 1/sqrt(D), or a
// scale of its own.
type logitEdit interface {
	logits(Geometry) (kernels.Logits, error)
}

func (m *method) Name() string { return m.name }

func (m *method) Rope(g Geometry, base Rope) (Rope, error) {
	if err := g.check(); err != nil {
		return Rope{}, err
	}
	if err := base.check(); err != nil {
		return Rope{}, err
	}
	if m.ropes == nil {
		return base, nil
	}
	return m.ropes.rope(g, base)
}

func (m *method) Begin(b kernels.Backend, g Geometry, rope Rope) (Attention, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	if err := rope.check(); err != nil {
		return nil, err
	}
	a := &attention{
		backend: b, geometry: g, logitScale: rope.LogitScale,
		sites: map[siteKey]*planned{}, content: map[string]*planned{},
	}
	a.ropeEdited = rope.LogitScale != 1 || m.ropes != nil && m.ropes.changes(g, rope)
	var err error
	if a.patterns, err = m.patterns.patterns(g); err != nil {
		return nil, err
	}
	if m.edits != nil {
		if a.logits, err = m.edits.logits(g); err != nil {
			return nil, err
		}
	}
	sparse, err := a.patterns.sparse()
	if err != nil {
		return nil, err
	}
	a.willDiffer = sparse || a.logits.Scale != 0 || cutsBite(a.logits) || bandsReach(a.logits, g.Tokens()-1)
	return a, nil
}

// bandsReach reports whether some distance up to far has a factor that is not 1.
func bandsReach(l kernels.Logits, far int) bool {
	from := float32(0)
	for i, b := range l.Bands {
		last := i == len(l.Bands)-1
		if b.Factor != 1 && from <= float32(far) && (last || b.To >= from) {
			return true
		}
		from = max(from, b.To+1)
	}
	return false
}

// cutsBite reports whether some pair, of text or video, is removed.
func cutsBite(l kernels.Logits) bool {
	return slices.ContainsFunc(l.Cut, func(c kernels.Rect) bool { return c.Q0 < c.Q1 && c.K0 < c.K1 })
}
