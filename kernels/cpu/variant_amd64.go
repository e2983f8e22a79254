//go:build amd64 && !purego

package cpu

func asmVariants() []variant {
	const why = "not written yet"
	return []variant{{name: "avx2", lacked: why}, {name: "avx512", lacked: why}}
}
