package vqeval

import "math"

// decayEvidence is a pace that dies away towards the end of a shot.
type decayEvidence struct {
	usual float64 // growth of the difference with the lag while the shot lives, grey levels
	alive float64 // share of it that is there throughout before
	end   float64 // share of it that is left at the end
	bumps float64 // share of what comes after the fall begins that is no fall
	tail  int     // frames since it fell for good below a part of it
	from  int     // frame at which the fall begins
}

// dyingAway looks for a pace that falls for good before the end of a shot. The pace at t is how much
// more the frames before t differ at lags 5..8 than at lags 1..4: noise and the shimmer of a decoder do
// not grow.
func dyingAway(d *selfsim, s shot) (decayEvidence, bool) {
	const reach = 2*phase + 2
	n := s.to - s.from - reach
	if n < 6*phase {
		return decayEvidence{}, false
	}
	pace := make([]float64, n)
	for i := range pace {
		from, to := s.from+i, s.from+i+reach+1
		pace[i] = math.Max(0, meanOver(d, from, to, phase+1, 2*phase+1)-meanOver(d, from, to, 1, phase+1))
	}
	pace = smoothed(pace, phase)
	e := decayEvidence{usual: quantile(pace, 0.9)}
	if e.usual == 0 {
		return e, false
	}
	// The largest from t on.
	most := make([]float64, n)
	fall, low := -1, -1 // the last frames at full pace and above a part of it
	for i, top := n-1, 0.0; i >= 0; i-- {
		top = max(top, pace[i])
		most[i] = top
		if low < 0 && top >= decayLow*e.usual {
			low = i
		}
		if fall < 0 && top >= decayFull*e.usual {
			fall = i
		}
	}
	e.tail, e.from = n-1-low, s.from+fall+reach
	e.end = mean(pace[n-phase-2:]) / e.usual
	e.alive = quantile(pace[:fall+1], 0.15) / e.usual
	var bumps, sum float64
	for i := fall; i < n; i++ {
		bumps, sum = bumps+most[i]-pace[i], sum+most[i]
	}
	e.bumps = bumps / sum
	return e, true
}

// findDecay is the freeze at the end of a clip's last shot in which the pace has died away, from where
// a tenth of it is left.
func findDecay(p *planes, d *selfsim, a *activity, s shot, second float64) (freezeEvidence, bool) {
	e, ok := dyingAway(d, s)
	if !ok || s.to < d.n || e.end >= decayLow {
		return freezeEvidence{}, false
	}
	f := freezeEvidence{from: s.to - phase, to: s.to}
	still := s.to - max(2*phase, min(e.tail/2, int(2*second)))
	// What creeps still adds to the difference of neighbours; noise is the same at every lag.
	f.short = max(0, 2*meanOver(d, still, s.to, 1, 2)-meanOver(d, still, s.to, 2, 3))
	f.slowed(d, s)
	from := f.from
	f.from = min(from, still)
	f.inside(d, second)
	f.before(d, a, s, second)
	f.from, f.drop = from, 0
	f.moving = stillMoving(p, shot{s.from, e.from}, shot{still, s.to})
	// A fade takes the contrast along.
	contrast := quantile(p.spread[s.to-2*phase:s.to], 0.5) / max(1e-9, quantile(p.spread[s.from:e.from], 0.5))
	f.severity = strength(
		e.end/decayEnd,
		decaySeconds*second/math.Max(1, float64(e.tail)),
		beyond(decayFree, decayAlive/math.Max(1e-9, e.alive)),
		e.bumps/decayBumps,
		decayLevels/e.usual,
		beyond(decayFree, (1-contrast)/decayContrast),
		f.moving/freezeBlocks,
	)
	if float64(f.to-f.from) < decayRest*second {
		f.severity = min(f.severity, decayFaint) // it slows down, and has not come to rest
	}
	return f, true
}

// stillMoving is the share of the blocks whose pace in a stretch is still a part of what it was
// before: where one actor goes on after the rest has stopped, nothing has died away.
func stillMoving(p *planes, before, after shot) float64 {
	old, left := blockPace(p, before), blockPace(p, after)
	moving := 0
	for b, v := range left {
		if v > max(liveLevels, decayLow*old[b]) {
			moving++
		}
	}
	return float64(moving) / float64(len(left))
}

// blockPace is how much more the frames of a stretch differ at lags 5..8 than at lags 1..4, by
// block.
func blockPace(p *planes, s shot) []float64 {
	out := make([]float64, p.grid().blocks())
	one := make([]float64, len(out))
	for k := 1; k <= 2*phase && s.from+k < s.to; k++ {
		weight := 1.0 / phase
		if k <= phase {
			weight = -weight
		}
		pairs := pairsAt(s, k)
		p.addPairs(out, one, pairs, k, weight/float64(len(pairs)))
	}
	return out
}
