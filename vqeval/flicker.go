package vqeval

import (
	"fmt"
	"math"
)

// flicker is light that alternates from frame to frame, everywhere or in a part.
type flicker struct {
	shot
	severity  float64
	amplitude float64 // root mean square of the common gain, 0.01 = 1 %
	together  float64 // correlation of the tiles
	in        []bool  // tiles that are looked at together
	reaches   []bool  // tiles that its light reaches
	whole     bool    // it reaches them all
}

// findFlicker compares the ripple of the tiles pair by pair: what they have in
// common is the light. The covariance of two tiles is free of what moves in
// either of them, and of grain.
func findFlicker(l *light, s shot, second float64) []flicker {
	// crossings are how often the mean ripple goes from one side to the other, and how often from so
	// far out on one side, of its root mean square, to as far out on the other.
	crossings := func(f flicker, from, to int, h [][]float64) (all, far float64) {
		v := make([]float64, to-from)
		var square float64
		for t := range v {
			for i, in := range f.in {
				if in {
					v[t] += h[i][from+t]
				}
			}
			square += v[t] * v[t] / float64(len(v))
		}
		count := func(least float64) (n float64) {
			last := 0.0
			for _, v := range v {
				if math.Abs(v) <= least {
					continue
				}
				if v*last < 0 {
					n++
				}
				last = v
			}
			return n
		}
		return count(0), count(flickerFar * math.Sqrt(square))
	}
	h := l.ripple(s, second)
	length := min(s.to-s.from, int(math.Round(flickerSeconds*second)))
	if length < int(second) {
		return nil
	}
	var all []flicker
	hop := max(1, length/3)
	for from := 0; ; from += hop {
		from = min(from, s.to-s.from-length)
		f := flickerIn(h, from, from+length, l.mean(s.from+from, s.from+from+length))
		if f.severity > 0 {
			// What swells and fades within a second leaves a ripple too, but a slow one. A fade bends
			// the light at its ends: that is what ripples by much, and what crosses is noise.
			all, far := crossings(f, from, from+length, h)
			slow := flickerCrossings / max(1, all*second/float64(length))
			f.severity = weakened(weakened(f.severity, slow*slow), beyond(flickerBendFree, flickerBend*all/max(1, far)))
		}
		f.shot = shot{s.from + from, s.from + from + length}
		all = append(all, f)
		if from+length >= s.to-s.from {
			return joinFlicker(all)
		}
	}
}

// joinFlicker makes one stretch of those that are found and of neighbours in which the light goes
// on, though coding has taken of it: where flicker ends is not where it is just clear enough.
func joinFlicker(all []flicker) []flicker {
	var out []flicker
	for _, f := range all {
		for k := len(out) - 1; k >= 0 && f.from <= out[k].to && max(out[k].severity, f.severity) >= 0.5 && min(out[k].severity, f.severity) >= flickerGoesOn; k-- {
			from, to := out[k].from, f.to
			if out[k].severity >= f.severity {
				f = out[k]
			}
			f.from, f.to = from, to
			out = out[:k]
		}
		out = append(out, f)
	}
	return out
}

// flickerIn judges the frames [from,to) of a shot of that mean level.
func flickerIn(h [][]float64, from, to int, level float64) flicker {
	bar := max(flickerGain, flickerLevels/level)
	var cov [flickerParts][tiles][tiles]float64
	for k := range cov {
		lo, hi := from+k*(to-from)/flickerParts, from+(k+1)*(to-from)/flickerParts
		for i := range tiles {
			for j := i; j < tiles; j += 4 {
				// Four sums at once: one alone waits for each addition.
				var with [4][]float64
				for o := range with {
					with[o] = h[min(j+o, tiles-1)][lo:hi]
				}
				own := h[i][lo:hi]
				a, b, c, d := with[0][:len(own)], with[1][:len(own)], with[2][:len(own)], with[3][:len(own)]
				var sa, sb, sc, sd float64
				for t, v := range own {
					sa, sb, sc, sd = sa+v*a[t], sb+v*b[t], sc+v*c[t], sd+v*d[t]
				}
				for o, sum := range [4]float64{sa, sb, sc, sd} {
					if j+o < tiles {
						cov[k][i][j+o] = sum / float64(max(1, hi-lo))
						cov[k][j+o][i] = cov[k][i][j+o]
					}
				}
			}
		}
	}
	weigh := func(in []int, bar, together float64) flicker {
		var share, owns [flickerParts]float64
		pairs := float64(len(in)*(len(in)-1)) / 2
		for k := range cov {
			for a, i := range in {
				owns[k] += cov[k][i][i] / float64(len(in))
				for _, j := range in[:a] {
					share[k] += cov[k][i][j] / pairs
				}
			}
		}
		common, own := quantile(share[:], 0.4), mean(owns[:])
		own = min(own, 1.5*quantile(owns[:], 0.4)) // of where it flickers, not of a step beside it
		if common <= 0 || own <= 0 {
			return flicker{}
		}
		f := flicker{amplitude: math.Sqrt(common), together: common / own}
		f.severity = strength(bar/f.amplitude, together/f.together)
		f.in = make([]bool, tiles)
		for _, i := range in {
			f.in[i] = true
		}
		return f
	}
	reach := func(f flicker) flicker {
		f.reach(func(i, j int) float64 {
			var with [flickerParts]float64
			for k := range cov {
				with[k] = cov[k][i][j]
			}
			return quantile(with[:], 0.4)
		})
		return f
	}
	everywhere := make([]int, tiles)
	for i := range everywhere {
		everywhere[i] = i
	}
	best := weigh(everywhere, bar, flickerTogether)
	if best.severity >= 0.5 {
		return reach(best)
	}
	for _, size := range []int{3, 4} {
		for y := 0; y+size <= tileRows; y++ {
			for x := 0; x+size <= tileCols; x++ {
				var in []int
				for r := range size {
					for c := range size {
						in = append(in, (y+r)*tileCols+x+c)
					}
				}
				if f := weigh(in, flickerLocal*bar, flickerTogetherLocal); f.severity > best.severity {
					best = f
				}
			}
		}
	}
	return reach(best)
}

// reach is how far the light that ripples in the tiles which are looked at together reaches: those that have
// as much in common with them as most of them have. Nearly everywhere is everywhere: dark or blank tiles do
// not tell.
func (f *flicker) reach(cov func(i, j int) float64) {
	if f.severity == 0 {
		return
	}
	common := make([]float64, tiles)
	var inside []float64
	for i := range common {
		var sum, n float64
		for j, in := range f.in {
			if in && j != i {
				sum, n = sum+cov(i, j), n+1
			}
		}
		if common[i] = sum / n; f.in[i] {
			inside = append(inside, common[i])
		}
	}
	bar := flickerReaches * quantile(inside, 0.75)
	reached := make([]bool, tiles)
	for i, v := range common {
		reached[i] = v >= bar
	}
	f.reaches, _ = grid{tileCols, tileRows}.largest(reached)
	f.whole = float64(count(f.reaches)) >= flickerWhole*tiles
}

func flickerEvents(c *clip, _ *Facts) []event {
	var out []event
	for _, s := range c.shots {
		for _, f := range findFlicker(c.light, s, c.second) {
			if f.severity == 0 {
				continue
			}
			e := event{kind: "flicker", shot: f.shot, severity: f.severity, confidence: f.severity * c.lasting(f.to-f.from)}
			where := ""
			if !f.whole {
				e.detail.Box, e.detail.Area = tileBox(f.reaches, c.src)
				where = fmt.Sprintf(" in x %d-%d and y %d-%d", e.detail.Box[0], e.detail.Box[2], e.detail.Box[1], e.detail.Box[3])
			}
			e.words = func(j *judge) string {
				return fmt.Sprintf("the light flickers by %.1f %%%s from %s %s", 100*f.amplitude, where, j.at(f.from), j.until(f.to))
			}
			out = append(out, e)
		}
	}
	return out
}

func tileBox(in []bool, s *Source) ([]int, float64) {
	x0, y0, x1, y1, n := tileCols, tileRows, 0, 0, 0
	for i, ok := range in {
		if ok {
			x, y := i%tileCols, i/tileCols
			x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x+1), max(y1, y+1)
			n++
		}
	}
	w, h := s.Meta.Width, s.Meta.Height
	if w <= 0 || h <= 0 {
		w, h = s.Width, s.Height
	}
	return []int{x0 * w / tileCols, y0 * h / tileRows, x1 * w / tileCols, y1 * h / tileRows}, round(float64(n) / tiles)
}
