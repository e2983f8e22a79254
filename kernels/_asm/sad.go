package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// xor clears a register of any width.
func (v isa) xor(r vec) vec {
	if v.wide {
		VPXORD(r, r, r)
	} else {
		VPXOR(r, r, r)
	}
	return r
}

// pairOnes is 1 in every 16-bit lane: a multiply-add with it widens sums of
// two lanes to 32 bits.
const pairOnes = 1 | 1<<16

// addDiff adds |a-b| of 16-bit lanes below 2^15, summed in pairs, to the 32-bit
// lanes of acc.
func addDiff(acc, x, ones reg.Register, a, b Mem) {
	VMOVDQU(a, x)
	VPSUBW(b, x, x)
	VPABSW(x, x)
	VPMADDWD(ones, x, x)
	VPADDD(x, acc, acc)
}

// sumDiffs is the sum of absolute differences over n words of four samples.
func sumDiffs(v isa) {
	TEXT("sum"+v.suffix, NOSPLIT, "func(n int, a, b *uint64) uint64")
	Pragma("noescape")
	Doc("sum"+v.suffix+" is the sum of |a-b| over n words of four 16-bit samples below 2^15.",
		"n is a multiple of the vector width in words and at most 2^16.")
	n := Load(Param("n"), GP64())
	a, b := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	const unrolled = 4
	step := v.bytes()
	ones := v.bits(pairOnes)
	var acc [unrolled]vec
	for i := range acc {
		acc[i] = v.xor(v.vec())
	}
	add := func(i int) {
		x := v.vec()
		at, bt := Mem{Base: a, Disp: i * step}, Mem{Base: b, Disp: i * step}
		if v.wide {
			VMOVDQU64(at, x)
			VPSUBW(bt, x, x)
			VPABSW(x, x)
			VPMADDWD(ones, x, x)
			VPADDD(x, acc[i], acc[i])
			return
		}
		addDiff(acc[i], x, ones, at, bt)
	}
	loop := func(name string, vecs int) {
		Label(name)
		CMPQ(n, U32(uint32(vecs*step/8)))
		JL(LabelRef(name + "done"))
		for i := range vecs {
			add(i)
		}
		ADDQ(U32(uint32(vecs*step)), a)
		ADDQ(U32(uint32(vecs*step)), b)
		SUBQ(U32(uint32(vecs*step/8)), n)
		JMP(LabelRef(name))
		Label(name + "done")
	}
	loop("four", unrolled)
	loop("one", 1)
	VPADDD(acc[1], acc[0], acc[0])
	VPADDD(acc[3], acc[2], acc[2])
	VPADDD(acc[2], acc[0], acc[0])
	Store(v.total(acc[0]), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// total is the sum of the 32-bit lanes of acc, which is overwritten. They are widened
// before they are added: 2^16 words fill them.
func (v isa) total(acc vec) reg.Register {
	odd := v.vec()
	VPSRLQ(Imm(32), acc, odd)
	VPSLLQ(Imm(32), acc, acc)
	VPSRLQ(Imm(32), acc, acc)
	VPADDQ(odd, acc, acc)
	y, x, hi := YMM(), XMM(), XMM()
	if v.wide {
		VEXTRACTI64X4(Imm(1), acc, y)
		VPADDQ(y, acc.AsY(), y)
	} else {
		VMOVDQA(acc, y)
	}
	VEXTRACTI128(Imm(1), y, x)
	VPADDQ(x, y.AsX(), x)
	VPSRLDQ(Imm(8), x, hi)
	VPADDQ(hi, x, x)
	sum := GP64()
	VMOVQ(x, sum)
	return sum
}

// largerSums compares each of four images with each of four others: every vector that is
// loaded serves four pairs.
func largerSums(v isa) {
	TEXT("larger"+v.suffix, NOSPLIT, "func(n int, dst *uint64, a0, a1, a2, a3, b0, b1, b2, b3 *uint64)")
	Pragma("noescape")
	Doc("larger"+v.suffix+" sets dst[4i+j] to the sum of max(ai,bj) over n words of four 16-bit samples below 2^15.",
		"n is a multiple of the vector width in words, at least one and at most 2^16.")
	n, dst := Load(Param("n"), GP64()), Load(Param("dst"), GP64())
	var in [8]reg.Register
	for i, name := range []string{"a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"} {
		in[i] = Load(Param(name), GP64())
	}
	ones := v.bits(pairOnes)
	var acc [16]vec
	for i := range acc {
		acc[i] = v.xor(v.vec())
	}
	offset := GP64()
	XORQ(offset, offset)
	SHLQ(Imm(3), n)
	Label("loop")
	var a [4]vec
	for i := range a {
		a[i] = v.vec()
		VMOVDQU64(Mem{Base: in[i], Index: offset, Scale: 1}, a[i])
	}
	for j := range 4 {
		b := v.vec()
		VMOVDQU64(Mem{Base: in[4+j], Index: offset, Scale: 1}, b)
		for i := range a {
			x := v.vec()
			VPMAXUW(b, a[i], x)
			VPMADDWD(ones, x, x)
			VPADDD(x, acc[4*i+j], acc[4*i+j])
		}
	}
	ADDQ(Imm(uint64(v.bytes())), offset)
	CMPQ(offset, n)
	JL(LabelRef("loop"))
	for i := range acc {
		MOVQ(v.total(acc[i]), Mem{Base: dst, Disp: 8 * i})
	}
	VZEROUPPER()
	RET()
}

// largerSums2 is largerSums with 16 registers. Sums wait in memory, and two vectors are added up before they are
// widened: the second one is moved down by 2^15 for that, and the sums start with what this takes away.
func largerSums2(v isa) {
	TEXT("larger"+v.suffix, NOSPLIT, "func(n int, dst *uint64, a0, a1, a2, a3, b0, b1, b2, b3 *uint64)")
	Pragma("noescape")
	Doc("larger"+v.suffix+" sets dst[4i+j] to the sum of max(ai,bj) over n words of four 16-bit samples below 2^15.",
		"n is a multiple of two vectors' width in words, at least one such and at most 2^16.")
	n, dst := Load(Param("n"), GP64()), Load(Param("dst"), GP64())
	var in [8]reg.Register
	for i, name := range []string{"a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"} {
		in[i] = Load(Param(name), GP64())
	}
	room := GP64()
	LEAQ(AllocLocal(17*32).Offset(31), room)
	ANDQ(I8(-32), room)
	acc := func(i int) Mem { return Mem{Base: room, Disp: 32 * i} }
	{
		start, x := GP64(), YMM()
		MOVQ(n, start)
		SHLQ(Imm(16-3), start)
		VMOVD(start.As32(), x.AsX())
		VPBROADCASTD(x.AsX(), x)
		for i := range 16 {
			VMOVDQU(x, acc(i))
		}
	}
	ones, top := v.bits(pairOnes), v.bits(1<<15|1<<31)
	offset := GP64()
	XORQ(offset, offset)
	SHLQ(Imm(3), n)
	Label("loop")
	two := func(image reg.Register) (out [2]vec) {
		for k := range out {
			out[k] = YMM()
		}
		VMOVDQU(Mem{Base: image, Index: offset, Scale: 1}, out[0])
		VPXOR(Mem{Base: image, Index: offset, Scale: 1, Disp: 32}, top, out[1])
		return out
	}
	var a [4][2]vec
	for i := range a {
		a[i] = two(in[i])
	}
	for j := range 4 {
		b := two(in[4+j])
		for i := range a {
			x, y := YMM(), YMM()
			VPMAXSW(b[0], a[i][0], x)
			VPMAXSW(b[1], a[i][1], y)
			VPADDW(x, y, x)
			VPMADDWD(ones, x, x)
			VPADDD(acc(4*i+j), x, x)
			VMOVDQU(x, acc(4*i+j))
		}
	}
	ADDQ(Imm(64), offset)
	CMPQ(offset, n)
	JL(LabelRef("loop"))
	for i := range 16 {
		x := YMM()
		VMOVDQU(acc(i), x)
		MOVQ(v.total(x), Mem{Base: dst, Disp: 8 * i})
	}
	VZEROUPPER()
	RET()
}

// pairDiffs compares sums of two neighbouring bytes with the sums beside them.
func pairDiffs(v isa) {
	TEXT("pairs"+v.suffix, NOSPLIT, "func(n int, row *byte) (near, far uint64)")
	Pragma("noescape")
	Doc("pairs"+v.suffix+" adds up, over n pairs of bytes of a row, the squared differences of their sum from that of",
		"the next pair and from that of the fourth next. n is a multiple of 8 and at most 2^15; the row has 2n+8 bytes.")
	n, row := Load(Param("n"), GP64()), Load(Param("row"), GP64())
	ones := YMM() // a multiply-add with these adds two bytes
	VPBROADCASTD(word(0x01010101), ones)
	near, far := YMM(), YMM()
	VPXOR(near, near, near)
	VPXOR(far, far, far)
	sums := func(disp int, wide bool) vec {
		x := YMM()
		if wide {
			VMOVDQU(Mem{Base: row, Disp: disp}, x)
		} else {
			VMOVDQU(Mem{Base: row, Disp: disp}, x.AsX()) // and the upper half is zero
		}
		VPMADDUBSW(ones, x, x)
		return x
	}
	step := func(wide bool) {
		here := sums(0, wide)
		for _, c := range []struct {
			disp int
			acc  vec
		}{{2, near}, {8, far}} {
			x := sums(c.disp, wide)
			VPSUBW(x, here, x)
			VPMADDWD(x, x, x)
			VPADDD(x, c.acc, c.acc)
		}
	}
	Label("sixteen")
	CMPQ(n, Imm(16))
	JL(LabelRef("eight"))
	step(true)
	ADDQ(Imm(32), row)
	SUBQ(Imm(16), n)
	JMP(LabelRef("sixteen"))
	Label("eight")
	CMPQ(n, Imm(0))
	JE(LabelRef("done"))
	step(false)
	Label("done")
	Store(v.total(near), ReturnIndex(0))
	Store(v.total(far), ReturnIndex(1))
	VZEROUPPER()
	RET()
}

// blockDiffs adds up |a-b| in each block of eight samples by rows.
func blockDiffs(v isa) {
	TEXT("blocks"+v.suffix, NOSPLIT, "func(n int, dst *uint32, a, b *uint64, stride, rows int)")
	Pragma("noescape")
	Doc("blocks"+v.suffix+" sets dst[c], c < n, to the sum of |a-b| over words 2c and 2c+1 of rows",
		"that are stride words apart; samples are below 2^15, n and rows at least 1, rows at most 2^13.")
	n, dst := Load(Param("n"), GP64()), Load(Param("dst"), GP64())
	a, b := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	stride, rows := Load(Param("stride"), GP64()), Load(Param("rows"), GP64())
	SHLQ(Imm(3), stride)
	wide := YMM()
	VPBROADCASTD(word(pairOnes), wide)
	ones := wide.AsX()
	// Four blocks at once: two of them to a vector.
	Label("four")
	CMPQ(n, Imm(4))
	JL(LabelRef("fourdone"))
	{
		acc := [2]reg.VecVirtual{YMM(), YMM()}
		for _, x := range acc {
			VPXOR(x, x, x)
		}
		r, offset := GP64(), GP64()
		MOVQ(rows, r)
		XORQ(offset, offset)
		Label("fourrow")
		for i, x := range acc {
			addDiff(x, YMM(), wide, Mem{Base: a, Index: offset, Scale: 1, Disp: 32 * i}, Mem{Base: b, Index: offset, Scale: 1, Disp: 32 * i})
		}
		ADDQ(stride, offset)
		DECQ(r)
		JNZ(LabelRef("fourrow"))
		storeFour(acc, dst)
	}
	ADDQ(Imm(16), dst)
	ADDQ(Imm(64), a)
	ADDQ(Imm(64), b)
	SUBQ(Imm(4), n)
	JMP(LabelRef("four"))
	Label("fourdone")
	CMPQ(n, Imm(0))
	JE(LabelRef("done"))
	Label("block")
	acc := XMM()
	VPXOR(acc, acc, acc)
	r, offset := GP64(), GP64()
	MOVQ(rows, r)
	XORQ(offset, offset)
	Label("row")
	addDiff(acc, XMM(), ones, Mem{Base: a, Index: offset, Scale: 1}, Mem{Base: b, Index: offset, Scale: 1})
	ADDQ(stride, offset)
	DECQ(r)
	JNZ(LabelRef("row"))
	VPHADDD(acc, acc, acc)
	VPHADDD(acc, acc, acc)
	VMOVD(acc, Mem{Base: dst})
	ADDQ(Imm(4), dst)
	ADDQ(Imm(16), a)
	ADDQ(Imm(16), b)
	DECQ(n)
	JNZ(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
}

// blockDiffs4 is blockDiffs over four pairs of images together: sums leave their registers once.
func blockDiffs4(v isa) {
	TEXT("fourBlocks"+v.suffix, NOSPLIT, "func(n int, dst *uint32, a0, a1, a2, a3, b0, b1, b2, b3 *uint64, stride, rows int)")
	Pragma("noescape")
	Doc("fourBlocks"+v.suffix+" sets dst[c], c < n, to the sum of |ai-bi|, i < 4, over words 2c and 2c+1 of rows",
		"that are stride words apart; samples are below 2^15, n and rows at least 1, rows at most 2^12.")
	n, dst := Load(Param("n"), GP64()), Load(Param("dst"), GP64())
	stride, rows := Load(Param("stride"), GP64()), Load(Param("rows"), GP64())
	SHLQ(Imm(3), stride)
	wide := YMM()
	VPBROADCASTD(word(pairOnes), wide)
	column := GP64() // in bytes
	XORQ(column, column)
	// pairs adds up the four pairs, row by row.
	pairs := func(name string, add func(a, b, offset reg.Register)) {
		for i := range 4 {
			x, y := Load(Param(fmt.Sprintf("a%d", i)), GP64()), Load(Param(fmt.Sprintf("b%d", i)), GP64())
			r, offset := GP64(), GP64()
			MOVQ(column, offset)
			MOVQ(rows, r)
			label := name + string(rune('a'+i))
			Label(label)
			add(x, y, offset)
			ADDQ(stride, offset)
			DECQ(r)
			JNZ(LabelRef(label))
		}
	}
	// several takes so many blocks, two of them to a vector: the more of a row at once, the better it is
	// fetched.
	several := func(name string, blocks int) {
		Label(name)
		CMPQ(n, Imm(uint64(blocks)))
		JL(LabelRef(name + "done"))
		acc := make([]reg.VecVirtual, blocks/2)
		for i := range acc {
			acc[i] = YMM()
			VPXOR(acc[i], acc[i], acc[i])
		}
		pairs(name+"row", func(a, b, offset reg.Register) {
			for i, x := range acc {
				addDiff(x, YMM(), wide, Mem{Base: a, Index: offset, Scale: 1, Disp: 32 * i}, Mem{Base: b, Index: offset, Scale: 1, Disp: 32 * i})
			}
		})
		for i := 0; i < len(acc); i += 2 {
			storeFour([2]reg.VecVirtual(acc[i:]), dst)
			ADDQ(Imm(16), dst)
		}
		ADDQ(U32(uint32(16*blocks)), column)
		SUBQ(Imm(uint64(blocks)), n)
		JMP(LabelRef(name))
		Label(name + "done")
	}
	several("twelve", 12)
	several("four", 4)
	CMPQ(n, Imm(0))
	JE(LabelRef("done"))
	Label("block")
	acc := XMM()
	VPXOR(acc, acc, acc)
	pairs("row", func(a, b, offset reg.Register) {
		addDiff(acc, XMM(), wide.AsX(), Mem{Base: a, Index: offset, Scale: 1}, Mem{Base: b, Index: offset, Scale: 1})
	})
	VPHADDD(acc, acc, acc)
	VPHADDD(acc, acc, acc)
	VMOVD(acc, Mem{Base: dst})
	ADDQ(Imm(4), dst)
	ADDQ(Imm(16), column)
	DECQ(n)
	JNZ(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
}

// storeFour adds up the halves of two vectors, which hold blocks 0 and 2 in their lower ones and 1 and
// 3 in the upper.
func storeFour(acc [2]reg.VecVirtual, dst reg.Register) {
	VPHADDD(acc[1], acc[0], acc[0])
	VPHADDD(acc[0], acc[0], acc[0])
	odd := XMM()
	VEXTRACTI128(Imm(1), acc[0], odd)
	VPUNPCKLDQ(odd, acc[0].AsX(), odd)
	VMOVDQU(odd, Mem{Base: dst})
}
