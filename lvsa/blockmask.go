package lvsa

import (
	"fmt"
	"math"

	"longtake/kernels"
)

// BlockMask is the pattern over tokens: one block per latent frame of perFrame
// tokens. Text tokens, where there are any, are a block behind the video that
// every query sees and whose queries see everything.
func (p Pattern) BlockMask(perFrame, textTokens int) (kernels.BlockMask, error) {
	if perFrame < 1 || textTokens < 0 {
		return kernels.BlockMask{}, fmt.Errorf("lvsa: block mask of %d tokens a frame and %d text tokens: want at least 1 and 0", perFrame, textTokens)
	}
	if int64(perFrame) > math.MaxInt32/int64(p.Frames) || int64(textTokens) > math.MaxInt32-int64(p.Frames*perFrame) {
		return kernels.BlockMask{}, fmt.Errorf("lvsa: block mask of %d frames of %d tokens and %d text tokens: more than 31 bits can count",
			p.Frames, perFrame, textTokens)
	}
	pairs := 0
	for f := range p.Frames {
		pairs += p.attended(f)
	}
	blocks := p.Frames
	if textTokens > 0 {
		pairs += p.Frames + p.Frames + 1
		blocks++
	}
	if pairs > math.MaxInt32 {
		return kernels.BlockMask{}, fmt.Errorf("lvsa: block mask of %d frames has %d pairs: more than 31 bits can count", p.Frames, pairs)
	}
	m := kernels.BlockMask{
		QEnd: make([]int32, 0, blocks), Row: make([]int32, 1, blocks+1), Col: make([]int32, 0, pairs), Heads: 1,
	}
	for f := range p.Frames {
		m.QEnd = append(m.QEnd, int32((f+1)*perFrame))
		for _, k := range p.Keys(f) {
			m.Col = append(m.Col, int32(k))
		}
		if textTokens > 0 {
			m.Col = append(m.Col, int32(p.Frames))
		}
		m.Row = append(m.Row, int32(len(m.Col)))
	}
	if textTokens > 0 {
		m.QEnd = append(m.QEnd, int32(p.Frames*perFrame+textTokens))
		for b := range blocks {
			m.Col = append(m.Col, int32(b))
		}
		m.Row = append(m.Row, int32(len(m.Col)))
	}
	m.KEnd = m.QEnd
	return m, nil
}

// DenseMask expands the mask of the first head to tokens, row by row: element
// q*NK+k tells whether query q sees key k. It is meant for tests and small
// pictures.
func DenseMask(m kernels.BlockMask) []bool {
	if len(m.QEnd) == 0 || len(m.KEnd) == 0 {
		return nil
	}
	nq, nk := int(m.QEnd[len(m.QEnd)-1]), int(m.KEnd[len(m.KEnd)-1])
	mask := make([]bool, nq*nk)
	q := 0
	for r, end := range m.QEnd {
		for ; q < int(end); q++ {
			for _, c := range m.Col[m.Row[r]:m.Row[r+1]] {
				k := 0
				if c > 0 {
					k = int(m.KEnd[c-1])
				}
				for ; k < int(m.KEnd[c]); k++ {
					mask[q*nk+k] = true
				}
			}
		}
	}
	return mask
}
