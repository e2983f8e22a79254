package frames

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// image is n words of samples up to most, many of them at the ends of their range.
func image(r *rand.Rand, n int, most uint64) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		for l := range 4 {
			s := r.Uint64N(most + 1)
			switch r.IntN(4) {
			case 0:
				s = 0
			case 1:
				s = most
			}
			out[i] |= s << (16 * l)
		}
	}
	return out
}

var lengths = []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 26, 1559, 1560}

const guard = 0xdeadbeefdeadbeef

func sample(words []uint64, i int) int { return int(words[i/4] >> (16 * (i % 4)) & 0xffff) }

// guarded compares the samples of n words and the guard behind them.
func guarded(t *testing.T, got []uint64, n int, want func(i int) int) {
	t.Helper()
	if got[n] != guard {
		t.Errorf("%d words: the guard value was overwritten", n)
	}
	for i := range 4 * n {
		if sample(got, i) != want(i) {
			t.Fatalf("%d words: sample %d is %d, want %d", n, i, sample(got, i), want(i))
		}
	}
}

func TestStepWords(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	testEach(t, func(t *testing.T, v *variant) {
		for _, n := range lengths {
			src, want := make([]float32, 4*n), make([]uint16, 4*n)
			for i := range src {
				src[i] = float32(r.NormFloat64() * 300)
			}
			stepsGeneric(want, src, -37.21, 511, 64)
			got := append(make([]uint64, n), guard)
			v.stepWords(got[:n], src, -37.21, 511, 64)
			guarded(t, got, n, func(i int) int { return int(want[i]) })
		}
	})
}

func TestMoments(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	testEach(t, func(t *testing.T, v *variant) {
		for _, c := range []struct{ n, rows, apart int }{{1, 1, 0}, {3, 2, 1}, {4, 3, 0}, {5, 4, 3}, {98, 54, 6}, {98, 1, 0}, {0, 3, 4}, {4, 0, 0}} {
			stride := c.n + c.apart
			src := make([]float32, max(0, c.rows-1)*stride+c.n)
			for i := range src {
				src[i] = float32(255 * r.Float64())
			}
			var want, got [2][4]float64
			want[0][1], want[1][0] = 0.3, 0.7
			got = want
			for y := range c.rows {
				for i := range c.n {
					x, part := float64(src[y*stride+i]), i%4
					if i >= c.n&^3 {
						part = 0
					}
					want[0][part] += x
					want[1][part] += float64(x * x)
				}
			}
			if v.allMoments(&got, src, stride, c.n, c.rows); got != want {
				t.Errorf("%+v: %v, want %v", c, got, want)
			}
		}
	})
}

func TestLift(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	testEach(t, func(t *testing.T, v *variant) {
		for _, n := range lengths {
			for _, shift := range []int{0, 1, -1, 77, -77, 8128, -8192, 16383, -16383} {
				const most = 511 * 64
				src, in := image(r, n, most), make([]uint64, n)
				for i := range 4 * n {
					if r.IntN(3) > 0 {
						in[i/4] |= 0xffff << (16 * (i % 4))
					}
				}
				got := append(make([]uint64, n), guard)
				v.lifted(got[:n], src, in, shift, most)
				guarded(t, got, n, func(i int) int {
					if sample(in, i) == 0 {
						return sample(src, i)
					}
					return max(0, min(most, sample(src, i)+shift))
				})
			}
		}
	})
}

func TestMean(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	testEach(t, func(t *testing.T, v *variant) {
		for _, n := range lengths {
			var of [4][]uint64
			for i := range of {
				of[i] = image(r, n, 1<<15-1)
			}
			got := append(make([]uint64, n), guard)
			v.meanOf(got[:n], &of)
			guarded(t, got, n, func(i int) int {
				return (sample(of[0], i) + sample(of[1], i) + sample(of[2], i) + sample(of[3], i)) / 4
			})
		}
	})
}

func TestCells(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	testEach(t, func(t *testing.T, v *variant) {
		for _, n := range lengths {
			a, b := image(r, n, 1<<15-1), image(r, n, 1<<15-1)
			want := make([]float64, n+1)
			for i := range want {
				want[i] = r.Float64()
			}
			got := slices.Clone(want)
			for i := range n {
				d := 0
				for k := 4 * i; k < 4*i+4; k++ {
					d += max(sample(a, k), sample(b, k)) - min(sample(a, k), sample(b, k))
				}
				want[i] += float64(d) / 768
			}
			if v.allCells(got[:n], a, b, 768); !slices.Equal(got, want) {
				t.Errorf("%d words: %v, want %v", n, got, want)
			}
		}
	})
}

func TestLarger(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	testEach(t, func(t *testing.T, v *variant) {
		for _, n := range lengths {
			a, b, want := make([]float64, n), make([]float64, n), make([]float64, n+1)
			for i := range a {
				a[i], b[i] = r.NormFloat64(), r.NormFloat64()
				want[i] = max(a[i], b[i])
			}
			got := make([]float64, n+1)
			if v.largerOf(got[:n], a, b); !slices.Equal(got, want) {
				t.Errorf("%d: %v, want %v", n, got, want)
			}
			if v.largerOf(a, a, b); !slices.Equal(a, want[:n]) {
				t.Errorf("%d in place: %v, want %v", n, a, want)
			}
		}
	})
}

func TestFloats(t *testing.T) {
	testEach(t, func(t *testing.T, v *variant) {
		for _, n := range lengths {
			src, want, got := make([]byte, n), make([]float32, n+1), make([]float32, n+1)
			for i := range src {
				src[i] = byte(251*i + 255)
				want[i] = float32(src[i])
			}
			if v.inFloats(got[:n], src); !slices.Equal(got, want) {
				t.Errorf("%d: %v, want %v", n, got, want)
			}
		}
	})
}
