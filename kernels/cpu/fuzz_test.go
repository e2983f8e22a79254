package cpu

import (
	"testing"

	"longtake/kernels"
)

// FuzzPlan: whatever the mask and the edits, a plan is refused or runs, and
// every variant gives what the generic one gives.
func FuzzPlan(f *testing.F) {
	f.Add([]byte{0, 0, 16, 16, 4, 1, 2, 8, 16, 2, 8, 16, 3, 0, 1, 3, 3, 0, 0, 1, 20, 5, 0, 9, 3, 16})
	f.Add([]byte{1, 0, 40, 33, 9, 1, 1, 40, 1, 33, 2, 0, 1, 1, 0, 7})
	f.Add([]byte{1, 1, 2, 2, 1, 2, 1, 2, 1, 2, 4, 0, 1, 1, 1, 2, 0, 0, 255})
	f.Add([]byte{0, 0, 4, 4, 4, 1, 2, 3, 2, 1, 4, 3, 0, 9, 2, 1, 200})
	f.Add([]byte("10BB027\x027\x021\x00\x01\x00\x018\x00000A1001")) // one band, for some queries of a panel
	var backends []*Backend
	for _, name := range Variants() {
		backends = append(backends, open(f, name, 2))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() int {
			if len(data) == 0 {
				return 0
			}
			b := int(data[0])
			data = data[1:]
			return b
		}
		list := func() []int32 {
			out := make([]int32, next()%9)
			for i := range out {
				out[i] = int32(int8(next()))
			}
			return out
		}
		s := kernels.Shape{B: 1, H: 1 + next()%3, Hkv: 1 + next()%2, NQ: next() % 64, NK: next() % 64, D: next() % 40}
		m := kernels.BlockMask{Heads: next() % 4, QEnd: list(), KEnd: list(), Row: list(), Col: list()}
		l := kernels.Logits{Scale: 0.25, CenterK: next()%2 == 1, PositiveOnly: next()%2 == 1, VideoTokens: next() % 64}
		for range next() % 4 {
			l.Bands = append(l.Bands, kernels.Band{To: float32(next()) / 2, Factor: float32(next()) / 128})
		}
		for range next() % 3 {
			l.Cut = append(l.Cut, kernels.Rect{Q0: int32(next()), Q1: int32(next()), K0: int32(next()), K1: int32(next())})
		}
		var want []float32
		for i, b := range backends {
			p, err := b.Plan(s, m, l)
			if err != nil {
				return
			}
			in := func(seed uint64, h, n int) kernels.Tensor { return headMajor(random(seed, h*n*s.D), h, n, s.D) }
			out := newGuarded(s.H * s.NQ * s.D)
			must(t, p.Run(kernels.Args{Q: in(1, s.H, s.NQ), K: in(2, s.Hkv, s.NK), V: in(3, s.Hkv, s.NK), Out: headMajor(out.f, s.H, s.NQ, s.D)}))
			out.check(t)
			if i == 0 {
				want = out.f
			}
			within(t, b.Variant(), out.f, want, 1e-5)
			must(t, p.Close())
		}
	})
}
