package reports

import (
	"cmp"
	"math"
	"slices"

	"longtake/bench"
	"longtake/internal/figure"
)

// planeChart is quality against cost at the longest horizon at which both are
// known: motion retained over denoising time.
func planeChart(s section, ref reference) figure.Lines {
	f := figure.Lines{
		X:      figure.Axis{Label: "denoising time of a video, s", Zero: true},
		Y:      figure.Axis{Label: "motion retained (1 = dense at 1x)", Zero: true},
		Levels: []figure.Level{{Y: 1, Name: "dense at 1x"}},
	}
	for _, frames := range slices.Backward(s.frames) {
		f.Series = nil
		var at [][2]float64
		right, top := 0.0, 1.0
		for _, m := range s.methods {
			ok := onlyOK(s.pick(m, frames))
			cost, _ := measured(ok, bench.DenoiseSeconds)
			kept, _ := ref.motion(ok)
			if math.IsNaN(cost.Value) || math.IsNaN(kept.Value) {
				continue
			}
			f.Series = append(f.Series, figure.Series{Name: m.title, Color: m.color, X: []float64{cost.Value}, Y: []float64{kept.Value},
				Low: []float64{kept.Low}, High: []float64{kept.High}, XLow: []float64{cost.Low}, XHigh: []float64{cost.High}})
			at = append(at, [2]float64{cost.Value, kept.Value})
			right, top = max(right, cost.Value), max(top, kept.Value)
		}
		if len(at) == 0 {
			continue
		}
		line := figure.Series{Name: "Pareto front of the means", Dashed: true}
		for _, p := range front(at) {
			line.X, line.Y = append(line.X, p[0]), append(line.Y, p[1])
		}
		f.Series = append(f.Series, line)
		f.Title = "Motion retained against time at " + count(frames, "frame")
		// Intervals of two videos reach far: they are cut at the axes' ends.
		f.X.Max, f.Y.Max = 1.25*right, 1.25*top
		return f
	}
	return f
}

// front is the points, cheapest first, that no other point beats: none is
// cheaper (x) and at least as good (y).
func front(points [][2]float64) [][2]float64 {
	sorted := slices.SortedFunc(slices.Values(points), func(a, b [2]float64) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(b[1], a[1]))
	})
	var out [][2]float64
	for _, p := range sorted {
		if len(out) == 0 || p[1] > out[len(out)-1][1] {
			out = append(out, p)
		}
	}
	return out
}
