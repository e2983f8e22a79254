package sad

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// each runs a test on every variant; one that cannot run here is a skip that
// says why.
func each(t *testing.T, f func(t *testing.T, v *variant)) {
	t.Helper()
	for _, v := range append([]variant{{name: "generic"}}, asmVariants()...) {
		t.Run(v.name, func(t *testing.T) {
			if v.lacked != "" {
				t.Skip(v.lacked)
			}
			f(t, &v)
		})
	}
}

var edge = []uint64{0, 1, 2, 0x3fff, 0x4000, 0x7ffe, 0x7fff}

// image is n words of samples, many of them at the ends of their range.
func image(r *rand.Rand, n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		for l := range 4 {
			s := r.Uint64() & 0x7fff
			if r.IntN(2) == 0 {
				s = edge[r.IntN(len(edge))]
			}
			out[i] |= s << (16 * l)
		}
	}
	return out
}

// difference of one word, sample by sample.
func difference(a, b uint64) (sum uint64) {
	for l := range 4 {
		x, y := a>>(16*l)&0xffff, b>>(16*l)&0xffff
		sum += max(x, y) - min(x, y)
	}
	return sum
}

func TestAbsDiffAllLanes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	a, b := image(r, 20000), image(r, 20000)
	for i := range a {
		var want uint64
		for l := range 4 {
			want |= difference(a[i]>>(16*l)&0xffff, b[i]>>(16*l)&0xffff) << (16 * l)
		}
		if got := absDiff(a[i], b[i]); got != want {
			t.Fatalf("absDiff(%x, %x) = %x, want %x", a[i], b[i], got, want)
		}
	}
}

func TestSum(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	each(t, func(t *testing.T, v *variant) {
		// Around the vector widths, their unrolled multiples and a frame of 104x60.
		for _, n := range []int{0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 360, 1559, 1560, 1561} {
			a, b := image(r, n+2), image(r, n+2)
			a[0], a[n+1], b[0], b[n+1] = 0, 0, 0x7fff7fff7fff7fff, 0x7fff7fff7fff7fff // would be counted if read
			var want uint64
			for i := 1; i <= n; i++ {
				want += difference(a[i], b[i])
			}
			if got := v.all(a[1:n+1], b[1:n+1]); got != want {
				t.Errorf("%d words: %d, want %d", n, got, want)
			}
		}
	})
}

func TestSumDoesNotOverflow(t *testing.T) {
	each(t, func(t *testing.T, v *variant) {
		for _, n := range []int{most - 1, most, most + 1, 2*most + 3} {
			a, b := make([]uint64, n), make([]uint64, n)
			for i := range a {
				a[i] = 0x7fff7fff7fff7fff
			}
			if got, want := v.all(a, b), uint64(n)*4*0x7fff; got != want {
				t.Errorf("%d words: %d, want %d", n, got, want)
			}
			if got, want := v.all(b, a), uint64(n)*4*0x7fff; got != want {
				t.Errorf("%d words, the other way: %d, want %d", n, got, want)
			}
		}
	})
}

func TestBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	each(t, func(t *testing.T, v *variant) {
		for _, c := range []struct{ blocks, rows, pad int }{{1, 1, 0}, {1, 6, 3}, {2, 6, 0}, {3, 6, 1}, {4, 6, 0}, {5, 6, 1}, {8, 7, 0}, {13, 6, 0}, {13, 11, 1}, {6, 5, 0}, {4, maxRows, 1}, {3, maxRows, 0}} {
			stride := 2*c.blocks + c.pad
			a, b := image(r, stride*c.rows), image(r, stride*c.rows)
			if c.rows == maxRows {
				for i := range a {
					a[i], b[i] = 0x7fff7fff7fff7fff, 0
				}
			}
			want := make([]uint32, c.blocks)
			for y := range c.rows {
				for k := range 2 * c.blocks {
					want[k/2] += uint32(difference(a[y*stride+k], b[y*stride+k]))
				}
			}
			const guard = 0xdeadbeef
			got := make([]uint32, c.blocks+2)
			got[0], got[c.blocks+1] = guard, guard
			// Images end with the last block.
			end := stride*c.rows - c.pad
			v.rowOfBlocks(got[1:c.blocks+1], a[:end], b[:end], stride, c.rows)
			if got[0] != guard || got[c.blocks+1] != guard {
				t.Errorf("%+v: a guard value was overwritten", c)
			}
			if fmt.Sprint(got[1:c.blocks+1]) != fmt.Sprint(want) {
				t.Errorf("%+v: %v, want %v", c, got[1:c.blocks+1], want)
			}
		}
	})
}

func TestFourBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	each(t, func(t *testing.T, v *variant) {
		for _, c := range []struct{ blocks, rows, pad, at int }{{1, 1, 0, 0}, {1, 6, 3, 2}, {3, 6, 1, 0}, {4, 6, 0, 7}, {5, 6, 1, 0}, {8, 7, 0, 1}, {13, 6, 0, 26}, {13, 11, 1, 0}, {5, maxRows / 2, 0, 0}} {
			stride := 2*c.blocks + c.pad
			var a, b [4][]uint64
			want := make([]uint32, c.blocks)
			for i := range a {
				a[i], b[i] = image(r, c.at+stride*c.rows), image(r, c.at+stride*c.rows)
				if c.rows == maxRows/2 { // sums as large as can be
					for k := range a[i] {
						a[i][k], b[i][k] = 0x7fff7fff7fff7fff, 0
					}
				}
				for y := range c.rows {
					for k := range 2 * c.blocks {
						want[k/2] += uint32(difference(a[i][c.at+y*stride+k], b[i][c.at+y*stride+k]))
					}
				}
				// Images end with the last block.
				a[i], b[i] = a[i][:len(a[i])-c.pad], b[i][:len(b[i])-c.pad]
			}
			const guard = 0xdeadbeef
			got := make([]uint32, c.blocks+2)
			got[0], got[c.blocks+1] = guard, guard
			v.rowOfFour(got[1:c.blocks+1], &a, &b, c.at, stride, c.rows)
			if got[0] != guard || got[c.blocks+1] != guard {
				t.Errorf("%+v: a guard value was overwritten", c)
			}
			if fmt.Sprint(got[1:c.blocks+1]) != fmt.Sprint(want) {
				t.Errorf("%+v: %v, want %v", c, got[1:c.blocks+1], want)
			}
		}
	})
}

func TestCross(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	each(t, func(t *testing.T, v *variant) {
		for _, n := range []int{0, 1, 7, 8, 9, 16, 23, 1456, 1430, most, most + 1} {
			var a, b [4]Image
			for i := range a {
				x, y := image(r, n), image(r, n)
				if n >= most && i == 0 { // sums as large as can be
					for k := range x {
						x[k], y[k] = 0x7fff7fff7fff7fff, 0
					}
				}
				a[i], b[i] = NewImage(x), NewImage(y)
			}
			var got [16]uint64
			v.cross(&got, &a, &b)
			for i := range a {
				for j := range b {
					var want uint64
					for k, w := range a[i].words {
						want += difference(w, b[j].words[k])
					}
					if got[4*i+j] != want {
						t.Errorf("%d words: image %d and %d: %d, want %d", n, i, j, got[4*i+j], want)
					}
				}
			}
		}
	})
}

func TestPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	each(t, func(t *testing.T, v *variant) {
		for _, n := range []int{0, 1, 7, 8, 9, 15, 16, 17, 23, 24, 31, 32, 52, 60, mostPairs - 1, mostPairs, mostPairs + 9} {
			row := make([]byte, 2*n+8)
			for i := range row {
				row[i] = byte(r.Uint32())
				if n > 100 { // as different as can be
					row[i] = byte(255 * (i / 2 % 2))
				}
			}
			var near, far uint64
			for k := range n {
				sum := func(at int) int { return int(row[at]) + int(row[at+1]) }
				d, e := sum(2*k)-sum(2*k+2), sum(2*k)-sum(2*k+8)
				near, far = near+uint64(d*d), far+uint64(e*e)
			}
			if n == 0 {
				row = nil
			}
			if x, y := v.allPairs(row, n); x != near || y != far {
				t.Errorf("%d pairs: %d and %d, want %d and %d", n, x, y, near, far)
			}
		}
		// Far pairs as different as can be.
		row := make([]byte, 2*mostPairs+8)
		for i := range row {
			row[i] = byte(255 * (i / 8 % 2))
		}
		if _, far := v.allPairs(row, mostPairs); far != mostPairs*510*510 {
			t.Errorf("%d, want %d", far, mostPairs*510*510)
		}
	})
}

func TestWrongSizesPanic(t *testing.T) {
	each(t, func(t *testing.T, v *variant) {
		w := func(n int) []uint64 { return make([]uint64, n) }
		for name, f := range map[string]func(){
			"lengths":   func() { v.all(w(4), w(5)) },
			"images":    func() { v.cross(new([16]uint64), &[4]Image{NewImage(w(1))}, new([4]Image)) },
			"pairs":     func() { v.allPairs(make([]byte, 23), 8) },
			"no rows":   func() { v.rowOfBlocks(make([]uint32, 1), w(2), w(2), 2, 0) },
			"many rows": func() { v.rowOfBlocks(make([]uint32, 1), w(1<<15), w(1<<15), 2, maxRows+1) },
			"stride":    func() { v.rowOfBlocks(make([]uint32, 2), w(8), w(8), 3, 2) },
			"four": func() {
				v.rowOfFour(make([]uint32, 2), &[4][]uint64{w(9), w(9), w(9), w(9)}, &[4][]uint64{w(9), w(9), w(8), w(9)}, 1, 4, 2)
			},
			"short": func() { v.rowOfBlocks(make([]uint32, 2), w(8), w(7), 4, 2) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: no panic", name)
					}
				}()
				f()
			}()
		}
		v.rowOfBlocks(nil, nil, nil, 0, 0) // nothing to do
		v.rowOfFour(nil, nil, nil, 0, 0, 0)
	})
}

func TestChoose(t *testing.T) {
	if v := choose("generic"); v.name != "generic" || v.sum != nil {
		t.Errorf("generic gives %q", v.name)
	}
	best := choose("")
	for _, v := range asmVariants() {
		want := v.name
		if v.lacked != "" {
			want = best.name
		}
		if got := choose(v.name); got.name != want {
			t.Errorf("%s gives %q, want %q", v.name, got.name, want)
		}
	}
	if v := choose("sse9"); v.name != best.name {
		t.Errorf("an unknown name gives %q, the best is %q", v.name, best.name)
	}
}

func BenchmarkSum(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	x, y := image(r, 104*60/4), image(r, 104*60/4)
	for _, v := range append([]variant{{name: "generic"}}, asmVariants()...) {
		b.Run(v.name, func(b *testing.B) {
			if v.lacked != "" {
				b.Skip(v.lacked)
			}
			b.SetBytes(104 * 60 * 2)
			for b.Loop() {
				v.all(x, y)
			}
		})
	}
}

func BenchmarkCross(b *testing.B) {
	r := rand.New(rand.NewPCG(15, 16))
	// As many images as are compared with four at once, of the inside of 104x60 samples.
	var images [16]Image
	for i := range images {
		images[i] = NewImage(image(r, 1408))
	}
	for _, v := range append([]variant{{name: "generic"}}, asmVariants()...) {
		b.Run(v.name, func(b *testing.B) {
			if v.lacked != "" {
				b.Skip(v.lacked)
			}
			b.SetBytes(16 * 1408 * 8)
			var sums [16]uint64
			for i := 0; b.Loop(); i = (i + 4) % 12 {
				v.cross(&sums, (*[4]Image)(images[:]), (*[4]Image)(images[4+i:]))
			}
		})
	}
}

func BenchmarkFourBlocks(b *testing.B) {
	r := rand.New(rand.NewPCG(17, 18))
	var images [28][]uint64 // of 104x60 samples
	for i := range images {
		images[i] = image(r, 1560)
	}
	for _, v := range append([]variant{{name: "generic"}}, asmVariants()...) {
		b.Run(v.name, func(b *testing.B) {
			if v.lacked != "" {
				b.Skip(v.lacked)
			}
			b.SetBytes(4 * 1560 * 8)
			sums, here := make([]uint32, 13), images[0]
			for i := 0; b.Loop(); i = (i + 4) % 24 {
				for y := range 10 {
					v.rowOfFour(sums, &[4][]uint64{here, here, here, here}, (*[4][]uint64)(images[1+i:]), 6*y*26, 26, 6)
				}
			}
		})
	}
}
