package vqeval

// staticEvidence judges a shot that stands still from its start: neither its
// liveliest blocks innovate nor does the frame drift away within seconds.
type staticEvidence struct {
	shot
	severity float64
}

func findStatic(p *planes, d *selfsim, a *activity, shots []shot, second float64) []staticEvidence {
	var out []staticEvidence
	for _, s := range shots {
		n := s.to - s.from
		if n < 3*phase || float64(n) < second/2 {
			continue
		}
		// An empty leader is a pause, unless there is little else.
		if 2*n < d.n && quantile(p.spread[s.from:s.to], 0.5) < blankLevels {
			continue
		}
		top := quantile(a.top[s.from:s.to-a.scales[0]], 0.75)
		lo, hi := lagRange(n, second)
		drift := max(0, meanOver(d, s.from, s.to, lo, hi)-meanOver(d, s.from, s.to, 1, phase+1))
		out = append(out, staticEvidence{s, strength(top/staticLevels, drift/staticDrift)})
	}
	return out
}
