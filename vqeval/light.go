package vqeval

import (
	"math"
)

// light is the brightness of the parts of every frame: how it changes
// everywhere at once is the light or the exposure, how it changes in one part alone is
// what moves there.
type light struct {
	level [][tiles]float64 // mean luma of each tile plus tileDark, per frame
}

const (
	tileCols = 8
	tileRows = 6
	tiles    = tileCols * tileRows
	// tileDark is added to the luma: a change of a level in the dark is no change of gain.
	tileDark = 8
)

func newLight(s *Source) *light {
	l := &light{level: make([][tiles]float64, len(s.Luma))}
	parallel(len(s.Luma), func(lo, hi int) { l.fill(s.Luma, s.Width, s.Height, lo, hi) })
	return l
}

// fill measures the frames [lo,hi), of w x h samples.
func (l *light) fill(luma [][]byte, w, h, lo, hi int) {
	for t := lo; t < hi; t++ {
		for r := range tileRows {
			y0, y1 := r*h/tileRows, (r+1)*h/tileRows
			var sum [tileCols]int
			for y := y0; y < y1; y++ {
				row := luma[t][y*w : (y+1)*w]
				for c := range sum {
					part := 0
					for _, v := range row[c*w/tileCols : (c+1)*w/tileCols] {
						part += int(v)
					}
					sum[c] += part
				}
			}
			for c, v := range sum {
				l.level[t][r*tileCols+c] = tileLevel(v, (y1-y0)*((c+1)*w/tileCols-c*w/tileCols))
			}
		}
	}
}

// tileLevel is that of a tile of n samples.
func tileLevel(sum, n int) float64 { return float64(sum)/float64(n) + tileDark }

// mean is the mean level of a stretch.
func (l *light) mean(from, to int) float64 {
	var sum float64
	for _, tiles := range l.level[from:to] {
		for _, v := range tiles {
			sum += v
		}
	}
	return sum / float64(tiles*(to-from))
}

// ripple is how far each tile's series in the shot is from its mean over about a
// quarter of a second around each frame, as a share of that mean: ramps are gone,
// what alternates within that time remains. Outliers (lightning, a hidden cut) are clipped.
func (l *light) ripple(s shot, second float64) [][]float64 {
	reach := max(2, int(math.Round(second/8)))
	n := s.to - s.from
	out := make([][]float64, tiles)
	parallel(tiles, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			h, size := make([]float64, n), make([]float64, n)
			for t := range h {
				r := min(reach, t, n-1-t)
				if r == 0 {
					continue
				}
				var sum float64
				for u := t - r; u <= t+r; u++ {
					sum += l.level[s.from+u][i]
				}
				h[t] = l.level[s.from+t][i]*float64(2*r+1)/sum - 1
				size[t] = math.Abs(h[t])
			}
			bar := 4 * quantile(size, 0.5)
			for t, v := range h {
				h[t] = math.Max(-bar, math.Min(bar, v))
			}
			out[i] = h
		}
	})
	return out
}
