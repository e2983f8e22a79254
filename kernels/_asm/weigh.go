package main

import (
	"fmt"
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// A weight 2^x is 2^n 2^(i/m) 2^r with n whole, i < m and |r| <= 1/2m. Of
// 2^(i/m) there is a table, and of 2^r a polynomial whose greatest coefficient
// is 1, which leaves a sum where there was a product: lead (c0 + c1 r + r²) for a
// table of 32, to 5.3e-8 with these rounded coefficients, lead (c0 + c1 r + c2 r²
// + r³) for one of 8, to 2.0e-8. The table takes the lead. All roundings together,
// a weight is within 2.3e-7 of 2^x, relatively.
//
// Sums, permutations and shifts have ports of their own beside the multiply-adds
// of the products (on Zen 4): of a weight, one or two multiply-adds and one product
// compete with them.
type weightSplit struct {
	bits   int     // of m
	lead   float64 // greatest coefficient
	coeffs []float32
}

// weightLo is the least exponent; below: 0.
const weightLo = -150

// weightSplit fits the table into two registers of 16 lanes or one of 8.
func (v isa) weightSplit() weightSplit {
	if v.wide {
		return weightSplit{5, 0.2402247526163647, []float32{4.162768363952637, 2.885453462600708}}
	}
	return weightSplit{3, 0.05549889819478564, []float32{18.018375396728516, 12.489386558532715, 4.329168319702148}}
}

// round is a number; a sum with it is rounded to 1/m, and its bits end in those of m n + i.
func (s weightSplit) round() float32 { return float32(int(3) << (22 - s.bits)) }

// shift takes the bits of m n to those of an exponent.
func (s weightSplit) shift() int { return 23 - s.bits }

// weigher makes weights.
type weigher struct {
	weightSplit
	low, t, e vec
}

func newWeigher(v isa) weigher {
	w := weigher{weightSplit: v.weightSplit()}
	if v.wide {
		w.low = v.vec()
	}
	w.t, w.e = v.vec(), v.vec()
	if v.wide {
		VMOVUPS(w.table(), w.low)
	}
	return w
}

// split leaves the rest of x after n and i in x; t ends in the bits of m n + i.
func (w weigher) split(v isa, x vec) []func() {
	return []func(){
		func() { v.add(w.round(), x, w.t) },
		func() { v.sub(w.round(), w.t, w.e) },
		func() { VSUBPS(w.e, x, x) },
	}
}

// factor multiplies x by *pos, or by *neg where it is not positive.
func (w weigher) factor(v isa, x vec) []func() {
	zero, positive := w.t, w.e
	param := func(name string) Mem { return Mem{Base: Load(Param(name), GP64())} }
	ops := []func(){
		func() { v.clear(zero) },
		func() { VMAXPS(zero, x, positive) },
		func() { VMINPS(zero, x, x) },
	}
	if v.wide {
		return append(ops,
			func() { VMULPS_BCST(param("neg"), x, x) },
			func() { VFMADD231PS_BCST(param("pos"), positive, x) })
	}
	return append(ops,
		func() { VBROADCASTSS(param("neg"), w.t) },
		func() { VMULPS(w.t, x, x) },
		func() { VBROADCASTSS(param("pos"), w.t) },
		func() { VFMADD231PS(w.t, positive, x) })
}

// exponent sets e = 2^(n+i/m) after split.
func (w weigher) exponent(v isa) []func() {
	t, e := w.t, w.e
	shift := func() { VPSLLD(Imm(uint64(w.shift())), t, t) }
	sum := func() { VPADDD(t, e, e) }
	if !v.wide {
		return []func(){func() { VPERMPS(w.table(), t, e) }, shift, sum}
	}
	return []func(){
		func() { VMOVAPS(t, e) },
		func() { VPERMI2PS(w.table().Offset(v.bytes()), w.low, e) },
		shift,
		sum,
	}
}

// power sets x = e 2^x.
func (w weigher) power(v isa, x vec) []func() {
	last := len(w.coeffs) - 1
	ops := []func(){func() { v.add(w.coeffs[last], x, w.t) }}
	for _, c := range slices.Backward(w.coeffs[1:last]) {
		ops = append(ops, func() { VFMADD213PS(v.row(c), x, w.t) })
	}
	return append(ops,
		func() {
			if v.wide {
				VFMADD213PS_BCST(float(w.coeffs[0]), w.t, x)
			} else {
				VFMADD213PS(v.row(w.coeffs[0]), w.t, x)
			}
		},
		func() { VMULPS(w.e, x, x) },
	)
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
		if v.wide {
			VMAXPS_BCST(float(weightLo), x, x)
		} else {
			VMAXPS(v.row(weightLo), x, x)
		}
		emit(w.split(v, x))
		emit(w.exponent(v))
		if v.wide { // below the least exponent: 0
			VPMAXSD_BCST(word(0), w.e, w.e)
		} else {
			VPMAXSD(v.row(0), w.e, w.e)
		}
		emit(w.power(v, x))
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

// weightTable is what table has made.
var weightTable *Mem

// table is 2^(i/m), less what i adds to its exponent.
func (w weigher) table() Mem {
	if weightTable == nil {
		m := GLOBL("weights", 8|16) // RODATA|NOPTR
		for i := range 1 << w.bits {
			power := w.lead * math.Exp2(float64(i)/float64(int(1)<<w.bits))
			DATA(4*i, U32(math.Float32bits(float32(power))-uint32(i)<<w.shift()))
		}
		weightTable = &m
	}
	return *weightTable
}
