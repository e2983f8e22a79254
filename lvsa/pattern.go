package lvsa

import (
	"fmt"
	"slices"
)

// Pattern says which latent frames each latent frame attends to: the anchors,
// which everyone sees, and a window of its own. All tokens of a frame share
// its keys. The zero value is not a pattern; see [ComputePattern].
type Pattern struct {
	Frames   int      // T
	Interval int      // distance of periodic anchors, 0 without them
	Offset   int      // frame of the first periodic anchor
	Anchors  []int    // ascending
	Windows  [][2]int // inclusive bounds per query frame; empty is [f, f-1]
}

// patternConfig is a pattern at one step: no schedule and no automatic choice.
type patternConfig struct {
	frames, window, first int
	interval, offset      int // interval 0: no periodic anchors
	expand                bool
	guards                []int // frames that are anchors whatever the offset
}

func newPattern(c patternConfig) (Pattern, error) {
	p := Pattern{Frames: c.frames, Interval: c.interval, Offset: c.offset, Windows: make([][2]int, c.frames)}
	is := make([]bool, c.frames)
	for f := range min(c.first, c.frames) {
		is[f] = true
	}
	if c.interval > 0 {
		for i := range ceilDiv(c.frames, c.interval) {
			is[(c.offset+i*c.interval)%c.frames] = true
		}
	}
	for _, f := range c.guards {
		if f < 0 || f >= c.frames {
			return Pattern{}, fmt.Errorf("lvsa: guard frame %d of %d latent frames: want 0..%d", f, c.frames, c.frames-1)
		}
		is[f] = true
	}
	p.Anchors = []int{}
	free := make([]int, c.frames+1) // free[f]: frames before f that are no anchors
	for f, a := range is {
		free[f+1] = free[f]
		if a {
			p.Anchors = append(p.Anchors, f)
		} else {
			free[f+1]++
		}
	}
	if c.window == 0 && len(p.Anchors) == 0 {
		return Pattern{}, fmt.Errorf("lvsa: window 0, first 0 and interval none leave every frame without keys: " +
			"want a window or first of at least 1, or an interval")
	}
	for f := range p.Windows {
		if c.window == 0 {
			p.Windows[f] = [2]int{f, f - 1}
			continue
		}
		lo, hi := adaptiveWindow(f, c.frames, c.window)
		if c.expand {
			lo, hi = expandWindow(lo, hi, c.window, free)
		}
		p.Windows[f] = [2]int{lo, hi}
	}
	return p, nil
}

// adaptiveWindow is shifted at the ends of the video rather than clipped, so
// that it always spans min(2w+1, frames).
func adaptiveWindow(f, frames, w int) (lo, hi int) {
	return max(0, min(f-w, frames-1-2*w)), min(frames-1, max(f+w, 2*w))
}

// expandWindow widens a window, left first, until it holds min(2w+1, frames
// that are no anchors) frames that are no anchors.
func expandWindow(lo, hi, w int, free []int) (int, int) {
	frames := len(free) - 1
	target := min(2*w+1, free[frames])
	for free[hi+1]-free[lo] < target {
		if lo > 0 {
			lo--
		}
		if free[hi+1]-free[lo] >= target {
			break
		}
		// Not both ends are reached: the whole video holds the target.
		if hi < frames-1 {
			hi++
		}
	}
	return lo, hi
}

// DensePattern is every frame attending to all frames.
func DensePattern(frames int) Pattern {
	p := Pattern{Frames: frames, Anchors: []int{}, Windows: make([][2]int, frames)}
	for f := range p.Windows {
		p.Windows[f] = [2]int{0, frames - 1}
	}
	return p
}

// check verifies a pattern that was put together by hand.
func (p Pattern) check() error {
	if p.Frames < 1 || p.Frames > maxFrames {
		return fmt.Errorf("lvsa: pattern of %d latent frames: want 1..%d", p.Frames, maxFrames)
	}
	if len(p.Windows) != p.Frames {
		return fmt.Errorf("lvsa: pattern of %d latent frames has %d windows", p.Frames, len(p.Windows))
	}
	last := -1
	for _, a := range p.Anchors {
		if a <= last || a >= p.Frames {
			return fmt.Errorf("lvsa: pattern has anchors %v: want ascending frames in 0..%d", p.Anchors, p.Frames-1)
		}
		last = a
	}
	for f, w := range p.Windows {
		if w[1] < w[0] {
			if len(p.Anchors) == 0 {
				return fmt.Errorf("lvsa: pattern leaves frame %d without keys", f)
			}
			continue
		}
		if w[0] < 0 || w[1] >= p.Frames {
			return fmt.Errorf("lvsa: pattern has window [%d,%d] at frame %d: want 0..%d", w[0], w[1], f, p.Frames-1)
		}
	}
	return nil
}

// Attends reports whether query frame q sees key frame k.
func (p Pattern) Attends(q, k int) bool {
	if w := p.Windows[q]; w[0] <= k && k <= w[1] {
		return true
	}
	_, ok := slices.BinarySearch(p.Anchors, k)
	return ok
}

// Keys are the frames that query frame q sees, ascending.
func (p Pattern) Keys(q int) []int {
	keys := make([]int, 0, p.attended(q))
	w := p.Windows[q]
	lo, _ := slices.BinarySearch(p.Anchors, w[0])
	hi, _ := slices.BinarySearch(p.Anchors, w[1]+1)
	if w[1] < w[0] {
		return append(keys, p.Anchors...)
	}
	keys = append(keys, p.Anchors[:lo]...)
	for f := w[0]; f <= w[1]; f++ {
		keys = append(keys, f)
	}
	return append(keys, p.Anchors[hi:]...)
}

// attended is the number of frames that query frame q sees.
func (p Pattern) attended(q int) int {
	w := p.Windows[q]
	if w[1] < w[0] {
		return len(p.Anchors)
	}
	lo, _ := slices.BinarySearch(p.Anchors, w[0])
	hi, _ := slices.BinarySearch(p.Anchors, w[1]+1)
	return len(p.Anchors) - (hi - lo) + w[1] - w[0] + 1
}

// Attended is the number of frames that each query frame sees.
func (p Pattern) Attended() []int {
	n := make([]int, p.Frames)
	for f := range n {
		n[f] = p.attended(f)
	}
	return n
}

// Fraction is the attended share of frame pairs, 0..1.
func (p Pattern) Fraction() float64 {
	sum := 0
	for f := range p.Frames {
		sum += p.attended(f)
	}
	return float64(sum) / (float64(p.Frames) * float64(p.Frames))
}

// Dense reports whether every frame sees every frame. The interval does not
// tell: an interval of 2 is dense where anchors and window make up the video.
func (p Pattern) Dense() bool {
	for f := range p.Frames {
		if p.attended(f) < p.Frames {
			return false
		}
	}
	return true
}
