package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// weights is logits and softmax in one, for logits of which a bound is known:
// the weights are 2^c without a maximum taken away. Those of a group of rows
// are made beside the products of the next: a vector beside each of its first
// terms, so that neither waits for the other.
//
// A signed one gives positive logits and the others factors of their own.
func weights(v isa, rows, vecs int, signed bool) {
	width := vecs * v.lanes
	name, args, value := "weights", "", "2^"
	if signed {
		name, args, value = "signedWeights", "pos, neg *float32, ", "2^(pos[0] or, where it is not positive, neg[0] times)"
	}
	name = fmt.Sprintf("%s%dx%d%s", name, rows, width, v.suffix)
	TEXT(name, NOSPLIT, "func(times, k int, a *float32, lda int, b, c *float32, "+args+"d *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets c[i*%d+j] = %s(sum over p < k of a[i*lda+p] * b[p*%[2]d+j]), whose exponents are between -120 and 120, and adds them to d[j], the sum of %[4]d rows at a time, i < %[4]d*times, j < %[2]d.",
		name, width, value, rows), fmt.Sprintf("times is at least 1, k at least %d.", rows*vecs+1))
	times, k := Load(Param("times"), GP64()), GP64()
	a, lda := Load(Param("a"), GP64()), Load(Param("lda"), GP64())
	b, c := GP64(), Load(Param("c"), GP64())
	SHLQ(Imm(2), lda)
	step := GP64() // from the end of one time's rows to the start of the next
	IMUL3Q(U8(uint8(rows)), lda, step)
	Load(Param("k"), k)
	SHLQ(Imm(2), k)
	SUBQ(k, step)
	at := rowAddresses(a, lda, rows)
	next := GP64()
	d := Load(Param("d"), GP64())
	sum := loadRow(v, vecs, Mem{Base: d})
	w := newWeigher(v)
	var pos, neg Mem
	if signed {
		pos, neg = Mem{Base: Load(Param("pos"), GP64())}, Mem{Base: Load(Param("neg"), GP64())}
	}

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
			factor = w.factor(v, x, pos, neg)
		}
		return slices.Concat(factor, w.round(x), w.exponent(v), w.power(x), []func(){
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
		panel := loadRow(v, vecs, Mem{Base: b})
		PREFETCHT0(Mem{Base: next}) // the rows of the next time, about
		ADDQ(U32(uint32(v.bytes())), next)
		half, some := rows/2, len(beside)/2
		outerProduct(v, VPBROADCASTD, at[:half], panel, acc)
		emit(beside[:some])
		outerProduct(v, VPBROADCASTD, at[half:], panel, acc[half:])
		emit(beside[some:])
		for _, base := range bases(at) {
			ADDQ(Imm(4), base)
		}
		ADDQ(U32(uint32(width*4)), b)
	}
	begin := func() {
		Load(Param("k"), k)
		Load(Param("b"), b)
		LEAQ(Mem{Base: a, Index: step, Scale: 1}, next)
		LEAQ(Mem{Base: next, Index: k, Scale: 4}, next)
	}
	begin()
	JMP(LabelRef("loop"))

	Label("again")
	begin()
	SUBQ(Imm(uint64(rows*vecs)), k)
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
	DECQ(k)
	JNZ(LabelRef("loop"))
	for _, base := range bases(at) {
		ADDQ(step, base)
	}
	DECQ(times)
	JNZ(LabelRef("again"))

	for i := range rows {
		copy(done[i], acc[i])
		for j := range vecs {
			emit(weigh(i, j))
		}
	}
	for j := range vecs {
		VMOVUPS(sum[j], Mem{Base: d, Disp: j * v.bytes()})
	}
	VZEROUPPER()
	RET()
}
