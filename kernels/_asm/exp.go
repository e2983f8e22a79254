package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// exp(r) = 1 + r + r²q(r) on |r| <= ln(2)/2; q minimises the relative error of
// exp, which is 3.6e-9 with these rounded coefficients.
var expPoly = []float32{0.49999994, 0.16666521, 0.04166839, 0.0083687454, 0.001381454}

const (
	log2e = 1.44269504088896340736
	ln2Hi = 0.693145751953125        // 16 bits of ln 2: n*ln2Hi is exact
	ln2Lo = 1.428606820309417232e-06 // ln 2 - ln2Hi
	expLo = -104                     // below: 0
	expHi = 89                       // above: +Inf
)

// expConstants are what exp asks of hoist.
var expConstants = append([]float32{expLo, log2e, ln2Hi, ln2Lo, 1}, expPoly...)

// exp is e^x in every lane: n = round(x/ln 2), r = x - n ln 2, 2^n exp(r). A
// NaN stays a NaN; above is false where x is known not to be positive.
func exp(v isa, x vec, above bool) vec {
	t := v.vec()
	VMAXPS(x, v.constant(expLo), t) // the second source wins on NaN: x
	if above {
		u := v.vec()
		VMINPS(t, v.constant(expHi), u)
		t = u
	}
	n := v.vec()
	VMULPS(v.constant(log2e), t, n)
	if v.wide {
		VRNDSCALEPS(Imm(8), n, n) // to nearest even, no exceptions
	} else {
		VROUNDPS(Imm(8), n, n)
	}
	VFNMADD231PS(v.constant(ln2Hi), n, t)
	VFNMADD231PS(v.constant(ln2Lo), n, t)
	q := v.load(expPoly[len(expPoly)-1])
	for i := len(expPoly) - 2; i >= 0; i-- {
		VFMADD213PS(v.constant(expPoly[i]), t, q)
	}
	one := v.constant(1)
	VFMADD213PS(one, t, q) // 1 + r q
	VFMADD213PS(one, t, q) // 1 + r (1 + r q)
	scaleByPower(v, q, n)
	return q
}

// 2^r = 1 + r p(r) on 0 <= r < 1; p minimises the relative error, which is
// 2.1e-9 with these rounded coefficients.
var exp2Poly = []float32{0.69314706, 0.24022908, 0.055486184, 0.009673775, 0.0012482289, 0.00021565972}

const exp2Lo = -150 // below: 0

var exp2Constants = append([]float32{1}, exp2Poly...)

// expVecs is how many exponentials go step by step.
func (v isa) expVecs() int {
	if v.wide {
		return 2
	}
	return 2
}

// exp2 is 2^x in every lane of several vectors, for x that is not positive:
// with n = floor(x) and r = x - n, 2^n 2^r. A NaN stays a NaN. The vectors go
// step by step, so that none waits for its own latencies.
func exp2(v isa, x ...vec) []vec {
	n, r, q := make([]vec, len(x)), make([]vec, len(x)), make([]vec, len(x))
	for i := range x {
		r[i] = v.vec()
		if v.wide {
			n[i] = x[i] // of which VSCALEFPS takes the floor
			VREDUCEPS(Imm(9), x[i], r[i])
			continue
		}
		n[i] = v.vec()
		VMAXPS(x[i], v.constant(exp2Lo), r[i]) // the second source wins on NaN: x
		VROUNDPS(Imm(9), r[i], n[i])
		VSUBPS(n[i], r[i], r[i])
	}
	last := len(exp2Poly) - 1
	for i := range x {
		q[i] = v.load(exp2Poly[last])
	}
	for k := last - 1; k >= -1; k-- {
		c := v.constant(1)
		if k >= 0 {
			c = v.constant(exp2Poly[k])
		}
		for i := range x {
			VFMADD213PS(c, r[i], q[i])
		}
	}
	for i := range x {
		scaleByPower(v, q[i], n[i])
	}
	return q
}

// scaleByPower sets q = q 2^n. n is whole, unless v is wide: then it is
// rounded down.
func scaleByPower(v isa, q, n vec) {
	if v.wide {
		VSCALEFPS(n, q, q)
		return
	}
	// 2^n in two factors, as n reaches past the exponents of normal numbers.
	whole, half := v.vec(), v.vec()
	VCVTPS2DQ(n, whole)
	VPSRAD(Imm(1), whole, half)
	VPSUBD(half, whole, whole)
	bias := v.bits(127)
	for _, e := range []vec{half, whole} {
		VPADDD(bias, e, e)
		VPSLLD(Imm(23), e, e)
		VMULPS(e, q, q)
	}
}

// logistic is x / (1 + exp(arg)).
func logistic(v isa, x, arg vec) vec {
	e := exp(v, arg, true)
	VADDPS(v.constant(1), e, e)
	y := v.vec()
	VDIVPS(e, x, y)
	return y
}

func silu(v isa, x vec) vec {
	arg := v.vec()
	VSUBPS(x, v.zero(), arg)
	return logistic(v, x, arg)
}

// gelu1 and gelu3 are the coefficients of x and x³ in the argument of gelu.
const (
	gelu1 = -2 * 0.797884560802865355879892119868763737 // -2 sqrt(2/pi)
	gelu3 = gelu1 * 0.044715
)

func gelu(v isa, x vec) vec {
	arg := v.vec()
	VMULPS(x, x, arg)
	VFMADD213PS(v.constant(gelu1), v.constant(gelu3), arg)
	VMULPS(x, arg, arg)
	return logistic(v, x, arg)
}
