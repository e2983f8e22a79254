// Package frames does what every frame of a video goes through before it is compared: its
// colours are summed up, it is smoothed and rounded. It also has the sums by which the motion between
// two frames is fitted.
//
// Every variant (generic Go, AVX2) gives the same bits. The best one that the machine has is
// used unless the environment variable LONGTAKE_KERNELS names generic.
package frames

import (
	"fmt"
	"os"
)

// variant is one implementation. Tests run over the table. A nil function means generic Go.
type variant struct {
	name   string
	taps   func(n int, dst, a, b, c, d, e *float32, g *[3]float32)
	steps  func(n int, dst *uint16, src *float32, less, most, unit float64)
	tones  func(n, rows int, luma, rgb *byte, stride int, sums *[5]uint64, saturation *[4]float64)
	edges  func(n, rows int, image *byte, stride int, sums *[3]uint64)
	normal func(n int, sums *[6][8]float64, rows *[8]float64, spread float64)

	moments func(n, rows int, src *float32, stride int, sums *[2][4]float64)
	lift    func(n int, dst, src, in *uint64, more, less, most uint64)
	mean    func(n int, dst, a, b, c, d *uint64)
	cells   func(n int, dst *float64, a, b *uint64, scale float64)
	larger  func(n int, dst, a, b *float64)
	floats  func(n int, dst *float32, src *byte)

	lacked string // why it cannot run here; empty when it can
}

var used = choose(os.Getenv("LONGTAKE_KERNELS"))

// choose returns the generic variant where it is named, else the best one.
func choose(name string) variant {
	best := variant{name: "generic"}
	if name == best.name {
		return best
	}
	for _, v := range asmVariants() {
		if v.lacked == "" {
			best = v
		}
	}
	return best
}

// lanes of a vector of float32 or of the samples that are rounded at once.
const lanes = 8

// Taps sets dst[i] to g0 (a[i]+e[i]) + g1 (b[i]+d[i]) + g2 c[i], each product and sum rounded to
// float32: one pass of a symmetric filter. The sources are at least as long as dst and share no
// memory with it; they may overlap each other.
func Taps(dst, a, b, c, d, e []float32, g *[3]float32) { used.fiveTaps(dst, a, b, c, d, e, g) }

func (v *variant) fiveTaps(dst, a, b, c, d, e []float32, g *[3]float32) {
	n := len(dst)
	a, b, c, d, e = a[:n], b[:n], c[:n], d[:n], e[:n]
	if v.taps == nil || n < lanes {
		tapsGeneric(dst, a, b, c, d, e, g)
		return
	}
	v.taps(n&^(lanes-1), &dst[0], &a[0], &b[0], &c[0], &d[0], &e[0], g)
	if k := n - lanes; n%lanes > 0 {
		v.taps(lanes, &dst[k], &a[k], &b[k], &c[k], &d[k], &e[k], g)
	}
}

func tapsGeneric(dst, a, b, c, d, e []float32, g *[3]float32) {
	n := len(dst)
	a, b, c, d, e = a[:n], b[:n], c[:n], d[:n], e[:n]
	g0, g1, g2 := g[0], g[1], g[2]
	for i := range dst {
		// Conversions keep products and sums apart where the machine could fuse them.
		dst[i] = float32(float32(g0*(a[i]+e[i]))+float32(g1*(b[i]+d[i]))) + float32(g2*c[i])
	}
}

// Steps sets dst to src less an amount, at least 0 and at most most, in whole units of 1/unit,
// rounded half up; most times unit is below 2^16.
func Steps(dst []uint16, src []float32, less, most, unit float64) {
	used.inSteps(dst, src, less, most, unit)
}

func (v *variant) inSteps(dst []uint16, src []float32, less, most, unit float64) {
	n := len(dst)
	src = src[:n]
	if v.steps == nil || n < lanes {
		stepsGeneric(dst, src, less, most, unit)
		return
	}
	v.steps(n&^(lanes-1), &dst[0], &src[0], less, most, unit)
	if k := n - lanes; n%lanes > 0 {
		v.steps(lanes, &dst[k], &src[k], less, most, unit)
	}
}

func stepsGeneric(dst []uint16, src []float32, less, most, unit float64) {
	for i, x := range src[:len(dst)] {
		dst[i] = uint16(int32(float64(min(most, max(0, float64(x)-less))*unit) + 0.5))
	}
}

// Sums are over pixels.
type Sums struct {
	N  int
	Of [5]uint64 // see Luma and the others
	// Saturation, (max-min)/max over the colours and 0 of black, in four parts: each row of Tones
	// deals its pixels out to them.
	Saturation [4]float64
}

// What Sums.Of holds; Square is that of the luma.
const (
	Luma = iota
	Square
	Red
	Green
	Blue
)

// pixels that the kernel of Tones takes at once, and the most of a row, and of a call of the kernel.
const (
	pixels     = 16
	mostPixels = 1 << 12
	mostOfCall = 1 << 18
)

// Tones adds to the sums n pixels (rgb24) at the start of each of rows rows, which are stride pixels apart, and
// writes their luma, that of BT.601 rounded to whole levels, at the same places. There are at most 4096 of
// either.
func Tones(luma, rgb []byte, stride, n, rows int, s *Sums) {
	used.allTones(luma, rgb, stride, n, rows, s)
}

func (v *variant) allTones(luma, rgb []byte, stride, n, rows int, s *Sums) {
	if n == 0 || rows == 0 {
		return
	}
	room := min(len(luma), len(rgb)/3) // pixels
	if n < 0 || rows < 0 || n > mostPixels || rows > mostPixels || stride < n || room < (rows-1)*stride+n {
		panic(fmt.Sprintf("frames: %d rows of %d pixels, %d apart, of %d bytes and %d of luma", rows, n, stride, len(rgb), len(luma)))
	}
	y, up := 0, (n+pixels-1)/pixels*pixels
	for v.tones != nil && y < rows && y*stride+up <= room {
		k := min(rows-y, (room-up)/stride-y+1, mostOfCall/up) // rows for which the kernel does not go beyond the image
		v.tones(n, k, &luma[y*stride], &rgb[3*y*stride], stride, &s.Of, &s.Saturation)
		y += k
	}
	for ; y < rows; y++ { // ends where the image does
		at, whole := y*stride, 0
		if v.tones != nil && n >= pixels {
			whole = n / pixels * pixels
			v.tones(whole, 1, &luma[at], &rgb[3*at], stride, &s.Of, &s.Saturation)
		}
		tonesGeneric(luma[at+whole:at+n], rgb[3*(at+whole):], s)
	}
	s.N += n * rows
}

// tonesGeneric adds to Saturation[i] that of the pixels i, i+4, ...
func tonesGeneric(luma, rgb []byte, s *Sums) {
	var light, square, red, green, blue uint64
	for i := range luma {
		p := rgb[:3]
		rgb = rgb[3:]
		r, g, b := p[0], p[1], p[2]
		y := (299*uint32(r) + 587*uint32(g) + 114*uint32(b) + 500) / 1000
		luma[i] = byte(y)
		light += uint64(y)
		square += uint64(y * y)
		red += uint64(r)
		green += uint64(g)
		blue += uint64(b)
		hi := max(r, g, b)
		s.Saturation[i%4] += float64(hi-min(r, g, b)) / float64(max(hi, 1))
	}
	for i, v := range [...]uint64{light, square, red, green, blue} {
		s.Of[i] += v
	}
}

// Edges adds to sums[k], of n columns and rows rows at the start of an image, the squared differences of each
// sample from those 2^k to its right and below it; rows are stride bytes apart, and there are at most 4096.
func Edges(sums *[3]uint64, image []byte, stride, n, rows int) {
	used.allEdges(sums, image, stride, n, rows)
}

// edgeReach is the longest distance at which Edges looks.
const edgeReach = 4

func (v *variant) allEdges(sums *[3]uint64, image []byte, stride, n, rows int) {
	if n <= 0 || rows <= 0 {
		return
	}
	if rows > mostPixels || stride < n || len(image) < (rows+edgeReach-1)*stride+n || len(image) < (rows-1)*stride+n+edgeReach {
		panic(fmt.Sprintf("frames: edges of %d columns and %d rows, %d bytes apart, of %d bytes", n, rows, stride, len(image)))
	}
	for x := 0; x < n; x += pixels {
		k := min(pixels, n-x)
		whole := 0 // rows for which the kernel does not read beyond the image
		if v.edges != nil && len(image) >= x+pixels+edgeReach+edgeReach*stride {
			whole = min(rows, (len(image)-x-pixels-edgeReach)/stride-edgeReach+1)
		}
		if whole > 0 {
			v.edges(k, whole, &image[x], stride, sums)
		}
		for y := whole; y < rows; y++ {
			edgesGeneric(sums, image[y*stride+x:], stride, k)
		}
	}
}

// edgesGeneric takes one row.
func edgesGeneric(sums *[3]uint64, image []byte, stride, n int) {
	for k := range sums {
		right, below := image[1<<k:], image[stride<<k:]
		var sum uint64
		for x, v := range image[:n] {
			a, b := int(v)-int(right[x]), int(v)-int(below[x])
			sum += uint64(a*a + b*b)
		}
		sums[k] += sum
	}
}

// Normal adds up the normal equations of a fit of six numbers with the weights of Cauchy. A row holds how
// a sample changes with each of them, and then what is left of it, r: sums[i][k], k >= i, gets the sum of
// row[i] row[k] / (1 + r^2/spread), in the order of the rows. The rest of sums is of no use.
func Normal(sums *[6][8]float64, rows [][8]float64, spread float64) {
	used.allNormal(sums, rows, spread)
}

func (v *variant) allNormal(sums *[6][8]float64, rows [][8]float64, spread float64) {
	if v.normal == nil || len(rows) == 0 {
		normalGeneric(sums, rows, spread)
		return
	}
	v.normal(len(rows), sums, &rows[0], spread)
}

func normalGeneric(sums *[6][8]float64, rows [][8]float64, spread float64) {
	for t := range rows {
		q := &rows[t]
		r := q[6]
		w := 1 / (1 + float64(r*r)/spread)
		for i, g := range q[:6] {
			wg, sum := w*g, &sums[i]
			for k := i; k < 7; k++ {
				sum[k] += float64(wg * q[k])
			}
		}
	}
}
