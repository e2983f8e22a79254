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
//	m' = max(m, max over rows of s); alpha = exp(m-m')
//	s = exp(s-m'); d = d*alpha + sum over rows of s; m = m'
//
// A query that has seen no key yet has m = -Inf, and alpha = 0.
func softmax(v isa, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("softmax%d%s", width, v.suffix)
	TEXT(name, NOSPLIT, "func(n int, s, m, d, alpha *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s makes weights of n rows of %d logits: with m' = max(m, s), alpha = exp(m-m'), s = exp(s-m'), d = d*alpha + sum s, m = m'.",
		name, width))
	n := Load(Param("n"), GP64())
	m := Load(Param("m"), GP64())
	first := Load(Param("s"), GP64())
	d := Load(Param("d"), GP64())
	alpha := Load(Param("alpha"), GP64())
	at := func(j int) int { return j * v.bytes() }

	v.hoist(expConstants...)
	rows, p := GP64(), GP64()
	MOVQ(n, rows)
	MOVQ(first, p)
	var old, top []vec
	for j := range vecs {
		o, t := v.vec(), v.vec()
		VMOVUPS(Mem{Base: m, Disp: at(j)}, o)
		VMOVAPS(o, t)
		old, top = append(old, o), append(top, t)
	}
	TESTQ(rows, rows)
	JZ(LabelRef("found"))
	Label("max")
	for j := range vecs {
		x := v.vec()
		VMOVUPS(Mem{Base: p, Disp: at(j)}, x)
		VMAXPS(top[j], x, top[j]) // a NaN is passed over here and met by exp
	}
	ADDQ(U32(uint32(4*width)), p)
	DECQ(rows)
	JNZ(LabelRef("max"))
	Label("found")

	least := v.constant(-math.MaxFloat32)
	var sum []vec
	for j := range vecs {
		VMOVUPS(top[j], Mem{Base: m, Disp: at(j)})
		VMAXPS(least, top[j], top[j]) // -Inf - -MaxFloat32 is -Inf, not NaN
		t := v.vec()
		VSUBPS(top[j], old[j], t)
		a := exp(v, t, false)
		VMOVUPS(a, Mem{Base: alpha, Disp: at(j)})
		s := v.vec()
		VMULPS(Mem{Base: d, Disp: at(j)}, a, s)
		sum = append(sum, s)
	}
	MOVQ(first, p)
	TESTQ(n, n)
	JZ(LabelRef("done"))
	Label("exp")
	for j := range vecs {
		x := v.vec()
		VMOVUPS(Mem{Base: p, Disp: at(j)}, x)
		VSUBPS(top[j], x, x)
		e := exp(v, x, false)
		VMOVUPS(e, Mem{Base: p, Disp: at(j)})
		VADDPS(e, sum[j], sum[j])
	}
	ADDQ(U32(uint32(4*width)), p)
	DECQ(n)
	JNZ(LabelRef("exp"))
	Label("done")
	for j := range vecs {
		VMOVUPS(sum[j], Mem{Base: d, Disp: at(j)})
	}
	VZEROUPPER()
	RET()
}
