package sad

const (
	lane = 1<<15 | 1<<31 | 1<<47 | 1<<63
	ones = 1 | 1<<16 | 1<<32 | 1<<48
	low  = 0xffff | 0xffff<<32
)

// absDiff is |a-b| in each of four lanes below 2^15.
func absDiff(a, b uint64) uint64 {
	d := (a | lane) - b                  // 2^15 + a - b in each lane, no borrow leaves it
	s := d & lane                        // set where a >= b
	m := s - s>>15                       // 2^15-1 where a >= b, else 0
	x := (d ^ s) ^ (lane - ones - m)     // a-b, or 2^15-1 - (2^15+a-b)
	return x + ((lane - s) >> 15 & ones) // the last turns the complement into b-a
}

// halves adds up two sums of 32 bits in each of two words.
func halves(even, odd uint64) uint64 {
	return even>>32 + even&0xffffffff + odd>>32 + odd&0xffffffff
}

// sumGeneric takes at most most words, and as many of each.
func sumGeneric(a, b []uint64) uint64 {
	b = b[:len(a)]
	var even, odd uint64
	for i, v := range a {
		x := absDiff(v, b[i])
		even += x & low
		odd += x >> 16 & low
	}
	return halves(even, odd)
}

func pairsGeneric(row []byte, n int) (near, far uint64) {
	for range n {
		p := row[:10]
		row = row[2:]
		a := int(p[0]) + int(p[1])
		d, e := a-int(p[2])-int(p[3]), a-int(p[8])-int(p[9])
		near += uint64(d * d)
		far += uint64(e * e)
	}
	return near, far
}

func blocksGeneric(dst []uint32, a, b []uint64, stride, rows int) {
	clear(dst)
	addBlocksGeneric(dst, a, b, stride, rows)
}

func addBlocksGeneric(dst []uint32, a, b []uint64, stride, rows int) {
	for c := range dst {
		var even, odd uint64
		for y := range rows {
			for k := y*stride + 2*c; k < y*stride+2*c+2; k++ {
				x := absDiff(a[k], b[k])
				even += x & low
				odd += x >> 16 & low
			}
		}
		dst[c] += uint32(halves(even, odd))
	}
}
