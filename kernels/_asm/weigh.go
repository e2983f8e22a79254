package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// A weight 2^x is 2^n 2^(i/32) 2^r with n whole, i < 32 and |r| <= 1/64. Of
// 2^(i/32) there is a table, and of 2^r a polynomial whose greatest coefficient
// is 1, which leaves a sum where there was a product: lead (c0 + c1 r + r²), to
// 5.3e-8 with these rounded coefficients. The table takes the lead. All
// roundings together, a weight is within 2.3e-7 of 2^x, relatively.
//
// Sums, permutations and shifts have ports of their own beside the multiply-adds
// of the products (on Zen 4): of a weight, one multiply-add and one product
// compete with them.
const (
	weightC0    = 4.162768363952637
	weightC1    = 2.885453462600708
	weightLead  = 0.2402247526163647
	weightLo    = -150    // below: 0
	weightRound = 3 << 17 // a sum with it is rounded to 1/32, and its bits end in those of 32 n + i
)

// weigher makes weights.
type weigher struct{ low, t, e vec }

func newWeigher(v isa) weigher {
	w := weigher{v.vec(), v.vec(), v.vec()}
	VMOVUPS(weightTable(v), w.low)
	return w
}

// round splits x into n of 1/32 and the rest, which is left in x; t ends in the
// bits of 32 n.
func (w weigher) round(x vec) []func() {
	return []func(){
		func() { VADDPS_BCST(float(weightRound), x, w.t) },
		func() { VSUBPS_BCST(float(weightRound), w.t, w.e) },
		func() { VSUBPS(w.e, x, x) },
	}
}

// factor multiplies x by *pos, or by *neg where it is not positive.
func (w weigher) factor(v isa, x vec) []func() {
	zero, positive := w.t, w.e
	param := func(name string) Mem { return Mem{Base: Load(Param(name), GP64())} }
	return []func(){
		func() { v.clear(zero) },
		func() { VMAXPS(zero, x, positive) },
		func() { VMINPS(zero, x, x) },
		func() { VMULPS_BCST(param("neg"), x, x) },
		func() { VFMADD231PS_BCST(param("pos"), positive, x) },
	}
}

// exponent sets e = 2^n after round.
func (w weigher) exponent(v isa) []func() {
	t, e := w.t, w.e
	return []func(){
		func() { VMOVAPS(t, e) },
		func() { VPERMI2PS(weightTable(v).Offset(v.bytes()), w.low, e) },
		func() { VPSLLD(Imm(18), t, t) },
		func() { VPADDD(t, e, e) },
	}
}

// power sets x = e 2^x.
func (w weigher) power(x vec) []func() {
	return []func(){
		func() { VADDPS_BCST(float(weightC1), x, w.t) },
		func() { VFMADD213PS_BCST(float(weightC0), w.t, x) },
		func() { VMULPS(w.e, x, x) },
	}
}

// emit takes steps.
func emit(ops []func()) {
	for _, op := range ops {
		op()
	}
}

// weigh makes weights of logits in memory.
func weigh(v isa, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("weigh%d%s", width, v.suffix)
	TEXT(name, NOSPLIT, "func(n int, s, d *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets s = 2^s of n rows of %d logits, and adds them to d;", name, width),
		"the logits are at most 120, and no NaN. n is at least 1.")
	n, p, d := Load(Param("n"), GP64()), Load(Param("s"), GP64()), Load(Param("d"), GP64())
	w := newWeigher(v)
	sum := loadRow(v, vecs, Mem{Base: d})
	Label("row")
	for j, x := range loadRow(v, vecs, Mem{Base: p}) {
		VMAXPS_BCST(float(weightLo), x, x)
		emit(w.round(x))
		emit(w.exponent(v))
		VPMAXSD_BCST(word(0), w.e, w.e) // below the least exponent: 0
		emit(w.power(x))
		VMOVUPS(x, Mem{Base: p, Disp: j * v.bytes()})
		VADDPS(x, sum[j], sum[j])
	}
	ADDQ(U32(uint32(4*width)), p)
	DECQ(n)
	JNZ(LabelRef("row"))
	for j := range vecs {
		VMOVUPS(sum[j], Mem{Base: d, Disp: j * v.bytes()})
	}
	VZEROUPPER()
	RET()
}

// weightTable is 2^(i/32), less what i adds to its exponent.
func weightTable(v isa) Mem {
	if m, ok := constants[weightRound]; ok {
		return m
	}
	m := GLOBL("weights", 8|16) // RODATA|NOPTR
	for i := range 2 * v.lanes {
		DATA(4*i, U32(math.Float32bits(float32(weightLead*math.Exp2(float64(i)/32)))-uint32(i)<<18))
	}
	constants[weightRound] = m
	return m
}
