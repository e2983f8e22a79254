//go:build !amd64 || purego

package frames

func asmVariants() []variant {
	const why = "this build has no assembly kernels (they are for amd64 without the purego tag)"
	return []variant{{name: "avx2", lacked: why}}
}
