package vqeval

import (
	"cmp"
	"math"
	"slices"
)

// freezeEvidence is one stretch of a shot in which the content stops moving
// although it moved before.
type freezeEvidence struct {
	from, to int     // frames [from,to)
	short    float64 // mean difference at lags 1..4 inside, grey levels: shimmer and noise
	long     float64 // mean difference at lags that span the stretch
	growth   float64 // of the difference with the lag: what still moves
	alive    float64 // the same growth before the stretch
	total    float64 // the difference itself before the stretch, at such lags
	rests    float64 // its least pace before, over the usual one
	stirs    float64 // what it shimmers by, over the usual pace before
	leap     float64 // share of the way to it, in seconds before it, that is one step
	drop     float64 // how abruptly motion ends: its pace just before the end over its usual pace
	resumes  float64 // how abruptly it goes on afterwards, likewise; 0 at the end of the shot
	moving   float64 // share of the blocks that still move
	cycle    int     // of the shimmer, frames; 0 none
	severity float64
}

// findFreezes looks in every shot for stretches without innovation and judges
// each by the variogram inside it. Stretches that start with their shot are
// static, not frozen.
func findFreezes(p *planes, d *selfsim, a *activity, shots []shot, second float64) []freezeEvidence {
	var out []freezeEvidence
	for _, s := range shots {
		var spans []shot
		for i := range a.scales {
			spans = append(spans, quietSpans(a, i, s)...)
		}
		var found []freezeEvidence
		for _, q := range spans {
			f, ok := measureFreeze(p, d, a, s, q, second)
			if !ok || blank(p, f) {
				continue
			}
			found = append(found, f)
		}
		for _, q := range heldSpans(d, s, second) {
			if f, ok := measureHeld(p, d, a, s, q, second); ok && !blank(p, f) {
				found = append(found, f)
			}
		}
		if f, ok := findDecay(p, d, a, s, second); ok && !blank(p, f) {
			// What creeps on is at rest to the viewer before it stands quite still.
			for i, o := range found {
				if f.severity >= 0.5 && o.to > f.from && o.from > f.from+2*phase {
					found[i].from = f.from
				}
			}
			found = append(found, f)
		}
		// The strongest of overlapping stretches; the longer of equals, what is found before what is not.
		slices.SortStableFunc(found, func(x, y freezeEvidence) int {
			if (x.severity >= 0.5) != (y.severity >= 0.5) {
				return cmp.Compare(y.severity, x.severity)
			}
			return cmp.Compare(y.severity*math.Sqrt(float64(y.to-y.from)), x.severity*math.Sqrt(float64(x.to-x.from)))
		})
		for _, f := range found {
			if !slices.ContainsFunc(out, func(o freezeEvidence) bool { return f.from < o.to && o.from < f.to }) {
				out = append(out, f)
			}
		}
	}
	slices.SortFunc(out, func(x, y freezeEvidence) int { return x.from - y.from })
	return joined(d, out, shots, second)
}

// joined makes one of found freezes that show the same and lie close together in a shot: an encoder
// that draws a still anew hides a part of it.
func joined(d *selfsim, found []freezeEvidence, shots []shot, second float64) []freezeEvidence {
	var out []freezeEvidence
	for _, f := range found {
		if n := len(out) - 1; n >= 0 && min(out[n].severity, f.severity) >= 0.5 &&
			float64(f.from-out[n].to) <= freezeApart*second && !slices.ContainsFunc(shots, func(s shot) bool { return out[n].from < s.from && s.from < f.to }) {
			last := &out[n]
			u, v := (last.from+last.to)/2, (f.from+f.to)/2
			if d.has(u, v) && d.at(u, v) <= freezeSame*min(last.total, f.total) {
				if f.severity > last.severity {
					f.from = last.from
					*last = f
				} else {
					last.to = f.to
				}
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

// quietSpans are the stretches of a shot whose innovation at one scale is small
// against both the shimmer and the liveliest part of the shot. Frame t looks
// ahead over the scale, so a run of starts [u,v) stands for frames [u,v+scale).
func quietSpans(a *activity, scale int, s shot) []shot {
	k := a.scales[scale]
	n := s.to - s.from - k
	if n < 1 {
		return nil
	}
	e := smoothed(a.energy[scale][s.from:s.from+n], phase)
	top := slices.Max(e)
	var out []shot
	from, last := -1, 0
	flush := func() {
		if from >= 0 {
			out = append(out, shot{s.from + from, min(s.to, s.from+last+1+k)})
		}
		from = -1
	}
	for t, v := range e {
		if v <= quietNoise+quietShimmer*a.short[s.from+t] && v <= quietShare*top {
			if from < 0 {
				from = t
			}
			last = t
		} else if from >= 0 && t-last > 2*phase {
			flush()
		}
	}
	flush()
	return out
}

// smoothed is a centred running mean over 2*half/2+1 samples.
func smoothed(v []float64, width int) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		lo, hi := max(0, i-width/2), min(len(v), i+width/2+1)
		for _, x := range v[lo:hi] {
			out[i] += x
		}
		out[i] /= float64(hi - lo)
	}
	return out
}

// blank tells whether the stretch shows nothing (black leader, a fade that has
// ended): no detail, so that nothing could move.
func blank(p *planes, f freezeEvidence) bool {
	var sum float64
	for t := f.from; t < f.to; t++ {
		sum += p.spread[t]
	}
	return sum/float64(f.to-f.from) < blankLevels
}

func measureFreeze(p *planes, d *selfsim, a *activity, s shot, q shot, second float64) (freezeEvidence, bool) {
	f := freezeEvidence{from: q.from, to: q.to}
	if q.to-q.from < 2*phase {
		return f, false
	}
	f.inside(d, second)
	f.before(d, a, s, second)
	f.extend(d, s)
	if f.to-f.from < 2*phase || f.from-s.from < phase {
		return f, false
	}
	f.judge(p, d, a, s, second)
	return f, true
}

// judge weighs a stretch whose ends are known.
func (f *freezeEvidence) judge(p *planes, d *selfsim, a *activity, s shot, second float64) {
	f.inside(d, second)
	f.before(d, a, s, second)
	if f.cycle = decoderCycle(d, shot{f.from, f.to}); f.drop < freezeDrop && f.cycle == 0 {
		f.slowed(d, s)
	}
	settled := f.from + min(2*phase, (f.to-f.from)/4) // what an encoder needs to draw a still is no motion
	f.moving = movingBlocks(p, settled, f.to, second, freezeStill*f.alive)
	// A dead stop may be short. What dies away, or shimmers, or still moves
	// somewhere, is a pause unless it lasts.
	soft := max(1-f.drop/freezeDrop, 0.6*(f.long/f.alive-0.05)/0.2, f.moving/freezeMoving, f.growth/max(freezeSoft, freezePause*f.alive))
	if f.cycle == 0 {
		soft = max(soft, 1-f.rests/freezeRests)
	}
	if s.to-f.to < phase && s.to < d.n {
		soft = 1 // a picture that is held until the next cut is how shots are ended
	}
	// What stops dead, has not rested before and goes on at full pace was stopped, whatever an encoder
	// draws in between.
	sharp := clamp01((min(f.drop, f.resumes, freezeSharpRests*f.rests) - freezeSharpFree) / (freezeSharp - freezeSharpFree))
	sharp *= clamp01((freezeStirs - f.stirs) / (freezeStirs / 3))
	if f.cycle == 0 {
		soft = min(1, soft) * (1 - freezeSharpens*sharp)
	}
	need := freezeAbrupt + (freezeGradual-freezeAbrupt)*math.Max(0, math.Min(1, (soft-freezeTrace)/(1-freezeTrace)))
	total := freezeTotal
	if f.cycle == 0 {
		total = freezeGrain
	}
	// Coding alone leaves some growth. The difference that is left is what a freeze that
	// nobody could doubt is measured by.
	f.severity = strength(
		beyond(freezeCoding, f.growth/(freezeNoise+freezeShimmer*f.short+freezeRest*f.alive)),
		beyond(freezeCoding, f.growth/(freezeShare*f.alive+1e-9)),
		freezeLevels/f.alive,
		f.long/(total*f.total), // fast texture is as far apart at once as later, before and after
		beyond(freezeCoding, f.moving/freezeBlocks),
		beyond(freezeCoding, need*second/float64(f.to-f.from)),
		beyond(freezeLeapFree, f.leap/freezeLeap), // a slide that follows another one was not stopped
	)
}

// lagRange are lags that span the stretch: from a third to two thirds of it, at
// most four seconds.
func lagRange(n int, second float64) (int, int) {
	lo := max(phase, min(n/3, int(2*second)))
	hi := max(lo+phase, min(2*n/3, int(4*second)))
	return lo, min(hi, n-1)
}

// inside measures the variogram within the stretch.
func (f *freezeEvidence) inside(d *selfsim, second float64) {
	f.short = meanOver(d, f.from, f.to, 1, phase+1)
	lo, hi := lagRange(f.to-f.from, second)
	f.long = meanOver(d, f.from, f.to, lo, max(hi, lo+1))
	f.growth = math.Max(0, f.long-f.short)
}

// meanOver is the mean difference of all pairs inside [from,to) with lags in [lo,hi).
func meanOver(d *selfsim, from, to, lo, hi int) float64 {
	var sum, n float64
	for k := lo; k < hi && k <= d.lags; k++ {
		for t := from; t+k < to; t++ {
			sum += d.at(t, t+k)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// extend moves both ends to where the content parts from that of the stretch.
func (f *freezeEvidence) extend(d *selfsim, s shot) {
	step := max(1, (f.to-f.from)/24)
	inner := shot{f.from + (f.to-f.from)/4, f.to - (f.to-f.from)/8}
	dist := func(t int) float64 {
		var sum, n float64
		for u := inner.from; u < inner.to; u += step {
			if u != t && d.has(t, u) {
				sum += d.at(t, u)
				n++
			}
		}
		if n == 0 {
			return math.Inf(1)
		}
		return sum / n
	}
	var base float64
	var n float64
	for t := inner.from; t < inner.to; t += step {
		if v := dist(t); !math.IsInf(v, 1) {
			base += v
			n++
		}
	}
	if n == 0 {
		return
	}
	base /= n
	bar := base + max(0.15, 0.25*base, 0.03*f.alive)
	from, to := inner.from, inner.to
	for t, miss := inner.from, 0; t >= s.from && miss < phase; t-- {
		if dist(t) <= bar {
			from, miss = t, 0
		} else {
			miss++
		}
	}
	for t, miss := inner.to-1, 0; t < s.to && miss < phase; t++ {
		if dist(t) <= bar {
			to, miss = t+1, 0
		} else {
			miss++
		}
	}
	f.from, f.to = from, to
}

// before measures how the shot lived before the stretch.
func (f *freezeEvidence) before(d *selfsim, a *activity, s shot, second float64) {
	lo, hi := lagRange(f.to-f.from, second)
	reach := min((lo+hi)/2, int(second))
	var grown, all []float64
	for t := s.from; t < f.from; t++ {
		if u := t + reach; u < s.to && d.has(t, u) {
			grown = append(grown, math.Max(0, d.at(t, u)-a.short[t]))
			all = append(all, d.at(t, u))
		}
	}
	f.alive, f.total = quantile(grown, 0.9), quantile(all, 0.9)
	// Pace: the adjacent difference above what the stretch itself has.
	pace := func(t int) float64 { return math.Max(0, d.at(t-1, t)-f.short) }
	var usual []float64
	for t := max(s.from+1, f.from-int(2*second)); t <= f.from; t++ {
		usual = append(usual, pace(t))
	}
	f.drop, f.resumes, f.leap, f.rests, f.stirs = 0, 0, 0, 1, 1
	var way, most float64
	for _, v := range usual {
		way, most = way+v, max(most, v)
	}
	if way > 0 {
		// A slide differs from the one before it as a whole; what shimmers by as much as it moved
		// before only seems to make its way in one step.
		f.leap = min(most/way, most/(freezeSlide*f.total))
	}
	u := quantile(usual, 0.5)
	if u == 0 {
		return
	}
	for e := s.from + 2*phase; e < f.from-2*phase && u > f.short; e++ { // below the shimmer no pace is seen
		f.rests = min(f.rests, meanOver(d, e-phase, e+1, 1, 2)/(u+f.short))
	}
	f.stirs = f.short / (u + f.short)
	if f.to+phase <= s.to {
		for t := f.to; t < f.to+phase; t++ {
			f.resumes += pace(t) / (phase * u)
		}
	}
	// The end of motion is known to a few frames.
	for e := max(s.from+phase, f.from-phase+1); e < min(s.to, f.from+phase); e++ {
		var sum float64
		for t := e - phase + 1; t <= e; t++ {
			sum += pace(t)
		}
		f.drop = max(f.drop, sum/phase/u)
	}
	// An encoder needs some frames to settle on a still: they belong to it if
	// nothing moves in them.
	if f.drop >= freezeDrop {
		for e := f.from; e > s.from+phase && e > f.from-2*phase; e-- {
			if pace(e) > freezeSettle*u {
				f.from = e
				break
			}
		}
	}
}

// slowed moves the onset of a gradual stop to where the pace has fallen to a tenth of
// what it was: what still creeps afterwards is at rest to the viewer.
func (f *freezeEvidence) slowed(d *selfsim, s shot) {
	var pace []float64 // of frame s.from+1+i
	for t := s.from + 1; t <= f.from; t++ {
		pace = append(pace, math.Max(0, d.at(t-1, t)-f.short))
	}
	usual := quantile(pace, 0.9)
	if usual < f.short {
		return // below the shimmer no pace is seen
	}
	// A median, because an encoder moves what creeps in rare steps.
	for i := len(pace) - 1; i > phase; i-- {
		if quantile(pace[max(0, i-phase):min(len(pace), i+phase+1)], 0.5) > freezeSlow*usual {
			break
		}
		f.from = s.from + 1 + i
	}
}

// movingBlocks is the share of blocks whose difference grows with the lag
// inside the stretch, by the bounds of a live block and by at least the given number
// of grey levels.
func movingBlocks(p *planes, from, to int, second, levels float64) float64 {
	blocks := p.grid().blocks()
	lo, hi := lagRange(to-from, second)
	near, far, one := make([]float64, blocks), make([]float64, blocks), make([]float64, blocks)
	mean := func(dst []float64, lo, hi int) {
		lags := lagSample(lo, hi)
		count := 0
		for _, k := range lags {
			pairs := pairsAt(shot{from, to}, k)
			p.addPairs(dst, one, pairs, k, 1)
			count += len(pairs)
		}
		for b := range dst {
			dst[b] /= float64(max(1, count))
		}
	}
	mean(near, 1, phase+1)
	mean(far, lo, max(hi, lo+1))
	moving := 0
	for b := range near {
		if far[b]-near[b] > max(liveLevels, liveRatio*near[b], levels) {
			moving++
		}
	}
	return float64(moving) / float64(len(near))
}

// pairsAt are the earlier frames of about sixteen pairs of a stretch at a lag.
func pairsAt(s shot, lag int) []int {
	var out []int
	for t := s.from; t+lag < s.to; t += max(1, (s.to-s.from-lag)/16) {
		out = append(out, t)
	}
	return out
}

// addPairs adds to dst by how much the blocks of such pairs differ, times a weight. one is scratch.
func (p *planes) addPairs(dst, one []float64, pairs []int, lag int, weight float64) {
	for ; len(pairs) >= 4; pairs = pairs[4:] {
		var a, b [4][]uint64
		for i, t := range pairs[:4] {
			a[i], b[i] = p.plane(t), p.plane(t+lag)
		}
		p.fourDiffs(one, &a, &b)
		for b, v := range one {
			dst[b] += weight * v
		}
	}
	for _, t := range pairs {
		p.blockDiffs(one, p.plane(t), p.plane(t+lag))
		for b, v := range one {
			dst[b] += weight * v
		}
	}
}

// lagSample is at most four groups of four consecutive lags in [lo,hi).
func lagSample(lo, hi int) []int {
	var out []int
	step := max(phase, (hi-lo)/4)
	for k := lo; k < hi; k += step {
		for i := k; i < min(hi, k+phase); i++ {
			out = append(out, i)
		}
	}
	return out
}

// decoderCycle is the period of 4 or 8 frames at which the stretch repeats its
// shimmer, 0 where there is none: psi = 1 - gamma(m) / mean gamma(1..m-1).
func decoderCycle(d *selfsim, s shot) int {
	for _, m := range []int{4, 8} {
		if s.to-s.from < 3*m {
			return 0
		}
		at := meanOver(d, s.from, s.to, m, m+1)
		shorter := meanOver(d, s.from, s.to, 1, m)
		if shorter >= cycleLevels && 1-at/shorter >= cyclePsi {
			return m
		}
	}
	return 0
}
