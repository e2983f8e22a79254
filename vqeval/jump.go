package vqeval

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// jumpEvidence is one frame at which the content makes a step although the scene
// stays the same.
type jumpEvidence struct {
	at       int
	step     float64 // grey levels
	pace     float64 // of the motion around it, grey levels a frame
	severity float64
}

func jumpEvents(c *clip, facts *Facts) []event {
	a := c.adjacentAcross()
	var out []event
	for t := 2; t+2 < c.n; t++ {
		e, ok := c.jump(a, t)
		if !ok {
			continue
		}
		if e.severity >= 0.5 {
			// What stays in the scene is no cut.
			facts.Cuts = slices.DeleteFunc(facts.Cuts, func(k int) bool { return abs(k-t) <= 1 })
		}
		out = append(out, event{
			kind: "scene_jump", shot: shot{t, t + 1}, severity: e.severity,
			confidence: math.Max(0, 1-e.pace/e.step) * c.lasting(min(t, c.n-t)),
			words: func(j *judge) string {
				return fmt.Sprintf("jumps within the scene at %s, by %.0f times the motion around it", j.at(t), e.step/(e.pace+jumpNoise))
			},
		})
	}
	return out
}

// jump measures the step at t.
func (c *clip) jump(a []float64, t int) (jumpEvidence, bool) {
	e := jumpEvidence{at: t, step: a[t]}
	if e.step < jumpLevels/2 {
		return e, false
	}
	before, after := liveliest(a, t, -1), liveliest(a, t, 1)
	e.pace = max((before+after)/2, jumpOneSide*max(before, after))
	ratio := e.step / (e.pace + jumpNoise)
	if ratio < jumpRatio/3 || !c.steps(t, e.step) {
		return e, false
	}
	skipped := c.skipped(t, e.step)
	at := c.stepAt(a, t)
	colours := c.otherColours(at)
	e.severity = strength(
		jumpRatio/ratio,
		beyond(jumpSkipsFree, jumpSkips/skipped),
		jumpFar*clamp01(1-skipped/jumpAround),
		jumpLevels/e.step,
		max(jumpMoves, jumpSlide*e.step)/max(1e-9, c.moves(t)),
		beyond(jumpAlike, jumpLooks*c.otherScene(at)), // above 1 it is a cut
		beyond(paletteMoves, colours),                 // likewise
		c.redrawn(t)*math.Pow(jumpRedrawn/e.step, 2)*clamp01(2-2*colours/redrawnTones),
	)
	return e, true
}

// liveliest is the largest of the adjacent differences on one side of t, among as many frames as
// jumpReach that are shown anew: where frames are shown several times these lie farther apart.
func liveliest(a []float64, t, by int) float64 {
	most, n := 0.0, 0
	for u := t + by; u > 0 && u < len(a) && n < jumpReach && abs(u-t) <= 3*jumpReach; u += by {
		if most = max(most, a[u]); a[u] > stutterLeft*most {
			n++
		}
	}
	return most
}

// redrawn is above 0 where the detail of most parts of the frame comes up at t, as where an
// encoder draws anew what it had let blur: the content then steps by some levels to where it should
// have been. The detail of a scene goes up in some of its parts and down in others.
func (c *clip) redrawn(t int) float64 {
	if c.src.Tones == nil {
		return 0
	}
	next := t // that of long clips is measured every few frames
	for next < min(c.n, t+detailApart)-1 && c.src.Tones[next].Near == c.src.Tones[t-1].Near {
		next++
	}
	var up, all, more float64
	for i := range tiles {
		old, now := c.src.Tones[t-1].Near[i], c.src.Tones[next].Near[i]
		if old == unseen || now == unseen {
			continue
		}
		all++
		more += float64(now) - float64(old)
		if now > old {
			up++
		}
	}
	if all == 0 {
		return 0
	}
	return clamp01(more/all/1024/redrawnDetail) * max(0, up/all-redrawnFree) / (redrawnParts - redrawnFree)
}

// skipped is the number of frames in which the motion around t comes as far as the step at
// t, on average of both sides. Content that moves by fits and starts makes up for a large step
// within a few frames; a step into another time it hardly makes up for at all.
func (c *clip) skipped(t int, step float64) float64 {
	lo, hi := max(0, t-jumpAround), min(c.n, t+jumpAround)
	last := 0.0
	for k := 1; k < jumpAround; k++ {
		if k > c.d.lags {
			break
		}
		var sum, n float64
		for u := lo; u+k < hi; u++ {
			if u >= t || u+k < t {
				sum, n = sum+c.d.at(u, u+k), n+1
			}
		}
		if n == 0 {
			break
		}
		here := max(last, sum/n)
		if here >= step {
			return float64(k-1) + (step-last)/(here-last)
		}
		last = here
	}
	return jumpAround * step / max(last, jumpNoise)
}

// moves is how far the content gets within half a second on the livelier side of t:
// among stills a step is the next slide, not a leap of what moves.
func (c *clip) moves(t int) float64 {
	k := max(phase, int(c.second/2))
	grown := func(from, to int) float64 { // of the frames [from,to)
		if from < 0 || to > c.n || !c.d.has(from, to-1) {
			return 0
		}
		return c.d.at(from, to-1) - meanOver(c.d, from, to, 1, 2)
	}
	// Short of half a second at an end, what there is.
	return max(grown(max(0, t-1-k), t), grown(t, min(c.n, t+1+k)))
}

// steps tells whether the content steps at t and stays there: a flash comes back, and
// so does the noise that an encoder refreshes.
func (c *clip) steps(t int, step float64) bool {
	for k := 1; k <= 3; k++ {
		if i := t - 1 - k; i >= 0 && (c.d.at(i, t) < jumpStays*step || c.d.at(i, t-1) > 0.7*step*float64(k)) {
			return false
		}
		if j := t + k; j < c.n && (c.d.at(t-1, j) < jumpStays*step || c.d.at(t, j) > 0.7*step*float64(k)) {
			return false
		}
	}
	return true
}

// otherScene is above 1 where the frames before and from t show two scenes: of some
// frames of either side within a second or so, the two most alike differ in tones and
// textures by more than such frames differ on one side. Where the motion around the step makes
// up for it in so many frames, it may change the looks by as much as that motion does in them.
// Looks that are quite different are no one scene's.
func (c *clip) otherScene(s stepSides) float64 {
	looks := func(at []int) []frameLook {
		out := make([]frameLook, len(at))
		for i, u := range at {
			out[i] = lookOf(c.src, u)
		}
		return out
	}
	old, fresh := looks(s.before), looks(s.after)
	var usual []float64
	for _, side := range [][]frameLook{old, fresh} {
		for i := range side[1:] {
			usual = append(usual, side[0].distance(&side[i+1]))
		}
	}
	bound := sceneLooks + sceneVaries*quantile(usual, 0.7)
	least := math.Inf(1)
	for i := range old {
		for j := range fresh {
			least = min(least, old[i].distance(&fresh[j]))
		}
	}
	scene, direct := least/bound, old[0].distance(&fresh[0])
	if scene > jumpAlike {
		most := 0.0 // that the motion changes the looks by in so many frames
		passed := s.passed()
		for _, p := range passed {
			most = max(most, lookDistance(c.src, p[0], p[1]))
		}
		if len(passed) > 0 {
			scene = min(scene, max(jumpAlike, sceneMoves*direct/(sceneLooks+most)))
		}
	}
	return max(scene, direct/sceneOther)
}

// asFarApart are some pairs of frames on either side of t that are as far apart as the motion
// takes to come as far as the step there; none where it does not within jumpLongest frames.
func (c *clip) asFarApart(t int, step float64, in shot) [][2]int {
	for k := 1; k <= min(jumpLongest, c.d.lags); k++ {
		var sum, n float64
		for _, s := range [...]shot{{max(in.from, t-2*jumpLongest), t}, {t, min(in.to, t+2*jumpLongest)}} {
			for u := s.from; u+k < s.to; u++ {
				sum, n = sum+c.d.at(u, u+k), n+1
			}
		}
		if n == 0 || sum/n < step {
			continue
		}
		var out [][2]int
		for _, off := range [...]int{0, k / 2, k, 2 * k} {
			if u := t - 1 - k - off; u >= in.from {
				out = append(out, [2]int{u, u + k})
			}
			if u := t + off; u+k < in.to {
				out = append(out, [2]int{u, u + k})
			}
		}
		return out
	}
	return nil
}

// stepSides is what lies on both sides of a step.
type stepSides struct {
	at            int // the first frame after it
	size          float64
	before, after []int           // some frames within a second or so
	passed        func() [][2]int // see asFarApart
}

func (c *clip) stepAt(a []float64, t int) stepSides {
	in := c.sides(a, t)
	s := stepSides{at: t, size: a[t], passed: sync.OnceValue(func() [][2]int { return c.asFarApart(t, a[t], in) })}
	s.before, s.after = aside(t, in)
	return s
}

// sides is the stretch around the step at t that has no other cut in it, nor a step that may be
// one.
func (c *clip) sides(a []float64, t int) shot {
	in := shot{0, c.n}
	for _, k := range c.cuts {
		if k < t-1 {
			in.from = max(in.from, k)
		} else if k > t+1 {
			in.to = min(in.to, k)
		}
	}
	for u := max(in.from+1, t-2*jumpLongest); u < t-1; u++ {
		if a[u] >= sceneStep*a[t] {
			in.from = u
		}
	}
	for u := min(in.to-1, t+2*jumpLongest); u > t+1; u-- {
		if a[u] >= sceneStep*a[t] {
			in.to = u
		}
	}
	return in
}

// aside are some frames of either side of t within a second or so.
func aside(t int, in shot) (before, after []int) {
	for _, k := range [...]int{0, 6, 12, 24} {
		if u := t - 1 - k; u >= in.from {
			before = append(before, u)
		}
		if u := t + k; u < in.to {
			after = append(after, u)
		}
	}
	return before, after
}

// frameLook are the tones, the strengths and the directions of the gradients and the
// colourfulness of a frame.
type frameLook struct {
	tones      [16]float64
	gradients  [2][8]float64
	saturation float64
}

func lookOf(s *Source, t int) frameLook {
	l := frameLook{tones: histogram(s.Luma[t]), gradients: gradients(s, t)}
	if s.Saturation != nil {
		l.saturation = s.Saturation[t]
	}
	return l
}

// distance is the largest of the distances of their histograms, 0 equal, 1 disjoint.
func (l *frameLook) distance(o *frameLook) float64 {
	d := math.Min(1, chiSquare(l.tones[:], o.tones[:]))
	for k := range l.gradients {
		d = max(d, chiSquare(l.gradients[k][:], o.gradients[k][:]))
	}
	return max(d, math.Abs(l.saturation-o.saturation))
}

// lookDistance is that of two frames.
func lookDistance(s *Source, i, j int) float64 {
	a, b := lookOf(s, i), lookOf(s, j)
	return a.distance(&b)
}

// gradients are histograms of the logarithm of the gradient's size, and of its
// direction weighted by the size; each sums to 1.
func gradients(s *Source, t int) (h [2][8]float64) {
	bins := gradientBins()
	l, w := s.Luma[t], s.Width
	var sizes [8]int
	for y := 1; y < s.Height-1; y++ {
		up, row, down := l[(y-1)*w:][:w], l[y*w:][:w], l[(y+1)*w:][:w]
		for x := 1; x < w-1; x++ {
			gx, gy := int(row[x+1])-int(row[x-1]), int(down[x])-int(up[x])
			b := bins[gy+255][gx+255]
			sizes[b.size&7]++
			h[1][b.direction&7] += math.Sqrt(float64(gx*gx + gy*gy))
		}
	}
	for i, n := range sizes {
		h[0][i] = float64(n)
	}
	for k := range h {
		var sum float64
		for _, v := range h[k] {
			sum += v
		}
		for i := range h[k] {
			h[k][i] /= max(sum, 1e-9)
		}
	}
	return h
}

type gradientBin struct{ size, direction uint8 }

// gradientBins of every gradient of bytes, [gy+255][gx+255]: one logarithm and one
// angle a sample would cost more than decoding it.
var gradientBins = sync.OnceValue(func() *[511][511]gradientBin {
	var t [511][511]gradientBin
	for y := range t {
		for x := range t[y] {
			gx, gy := float64(x-255), float64(y-255)
			t[y][x] = gradientBin{
				size:      uint8(min(7, int(math.Log2(1+math.Hypot(gx, gy))))),
				direction: uint8(math.Mod(math.Atan2(gy, gx)+2*math.Pi, math.Pi) / math.Pi * 7.999),
			}
		}
	}
	return &t
})
