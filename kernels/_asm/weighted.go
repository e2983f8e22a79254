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
	TEXT(name, NOSPLIT, "func(times, k int, a *float32, lda int, b, scale, c *float32, fresh int, next *float32, nextRows, nextLines, nextStride int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets c[i*%d+j] = c[i*%[2]d+j]*scale[j] + sum over p < k of a[p*lda+i] * b[p*%[2]d+j], i < %d*times, j < %[2]d.",
		name, width, rows), "times and k are at least 1; without a scale it is 1, and where fresh is not 0 there is no c yet. Meanwhile nextLines cache lines of nextRows rows come into the L2 cache, one for",
		"every p: the first of each row, then the second, so that look-ups of pages overlap. The rows lie nextStride bytes apart from next on.")

	times, k := Load(Param("times"), GP64()), GP64()
	first, a := Load(Param("a"), GP64()), GP64()
	lda := Load(Param("lda"), GP64())
	b := GP64()
	scale := Load(Param("scale"), GP64())
	c := Load(Param("c"), GP64())
	SHLQ(Imm(2), lda)
	line, stride := Load(Param("next"), GP64()), Load(Param("nextStride"), GP64())
	lines, left := Load(Param("nextLines"), GP64()), Load(Param("nextRows"), GP64())
	next := GP64()
	MOVQ(line, next)

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
	step := func() {
		PREFETCHT0(Mem{Base: far})
		ADDQ(lda, far)
		panel := loadRow(v, vecs, Mem{Base: b})
		var column []Mem
		for i := range rows {
			column = append(column, Mem{Base: a, Disp: 4 * i})
		}
		outerProduct(v, VPBROADCASTD, column, panel, acc)
		ADDQ(lda, a)
		ADDQ(U32(uint32(width*4)), b)
	}
	TESTQ(left, left)
	JZ(LabelRef("loop"))
	Label("fetching")
	PREFETCHT1(Mem{Base: next})
	ADDQ(stride, next)
	step()
	DECQ(left)
	JNZ(LabelRef("more"))
	DECQ(lines)
	JZ(LabelRef("fetched")) // left stays 0
	ADDQ(Imm(64), line)
	MOVQ(line, next)
	Load(Param("nextRows"), left)
	Label("more")
	DECQ(k)
	JNZ(LabelRef("fetching"))
	JMP(LabelRef("end"))
	Label("fetched")
	DECQ(k)
	JZ(LabelRef("end"))
	Label("loop")
	step()
	DECQ(k)
	JNZ(LabelRef("loop"))
	Label("end")

	Load(Param("fresh"), k) // its turn is over
	TESTQ(k, k)
	JNZ(LabelRef("fresh"))
	TESTQ(scale, scale)
	JZ(LabelRef("sum"))
	s := loadRow(v, vecs, Mem{Base: scale})
	for i := range acc {
		for j := range vecs {
			VFMADD231PS(Mem{Base: c, Disp: (i*vecs + j) * v.bytes()}, s[j], acc[i][j])
			VMOVUPS(acc[i][j], Mem{Base: c, Disp: (i*vecs + j) * v.bytes()})
		}
	}
	JMP(LabelRef("stored"))
	Label("sum")
	for i := range acc {
		for j := range vecs {
			VADDPS(Mem{Base: c, Disp: (i*vecs + j) * v.bytes()}, acc[i][j], acc[i][j])
			VMOVUPS(acc[i][j], Mem{Base: c, Disp: (i*vecs + j) * v.bytes()})
		}
	}
	JMP(LabelRef("stored"))
	Label("fresh")
	for i := range acc {
		for j := range vecs {
			VMOVUPS(acc[i][j], Mem{Base: c, Disp: (i*vecs + j) * v.bytes()})
		}
	}
	Label("stored")
	ADDQ(U32(uint32(4*rows)), first)
	ADDQ(U32(uint32(4*rows*width)), c)
	DECQ(times)
	JNZ(LabelRef("again"))
	VZEROUPPER()
	RET()
}
