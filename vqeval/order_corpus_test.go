package vqeval

import (
	"fmt"
	"math/rand/v2"
)

// orderFailures are recipes in which the frames of a live source come in the
// wrong order: mirrored, back at the start, held, skipped or joined.
func orderFailures(src named, seed uint64, n int, fps float64) []*recipe {
	var out []*recipe
	add := func(kind, class, what string, onset, end int, time func(t int) float64) *recipe {
		rc := &recipe{labelled: labelled{name: fmt.Sprintf("%s.%d.%s", src.name, seed, what), kind: kind, class: class, onset: onset, end: end},
			frames: n, fps: fps, source: src.make(seed), seed: seed, w: src.w, h: src.h, time: time}
		out = append(out, rc)
		return rc
	}
	for i, h := range []int{16, 24, 36, 48} {
		if n < 2*h+8 {
			continue
		}
		swing := func(t int) float64 {
			if t %= 2 * h; t > h {
				t = 2*h - t
			}
			return float64(t)
		}
		rc := add("pingpong", "P1", fmt.Sprintf("P1.%d", h), h+1, n, swing)
		rc.period = 2 * h
		if i%2 == 1 {
			rc.grain = 4
		}
	}
	for _, share := range []float64{.4, .5, .6} {
		c := int(share * float64(n))
		add("pingpong", "P2", fmt.Sprintf("P2.%g", share), c+1, min(n, 2*c+1), func(t int) float64 {
			switch {
			case t <= c:
				return float64(t)
			case t <= 2*c:
				return float64(2*c - t)
			}
			return float64(t - 2*c)
		}).period = 2 * c
	}
	// Back at the start, where it stands or goes on differently.
	for _, share := range []float64{.6, .8} {
		c := int(share * float64(n))
		add("return_to_start", "K2 stands", fmt.Sprintf("K2.stand.%g", share), c, n, func(t int) float64 {
			if t < c {
				return float64(t)
			}
			return 0
		})
		add("return_to_start", "K2 goes on", fmt.Sprintf("K2.on.%g", share), c, n, func(t int) float64 {
			if t < c {
				return float64(t)
			}
			return -0.7 * float64(t-c) // from there backwards, to where it has not been
		})
		rc := add("return_to_start", "K2 fade", fmt.Sprintf("K2.fade.%g", share), c, n, func(t int) float64 { return float64(min(t, c+8)) })
		rc.blend = func(t int) (float64, float64) { return 0, max(0, min(1, float64(t-c+1)/8)) }
	}
	// Shown twice from the first frame to the last is a conversion, for a while a stutter.
	a, b := n/4, 3*n/4
	add("stutter", "S1 2:1", "S1.2", a+1, b, func(t int) float64 {
		if t >= a && t < b {
			t = a + (t-a)/2*2
		}
		return float64(t)
	})
	add("stutter", "S1 3:1", "S1.3", 0, n, func(t int) float64 { return float64(t / 3 * 3) })
	add("stutter", "S1 3:1 slow", "S1.slow.3", 0, n, func(t int) float64 { return float64(t / 3) }).grain = 3
	for _, share := range []float64{.05, .1, .2, .3} {
		r := rand.New(rand.NewPCG(seed, uint64(100*share)))
		held := make([]float64, n)
		for t := 1; t < n; t++ {
			if held[t] = float64(t); r.Float64() < share {
				held[t] = held[t-1]
			}
		}
		rc := add("stutter", fmt.Sprintf("S1 random %g", share), fmt.Sprintf("S1.r%g", share), 0, n, func(t int) float64 { return held[t] })
		if share == .2 {
			rc.grain = 3
		}
	}
	// Conversions of the frame rate are no failure.
	for _, c := range [][2]int{{1, 2}, {2, 5}, {4, 5}, {2, 3}} {
		add("", fmt.Sprintf("cadence %d:%d", c[0], c[1]), fmt.Sprintf("cadence.%d.%d", c[0], c[1]), 0, 0, func(t int) float64 { return float64(t * c[0] / c[1]) })
	}
	for _, k := range []int{4, 8, 60} {
		c := n / 2
		add("scene_jump", fmt.Sprintf("S2 %d", k), fmt.Sprintf("S2.%d", k), c, n, func(t int) float64 {
			if t < c {
				return float64(t)
			}
			return float64(t + k)
		})
	}
	for _, s := range []int{16, 25} {
		for _, k := range []int{4, 10} {
			add("seam", fmt.Sprintf("seam skip %d", k), fmt.Sprintf("seam.%d.%d", s, k), s, n, func(t int) float64 { return float64(t + t/s*k) }).period = s
		}
		base := src.make(seed)
		rc := add("seam", "seam exposure", fmt.Sprintf("seam.exposure.%d", s), s, n, nil)
		rc.period = s
		rc.source = func(t float64, img []float64) {
			base(t, img)
			g := []float64{0, 6, -3, 4, -5, 2, 7, -4}[int(t)/s%8]
			for i := range img {
				img[i] += g
			}
		}
	}
	return out
}
