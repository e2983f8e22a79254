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
	s := &selfsim{n: p.n, lags: lagBound(p.n)}
	s.d = make([]uint16, s.n*s.lags)
	difference := p.difference()
	// Tiles of frames stay in the cache while they are compared.
	const tile = 16
	parallelBy(1, (s.n+tile-1)/tile, func(lo, hi int) {
		for b := lo; b < hi; b++ {
			i0, i1 := b*tile, min(s.n, (b+1)*tile)
			for j := i0 + 1; j < min(s.n, i1+s.lags); j++ {
				for i := max(i0, j-s.lags); i < min(i1, j); i++ {
					s.d[i*s.lags+j-i-1] = difference(i, j)
				}
			}
		}
	})
	return s
}

// difference gives D(i,j) in units of 1/64 grey level.
func (p *planes) difference() func(i, j int) uint16 {
	samples := uint64(p.inside())
	from, to := p.my*p.w/4, (p.h-p.my)*p.w/4 // the margins are all the same
	return func(i, j int) uint16 {
		return uint16((sad.Sum(p.frames[i][from:to], p.frames[j][from:to]) + samples/2) / samples)
	}
}

// compare sets nearer[j] to the differences of frame j from those before it, for j in
// [lo,hi).
func (p *planes) compare(nearer [][]uint16, lo, hi int) {
	difference := p.difference()
	for j := lo; j < hi; j++ {
		nearer[j] = make([]uint16, j)
	}
	for i := range hi {
		for j := max(lo, i+1); j < hi; j++ {
			nearer[j][i] = difference(i, j)
		}
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
