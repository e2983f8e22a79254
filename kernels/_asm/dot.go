package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// flavour of a dot tile.
type flavour int

const (
	fetch flavour = iota // a panel of weights in the L2 cache, results that may be anywhere
	taps                 // a convolution
)

// ahead is how far before its use a panel of weights is fetched, in bytes.
const ahead = 1024

// dot is the tile of matrix products with weights:
//
//	c[i][j] = init[i][j] + sum over p of a[i][p] * b[p][j]
//
// The rows of a lie lda apart with p contiguous, so that activations and
// weights are read where they are. b is a panel of p rows of one tile width;
// with taps, row p starts at b[off[p]] instead, which is a convolution without
// its im2col copy. The order of the sum is p = 0, 1, ..., in FMA.
func dot(v isa, rows, vecs int, kind flavour) {
	width := vecs * v.lanes
	name, args, panelRow := "mul", "", fmt.Sprintf("b[p*%d+j]", width)
	if kind == taps {
		name, args, panelRow = "taps", ", off *int32", "b[off[p]+j]"
	}
	name = fmt.Sprintf("%s%dx%d%s", name, rows, width, v.suffix)
	TEXT(name, NOSPLIT,
		fmt.Sprintf("func(k int, a *float32, lda int, b *float32%s, init *float32, ldi int, c *float32, ldc int)", args))
	Doc(fmt.Sprintf("%s sets c[i*ldc+j] = init[i*ldi+j] + sum over p < k of a[i*lda+p] * %s, i < %d, j < %d.",
		name, panelRow, rows, width))
	Pragma("noescape")

	k := Load(Param("k"), GP64())
	a := Load(Param("a"), GP64())
	lda := Load(Param("lda"), GP64())
	b := Load(Param("b"), GP64())
	var off reg.Register
	if kind == taps {
		off = Load(Param("off"), GP64())
	}
	SHLQ(Imm(2), lda)

	init, ldi := Load(Param("init"), GP64()), Load(Param("ldi"), GP64())
	SHLQ(Imm(2), ldi)
	acc := make([][]vec, rows)
	for i := range acc {
		for j := range vecs {
			r := v.vec()
			VMOVUPS(Mem{Base: init, Disp: j * v.bytes()}, r)
			acc[i] = append(acc[i], r)
		}
		if i < rows-1 {
			ADDQ(ldi, init)
		}
	}

	if kind == fetch { // the results' lines arrive while the sums run
		c, ldc := Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
		SHLQ(Imm(2), ldc)
		for i := range rows {
			for j := 0; j < vecs*v.bytes(); j += 64 {
				PREFETCHT0(Mem{Base: c, Disp: j})
			}
			if i < rows-1 {
				ADDQ(ldc, c)
			}
		}
	}
	at := rowAddresses(a, lda, rows)
	TESTQ(k, k)
	JZ(LabelRef("store"))
	Label("loop")
	src := Mem{Base: b}
	if kind == taps {
		o := GP64()
		MOVLQSX(Mem{Base: off}, o)
		src = Mem{Base: b, Index: o, Scale: 4}
	}
	panel := loadRow(v, vecs, src)
	if kind == fetch {
		for j := 0; j < vecs*v.bytes(); j += 64 {
			PREFETCHT0(Mem{Base: b, Disp: ahead + j})
		}
	}
	outerProduct(v, VBROADCASTSS, at, panel, acc)
	for _, base := range bases(at) {
		ADDQ(Imm(4), base)
	}
	if kind == taps {
		ADDQ(Imm(4), off)
	} else {
		ADDQ(U32(uint32(width*4)), b)
	}
	DECQ(k)
	JNZ(LabelRef("loop"))

	Label("store")
	c, ldc := Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	for i := range acc {
		for j := range vecs {
			VMOVUPS(acc[i][j], Mem{Base: c, Disp: j * v.bytes()})
		}
		if i < rows-1 {
			ADDQ(ldc, c)
		}
	}
	VZEROUPPER()
	RET()
}

// loadRow loads a row of vectors.
func loadRow(v isa, vecs int, src Mem) (row []vec) {
	for j := range vecs {
		r := v.vec()
		VMOVUPS(src.Offset(j*v.bytes()), r)
		row = append(row, r)
	}
	return row
}

// The panel of queries has columns of one vector's width, one after the other, so
// that half of it is a panel too.

// columnsApart is the bytes between the columns of a panel with as many rows as
// the parameter says.
func columnsApart(v isa, vecs int, rows string) reg.Register {
	if vecs == 1 {
		return nil
	}
	r := Load(Param(rows), GP64())
	IMUL3Q(U8(uint8(v.bytes())), r, r)
	return r
}

// loadColumns loads a row of a panel.
func loadColumns(v isa, vecs int, at, apart reg.Register, disp int) (row []vec) {
	for j := range vecs {
		r, src := v.vec(), Mem{Base: at, Disp: disp}
		if j == 1 {
			src.Index, src.Scale = apart, 1
		}
		VMOVUPS(src, r)
		row = append(row, r)
	}
	return row
}

func columnsDoc(v isa, name, row, rows string) string {
	return fmt.Sprintf("%s[%s][j] is at %[1]s[(j/%[3]d*%[4]s+%[2]s)*%[3]d+j%%%[3]d].", name, row, v.lanes, rows)
}

// outerProduct adds the products of a column of elements and a row of vectors.
// An element is spread by broadcast: VBROADCASTSS takes a port that sums take
// too, VPBROADCASTD only the load, for what has other work beside the products.
func outerProduct(v isa, broadcast func(...Op), column []Mem, row []vec, acc [][]vec) {
	for i, at := range column {
		x := v.vec()
		broadcast(at, x)
		for j := range row {
			VFMADD231PS(row[j], x, acc[i][j])
		}
	}
}

// rowAddresses are the operands of a[i*stride], from two base registers and
// the odd multiples of the stride.
func rowAddresses(a, stride reg.Register, rows int) []Mem {
	multiple := map[int]reg.Register{1: stride}
	need := func(m int) {
		if multiple[m] != nil {
			return
		}
		r := GP64()
		switch m {
		case 3:
			LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, r)
		case 5:
			LEAQ(Mem{Base: stride, Index: stride, Scale: 4}, r)
		case 7:
			LEAQ(Mem{Base: stride, Index: stride, Scale: 8}, r)
			SUBQ(stride, r)
			SUBQ(stride, r)
		}
		multiple[m] = r
	}
	base := a
	var at []Mem
	for i := range rows {
		if i == 9 { // a second base takes over where the multiples end
			base = GP64()
			LEAQ(Mem{Base: a, Index: stride, Scale: 8}, base)
			ADDQ(stride, base)
		}
		switch n := i % 9; n {
		case 0:
			at = append(at, Mem{Base: base})
		case 1, 2, 4, 8:
			at = append(at, Mem{Base: base, Index: stride, Scale: uint8(n)})
		case 3, 5, 7:
			need(n)
			at = append(at, Mem{Base: base, Index: multiple[n], Scale: 1})
		case 6:
			need(3)
			at = append(at, Mem{Base: base, Index: multiple[3], Scale: 2})
		}
	}
	return at
}

// bases are the distinct base registers of operands.
func bases(at []Mem) []reg.Register {
	var out []reg.Register
	for _, m := range at {
		if len(out) == 0 || out[len(out)-1] != m.Base {
			out = append(out, m.Base)
		}
	}
	return out
}
