//go:build amd64 && !purego

package frames

import "longtake/internal/cpu"

// asmVariants are the assembly variants, the best last.
func asmVariants() []variant {
	return []variant{{
		name: "avx2", taps: tapsAVX2, steps: stepsAVX2, tones: tonesAVX2, edges: edgesAVX2, normal: normalAVX2,
		moments: momentsAVX2, lift: liftAVX2, mean: meanAVX2, cells: cellsAVX2, larger: largerAVX2, floats: floatsAVX2,
		lacked: cpu.Lacks(cpu.Detect().AVX2, "AVX2"),
	}}
}
