package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// softmax is one step of the online softmax of a panel of queries. The lanes
// are queries, the rows of s are keys, so that the row max and sum of
// attention need no shuffle:
//
//	alpha = 2^(m-top); s = 2^(s-top); d = d*alpha + sum over rows of s; m = top
//
// where top = max(m, max over rows of s) comes from logits or columnMax.
// A query that has seen no key yet has m = -Inf, and alpha = 0.
func softmax(v isa, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("softmax%d%s", width, v.suffix)
	TEXT(name, NOSPLIT, "func(n int, s, top, m, d, alpha *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s makes weights of n rows of %d logits: alpha = 2^(m-top), s = 2^(s-top), d = d*alpha + sum s, m = top.", name, width))
	n := Load(Param("n"), GP64())
	most, m := Load(Param("top"), GP64()), Load(Param("m"), GP64())
	first := Load(Param("s"), GP64())
	d := Load(Param("d"), GP64())
	alpha := Load(Param("alpha"), GP64())
	at := func(j int) int { return j * v.bytes() }

	v.hoist(exp2Constants...)
	p := GP64()
	least := v.constant(-math.MaxFloat32)
	var top, sum []vec
	for j := range vecs {
		o, x := v.vec(), v.vec()
		VMOVUPS(Mem{Base: m, Disp: at(j)}, o)
		VMOVUPS(Mem{Base: most, Disp: at(j)}, x)
		VMOVUPS(x, Mem{Base: m, Disp: at(j)})
		top = append(top, x)
		VMAXPS(least, x, x) // -Inf - -MaxFloat32 is -Inf, not NaN
		t := v.vec()
		VSUBPS(x, o, t)
		a := exp2(v, t)[0]
		VMOVUPS(a, Mem{Base: alpha, Disp: at(j)})
		s := v.vec()
		VMULPS(Mem{Base: d, Disp: at(j)}, a, s)
		sum = append(sum, s)
	}
	weigh := func(rows int) {
		var x []vec
		for i := range rows * vecs {
			r := v.vec()
			VMOVUPS(Mem{Base: p, Disp: at(i)}, r)
			VSUBPS(top[i%vecs], r, r)
			x = append(x, r)
		}
		for i, e := range exp2(v, x...) {
			VMOVUPS(e, Mem{Base: p, Disp: at(i)})
			VADDPS(e, sum[i%vecs], sum[i%vecs])
		}
		ADDQ(U32(uint32(4*width*rows)), p)
	}
	MOVQ(first, p)
	if unroll := v.expVecs() / vecs; unroll > 1 {
		SUBQ(Imm(uint64(unroll)), n)
		JL(LabelRef("rest"))
		Label("exps")
		weigh(unroll)
		SUBQ(Imm(uint64(unroll)), n)
		JGE(LabelRef("exps"))
		Label("rest")
		ADDQ(Imm(uint64(unroll)), n)
	} else {
		TESTQ(n, n)
	}
	JZ(LabelRef("done"))
	Label("exp")
	weigh(1)
	DECQ(n)
	JNZ(LabelRef("exp"))
	Label("done")
	for j := range vecs {
		VMOVUPS(sum[j], Mem{Base: d, Disp: at(j)})
	}
	VZEROUPPER()
	RET()
}

// columnMax is the maximum of logits that were edited.
func columnMax(v isa, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("columnMax%d%s", width, v.suffix)
	TEXT(name, NOSPLIT, "func(n int, s, top *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets top[j] = max(top[j], s[i*%d+j]), i < n, j < %[2]d; a NaN is passed over.", name, width))
	n, p, most := Load(Param("n"), GP64()), Load(Param("s"), GP64()), Load(Param("top"), GP64())
	const chains = 2 // of every lane, for the latency
	var top [chains][]vec
	for c := range top {
		for j := range vecs {
			t := v.vec()
			VMOVUPS(Mem{Base: most, Disp: j * v.bytes()}, t)
			top[c] = append(top[c], t)
		}
	}
	take := func(row, c int) {
		for j := range vecs {
			x := v.vec()
			VMOVUPS(Mem{Base: p, Disp: (row*vecs + j) * v.bytes()}, x)
			VMAXPS(top[c][j], x, top[c][j])
		}
	}
	SUBQ(Imm(chains), n)
	JL(LabelRef("rest"))
	Label("rows")
	for c := range chains {
		take(c, c)
	}
	ADDQ(U32(uint32(4*width*chains)), p)
	SUBQ(Imm(chains), n)
	JGE(LabelRef("rows"))
	Label("rest")
	ADDQ(Imm(chains), n)
	JZ(LabelRef("done"))
	take(0, 0)
	Label("done")
	for j := range vecs {
		VMAXPS(top[0][j], top[1][j], top[0][j])
		VMOVUPS(top[0][j], Mem{Base: most, Disp: j * v.bytes()})
	}
	VZEROUPPER()
	RET()
}

// columnSquares are the sums of squares of a panel's columns.
func columnSquares(v isa, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("columnSquares%d%s", width, v.suffix)
	TEXT(name, NOSPLIT, "func(n int, s, sum *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets sum[j] to the sum of s[i][j]^2, i < n, j < %d; n is a positive multiple of %d.", name, width, v.lanes), columnsDoc(v, "s", "i", "n"))
	n, p, out := Load(Param("n"), GP64()), Load(Param("s"), GP64()), Load(Param("sum"), GP64())
	apart := columnsApart(v, vecs, "n")
	const chains = 4 // of every lane, for the latency
	var sum [chains][]vec
	for c := range sum {
		for range vecs {
			sum[c] = append(sum[c], v.zero())
		}
	}
	Label("rows")
	for c := range chains {
		for j, x := range loadColumns(v, vecs, p, apart, c*v.bytes()) {
			VFMADD231PS(x, x, sum[c][j])
		}
	}
	ADDQ(U32(uint32(v.bytes()*chains)), p)
	SUBQ(Imm(chains), n)
	JNZ(LabelRef("rows"))
	for j := range vecs {
		VADDPS(sum[1][j], sum[0][j], sum[0][j])
		VADDPS(sum[3][j], sum[2][j], sum[2][j])
		VADDPS(sum[2][j], sum[0][j], sum[0][j])
		VMOVUPS(sum[0][j], Mem{Base: out, Disp: j * v.bytes()})
	}
	VZEROUPPER()
	RET()
}
