package vqeval

// A freeze of a few frames is too short for the innovation, which looks ahead, to show it. It shows
// in the frames themselves: each hardly differs from the one before, and those beside them do.

// heldSpans are the stretches of a shot, from the frame that is shown on, in which every frame hardly
// differs from the one before, and the last hardly from the first. They are longer than what a stutter
// holds, or what it holds longest and makes up for at once, and as short as few quiet spans are.
func heldSpans(d *selfsim, s shot, second float64) []shot {
	reach := max(2*phase, int(second))
	step := make([]float64, s.to-s.from) // of frame s.from+i
	for i := 1; i < len(step); i++ {
		step[i] = d.at(s.from+i-1, s.from+i)
	}
	most := heldStep * quantile(step, 0.9)
	var out []shot
	for i := reach; i < len(step); {
		if step[i] > most {
			i++
			continue
		}
		pace := heldPace(step, i, reach)
		if pace < stutterLevels || step[i] > heldStep*pace {
			i++
			continue
		}
		// One frame that an encoder draws anew does not end it.
		end := i + 1
		for u := i + 1; u < len(step) && u-end < 2; u++ {
			if step[u] <= heldStep*pace {
				end = u + 1
			}
		}
		n := end - i + 1
		caughtUp := n-1 <= 2*stutterHold && end < len(step) && step[end] >= stutterMakesUp*float64(n-1)*pace
		if n > stutterHold && n <= 4*phase && !caughtUp && d.at(s.from+i-1, s.from+end-1) <= heldLeft*pace {
			out = append(out, shot{s.from + i - 1, s.from + end})
		}
		i = end
	}
	return out
}

// heldPace is the lesser of the median steps before and after frame i, or that before it
// where the shot ends.
func heldPace(step []float64, i, reach int) float64 {
	pace := quantile(step[max(1, i-reach):i], 0.5)
	if i+2*phase < len(step) {
		pace = min(pace, quantile(step[i+phase:min(len(step), i+phase+reach)], 0.75))
	}
	return pace
}

// measureHeld judges such a stretch.
func measureHeld(p *planes, d *selfsim, a *activity, s shot, q shot, second float64) (freezeEvidence, bool) {
	f := freezeEvidence{from: q.from, to: q.to}
	if f.from-s.from < phase {
		return f, false
	}
	f.judge(p, d, a, s, second)
	return f, true
}
