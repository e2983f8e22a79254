package vqeval

import (
	"cmp"
	"fmt"
	"math"
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
	var room [64]float64
	w := room[:0]
	for u := max(s.from, t-reach); u < min(s.to, t+reach+1); u++ {
		if u != t {
			w = append(w, v[u])
		}
	}
	if len(w) == 0 {
		return 0
	}
	return nth(w, rankOf(len(w), q))
}

func findStutter(c *clip) stutterEvidence {
	a := c.adjacent()
	e := c.heldFrames(a, false)
	pulse := findPulse(a)
	if e.regular && pulse.severity >= pulseParts {
		// A conversion goes on all through the clip.
		e.regular, e.severity, e.cadence = false, 0, "irregular"
	}
	if !e.regular {
		placed := c.heldFrames(byPlace(a), true)
		e.unlessClearer(placed.severity, func() []int { return placed.held }, placed.left)
		p := findHeldPattern(a)
		e.unlessClearer(p.severity, p.frames, min(1, p.left))
		e.unlessClearer(pulse.severity, pulse.frames, max(0, 1-pulse.depth))
	}
	return e
}

// heldFrames are the frames that are seen to be held in a row of adjacent differences, or in one that
// byPlace has made of them.
func (c *clip) heldFrames(a []float64, placed bool) stutterEvidence {
	var e stutterEvidence
	fresh := 0 // frames that could have been held
	var left, times float64
	var each []float64
	for _, s := range c.shots {
		for t := s.from + 1; t < s.to; {
			pace := around(a, s, t, stutterReach, 0.85)
			if pace >= stutterLevels {
				fresh++
			}
			n, rest := c.heldRun(a, s, t, pace)
			if n == 0 {
				t++
				continue
			}
			fresh += n - 1
			for range n {
				e.held, each = append(e.held, t), append(each, a[t]/pace)
				t++
			}
			left += rest
			times++
		}
	}
	if placed {
		// An encoder leaves little of some steps at any place; of what is held it leaves nothing.
		left = quantile(each, 0.5) * float64(len(each))
	}
	if len(e.held) > 0 {
		e.judge(c, a, left, times, fresh, placed)
	}
	return e
}

// unlessClearer takes over the severity of a weaker sign of the same failure where it is higher, and
// its frames where those that are seen to be held are none by themselves.
func (e *stutterEvidence) unlessClearer(severity float64, frames func() []int, left float64) {
	if severity <= e.severity {
		return
	}
	if e.severity < 0.5 {
		e.held, e.left, e.cadence = frames(), left, cmp.Or(e.cadence, "irregular")
	}
	e.severity = severity
}

// judge weighs the frames that are held: by how much they differ from the ones before in all over
// the pace around, how many times some are held, and how many frames could have been.
func (e *stutterEvidence) judge(c *clip, a []float64, left, times float64, fresh int, placed bool) {
	e.left = left / float64(len(e.held))
	e.held = c.together(a, e.held)
	var fits float64
	e.cadence, e.regular, fits = c.cadence(e.held)
	caught := (c.catchUp(a, e.held) - stutterCatch) / (stutterCaught - stutterCatch)
	irregular := math.Max(0, 1-caught) * (1 - clamp01((fits-cadenceFit)/(1-cadenceFit)))
	// An encoder blends held frames with those around them; what is made up for at once was held
	// all the same. Of three in a row one shows nothing of the others.
	blended := 0.0
	if !placed && float64(len(e.held)) < 2.5*times {
		blended = stutterBlended * clamp01(caught)
	}
	e.severity = strength(
		e.left/stutterMean*(1-blended),
		irregular,
		codedInSteps(a, e.held, placed),
		stutterTimes/times,
		// Where hardly anything moves, what an encoder refreshes now and then is no motion either.
		stutterMoves*float64(c.n)/float64(max(1, fresh)),
		stutterShare*float64(c.n)/float64(len(e.held)),
	)
}

// codedInSteps is above 1 where what moves is so slow that the encoder moves it in steps, large
// and small ones in turn: what is held then is held by the encoder. Frames of content that is
// shown at an even pace, and held now and then, differ evenly where nothing is held.
func codedInSteps(a []float64, held []int, placed bool) float64 {
	single := make([]bool, len(a)+1)
	for i := range single {
		single[i] = true
	}
	var paces []float64
	for _, t := range held {
		single[t], single[t+1] = false, false
		// Time goes on beneath what is held: its pace is the mean over held frames and others.
		var sum float64
		near := a[max(1, t-stutterReach):min(len(a), t+stutterReach+1)]
		for _, v := range near {
			sum += v
		}
		paces = append(paces, sum/float64(len(near)))
	}
	// Elsewhere the content may go at another pace.
	var uneven, all []float64
	next := 0
	for t := 2; t < len(a); t++ {
		for next+1 < len(held) && abs(held[next+1]-t) <= abs(held[next]-t) {
			next++
		}
		if most := max(a[t-1], a[t]); single[t-1] && single[t] && most > 0 {
			v := math.Abs(a[t]-a[t-1]) / most
			all = append(all, v)
			if abs(held[next]-t) <= 2*stutterReach {
				uneven = append(uneven, v)
			}
		}
	}
	pace, coded := quantile(paces, 0.5), stutterCoded
	if placed {
		coded, held = placedCoded, deepest(a, held)
	}
	byTurns := clamp01(2-pace/stutterCoded) * heldByTurns(held)
	slow := clamp01(2 - pace/coded)
	if len(uneven) < stutterSingles {
		uneven = all
	}
	if len(uneven) < stutterSingles {
		return byTurns
	}
	return max(byTurns, slow*beyond(stutterEvenFree, quantile(uneven, 0.5)/stutterEven))
}

// deepest are the held frames that show next to nothing of a step.
func deepest(a []float64, held []int) []int {
	var out []int
	for _, t := range held {
		if a[t] <= placedDeep*quantile(a[max(1, t-stutterReach):min(len(a), t+stutterReach+1)], 0.85) {
			out = append(out, t)
		}
	}
	return out
}

// heldByTurns is above 1 where most of the held frames are odd ones, or even ones, at no single
// distance: an encoder that spends on every other frame holds some of those between.
func heldByTurns(held []int) float64 {
	if len(held) < cadenceHeld {
		return 0
	}
	odd, gaps, most := held[0]%2, map[int]int{}, 0
	for i, t := range held[1:] {
		odd += t % 2
		gaps[t-held[i]]++
		most = max(most, gaps[t-held[i]])
	}
	n := float64(len(held))
	if float64(most) > stutterSameGap*(n-1) {
		return 0
	}
	return beyond(stutterTurnsFree, math.Abs(float64(2*odd)-n)/math.Sqrt(n)/stutterTurns)
}

// together leaves out frames held at either end that lie far off the others, unless the
// next one clearly makes up for what they held.
func (c *clip) together(a []float64, held []int) []int {
	sure := func(part []int) bool {
		var left float64
		for _, t := range part {
			left += a[t] / math.Max(1e-9, quantile(a[max(1, t-stutterReach):min(len(a), t+stutterReach+1)], 0.85))
		}
		return left <= stutterMean*float64(len(part)) && c.catchUp(a, part) >= stutterCaught
	}
	var gaps []float64
	for i := 1; i < len(held); i++ {
		if g := held[i] - held[i-1]; g > 1 {
			gaps = append(gaps, float64(g))
		}
	}
	if len(gaps) < cadenceHeld {
		return held
	}
	far := int(stutterAlone * quantile(gaps, 0.5))
	few := len(held) / cadenceHeld
	for i := few; i > 0; i-- {
		if held[i]-held[i-1] >= far && !sure(held[:i]) {
			held = held[i:]
			break
		}
	}
	for i := len(held) - few; i < len(held); i++ {
		if held[i]-held[i-1] >= far && !sure(held[i:]) {
			return held[:i]
		}
	}
	return held
}

// catchUp is how far the frames after the held ones go, over the frames that have
// nothing to make up for: 2 where they make up for a frame that was held. What holds frames now and
// then of content in motion makes up for them at once; content that itself moves by fits and starts,
// such as letters that appear one by one, does not.
func (c *clip) catchUp(a []float64, held []int) float64 {
	const heldFrame, next = 1, 2
	what := make([]int, len(a)+1)
	for _, t := range held {
		what[t+1] = next
	}
	for _, t := range held {
		what[t] = heldFrame
	}
	var singly, all, twice, twiceAll []float64
	two := func(t int) bool { return t > 1 && what[t-1]+what[t] == 0 }
	for t := 1; t < len(a); t++ {
		if what[t] == 0 {
			all = append(all, a[t])
		}
		if two(t) {
			twiceAll = append(twiceAll, c.d.at(t-2, t))
		}
	}
	var sum, n float64
	for t := 1; t < len(a); t++ {
		if what[t] != next {
			continue
		}
		singly, twice = singly[:0], twice[:0]
		for u := max(1, t-2*stutterReach); u < min(len(a), t+2*stutterReach+1); u++ {
			if what[u] == 0 {
				singly = append(singly, a[u])
			}
			if two(u) {
				twice = append(twice, c.d.at(u-2, u))
			}
		}
		if len(singly) < stutterReach {
			singly = all
		}
		if len(twice) < stutterReach {
			twice = twiceAll
		}
		if usual := quantile(singly, 0.5); usual > 0 {
			// Fine texture that moves fast is hardly farther apart after two steps than after one.
			adds := 1.0
			if len(twice) >= stutterReach {
				adds = min(1, max(stutterAdds, quantile(twice, 0.5)/usual-1))
			}
			sum, n = sum+1+(a[t]/usual-1)/adds, n+1
		}
	}
	if n == 0 {
		return stutterCaught
	}
	return sum / n
}

// heldRun is the number of frames from t on that repeat the one before, at most
// stutterHold or twice as many that are made up for at once, and the sum of their
// differences over the pace. The content goes on at once before and after: at the turning
// point of a swing it slows down, and comes back afterwards.
func (c *clip) heldRun(a []float64, s shot, t int, pace float64) (n int, left float64) {
	if pace < stutterLevels || t < s.from+2 {
		return 0, 0
	}
	var most float64
	for t+n < s.to && a[t+n] <= stutterLeft*pace {
		most = max(most, a[t+n])
		left += a[t+n] / pace
		n++
	}
	if n == 0 || n > 2*stutterHold || t+n >= s.to {
		return 0, 0
	}
	before, after := a[t-1], a[t+n]
	if n > stutterHold && after < stutterMakesUp*float64(n)*pace {
		return 0, 0
	}
	// The first to be held comes after frames that all step singly, and before steps that
	// make up for what was held; a later one comes after both kinds.
	if before < stutterGoes*min(pace, single(a, s, t, pace), quantile(a[max(s.from+1, t-stutterReach):t], 0.85)) || after < stutterGoes*pace || most > stutterEdge*min(before, after) {
		return 0, 0
	}
	if c.d.at(t-2, t+n) < stutterTurn*max(c.d.at(t-2, t-1), c.d.at(t+n-1, t+n)) {
		return 0, 0
	}
	return n, left
}

// single is the step around t of frames that make up for nothing: a low quantile of those
// that are not held.
func single(a []float64, s shot, t int, pace float64) float64 {
	var w []float64
	for u := max(s.from+1, t-stutterReach); u < min(s.to, t+stutterReach+1); u++ {
		if u != t && a[u] > stutterLeft*pace {
			w = append(w, a[u])
		}
	}
	return quantile(w, 0.3)
}

// cadence names the pattern of the held frames: k:1 where every frame is shown k
// times, 2:2 (regular) where each is shown twice throughout, 3:1 (regular) where what is drawn
// is shown thrice before something that moves on, the ratio of the rates where a conversion to a
// higher one spreads its repeats evenly through the clip (regular), else irregular. An encoder that blends frames into
// each other hides some of the repeats. fits is how well the pattern explains them.
func (c *clip) cadence(held []int) (name string, regular bool, fits float64) {
	first, last := held[0], held[len(held)-1]
	slack := min(2*cadenceLongest, c.n/cadenceThrough)
	start, end := first, last
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
	var shown, of, lead int
	for p := 2; p <= cadenceLongest; p++ {
		at := placesIn(isHeld, p)
		for q := 1; q < p; q++ {
			if gcd(p, q) > 1 || p > (stutterHold+1)*q {
				continue
			}
			for offset := range p {
				if f := at.fit(q, offset); f > best+1e-9 {
					best, shown, of, lead = f, p, q, offset
				}
			}
		}
	}
	// A conversion holds frames from the first to the last, also where too little
	// moves, or the encoder blends too much, to see each of them.
	through := func() bool {
		a := c.adjacent()
		held := func(t int) bool { return holds(t-first, shown, of, lead) }
		pace, most := mean(a[start:end+1]), 1.0
		if shown == 2 {
			most = cadenceHalves
		}
		return (start <= slack || goesOn(a[1:start], pace, most, func(i int) bool { return held(1 + i) })) &&
			(end >= c.n-slack || goesOn(a[end+1:], pace, most, func(i int) bool { return held(end + 1 + i) }))
	}
	switch {
	case len(held) < cadenceHeld:
		return "irregular", false, 0
	case best >= cadenceFit && (of > 1 || shown == 2 || shown == cadenceHolds && c.movesBeneath(held)) && through() && (last-first)/shown >= cadenceCycles:
		return conversion(shown, of), true, best
	case best >= cadenceFit && of == 1:
		return fmt.Sprintf("%d:1", shown), false, best
	}
	if p, q := c.blended(held); p > 0 {
		return conversion(p, q), true, best
	}
	if pulldown(c.adjacent()) {
		return conversion(5, 2), true, best
	}
	return "irregular", false, best
}

// movesBeneath tells whether something goes on evenly in the frames that are held two in a row:
// animation on threes before a pan is no repeat of frames. Noise does not add up.
func (c *clip) movesBeneath(held []int) bool {
	var single, both, n float64
	for i := 1; i < len(held); i++ {
		if t := held[i]; held[i-1] == t-1 && t >= 2 {
			single += c.d.at(t-2, t-1) + c.d.at(t-1, t)
			both += c.d.at(t-2, t)
			n += 2
		}
	}
	return n > 0 && single >= cadenceBeneath*n && both >= cadenceAdds*single
}

// conversion names the conversion that shows q frames p times.
func conversion(p, q int) string {
	switch {
	case p == 2 && q == 1:
		return "2:2" // twice the frame rate without new frames, or animation on twos
	case p == 5 && q == 2:
		return "3:2" // the pulldown of film to 60 Hz is called by the frames that it holds
	}
	return fmt.Sprintf("%d:%d", p, q)
}

// blended is a conversion most of whose repeats the encoder has blended away: nearly all
// frames that are seen to be held are its own, and where it would hold others those differ
// by less from the ones before than the rest does, everywhere in the clip. p is 0 where there is none.
func (c *clip) blended(held []int) (p, q int) {
	a := c.adjacent()
	a = a[:min(len(a), fullFrames)]
	best := cadenceBlended
	for n := 2; n <= cadenceShort; n++ {
		for k := 1; k < n; k++ {
			if gcd(n, k) > 1 || n > 3*k {
				continue
			}
			for offset := range n {
				own := 0
				for _, t := range held {
					if holds(t, n, k, offset) {
						own++
					}
				}
				if float64(own) < cadenceOwn*float64(len(held)) {
					continue
				}
				if left := blends(a, held, func(t int) bool { return holds(t, n, k, offset) }); left < best {
					best, p, q = left, n, k
				}
			}
		}
	}
	return p, q
}

// blends is the mean of the adjacent differences where frames should be held, and are not seen to
// be, over that of the others; 1 where they are no less in some part of the clip.
func blends(a []float64, held []int, should func(t int) bool) float64 {
	// What stands quite still for longer is none of its repeats.
	still := 0.1 * quantile(a, 0.5)
	seen := make([]bool, len(a))
	for t, v := range a {
		seen[t] = v <= still
	}
	for _, t := range held {
		if t < len(a) {
			seen[t] = true
		}
	}
	mean := func(from, to int) (ratio float64, ok bool) {
		var sum, n [2]float64
		for t := from; t < to; t++ {
			k := 0
			if should(t) {
				if seen[t] {
					continue
				}
				k = 1
			}
			sum[k], n[k] = sum[k]+a[t], n[k]+1
		}
		if n[0] < cadenceHeld/2 || n[1] < cadenceHeld/2 || sum[0] == 0 {
			return 1, false
		}
		return sum[1] / n[1] / (sum[0] / n[0]), true
	}
	for i := range cadenceThrough {
		if r, ok := mean(max(1, i*len(a)/cadenceThrough), (i+1)*len(a)/cadenceThrough); ok && r > cadencePart {
			return 1
		}
	}
	r, _ := mean(1, len(a))
	return r
}

// holds tells whether a conversion that shows q frames p times shows the frame
// before t once more at t, which may be negative.
func holds(t, p, q, offset int) bool {
	t = ((t+offset)%p + p) % p
	return (t+1)*q/p == t*q/p
}

// goesOn tells whether frames that should be held differ by less from those before
// than the others do, of a row of adjacent differences; true where too few
// would be held, or too little moves, to tell. Where much less moves than the given pace an encoder
// blends what is held with what moves on, and leaves of the pattern only that the one is less, or no
// more than most times as much.
func goesOn(a []float64, pace, most float64, held func(i int) bool) bool {
	var sum, n [2]float64
	for i, v := range a {
		k := 0
		if held(i) {
			k = 1
		}
		sum[k], n[k] = sum[k]+v, n[k]+1
	}
	if len(a) < 2*cadenceHeld || n[1] < cadenceHeld/2 || n[0] < cadenceHeld/2 || sum[0]/n[0] < stutterLevels/2 {
		return true
	}
	if sum[1]/n[1] <= cadenceOutside*sum[0]/n[0] {
		return true
	}
	return mean(a) < cadenceSlower*pace && lesser(a, most, held) >= cadenceLesser
}

// lesser is the share of the frames that should be held which differ by less than so many times from
// the ones before than those beside them that should not.
func lesser(a []float64, most float64, held func(i int) bool) float64 {
	var less, n float64
	for i, v := range a {
		if !held(i) {
			continue
		}
		var beside, k float64
		for _, u := range []int{i - 1, i + 1} {
			if u >= 0 && u < len(a) && !held(u) {
				beside, k = beside+a[u], k+1
			}
		}
		if k == 0 {
			continue
		}
		if n++; v < most*beside/k {
			less++
		}
	}
	return less / max(1, n)
}

// places are how many frames there are at each place of a cycle, and how many of them are held.
type places struct{ frames, held []int }

func placesIn(isHeld []bool, cycle int) places {
	at := places{make([]int, cycle), make([]int, cycle)}
	for t, h := range isHeld {
		at.frames[t%cycle]++
		if h {
			at.held[t%cycle]++
		}
	}
	return at
}

// fit is the share of the held frames that a conversion which shows q frames in a cycle
// would hold, times the share of those that are seen.
func (at places) fit(q, offset int) float64 {
	var both, held, would int
	for i, n := range at.frames {
		held += at.held[i]
		if holds(i, len(at.frames), q, offset) {
			would += n
			both += at.held[i]
		}
	}
	if would == 0 {
		return 0
	}
	return float64(both) / float64(held) * float64(both) / float64(would)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
