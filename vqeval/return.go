package vqeval

import (
	"fmt"
	"math"
	"slices"
)

// returnEvidence is one moment at which the clip is back at its first frames without
// having come back to them: by a jump, or by a short cross-fade.
type returnEvidence struct {
	onset, end int     // frames [onset,end) are like the first ones
	last       int     // frame before, that is not
	fade       int     // frames of the cross-fade, 1 = a jump
	near       float64 // difference from the first frames, grey levels
	far        float64 // likewise just before
	how        float64 // ratio for strength: it came neither by a jump nor by a fade
	severity   float64
}

func returnEvents(c *clip, _ *Facts) []event {
	var out []event
	for _, r := range findReturns(c) {
		out = append(out, event{
			kind: "return_to_start", shot: shot{r.onset, r.end}, severity: r.severity,
			confidence: math.Max(0, 1-r.near/r.far) * c.lasting(r.onset),
			words: func(j *judge) string {
				return fmt.Sprintf("is back at the start at %s", j.at(r.onset))
			},
		})
	}
	return out
}

// toStart is the difference of each frame from the nearest of the first few.
func (c *clip) toStart() []float64 {
	r := make([]float64, c.n)
	for t := range r {
		r[t] = math.Inf(1)
		for k := range min(returnFirst, c.n) {
			if c.d.has(k, t) {
				r[t] = min(r[t], c.d.at(k, t))
			}
		}
	}
	return r
}

// nearestStart is the one of the first few frames that a frame differs from least.
func (c *clip) nearestStart(t int) int {
	best := 0
	for k := range min(returnFirst, c.n) {
		if c.d.has(k, t) && c.d.at(k, t) < c.d.at(best, t) {
			best = k
		}
	}
	return best
}

func findReturns(c *clip) []returnEvidence {
	r := c.toStart()
	// How fast, and how far within a second or so, the start itself moves on.
	var first float64
	for k := 1; k <= returnFirst && k < c.n; k++ {
		first += c.d.at(k-1, k) / returnFirst
	}
	grows := 0.0
	for k := returnFirst; k < min(c.n, c.d.lags, returnFirst+int(math.Round(1.5*c.second))); k++ {
		if len(c.cuts) > 0 && k >= c.cuts[0] {
			break
		}
		grows = max(grows, c.d.at(0, k))
	}
	away := int(math.Round(returnAway * c.second))
	steps := c.adjacentAcross()
	var out []returnEvidence
	for t := returnFirst + away; t < c.n; t++ {
		if math.IsInf(r[t], 1) || r[t] > 0.5*r[t-1] && r[t] > 0.5*r[max(0, t-returnFade)] {
			continue
		}
		e := c.returned(r, steps, t, away, first, grows)
		if e.severity < 0.05 {
			continue
		}
		if k := len(out) - 1; k >= 0 && t < out[k].end+returnFade {
			if e.severity > out[k].severity {
				out[k] = e
			}
			continue
		}
		out = append(out, e)
	}
	// Half-way through a fade both of its ends are seen; what passes by the place where it
	// started is at a third one.
	for i, e := range out {
		if e.severity < 0.1 {
			continue
		}
		anew, unmixed := 1.0, 0.0
		if u := e.last; e.fade > 1 {
			unmixed = c.unmixed(u, u+e.fade/2, u+e.fade) / returnMixed
			anew = clamp01(1 - unmixed)
		}
		// What coding leaves of two frames that show the same is in their quietest blocks as well.
		coded := min(returnCoded, c.coding([][2]int{{c.nearestStart(e.last + e.fade), e.last + e.fade}}))
		out[i].severity = weakened(e.strength(first, grows, anew, coded), beyond(returnMixedFree, unmixed))
	}
	// A camera that wanders past the place where it began shows the start all along, a little
	// displaced.
	for i, e := range out {
		if e.fade > 1 && e.severity >= returnLikely {
			out[i].severity = weakened(e.severity, beyond(returnCarriedFree, c.carried(e.last, e.last+e.fade/2, e.last+e.fade)/returnCarried))
		}
	}
	// What drifts by has hardly been away when it is back.
	for i, e := range out {
		if e.fade > 1 {
			out[i].severity = weakened(out[i].severity, beyond(returnGoneFree, returnGone*grows/(e.far+1e-9)))
		}
	}
	// What comes back by itself again and again swings.
	often := -1.0
	for _, e := range out {
		if e.fade > 1 && e.severity >= 0.1 {
			often++
		}
	}
	for i, e := range out {
		if e.fade > 1 && often > 0 {
			out[i].severity = weakened(e.severity, often/returnOften)
		}
	}
	return out
}

// returned judges the return at t of frames that differ by steps from those before.
func (c *clip) returned(r, steps []float64, t, away int, first, grows float64) returnEvidence {
	e := returnEvidence{onset: t, end: t + 1, near: r[t]}
	best := math.Inf(1)
	for fade := 1; fade <= returnFade && t-fade-away >= 0; fade++ {
		u := t - fade
		before := slices.Clone(r[u-away+1 : u+1])
		far := quantile(before, 0.5)
		if math.IsInf(far, 1) || r[u] < 0.7*far {
			continue
		}
		var how float64
		if fade == 1 {
			usual := around(steps, shot{0, c.n}, t, 8, 0.7)
			how = returnJump * (usual + 0.25) / c.d.at(u, t)
		} else {
			// A blend lies between what it blends and goes where motion does not get in that
			// time; motion makes a detour.
			how = c.detour(u, t) / returnDetour * min(1, c.usualWay(u, fade)/c.d.at(u, t))
		}
		if how < best {
			best, e.fade, e.far, e.how = how, fade, far, how
			e.severity = e.strength(first, grows, 0, 0)
			if fade == 1 {
				e.severity = e.strength(first, grows, 1, 0)
			}
		}
		if fade == 1 && how <= 1 {
			break // what jumps does not fade
		}
	}
	for e.end < c.n && r[e.end] < 0.5*e.far {
		e.end++
	}
	// It is back with the first frame that nothing of a fade is left in.
	e.last = t - e.fade
	for v := e.last + 1; v < t; v++ {
		if r[v]-r[t] < (e.far-r[t])/float64(2*(e.fade+1)) {
			e.onset = v
			break
		}
	}
	return e
}

// strength is the severity where the start moves on by first from frame to frame and by grows
// within a second. anew is 1 where the picture cannot be one that merely moved there:
// an encoder had to code it anew, and what it leaves then is not in the
// difference of neighbouring frames; coded is what it leaves there at least, in grey levels.
func (e returnEvidence) strength(first, grows, anew, coded float64) float64 {
	far := min(e.far, grows)
	return strength(
		e.how,
		e.near/(returnNear*(first+returnNoise+returnAnew*anew+coded)),
		e.near/(returnMatch*far+(returnAnew*anew+coded)/2+1e-9),
		max(returnLevels, returnSteps*first)/(far+1e-9),
	)
}

// detour is how much longer the way from frame u to t is by the frame between them that
// lies farthest off it, as a share of the way.
func (c *clip) detour(u, t int) float64 {
	var most float64
	for v := u + 1; v < t; v++ {
		most = max(most, (c.d.at(u, v)+c.d.at(v, t))/c.d.at(u, t)-1)
	}
	return most
}

// unmixed is how far frame v is from the nearest mixture of the frames u and t, as a share of
// their difference.
func (c *clip) unmixed(u, v, t int) float64 {
	var x, y, z []uint16
	for _, p := range []struct {
		dst *[]uint16
		t   int
	}{{&x, u}, {&y, v}, {&z, t}} {
		*p.dst = make([]uint16, c.p.w*c.p.h)
		unpack(*p.dst, c.p.plane(p.t))
	}
	w := c.d.at(u, v) / math.Max(1e-9, c.d.at(u, v)+c.d.at(v, t))
	var off, all float64
	for i := range x {
		from, to := float64(x[i]), float64(z[i])
		off += math.Abs(float64(y[i]) - from - w*(to-from))
		all += math.Abs(to - from)
	}
	return off / math.Max(1e-9, all)
}

// carried is the share of what the frames u and v differ by from the start that a motion of the
// camera makes, their harmonic mean: half-way through a fade hardly any of it is, whatever its end
// looks like. What the frame t that is back there differs by is left out: it
// is coding, or where the camera is by then.
func (c *clip) carried(u, v, t int) float64 {
	at := func(t int) []level {
		f := pyramid(c.p, t)
		return f[min(1, len(f)-1):] // half the size does
	}
	starts := [2][]level{at(0), at(returnFirst - 1)}
	back := math.Inf(1)
	for f, i := at(t), 0; i < len(starts); i++ {
		back = min(back, residual(starts[i][0], f[0], affine{}))
	}
	share := func(t int) (most float64) {
		f := at(t)
		for _, s := range starts {
			plain := residual(s[0], f[0], affine{})
			most = max(most, (plain-residual(s[0], f[0], register(s, f)))/(max(0, plain-back)+returnFlat))
		}
		return most
	}
	a, b := share(u), share(v)
	return 2 * a * b / math.Max(1e-9, a+b)
}

// usualWay is the median difference over so many frames up to u; where there are not as many, whatever
// way is taken may be usual.
func (c *clip) usualWay(u, frames int) float64 {
	if u < frames {
		return math.Inf(1)
	}
	var all []float64
	for v := u - frames; v >= 0; v-- {
		all = append(all, c.d.at(v, v+frames))
	}
	return quantile(all, 0.5)
}

// adjacentAcross is the difference of every frame from the one before, cuts included.
func (c *clip) adjacentAcross() []float64 {
	a := make([]float64, c.n)
	for t := 1; t < c.n; t++ {
		a[t] = c.d.at(t-1, t)
	}
	return a
}
