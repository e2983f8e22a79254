package vqeval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// mirrorEvidence is one frame, or the point between two, about which time is
// mirrored: frames at equal distances before and after it are the same.
type mirrorEvidence struct {
	sum      int // of the two frames of a pair; twice the centre
	reach    int // frames to either side that are mirrored
	depth    float64
	beside   float64 // grey levels
	pair     float64 // mean difference of the pairs, grey levels
	step     float64 // mean adjacent difference on both sides, grey levels
	locked   float64 // share of the pairs that are nearest to each other to the frame
	strays   float64 // how far the way back strays from the way there, 1 = as far as a copy may
	turns    bool    // motion reverses at full pace
	severity float64
	unsure   float64 // severity of the likeness near it, traced or not
	turned   float64 // severity where motion reverses at full pace
}

// centre is the frame about which time is mirrored, the earlier one of two.
func (m mirrorEvidence) centre() int { return m.sum / 2 }

// mirrorValley is, for one pair (i,j), the difference of the pair and the one
// beside it: the smaller of the two sides, on each side the largest of a few. Near the
// centre of any clip frames are alike because they are near; then those that are
// nearer are more alike still, and that side is low.
func mirrorValley(d *selfsim, i, j int) (pair, beside float64) {
	pair = d.at(i, j)
	nearer, farther := 0.0, 0.0
	for _, o := range [...]int{2, 4, 8, 16, 32} {
		if 2*o > j-i+1 {
			break
		}
		nearer = max(nearer, (d.at(i, j-o)+d.at(i+o, j))/2)
		var sum, n float64
		if d.has(i, j+o) {
			sum, n = sum+d.at(i, j+o), n+1
		}
		if d.has(i-o, j) {
			sum, n = sum+d.at(i-o, j), n+1
		}
		if n > 0 {
			farther = max(farther, sum/n)
		}
	}
	return pair, min(nearer, farther)
}

// findMirrors returns the centres, strongest of those that lie close together.
func findMirrors(c *clip) []mirrorEvidence {
	least := max(mirrorFrames, int(math.Round(mirrorSeconds*c.second)))
	all := make([]mirrorEvidence, max(0, 2*c.n-1))
	parallel(len(all), func(lo, hi int) {
		for sum := lo; sum < hi; sum++ {
			all[sum] = c.mirror(sum, least)
		}
	})
	found := slices.DeleteFunc(slices.Clone(all), func(m mirrorEvidence) bool { return m.severity < mirrorFaint })
	traced := len(found) > 0
	if !traced && len(all) > 0 {
		// Nothing is traced: the likeliest centre measures the clip.
		m := slices.MaxFunc(all, func(x, y mirrorEvidence) int { return cmp.Compare(x.unsure, y.unsure) })
		if m.severity, m.turned = m.unsure, m.unsure; m.severity > 0 {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(x, y mirrorEvidence) int {
		gx, gy := x.severity*math.Sqrt(float64(x.reach)), y.severity*math.Sqrt(float64(y.reach))
		switch {
		case gx > gy:
			return -1
		case gx < gy:
			return 1
		}
		return 0
	})
	var out []mirrorEvidence
	for _, m := range found {
		if !slices.ContainsFunc(out, func(o mirrorEvidence) bool { return abs(o.sum-m.sum) < 2*mirrorApart }) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(x, y mirrorEvidence) int { return x.sum - y.sum })
	// What swings by itself comes to rest at every turn.
	paces := make([]float64, len(out))
	fastest := 0.0
	for i, m := range out {
		i0 := m.centre() - 1 + m.sum%2
		paces[i] = c.turnPace(i0, m.sum-i0) / (m.step + 1e-9)
		if m.severity >= 0.5 {
			fastest = max(fastest, paces[i])
		}
	}
	for i, m := range out {
		// Coding may leave the quiet part of the frame alone and still blur what moves. What only comes
		// about there again leaves most of its way as it was: there it misses by little.
		moves := 0.0
		if m.severity >= mirrorLikely || m.turned >= mirrorLikely {
			moves = mirrorLeaves * c.codingMoves(m.pairs())
			if traced {
				out[i].judge(least, min(moves, mirrorExcused))
				m = out[i]
			}
		}
		inexact := func(ratio float64) float64 {
			return c.inexact(ratio, m.pairs) * clamp01((copyCoded-moves)/(copyCoded-copyClean))
		}
		if m.severity >= mirrorLikely {
			pace := max(fastest, paces[i])
			rest := clamp01((mirrorRest - pace) / mirrorRestSpan)
			// Coding takes more to bring a turn at full pace to a stand.
			stands := clamp01((mirrorStands-pace)/mirrorRestSpan) * clamp01((mirrorCoded-c.coding(m.pairs()))/(mirrorCoded-copyCoded))
			out[i].severity = weakened(m.severity, math.Hypot(max(stands, inexact(rest)), inexact(shallow(m.depth))))
		}
		if m.turned >= mirrorLikely {
			out[i].turned = weakened(m.turned, inexact(shallow(m.depth)))
		}
	}
	return out
}

// pairs are frames on both sides, at even distances.
func (m mirrorEvidence) pairs() [][2]int {
	var out [][2]int
	for i := range leftPairs {
		before := m.centre() - 1 + m.sum%2 - (2*i+1)*m.reach/(2*leftPairs)
		if before >= 0 {
			out = append(out, [2]int{before, m.sum - before})
		}
	}
	return out
}

// codingMoves is how much, in a quarter of the cases, blocks that move differ in one of the pairs,
// in grey levels.
func (c *clip) codingMoves(pairs [][2]int) float64 {
	var beside [][2]int
	for _, p := range pairs {
		if p[0] >= mirrorMoved {
			beside = append(beside, [2]int{p[0] - mirrorMoved, p[1]})
		}
		beside = append(beside, [2]int{p[0], p[1] + mirrorMoved})
	}
	moves, n := c.patterns(beside)
	if n == 0 {
		return 0
	}
	var all []float64
	for _, p := range pairs {
		one, _ := c.patterns([][2]int{p})
		for i, v := range one {
			if moves[i] >= mirrorMoves {
				all = append(all, v)
			}
		}
	}
	return quantile(all, 0.25)
}

// mirror measures one centre.
func (c *clip) mirror(sum, least int) mirrorEvidence {
	m := mirrorEvidence{sum: sum}
	i0 := sum/2 - 1 + sum%2 // the innermost pair
	most := min(i0, c.n-1-(sum-i0))
	if most < least {
		return m
	}
	// Quick look: a mirror shows at most distances.
	hits, looks := 0, 0
	var near, off float64
	for k := least / 2; k <= least; k += 2 {
		if i := i0 - k; c.d.has(i, sum-i) {
			pair, beside := mirrorValley(c.d, i, sum-i)
			looks++
			near, off = near+pair, off+beside
			if beside >= mirrorLevels/2 && pair <= 1.25*mirrorMatch*beside {
				hits++
			}
		}
	}
	if off > 0 && near < off {
		m.reach = least
		m.unsure = min(mirrorUnsure, strength(near/off/(1-mirrorDepth), mirrorLevels*float64(looks)/off))
	}
	if 2*hits < looks {
		return m
	}
	miss, locked, n := 0, 0.0, 0.0
	var pairs, besides, steps float64
	var at struct{ pairs, besides, steps, locked, n, strays float64 }
	var window strayWindow
	for k := 0; k <= most; k++ {
		i := i0 - k
		j := sum - i
		if !c.d.has(i, j) {
			break
		}
		pair, beside := mirrorValley(c.d, i, j)
		if k < least/3 && beside < mirrorLevels {
			continue // too near the centre to tell
		}
		if beside >= mirrorLevels/2 && pair <= mirrorMatch*beside {
			miss = 0
		} else if miss++; miss > mirrorBridge && (at.n > 0 || k > least) { // an encoder blurs what is near the centre
			break
		}
		pairs, besides, n = pairs+pair, besides+beside, n+1
		steps += c.step(i, j)
		if c.mirrorLocked(i, j) {
			locked++
		}
		window.add(c, i, j, pair)
		if miss == 0 {
			m.reach = k + 1
			at.pairs, at.besides, at.steps, at.locked, at.n = pairs, besides, steps, locked, n
			at.strays = window.mean()
		}
	}
	if at.n == 0 || at.besides == 0 {
		return m
	}
	m.depth, m.beside, m.pair = 1-at.pairs/at.besides, at.besides/at.n, at.pairs/at.n
	m.step, m.locked, m.strays = at.steps/at.n, at.locked/at.n, at.strays
	m.turns = c.turnsAtOnce(i0, sum-i0, m.step)
	m.judge(least, 0)
	return m
}

// judge sets the severities of what is traced; coded are grey levels that coding makes of the pairs.
func (m *mirrorEvidence) judge(least int, coded float64) {
	severity := func(nearness float64) float64 {
		return strength(
			max((1-m.depth)/(1-mirrorDepth), m.pair/(nearness*(m.step+mirrorNoise+coded))),
			(1-m.locked)/(1-mirrorLock),
			m.strays,
			float64(least)/float64(m.reach),
			mirrorLevels/m.beside,
		)
	}
	// Pairs that are on time to the frame throughout need not be as near either.
	onTime := clamp01((m.locked-mirrorLocked)/(1-mirrorLocked)) * clamp01((mirrorStray-m.strays)/mirrorStray)
	m.severity, m.turned = severity(mirrorNearness+(mirrorNearnessTurn-mirrorNearness)*onTime), severity(mirrorNearnessTurn)
}

// turnsAtOnce tells whether motion reverses at full pace between the frames i and j: what
// swings comes to rest before it turns back. Then the pairs farther out may be as
// unlike as an encoder makes them.
func (c *clip) turnsAtOnce(i, j int, step float64) bool {
	pace := c.turnPace(i, j)
	return pace > 0 && pace >= mirrorTurnPace*step && c.d.at(i, j) <= mirrorTurn*pace
}

// turnPace is the least adjacent difference at the frames i and j between which motion reverses,
// 0 where that is not known.
func (c *clip) turnPace(i, j int) float64 {
	if i < 1 || j+1 >= c.n {
		return 0
	}
	pace := min(c.d.at(i-1, i), c.d.at(j, j+1))
	if j-i == 2 {
		pace = min(pace, c.d.at(i, i+1), c.d.at(i+1, j))
	}
	return pace
}

// step is the mean adjacent difference at two frames.
func (c *clip) step(i, j int) float64 {
	var sum, n float64
	for _, t := range [...]int{i, j} {
		if t > 0 {
			sum, n = sum+c.d.at(t-1, t), n+1
		}
		if t+1 < c.n {
			sum, n = sum+c.d.at(t, t+1), n+1
		}
	}
	return sum / n
}

// mirrorLocked tells whether no frame beside j is clearly nearer to i, nor one beside
// i to j. Those that show the same as the one they are beside, as about another reversal, are
// nearer by what coding makes of them.
func (c *clip) mirrorLocked(i, j int) bool {
	here := c.d.at(i, j)
	bar := here/1.15 - 0.1
	nearer := func(i, j, beside, of int) bool {
		return c.d.has(i, j) && c.d.at(i, j) < bar && c.d.at(beside, of) > here
	}
	for o := 1; o <= min(6, (j-i)/3); o++ {
		if nearer(i, j-o, j-o, j) || nearer(i+o, j, i+o, i) || nearer(i, j+o, j+o, j) || nearer(i-o, j, i-o, i) {
			return false
		}
	}
	return true
}

// strayWindow follows, in fractions of a frame, how early or late the way back is
// against the way there. A mirrored copy is on time everywhere; a swing takes its own
// time each way. Means of a few pairs keep the noise of the codec out.
type strayWindow struct {
	sum, n        float64 // of the window
	total, closed float64 // of those before
}

const strayPairs = 8

func (w *strayWindow) add(c *clip, i, j int, pair float64) {
	for o := 1; o <= 8 && 2*o < j-i; o *= 2 {
		if i-o < 0 || j+o >= c.n || !c.d.has(i-o, j) || !c.d.has(i, j+o) {
			return
		}
		// In a mirror the frame o after i is the one o before j.
		in, out := (c.d.at(i, i+o)+c.d.at(j-o, j))/2, (c.d.at(i-o, i)+c.d.at(j, j+o))/2
		if in+out < 4*pair+strayLevels && o < 8 {
			continue
		}
		if in == 0 || out == 0 {
			return
		}
		f := (c.d.at(i, j-o)+c.d.at(i+o, j))/2/in - (c.d.at(i, j+o)+c.d.at(i-o, j))/2/out
		w.sum += f / 2 * float64(o) / (strayNear + strayFar*float64(o))
		if w.n++; w.n == strayPairs {
			w.total, w.closed = w.total+math.Abs(w.sum/w.n), w.closed+1
			w.sum, w.n = 0, 0
		}
		return
	}
}

// mean over the windows, in units of what a copy may stray.
func (w *strayWindow) mean() float64 {
	switch {
	case w.closed > 0:
		return w.total / w.closed
	case w.n > 0:
		return math.Abs(w.sum / w.n)
	}
	return 0
}

func pingpongEvents(c *clip, _ *Facts) []event {
	ms := slices.Clone(c.mirrors)
	// A mirror goes on to the end of the clip or to the next reversal; what merely goes
	// there and back leaves it in mid-course.
	for i := range ms {
		m := &ms[i]
		room := min(m.sum/2, c.n-1-(m.sum+1)/2)
		met := slices.ContainsFunc(ms, func(o mirrorEvidence) bool {
			return o.sum != m.sum && abs(o.sum-m.sum) <= 2*(m.reach+mirrorSlack) && m.reach <= o.reach+abs(o.sum-m.sum)/2
		})
		if m.reach < room-mirrorSlack-room/10 && !met {
			m.severity *= mirrorLoose
			m.turned *= mirrorLoose
		}
	}
	var out []event
	for i := 0; i < len(ms); {
		k := i + 1
		for k < len(ms) && ms[k].sum-ms[k-1].sum <= 2*(max(ms[k].reach, ms[k-1].reach)+mirrorSlack) {
			k++
		}
		out = append(out, pingpong(ms[i:k], c.earlier))
		i = k
	}
	return out
}

// earlier are the reversals that a chain with this many half frames between two has before the
// one at sum, latest first. So near the first frame, one that stands alone would have too little
// before it to tell; one that is where the next of a chain must be is that.
func (c *clip) earlier(sum, apart int) []mirrorEvidence {
	var out []mirrorEvidence
	for apart > 2*loopShortest {
		var best mirrorEvidence
		for at := max(2*loopShortest, sum-apart-mirrorSlack); at <= sum-apart+mirrorSlack; at++ {
			if m := c.mirror(at, loopShortest); m.turned > best.turned {
				best = m
			}
		}
		if best.turned < 0.5 {
			break
		}
		out, sum = append(out, best), best.sum
	}
	return out
}

// pingpong is the event of a chain of reversals; earlier finds those before it.
func pingpong(ms []mirrorEvidence, earlier func(sum, apart int) []mirrorEvidence) event {
	// What is alike beside a far clearer reversal is none.
	best := slices.MaxFunc(ms, func(x, y mirrorEvidence) int { return cmp.Compare(x.severity, y.severity) }).severity
	ms = slices.DeleteFunc(slices.Clone(ms), func(m mirrorEvidence) bool { return m.severity < best/2 })
	first, last := ms[0], ms[len(ms)-1]
	e := event{kind: "pingpong", shot: shot{first.sum/2 + 1, last.sum/2 + last.reach + last.sum%2}}
	var severities, depths, gaps []float64
	turns := 0
	for _, m := range ms {
		if m.turns {
			turns++
		}
	}
	for i, m := range ms {
		if 2*turns >= len(ms) {
			m.severity = m.turned
		}
		severities, depths = append(severities, m.severity), append(depths, m.depth*m.locked)
		e.detail.Centres = append(e.detail.Centres, m.centre())
		if i > 0 {
			gaps = append(gaps, float64(m.sum-ms[i-1].sum)/2)
		}
	}
	e.severity = quantile(severities, mirrorMost)
	e.detail.PeriodFrames = 2 * first.reach
	if len(gaps) > 0 {
		e.detail.PeriodFrames = int(math.Round(2 * quantile(gaps, 0.5)))
	}
	e.confidence = quantile(depths, 0.5)
	if e.severity >= 0.5 && len(gaps) > 0 {
		for _, m := range earlier(first.sum, int(math.Round(2*quantile(gaps, 0.5)))) {
			e.from = m.sum/2 + 1
			e.detail.Centres = slices.Insert(e.detail.Centres, 0, m.centre())
		}
	}
	n := len(e.detail.Centres)
	e.words = func(j *judge) string {
		if n == 1 {
			return fmt.Sprintf("runs backwards from %s %s", j.at(e.from), j.until(e.to))
		}
		return fmt.Sprintf("runs there and back every %d frames (%.1f s), with %d reversals, from %s %s", e.detail.PeriodFrames, float64(e.detail.PeriodFrames)/j.second, n, j.at(e.from), j.until(e.to))
	}
	return e
}
