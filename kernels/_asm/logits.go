package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// logits is the tile of the products of keys and queries of attention:
//
//	c[i][j] = sum over p of a[i][p] * b[p][j]; top[j] = max(top[j], c[i][j])
//
// over several times the rows of the tile, so that the products of one follow
// those of the other at once. Keys are the rows of a, lda apart, in the L2
// cache; b is a panel of queries in the L1 cache. The maximum is taken while
// the sums are in registers.
func logits(v isa, rows, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("logits%dx%d%s", rows, width, v.suffix)
	TEXT(name, NOSPLIT, "func(times, k int, a *float32, lda int, b, c, top *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets c[i*%d+j] = sum over p < k of a[i*lda+p] * b[p*%[2]d+j] and top[j] = max(top[j], c[i*%[2]d+j]), i < %d*times, j < %[2]d.",
		name, width, rows), "times and k are at least 1; a NaN is no maximum.")
	keyTimesQuery(v, rows, vecs, func(c reg.Register, spare [2]reg.Register, acc [][]vec) {
		top := Load(Param("top"), spare[0])
		most := loadRow(v, vecs, Mem{Base: top})
		for i := range acc {
			for j := range vecs {
				VMOVUPS(acc[i][j], Mem{Base: c, Disp: (i*vecs + j) * v.bytes()})
				VMAXPS(most[j], acc[i][j], most[j])
			}
		}
		for j := range vecs {
			VMOVUPS(most[j], Mem{Base: top, Disp: j * v.bytes()})
		}
	})
}

// weights is logits and softmax in one, for logits of which a bound is known:
// the weights are 2^(c scale) without a maximum taken away, computed while the
// sums are in registers.
func weights(v isa, rows, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("weights%dx%d%s", rows, width, v.suffix)
	TEXT(name, NOSPLIT, "func(times, k int, a *float32, lda int, b, c, scale, d *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets c[i*%d+j] = 2^(scale[0] * sum over p < k of a[i*lda+p] * b[p*%[2]d+j]), whose exponents are between -120 and 120, and adds them to d[j], i < %d*times, j < %[2]d.",
		name, width, rows), fmt.Sprintf("times and k are at least 1; scale has %d equal elements.", v.lanes))
	keyTimesQuery(v, rows, vecs, func(c reg.Register, spare [2]reg.Register, acc [][]vec) {
		scale, d := Load(Param("scale"), spare[0]), Load(Param("d"), spare[1])
		sum := loadRow(v, vecs, Mem{Base: d})
		w := newWeigher(v, Mem{Base: scale})
		var free []vec // what sums and temporaries leave
		for range 28 - (rows+1)*vecs {
			free = append(free, v.vec())
		}
		w.keep(free)
		for i := range acc {
			for j := range vecs {
				x := acc[i][j]
				w.set(x)
				VMOVUPS(x, Mem{Base: c, Disp: (i*vecs + j) * v.bytes()})
				VADDPS(x, sum[j], sum[j])
			}
			w.keep(acc[i])
		}
		for j := range vecs {
			VMOVUPS(sum[j], Mem{Base: d, Disp: j * v.bytes()})
		}
	})
}

// keyTimesQuery is the loop of logits and weights; finish stores the sums at c.
func keyTimesQuery(v isa, rows, vecs int, finish func(c reg.Register, spare [2]reg.Register, acc [][]vec)) {
	width := vecs * v.lanes
	times, k := Load(Param("times"), GP64()), Load(Param("k"), GP64())
	a, lda := Load(Param("a"), GP64()), Load(Param("lda"), GP64())
	b, c := GP64(), Load(Param("c"), GP64())
	SHLQ(Imm(2), lda)
	step := GP64() // from the end of one time's rows to the start of the next
	IMUL3Q(U8(uint8(rows)), lda, step)
	SHLQ(Imm(2), k)
	SUBQ(k, step)
	at := rowAddresses(a, lda, rows)
	next := GP64()

	Label("again")
	Load(Param("k"), k)
	Load(Param("b"), b)
	LEAQ(Mem{Base: a, Index: step, Scale: 1}, next)
	LEAQ(Mem{Base: next, Index: k, Scale: 4}, next)
	acc := make([][]vec, rows)
	for i := range acc {
		for range vecs {
			acc[i] = append(acc[i], v.zero())
		}
	}
	Label("loop")
	panel := loadRow(v, vecs, Mem{Base: b})
	PREFETCHT0(Mem{Base: next}) // the rows of the next time, about
	ADDQ(U32(uint32(v.bytes())), next)
	outerProduct(v, at, panel, acc)
	for _, base := range bases(at) {
		ADDQ(Imm(4), base)
	}
	ADDQ(U32(uint32(width*4)), b)
	DECQ(k)
	JNZ(LabelRef("loop"))

	finish(c, [2]reg.Register{k, next}, acc)
	ADDQ(U32(uint32(4*width*rows)), c)
	for _, base := range bases(at) {
		ADDQ(step, base)
	}
	DECQ(times)
	JNZ(LabelRef("again"))
	VZEROUPPER()
	RET()
}
