package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// fiveTaps is one pass of a symmetric filter of five taps.
func fiveTaps(v isa) {
	TEXT("taps"+v.suffix, NOSPLIT, "func(n int, dst, a, b, c, d, e *float32, gain *[3]float32)")
	Pragma("noescape")
	Doc("taps" + v.suffix + " sets dst = gain0*(a+e) + gain1*(b+d) + gain2*c, each product and sum rounded. n is a multiple of 8.")
	n, dst := Load(Param("n"), GP64()), Load(Param("dst"), GP64())
	var in [5]reg.Register
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		in[i] = Load(Param(name), GP64())
	}
	g := Load(Param("gain"), GP64())
	var gain [3]vec
	for i := range gain {
		gain[i] = YMM()
		VBROADCASTSS(Mem{Base: g, Disp: 4 * i}, gain[i])
	}
	at := GP64()
	XORQ(at, at)
	Label("eight")
	CMPQ(at, n)
	JGE(LabelRef("done"))
	from := func(i int) Mem { return Mem{Base: in[i], Index: at, Scale: 4} }
	outer, inner, middle := YMM(), YMM(), YMM()
	VMOVUPS(from(0), outer)
	VADDPS(from(4), outer, outer)
	VMULPS(gain[0], outer, outer)
	VMOVUPS(from(1), inner)
	VADDPS(from(3), inner, inner)
	VMULPS(gain[1], inner, inner)
	VMULPS(from(2), gain[2], middle)
	VADDPS(inner, outer, outer)
	VADDPS(middle, outer, outer)
	VMOVUPS(outer, Mem{Base: dst, Index: at, Scale: 4})
	ADDQ(Imm(8), at)
	JMP(LabelRef("eight"))
	Label("done")
	VZEROUPPER()
	RET()
}

// everywhere is a parameter of 64 bits in every lane. A load as avo makes it is one of SSE, which takes as long as ten loops
// where it comes between instructions of AVX.
func everywhere(name string) vec {
	at, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	x := YMM()
	VBROADCASTSD(at.Addr, x)
	return x
}

// steps rounds samples to whole steps.
func steps(v isa) {
	TEXT("steps"+v.suffix, NOSPLIT, "func(n int, dst *uint16, src *float32, less, most float64, unit float64)")
	Pragma("noescape")
	Doc("steps" + v.suffix + " sets dst to (src-less, at least 0 and at most most) times unit, rounded. n is a multiple of 8.")
	n, dst, src := Load(Param("n"), GP64()), Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	wide := everywhere
	less, most, unit := wide("less"), wide("most"), wide("unit")
	zero, half := YMM(), YMM()
	VXORPD(zero, zero, zero)
	VBROADCASTSD(double(0x3fe0000000000000), half)
	at := GP64()
	XORQ(at, at)
	Label("eight")
	CMPQ(at, n)
	JGE(LabelRef("done"))
	var whole [2]reg.VecVirtual
	for i := range whole {
		x := YMM()
		VCVTPS2PD(Mem{Base: src, Index: at, Scale: 4, Disp: 16 * i}, x)
		VSUBPD(less, x, x)
		VMAXPD(zero, x, x)
		VMINPD(most, x, x)
		VMULPD(unit, x, x)
		VADDPD(half, x, x)
		whole[i] = XMM()
		VCVTTPD2DQY(x, whole[i])
	}
	VPACKUSDW(whole[1], whole[0], whole[0])
	VMOVDQU(whole[0], Mem{Base: dst, Index: at, Scale: 2})
	ADDQ(Imm(8), at)
	JMP(LabelRef("eight"))
	Label("done")
	VZEROUPPER()
	RET()
}

// table is a constant in the data section.
func table(name string, b []byte) Mem {
	m := GLOBL(name, 8|16) // RODATA|NOPTR
	for i, x := range b {
		DATA(i, U8(x))
	}
	return m
}

var doubles = map[uint64]Mem{}

// double is the float64 with these bits in the data section.
func double(bits uint64) Mem {
	m, ok := doubles[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("d%016x", bits), 8|16)
		DATA(0, U64(bits))
		doubles[bits] = m
	}
	return m
}

// tones converts pixels to luma and adds up what they look like.
func tones(v isa) {
	TEXT("tones"+v.suffix, NOSPLIT, "func(n, rows int, luma, rgb *byte, stride int, sums *[5]uint64, saturation *[4]float64)")
	Pragma("noescape")
	Doc("tones"+v.suffix+" writes the luma of n > 0 pixels of each of rows > 0 rows and adds to sums those of luma, its square, red, green",
		"and blue, and to saturation[i] that of the pixels i, i+4, ... of each row. It reads, and writes to what is behind what it reads",
		"there, as if n were a multiple of 16; there are at most 2^18 pixels.")
	rows := Load(Param("rows"), GP64())
	lumaRow, rgbRow := Load(Param("luma"), GP64()), Load(Param("rgb"), GP64())
	stride := Load(Param("stride"), GP64())
	sums, saturation := Load(Param("sums"), GP64()), Load(Param("saturation"), GP64())

	// take[k][m] are the bytes of colour k in the m-th 16 bytes.
	var take [3][3]Mem
	for k := range take {
		for m := range take[k] {
			b := make([]byte, 16)
			for i := range b {
				if b[i] = 0x80; (3*i+k)/16 == m {
					b[i] = byte((3*i + k) % 16)
				}
			}
			take[k][m] = table(fmt.Sprintf("take%d%d", k, m), b)
		}
	}
	ends := make([]byte, 32)
	for i := range 16 {
		ends[i] = 0xff
	}
	rest := GP64()
	LEAQ(table("ends", ends), rest)
	// Constants stay in memory: registers are short.
	constant := func(name string, four uint32) Mem {
		b := make([]byte, 32)
		for i := range b {
			b[i] = byte(four >> (i % 4 * 8))
		}
		return table(name, b)
	}
	ones, unity := constant("ones", 0x01010101), constant("unity", pairOnes)
	redGreen, blueHalf := constant("redGreen", 299|587<<16), constant("blueHalf", 114|500<<16)
	thousandth := constant("thousandth", 33555|33555<<16) // of 2^22 / 125, after a shift by 3
	zero := XMM()
	VPXOR(zero, zero, zero)
	var acc [4]reg.VecVirtual // luma, red, green, blue
	for i := range acc {
		acc[i] = XMM()
		VPXOR(acc[i], acc[i], acc[i])
	}
	square, sat := YMM(), YMM()
	VPXOR(square, square, square)
	VMOVUPD(Mem{Base: saturation}, sat)

	n, luma, rgb := GP64(), GP64(), GP64()
	Label("row")
	Load(Param("n"), n)
	MOVQ(lumaRow, luma)
	MOVQ(rgbRow, rgb)
	Label("sixteen")
	// The lanes that there are pixels for.
	mask := XMM()
	off := GP64()
	MOVQ(U32(16), off)
	SUBQ(n, off)
	skip := GP64()
	XORQ(skip, skip)
	CMPQ(off, skip)
	CMOVQLT(skip, off)
	VMOVDQU(Mem{Base: rest, Index: off, Scale: 1}, mask)
	var c [3]reg.VecVirtual
	for k := range c {
		c[k] = XMM()
		for m := range 3 {
			x := XMM()
			VMOVDQU(Mem{Base: rgb, Disp: 16 * m}, x)
			VPSHUFB(take[k][m], x, x)
			if m == 0 {
				VMOVDQA(x, c[k])
			} else {
				VPOR(x, c[k], c[k])
			}
		}
		VPAND(mask, c[k], c[k])
		s := XMM()
		VPSADBW(zero, c[k], s)
		VPADDQ(s, acc[1+k], acc[1+k])
	}
	var w [3]vec
	for k := range w {
		w[k] = YMM()
		VPMOVZXBW(c[k], w[k])
	}
	var y [2]vec
	for i := range y {
		y[i] = YMM()
		b := YMM()
		if i == 0 {
			VPUNPCKLWD(w[1], w[0], y[i])
			VPUNPCKLWD(unity, w[2], b)
		} else {
			VPUNPCKHWD(w[1], w[0], y[i])
			VPUNPCKHWD(unity, w[2], b)
		}
		VPMADDWD(redGreen, y[i], y[i])
		VPMADDWD(blueHalf, b, b)
		VPADDD(b, y[i], y[i])
		VPSRLD(Imm(3), y[i], y[i])
	}
	VPACKUSDW(y[1], y[0], y[0])
	VPMULHUW(thousandth, y[0], y[0])
	VPSRLW(Imm(6), y[0], y[0])
	sq := YMM()
	VPMADDWD(y[0], y[0], sq)
	VPADDD(sq, square, square)
	upper, bytes, behind := XMM(), XMM(), XMM()
	VEXTRACTI128(Imm(1), y[0], upper)
	VPACKUSWB(upper, y[0].AsX(), bytes)
	VMOVDQU(Mem{Base: luma}, behind)
	VPBLENDVB(mask, bytes, behind, behind)
	VMOVDQU(behind, Mem{Base: luma})
	VPSADBW(zero, bytes, bytes)
	VPADDQ(bytes, acc[0], acc[0])

	most, range_ := XMM(), XMM()
	VPMAXUB(c[0], c[1], most)
	VPMAXUB(c[2], most, most)
	VPMINUB(c[0], c[1], range_)
	VPMINUB(c[2], range_, range_)
	VPSUBB(range_, most, range_)
	VPMAXUB(ones, most, most)
	for i := range 4 {
		if i > 0 {
			VPSRLDQ(Imm(4), most, most)
			VPSRLDQ(Imm(4), range_, range_)
		}
		x, h := XMM(), XMM()
		xd, hd := YMM(), YMM()
		VPMOVZXBD(range_, x)
		VPMOVZXBD(most, h)
		VCVTDQ2PD(x, xd)
		VCVTDQ2PD(h, hd)
		VDIVPD(hd, xd, xd)
		VADDPD(xd, sat, sat)
	}
	ADDQ(Imm(16), luma)
	ADDQ(Imm(48), rgb)
	SUBQ(Imm(16), n)
	CMPQ(n, Imm(0))
	JG(LabelRef("sixteen"))
	ADDQ(stride, lumaRow)
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, n)
	ADDQ(n, rgbRow)
	DECQ(rows)
	JNZ(LabelRef("row"))

	sums, saturation = Load(Param("sums"), GP64()), Load(Param("saturation"), GP64())
	VMOVUPD(sat, Mem{Base: saturation})
	add := func(i int, r reg.Register) { ADDQ(r, Mem{Base: sums, Disp: 8 * i}) }
	total := func(x reg.VecVirtual) reg.Register {
		hi, sum := XMM(), GP64()
		VPSRLDQ(Imm(8), x, hi)
		VPADDQ(hi, x, x)
		VMOVQ(x, sum)
		return sum
	}
	add(0, total(acc[0]))
	add(1, v.total(square))
	for k := range 3 {
		add(2+k, total(acc[1+k]))
	}
	VZEROUPPER()
	RET()
}

// squares adds up squared differences of samples to the right and below.
func squares(v isa) {
	TEXT("edges"+v.suffix, NOSPLIT, "func(n, rows int, image *byte, stride int, sums *[3]uint64)")
	Pragma("noescape")
	Doc("edges"+v.suffix+" adds to sums[k], of n columns and rows > 0 rows, the squared differences of each sample from those",
		"2^k to its right and below it. n is 1 to 16, rows at most 2^12; of each row 20 bytes are read, of those below 16.")
	n, rows := Load(Param("n"), GP64()), Load(Param("rows"), GP64())
	image, stride := Load(Param("image"), GP64()), Load(Param("stride"), GP64())
	sums := Load(Param("sums"), GP64())
	ends := make([]byte, 64)
	for i := range 32 {
		ends[i] = 0xff
	}
	mask, from := YMM(), GP64()
	LEAQ(table("endWords", ends), from)
	SHLQ(Imm(1), n)
	SUBQ(n, from)
	VMOVDQU(Mem{Base: from, Disp: 32}, mask)
	var acc [3]reg.VecVirtual
	for k := range acc {
		acc[k] = YMM()
		VPXOR(acc[k], acc[k], acc[k])
	}
	Label("row")
	here := YMM()
	VPMOVZXBW(Mem{Base: image}, here)
	below := GP64()
	LEAQ(Mem{Base: image, Index: stride, Scale: 1}, below)
	for k := range acc {
		if k > 0 {
			LEAQ(Mem{Base: image, Index: stride, Scale: uint8(1 << k)}, below)
		}
		for _, at := range []Mem{{Base: image, Disp: 1 << k}, {Base: below}} {
			x := YMM()
			VPMOVZXBW(at, x)
			VPSUBW(here, x, x)
			VPAND(mask, x, x)
			VPMADDWD(x, x, x)
			VPADDD(x, acc[k], acc[k])
		}
	}
	ADDQ(stride, image)
	DECQ(rows)
	JNZ(LabelRef("row"))
	for k := range acc {
		ADDQ(v.total(acc[k]), Mem{Base: sums, Disp: 8 * k})
	}
	VZEROUPPER()
	RET()
}

// normalSums adds up the normal equations of a fit. Each sum has a lane of its own, so that the order of
// its terms is that of the rows.
func normalSums(v isa) {
	TEXT("normal"+v.suffix, NOSPLIT, "func(n int, sums *[6][8]float64, rows *[8]float64, spread float64)")
	Pragma("noescape")
	Doc("normal"+v.suffix+" adds row[i] row[k] / (1 + row[6]^2/spread) to sums[i][k], 6 >= k >= i, of n > 0 rows. What else there is in",
		"sums is of no use.")
	n, sums, rows := Load(Param("n"), GP64()), Load(Param("sums"), GP64()), Load(Param("rows"), GP64())
	spread, one := everywhere("spread"), YMM()
	VBROADCASTSD(double(0x3ff0000000000000), one)
	at := func(i, half int) Mem { return Mem{Base: sums, Disp: 64*i + 32*half} }
	from := func(i int) int { return i / 4 } // the first half that has a sum
	var acc [6][2]vec
	for i := range acc {
		for half := from(i); half < 2; half++ {
			acc[i][half] = YMM()
			VMOVUPD(at(i, half), acc[i][half])
		}
	}
	Label("row")
	w := YMM()
	VBROADCASTSD(Mem{Base: rows, Disp: 8 * 6}, w)
	VMULPD(w, w, w)
	VDIVPD(spread, w, w)
	VADDPD(one, w, w)
	VDIVPD(w, one, w)
	for i := range acc {
		g := YMM()
		VBROADCASTSD(Mem{Base: rows, Disp: 8 * i}, g)
		VMULPD(w, g, g)
		for half := from(i); half < 2; half++ {
			x := g
			if half == 0 {
				x = YMM()
			}
			VMULPD(Mem{Base: rows, Disp: 32 * half}, g, x)
			VADDPD(x, acc[i][half], acc[i][half])
		}
	}
	ADDQ(Imm(64), rows)
	DECQ(n)
	JNZ(LabelRef("row"))
	for i := range acc {
		for half := from(i); half < 2; half++ {
			VMOVUPD(acc[i][half], at(i, half))
		}
	}
	VZEROUPPER()
	RET()
}

// moments64 adds up samples and their squares in float64, each in one of four lanes.
func moments64(v isa) {
	TEXT("moments"+v.suffix, NOSPLIT, "func(n, rows int, src *float32, stride int, sums *[2][4]float64)")
	Pragma("noescape")
	Doc("moments"+v.suffix+" adds to sums[0][i] the samples i, i+4, ... of each of rows > 0 rows of n, which are stride samples apart, and",
		"to sums[1][i] their squares; those behind the last four samples are dealt to the first lane.")
	n, rows := Load(Param("n"), GP64()), Load(Param("rows"), GP64())
	row, stride := Load(Param("src"), GP64()), Load(Param("stride"), GP64())
	sums := Load(Param("sums"), GP64())
	sum, sq := YMM(), YMM()
	VMOVUPD(Mem{Base: sums}, sum)
	VMOVUPD(Mem{Base: sums, Disp: 32}, sq)
	add := func(x vec) {
		VADDPD(x, sum, sum)
		VMULPD(x, x, x)
		VADDPD(x, sq, sq)
	}
	Label("row")
	left, at := GP64(), GP64()
	MOVQ(n, left)
	MOVQ(row, at)
	Label("four")
	CMPQ(left, Imm(4))
	JL(LabelRef("one"))
	x := YMM()
	VCVTPS2PD(Mem{Base: at}, x)
	add(x)
	ADDQ(Imm(16), at)
	SUBQ(Imm(4), left)
	JMP(LabelRef("four"))
	Label("one")
	CMPQ(left, Imm(0))
	JE(LabelRef("next"))
	y := XMM()
	VMOVSS(Mem{Base: at}, y) // and zeros
	z := YMM()
	VCVTPS2PD(y, z)
	add(z)
	ADDQ(Imm(4), at)
	DECQ(left)
	JMP(LabelRef("one"))
	Label("next")
	LEAQ(Mem{Base: row, Index: stride, Scale: 4}, row)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VMOVUPD(sum, Mem{Base: sums})
	VMOVUPD(sq, Mem{Base: sums, Disp: 32})
	VZEROUPPER()
	RET()
}

// lifted moves samples within their range.
func lifted(v isa) {
	TEXT("lift"+v.suffix, NOSPLIT, "func(n int, dst, src, in *uint64, more, less, most uint64)")
	Pragma("noescape")
	Doc("lift"+v.suffix+" sets the 16-bit samples of dst to those of src plus more and less less, at least 0 and at most most, where those",
		"of in are set, else to those of src. n is the number of words and a multiple of 4; the sum is below 2^16.")
	n := Load(Param("n"), GP64())
	dst, src, in := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("in"), GP64())
	more, less, most := everywhere("more"), everywhere("less"), everywhere("most")
	at := GP64()
	XORQ(at, at)
	Label("four")
	from := func(p reg.Register) Mem { return Mem{Base: p, Index: at, Scale: 8} }
	x, y := YMM(), YMM()
	VMOVDQU(from(src), x)
	VPADDUSW(more, x, y)
	VPSUBUSW(less, y, y)
	VPMINUW(most, y, y)
	VPXOR(x, y, y)
	VPAND(from(in), y, y)
	VPXOR(x, y, y)
	VMOVDQU(y, from(dst))
	ADDQ(Imm(4), at)
	CMPQ(at, n)
	JL(LabelRef("four"))
	VZEROUPPER()
	RET()
}

// meanOfFour averages images.
func meanOfFour(v isa) {
	TEXT("mean"+v.suffix, NOSPLIT, "func(n int, dst, a, b, c, d *uint64)")
	Pragma("noescape")
	Doc("mean" + v.suffix + " sets the 16-bit samples of dst to the mean of those of four images, rounded down. n is the number of words and a multiple of 4.")
	n, dst := Load(Param("n"), GP64()), Load(Param("dst"), GP64())
	var in [4]reg.Register
	for i, name := range []string{"a", "b", "c", "d"} {
		in[i] = Load(Param(name), GP64())
	}
	low := YMM()
	VPBROADCASTD(word(0xffff), low)
	at := GP64()
	XORQ(at, at)
	Label("four")
	even, odd := YMM(), YMM()
	for i, p := range in {
		x, e := YMM(), YMM()
		VMOVDQU(Mem{Base: p, Index: at, Scale: 8}, x)
		if i == 0 {
			VPAND(low, x, even)
			VPSRLD(Imm(16), x, odd)
			continue
		}
		VPAND(low, x, e)
		VPADDD(e, even, even)
		VPSRLD(Imm(16), x, x)
		VPADDD(x, odd, odd)
	}
	VPSRLD(Imm(2), even, even)
	VPSRLD(Imm(2), odd, odd)
	VPSLLD(Imm(16), odd, odd)
	VPOR(odd, even, even)
	VMOVDQU(even, Mem{Base: dst, Index: at, Scale: 8})
	ADDQ(Imm(4), at)
	CMPQ(at, n)
	JL(LabelRef("four"))
	VZEROUPPER()
	RET()
}

// cells adds up differences of words.
func cells(v isa) {
	TEXT("cells"+v.suffix, NOSPLIT, "func(n int, dst *float64, a, b *uint64, scale float64)")
	Pragma("noescape")
	Doc("cells"+v.suffix+" adds to dst[i] the sum of |a-b| over the four 16-bit samples of word i, which are below 2^15, over scale.",
		"n is a multiple of 4.")
	n, dst := Load(Param("n"), GP64()), Load(Param("dst"), GP64())
	a, b := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	scale, ones := everywhere("scale"), v.bits(pairOnes)
	at := GP64()
	XORQ(at, at)
	Label("four")
	x := YMM()
	VMOVDQU(Mem{Base: a, Index: at, Scale: 8}, x)
	VPSUBW(Mem{Base: b, Index: at, Scale: 8}, x, x)
	VPABSW(x, x)
	VPMADDWD(ones, x, x)
	upper, four := XMM(), XMM()
	VEXTRACTI128(Imm(1), x, upper)
	VPHADDD(upper, x.AsX(), four)
	sum := YMM()
	VCVTDQ2PD(four, sum)
	VDIVPD(scale, sum, sum)
	VADDPD(Mem{Base: dst, Index: at, Scale: 8}, sum, sum)
	VMOVUPD(sum, Mem{Base: dst, Index: at, Scale: 8})
	ADDQ(Imm(4), at)
	CMPQ(at, n)
	JL(LabelRef("four"))
	VZEROUPPER()
	RET()
}

// larger64 takes the larger one of two numbers.
func larger64(v isa) {
	TEXT("larger"+v.suffix, NOSPLIT, "func(n int, dst, a, b *float64)")
	Pragma("noescape")
	Doc("larger" + v.suffix + " sets dst to the larger one of a and b, neither NaN. n is a multiple of 4; dst may be a or b.")
	n, dst := Load(Param("n"), GP64()), Load(Param("dst"), GP64())
	a, b := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	at := GP64()
	XORQ(at, at)
	Label("four")
	x := YMM()
	VMOVUPD(Mem{Base: a, Index: at, Scale: 8}, x)
	VMAXPD(Mem{Base: b, Index: at, Scale: 8}, x, x)
	VMOVUPD(x, Mem{Base: dst, Index: at, Scale: 8})
	ADDQ(Imm(4), at)
	CMPQ(at, n)
	JL(LabelRef("four"))
	VZEROUPPER()
	RET()
}

// floats converts bytes.
func floats(v isa) {
	TEXT("floats"+v.suffix, NOSPLIT, "func(n int, dst *float32, src *byte)")
	Pragma("noescape")
	Doc("floats" + v.suffix + " sets dst to src. n is a multiple of 8.")
	n, dst, src := Load(Param("n"), GP64()), Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	at := GP64()
	XORQ(at, at)
	Label("eight")
	x := YMM()
	VPMOVZXBD(Mem{Base: src, Index: at, Scale: 1}, x)
	VCVTDQ2PS(x, x)
	VMOVUPS(x, Mem{Base: dst, Index: at, Scale: 4})
	ADDQ(Imm(8), at)
	CMPQ(at, n)
	JL(LabelRef("eight"))
	VZEROUPPER()
	RET()
}
