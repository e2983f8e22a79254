package vqeval

import (
	"math"
)

// shot is a half-open range of frames without a cut.
type shot struct{ from, to int }

// findCuts returns the first frames of new shots. A cut is a step of the content
// far above the motion around it: frames to either side stay as far apart (a
// flash comes back, fast motion goes on). Its sides have different luma
// histograms, or the step is clearer still; among lively shots wholly different ones
// make up for a step that is less clear.
func findCuts(s *Source, d *selfsim) []int {
	var cuts []int
	const reach = 12
	for t := 1; t < d.n; t++ {
		jump := d.at(t-1, t)
		if jump < cutLevels {
			continue
		}
		var around []float64
		for u := max(1, t-reach); u < min(d.n, t+reach+1); u++ {
			if u != t {
				around = append(around, d.at(u-1, u))
			}
		}
		// Where frames are shown several times, most differences are nought.
		usual := max(quantile(around, 0.5), quantile(around, 0.75)/2)
		if jump < cutBetween*usual {
			continue
		}
		step := true
		for k := 1; k <= 3; k++ {
			i, j := t-1-k, t+k
			if i >= 0 && d.at(i, t) < cutStep*jump || j < d.n && d.at(t-1, j) < cutStep*jump {
				step = false
			}
			// The sides themselves hold together.
			if i >= 0 && d.at(i, t-1) > cutStep*jump*float64(k) || j < d.n && d.at(t, j) > cutStep*jump*float64(k) {
				step = false
			}
		}
		if !step {
			continue
		}
		differ := histogramDistance(s.Luma[t-1], s.Luma[t])
		if differ < cutOther && jump < cutRatio*usual || differ < cutHist && jump < cutClear*max(cutLevels, cutRatio*usual) {
			continue
		}
		if len(cuts) > 0 && t-cuts[len(cuts)-1] < cutApart {
			continue // a dissolve in steps
		}
		cuts = append(cuts, t)
	}
	return cuts
}

// histogramDistance is [chiSquare] of [histogram] of the samples of two frames.
func histogramDistance(a, b []byte) float64 {
	x, y := histogram(a), histogram(b)
	return math.Min(1, chiSquare(x[:], y[:]))
}

// histogram has 16 bins, which sum to 1.
func histogram(samples []byte) (h [16]float64) {
	one := 1 / float64(len(samples))
	for _, v := range samples {
		h[v>>4] += one
	}
	return h
}

// chiSquare is half the chi-square distance of two histograms that sum to 1: 0 equal,
// 1 disjoint.
func chiSquare(a, b []float64) float64 {
	var x float64
	for i := range a {
		if s := a[i] + b[i]; s > 0 {
			x += (a[i] - b[i]) * (a[i] - b[i]) / s
		}
	}
	return x / 2
}

func shots(n int, cuts []int) []shot {
	var out []shot
	from := 0
	for _, c := range cuts {
		out = append(out, shot{from, c})
		from = c
	}
	return append(out, shot{from, n})
}
