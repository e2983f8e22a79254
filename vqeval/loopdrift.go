package vqeval

import (
	"math"
	"slices"
)

// A loop whose laps shift, turn or grow a little is no valley of the
// self-similarity: every lap is somewhere else. driftLoop looks for one where the
// plain search found nothing: lags at which frames are nearer than at those beside
// them by any amount, judged again with the global affine motion between the two
// frames taken out.
func driftLoop(c *clip) (best loopEvidence, found bool) {
	frames := map[int][]level{}
	at := func(t int) []level {
		if f, ok := frames[t]; ok {
			return f
		}
		f := pyramid(c.p, t)
		f = f[min(1, len(f)-1):] // half the size does
		frames[t] = f
		return f
	}
	known := map[[2]int]float64{} // candidates and their neighbours share many pairs
	apart := func(t, u int) float64 {
		if v, ok := known[[2]int{t, u}]; ok {
			return v
		}
		a, b := at(t), at(u)
		v := residual(a[0], b[0], register(a, b))
		known[[2]int{t, u}] = v
		return v
	}
	cycle := decoderCycle(c.d, shot{0, c.n})
	candidates := driftCandidates(c.d)
	lap := lapOfSteps(c.adjacentAcross())
	if lap > 0 { // it is exact: last, and not once more as one that may lie a frame off
		candidates = append(slices.DeleteFunc(candidates, func(p int) bool { return p == lap }), lap)
	}
	for i, p := range candidates {
		stepped := lap > 0 && i == len(candidates)-1
		if p%phase == 0 && cycle > 0 && !stepped {
			continue // the texture of a decoder on a frozen latent
		}
		o := max(3, p/4)
		// A few pairs tell whether anything drifts at all, and which lag the drift has
		// hidden: the plain dip may lie a frame off.
		few := func(p int, far func(t, u int) float64) (sum float64) {
			for i := range 4 {
				t := 1 + i*(c.n-p-3)/4
				sum += far(t, t+p)
			}
			return sum
		}
		here := p
		for _, q := range [...]int{here - 1, here + 1} {
			if !stepped && few(q, apart) < few(p, apart) {
				p = q
			}
		}
		if few(p, apart) > lapGain*few(p, func(t, u int) float64 { return residual(at(t)[0], at(u)[0], affine{}) }) {
			continue
		}
		step := max(1, (c.n-p-o)/lapSamples)
		var when []int
		var pair, plain, beside []float64
		var exact, late []float64
		for t := 1; t+p+o < c.n; t += step {
			here := apart(t, t+p)
			next, last := apart(t, t+p+1), apart(t, t+p-1)
			when = append(when, t)
			pair = append(pair, here)
			plain = append(plain, residual(at(t)[0], at(t + p)[0], affine{}))
			beside = append(beside, min(apart(t, t+p-o), apart(t, t+p+o)))
			exact = append(exact, here/max(1e-9, min(next, last)))
			late = append(late, math.Abs((next-last)-(apart(t, t+1)-apart(t, t-1)))/max(1e-9, next+last))
		}
		if len(when) < 4 {
			continue
		}
		// The run that counts is of samples.
		r := longestRun(pair, beside, len(when))
		if r.to-r.from < 4 {
			continue
		}
		l := loopEvidence{period: p, from: max(0, when[r.from]-1), to: min(c.n-p, when[r.to-1]+step), beside: mean(beside[r.from:r.to])}
		l.depth = 1 - mean(pair[r.from:r.to])/l.beside
		if mean(pair[r.from:r.to]) > lapGain*mean(plain[r.from:r.to]) {
			continue // nothing drifts: the plain search has judged it
		}
		// A single return that drifts is too little to go by, unless it jumps there.
		if l.to-l.from < p && !(stepped && 2*(l.to-l.from) >= p) {
			continue
		}
		locked := 0
		for _, e := range exact[r.from:r.to] {
			if e < lapExact {
				locked++
			}
		}
		l.locked, l.early = float64(locked)/float64(r.to-r.from), quantile(late[r.from:r.to], 0.5)
		if stepped { // steps at its laps say so to the frame
			l.locked = 1
		}
		l.severity = strength(
			max((1-l.depth)/(1-lapDepth), l.early/loopEarly),
			float64(shortestRun(c.second))/float64(l.to-l.from),
			loopLevels/l.beside,
		)
		l.periodic = l.locked < loopLocked || l.early > loopEarly
		// Multiples of the period serve as well: the smallest is it.
		if !l.periodic && l.severity > best.severity+0.1 {
			best, found = l, true
		}
	}
	return best, found
}

// lapOfSteps is the distance at which most of those differences from the frame before follow each
// other that are far larger than what moves beside them: laps that drift jump back at their ends.
// 0 where there is none.
func lapOfSteps(step []float64) int {
	all := shot{1, len(step)}
	gaps, last, n := map[int]int{}, 0, 0
	for t := 1; t < len(step); t++ {
		if step[t] < jumpLevels || step[t] < jumpRatio*(around(step, all, t, jumpReach, jumpOneSide)+jumpNoise) {
			continue
		}
		if last > 0 {
			gaps[t-last]++
			n++
		}
		last = t
	}
	for gap, times := range gaps {
		if gap >= loopShortest && float64(times) >= lapSteps*float64(n) {
			return gap
		}
	}
	return 0
}

// dip is a lag at which the mean difference over the clip is less than at those beside it.
type dip struct {
	p             int
	depth, beside float64
}

// dips are the deepest ones, at most three, the deepest first.
func dips(d *selfsim) []dip {
	most := min(d.lags, d.n/2)
	r := make([]float64, most+1)
	for p := 1; p <= most; p++ {
		for t := 0; t+p < d.n; t++ {
			r[p] += d.at(t, t+p)
		}
		r[p] /= float64(d.n - p)
	}
	var all []dip
	for p := max(loopShortest, phase+1); p < most; p++ {
		if r[p] > r[p-1] || r[p] > r[p+1] {
			continue
		}
		nearer, farther := slices.Max(r[p/2:p]), slices.Max(r[p+1:min(most, p+p/2)+1])
		if depth := 1 - r[p]/min(nearer, farther); depth >= lapContrast {
			all = append(all, dip{p, depth, min(nearer, farther)})
		}
	}
	slices.SortStableFunc(all, func(a, b dip) int {
		if a.depth > b.depth {
			return -1
		}
		return 1
	})
	return all[:min(3, len(all))]
}

// driftCandidates are their lags, ascending.
func driftCandidates(d *selfsim) []int {
	var out []int
	for _, x := range dips(d) {
		out = append(out, x.p)
	}
	slices.Sort(out)
	return out
}

// residual is the mean absolute difference of a and b moved back by m, over the
// samples that both have, in grey levels; infinite where they share less than half.
func residual(a, b level, m affine) float64 {
	cx, cy := float64(a.w-1)/2, float64(a.h-1)/2
	var sum, n float64
	for y := range a.h {
		for x := range a.w {
			u, v := m.at(float64(x)-cx, float64(y)-cy)
			if w, ok := b.sample(u+cx, v+cy); ok {
				sum += math.Abs(a.v[y*a.w+x] - w)
				n++
			}
		}
	}
	if n < float64(a.w*a.h)/2 {
		return math.Inf(1)
	}
	return sum / n
}
