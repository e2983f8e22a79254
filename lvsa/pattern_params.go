package lvsa

import (
	"fmt"
	"math"
)

// PatternParams describe an LVSA pattern at one sampling step, in latent
// frames.
type PatternParams struct {
	LatentFrames int      // T
	Window       int      // half-width W; 0 leaves the anchors alone
	First        int      // leading frames that are anchors
	Reference    int      // training horizon; the automatic interval needs it
	Scale        float64  // sparsity scale: the budget is Reference*Scale frames
	Interval     Interval // of the periodic anchors
	Fixed        bool     // anchors stay at offset 0
	Schedule     Rotation // of rotating anchors; empty is Exact
	NoExpand     bool     // windows may overlap anchors
	Step         int      // sampling step, 0-based
	Guards       []int    // further anchors, such as context-parallel guards
}

// DefaultPatternParams are the project's defaults for a video and the
// training horizon of its model.
func DefaultPatternParams(latentFrames, reference int) PatternParams {
	return PatternParams{LatentFrames: latentFrames, Window: 3, First: 1, Reference: reference, Scale: 1, Schedule: Exact}
}

const maxScale = 1000

func (p PatternParams) check() error {
	count := func(name string, v, lo int) error {
		if v < lo || v > maxFrames {
			return fmt.Errorf("lvsa: %s %d: want %d..%d", name, v, lo, maxFrames)
		}
		return nil
	}
	for _, err := range []error{
		count("latent frames", p.LatentFrames, 1),
		count("window", p.Window, 0),
		count("first", p.First, 0),
		count("interval", int(p.Interval), int(NoInterval)),
	} {
		if err != nil {
			return err
		}
	}
	if p.Interval == AutoInterval {
		if err := count("reference", p.Reference, 1); err != nil {
			return err
		}
	}
	if !(p.Scale > 0 && p.Scale <= maxScale) {
		return fmt.Errorf("lvsa: scale %v: want more than 0, at most %d", p.Scale, maxScale)
	}
	if p.Schedule != "" && p.Schedule != Exact && p.Schedule != Lag1 {
		return fmt.Errorf("lvsa: schedule %q: want %s or %s", p.Schedule, Exact, Lag1)
	}
	if p.Step < 0 || p.Step > math.MaxInt32 {
		return fmt.Errorf("lvsa: step %d: want 0 or more", p.Step)
	}
	return nil
}

// interval resolves the interval; 0 stands for none.
func (p PatternParams) interval() int {
	switch p.Interval {
	case AutoInterval:
		return NewBudget(p.LatentFrames, p.Window, p.First, p.Reference, p.Scale).Interval
	case NoInterval:
		return 0
	}
	return int(p.Interval)
}

// ComputePattern is the pattern as the parameters say. There is no short cut
// at the reference horizon: with an interval of its own, or none, the pattern
// is sparse there too.
func ComputePattern(p PatternParams) (Pattern, error) {
	if err := p.check(); err != nil {
		return Pattern{}, err
	}
	c := patternConfig{
		frames: p.LatentFrames, window: p.Window, first: p.First,
		interval: p.interval(), expand: !p.NoExpand, guards: p.Guards,
	}
	if c.interval > 0 && !p.Fixed {
		c.offset = p.Schedule.offset(p.Step, c.interval)
	}
	return newPattern(c)
}
