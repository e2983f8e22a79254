// Package cpu runs the kernels on the machine's cores in float32.
//
// There is one contract for every variant (generic Go, AVX2, AVX-512):
//
//   - Tensors and matrices are float32 in host memory. The dim stride of a
//     tensor is 1; its other strides are free.
//   - Shapes, strides and masks are checked before anything is computed; an
//     error leaves the outputs untouched.
//   - Every element is computed in one fixed order of operations, so results
//     are bit-identical for any number of workers and from run to run. They
//     differ between variants in the last bits (FMA, order of sums).
//   - Error against float64: a product over k terms is within a small multiple
//     of sqrt(k)*2^-24 of the sum of |terms|; the vector exponential is within
//     1 ulp where its result is normal; the weights of attention are within 3e-7
//     of those of the same logits, of the greatest one where a running max is
//     their reference, and relatively (2.3e-7) where norms bound the logits and
//     the reference is 0.
//   - A row of attention that sees no key gives zeros and a log-sum-exp of
//     -Inf. A NaN in a row's query, or in a key or value that it sees, makes
//     the row NaN.
//     What a query does not see does not reach it, be it a NaN.
//   - Nothing allocates once the backend has warmed up to the sizes in use; a
//     plan does not on its first run either, for as many callers at a time as
//     there are cores.
//   - No buffer grows with the product of sizes: attention holds tiles of 128
//     keys, a convolution one band of its input.
//
// The files *_generic.go are the specification: plain Go, always compiled,
// always tested. The vector variants are the same arithmetic in packed form
// over the micro-kernels that kernels/_asm generates.
//
// A Backend and its plans may be used by several goroutines at a time: one of
// them has the helpers, the others run on their own goroutine.
package cpu
