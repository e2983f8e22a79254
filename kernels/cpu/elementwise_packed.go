package cpu

import "longtake/kernels"

// activate applies act to every element with the set's kernels, or in Go when
// there is no set.
func (s *kernelSet) activate(x []float32, act kernels.Act, tail *[maxLanes]float32) {
	if s == nil {
		activate(x, act)
		return
	}
	f := s.gelu
	switch act {
	case kernels.NoAct:
		return
	case kernels.SiLU:
		f = s.silu
	}
	whole := len(x) / s.lanes * s.lanes
	if whole > 0 {
		f(whole, &x[0])
	}
	if rest := x[whole:]; len(rest) > 0 {
		// The same kernel for the rest: a value must not depend on its place.
		clear(tail[copy(tail[:], rest):])
		f(s.lanes, &tail[0])
		copy(rest, tail[:])
	}
}
