package lvsa

import (
	"fmt"
	"math"
	"slices"

	"longtake/kernels"
)

// UltraViCo decays positive attention logits between tokens that are further
// apart than half the training horizon (arXiv 2511.20123). All distances are
// between flattened tokens, so that the window cuts through frames.
type UltraViCo struct {
	// Paper selects the formula (Eq. 5 and 6), false the published kernels'
	// arithmetic without its 8 bit integers. They differ in the periodic
	// bands: the kernel has the first four only and lets them win over the
	// window.
	Paper bool
	Alpha float64 // factor outside of the window, 0..1

	// Around multiples of Period latent frames, within Gamma frames, the
	// factor is Beta. Period 0 has no such bands.
	Beta, Gamma, Period float64

	SmoothK    bool    // centre K over its tokens before the sign is tested
	FirstFrame bool    // queries of frame 0, and one token more, see no key beyond Reference frames and one token
	Window     float64 // half-width in tokens; 0 is half the reference horizon
	Always     bool    // at and below the reference horizon too
}

// kernelBands is the number of periodic bands in the published kernel.
const kernelBands = 4

// logits is the edit for this video, nothing at or below the horizon.
func (u UltraViCo) logits(g Geometry) (kernels.Logits, error) {
	l, err := g.horizon("ultravico")
	if err != nil {
		return kernels.Logits{}, err
	}
	if g.Frames <= l && !u.Always {
		return kernels.Logits{}, nil
	}
	return u.Logits(g), nil
}

// Logits is the edit whatever the length of the video; Scale is unset.
func (u UltraViCo) Logits(g Geometry) kernels.Logits {
	unit := float64(g.TokensPerFrame())
	window := u.Window
	if window == 0 {
		window = unit * float64(g.Reference) / 2
	}
	l := kernels.Logits{CenterK: u.SmoothK, PositiveOnly: true, Bands: u.bands(g.Tokens(), unit, math.Floor(window))}
	if g.TextTokens > 0 {
		l.VideoTokens = g.Tokens()
	}
	if u.FirstFrame {
		cut := kernels.Rect{
			Q0: 0, Q1: int32(min(g.TokensPerFrame()+1, g.Tokens())),
			K0: int32(min(g.TokensPerFrame()*g.Reference+1, g.Tokens())), K1: int32(g.Tokens()),
		}
		if cut.K0 < cut.K1 {
			l.Cut = []kernels.Rect{cut}
		}
	}
	return l
}

// bands are the factors of the distances below tokens.
func (u UltraViCo) bands(tokens int, unit, window float64) []kernels.Band {
	far := float64(tokens - 1)
	type span struct{ lo, hi float64 }
	var periodic []span
	ends := []float64{window, far}
	if u.Period > 0 {
		for m := 1; u.Paper || m <= kernelBands; m++ {
			s := span{math.Ceil(unit * (float64(m)*u.Period - u.Gamma)), math.Floor(unit * (float64(m)*u.Period + u.Gamma))}
			if s.lo > far {
				break
			}
			if s.hi < s.lo {
				continue // narrower than a token
			}
			periodic = append(periodic, s)
			ends = append(ends, s.lo-1, s.hi)
		}
	}
	factor := func(d float64) float32 {
		band := slices.ContainsFunc(periodic, func(s span) bool { return s.lo <= d && d <= s.hi })
		switch {
		case d <= window && (u.Paper || !band):
			return 1
		case band:
			return float32(u.Beta)
		}
		return float32(u.Alpha)
	}
	slices.Sort(ends)
	var bands []kernels.Band
	for _, to := range ends {
		if to < 0 || to > far {
			continue
		}
		b := kernels.Band{To: float32(to), Factor: factor(to)}
		if n := len(bands); n > 0 && (bands[n-1].To == b.To || bands[n-1].Factor == b.Factor) {
			bands[n-1].To = b.To
			continue
		}
		bands = append(bands, b)
	}
	return bands
}

// Classes draws what happens to every pair of tokens, a line per query,
// whatever the length of the video: 0 nothing, 1 times Alpha where positive, 2
// times Beta where positive, 3 removed. The last paddedText text tokens are
// padding: they neither see nor are seen. It is meant for tests and small
// pictures.
func (u UltraViCo) Classes(g Geometry, paddedText int) []string {
	l := u.Logits(g)
	n := g.Tokens() + g.TextTokens
	if paddedText > 0 {
		from, to := int32(n-paddedText), int32(n)
		l.Cut = append(l.Cut, kernels.Rect{Q0: from, Q1: to, K0: 0, K1: to}, kernels.Rect{Q0: 0, Q1: to, K0: from, K1: to})
	}
	lines := make([]string, n)
	row := make([]byte, n)
	for q := range n {
		for k := range n {
			row[k] = u.class(l, q, k)
		}
		lines[q] = string(row)
	}
	return lines
}

func (u UltraViCo) class(l kernels.Logits, q, k int) byte {
	for _, c := range l.Cut {
		if int(c.Q0) <= q && q < int(c.Q1) && int(c.K0) <= k && k < int(c.K1) {
			return '3'
		}
	}
	if l.VideoTokens > 0 && max(q, k) >= l.VideoTokens {
		return '0'
	}
	d := max(q-k, k-q)
	for i, b := range l.Bands {
		if i < len(l.Bands)-1 && float32(d) > b.To {
			continue
		}
		switch b.Factor {
		case 1:
			return '0'
		case float32(u.Alpha):
			return '1'
		}
		return '2'
	}
	return '0'
}

func (u UltraViCo) check() error {
	factor := func(x float64) bool { return x > 0 && x <= 1 }
	frames := func(x float64) bool { return x >= 0 && x <= maxFrames }
	switch {
	case !factor(u.Alpha):
		return fmt.Errorf("lvsa: ultravico alpha %v: want more than 0, at most 1", u.Alpha)
	case !frames(u.Period) || !frames(u.Gamma) || u.Period > 0 && u.Period < 1:
		return fmt.Errorf("lvsa: ultravico period %v and gamma %v: want 1..%[3]d (0 for no bands) and 0..%[3]d latent frames", u.Period, u.Gamma, maxFrames)
	case u.Period > 0 && (!factor(u.Beta) || u.Beta > u.Alpha):
		return fmt.Errorf("lvsa: ultravico beta %v: want more than 0, at most alpha (%v)", u.Beta, u.Alpha)
	case !(u.Window >= 0) || math.IsInf(u.Window, 0):
		return fmt.Errorf("lvsa: ultravico window %v: want tokens, or 0 for half the reference horizon", u.Window)
	}
	return nil
}
