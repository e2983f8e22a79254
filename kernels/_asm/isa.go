package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type vec = reg.VecVirtual

// isa is an instruction set and the tile sizes that fit its registers.
type isa struct {
	suffix  string
	lanes   int
	rows    int      // most rows of a dot tile: rows*2 accumulators, 2 of b, 2 spare
	widths  []int    // vectors per row of a tile, the widest first
	values  [][2]int // rows and vectors of the weighted tiles
	weights [][2]int // rows and vectors of the largest tiles of weights
	wide    bool     // 32 registers of 512 bits
}

var (
	avx512 = isa{suffix: "AVX512", lanes: 16, rows: 14, widths: []int{2, 1}, values: [][2]int{{8, 2}, {16, 1}, {8, 1}}, weights: [][2]int{{6, 2}, {8, 1}}, wide: true}
	avx2   = isa{suffix: "AVX2", lanes: 8, rows: 6, widths: []int{2}, values: [][2]int{{6, 2}, {4, 2}}, weights: [][2]int{{5, 2}}}
)

func (v isa) bytes() int { return 4 * v.lanes }

func (v isa) vec() vec {
	if v.wide {
		return ZMM()
	}
	return YMM()
}

func (v isa) zero() vec {
	r := v.vec()
	v.clear(r)
	return r
}

func (v isa) clear(r vec) {
	if v.wide {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
}

// hoisted are the constants that the present function keeps in registers.
var hoisted = map[float32]vec{}

// hoist loads constants ahead of a loop where there are registers to spare.
// It is called once in every function that uses constants.
func (v isa) hoist(values ...float32) {
	clear(hoisted)
	if !v.wide {
		return
	}
	for _, x := range values {
		hoisted[x] = v.load(x)
	}
}

// constant is x in every lane. The register must not be written to.
func (v isa) constant(x float32) vec {
	if r, ok := hoisted[x]; ok {
		return r
	}
	return v.load(x)
}

// load is x in every lane of a fresh register.
func (v isa) load(x float32) vec {
	r := v.vec()
	if h, ok := hoisted[x]; ok {
		VMOVAPS(h, r)
	} else {
		VBROADCASTSS(float(x), r)
	}
	return r
}

// bits is the integer x in every lane.
func (v isa) bits(x uint32) vec {
	r := v.vec()
	VPBROADCASTD(word(x), r)
	return r
}

// add sets dst = x + c.
func (v isa) add(c float32, x, dst vec) {
	if v.wide {
		VADDPS_BCST(float(c), x, dst)
	} else {
		VADDPS(v.row(c), x, dst)
	}
}

// sub sets dst = x - c.
func (v isa) sub(c float32, x, dst vec) {
	if v.wide {
		VSUBPS_BCST(float(c), x, dst)
	} else {
		VSUBPS(v.row(c), x, dst)
	}
}

var constants = map[uint32]Mem{}

func float(x float32) Mem { return word(math.Float32bits(x)) }

// word is a 32-bit constant in the data section, one per value.
func word(b uint32) Mem {
	if m, ok := constants[b]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("c%08x", b), 8|16) // RODATA|NOPTR
	DATA(0, U32(b))
	constants[b] = m
	return m
}

var constantRows = map[uint32]Mem{}

// row is x in every lane of a vector in the data section, where instructions do not
// spread one.
func (v isa) row(x float32) Mem {
	b := math.Float32bits(x)
	if m, ok := constantRows[b]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("r%08x", b), 8|16)
	for i := range v.lanes {
		DATA(4*i, U32(b))
	}
	constantRows[b] = m
	return m
}
