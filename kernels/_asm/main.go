// Command _asm generates the vector kernels of packages cpu, frames and sad:
//
//	asm -isa avx512 -out kernels_avx512_amd64.s -stubs kernels_avx512_amd64.go -pkg cpu
//
// generate.sh writes all of them, check.sh proves the committed ones current.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	name := flag.String("isa", "", "instruction set: avx2 or avx512")
	flag.Parse() // avo's own flags are on the same set
	v, ok := map[string]isa{"avx2": avx2, "avx512": avx512}[*name]
	if !ok {
		log.Fatalf("-isa %q: want avx2 or avx512", *name)
	}
	ConstraintExpr("!purego")
	switch flag.Lookup("pkg").Value.String() {
	case "frames":
		fiveTaps(v)
		steps(v)
		tones(v)
		squares(v)
		normalSums(v)
		moments64(v)
		lifted(v)
		meanOfFour(v)
		cells(v)
		larger64(v)
		floats(v)
	case "sad":
		sumDiffs(v)
		if v.wide {
			largerSums(v)
		} else {
			largerSums2(v)
			blockDiffs(v)
			blockDiffs4(v)
			pairDiffs(v)
		}
	default:
		operators(v)
	}
	Generate()
}

// operators are the kernels of package cpu.
func operators(v isa) {
	for rows := 1; rows <= v.rows; rows++ {
		for _, vecs := range v.widths {
			for _, kind := range []flavour{fetch, taps} {
				dot(v, rows, vecs, kind)
			}
			logits(v, rows, vecs)
		}
	}
	for _, s := range v.weights {
		for rows := 1; rows <= s[0]; rows++ {
			for _, signed := range []bool{false, true} {
				if v.wide {
					weights(v, rows, s[1], signed)
				} else {
					weightsInTurn(v, rows, s[1], signed)
				}
			}
		}
	}
	for _, s := range v.values {
		weighted(v, s[0], s[1])
	}
	for _, vecs := range v.widths {
		softmax(v, vecs)
		weigh(v, vecs)
		columnSquares(v, vecs)
		columnMax(v, vecs)
		scaleRows(v, vecs)
	}
	copyRows(v, false)
	copyRows(v, true)
	normRows(v)
	fetchRows(v)
	transpose(v)
	mulAdds(v)
	scaleSigned(v)
	moments(v)
	affine(v)
	addProduct(v)
	inverseNorm(v)
	rotate(v)
	elementwise(v, "exp", "sets x = exp(x), within 1 ulp where the result is normal.", func(x vec) vec { return exp(v, x, true) })
	elementwise(v, "gelu", "sets x = x/(1+exp(-2u)), u = sqrt(2/pi)(x+0.044715x^3).", func(x vec) vec { return gelu(v, x) }, gelu1, gelu3)
	elementwise(v, "silu", "sets x = x/(1+exp(-x)).", func(x vec) vec { return silu(v, x) })
}
