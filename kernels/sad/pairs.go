package sad

import "fmt"

// mostPairs is the number of pairs that a kernel takes at once: a lane of 32 bits takes
// 2^12 sums of two squares.
const mostPairs = 1 << 15

// Pairs compares n pairs of neighbouring bytes of a row, the first at its start: near is
// the sum of the squared differences of a pair's sum from that of the next pair, far
// likewise from that of the fourth next. The row has at least 2n+8 bytes.
func Pairs(row []byte, n int) (near, far uint64) { return used.allPairs(row, n) }

func (v *variant) allPairs(row []byte, n int) (near, far uint64) {
	if n < 0 || n > 0 && len(row) < 2*n+8 {
		panic(fmt.Sprintf("sad: %d pairs in a row of %d bytes", n, len(row)))
	}
	for v.pairs != nil && n >= 8 {
		k := min(n, mostPairs) &^ 7
		x, y := v.pairs(k, &row[0])
		near, far = near+x, far+y
		row, n = row[2*k:], n-k
	}
	x, y := pairsGeneric(row, n)
	return near + x, far + y
}
