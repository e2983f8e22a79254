package scenes

import "math"

// Measured are estimates of the factors that must persist through a video,
// made from its frames alone and so for generated videos too.
type Measured struct {
	// Direction of the horizontal motion in each second: -1, 0 (none found) or 1.
	Direction []int
	// Palette is the mean colour of the top, middle and bottom band in each
	// second, in grey levels of 255.
	Palette [][3][3]float64
}

// Measure estimates direction and palette from RGB frames of size x size.
// Seconds are whole: a rest of fewer than FPS frames is left out.
func Measure(frames [][]byte, size int) Measured {
	var m Measured
	for s := 0; s+FPS <= len(frames); s += FPS {
		second := frames[s : s+FPS]
		m.Direction = append(m.Direction, direction(second, size))
		m.Palette = append(m.Palette, palette(second, size))
	}
	return m
}

// DirectionHeld is the share of seconds, among those with a direction, that
// agree with the majority, and how many there are.
func (m Measured) DirectionHeld() (share float64, n int) {
	left, right := 0, 0
	for _, d := range m.Direction {
		if d < 0 {
			left++
		} else if d > 0 {
			right++
		}
	}
	if left+right == 0 {
		return math.NaN(), 0
	}
	return float64(max(left, right)) / float64(left+right), left + right
}

// Major is the direction of most seconds.
func (m Measured) Major() int {
	sum := 0
	for _, d := range m.Direction {
		sum += d
	}
	return min(1, max(-1, sum))
}

// PaletteDrift is the root mean square difference, over bands and channels,
// between the first and the last second, in grey levels.
func (m Measured) PaletteDrift() float64 {
	if len(m.Palette) < 2 {
		return math.NaN()
	}
	return paletteDistance(m.Palette[0], m.Palette[len(m.Palette)-1])
}

// PaletteDistance is the same between the mean palettes of two videos.
func PaletteDistance(a, b Measured) float64 { return paletteDistance(a.meanPalette(), b.meanPalette()) }

func (m Measured) meanPalette() (mean [3][3]float64) {
	for _, p := range m.Palette {
		for b := range p {
			for k := range p[b] {
				mean[b][k] += p[b][k] / float64(len(m.Palette))
			}
		}
	}
	return mean
}

func paletteDistance(a, b [3][3]float64) float64 {
	sum := 0.0
	for i := range a {
		for k := range a[i] {
			d := a[i][k] - b[i][k]
			sum += d * d
		}
	}
	return math.Sqrt(sum / 9)
}

func palette(frames [][]byte, size int) (p [3][3]float64) {
	var n [3]float64
	for _, f := range frames {
		for y := range size {
			band := 3 * y / size
			n[band] += float64(size)
			for i := 3 * y * size; i < 3*(y+1)*size; i++ {
				p[band][i%3] += float64(f[i])
			}
		}
	}
	for b := range p {
		for k := range p[b] {
			p[b][k] /= n[b]
		}
	}
	return p
}

// direction solves the brightness-constancy equations of one second for one
// displacement of the whole frame (Lucas and Kanade, 1981) and takes the sign
// of its horizontal part; below 0.02 pixels a frame there is none.
func direction(frames [][]byte, size int) int {
	var xx, xy, yy, xt, yt float64
	prev := blurred(frames[0], size)
	for _, f := range frames[1:] {
		next := blurred(f, size)
		for y := 1; y < size-1; y++ {
			for x := 1; x < size-1; x++ {
				i := y*size + x
				gx := (prev[i+1] - prev[i-1] + next[i+1] - next[i-1]) / 4
				gy := (prev[i+size] - prev[i-size] + next[i+size] - next[i-size]) / 4
				gt := next[i] - prev[i]
				xx, xy, yy, xt, yt = xx+gx*gx, xy+gx*gy, yy+gy*gy, xt+gx*gt, yt+gy*gt
			}
		}
		prev = next
	}
	det := xx*yy - xy*xy
	if det <= 1e-9*xx*yy || det == 0 {
		return 0
	}
	u := (xy*yt - yy*xt) / det
	switch {
	case u > 0.02:
		return 1
	case u < -0.02:
		return -1
	}
	return 0
}

// blurred is the luma after a 5x5 box, so that gradients outlast a step of
// some pixels.
func blurred(rgb []byte, size int) []float64 {
	luma, rows, out := make([]float64, size*size), make([]float64, size*size), make([]float64, size*size)
	for i := range luma {
		luma[i] = 0.299*float64(rgb[3*i]) + 0.587*float64(rgb[3*i+1]) + 0.114*float64(rgb[3*i+2])
	}
	box := func(dst, src []float64, stride, other int) {
		for a := range size {
			for b := range size {
				sum := 0.0
				for d := -2; d <= 2; d++ {
					sum += src[a*other+min(size-1, max(0, b+d))*stride]
				}
				dst[a*other+b*stride] = sum / 5
			}
		}
	}
	box(rows, luma, 1, size)
	box(out, rows, size, 1)
	return out
}
