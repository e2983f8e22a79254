package vqeval

// staticEvidence judges a shot that stands still from its start: neither its
// liveliest blocks innovate nor does the frame drift away within seconds. Fine detail that
// creeps by a part of a sample changes by more levels than a dim wall that wanders off, so
// each may change by what a small displacement makes of it, and by what coding leaves.
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
		out = append(out, staticEvidence{s, strength(top/max(staticLevels, staticCreep*steep), drift/max(staticDrift, staticWander*mean))})
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
