package vqeval

import "math"

// staticEvidence judges a shot that stands still from its start: neither its
// liveliest blocks innovate nor does the frame drift away within seconds. Fine detail that
// creeps by a part of a sample changes by more levels than a dim wall that wanders off, so
// each may change by what a small displacement makes of it, and by what coding leaves; the
// liveliest blocks by more where all that is seen creeps. A camera that pans or zooms is no
// creep: it goes one way in the whole frame.
type staticEvidence struct {
	shot
	severity float64
}

func findStatic(src *Source, p *planes, d *selfsim, a *activity, shots []shot, second float64) []staticEvidence {
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
		mean, steep := slopes(src, (s.from+s.to)/2)
		creep := staticCreep + staticAlong*max(0, min(staticWander, drift/max(mean, staticDrift))-staticApart)
		e := staticEvidence{s, strength(top/max(staticLevels, creep*steep), drift/max(staticDrift, staticWander*mean))}
		if e.severity >= staticFaint {
			e.severity = weakened(e.severity, beyond(staticCameraFree, goes(p, s, second)*float64(src.Width)/float64(p.w)/staticCamera))
		}
		out = append(out, e)
	}
	return out
}

// slopes are the mean step to the next sample, and that in the blocks where it is largest, in
// grey levels.
func slopes(src *Source, t int) (mean, steep float64) {
	w, l := src.Width, src.Luma[t]
	var all []float64
	for y0 := 0; y0+blockHeight < src.Height; y0 += blockHeight {
		for x0 := 0; x0+blockWidth < w; x0 += blockWidth {
			sum := 0
			for y := y0; y < y0+blockHeight; y++ {
				row, below := l[y*w+x0:], l[(y+1)*w+x0:]
				for x := range blockWidth {
					sum += abs(int(row[x])-int(row[x+1])) + abs(int(row[x])-int(below[x]))
				}
			}
			v := float64(sum) / (2 * blockWidth * blockHeight)
			all, mean = append(all, v), mean+v
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	return mean / float64(len(all)), quantile(all, 1-staticBlocks/2)
}

// goes is how far an even motion of all that is seen displaces it within at most ten seconds
// of a shot, in samples of p: what both halves of that time have of it.
func goes(p *planes, s shot, rate float64) float64 {
	half := min((s.to-s.from)*7/16, int(staticSeconds*rate/2))
	middle := (s.from + s.to) / 2
	a, b, c := pyramid(p, middle-half), pyramid(p, middle), pyramid(p, middle+half)
	whole := register(a, c)
	first, second := register(a, b), register(b, c)
	both := first.size(p.w, p.h) + second.size(p.w, p.h)
	size := whole.size(p.w, p.h)
	return max(0, size-math.Abs(size-both))
}
