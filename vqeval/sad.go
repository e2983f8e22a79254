package vqeval

// Planes hold four 16-bit samples a word, so that ordinary 64-bit arithmetic
// compares four at a time. A sample is a grey level, less the mean of its frame,
// plus 256, in units of 1/64: it stays below 2^15, which leaves the top bit of
// each lane free.
const (
	unit   = 64  // samples per grey level
	centre = 256 // grey level that the frame's mean is moved to
	limit  = 511 // largest grey level of a centred sample
	lane   = 1<<15 | 1<<31 | 1<<47 | 1<<63
	ones   = 1 | 1<<16 | 1<<32 | 1<<48
	low    = 0xffff | 0xffff<<32
)

// absDiff is |a-b| in each of four lanes below 2^15.
func absDiff(a, b uint64) uint64 {
	d := (a | lane) - b                  // 2^15 + a - b in each lane, no borrow leaves it
	s := d & lane                        // set where a >= b
	m := s - s>>15                       // 2^15-1 where a >= b, else 0
	x := (d ^ s) ^ (lane - ones - m)     // a-b, or 2^15-1 - (2^15+a-b)
	return x + ((lane - s) >> 15 & ones) // the last turns the complement into b-a
}

// sad is the sum of absolute differences of two planes of equal length, in
// units of 1/64 grey level.
func sad(a, b []uint64) uint64 {
	b = b[:len(a)]
	var even, odd, total uint64
	for len(a) > 0 {
		// A lane pair of 32 bits takes 2^17 differences of 15 bits.
		n := min(len(a), 1<<16)
		even, odd = 0, 0
		for i, v := range a[:n] {
			x := absDiff(v, b[i])
			even += x & low
			odd += x >> 16 & low
		}
		total += even>>32 + even&0xffffffff + odd>>32 + odd&0xffffffff
		a, b = a[n:], b[n:]
	}
	return total
}

// pack stores samples four to a word; len(samples) is a multiple of four.
func pack(dst []uint64, samples []uint16) {
	for i := range dst {
		s := samples[4*i : 4*i+4]
		dst[i] = uint64(s[0]) | uint64(s[1])<<16 | uint64(s[2])<<32 | uint64(s[3])<<48
	}
}
