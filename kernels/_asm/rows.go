package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// broadcast loads a float32 parameter into every lane.
func broadcast(v isa, param string) vec {
	b, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	r := v.vec()
	VBROADCASTSS(b.Addr, r)
	return r
}

// overRow runs body for every vector of n elements; ptrs advance with it.
func overRow(v isa, n reg.Register, ptrs []reg.Register, body func()) {
	Label("loop")
	CMPQ(n, U32(uint32(v.lanes)))
	JL(LabelRef("done"))
	body()
	for _, p := range ptrs {
		ADDQ(U32(uint32(v.bytes())), p)
	}
	SUBQ(U32(uint32(v.lanes)), n)
	JMP(LabelRef("loop"))
	Label("done")
}

// begin opens a function over a row of n elements.
func begin(v isa, name, signature, doc string) {
	TEXT(name+v.suffix, NOSPLIT, signature)
	Pragma("noescape")
	Doc(name+v.suffix+" "+doc, "n is a multiple of the vector width.")
}

// elementwise applies f, which uses exp and more constants, to n elements in
// place.
func elementwise(v isa, name, doc string, f func(vec) vec, more ...float32) {
	begin(v, name, "func(n int, x *float32)", doc)
	n, p := Load(Param("n"), GP64()), Load(Param("x"), GP64())
	v.hoist(append(expConstants, append(more, expHi)...)...)
	overRow(v, n, []reg.Register{p}, func() {
		x := v.vec()
		VMOVUPS(Mem{Base: p}, x)
		VMOVUPS(f(x), Mem{Base: p})
	})
	VZEROUPPER()
	RET()
}

// scaleSigned multiplies positive elements by one factor and the others by
// another.
func scaleSigned(v isa) {
	begin(v, "scaleSigned", "func(n int, x *float32, pos, neg float32)", "multiplies the positive elements of x by pos and the others by neg.")
	n, p := Load(Param("n"), GP64()), Load(Param("x"), GP64())
	pos, neg := broadcast(v, "pos"), broadcast(v, "neg")
	zero := v.zero()
	overRow(v, n, []reg.Register{p}, func() {
		x, hi, lo := v.vec(), v.vec(), v.vec()
		VMOVUPS(Mem{Base: p}, x)
		VMAXPS(x, zero, hi)
		VMINPS(x, zero, lo)
		VMULPS(neg, lo, lo)
		VFMADD231PS(pos, hi, lo)
		VMOVUPS(lo, Mem{Base: p})
	})
	VZEROUPPER()
	RET()
}

// moments adds up a row and its squares, lane by lane.
func moments(v isa) {
	begin(v, "moments", "func(n int, x *float32, shift float32, sums *float32)",
		"sets sums to one vector of sums of x-shift and one of sums of (x-shift)^2, by lane.")
	n, p := Load(Param("n"), GP64()), Load(Param("x"), GP64())
	shift := broadcast(v, "shift")
	sums := Load(Param("sums"), GP64())
	one, two := v.zero(), v.zero()
	overRow(v, n, []reg.Register{p}, func() {
		x := v.vec()
		VMOVUPS(Mem{Base: p}, x)
		VSUBPS(shift, x, x)
		VADDPS(x, one, one)
		VFMADD231PS(x, x, two)
	})
	VMOVUPS(one, Mem{Base: sums})
	VMOVUPS(two, Mem{Base: sums, Disp: v.bytes()})
	VZEROUPPER()
	RET()
}

// affine is the second half of every norm.
func affine(v isa) {
	begin(v, "affine", "func(n int, dst, x *float32, shift, scale, offset float32, mul *float32, mulStep int, add *float32, addStep int)",
		"sets dst = ((x-shift)*scale+offset)*mul + add; mul and add advance by mulStep and addStep bytes a vector.")
	n, dst, x := Load(Param("n"), GP64()), Load(Param("dst"), GP64()), Load(Param("x"), GP64())
	shift, scale, offset := broadcast(v, "shift"), broadcast(v, "scale"), broadcast(v, "offset")
	mul, mulStep := Load(Param("mul"), GP64()), Load(Param("mulStep"), GP64())
	add, addStep := Load(Param("add"), GP64()), Load(Param("addStep"), GP64())
	overRow(v, n, []reg.Register{dst, x}, func() {
		y, a := v.vec(), v.vec()
		VMOVUPS(Mem{Base: x}, y)
		VSUBPS(shift, y, y)
		VFMADD213PS(offset, scale, y)
		VMOVUPS(Mem{Base: add}, a)
		VFMADD231PS(Mem{Base: mul}, y, a)
		VMOVUPS(a, Mem{Base: dst})
		ADDQ(mulStep, mul)
		ADDQ(addStep, add)
	})
	VZEROUPPER()
	RET()
}

// addProduct is the gated residual, and the sum of squares over channels.
func addProduct(v isa) {
	begin(v, "addProduct", "func(n int, x, y, gate *float32, gateStep int)",
		"adds y*gate to x; gate advances by gateStep bytes a vector.")
	n, x, y := Load(Param("n"), GP64()), Load(Param("x"), GP64()), Load(Param("y"), GP64())
	gate, step := Load(Param("gate"), GP64()), Load(Param("gateStep"), GP64())
	overRow(v, n, []reg.Register{x, y}, func() {
		a, b := v.vec(), v.vec()
		VMOVUPS(Mem{Base: x}, a)
		VMOVUPS(Mem{Base: y}, b)
		VFMADD231PS(Mem{Base: gate}, b, a)
		VMOVUPS(a, Mem{Base: x})
		ADDQ(step, gate)
	})
	VZEROUPPER()
	RET()
}

// inverseNorm turns sums of squares into factors.
func inverseNorm(v isa) {
	begin(v, "inverseNorm", "func(n int, x *float32, root float32)", "sets x = root / max(sqrt(x), 1e-12).")
	n, p := Load(Param("n"), GP64()), Load(Param("x"), GP64())
	root := broadcast(v, "root")
	clear(hoisted)
	least := v.constant(1e-12)
	overRow(v, n, []reg.Register{p}, func() {
		x := v.vec()
		VSQRTPS(Mem{Base: p}, x)
		VMAXPS(x, least, x) // a NaN stays
		VDIVPS(x, root, x)
		VMOVUPS(x, Mem{Base: p})
	})
	VZEROUPPER()
	RET()
}

// rotate turns adjacent pairs: x' = x cos -+ swapped x sin.
func rotate(v isa) {
	begin(v, "rotate", "func(n int, x, cos, sin *float32)",
		"sets x[2k], x[2k+1] = x[2k]*cos[k] - x[2k+1]*sin[k], x[2k+1]*cos[k] + x[2k]*sin[k], 2k < n.")
	n, x := Load(Param("n"), GP64()), Load(Param("x"), GP64())
	cos, sin := Load(Param("cos"), GP64()), Load(Param("sin"), GP64())
	twice := func(p reg.Register) vec { // every element of half a vector, twice
		r := v.vec()
		VPMOVZXDQ(Mem{Base: p}, r)
		VMOVSLDUP(r, r)
		ADDQ(U32(uint32(v.bytes()/2)), p)
		return r
	}
	overRow(v, n, []reg.Register{x}, func() {
		a, b := v.vec(), v.vec()
		VMOVUPS(Mem{Base: x}, a)
		VPERMILPS(Imm(0xb1), a, b)
		VMULPS(twice(sin), b, b)
		VFMADDSUB213PS(b, twice(cos), a)
		VMOVUPS(a, Mem{Base: x})
	})
	VZEROUPPER()
	RET()
}
