package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
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
	Doc(fmt.Sprintf("%s sets c[i*%d+j] = sum over p < k of a[i*lda+p] * b[p][j] and top[j] = max(top[j], c[i*%[2]d+j]), i < %d*times, j < %[2]d.",
		name, width, rows), columnsDoc(v, "b", "p", "k"), "times and k are at least 1; a NaN is no maximum.")
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
	apart := columnsApart(v, vecs, "k")

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
	panel := loadColumns(v, vecs, b, apart, 0)
	PREFETCHT0(Mem{Base: next}) // the rows of the next time, about
	ADDQ(U32(uint32(v.bytes())), next)
	outerProduct(v, VBROADCASTSS, at, panel, acc)
	for _, base := range bases(at) {
		ADDQ(Imm(4), base)
	}
	ADDQ(Imm(uint64(v.bytes())), b)
	DECQ(k)
	JNZ(LabelRef("loop"))

	top := Load(Param("top"), k)
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
	ADDQ(U32(uint32(4*width*rows)), c)
	for _, base := range bases(at) {
		ADDQ(step, base)
	}
	DECQ(times)
	JNZ(LabelRef("again"))
	VZEROUPPER()
	RET()
}
