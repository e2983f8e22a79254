//go:build amd64 && !purego

package cpu

import "longtake/internal/cpu"

func asmVariants() []variant {
	has := cpu.Detect()
	return []variant{
		{name: "avx2", set: &avx2, lacked: cpu.Lacks(has.AVX2, "AVX2 with FMA")},
		{name: "avx512", set: &avx512, lacked: cpu.Lacks(has.AVX512, "AVX-512 (F, DQ, BW, VL)")},
	}
}

var avx2 = kernelSet{
	lanes: 8, mulAdds: mulAddsAVX2, peakAdds: 12 * 8,
	copyRows: copyRowsAVX2, fusedDims: 32, measureRows: measureRowsAVX2, normRows: normRowsAVX2, fetchRows: fetchRowsAVX2, transpose: transposeAVX2, exp: expAVX2, gelu: geluAVX2, silu: siluAVX2, scaleSigned: scaleSignedAVX2,
	moments: momentsAVX2, affine: affineAVX2, addProduct: addProductAVX2, inverseNorm: inverseNormAVX2, rotate: rotateAVX2,
	tiles: []tile{{
		width:    16,
		logits:   []logitsFunc{logits1x16AVX2, logits2x16AVX2, logits3x16AVX2, logits4x16AVX2, logits5x16AVX2, logits6x16AVX2},
		mul:      []mulFunc{mul1x16AVX2, mul2x16AVX2, mul3x16AVX2, mul4x16AVX2, mul5x16AVX2, mul6x16AVX2},
		taps:     []tapsFunc{taps1x16AVX2, taps2x16AVX2, taps3x16AVX2, taps4x16AVX2, taps5x16AVX2, taps6x16AVX2},
		weights:  []weightsFunc{weights1x16AVX2, weights2x16AVX2, weights3x16AVX2, weights4x16AVX2, weights5x16AVX2},
		signed:   []signedFunc{signedWeights1x16AVX2, signedWeights2x16AVX2, signedWeights3x16AVX2, signedWeights4x16AVX2, signedWeights5x16AVX2},
		weighted: []weightedTile{{6, weighted6x16AVX2}, {4, weighted4x16AVX2}},
		softmax:  softmax16AVX2, columnMax: columnMax16AVX2, weigh: weigh16AVX2, squares: columnSquares16AVX2,
		scale: scaleRows16AVX2,
	}},
}

var avx512 = kernelSet{
	lanes: 16, mulAdds: mulAddsAVX512, peakAdds: 24 * 16,
	copyRows: copyRowsAVX512, fusedDims: 16, measureRows: measureRowsAVX512, normRows: normRowsAVX512, fetchRows: fetchRowsAVX512, transpose: transposeAVX512, exp: expAVX512, gelu: geluAVX512, silu: siluAVX512, scaleSigned: scaleSignedAVX512,
	moments: momentsAVX512, affine: affineAVX512, addProduct: addProductAVX512, inverseNorm: inverseNormAVX512, rotate: rotateAVX512,
	tiles: []tile{{
		width: 32,
		logits: []logitsFunc{logits1x32AVX512, logits2x32AVX512, logits3x32AVX512, logits4x32AVX512, logits5x32AVX512, logits6x32AVX512, logits7x32AVX512,
			logits8x32AVX512, logits9x32AVX512, logits10x32AVX512, logits11x32AVX512, logits12x32AVX512, logits13x32AVX512, logits14x32AVX512},
		weights: []weightsFunc{weights1x32AVX512, weights2x32AVX512, weights3x32AVX512, weights4x32AVX512, weights5x32AVX512, weights6x32AVX512},
		signed:  []signedFunc{signedWeights1x32AVX512, signedWeights2x32AVX512, signedWeights3x32AVX512, signedWeights4x32AVX512, signedWeights5x32AVX512, signedWeights6x32AVX512},
		mul: []mulFunc{mul1x32AVX512, mul2x32AVX512, mul3x32AVX512, mul4x32AVX512, mul5x32AVX512, mul6x32AVX512, mul7x32AVX512,
			mul8x32AVX512, mul9x32AVX512, mul10x32AVX512, mul11x32AVX512, mul12x32AVX512, mul13x32AVX512, mul14x32AVX512},
		taps: []tapsFunc{taps1x32AVX512, taps2x32AVX512, taps3x32AVX512, taps4x32AVX512, taps5x32AVX512, taps6x32AVX512, taps7x32AVX512,
			taps8x32AVX512, taps9x32AVX512, taps10x32AVX512, taps11x32AVX512, taps12x32AVX512, taps13x32AVX512, taps14x32AVX512},
		weighted: []weightedTile{{8, weighted8x32AVX512}},
		softmax:  softmax32AVX512, columnMax: columnMax32AVX512, weigh: weigh32AVX512, squares: columnSquares32AVX512,
		scale: scaleRows32AVX512,
	}, {
		width: 16,
		logits: []logitsFunc{logits1x16AVX512, logits2x16AVX512, logits3x16AVX512, logits4x16AVX512, logits5x16AVX512, logits6x16AVX512, logits7x16AVX512,
			logits8x16AVX512, logits9x16AVX512, logits10x16AVX512, logits11x16AVX512, logits12x16AVX512, logits13x16AVX512, logits14x16AVX512},
		weights: []weightsFunc{weights1x16AVX512, weights2x16AVX512, weights3x16AVX512, weights4x16AVX512, weights5x16AVX512, weights6x16AVX512, weights7x16AVX512, weights8x16AVX512},
		signed:  []signedFunc{signedWeights1x16AVX512, signedWeights2x16AVX512, signedWeights3x16AVX512, signedWeights4x16AVX512, signedWeights5x16AVX512, signedWeights6x16AVX512, signedWeights7x16AVX512, signedWeights8x16AVX512},
		mul: []mulFunc{mul1x16AVX512, mul2x16AVX512, mul3x16AVX512, mul4x16AVX512, mul5x16AVX512, mul6x16AVX512, mul7x16AVX512,
			mul8x16AVX512, mul9x16AVX512, mul10x16AVX512, mul11x16AVX512, mul12x16AVX512, mul13x16AVX512, mul14x16AVX512},
		taps: []tapsFunc{taps1x16AVX512, taps2x16AVX512, taps3x16AVX512, taps4x16AVX512, taps5x16AVX512, taps6x16AVX512, taps7x16AVX512,
			taps8x16AVX512, taps9x16AVX512, taps10x16AVX512, taps11x16AVX512, taps12x16AVX512, taps13x16AVX512, taps14x16AVX512},
		weighted: []weightedTile{{16, weighted16x16AVX512}, {8, weighted8x16AVX512}},
		softmax:  softmax16AVX512, columnMax: columnMax16AVX512, weigh: weigh16AVX512, squares: columnSquares16AVX512,
		scale: scaleRows16AVX512,
	}},
}
