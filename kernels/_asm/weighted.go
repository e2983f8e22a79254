package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// weighted is the tile of the sum of values of attention:
//
//	c[i][j] = c[i][j]*scale[j] + sum over p of a[p][i] * b[p][j]
//
// The rows of a are values, lda apart, read where they are; b holds the
// weights of one panel of queries, and the lanes j are queries. Several times
// the rows follow each other.
func weighted(v isa, rows, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("weighted%dx%d%s", rows, width, v.suffix)
	TEXT(name, NOSPLIT, "func(times, k int, a *float32, lda int, b *float32, scale *float32, c *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets c[i*%d+j] = c[i*%[2]d+j]*scale[j] + sum over p < k of a[p*lda+i] * b[p*%[2]d+j], i < %d*times, j < %[2]d.",
		name, width, rows), "times and k are at least 1; without a scale it is 1.")

	times, k := Load(Param("times"), GP64()), GP64()
	first, a := Load(Param("a"), GP64()), GP64()
	lda := Load(Param("lda"), GP64())
	b := GP64()
	scale := Load(Param("scale"), GP64())
	c := Load(Param("c"), GP64())
	SHLQ(Imm(2), lda)

	Label("again")
	Load(Param("k"), k)
	Load(Param("b"), b)
	MOVQ(first, a)
	acc := make([][]vec, rows)
	for i := range acc {
		for range vecs {
			acc[i] = append(acc[i], v.zero())
		}
	}
	far := GP64()
	LEAQ(Mem{Base: a, Index: lda, Scale: 8}, far)
	Label("loop")
	PREFETCHT0(Mem{Base: far})
	ADDQ(lda, far)
	panel := loadRow(v, vecs, Mem{Base: b})
	var column []Mem
	for i := range rows {
		column = append(column, Mem{Base: a, Disp: 4 * i})
	}
	outerProduct(v, column, panel, acc)
	ADDQ(lda, a)
	ADDQ(U32(uint32(width*4)), b)
	DECQ(k)
	JNZ(LabelRef("loop"))

	TESTQ(scale, scale)
	JZ(LabelRef("sum"))
	s := loadRow(v, vecs, Mem{Base: scale})
	for i := range acc {
		for j := range vecs {
			VFMADD231PS(Mem{Base: c, Disp: (i*vecs + j) * v.bytes()}, s[j], acc[i][j])
			VMOVUPS(acc[i][j], Mem{Base: c, Disp: (i*vecs + j) * v.bytes()})
		}
	}
	JMP(LabelRef("next"))
	Label("sum")
	for i := range acc {
		for j := range vecs {
			VADDPS(Mem{Base: c, Disp: (i*vecs + j) * v.bytes()}, acc[i][j], acc[i][j])
			VMOVUPS(acc[i][j], Mem{Base: c, Disp: (i*vecs + j) * v.bytes()})
		}
	}
	Label("next")
	ADDQ(U32(uint32(4*rows)), first)
	ADDQ(U32(uint32(4*rows*width)), c)
	DECQ(times)
	JNZ(LabelRef("again"))
	VZEROUPPER()
	RET()
}
