package cpu

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func randomState(r *rand.Rand, n int) state {
	s := state{o: make([]float32, n), m: float32(r.NormFloat64() * 20), d: float32(1 + 100*r.Float64())}
	for i := range s.o {
		s.o[i] = float32(r.NormFloat64()) * s.d
	}
	return s
}

func (s state) clone() state { return state{slices.Clone(s.o), s.m, s.d} }

func merged(a, b state) state {
	c := a.clone()
	c.merge(b)
	return c
}

// close compares what two states stand for: the output and the log-sum-exp.
func closeStates(t *testing.T, what string, a, b state) {
	t.Helper()
	oa, ob := make([]float32, len(a.o)), make([]float32, len(b.o))
	la, lb := a.finish(oa), b.finish(ob)
	within(t, what, oa, ob, 2e-6)
	if math.Abs(float64(la-lb)) > 1e-5 {
		t.Fatalf("%s: LSE %v and %v", what, la, lb)
	}
}

func TestMergeAlgebra(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	empty := state{o: make([]float32, 5)}
	empty.reset()
	for range 300 {
		a, b, c := randomState(r, 5), randomState(r, 5), randomState(r, 5)
		closeStates(t, "associative", merged(merged(a, b), c), merged(a, merged(b, c)))
		closeStates(t, "commutative", merged(a, b), merged(b, a))
		for _, s := range []state{merged(a, empty), merged(empty, a)} {
			if err := sameBits(append(s.o, s.m, s.d), append(slices.Clone(a.o), a.m, a.d)); err != nil {
				t.Fatalf("identity: %v", err)
			}
		}
	}
	both := merged(empty, empty)
	out := []float32{1, 2, 3, 4, 5}
	if lse := both.finish(out); lse != negInf || slices.Max(out) != 0 || slices.Min(out) != 0 {
		t.Fatalf("empty state gives %v, LSE %v", out, lse)
	}
}

func TestMergeVectors(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/vectors/lvsa_attention.json")
	must(t, err)
	var file struct {
		Merge []struct {
			OA    []float64 `json:"o_a"`
			OB    []float64 `json:"o_b"`
			Out   []float64 `json:"out"`
			LSE2A float64   `json:"lse2_a"`
			LSE2B float64   `json:"lse2_b"`
			LSE2  float64   `json:"lse2_out"`
		} `json:"lse_merge"`
	}
	must(t, json.Unmarshal(raw, &file))
	if len(file.Merge) == 0 {
		t.Fatal("no vectors")
	}
	narrow := func(f []float64) []float32 {
		out := make([]float32, len(f))
		for i, v := range f {
			out[i] = float32(v)
		}
		return out
	}
	for _, c := range file.Merge {
		// A finished output is a state with d = 1 and m = its log-sum-exp.
		s := state{narrow(c.OA), float32(c.LSE2A * math.Ln2), 1}
		s.merge(state{narrow(c.OB), float32(c.LSE2B * math.Ln2), 1})
		out := make([]float32, len(c.Out))
		lse := s.finish(out)
		within(t, "merged output", out, narrow(c.Out), 1e-6)
		if math.Abs(float64(lse)/math.Ln2-c.LSE2) > 1e-6 {
			t.Fatalf("merged LSE %v, want %v", float64(lse)/math.Ln2, c.LSE2)
		}
	}
}
