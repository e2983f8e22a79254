package vqeval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// placeFailures are failures of a part of the picture or of its light.
func placeFailures(src named, seed uint64, n int, fps float64) []*recipe {
	var out []*recipe
	s := src.make(seed)
	add := func(kind, what string, sc scene, onset int) *recipe {
		rc := &recipe{labelled: labelled{name: fmt.Sprintf("%s.%d.%s", src.name, seed, what), kind: kind, class: what, onset: onset, end: n}, frames: n, fps: fps, source: sc, seed: seed}
		out = append(out, rc)
		return rc
	}
	onset := n / 4
	add("region_freeze", "left", within(s, rect{0, 0, .5, 1}, func(t float64) float64 { return min(t, float64(onset)) }), onset)
	add("region_loop", "left", within(s, rect{0, 0, .5, 1}, func(t float64) float64 { return math.Mod(t, 21) }), 21).period = 21
	r := rand.New(rand.NewPCG(seed, 17))
	white := make([]float64, n)
	for i := range white {
		white[i] = 1 + 0.05*(2*r.Float64()-1)
	}
	add("flicker", "white", lit(s, whole, func(t float64) float64 { return white[int(t)] }), 0)
	add("flicker", "6 Hz", lit(s, whole, func(t float64) float64 { return 1 + 0.04*math.Sin(2*math.Pi*6*t/fps) }), 0)
	add("drift", "darker", lit(s, whole, func(t float64) float64 { return 1 - 0.6*t/float64(n) }), 0)
	return out
}

// placeNegatives are healthy clips that resemble such failures.
func placeNegatives(seed uint64, n int, fps float64) []*recipe {
	var out []*recipe
	add := func(name string, s scene) {
		out = append(out, &recipe{labelled: labelled{name: name, class: name}, frames: n, fps: fps, source: s, seed: seed})
	}
	l := newLattice(rand.New(rand.NewPCG(seed, 31)), 64)
	end := float64(n)
	add("leaves", func(t float64, img []float64) {
		texture(l, img, 0, 0, 1, 120)
		disc(img, 40+t*(testW+60)/(0.6*end), 60, 34, 200)
		disc(img, 160+20*math.Sin(t/7), 100, 9, 60)
	})
	add("comes to rest", func(t float64, img []float64) {
		texture(l, img, 0, 0, 1, 120)
		u := min(1, t/(0.6*end))
		disc(img, 40+120*u*(2-u), 55, 34, 200)
		disc(img, 30+9*math.Sin(t/5), 100, 9, 60)
	})
	base := flow(seed + 5)
	add("lightning", lit(base, whole, func(t float64) float64 {
		switch int(t) {
		case n / 3, n/3 + 1, n/3 + 4:
			return 1.5
		}
		return 1
	}))
	add("swells", lit(base, whole, func(t float64) float64 { return 1 + 0.08*math.Sin(2*math.Pi*t/fps) }))
	add("auto exposure", lit(sprites(seed, 4, 14), whole, func(t float64) float64 {
		return 1 - 0.25/(1+math.Exp(-(t-end/2)/(0.2*fps)))
	}))
	add("sunset", lit(pan(seed+9, 0.7), whole, func(t float64) float64 { return 1 - 0.02*t/fps }))
	add("comes and goes", lit(blobs(seed+9), whole, func(t float64) float64 { return 1 - 0.25*math.Pow(math.Sin(math.Pi*t/end), 2) }))
	return out
}

func TestPlaceAndLook(t *testing.T) {
	if testing.Short() {
		t.Skip("renders and encodes 17 clips")
	}
	const seed, n, fps = 71, 112, 16.0
	rs := placeNegatives(seed, n, fps)
	for _, i := range []int{0, 1} { // flow, pan
		rs = append(rs, placeFailures(liveScenes[i], seed, n, fps)...)
	}
	for _, s := range scoreAll(t, rs) {
		for _, kind := range []string{"region_freeze", "region_loop", "flicker", "drift"} {
			f := s.report.Failures[kind]
			switch {
			case f.Found() != (s.kind == kind):
				t.Errorf("%s: %s %+v", s.name, kind, f)
			case s.kind == kind && (f.OnsetFrame < s.onset-4 || f.OnsetFrame > s.onset+12):
				t.Errorf("%s: %s from frame %d, want %d", s.name, kind, f.OnsetFrame, s.onset)
			case s.kind == kind && f.PeriodFrames != s.period:
				t.Errorf("%s: period %d, want %d", s.name, f.PeriodFrames, s.period)
			}
		}
	}
}

// TestBlackLeaderIsNotStatic has a second of black before what lives.
func TestBlackLeaderIsNotStatic(t *testing.T) {
	live := pan(3, 1)
	rc := &recipe{labelled: labelled{name: "leader"}, frames: 96, fps: 16, seed: 3, source: func(u float64, img []float64) {
		if live(u, img); u < 16 {
			clear(img)
		}
	}}
	s := scoreAll(t, []*recipe{rc})[0]
	if f := s.report.Failures["static"]; f.Found() {
		t.Errorf("static: %+v", f)
	}
}
