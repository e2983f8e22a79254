package cpu

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// eachSet runs a test on every assembly set; one that cannot run here is a
// skip that says why.
func eachSet(t *testing.T, f func(t *testing.T, s *kernelSet)) {
	t.Helper()
	for _, v := range variants() {
		if v.name == "generic" {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			if v.lacked != "" {
				t.Skip(v.lacked)
			}
			f(t, v.set)
		})
	}
}

// sumTolerance bounds the difference of two float32 sums of k products of
// standard normal numbers: each is off by some sqrt(k) roundings of partial
// sums of some sqrt(k), with room for the largest of many.
func sumTolerance(k int) float64 { return 4e-7 * float64(k+4) }

func TestDotTiles(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		for i := range set.tiles {
			tl := &set.tiles[i]
			for rows := 1; rows <= len(tl.mul); rows++ {
				for _, k := range []int{0, 1, 2, 3, 17, 64} {
					lda, ldi, ldc := k+3, tl.width+5, tl.width+1
					a, b := random(1, rows*lda+1), random(2, (k+1)*tl.width)
					init := random(3, rows*ldi)
					want := make([]float32, rows*ldc)
					off := make([]int32, k+1)
					for p := range off {
						off[p] = int32((p * 7) % (k*tl.width + 1))
					}
					for _, kind := range []string{"mul", "taps"} {
						for _, ld := range []int{0, ldi} {
							got := newGuarded((rows-1)*ldc + tl.width)
							if kind == "taps" {
								dotTile(rows, tl.width, k, a, lda, b, off, init, ld, want, ldc)
								tl.taps[rows-1](k, &a[0], lda, &b[0], &off[0], &init[0], ld, &got.f[0], ldc)
							} else {
								dotTile(rows, tl.width, k, a, lda, b, nil, init, ld, want, ldc)
								tl.mul[rows-1](k, &a[0], lda, &b[0], &init[0], ld, &got.f[0], ldc)
							}
							for r := range rows {
								within(t, fmt.Sprintf("%s %dx%d k %d", kind, rows, tl.width, k),
									got.f[r*ldc:][:tl.width], want[r*ldc:][:tl.width], sumTolerance(k))
								if r < rows-1 && got.f[r*ldc+tl.width] != guard {
									t.Fatalf("%dx%d wrote between rows", rows, tl.width)
								}
							}
							got.check(t)
						}
					}
				}
			}
		}
	})
}

func TestLogitsTiles(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		for i := range set.tiles {
			tl := &set.tiles[i]
			w := tl.width
			if len(tl.logits) != len(tl.mul) {
				t.Fatalf("width %d: tiles of up to %d and %d rows", w, len(tl.logits), len(tl.mul))
			}
			for r := 1; r <= len(tl.logits); r++ {
				for _, k := range []int{1, 2, 3, 17, 64} {
					for _, times := range []int{1, 2, 3} {
						lda, rows := k+3, r*times
						a, b := random(1, rows*lda), random(2, k*w)
						a[0] = float32(math.NaN()) // a row of no numbers, which the maximum passes over
						panel := columns(set.lanes, w, b)
						want, got, top := make([]float32, rows*w), newGuarded(rows*w), newGuarded(w)
						dotTile(rows, w, k, a, lda, b, nil, zeros[:w], 0, want, w)
						copy(top.f, random(3, w))
						top.f[1] = negInf
						tl.logits[r-1](times, k, &a[0], lda, &panel[0], &got.f[0], &top.f[0])
						what := fmt.Sprintf("%d x %dx%d k %d", times, r, w, k)
						within(t, what, got.f, want, sumTolerance(k))
						most := random(3, w)
						most[1] = negInf
						columnMax(rows, w, got.f, most)
						if err := sameBits(top.f, most); err != nil {
							t.Fatalf("%s: max: %v", what, err)
						}
						got.check(t)
						top.check(t)
					}
				}
			}
		}
	})
}

func TestWeightedTiles(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		for i := range set.tiles {
			tl := &set.tiles[i]
			for _, w := range tl.weighted {
				for _, k := range []int{1, 2, 31, 128} {
					for _, times := range []int{1, 2, 5} {
						rows := times * w.rows
						fetch := k * times / 3 // ends within a time, or with it
						lda := rows + 3
						a, b, scale := random(1, k*lda), random(2, k*tl.width), random(3, tl.width)
						list := shuffled(k, rowsAhead)
						got := newGuarded(rows * tl.width)
						want := random(4, len(got.f))
						copy(got.f, columns(set.lanes, tl.width, want))
						apart := rows * set.lanes
						wanted := func() []float32 { return columns(set.lanes, tl.width, want) }
						weightedSum(rows, tl.width, k, a, lda, list, b, scale, want)
						w.f(times, k, &a[0], lda, &list[0], &b[0], &scale[0], &got.f[0], apart, 0, nil, 0, 0, 0)
						within(t, fmt.Sprintf("%d x %dx%d k %d", times, w.rows, tl.width, k), got.f, wanted(), sumTolerance(k))
						weightedSum(rows, tl.width, k, a, lda, list, b, nil, want)
						w.f(times, k, &a[0], lda, &list[0], &b[0], nil, &got.f[0], apart, 0, &a[0], fetch, 2, 4)
						within(t, fmt.Sprintf("%d x %dx%d k %d without scale", times, w.rows, tl.width, k), got.f, wanted(), 2*sumTolerance(k))
						clear(want)
						weightedSum(rows, tl.width, k, a, lda, list, b, nil, want)
						got.f[1] = float32(math.NaN())
						w.f(times, k, &a[0], lda, &list[0], &b[0], nil, &got.f[0], apart, 1, &a[0], fetch, 2, 4)
						within(t, fmt.Sprintf("%d x %dx%d k %d afresh", times, w.rows, tl.width, k), got.f, wanted(), sumTolerance(k))
						got.check(t)
					}
				}
			}
			if last := tl.weighted[len(tl.weighted)-1].rows; valueRows%last != 0 {
				t.Errorf("width %d: %d rows leave a rest of %d", tl.width, last, valueRows)
			}
			for n := valueRows; n <= MaxDim; n += valueRows {
				left := n
				for left > 0 {
					w, times := tl.values(left)
					left -= w.rows // as few as fetching beside them may leave to a call
					if times < 1 {
						t.Fatalf("width %d: %d dims have no tile", tl.width, left)
					}
				}
				if left < 0 {
					t.Errorf("width %d: the tiles of %d dims take %d more", tl.width, n, -left)
				}
			}
		}
	})
}

// columns is a panel of rows x width with its rows in columns of one vector.
func columns(lanes, width int, rows []float32) []float32 {
	out, n := make([]float32, len(rows)), len(rows)/width
	for i, x := range rows {
		r, c := i/width, i%width
		out[(c/lanes*n+r)*lanes+c%lanes] = x
	}
	return out
}

// shuffled lists n rows out of order, and some more of them.
func shuffled(n, more int) []int32 {
	list := make([]int32, n+more)
	for i := range list {
		list[i] = int32((n - 1) * i % n)
		if n > 3 && i%n == 2 {
			list[i] = list[1] // a row may be listed again
		}
	}
	return list
}

func TestWeightsTiles(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		if set.measureRows == nil {
			t.Skip("this set takes the maximum always")
		}
		for i := range set.tiles {
			tl := &set.tiles[i]
			w := tl.width
			if len(tl.weights) != len(tl.signed) {
				t.Fatalf("width %d: tiles of up to %d and %d rows", w, len(tl.weights), len(tl.signed))
			}
			beside := (set.fusedDims - 1) / (len(tl.weights) * w / set.lanes) // terms for each vector
			for n := range 2 * len(tl.weights) {
				r, signed := n/2+1, n%2 == 1
				for _, k := range []int{beside*r*w/set.lanes + 1, 40, 64} {
					for _, times := range []int{1, 2, 3} {
						lda, rows := k+3, r*times
						a, b, factors := random(1, rows*lda), random(2, k*w), []float32{1, 1}
						panel := columns(set.lanes, w, b)
						list := shuffled(rows, 0)
						want, got, d, sum := make([]float32, rows*w), newGuarded(rows*w), newGuarded(w), random(3, w)
						copy(d.f, sum)
						if signed {
							factors = []float32{0.7, 1.1}
							tl.signed[r-1](times, k, &a[0], lda, &list[0], &panel[0], &got.f[0], &factors[0], &factors[1], &d.f[0])
						} else {
							tl.weights[r-1](times, k, &a[0], lda, &list[0], &panel[0], &got.f[0], &d.f[0])
						}
						weightsTile(rows, w, k, a, lda, list, b, want, factors[0], factors[1], sum)
						what := fmt.Sprintf("%d x %dx%d k %d, signed %v", times, r, w, k, signed)
						for i := range want {
							if d := math.Abs(float64(got.f[i]) - float64(want[i])); !(d <= float64(want[i])*(3e-7+sumTolerance(k))) {
								t.Fatalf("%s: element %d is %v, want %v", what, i, got.f[i], want[i])
							}
						}
						for j := range sum {
							sum[j] = random(3, w)[j]
							for t := range times {
								part := float32(0)
								for i := range r {
									part += got.f[(t*r+i)*w+j]
								}
								sum[j] += part
							}
						}
						if err := sameBits(d.f, sum); err != nil {
							t.Fatalf("%s: sum: %v", what, err)
						}
						got.check(t)
						d.check(t)
					}
				}
			}
		}
	})
}

func TestWeighTiles(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		if set.measureRows == nil {
			t.Skip("this set takes the maximum always")
		}
		for i := range set.tiles {
			tl := &set.tiles[i]
			w := tl.width
			for _, n := range []int{1, 2, 5} {
				got, d := newGuarded(n*w), newGuarded(w)
				copy(got.f, random(1, n*w))
				copy(d.f, random(2, w))
				for i := range got.f {
					got.f[i] *= 20
				}
				got.f[3], got.f[w-1], got.f[w-2] = negInf, -1e30, -200 // removed, or as good as that
				want, sum := slices.Clone(got.f), slices.Clone(d.f)
				weighTile(n, w, want, sum)
				for j := range w {
					sum[j] = d.f[j]
				}
				tl.weigh(n, &got.f[0], &d.f[0])
				for i, g := range got.f {
					if e := math.Abs(float64(g) - float64(want[i])); !(e <= weightError*float64(want[i])) {
						t.Fatalf("width %d, %d keys: element %d is %v, want %v", w, n, i, g, want[i])
					}
					sum[i%w] += g
				}
				if err := sameBits(d.f, sum); err != nil {
					t.Fatalf("width %d, %d keys: sum: %v", w, n, err)
				}
				got.check(t)
				d.check(t)
			}
		}
	})
}

const weightError = 2.3e-7 // of weights without a maximum, relatively: stated in doc.go

// TestWeights sweeps the exponents of weights without a maximum.
func TestWeights(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		if set.measureRows == nil {
			t.Skip("this set takes the maximum always")
		}
		tl := set.wide()
		w, worst, at := tl.width, 0.0, float32(0)
		one, zero := []float32{1, 0}, make([]float32, 2*w)
		got, d := make([]float32, w), make([]float32, w)
		for x := float32(-120); x <= 120; {
			b := slices.Clone(zero)
			for j := range w {
				b[j] = x
				x += 0.00371
			}
			panel := columns(set.lanes, w, b)
			tl.weights[0](1, 2, &one[0], 2, &inOrder[0], &panel[0], &got[0], &d[0])
			for j := range w {
				if e := math.Abs(float64(got[j])/math.Exp2(float64(b[j])) - 1); !(e <= worst) {
					worst, at = e, b[j]
				}
			}
		}
		t.Logf("worst error %.3g at %v", worst, at)
		if !(worst <= weightError) {
			t.Errorf("2^%v is off by %.3g, bound %v", at, worst, weightError)
		}
	})
}

func TestColumnSquares(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		if set.measureRows == nil {
			t.Skip("this set takes the maximum always")
		}
		for i := range set.tiles {
			w := set.tiles[i].width
			for _, n := range []int{set.lanes, 3 * set.lanes} {
				s, want, got := random(1, n*w), make([]float32, w), newGuarded(w)
				s[w+2] = float32(math.NaN())
				columnSquares(n, w, s, want)
				panel := columns(set.lanes, w, s)
				set.tiles[i].squares(n, &panel[0], &got.f[0])
				for j, x := range want {
					if g := got.f[j]; (g == g) != (x == x) || !(x != x || math.Abs(float64(g-x)) <= 1e-6*float64(x)) {
						t.Fatalf("%d rows of %d: column %d is %v, want %v", n, w, j, g, x)
					}
				}
				got.check(t)
			}
		}
	})
}

func TestMeasureRows(t *testing.T) {
	nan := float32(math.NaN())
	eachSet(t, func(t *testing.T, set *kernelSet) {
		if set.measureRows == nil {
			t.Skip("this set takes the maximum always")
		}
		for _, bad := range []float32{0, nan, -nan, negInf} {
			for _, vecs := range []int{1, 3} {
				const rows = 5
				n := vecs * set.lanes
				ls, ld := n+3, n+1
				src, sub, dst := random(1, rows*ls), random(2, n), newGuarded((rows-1)*ld+n)
				if bad != 0 {
					src[2*ls+5] = bad
				}
				want, most, peak := make([]float32, len(dst.f)), make([]float32, set.lanes), newGuarded(set.lanes)
				for i := range want {
					want[i] = dst.f[i]
				}
				clear(peak.f)
				most[1], peak.f[1] = 1e9, 1e9
				measureRows(set.lanes, rows, n, src, ls, sub, want, ld, most)
				set.measureRows(rows, n, &src[0], ls, &sub[0], &dst.f[0], ld, &peak.f[0])
				within(t, "rows", dst.f, want, 0)
				within(t, "most", peak.f, most, 1e-5)
				if bad != bad && peak.f[5] == peak.f[5] {
					t.Fatalf("a NaN gave %v", peak.f[5])
				}
				dst.check(t)
				peak.check(t)
				clear(sub)
				clear(most)
				clear(peak.f)
				measureRows(set.lanes, rows, n, src, ls, sub, want, ld, most)
				set.normRows(rows, n, &src[0], ls, &peak.f[0])
				within(t, "most in place", peak.f, most, 1e-5)
				peak.check(t)
			}
		}
	})
}

func TestSoftmaxTiles(t *testing.T) {
	nan := float32(math.NaN())
	eachSet(t, func(t *testing.T, set *kernelSet) {
		for i := range set.tiles {
			tl := &set.tiles[i]
			w := tl.width
			for _, n := range []int{0, 1, 2, 3, 128} {
				s, m, d := random(1, (n+1)*w), random(2, w), random(3, w)
				for i := range s {
					s[i] *= 20
				}
				for j := range w {
					d[j] = float32(math.Abs(float64(d[j])))
					switch j % 5 { // lanes that have seen nothing, see nothing, or meet a NaN
					case 1:
						m[j], d[j] = negInf, 0
					case 2:
						m[j], d[j] = negInf, 0
						for i := range n {
							s[i*w+j] = negInf
						}
					case 3:
						if n > 0 {
							s[(n-1)*w+j] = nan
						}
					case 4:
						for i := range n {
							s[i*w+j] = negInf
						}
					}
				}
				got := [4]guarded{newGuarded(n*w + 1), newGuarded(w), newGuarded(w), newGuarded(w)}
				copy(got[0].f, s)
				copy(got[1].f, m)
				copy(got[2].f, d)
				alpha, top := make([]float32, w), newGuarded(w)
				copy(top.f, m)
				most := slices.Clone(m)
				columnMax(n, w, s, most)
				tl.columnMax(n, &got[0].f[0], &top.f[0])
				if err := sameBits(top.f, most); err != nil {
					t.Fatalf("width %d, %d keys: max: %v", w, n, err)
				}
				top.check(t)
				softmaxTile(n, w, s, most, m, d, alpha)
				tl.softmax(n, &got[0].f[0], &top.f[0], &got[1].f[0], &got[2].f[0], &got[3].f[0])
				what := fmt.Sprintf("width %d, %d keys: ", w, n)
				within(t, what+"weights", got[0].f[:n*w], s[:n*w], 3e-7)
				within(t, what+"alpha", got[3].f, alpha, 3e-7)
				for j := range w {
					if got[1].f[j] != m[j] {
						t.Fatalf("%smax of lane %d is %v, want %v", what, j, got[1].f[j], m[j])
					}
					g, x := float64(got[2].f[j]), float64(d[j])
					if math.IsNaN(g) != math.IsNaN(x) || math.Abs(g-x) > 1e-6*(1+x) {
						t.Fatalf("%ssum of lane %d is %v, want %v", what, j, g, x)
					}
				}
				for _, g := range got {
					g.check(t)
				}
			}
		}
	})
}

// ulps is the error of got in units of the last place of float32 at want.
func ulps(got float32, want float64) float64 {
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, e-24)
}

// TestExp sweeps the float32 numbers, every 997th of them.
func TestExp(t *testing.T) {
	const bound = 1 // ulp, stated in doc.go
	const smallest = 1.1754943508222875e-38
	eachSet(t, func(t *testing.T, set *kernelSet) {
		worst, at, denormal := 0.0, float32(0), 0.0
		buf := make([]float32, set.lanes)
		check := func(x float32) {
			want := math.Exp(float64(x))
			got := buf[0]
			switch {
			case math.IsNaN(float64(x)):
				if got == got {
					t.Fatalf("exp(NaN) = %v", got)
				}
			case want > math.MaxFloat32:
				if !math.IsInf(float64(got), 1) {
					t.Fatalf("exp(%v) = %v, want +Inf", x, got)
				}
			case want < smallest:
				denormal = max(denormal, math.Abs(float64(got)-want))
			default:
				if e := ulps(got, want); e > worst {
					worst, at = e, x
				}
			}
		}
		for bits := uint64(0); bits < 1<<32; bits += 997 {
			x := math.Float32frombits(uint32(bits))
			if math.Abs(float64(x)) < 1e-9 && bits%16 != 0 {
				continue // all are 1
			}
			buf[0] = x
			set.exp(set.lanes, &buf[0])
			check(x)
		}
		for _, x := range []float32{0, 1, -1, 88.72283, 88.72284, -87.33654, -103.97, -104, -150, negInf, -negInf, float32(math.NaN())} {
			buf[0] = x
			set.exp(set.lanes, &buf[0])
			check(x)
		}
		t.Logf("worst error %.3f ulp at %v; where the result is not normal %.3g", worst, at, denormal)
		if worst > bound {
			t.Errorf("exp(%v) is off by %.3f ulp, bound %v", at, worst, bound)
		}
		if denormal > 1.5*math.SmallestNonzeroFloat32 {
			t.Errorf("exp is off by %.3g where the result is not normal", denormal)
		}
		buf[0] = 0
		set.exp(set.lanes, &buf[0])
		if buf[0] != 1 {
			t.Errorf("exp(0) = %v", buf[0])
		}
	})
}

func TestActivationKernels(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		for _, c := range []struct {
			name string
			f    func(int, *float32)
			want func(x float64) float64
		}{
			{"gelu", set.gelu, func(x float64) float64 {
				return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
			}},
			{"silu", set.silu, func(x float64) float64 { return x / (1 + math.Exp(-x)) }},
		} {
			for x := float32(-30); x < 30; x += 0.00771 {
				g := newGuarded(2 * set.lanes)
				for i := range g.f {
					g.f[i] = x
				}
				c.f(2*set.lanes, &g.f[0])
				g.check(t)
				want := c.want(float64(x))
				// The argument of exp is rounded, at most to |arg| 2^-24; gelu's
				// reaches 1900, where the result is 0 to any tolerance here.
				tol := 3e-7*math.Abs(want)*math.Max(1, math.Abs(float64(x))) + 1e-9
				for _, y := range g.f {
					if math.Abs(float64(y)-want) > tol {
						t.Fatalf("%s(%v) = %v, want %v", c.name, x, y, want)
					}
				}
			}
		}
	})
}

func TestScaleSigned(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		for _, n := range []int{0, 1, 3} {
			g := newGuarded(n * set.lanes)
			copy(g.f, random(1, len(g.f)))
			want := slices.Clone(g.f)
			scaleSigned(want, 0.75, -2)
			if n > 0 {
				set.scaleSigned(n*set.lanes, &g.f[0], 0.75, -2)
			}
			if err := sameBits(g.f, want); err != nil {
				t.Fatal(err)
			}
			g.check(t)
		}
	})
}

func TestCopyRows(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		for _, vecs := range []int{1, 3} {
			for _, rows := range []int{1, 5} {
				n := vecs * set.lanes
				ls, ld := n+3, n+1
				src, sub, dst := random(1, rows*ls), random(2, n), newGuarded((rows-1)*ld+n)
				set.copyRows(rows, n, &src[0], ls, &sub[0], &dst.f[0], ld)
				for r := range rows {
					for c := range n {
						if want := src[r*ls+c] - sub[c]; dst.f[r*ld+c] != want {
							t.Fatalf("%d rows of %d: [%d,%d] is %v, want %v", rows, n, r, c, dst.f[r*ld+c], want)
						}
					}
					if r < rows-1 && dst.f[r*ld+n] != guard {
						t.Fatal("wrote between rows")
					}
				}
				dst.check(t)
			}
		}
	})
}

func TestTranspose(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		n := set.lanes
		ls, ld := n+3, n+1
		src, mul, dst := random(1, n*ls), random(2, n), newGuarded((n-1)*ld+n)
		set.transpose(&src[0], ls, &mul[0], &dst.f[0], ld)
		for r := range n {
			for c := range n {
				if want := src[r*ls+c] * mul[c]; dst.f[c*ld+r] != want {
					t.Fatalf("[%d,%d] is %v, want %v", c, r, dst.f[c*ld+r], want)
				}
			}
		}
		dst.check(t)
	})
}

func TestScaleRows(t *testing.T) {
	eachSet(t, func(t *testing.T, set *kernelSet) {
		for i := range set.tiles {
			tl := &set.tiles[i]
			for _, n := range []int{0, 1, 7} {
				for _, step := range []int{0, -1} {
					w := tl.width
					g := newGuarded(n * w)
					copy(g.f, random(1, len(g.f)))
					want := slices.Clone(g.f)
					pos, neg := random(2, w+n), random(3, w+n)
					for r := range n {
						for j := range w {
							if v := &want[r*w+j]; *v > 0 {
								*v *= pos[n+j-r]
							} else {
								*v *= neg[n+j+step*r]
							}
						}
					}
					if n > 0 {
						tl.scale(n, &g.f[0], &pos[n], &neg[n], step)
					}
					if err := sameBits(g.f, want); err != nil {
						t.Fatalf("%d rows, step %d: %v", n, step, err)
					}
					g.check(t)
				}
			}
		}
	})
}
