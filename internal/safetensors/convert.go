package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Float32 converts the elements of an F32, F16 or BF16 tensor; every such
// value is exact in float32. The result is in dst where that is large enough.
func (t Tensor) Float32(dst []float32) ([]float32, error) {
	size := 2
	switch t.Type {
	case "F32":
		size = 4
	case "F16", "BF16":
	default:
		return nil, fmt.Errorf("safetensors: %s: tensor %q: type %s: want F32, F16 or BF16", t.file, t.Name, t.Type)
	}
	n := len(t.data) / size
	if cap(dst) < n {
		dst = make([]float32, n)
	}
	dst = dst[:n]
	b := t.data
	switch t.Type {
	case "F32":
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case "BF16":
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b[2*i:])) << 16)
		}
	case "F16":
		for i := range dst {
			dst[i] = halfToFloat(binary.LittleEndian.Uint16(b[2*i:]))
		}
	}
	return dst, nil
}

// halfToFloat widens an IEEE half.
func halfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h & 0x3ff)
	switch exp {
	case 0: // zero and subnormals: frac * 2^-24
		v := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// floatToBF16 rounds to nearest, ties to even.
func floatToBF16(f float32) uint16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40 // a NaN stays one
	}
	return uint16((b + 0x7fff + (b>>16)&1) >> 16)
}

// floatToHalf rounds to nearest, ties to even.
func floatToHalf(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00
	case b >= 0x47800000: // 65536 and above
		return sign | 0x7c00
	case b < 0x38800000: // below 2^-14: a multiple of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(b))*(1<<24)))
	}
	// A carry out of the fraction raises the exponent, up to infinity.
	return sign | uint16((b-0x38000000+0xfff+(b>>13)&1)>>13)
}
