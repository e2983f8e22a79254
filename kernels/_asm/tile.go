package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// copyRows gathers rows into a tile, so that the loops over it meet neither
// the strides of the tensor nor the cache sets that these fall into.
func copyRows(v isa, measure bool) {
	name, args := "copyRows", ""
	doc := []string{name + v.suffix + " sets dst[r*dstStride+c] = src[r*srcStride+c] - sub[c], r < rows, c < n."}
	if measure {
		name, args = "measureRows", ", most *float32"
		doc = []string{name + v.suffix + " sets dst[r*dstStride+c] = src[r*srcStride+c] - sub[c], r < rows, c < n, and raises most[l] to the",
			"greatest sum over a row of the squares in lane l of its vectors, where a NaN is greater than any."}
	}
	TEXT(name+v.suffix, NOSPLIT, "func(rows, n int, src *float32, srcStride int, sub *float32, dst *float32, dstStride int"+args+")")
	Pragma("noescape")
	Doc(append(doc, "rows is at least 1, n a positive multiple of the vector width.")...)
	rows, n := Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	src, srcStride := Load(Param("src"), GP64()), Load(Param("srcStride"), GP64())
	sub := Load(Param("sub"), GP64())
	dst, dstStride := Load(Param("dst"), GP64()), Load(Param("dstStride"), GP64())
	SHLQ(Imm(2), n)
	SHLQ(Imm(2), srcStride)
	SHLQ(Imm(2), dstStride)
	var most reg.Register
	var peak, sum vec
	if measure {
		most, peak, sum = Load(Param("most"), GP64()), v.vec(), v.vec()
		VMOVUPS(Mem{Base: most}, peak)
	}
	ahead := GP64() // a few rows on
	LEAQ(Mem{Base: src, Index: srcStride, Scale: 4}, ahead)
	at := GP64()
	Label("row")
	XORQ(at, at)
	if measure {
		v.clear(sum)
	}
	Label("vec")
	PREFETCHT0(Mem{Base: ahead, Index: at, Scale: 1})
	x := v.vec()
	VMOVUPS(Mem{Base: src, Index: at, Scale: 1}, x)
	VSUBPS(Mem{Base: sub, Index: at, Scale: 1}, x, x)
	VMOVUPS(x, Mem{Base: dst, Index: at, Scale: 1})
	if measure {
		VFMADD231PS(x, x, sum)
	}
	ADDQ(U32(uint32(v.bytes())), at)
	CMPQ(at, n)
	JL(LabelRef("vec"))
	if measure {
		VPMAXUD(sum, peak, peak) // in order as integers
	}
	ADDQ(srcStride, src)
	ADDQ(srcStride, ahead)
	ADDQ(dstStride, dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	if measure {
		VMOVUPS(peak, Mem{Base: most})
	}
	VZEROUPPER()
	RET()
}

// normRows measures rows that stay where they are.
func normRows(v isa) {
	TEXT("normRows"+v.suffix, NOSPLIT, "func(rows, n int, src *float32, srcStride int, most *float32)")
	Pragma("noescape")
	Doc("normRows"+v.suffix+" raises most[l] to the greatest sum of squares in lane l of the vectors of src[r*srcStride+c], r < rows, c < n,",
		"where a NaN is greater than any. rows is at least 1, n a positive multiple of the vector width.")
	rows, n := Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	src, stride := Load(Param("src"), GP64()), Load(Param("srcStride"), GP64())
	most := Load(Param("most"), GP64())
	SHLQ(Imm(2), n)
	SHLQ(Imm(2), stride)
	peak, sum := v.vec(), v.vec()
	VMOVUPS(Mem{Base: most}, peak)
	ahead := GP64() // a few rows on
	LEAQ(Mem{Base: src, Index: stride, Scale: 8}, ahead)
	at := GP64()
	Label("row")
	XORQ(at, at)
	v.clear(sum)
	Label("vec")
	PREFETCHT0(Mem{Base: ahead, Index: at, Scale: 1})
	x := v.vec()
	VMOVUPS(Mem{Base: src, Index: at, Scale: 1}, x)
	VFMADD231PS(x, x, sum)
	ADDQ(U32(uint32(v.bytes())), at)
	CMPQ(at, n)
	JL(LabelRef("vec"))
	VPMAXUD(sum, peak, peak) // in order as integers
	ADDQ(stride, src)
	ADDQ(stride, ahead)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VMOVUPS(peak, Mem{Base: most})
	VZEROUPPER()
	RET()
}

// fetchRows brings rows that are used soon into the L2 cache.
func fetchRows(v isa) {
	TEXT("fetchRows"+v.suffix, NOSPLIT, "func(rows, n int, src *float32, srcStride int)")
	Pragma("noescape")
	Doc("fetchRows"+v.suffix+" fetches src[r*srcStride+c], r < rows, c < n, into the L2 cache.", "rows and n are at least 1.")
	rows, n := Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	src, stride := Load(Param("src"), GP64()), Load(Param("srcStride"), GP64())
	SHLQ(Imm(2), n)
	SHLQ(Imm(2), stride)
	at := GP64()
	Label("row")
	XORQ(at, at)
	Label("line")
	PREFETCHT1(Mem{Base: src, Index: at, Scale: 1})
	ADDQ(Imm(64), at)
	CMPQ(at, n)
	JL(LabelRef("line"))
	ADDQ(stride, src)
	DECQ(rows)
	JNZ(LabelRef("row"))
	RET()
}

// scaleRows multiplies the logits of a tile by factors of their distances. The
// lanes are queries and the rows keys, so that from one row to the next every
// distance is one less.
func scaleRows(v isa, vecs int) {
	width := vecs * v.lanes
	name := fmt.Sprintf("scaleRows%d%s", width, v.suffix)
	TEXT(name, NOSPLIT, "func(n int, s, pos *float32, neg *float32, negStep int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s multiplies positive elements of n rows of %d by pos[j-r] and the others by neg[j-r], row r, column j;", name, width),
		"with negStep 0 every row has the same neg, with -1 it moves like pos.")
	n, p := Load(Param("n"), GP64()), Load(Param("s"), GP64())
	pos, neg := Load(Param("pos"), GP64()), Load(Param("neg"), GP64())
	step := Load(Param("negStep"), GP64())
	SHLQ(Imm(2), step)
	zero := v.zero()
	TESTQ(n, n)
	JZ(LabelRef("done"))
	Label("row")
	for j := range vecs {
		at := j * v.bytes()
		x, hi := v.vec(), v.vec()
		VMOVUPS(Mem{Base: p, Disp: at}, x)
		VMAXPS(x, zero, hi)
		VMINPS(x, zero, x)
		VMULPS(Mem{Base: neg, Disp: at}, x, x)
		VFMADD231PS(Mem{Base: pos, Disp: at}, hi, x)
		VMOVUPS(x, Mem{Base: p, Disp: at})
	}
	ADDQ(U32(uint32(4*width)), p)
	SUBQ(Imm(4), pos)
	ADDQ(step, neg)
	DECQ(n)
	JNZ(LabelRef("row"))
	Label("done")
	VZEROUPPER()
	RET()
}

// transpose turns one block of as many rows as a vector has lanes.
func transpose(v isa) {
	TEXT("transpose"+v.suffix, NOSPLIT, "func(src *float32, srcStride int, mul, dst *float32, dstStride int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("transpose%s sets dst[c*dstStride+r] = src[r*srcStride+c] * mul[c], r, c < %d.", v.suffix, v.lanes))
	src, srcStride := Load(Param("src"), GP64()), Load(Param("srcStride"), GP64())
	mul := Load(Param("mul"), GP64())
	dst, dstStride := Load(Param("dst"), GP64()), Load(Param("dstStride"), GP64())
	SHLQ(Imm(2), srcStride)
	SHLQ(Imm(2), dstStride)
	m := v.vec()
	VMOVUPS(Mem{Base: mul}, m)
	n := v.lanes
	to := GP64() // its lines arrive meanwhile
	MOVQ(dst, to)
	for range n {
		PREFETCHT0(Mem{Base: to})
		ADDQ(dstStride, to)
	}
	rows := make([]vec, n)
	for i := range rows {
		rows[i] = v.vec()
		VMULPS(Mem{Base: src}, m, rows[i])
		ADDQ(srcStride, src)
	}
	// Pairs, then fours of rows: afterwards rows[4g+c] has, in quarter q of its
	// lanes, column 4q+c of rows 4g to 4g+3.
	fours := make([]vec, n)
	for g := 0; g < n; g += 4 {
		var t [4]vec
		for i := range t {
			t[i] = v.vec()
		}
		VUNPCKLPS(rows[g+1], rows[g], t[0])
		VUNPCKHPS(rows[g+1], rows[g], t[1])
		VUNPCKLPS(rows[g+3], rows[g+2], t[2])
		VUNPCKHPS(rows[g+3], rows[g+2], t[3])
		for i := range 4 {
			fours[g+i] = rows[g+i]
		}
		VUNPCKLPD(t[2], t[0], fours[g])
		VUNPCKHPD(t[2], t[0], fours[g+1])
		VUNPCKLPD(t[3], t[1], fours[g+2])
		VUNPCKHPD(t[3], t[1], fours[g+3])
	}
	out := make([]vec, n)
	for c := range 4 {
		if !v.wide {
			a, b := fours[c], fours[4+c]
			out[c], out[4+c] = v.vec(), v.vec()
			VPERM2F128(Imm(0x20), b, a, out[c])
			VPERM2F128(Imm(0x31), b, a, out[4+c])
			continue
		}
		even, odd := [2]vec{v.vec(), v.vec()}, [2]vec{v.vec(), v.vec()}
		for h := range 2 {
			VSHUFF32X4(Imm(0x88), fours[8*h+4+c], fours[8*h+c], even[h])
			VSHUFF32X4(Imm(0xdd), fours[8*h+4+c], fours[8*h+c], odd[h])
		}
		for i, q := range []struct {
			imm uint8
			of  [2]vec
		}{{0x88, even}, {0x88, odd}, {0xdd, even}, {0xdd, odd}} {
			r := fours[4*i+c] // free now
			out[4*i+c] = r
			VSHUFF32X4(Imm(uint64(q.imm)), q.of[1], q.of[0], r)
		}
	}
	for c := range out {
		VMOVUPS(out[c], Mem{Base: dst})
		if c < n-1 {
			ADDQ(dstStride, dst)
		}
	}
	VZEROUPPER()
	RET()
}
