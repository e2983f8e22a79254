package figure

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"math"
)

// NoPair is the byte of a pair of frames that was not compared.
const NoPair = 255

// ByteMap paints a square matrix of bytes as a PNG in a data URI, row 0 at the
// bottom, small values bright, NoPair grey. Values are multiplied by gain, at
// most 1, so that matrices of several scales share one. It returns "" where the
// matrix is not square or has less than 2 rows.
func ByteMap(data []byte, size int, gain float64) string {
	if size < 2 || len(data) != size*size {
		return ""
	}
	palette := make(color.Palette, 256)
	for i := range NoPair {
		palette[i] = viridis(1 - float64(i)/(NoPair-1))
	}
	palette[NoPair] = viridis(math.NaN())
	img := image.NewPaletted(image.Rect(0, 0, size, size), palette)
	for i, b := range data {
		if b != NoPair {
			b = uint8(min(gain, 1)*float64(b) + 0.5)
		}
		img.SetColorIndex(i%size, size-1-i/size, b)
	}
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&b, img); err != nil {
		return "" // it has a palette and pixels, and a buffer takes all
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// ShrinkBytes averages a square matrix of bytes down to a side of at most most.
// NoPair stays where nothing was compared.
func ShrinkBytes(data []byte, size, most int) ([]byte, int) {
	if size < 2 || len(data) != size*size {
		return nil, 0
	}
	n := min(size, most)
	out := make([]byte, n*n)
	for i := range n {
		for j := range n {
			out[i*n+j] = meanByte(data, size, i*size/n, (i+1)*size/n, j*size/n, (j+1)*size/n)
		}
	}
	return out, n
}

// meanByte of rows i0 to i1 and columns j0 to j1; NoPair where nothing was
// compared.
func meanByte(data []byte, size, i0, i1, j0, j1 int) uint8 {
	sum, k := 0, 0
	for i := i0; i < i1; i++ {
		for _, b := range data[i*size+j0 : i*size+j1] {
			if b != NoPair {
				sum += int(b)
				k++
			}
		}
	}
	if k == 0 {
		return NoPair
	}
	return uint8((sum + k/2) / k)
}

// Thin averages neighbours until at most so many values are left, rounds to
// what can be seen, and says how many of the given values one stands for. NaN
// is what is not known.
func Thin(s []float64, most int) ([]float64, float64) {
	n := min(len(s), most)
	if n == 0 {
		return []float64{}, 1
	}
	out := make([]float64, n)
	for i := range out {
		var sum float64
		k := 0
		for _, v := range s[i*len(s)/n : (i+1)*len(s)/n] {
			if !math.IsNaN(v) {
				sum += v
				k++
			}
		}
		if out[i] = math.NaN(); k > 0 {
			out[i] = math.Round(sum/float64(k)*1e3) / 1e3
		}
	}
	return out, float64(len(s)) / float64(n)
}
