package vqeval

import "longtake/kernels/sad"

// selfsim is the self-similarity of a clip: D(i,j), the mean absolute difference
// of frames i and j in grey levels, for all lags up to lags.
type selfsim struct {
	n, lags int
	d       []uint16 // row t holds lags 1..lags in units of 1/64 grey level
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

// compareAll compares images of so many samples.
func compareAll(images []sad.Image, lags, samples int) *selfsim {
	s := &selfsim{n: len(images), lags: lags}
	s.d = make([]uint16, s.n*s.lags)
	parallelBy(1, (s.n+tile-1)/tile, func(lo, hi int) {
		for b := lo; b < hi; b++ {
			i0, i1 := b*tile, min(s.n, (b+1)*tile)
			for j0 := i0; j0 < min(s.n, i1+s.lags); j0 += tile {
				differences(images, samples, i0, i1, j0, min(s.n, j0+tile), s.lags, func(i, j int, d uint16) { s.d[i*s.lags+j-i-1] = d })
			}
		}
	})
	return s
}

// tile frames and as many others stay in the cache while they are compared.
const tile = 16

// images sets images [lo,hi) to the insides of the planes.
func (p *planes) images(images []sad.Image, lo, hi int) {
	from := p.my * p.w / 4
	inside := (p.h-2*p.my)*p.w/4 + 7
	for t := lo; t < hi; t++ {
		f := p.plane(t)[from:]
		images[t] = sad.NewImage(f[:min(len(f), inside&^7)]) // whole vectors: the margins are all the same
	}
}

// differences hands D(i,j) in units of 1/64 grey level to set, for the frames i in [i0,i1) and j in
// [j0,j1) that are at least 1 and at most lags apart, i before j.
func differences(images []sad.Image, samples, i0, i1, j0, j1, lags int, set func(i, j int, d uint16)) {
	n := uint64(samples)
	d := func(sum uint64) uint16 { return uint16((sum + n/2) / n) }
	var sums [16]uint64
	for i := i0; i < i1; i += 4 {
		for j := max(j0, i+1); j < j1; {
			if i+4 <= i1 && j >= i+4 && j+4 <= j1 && j+3-i <= lags {
				sad.Cross(&sums, (*[4]sad.Image)(images[i:]), (*[4]sad.Image)(images[j:]))
				for k, sum := range sums {
					set(i+k/4, j+k%4, d(sum))
				}
				j += 4
				continue
			}
			for k := i; k < min(i+4, i1, j); k++ {
				if j-k <= lags {
					set(k, j, d(images[k].Sum(images[j])))
				}
			}
			j++
		}
	}
}

// compare sets nearer[j] to the differences of frame j from those before it, for j in
// [lo,hi).
func (p *planes) compare(images []sad.Image, nearer [][]uint16, lo, hi int) {
	for j := lo; j < hi; j++ {
		nearer[j] = make([]uint16, j)
	}
	for i := 0; i < hi; i += tile {
		differences(images, p.inside(), i, min(hi, i+tile), lo, hi, hi, func(i, j int, d uint16) { nearer[j][i] = d })
	}
}

// newSelfsimOf is that of at most fullFrames frames which were compared with those
// before them.
func newSelfsimOf(nearer [][]uint16) *selfsim {
	s := &selfsim{n: len(nearer), lags: len(nearer) - 1}
	s.d = make([]uint16, s.n*s.lags)
	parallelBy(64, s.n, func(lo, hi int) {
		for j := lo + 1; j < s.n; j++ {
			for i := lo; i < min(hi, j); i++ {
				s.d[i*s.lags+j-i-1] = nearer[j][i]
			}
		}
	})
	return s
}

// at is D(i,j) in grey levels; |i-j| must not exceed lags.
func (s *selfsim) at(i, j int) float64 {
	switch {
	case i == j:
		return 0
	case i > j:
		i, j = j, i
	}
	return float64(s.d[i*s.lags+j-i-1]) / unit
}

// has tells whether the pair was compared.
func (s *selfsim) has(i, j int) bool {
	if i > j {
		i, j = j, i
	}
	return i >= 0 && j < s.n && j-i <= s.lags
}
