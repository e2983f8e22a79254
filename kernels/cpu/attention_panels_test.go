package cpu

import (
	"slices"
	"testing"

	"longtake/kernels"
)

// slidingFrames lets each of some frames see its neighbours and every ninth frame.
func slidingFrames(frames int) [][]int {
	attended := make([][]int, frames)
	for f := range attended {
		for k := range frames {
			if k%9 == 0 || k >= f-3 && k <= f+3 {
				attended[f] = append(attended[f], k)
			}
		}
	}
	return attended
}

// TestPanels: frames of half a panel share panels by columns, which read keys in
// place; panels that see many keys share copies.
func TestPanels(t *testing.T) {
	const frames, tokens = 40, 16
	b := open(t, "", 1)
	if b.set == nil || b.set.narrow() == nil {
		t.Skip("the widest variant here has no panels of columns")
	}
	open := func(m kernels.BlockMask, d int, l kernels.Logits) *plan {
		l.Scale = 0.2
		n := int(m.QEnd[len(m.QEnd)-1])
		p, err := b.Plan(kernels.Shape{B: 1, H: 1, Hkv: 1, NQ: n, NK: n, D: d}, m, l)
		must(t, err)
		return p.(*plan)
	}
	inPlace := func(p *plan) (n int) {
		for _, it := range p.items {
			if it.inPlace {
				n++
			}
		}
		return n
	}
	sliding := frameMask(slidingFrames(frames), tokens)
	p := open(sliding, 32, kernels.Logits{})
	if n := inPlace(p); n != len(p.items) || p.norms == nil {
		t.Errorf("%d of %d items read in place", n, len(p.items))
	}
	if len(p.panels) != frames/2 || len(p.holes) == 0 || slices.ContainsFunc(p.panels, func(x planPanel) bool { return !x.halves }) {
		t.Errorf("panels %+v with %d holes: want %d of two columns", p.panels, len(p.holes), frames/2)
	}
	for i, x := range p.panels {
		var lists [3][]int32
		for j, l := range x.lists {
			lists[j] = p.keys[l.lo:l.hi]
			if l.lo < l.hi && !slices.Equal(p.keys[l.hi:][:rowsAhead], slices.Repeat(p.keys[l.hi-1:l.hi], rowsAhead)) {
				t.Errorf("panel %d: list %d is followed by %v", i, j, p.keys[l.hi:][:rowsAhead])
			}
		}
		for j, alone := range lists[1:] {
			row := p.rows[int(x.row)+j]
			got := slices.Sorted(slices.Values(slices.Concat(lists[0], alone)))
			var want []int32
			for _, r := range p.runs[row.lo:row.hi] {
				for k := r.lo; k < r.hi; k++ {
					want = append(want, k)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("panel %d: column %d sees %v, its row %v", i, j, got, want)
			}
		}
		if i == 0 {
			continue
		}
		before := p.panels[i-1]
		fresh := p.runs[x.f0:x.f1]
		if want := subtract(p.runs[x.lo:x.hi], p.runs[before.lo:before.hi]); !slices.Equal(fresh, want) || len(fresh) == 0 && i == 1 {
			t.Errorf("panel %d: fresh %v, want %v", i, fresh, want)
		}
	}
	for name, p := range map[string]*plan{
		"many keys": open(denseMask(frames*tokens, frames*tokens), 128, kernels.Logits{}),
		"centred":   open(sliding, 32, kernels.Logits{CenterK: true}),
		"half rows": open(sliding, 40, kernels.Logits{}),
	} {
		if inPlace(p) > 0 || p.norms != nil {
			t.Errorf("%s: keys are read in place", name)
		}
	}
	if p := open(sliding, 32, kernels.Logits{Bands: []kernels.Band{{Factor: 0.5}}}); slices.ContainsFunc(p.panels, func(x planPanel) bool { return x.halves }) {
		t.Error("panels with edits are of two columns")
	}
	if p := open(frameMask(slidingFrames(frames), tokens-3), 32, kernels.Logits{}); slices.ContainsFunc(p.panels, func(x planPanel) bool { return x.halves && x.h1 > x.h0 }) {
		t.Error("holes beside the columns pass for those of columns")
	}
}

// TestCrowdedRows: rows that fall into few sets of the caches are copied.
func TestCrowdedRows(t *testing.T) {
	const frames, tokens, d = 24, 16, 32
	const n, h = frames * tokens, 2
	s := kernels.Shape{B: 1, H: h, Hkv: h, NQ: n, NK: n, D: d}
	each(t, func(t *testing.T, b *Backend) {
		p, err := b.Plan(s, frameMask(slidingFrames(frames), tokens), kernels.Logits{Scale: 0.2})
		must(t, err)
		var want []float32
		for _, stride := range []int{h * d, 1024} {
			in := func(seed uint64) kernels.Tensor {
				f := make([]float32, n*stride)
				for i, x := range random(seed, n*h*d) {
					f[i/(h*d)*stride+i%(h*d)] = x
				}
				return kernels.Tensor{B: 1, H: h, N: n, D: d, Stride: [4]int{n * stride, d, stride, 1}, Data: kernels.Host(f)}
			}
			out := make([]float32, n*h*d)
			must(t, p.Run(kernels.Args{Q: in(1), K: in(2), V: in(3), Out: headMajor(out, h, n, d)}))
			if want == nil {
				want = out
			}
			within(t, "crowded rows", out, want, 1e-6)
		}
	})
}
