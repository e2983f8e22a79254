package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowsAhead is how many rows before its use a row of values is fetched.
const rowsAhead = 8

// weighted is the tile of the sum of values of attention:
//
//	c[i][j] = c[i][j]*scale[j] + sum over p of a[rows[p]][i] * b[p][j]
//
// The rows of a are values, lda apart, read where they are; b holds the
// weights of one panel of queries, and the lanes j are queries. Several times
// the elements of a row follow each other.
func weighted(v isa, rows, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("weighted%dx%d%s", rows, width, v.suffix)
	TEXT(name, NOSPLIT, "func(times, k int, a *float32, lda int, rows *int32, b, scale, c *float32, apart int, fresh int, next *float32, nextRows, nextLines, nextStride int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets c[i][j] = c[i][j]*scale[j] + sum over p < k of a[rows[p]*lda+i] * b[p*%d+j], i < %d*times, j < %[2]d, where c[i][j] is at c[j/%[4]d*apart+i*%[4]d+j%%%[4]d].",
		name, width, rows, v.lanes), fmt.Sprintf("times and k are at least 1, and %d rows are read beyond the last, to fetch theirs; without a scale it is 1, and where fresh is not 0 there is no c yet. Meanwhile nextLines cache lines of nextRows rows come into the L2 cache, one for", rowsAhead),
		"every p: the first of each row, then the second, so that look-ups of pages overlap. The rows lie nextStride bytes apart from next on.")

	times, k := Load(Param("times"), GP64()), GP64()
	a, lda := Load(Param("a"), GP64()), Load(Param("lda"), GP64())
	list, row, far := GP64(), GP64(), GP64()
	b := GP64()
	columns := []reg.Register{Load(Param("c"), GP64())}
	if vecs == 2 {
		second := Load(Param("apart"), GP64())
		LEAQ(Mem{Base: columns[0], Index: second, Scale: 4}, second)
		columns = append(columns, second)
	}
	c := func(i, j int) Mem { return Mem{Base: columns[j], Disp: i * v.bytes()} }
	SHLQ(Imm(2), lda)
	line, stride := Load(Param("next"), GP64()), Load(Param("nextStride"), GP64())
	lines, left := Load(Param("nextLines"), GP64()), Load(Param("nextRows"), GP64())
	next := GP64()
	MOVQ(line, next)

	Label("again")
	Load(Param("k"), k)
	Load(Param("b"), b)
	Load(Param("rows"), list)
	acc := make([][]vec, rows)
	for i := range acc {
		for range vecs {
			acc[i] = append(acc[i], v.zero())
		}
	}
	step := func() {
		MOVLQSX(Mem{Base: list}, row)
		IMULQ(lda, row)
		MOVLQSX(Mem{Base: list, Disp: 4 * rowsAhead}, far)
		IMULQ(lda, far)
		PREFETCHT0(Mem{Base: a, Index: far, Scale: 1})
		panel := loadRow(v, vecs, Mem{Base: b})
		var column []Mem
		for i := range rows {
			column = append(column, Mem{Base: a, Index: row, Scale: 1, Disp: 4 * i})
		}
		outerProduct(v, VPBROADCASTD, column, panel, acc)
		ADDQ(Imm(4), list)
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
	scale := Load(Param("scale"), k)
	TESTQ(scale, scale)
	JZ(LabelRef("sum"))
	s := loadRow(v, vecs, Mem{Base: scale})
	for i := range acc {
		for j := range vecs {
			VFMADD231PS(c(i, j), s[j], acc[i][j])
			VMOVUPS(acc[i][j], c(i, j))
		}
	}
	JMP(LabelRef("stored"))
	Label("sum")
	for i := range acc {
		for j := range vecs {
			VADDPS(c(i, j), acc[i][j], acc[i][j])
			VMOVUPS(acc[i][j], c(i, j))
		}
	}
	JMP(LabelRef("stored"))
	Label("fresh")
	for i := range acc {
		for j := range vecs {
			VMOVUPS(acc[i][j], c(i, j))
		}
	}
	Label("stored")
	ADDQ(U32(uint32(4*rows)), a)
	for _, column := range columns {
		ADDQ(U32(uint32(rows*v.bytes())), column)
	}
	DECQ(times)
	JNZ(LabelRef("again"))
	VZEROUPPER()
	RET()
}
