package cpu

import "unsafe"

// hugePage is the size in bytes of the pages that large arrays are to lie in.
const hugePage = 2 << 20

// zeroed is n zeros. Large ones ask for huge pages: rows of heads lie pages apart, and of
// thousands of small pages the processor finds few without a walk through its page tables.
func zeroed(n int) []float32 {
	f := make([]float32, n)
	if 4*n >= hugePage/8 {
		first := uintptr(unsafe.Pointer(unsafe.SliceData(f)))
		last := first + uintptr(4*n) - 1
		// Rounded outwards: what lies beside it in Go's heap may share its pages.
		first &^= hugePage - 1
		wantHuge(first, last/hugePage*hugePage+hugePage-first)
	}
	return f
}
