// Package sad sums absolute differences of images, the measure by which frames
// are compared in great numbers, and squared ones of neighbours in a row.
//
// Samples are 16-bit integers below 2^15, packed four to a word, the first one
// lowest. Every variant (generic Go, AVX2, AVX-512) gives the same integers. The
// best one that the machine has is used unless the environment variable
// LONGTAKE_KERNELS names another that it has.
package sad

import (
	"fmt"
	"os"
)

// most is the number of words that a kernel takes at once: a lane of 32 bits
// takes 2^17 differences of 15 bits.
const most = 1 << 16

// maxRows of a block keep its sum below 2^31.
const maxRows = 1 << 13

// variant is one implementation. Tests run over the table.
type variant struct {
	name   string
	words  int // that sum takes are a multiple of this
	sum    func(n int, a, b *uint64) uint64
	blocks func(n int, dst *uint32, a, b *uint64, stride, rows int)

	fourBlocks func(n int, dst *uint32, a0, a1, a2, a3, b0, b1, b2, b3 *uint64, stride, rows int)

	larger func(n int, dst *uint64, a0, a1, a2, a3, b0, b1, b2, b3 *uint64)
	pairs  func(n int, row *byte) (near, far uint64)
	lacked string // why it cannot run here; empty when it can
}

var used = choose(os.Getenv("LONGTAKE_KERNELS"))

// choose returns the named variant, or the best one where the machine lacks it.
// A nil function means generic Go.
func choose(name string) variant {
	best := variant{name: "generic"}
	if name == best.name {
		return best
	}
	for _, v := range asmVariants() {
		if v.lacked == "" {
			if best = v; v.name == name {
				break
			}
		}
	}
	return best
}

// Sum is the sum of |a-b| over all samples of two images of equal length.
func Sum(a, b []uint64) uint64 { return used.all(a, b) }

func (v *variant) all(a, b []uint64) uint64 {
	if len(a) != len(b) {
		panic(fmt.Sprintf("sad: images of %d and %d words", len(a), len(b)))
	}
	var total uint64
	for len(a) > 0 {
		n := min(len(a), most)
		whole := 0
		if v.sum != nil {
			whole = n / v.words * v.words
		}
		if whole > 0 {
			total += v.sum(whole, &a[0], &b[0])
		}
		total += sumGeneric(a[whole:n], b[whole:n])
		a, b = a[n:], b[n:]
	}
	return total
}

// Blocks sets dst[c] to the sum of |a-b| over block c: samples 8c to 8c+7 of
// each of rows rows, which start stride words apart in both images. There are 1
// to 8192 rows, and stride is at least 2*len(dst).
func Blocks(dst []uint32, a, b []uint64, stride, rows int) { used.rowOfBlocks(dst, a, b, stride, rows) }

func (v *variant) rowOfBlocks(dst []uint32, a, b []uint64, stride, rows int) {
	if len(dst) == 0 {
		return
	}
	need := (rows-1)*stride + 2*len(dst)
	if rows < 1 || rows > maxRows || stride < 2*len(dst) || len(a) < need || len(b) < need {
		panic(fmt.Sprintf("sad: %d blocks of %d rows with a stride of %d words in images of %d and %d words",
			len(dst), rows, stride, len(a), len(b)))
	}
	if v.blocks == nil {
		blocksGeneric(dst, a, b, stride, rows)
		return
	}
	v.blocks(len(dst), &dst[0], &a[0], &b[0], stride, rows)
}

// FourBlocks sets dst to what Blocks gives for the images a[i] and b[i] from word at on, added up over i.
// There are at most 4096 rows.
func FourBlocks(dst []uint32, a, b *[4][]uint64, at, stride, rows int) {
	used.rowOfFour(dst, a, b, at, stride, rows)
}

func (v *variant) rowOfFour(dst []uint32, a, b *[4][]uint64, at, stride, rows int) {
	if len(dst) == 0 {
		return
	}
	need := at + (rows-1)*stride + 2*len(dst)
	for i := range a {
		if rows < 1 || rows > maxRows/2 || at < 0 || stride < 2*len(dst) || len(a[i]) < need || len(b[i]) < need {
			panic(fmt.Sprintf("sad: %d blocks of %d rows with a stride of %d words from word %d of images of %d and %d words",
				len(dst), rows, stride, at, len(a[i]), len(b[i])))
		}
	}
	if v.fourBlocks == nil {
		clear(dst)
		for i := range a {
			addBlocksGeneric(dst, a[i][at:], b[i][at:], stride, rows)
		}
		return
	}
	v.fourBlocks(len(dst), &dst[0], &a[0][at], &a[1][at], &a[2][at], &a[3][at], &b[0][at], &b[1][at], &b[2][at], &b[3][at], stride, rows)
}

// Variant names the implementation in use: generic, avx2 or avx512.
func Variant() string { return used.name }
