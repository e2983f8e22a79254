package vqeval

import "math"

// PlateauWindow is the window, in frames, in which motion is compared between
// clips of different lengths: the same lags and the same number of frames, namely
// those of a clip at the usual training length.
const PlateauWindow = 81

// MotionPlateau is the plateau of the temporal variogram in grey levels: the mean
// difference of frames that are one to four seconds apart, frame means removed
// and pairs across a cut left out. It is about the noise for a still, and more
// the more the content moves. It is NaN where no shot holds frames to compare.
type MotionPlateau struct {
	Whole   Value  `json:"whole"`
	Window  int    `json:"window_frames"` // of the windows below
	Windows Series `json:"windows"`       // consecutive whole windows; one for a shorter clip
	Mean    Value  `json:"mean"`          // of the windows that have one
}

// MotionPlateaus measures a source as a whole and in consecutive windows of the
// given length (0 = PlateauWindow). A report leaves out cuts that turn out to be laps or seams.
func MotionPlateaus(s *Source, window int) (MotionPlateau, error) {
	if err := s.check(); err != nil {
		return MotionPlateau{}, err
	}
	grid, _ := s.even()
	made := grid.ready()
	d := made.d
	if d == nil {
		d = newSelfsim(made.p)
	}
	return motionPlateaus(d, findCuts(grid, d), grid.second(), window), nil
}

func motionPlateaus(d *selfsim, cuts []int, second float64, window int) MotionPlateau {
	if window <= 0 {
		window = PlateauWindow
	}
	m := MotionPlateau{Whole: Value(plateau(d, cuts, 0, d.n, second)), Window: min(window, d.n)}
	for from := 0; from+m.Window <= d.n; from += m.Window {
		m.Windows = append(m.Windows, plateau(d, cuts, from, from+m.Window, second))
	}
	m.Mean = Value(mean(known(m.Windows)))
	return m
}

// plateau averages over lags, each the mean of its pairs in one shot. Where every
// shot is shorter than a second it takes the longest lags that there are.
func plateau(d *selfsim, cuts []int, from, to int, second float64) float64 {
	shotOf := make([]int, d.n)
	for _, c := range cuts {
		for t := c; t < d.n; t++ {
			shotOf[t]++
		}
	}
	n := to - from
	lo := int(math.Round(second))
	hi := min(int(math.Round(4*second)), n*3/4, d.lags)
	if lo > hi {
		lo = max(1, hi*2/3)
	}
	for ; lo >= 1; lo /= 2 {
		var sum, lags float64
		for k := lo; k <= hi; k++ {
			var s, pairs float64
			for t := from; t+k < to; t++ {
				if shotOf[t] == shotOf[t+k] {
					s += d.at(t, t+k)
					pairs++
				}
			}
			if pairs >= 4 || pairs > 0 && n < 8 {
				sum += s / pairs
				lags++
			}
		}
		if lags > 0 {
			return sum / lags
		}
	}
	return math.NaN()
}
