package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// A weight 2^x is 2^n 2^(i/16) 2^r with n whole, i < 16 and |r| <= 1/32. Of
// 2^(i/16) there is a table, and of 2^r a polynomial whose greatest coefficient
// is 1, which leaves a sum where there was a product: lead (c0 + c1 r + c2 r² +
// r³), to 1.6e-9 with these rounded coefficients. The table takes the lead. All
// roundings together, a weight is within 1.6e-7 of 2^x, relatively.
var weightPoly = []float32{18.017107, 12.488507, 4.328356}

const (
	weightLead  = 0.055502806215959308
	weightLo    = -150    // below: 0
	weightRound = 3 << 18 // a sum with it is rounded to 1/16, and its bits end in those of 16 n + i
)

// weigher makes weights. It takes its constants from memory as long as
// registers are short.
type weigher struct {
	v     isa
	scale Mem
	t, e  vec
	regs  map[Mem]vec
}

func newWeigher(v isa, scale Mem) *weigher {
	return &weigher{v: v, scale: scale, t: v.vec(), e: v.vec(), regs: map[Mem]vec{}}
}

// keep moves constants into registers that have become free.
func (w *weigher) keep(free []vec) {
	order := []Mem{w.scale, float(weightRound), weightTable(w.v), float(weightPoly[0]), float(weightPoly[1]), float(weightPoly[2])}
	for _, r := range free {
		if len(w.regs) == len(order) {
			return
		}
		m := order[len(w.regs)]
		if m == w.scale || m == weightTable(w.v) {
			VMOVUPS(m, r)
		} else {
			VBROADCASTSS(m, r)
		}
		w.regs[m] = r
	}
}

// with gives f a constant, as a register or as memory.
func (w *weigher) with(m Mem, reg, mem func(Op)) {
	if r, ok := w.regs[m]; ok {
		reg(r)
		return
	}
	mem(m)
}

// set sets x = 2^(x scale).
func (w *weigher) set(x vec) {
	round := float(weightRound)
	t, e := w.t, w.e
	n, q := e, t // by turns
	w.with(round, func(o Op) { VMOVAPS(o, t) }, func(o Op) { VBROADCASTSS(o, t) })
	full := func(f func(Op)) { w.with(w.scale, f, f) }
	full(func(o Op) { VFMADD231PS(o, x, t) })
	w.with(round, func(o Op) { VSUBPS(o, t, n) }, func(o Op) { VSUBPS_BCST(o, t, n) })
	full(func(o Op) { VFMSUB132PS(o, n, x) })
	w.with(weightTable(w.v), func(o Op) { VPERMPS(o, t, e) }, func(o Op) { VPERMPS(o, t, e) })
	VPSLLD(Imm(19), t, t)
	VPADDD(t, e, e)
	w.with(float(weightPoly[2]), func(o Op) { VADDPS(o, x, q) }, func(o Op) { VADDPS_BCST(o, x, q) })
	for _, c := range []float32{weightPoly[1], weightPoly[0]} {
		w.with(float(c), func(o Op) { VFMADD213PS(o, x, q) }, func(o Op) { VFMADD213PS_BCST(o, x, q) })
	}
	VMULPS(e, q, x)
}

// weigh makes weights of logits in memory. Positive logits have a scale of
// their own, as bands may give them.
func weigh(v isa, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("weigh%d%s", width, v.suffix)
	TEXT(name, NOSPLIT, "func(n int, s *float32, pos, neg float32, d *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets s = 2^(s*pos), or 2^(s*neg) where s is not positive, of n rows of %d logits, and adds them to d;", name, width),
		"the exponents are at most 120, and no NaN. n is at least 1.")
	n, p, d := Load(Param("n"), GP64()), Load(Param("s"), GP64()), Load(Param("d"), GP64())
	pos, neg := broadcast(v, "pos"), broadcast(v, "neg")
	v.hoist(append(weightPoly, 0, weightRound, weightLo)...)
	table := v.vec()
	VMOVUPS(weightTable(v), table)
	sum := loadRow(v, vecs, Mem{Base: d})
	Label("row")
	for j := range vecs {
		at := Mem{Base: p, Disp: j * v.bytes()}
		x, hi, t, e, q := v.vec(), v.vec(), v.vec(), v.vec(), v.vec()
		VMOVUPS(at, x)
		VMAXPS(x, v.constant(0), hi)
		VMINPS(x, v.constant(0), x)
		VMULPS(neg, x, x)
		VFMADD231PS(pos, hi, x)
		VMAXPS(x, v.constant(weightLo), x)
		VADDPS(v.constant(weightRound), x, t)
		VSUBPS(v.constant(weightRound), t, e)
		VSUBPS(e, x, x)
		VPERMPS(table, t, e)
		VPSLLD(Imm(19), t, t)
		VPADDD(t, e, e)
		VPMAXSD(v.constant(0), e, e) // below the least exponent: 0
		VADDPS(v.constant(weightPoly[2]), x, q)
		VFMADD213PS(v.constant(weightPoly[1]), x, q)
		VFMADD213PS(v.constant(weightPoly[0]), x, q)
		VMULPS(e, q, q)
		VMOVUPS(q, at)
		VADDPS(q, sum[j], sum[j])
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

// weightTable is 2^(i/16), less what i adds to its exponent.
func weightTable(v isa) Mem {
	if m, ok := constants[weightRound]; ok {
		return m
	}
	m := GLOBL("weights", 8|16) // RODATA|NOPTR
	for i := range v.lanes {
		DATA(4*i, U32(math.Float32bits(float32(weightLead*math.Exp2(float64(i)/16)))-uint32(i)<<19))
	}
	constants[weightRound] = m
	return m
}
