package main

import (
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// weightsInTurn is weights for few registers. The logits of a group of rows go to
// memory, and from there one vector after the other through the same registers, beside
// the first terms of the next group: each over several, as long as its own steps wait
// for each other.
func weightsInTurn(v isa, rows, vecs int, signed bool) {
	width := vecs * v.lanes
	terms := 3 * rows * vecs
	weightsText(v, rows, vecs, signed, terms+1)
	times, list := Load(Param("times"), GP64()), Load(Param("rows"), GP64())
	b, c := GP64(), Load(Param("c"), GP64())
	d := Load(Param("d"), GP64())
	apart := columnsApart(v, vecs, "k")
	p := GP64() // bytes from the end of a row on
	var at []Mem
	for range rows {
		at = append(at, Mem{Base: GP64(), Index: p, Scale: 1})
	}
	group := AllocLocal(v.bytes()) // the sum of a group, which rounds less than that of all
	w, x := newWeigher(v), v.vec()
	acc := make([][]vec, rows)
	for i := range acc {
		for range vecs {
			acc[i] = append(acc[i], v.zero())
		}
	}

	weigh := func(j, i int) []func() {
		to := Mem{Base: c, Disp: (i*vecs + j) * v.bytes()}
		ops := []func(){func() { VMOVUPS(to, x) }}
		if signed {
			ops = append(ops, w.factor(v, x)...)
		}
		return slices.Concat(ops, w.split(v, x), w.exponent(v), w.power(v, x), []func(){
			func() { VMOVUPS(x, to) },
			func() {
				if i > 0 {
					VADDPS(group, x, x)
				}
				if i < rows-1 {
					VMOVUPS(x, group)
					return
				}
				total := Mem{Base: d, Disp: j * v.bytes()}
				VADDPS(total, x, x)
				VMOVUPS(x, total)
			},
		})
	}
	var steps []func()
	for j := range vecs {
		for i := range rows {
			steps = append(steps, weigh(j, i)...)
		}
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
	store := func() {
		for i := range acc {
			for j := range acc[i] {
				VMOVUPS(acc[i][j], Mem{Base: c, Disp: (i*vecs + j) * v.bytes()})
			}
		}
	}
	begin()
	JMP(LabelRef("loop"))

	Label("again")
	begin()
	store()
	for i := range acc {
		for j := range acc[i] {
			v.clear(acc[i][j])
		}
	}
	for n := range terms {
		term(steps[n*len(steps)/terms : (n+1)*len(steps)/terms])
	}
	ADDQ(U32(uint32(4*width*rows)), c)
	Label("loop")
	term(nil)
	JNZ(LabelRef("loop"))
	DECQ(times)
	JNZ(LabelRef("again"))

	store()
	emit(steps)
	VZEROUPPER()
	RET()
}
