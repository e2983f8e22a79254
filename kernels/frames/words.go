package frames

import (
	"fmt"
	"unsafe"
)

// Words of four 16-bit samples, the first one lowest, as package sad compares them.

// words of a vector.
const words = 4

// StepWords sets the samples of dst as Steps does; src has four for each word.
func StepWords(dst []uint64, src []float32, less, most, unit float64) {
	used.stepWords(dst, src, less, most, unit)
}

func (v *variant) stepWords(dst []uint64, src []float32, less, most, unit float64) {
	src = src[:4*len(dst)]
	whole := 0 // words
	if v.steps != nil {
		whole = len(dst) &^ (lanes/4 - 1)
	}
	if whole > 0 {
		v.steps(4*whole, (*uint16)(unsafe.Pointer(&dst[0])), &src[0], less, most, unit)
	}
	for i := whole; i < len(dst); i++ {
		var s [4]uint16
		stepsGeneric(s[:], src[4*i:], less, most, unit)
		dst[i] = uint64(s[0]) | uint64(s[1])<<16 | uint64(s[2])<<32 | uint64(s[3])<<48
	}
}

// Moments adds to sums[0] the samples of rows rows of n, stride apart, and to sums[1] their squares. Sample i of
// a row goes to part i%4; those behind the last four of it go to part 0.
func Moments(sums *[2][4]float64, src []float32, stride, n, rows int) {
	used.allMoments(sums, src, stride, n, rows)
}

func (v *variant) allMoments(sums *[2][4]float64, src []float32, stride, n, rows int) {
	if n <= 0 || rows <= 0 {
		return
	}
	if stride < n || len(src) < (rows-1)*stride+n {
		panic(fmt.Sprintf("frames: moments of %d rows of %d samples, %d apart, of %d", rows, n, stride, len(src)))
	}
	if v.moments != nil {
		v.moments(n, rows, &src[0], stride, sums)
		return
	}
	sum, sq := sums[0], sums[1]
	for y := range rows {
		row := src[y*stride:][:n]
		for ; len(row) >= 4; row = row[4:] {
			a, b, c, d := float64(row[0]), float64(row[1]), float64(row[2]), float64(row[3])
			sum[0], sum[1], sum[2], sum[3] = sum[0]+a, sum[1]+b, sum[2]+c, sum[3]+d
			sq[0], sq[1], sq[2], sq[3] = sq[0]+float64(a*a), sq[1]+float64(b*b), sq[2]+float64(c*c), sq[3]+float64(d*d)
		}
		for _, x := range row {
			sum[0], sq[0] = sum[0]+float64(x), sq[0]+float64(float64(x)*float64(x))
		}
	}
	sums[0], sums[1] = sum, sq
}

const (
	each = 1 | 1<<16 | 1<<32 | 1<<48 // 1 in each sample of a word
	tops = each << 15
)

// Lift sets the samples of dst to those of src, which are at most most, plus shift, at least 0 and at most most,
// where the bits of in are set, else to those of src. shift has 14 bits and a sign, most 15 bits; the slices are as
// long as dst and share no memory with it.
func Lift(dst, src, in []uint64, shift int, most uint16) { used.lifted(dst, src, in, shift, most) }

func (v *variant) lifted(dst, src, in []uint64, shift int, most uint16) {
	n := len(dst)
	src, in = src[:n], in[:n]
	if v.lift == nil || n < words {
		liftGeneric(dst, src, in, shift, most)
		return
	}
	more, less, top := uint64(max(0, shift))*each, uint64(max(0, -shift))*each, uint64(most)*each
	v.lift(n&^(words-1), &dst[0], &src[0], &in[0], more, less, top)
	if k := n - words; n%words > 0 {
		v.lift(words, &dst[k], &src[k], &in[k], more, less, top)
	}
}

func liftGeneric(dst, src, in []uint64, shift int, most uint16) {
	if shift < 0 {
		less := uint64(-shift) * each
		for i, in := range in {
			v := src[i]
			d := (v | tops) - less // the top stays where the sample is not below
			d &= (d & tops) >> 15 * 0x7fff
			dst[i] = v ^ (v^d)&in
		}
		return
	}
	more, top, over := uint64(shift)*each, uint64(most)*each, uint64(1<<15-1-most)*each
	for i, in := range in {
		v := src[i]
		d := v + more // below 2^16
		d ^= (d ^ top) & ((d + over) & tops >> 15 * 0xffff)
		dst[i] = v ^ (v^d)&in
	}
}

// low are the lower halves of the two 32-bit lanes of a word.
const low = 0xffff | 0xffff<<32

// Mean sets the samples of dst to the mean of those of four images, rounded down. The images are as long
// as dst, their samples below 2^15.
func Mean(dst []uint64, of *[4][]uint64) { used.meanOf(dst, of) }

func (v *variant) meanOf(dst []uint64, of *[4][]uint64) {
	n := len(dst)
	a, b, c, d := of[0][:n], of[1][:n], of[2][:n], of[3][:n]
	if v.mean != nil && n >= words {
		v.mean(n&^(words-1), &dst[0], &a[0], &b[0], &c[0], &d[0])
		if k := n - words; n%words > 0 {
			v.mean(words, &dst[k], &a[k], &b[k], &c[k], &d[k])
		}
		return
	}
	for k := range dst {
		// Four lanes below 2^15 do not overflow their halves.
		even := a[k]&low + b[k]&low + c[k]&low + d[k]&low
		odd := a[k]>>16&low + b[k]>>16&low + c[k]>>16&low + d[k]>>16&low
		dst[k] = even>>2&(0x7fff|0x7fff<<32) | (odd>>2&(0x7fff|0x7fff<<32))<<16
	}
}

// Cells adds to dst[i] the sum of |a-b| over the samples of word i, which are below 2^15, over scale.
func Cells(dst []float64, a, b []uint64, scale float64) { used.allCells(dst, a, b, scale) }

func (v *variant) allCells(dst []float64, a, b []uint64, scale float64) {
	n := len(dst)
	a, b = a[:n], b[:n]
	whole := 0
	if v.cells != nil {
		whole = n &^ (words - 1)
	}
	if whole > 0 {
		v.cells(whole, &dst[0], &a[0], &b[0], scale)
	}
	for i := whole; i < n; i++ {
		sum := 0
		for l := 0; l < 64; l += 16 {
			x, y := int(a[i]>>l&0xffff), int(b[i]>>l&0xffff)
			sum += max(x, y) - min(x, y)
		}
		dst[i] += float64(sum) / scale
	}
}

// Larger sets dst[i] to the larger one of a[i] and b[i], neither of which is NaN. dst may be a or b.
func Larger(dst, a, b []float64) { used.largerOf(dst, a, b) }

func (v *variant) largerOf(dst, a, b []float64) {
	n := len(dst)
	a, b = a[:n], b[:n]
	whole := 0
	if v.larger != nil {
		whole = n &^ 3
	}
	if whole > 0 {
		v.larger(whole, &dst[0], &a[0], &b[0])
	}
	for i := whole; i < n; i++ {
		dst[i] = max(a[i], b[i])
	}
}

// Floats sets dst to src, which is as long.
func Floats(dst []float32, src []byte) { used.inFloats(dst, src) }

func (v *variant) inFloats(dst []float32, src []byte) {
	n := len(dst)
	src = src[:n]
	whole := 0
	if v.floats != nil {
		whole = n &^ (lanes - 1)
	}
	if whole > 0 {
		v.floats(whole, &dst[0], &src[0])
	}
	for i := whole; i < n; i++ {
		dst[i] = float32(src[i])
	}
}
