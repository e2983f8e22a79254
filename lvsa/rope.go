package lvsa

import (
	"fmt"
	"math"
)

// NewRope is a model's own temporal embedding: dims/2 pairs of frequencies
// theta^(-2k/dims).
func NewRope(theta float64, dims int) Rope {
	r := Rope{Theta: theta, Freqs: make([]float64, dims/2), PositionScale: 1, LogitScale: 1}
	for k := range r.Freqs {
		r.Freqs[k] = math.Pow(theta, -2*float64(k)/float64(dims))
	}
	return r
}

// Angle is how far frame f turns pair k, in radians.
func (r Rope) Angle(f, k int) float64 { return float64(f) * r.PositionScale * r.Freqs[k] }

func (r Rope) check() error {
	positive := func(x float64) bool { return x > 0 && !math.IsInf(x, 0) }
	if !positive(r.PositionScale) || !positive(r.LogitScale) {
		return fmt.Errorf("lvsa: rope with position scale %v and logit scale %v: want positive numbers, 1 where nothing is edited",
			r.PositionScale, r.LogitScale)
	}
	for k, f := range r.Freqs {
		if !positive(f) {
			return fmt.Errorf("lvsa: rope has temporal frequency %v at pair %d: want a positive number", f, k)
		}
	}
	return nil
}

// ropeEdit changes the temporal embedding beyond the horizon.
type ropeEdit interface {
	rope(Geometry, Rope) (Rope, error)
	// changes reports whether the embedding that rope returned differs from
	// the model's.
	changes(Geometry, Rope) bool
}

// stretch is s = T/L for a video beyond the horizon, else 0.
func stretch(g Geometry, what string) (float64, error) {
	l, err := g.horizon(what)
	if err != nil || g.Frames <= l {
		return 0, err
	}
	return float64(g.Frames) / float64(l), nil
}

func beyond(g Geometry) bool { return g.Reference > 0 && g.Frames > g.Reference }

// pi is position interpolation: positions times L/T (Chen et al. 2023,
// arXiv 2306.15595).
type pi struct{}

func (pi) rope(g Geometry, base Rope) (Rope, error) {
	s, err := stretch(g, "pi")
	if err == nil && s > 0 {
		base.PositionScale /= s
	}
	return base, err
}

func (pi) changes(g Geometry, _ Rope) bool { return beyond(g) }

// ntk stretches the base so that the lowest frequency is interpolated by s
// and the highest is kept: theta * s^(d/(d-2)), d the temporal dims.
type ntk struct{}

func (ntk) rope(g Geometry, base Rope) (Rope, error) {
	s, err := stretch(g, "ntk")
	if err != nil || s == 0 {
		return base, err
	}
	d := 2 * len(base.Freqs)
	if d <= 2 {
		return Rope{}, fmt.Errorf("lvsa: ntk needs more than 2 temporal dims: the model has %d", d)
	}
	if !(base.Theta > 1) || math.IsInf(base.Theta, 0) {
		return Rope{}, fmt.Errorf("lvsa: ntk needs a base above 1: the model's is %v", base.Theta)
	}
	r := NewRope(base.Theta*math.Pow(s, float64(d)/float64(d-2)), d)
	r.PositionScale, r.LogitScale = base.PositionScale, base.LogitScale
	return r, nil
}

func (ntk) changes(g Geometry, _ Rope) bool { return beyond(g) }

// yarn interpolates the frequencies that turn less than alpha times within
// the horizon, keeps those that turn more than beta times, mixes the two
// linearly between, and sharpens the logits by (0.1 ln s + 1)^2 (Peng et al.
// 2023, arXiv 2309.00071).
type yarn struct{ alpha, beta float64 }

func (y yarn) rope(g Geometry, base Rope) (Rope, error) {
	s, err := stretch(g, "yarn")
	if err != nil || s == 0 {
		return base, err
	}
	freqs := make([]float64, len(base.Freqs))
	for k, f := range base.Freqs {
		turns := float64(g.Reference) * base.PositionScale * f / (2 * math.Pi)
		keep := min(max((turns-y.alpha)/(y.beta-y.alpha), 0), 1)
		freqs[k] = f * (keep + (1-keep)/s)
	}
	base.Freqs = freqs
	m := 0.1*math.Log(s) + 1
	base.LogitScale *= m * m
	return base, nil
}

func (yarn) changes(g Geometry, _ Rope) bool { return beyond(g) }

func (y yarn) check() error {
	if !(y.alpha < y.beta) {
		return fmt.Errorf("lvsa: yarn alpha %v and beta %v: want alpha below beta", y.alpha, y.beta)
	}
	return nil
}
