package vqeval

import "longtake/kernels/sad"

// selfsim is the self-similarity of a clip: D(i,j), the mean absolute difference
// of frames i and j in grey levels, for all lags up to lags.
type selfsim struct {
	n, lags int
	room    int      // frames that there is room for
	d       []uint16 // see lag
}

const (
	// fullFrames is the longest clip of which all pairs are compared; longer
	// ones are compared at half the size and up to a lag such that the number of
	// pairs stays below maxPairs.
	fullFrames = 2000
	maxPairs   = 8_000_000
	leastLags  = 256
)

func lagBound(n int) int {
	if n <= fullFrames {
		return n - 1
	}
	return min(n-1, max(leastLags, maxPairs/n))
}

func newSelfsim(p *planes) *selfsim {
	images := make([]sad.Image, p.n)
	parallel(p.n, func(lo, hi int) { p.images(images, lo, hi) })
	return compareAll(images, lagBound(p.n), p.inside())
}

// emptySelfsim has room for n frames.
func emptySelfsim(n, lags int) *selfsim {
	return &selfsim{n: n, lags: lags, room: n, d: make([]uint16, n*lags)}
}

// compareAll compares images of so many samples.
func compareAll(images []sad.Image, lags, samples int) *selfsim {
	s := emptySelfsim(len(images), lags)
	parallelBy(cached(samples), s.n, func(lo, hi int) { s.compare(images, samples, lo, hi) })
	return s
}

// cached is how many images of so many samples stay in the cache while they are compared with
// those before them, a multiple of four.
func cached(samples int) int { return max(16, min(128, (100<<10)/max(1, samples)&^3)) }

// images sets images [lo,hi) to the insides of the planes.
func (p *planes) images(images []sad.Image, lo, hi int) {
	from := p.my * p.w / 4
	inside := (p.h-2*p.my)*p.w/4 + 7
	for t := lo; t < hi; t++ {
		f := p.plane(t)[from:]
		images[t] = sad.NewImage(f[:min(len(f), inside&^7)]) // whole vectors: the margins are all the same
	}
}

// compare compares the frames [lo,hi) with those before them.
func (s *selfsim) compare(images []sad.Image, samples, lo, hi int) {
	n := uint64(samples)
	set := func(i, j int, sum uint64) { s.d[(j-i-1)*s.room+i] = uint16((sum + n/2) / n) }
	var sums [16]uint64
	for i := max(0, lo-s.lags) &^ 3; i < hi; i += 4 {
		for j := max(lo, i+1); j < min(hi, i+4+s.lags); {
			if j >= i+4 && j+4 <= hi && j+3-i <= s.lags {
				sad.Cross(&sums, (*[4]sad.Image)(images[i:]), (*[4]sad.Image)(images[j:]))
				for k, sum := range sums {
					set(i+k/4, j+k%4, sum)
				}
				j += 4
				continue
			}
			for k := i; k < min(i+4, j); k++ {
				if j-k <= s.lags {
					set(k, j, images[k].Sum(images[j]))
				}
			}
			j++
		}
	}
}

// first is the self-similarity of the first n frames.
func (s *selfsim) first(n, lags int) *selfsim {
	return &selfsim{n: n, lags: lags, room: s.room, d: s.d[:s.room*lags]}
}

// lag holds the differences of the frames from those k before them, D(t,t+k) at t, in units of
// 1/64 grey level; k must not exceed lags.
func (s *selfsim) lag(k int) []uint16 { return s.d[(k-1)*s.room:][:s.n-k] }

// at is D(i,j) in grey levels; |i-j| must not exceed lags.
func (s *selfsim) at(i, j int) float64 {
	switch {
	case i == j:
		return 0
	case i > j:
		i, j = j, i
	}
	return float64(s.d[(j-i-1)*s.room+i]) / unit
}

// has tells whether the pair was compared.
func (s *selfsim) has(i, j int) bool {
	if i > j {
		i, j = j, i
	}
	return i >= 0 && j < s.n && j-i <= s.lags
}
