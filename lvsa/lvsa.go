package lvsa

import "errors"

// lvsa is the published method (arXiv 2605.31057): anchors, which may rotate
// from step to step, and a window per frame.
type lvsa struct {
	pattern PatternParams // LatentFrames, Step and a Reference of 0 are filled in per video
	rotate  bool
	globals Steps // these steps run without the windows
}

// patterns short-cuts to dense attention while the video fits the budget of
// reference*scale frames, whatever the interval.
func (m lvsa) patterns(g Geometry) (patternPlan, error) {
	p := m.pattern
	p.LatentFrames = g.Frames
	if p.Reference == 0 {
		l, err := g.horizon("lvsa")
		if err != nil {
			return nil, err
		}
		p.Reference = l
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if g.Frames <= NewBudget(p.LatentFrames, p.Window, p.First, p.Reference, p.Scale).Frames {
		return densePatterns{}.patterns(g)
	}
	plan := lvsaPlan{params: p, rotate: m.rotate, globals: m.globals, interval: p.interval()}
	p.Window = 0
	plan.globalsInterval = p.interval() // the budget without windows is another one
	return plan, nil
}

// lvsaPlan holds the intervals with and without windows. An interval that the
// user gave is kept in globals-only steps too.
type lvsaPlan struct {
	params                    PatternParams
	rotate                    bool
	globals                   Steps
	interval, globalsInterval int
}

func (p lvsaPlan) key(step, steps int) patternKey {
	k := patternKey{window: p.params.Window, interval: p.interval}
	if p.globals.cover(step, steps) {
		k.window, k.interval = 0, p.globalsInterval
	}
	if p.rotate && k.interval > 0 {
		k.offset = p.params.Schedule.offset(step, k.interval)
	}
	return k
}

func (p lvsaPlan) build(k patternKey) (Pattern, error) {
	return newPattern(patternConfig{
		frames: p.params.LatentFrames, window: k.window, first: p.params.First,
		interval: k.interval, offset: k.offset, expand: !p.params.NoExpand, guards: p.params.Guards,
	})
}

// sparse builds patterns until one is not dense: the first, as a rule.
func (p lvsaPlan) sparse() (bool, error) {
	keys := []patternKey{{window: p.params.Window, interval: p.interval}}
	if p.globals != (Steps{}) {
		keys = append(keys, patternKey{interval: p.globalsInterval})
	}
	for _, k := range keys {
		offsets := 1
		if p.rotate {
			offsets = max(k.interval, 1)
		}
		for o := range offsets {
			k.offset = o
			pattern, err := p.build(k)
			if err != nil {
				return false, err
			}
			if !pattern.Dense() {
				return true, nil
			}
		}
	}
	return false, nil
}

// check finds what no video can use.
func (m lvsa) check() error {
	p := m.pattern
	if p.First == 0 && p.Interval == NoInterval && len(p.Guards) == 0 && (p.Window == 0 || m.globals != (Steps{})) {
		return errors.New("lvsa: without window, first and interval every frame is left without keys: " +
			"want a window or first of at least 1, or an interval")
	}
	return nil
}
