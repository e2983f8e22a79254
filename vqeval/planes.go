package vqeval

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"longtake/kernels/frames"
)

// Planes hold four 16-bit samples a word, as package sad compares them. A sample
// is a grey level, less the mean of its frame, plus 256, in units of 1/64: it
// stays below 2^15.
const (
	unit   = 64  // samples per grey level
	centre = 256 // grey level that the frame's mean is moved to
	limit  = 511 // largest grey level of a centred sample
)

// pack stores samples four to a word; len(samples) is a multiple of four.
func pack(dst []uint64, samples []uint16) {
	for i := range dst {
		s := samples[4*i : 4*i+4]
		dst[i] = uint64(s[0]) | uint64(s[1])<<16 | uint64(s[2])<<32 | uint64(s[3])<<48
	}
}

// planes are the frames as the detectors see them: smoothed, without their mean,
// packed.
type planes struct {
	n, w, h int
	mx, my  int // margins that are left out: letterboxes, frames and other overlays live there
	words   int // of one plane
	frames  [][]uint64
	mean    []float64 // grey level of each frame
	spread  []float64 // standard deviation inside each frame, grey levels
}

// marginShare of the width and height is left out on each side.
const marginShare = 0.03

// moments notes and returns the mean of the frame inside the margins.
func (p *planes) moments(t int, in []float32) float64 {
	var sums [2][4]float64 // of every fourth sample: a single sum waits for each addition
	frames.Moments(&sums, in[p.my*p.w+p.mx:], p.w, p.w-2*p.mx, p.h-2*p.my)
	sum, sq := sums[0], sums[1]
	n := float64(p.inside())
	p.mean[t] = (sum[0] + sum[1] + sum[2] + sum[3]) / n
	p.spread[t] = math.Sqrt(math.Max(0, (sq[0]+sq[1]+sq[2]+sq[3])/n-p.mean[t]*p.mean[t]))
	return p.mean[t]
}

// inside counts the samples of a plane that are compared.
func (p *planes) inside() int { return (p.w - 2*p.mx) * (p.h - 2*p.my) }

func (p *planes) plane(t int) []uint64 { return p.frames[t] }

// gauss is a Gaussian of sigma 0.8 samples, normalised: its five taps up to the middle.
var gauss = func() (g [3]float32) {
	var sum float64
	for i := range 5 {
		x := float64(i - 2)
		v := float32(math.Exp(-x * x / (2 * 0.8 * 0.8)))
		sum += float64(v)
		if i < len(g) {
			g[i] = v
		}
	}
	for i := range g {
		g[i] /= float32(sum)
	}
	return g
}()

// halfSize is that of the frames of long clips.
func halfSize(w, h int) (int, int) {
	return max(2*blockWidth, w/2/blockWidth*blockWidth), max(2*blockHeight, h/2)
}

// emptyPlanes are planes for frames of w x h samples, or of half of that.
func emptyPlanes(w, h int, half bool) *planes {
	if half {
		w, h = halfSize(w, h)
	}
	return &planes{w: w, h: h, words: w * h / 4,
		mx: int(math.Ceil(marginShare * float64(w))), my: int(math.Ceil(marginShare * float64(h)))}
}

// slabPlanes are allocated together: one slice of all would be copied as it grows.
const slabPlanes = 32

// grow makes room for n frames.
func (p *planes) grow(n int) {
	for len(p.frames) < n {
		slab := make([]uint64, slabPlanes*p.words)
		for i := range slabPlanes {
			p.frames = append(p.frames, slab[i*p.words:(i+1)*p.words])
		}
	}
	p.mean = slices.Grow(p.mean, n-p.n)[:n]
	p.spread = slices.Grow(p.spread, n-p.n)[:n]
	p.n = n
}

// newPlanes smooths the frames (area-averaged to half the size first when half
// is set) and removes their means.
func newPlanes(s *Source, half bool) *planes {
	p := emptyPlanes(s.Width, s.Height, half)
	p.fill(s.Luma, s.Width, s.Height)
	return p
}

// fill appends frames of w x h samples on all cores.
func (p *planes) fill(luma [][]byte, w, h int) {
	from := p.n
	p.grow(from + len(luma))
	parallel(len(luma), func(lo, hi int) {
		room := newPlaneRoom(p)
		for t := lo; t < hi; t++ {
			p.set(from+t, luma[t], w, h, room)
		}
	})
}

// planeRoom is scratch for one frame.
type planeRoom struct {
	in, tmp []float32
	inside  []uint64 // see columns
}

func newPlaneRoom(p *planes) planeRoom {
	n := p.w * p.h
	return planeRoom{make([]float32, n), make([]float32, n), p.columns()}
}

// set makes plane t from a frame of w x h samples.
func (p *planes) set(t int, luma []byte, w, h int, room planeRoom) {
	in, out, stride := room.in, p.plane(t), p.w/4
	shrink(in, p.w, p.h, luma, w, h)
	smooth(in, room.tmp, p.w, p.h)
	mean := p.moments(t, in)
	from, to := p.my*stride, (p.h-p.my)*stride
	frames.StepWords(out[from:to], in[4*from:4*to], mean-centre, limit, unit)
	const blank = centre * unit * lanes
	for _, rows := range [...][]uint64{out[:from], out[to:]} {
		for i := range rows {
			rows[i] = blank
		}
	}
	side := (p.mx + 3) / 4 // words that have a part of a margin
	left, right := room.inside[:side], room.inside[stride-side:]
	for at := from; at < to; at += stride {
		row := out[at:][:stride]
		for i, v := range row[:side] {
			row[i] = v&left[i] | blank&^left[i]
		}
		for i, v := range row[stride-side:] {
			row[stride-side+i] = v&right[i] | blank&^right[i]
		}
	}
}

// shrink averages areas of src (sw x sh) into dst (w x h); equal sizes copy.
func shrink(dst []float32, w, h int, src []byte, sw, sh int) {
	if w == sw && h == sh {
		frames.Floats(dst, src)
		return
	}
	var room [2][1025]int
	sums, edges := room[0][:], room[1][:]
	if max(sw, w) >= len(sums) {
		sums, edges = make([]int, sw+1), make([]int, w+1)
	}
	sums = sums[:sw+1] // of the columns before each, over the rows that make one
	for x := range edges[:w+1] {
		edges[x] = x * sw / w
	}
	for y := range h {
		y0, y1 := y*sh/h, max(y*sh/h+1, (y+1)*sh/h)
		clear(sums)
		for yy := y0; yy < y1; yy++ {
			sum := 0
			for x, v := range src[yy*sw : (yy+1)*sw] {
				sum += int(v)
				sums[x+1] += sum
			}
		}
		for x := range w {
			x0, x1 := edges[x], max(edges[x]+1, edges[x+1])
			dst[y*w+x] = float32(sums[x1]-sums[x0]) / float32((y1-y0)*(x1-x0))
		}
	}
}

// halve is the luma of a frame of w x h samples at half the size.
func halve(luma []byte, w, h int) []byte {
	hw, hh := halfSize(w, h)
	v, out := make([]float32, hw*hh), make([]byte, hw*hh)
	shrink(v, hw, hh, luma, w, h)
	for i, x := range v {
		out[i] = byte(x + 0.5)
	}
	return out
}

// smooth is a separable Gaussian, the border repeated; w is at least 4.
func smooth(p, tmp []float32, w, h int) {
	at := func(i, n int) int { return max(0, min(n-1, i)) }
	g0, g1, g2 := gauss[0], gauss[1], gauss[2]
	for y := range h {
		row, out := p[y*w:(y+1)*w], tmp[y*w:(y+1)*w]
		frames.Taps(out[2:w-2], row, row[1:], row[2:], row[3:], row[4:], &gauss)
		for _, x := range [...]int{0, 1, w - 2, w - 1} {
			out[x] = g0*(row[at(x-2, w)]+row[at(x+2, w)]) + g1*(row[at(x-1, w)]+row[at(x+1, w)]) + g2*row[x]
		}
	}
	line := func(y int) []float32 { return tmp[at(y, h)*w:][:w] }
	for y := range h {
		frames.Taps(p[y*w:][:w], line(y-2), line(y-1), line(y), line(y+1), line(y+2), &gauss)
	}
}

// parallel runs fn over [0,n) in chunks on all cores. Chunks write disjoint
// results, so their order does not matter. A panic in one of them goes on in the caller.
func parallel(n int, fn func(lo, hi int)) { parallelBy(8, n, fn) }

// parallelBy is parallel with chunks of a given size.
func parallelBy(chunk, n int, fn func(lo, hi int)) {
	workers := min(runtime.GOMAXPROCS(0), (n+chunk-1)/chunk)
	if workers <= 1 {
		fn(0, n)
		return
	}
	var next atomic.Int64
	var failed atomic.Pointer[defect]
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					failed.CompareAndSwap(nil, defectOf(p))
				}
			}()
			for {
				lo := int(next.Add(int64(chunk))) - chunk
				if lo >= n {
					return
				}
				fn(lo, min(n, lo+chunk))
			}
		})
	}
	wg.Wait()
	if d := failed.Load(); d != nil {
		panic(d)
	}
}
