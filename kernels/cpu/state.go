package cpu

import "math"

// state is attention of one query over some of its keys: o = Σ exp(s-m) v and
// d = Σ exp(s-m) with m the greatest logit s. The result is o/d, its
// log-sum-exp m+log d. Over no keys m is -Inf, and o and d are 0. States over
// disjoint keys merge into the state over all of them.
type state struct {
	o    []float32
	m, d float32
}

var negInf = float32(math.Inf(-1))

func (s *state) reset() {
	clear(s.o)
	s.m, s.d = negInf, 0
}

// merge makes s the state over the keys of both. It is associative and
// commutative up to rounding; the empty state is its identity, exactly.
func (s *state) merge(t state) {
	if t.m == negInf && t.d == 0 {
		return
	}
	m := max(s.m, t.m)
	a, b := rescale(s.m, m), rescale(t.m, m)
	for i := range s.o {
		s.o[i] = s.o[i]*a + t.o[i]*b
	}
	s.d = s.d*a + t.d*b
	s.m = m
}

// rescale is exp(from-to), 0 for an empty state.
func rescale(from, to float32) float32 {
	if from == negInf {
		return 0
	}
	return exp(from - to)
}

// finish writes the normalised output and returns the log-sum-exp.
func (s *state) finish(out []float32) float32 {
	if s.d == 0 {
		clear(out)
		return negInf
	}
	for i, v := range s.o {
		out[i] = v / s.d
	}
	return s.m + float32(math.Log(float64(s.d)))
}
