package lvsa

import (
	"fmt"
	"math"
	"slices"
)

// riflex lowers the one temporal frequency whose period is near the length
// after which the model repeats itself, so that the video is at most one
// period long (Zhao et al. 2025, arXiv 2502.15894).
//
//	official: k nearest in rounded period to the first observed repetition;
//	          freq = 0.9 * 2 pi / L_test, where L_test > rounded period
//	lvsa:     k nearest in period to the training horizon; freq = 2 pi / L_test
type riflex struct {
	lvsa       bool
	index      int     // pair counted from 0; -1 by the variant's rule
	repetition float64 // latent frames; 0 is the training horizon
	length     float64 // L_test in latent frames; 0 is the video's length
	always     bool    // at and below the horizon too, for fine-tuned checkpoints
}

func (x riflex) rope(g Geometry, base Rope) (Rope, error) {
	if !x.always {
		s, err := stretch(g, "riflex")
		if err != nil || s == 0 {
			return base, err
		}
	}
	k, err := x.pair(g, base)
	if err != nil {
		return Rope{}, err
	}
	length, factor := x.length, 0.9
	if length == 0 {
		length = float64(g.Frames)
	}
	period := 2 * math.Pi / (base.Freqs[k] * base.PositionScale)
	if x.lvsa {
		factor = 1
	} else if !x.always && length <= math.RoundToEven(period) {
		return base, nil // the published condition
	}
	f := factor * 2 * math.Pi / (length * base.PositionScale)
	if f > base.Freqs[k] {
		return Rope{}, fmt.Errorf("lvsa: riflex would raise the frequency of temporal pair %d: its period is %.4g latent frames, "+
			"L_test %.4g allows %.4g: name a lower index or a greater l_test", k, period, length, length/factor)
	}
	base.Freqs = slices.Clone(base.Freqs)
	base.Freqs[k] = f
	return base, nil
}

// pair is the index of the frequency to lower.
func (x riflex) pair(g Geometry, base Rope) (int, error) {
	n := len(base.Freqs)
	if n == 0 {
		return 0, fmt.Errorf("lvsa: riflex needs a temporal embedding: the model's has no frequencies")
	}
	if x.index >= n {
		return 0, fmt.Errorf("lvsa: riflex index %d: the model has temporal pairs 0..%d", x.index, n-1)
	}
	if x.index >= 0 {
		return x.index, nil
	}
	target := x.repetition
	if target == 0 {
		l, err := g.horizon("riflex")
		if err != nil {
			return 0, err
		}
		target = float64(l)
	}
	if x.lvsa {
		return nearestPeriod(base, target, func(p float64) float64 { return p }), nil
	}
	return nearestPeriod(base, target, math.RoundToEven), nil
}

// nearestPeriod is the first pair whose period, as read, is nearest to target
// latent frames.
func nearestPeriod(r Rope, target float64, read func(float64) float64) int {
	best, at := math.Inf(1), 0
	for k, f := range r.Freqs {
		if d := math.Abs(read(2*math.Pi/(f*r.PositionScale)) - target); d < best {
			best, at = d, k
		}
	}
	return at
}

// changes compares with the frequencies that the base implies.
func (riflex) changes(g Geometry, r Rope) bool {
	own := NewRope(r.Theta, 2*len(r.Freqs))
	for k, f := range r.Freqs {
		if g.Frames > 1 && math.Abs(f-own.Freqs[k]) > 1e-6*f {
			return true
		}
	}
	return false
}
