package vqeval

import (
	"math"

	"longtake/kernels/sad"
)

// Tones are what the parts of one frame look like: the tiles of light, row by row.
// They are kept small, for clips of a hundred thousand frames.
type Tones struct {
	Cb, Cr     [tiles]int16  // means of the BT.601 colour differences in 1/64 of a level
	Saturation [tiles]uint16 // mean of (max-min)/max over the colours, 0..65535
	// Logarithms of the mean squared difference of neighbouring pairs of pixels, and of
	// pairs at four times that distance, at native resolution, in 1/1024. Squares,
	// because a blur leaves the mean difference across an edge as it is. Of long clips those
	// of the last frame that was measured: see detailEvery.
	Near, Far [tiles]int16
}

// unseen stands for a tile without a difference in it.
const unseen = math.MinInt16

// detail measures full-width rows of a frame, evenly spaced over its height, at native
// resolution. The band of the nearer pairs is about 8 pixels wide, which coding noise
// hardly reaches.
func (t *Tones) detail(pix []byte, width int) {
	rows := len(pix) / width
	for r := range tileRows {
		var near, far, n [tileCols]int
		for y := r * rows / tileRows; y < (r+1)*rows/tileRows; y++ {
			row := pix[y*width : (y+1)*width]
			for c := range near {
				from, to := c*width/tileCols, (c+1)*width/tileCols
				pairs := max(0, min((to-from+1)/2, (width-from)/2-4)) // that have one at that distance
				a, b := sad.Pairs(row[from:], pairs)
				near[c] += int(a)
				far[c] += int(b)
				n[c] += pairs
			}
		}
		for c := range near {
			log := func(sum int) int16 {
				if sum == 0 {
					return unseen
				}
				return int16(math.Round(1024 * math.Log(float64(sum)/float64(4*n[c]))))
			}
			t.Near[r*tileCols+c], t.Far[r*tileCols+c] = log(near[c]), log(far[c])
		}
	}
}
