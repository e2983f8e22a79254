//go:build amd64 && !purego

package sad

import "longtake/internal/cpu"

// asmVariants are the assembly variants, the best last. A block row is 128 bits
// wide, and a frame has too few of them abreast for AVX-512 to add anything.
func asmVariants() []variant {
	has := cpu.Detect()
	return []variant{
		{name: "avx2", words: 4, sum: sumAVX2, blocks: blocksAVX2, fourBlocks: fourBlocksAVX2, larger: largerAVX2, pairs: pairsAVX2, lacked: cpu.Lacks(has.AVX2, "AVX2")},
		{name: "avx512", words: 8, sum: sumAVX512, blocks: blocksAVX2, fourBlocks: fourBlocksAVX2, larger: largerAVX512, pairs: pairsAVX2, lacked: cpu.Lacks(has.AVX512, "AVX-512 (F, DQ, BW, VL)")},
	}
}
