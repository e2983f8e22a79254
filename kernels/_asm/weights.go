package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// weights is logits and softmax in one, for logits of which a bound is known:
// the weights are 2^c without a maximum taken away. Those of a group of rows
// are made beside the products of the next: a vector beside each of its first
// terms, so that neither waits for the other.
//
// A signed one gives positive logits and the others factors of their own.
func weights(v isa, rows, vecs int, signed bool) {
	width := vecs * v.lanes
	weightsText(v, rows, vecs, signed, rows*vecs+1)
	times, list := Load(Param("times"), GP64()), Load(Param("rows"), GP64())
	b, c := GP64(), Load(Param("c"), GP64())
	apart := columnsApart(v, vecs, "k")
	p := GP64() // bytes from the end of a row on
	var at []Mem
	for range rows {
		at = append(at, Mem{Base: GP64(), Index: p, Scale: 1})
	}
	sum := loadRow(v, vecs, Mem{Base: Load(Param("d"), GP64())})
	w := newWeigher(v)

	acc, done := make([][]vec, rows), make([][]vec, rows)
	for i := range acc {
		for range vecs {
			acc[i] = append(acc[i], v.zero())
			done[i] = append(done[i], v.vec())
		}
	}
	weigh := func(i, j int) []func() {
		x := done[i][j]
		var factor []func()
		if signed {
			factor = w.factor(v, x)
		}
		return slices.Concat(factor, w.split(v, x), w.exponent(v), w.power(v, x), []func(){
			func() { VMOVUPS(x, Mem{Base: c, Disp: (i*vecs + j) * v.bytes()}) },
			func() {
				if i > 0 { // first the sum of the group, which rounds less
					VADDPS(done[i-1][j], x, x)
				}
				if i == rows-1 {
					VADDPS(x, sum[j], sum[j])
				}
			},
		})
	}
	term := func(beside []func()) {
		panel := loadColumns(v, vecs, b, apart, 0)
		half, some := rows/2, len(beside)/2
		outerProduct(v, VPBROADCASTD, at[:half], panel, acc)
		emit(beside[:some])
		outerProduct(v, VPBROADCASTD, at[half:], panel, acc[half:])
		emit(beside[some:])
		ADDQ(Imm(uint64(v.bytes())), b)
		ADDQ(Imm(4), p) // which sets the flags of the loop
	}
	begin := func() {
		Load(Param("b"), b)
		beginRows(at, list, p)
	}
	begin()
	JMP(LabelRef("loop"))

	Label("again")
	begin()
	for i := range acc {
		for j := range acc[i] {
			VMOVAPS(acc[i][j], done[i][j])
			v.clear(acc[i][j])
		}
	}
	for i := range rows {
		for j := range vecs {
			term(weigh(i, j))
		}
	}
	ADDQ(U32(uint32(4*width*rows)), c)
	Label("loop")
	term(nil)
	JNZ(LabelRef("loop"))
	DECQ(times)
	JNZ(LabelRef("again"))

	for i := range rows {
		copy(done[i], acc[i])
		for j := range vecs {
			emit(weigh(i, j))
		}
	}
	d := Load(Param("d"), GP64())
	for j := range vecs {
		VMOVUPS(sum[j], Mem{Base: d, Disp: j * v.bytes()})
	}
	VZEROUPPER()
	RET()
}

// weightsText begins the text of weights, for at least so many terms.
func weightsText(v isa, rows, vecs int, signed bool, terms int) {
	width := vecs * v.lanes
	name, args, value := "weights", "", "2^"
	if signed {
		name, args, value = "signedWeights", "pos, neg *float32, ", "2^(pos[0] or, where it is not positive, neg[0] times)"
	}
	name = fmt.Sprintf("%s%dx%d%s", name, rows, width, v.suffix)
	TEXT(name, NOSPLIT, "func(times, k int, a *float32, lda int, rows *int32, b, c *float32, "+args+"d *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets c[i*%d+j] = %s(sum over p < k of a[rows[i]*lda+p] * b[p][j]), whose exponents are between -120 and 120, and adds them to d[j], the sum of %[4]d rows at a time, i < %[4]d*times, j < %[2]d.",
		name, width, value, rows), columnsDoc(v, "b", "p", "k"), fmt.Sprintf("times is at least 1, k at least %d.", terms))
}

// beginRows sets the bases of listed rows to their ends, p to the bytes from there
// back to their starts, and takes the rows off the list.
func beginRows(at []Mem, list, p reg.Register) {
	a, lda := Load(Param("a"), GP64()), Load(Param("lda"), GP64())
	Load(Param("k"), p)
	LEAQ(Mem{Base: a, Index: p, Scale: 4}, a)
	for i := range at {
		row := at[i].Base
		MOVLQSX(Mem{Base: list, Disp: 4 * i}, row)
		IMULQ(lda, row)
		LEAQ(Mem{Base: a, Index: row, Scale: 4}, row)
	}
	ADDQ(U8(uint8(4*len(at))), list)
	SHLQ(Imm(2), p)
	NEGQ(p)
}
