package lvsa

import (
	"fmt"
	"strconv"
)

// Interval is the distance of periodic anchors in latent frames, or one of
// the words.
type Interval int

// Intervals that are no distance.
const (
	AutoInterval Interval = 0  // chosen from the budget, see [NewBudget]
	NoInterval   Interval = -1 // no periodic anchors
)

// ParseInterval reads "auto", "none" or a number of latent frames. The empty
// string is auto.
func ParseInterval(s string) (Interval, error) {
	switch s {
	case "", "auto":
		return AutoInterval, nil
	case "none":
		return NoInterval, nil
	}
	k, err := strconv.Atoi(s)
	if err != nil || k < 1 || k > maxFrames {
		return 0, fmt.Errorf("lvsa: interval %q: want auto, none or 1..%d latent frames", s, maxFrames)
	}
	return Interval(k), nil
}

func (i Interval) String() string {
	switch i {
	case AutoInterval:
		return "auto"
	case NoInterval:
		return "none"
	}
	return strconv.Itoa(int(i))
}

// Budget is how the automatic interval comes about, in latent frames: the
// published rule is the larger of two heuristics, so that the budget is met
// only approximately, in either direction.
type Budget struct {
	Frames   int // S = max(first+1, trunc(reference*scale)): frames to attend to
	Interval int // the choice; 1 when T <= S, then every frame is an anchor

	// The rest is zero when T <= S.
	Anchors  int // anchors that fill the budget beside the window
	Strict   int // largest interval with that many anchors at offset 0
	Fallback int // interval from the share of frames that the window misses
}

// NewBudget chooses the anchor interval for frames latent frames, a window of
// half-width window and first leading anchors.
func NewBudget(frames, window, first, reference int, scale float64) Budget {
	b := Budget{Frames: max(first+1, int(float64(reference)*scale))}
	if frames <= b.Frames {
		b.Interval = 1
		return b
	}
	b.Anchors = max(first, b.Frames-min(2*window+1, frames))
	b.Strict = 1
	for k := frames; k > 1; k-- {
		if anchorsAtZero(frames, first, k) >= b.Anchors {
			b.Strict = k
			break
		}
	}
	m := 2*window + first
	b.Fallback = ceilDiv(max(frames-m, b.Frames-m), max(b.Frames-m, 1))
	b.Interval = max(b.Strict, b.Fallback)
	return b
}

// anchorsAtZero counts {0..first-1} and the multiples of k below frames.
func anchorsAtZero(frames, first, k int) int {
	first = min(first, frames)
	return first + ceilDiv(frames, k) - ceilDiv(first, k)
}

// ceilDiv is the ceiling of a/b for b > 0 and any a.
func ceilDiv(a, b int) int {
	if a <= 0 {
		return a / b // toward zero is up
	}
	return (a + b - 1) / b
}

// Rotation tells at which step anchors have which offset.
type Rotation string

// Rotations.
const (
	Exact Rotation = "exact" // offset = step mod interval
	Lag1  Rotation = "lag1"  // the published script: steps 0 and 1 share offset 0
)

// offset is the anchor offset of a 0-based step.
func (r Rotation) offset(step, interval int) int {
	if r == Lag1 {
		step = max(step-1, 0)
	}
	return step % interval
}
