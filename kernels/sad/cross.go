package sad

import "fmt"

// Image is an image that is compared with many others.
type Image struct {
	words []uint64
	total uint64 // of the samples in whole vectors
}

// vector is the number of words in the widest vector.
const vector = 8

// NewImage keeps the words, which must not change as long as it is used.
func NewImage(words []uint64) Image {
	var even, odd uint64
	if len(words) <= most {
		for _, w := range words[:len(words)/vector*vector] {
			even += w & low
			odd += w >> 16 & low
		}
	}
	return Image{words, halves(even, odd)}
}

// Sum is that of two images.
func (a Image) Sum(b Image) uint64 { return Sum(a.words, b.words) }

// Cross sets dst[4i+j] to the sum of |a-b| over all samples of a[i] and b[j], all of one
// length.
func Cross(dst *[16]uint64, a, b *[4]Image) { used.cross(dst, a, b) }

func (v *variant) cross(dst *[16]uint64, a, b *[4]Image) {
	n := len(a[0].words)
	for i := range a {
		if len(a[i].words) != n || len(b[i].words) != n {
			panic(fmt.Sprintf("sad: images of %d, %d and %d words", n, len(a[i].words), len(b[i].words)))
		}
	}
	whole := n / vector * vector
	if v.larger == nil || whole == 0 || n > most {
		for i := range a {
			for j := range b {
				dst[4*i+j] = v.all(a[i].words, b[j].words)
			}
		}
		return
	}
	v.larger(whole, &dst[0], &a[0].words[0], &a[1].words[0], &a[2].words[0], &a[3].words[0],
		&b[0].words[0], &b[1].words[0], &b[2].words[0], &b[3].words[0])
	for i := range a {
		for j := range b {
			// |a-b| = 2 max(a,b) - a - b
			d := &dst[4*i+j]
			*d = 2**d - a[i].total - b[j].total
			if whole < n {
				*d += sumGeneric(a[i].words[whole:], b[j].words[whole:])
			}
		}
	}
}
