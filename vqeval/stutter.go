package vqeval

import (
	"fmt"
)

// stutterEvidence is a set of frames that show their predecessor once more while
// the content around them moves.
type stutterEvidence struct {
	held     []int   // the frames
	left     float64 // mean difference from the predecessor over the pace around it
	cadence  string
	regular  bool // the pattern of a frame-rate conversion
	severity float64
}

func stutterEvents(c *clip, facts *Facts) []event {
	e := findStutter(c)
	if e.regular {
		facts.Cadence = &e.cadence
		return nil
	}
	if e.severity == 0 {
		return nil
	}
	first, last := e.held[0], e.held[len(e.held)-1]
	return []event{{
		kind: "stutter", shot: shot{first, last + 1}, hit: e.held, severity: e.severity,
		confidence: (1 - e.left) * c.lasting(last+1-first),
		detail:     Failure{Cadence: e.cadence},
		words: func(j *judge) string {
			return fmt.Sprintf("%d frames repeat the one before (%s) from %s %s", len(e.held), e.cadence, j.at(first), j.until(last+1))
		},
	}}
}

// adjacent is the difference of every frame from the one before; that of the first
// frame of a shot is that of the next.
func (c *clip) adjacent() []float64 {
	a := make([]float64, c.n)
	for t := 1; t < c.n; t++ {
		a[t] = c.d.at(t-1, t)
	}
	for _, s := range c.shots {
		if s.from+1 < s.to {
			a[s.from] = a[s.from+1]
		}
	}
	return a
}

// around is a quantile of v within reach of t, inside the shot and without t.
func around(v []float64, s shot, t, reach int, q float64) float64 {
	var w []float64
	for u := max(s.from, t-reach); u < min(s.to, t+reach+1); u++ {
		if u != t {
			w = append(w, v[u])
		}
	}
	return quantile(w, q)
}

func findStutter(c *clip) stutterEvidence {
	var e stutterEvidence
	a := c.adjacent()
	fresh := 0 // frames that could have been held
	var left float64
	for _, s := range c.shots {
		for t := s.from + 1; t < s.to; {
			pace := around(a, s, t, stutterReach, 0.85)
			if pace >= stutterLevels {
				fresh++
			}
			n, most := c.heldRun(a, s, t, pace)
			if n == 0 {
				t++
				continue
			}
			fresh += n - 1
			for range n {
				e.held = append(e.held, t)
				t++
			}
			left += most * float64(n)
		}
	}
	if len(e.held) == 0 {
		return e
	}
	e.left = left / float64(len(e.held))
	e.cadence, e.regular = c.cadence(e.held)
	e.severity = strength(
		e.left/stutterMean,
		stutterFrames/float64(len(e.held)),
		stutterShare*float64(c.n)/float64(len(e.held)),
	)
	return e
}

// heldRun is the number of frames from t on that repeat the one before, at most
// stutterHold, and the largest of their differences over the pace. The content goes
// on at once before and after: at the turning point of a swing it slows down, and
// comes back afterwards.
func (c *clip) heldRun(a []float64, s shot, t int, pace float64) (n int, most float64) {
	if pace < stutterLevels || t < s.from+2 {
		return 0, 0
	}
	for t+n < s.to && a[t+n] <= stutterLeft*pace {
		most = max(most, a[t+n])
		n++
	}
	if n == 0 || n > stutterHold || t+n >= s.to {
		return 0, 0
	}
	before, after := a[t-1], a[t+n]
	if before < stutterGoes*pace || after < stutterGoes*pace || most > stutterEdge*min(before, after) {
		return 0, 0
	}
	if c.d.at(t-2, t+n) < stutterTurn*max(before, after) {
		return 0, 0
	}
	return n, most / pace
}

// cadence names the pattern of the held frames: k:1 where every frame is shown k
// times, 2:2 (regular) where each is shown twice throughout, the ratio of the rates where a conversion to a higher one spreads its repeats
// evenly through the clip (regular), else irregular. An encoder that blends frames into
// each other hides some of the repeats.
func (c *clip) cadence(held []int) (name string, regular bool) {
	first, last := held[0], held[len(held)-1]
	through := first <= 2*cadenceLongest && last >= c.n-2*cadenceLongest
	// The pattern shows in a part of a long clip as well.
	for last-first > fullFrames {
		held = held[:len(held)/2]
		last = held[len(held)-1]
	}
	isHeld := make([]bool, last+2-first)
	for _, t := range held {
		isHeld[t-first] = true
	}
	var best float64
	var shown, of int
	for p := 2; p <= cadenceLongest; p++ {
		for q := 1; q < p; q++ {
			if gcd(p, q) > 1 || p > (stutterHold+1)*q {
				continue
			}
			for offset := range p {
				if f := fit(isHeld, p, q, offset); f > best+1e-9 {
					best, shown, of = f, p, q
				}
			}
		}
	}
	switch {
	case best < cadenceFit || len(held) < cadenceHeld:
		return "irregular", false
	case of == 1 && shown == 2 && through && (last-first)/shown >= cadenceCycles:
		// Twice the frame rate without new frames, or animation on twos.
		return "2:2", true
	case of == 1:
		return fmt.Sprintf("%d:1", shown), false
	case !through || (last-first)/shown < cadenceCycles:
		return "irregular", false
	case shown == 5 && of == 2:
		return "3:2", true // the pulldown of film to 60 Hz is called by the frames that it holds
	}
	return fmt.Sprintf("%d:%d", shown, of), true
}

// fit is the share of the held frames that a conversion which shows q frames p times
// would hold, times the share of those that are seen.
func fit(isHeld []bool, p, q, offset int) float64 {
	var both, held, would float64
	for t, h := range isHeld {
		w := (t+offset+1)*q/p == (t+offset)*q/p
		if h {
			held++
		}
		if w {
			would++
		}
		if h && w {
			both++
		}
	}
	if would == 0 {
		return 0
	}
	return both / held * both / would
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
