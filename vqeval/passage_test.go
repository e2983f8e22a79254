package vqeval

import (
	"math/rand/v2"
	"testing"
)

func TestPassage(t *testing.T) {
	const n, second = 160, 16
	r := rand.New(rand.NewPCG(7, 1))
	var before, after [tiles]float64
	var noise [n][tiles]float64
	for t := range noise {
		for i := range tiles {
			noise[t][i] = 0.05 * r.NormFloat64()
		}
	}
	for i := range tiles {
		before[i], after[i] = r.NormFloat64()/2, r.NormFloat64()/2
	}
	// look goes from the one to the other between two moments.
	look := func(from, to float64, other func(i int) float64) passage {
		c := newCourse(n, tiles, driftSample, func(f, i int) float64 {
			u := clamp01((float64(f) - from) / (to - from))
			return before[i] + (other(i)-before[i])*u + noise[f][i]
		})
		return findPassage(second, c)
	}
	another := func(i int) float64 { return after[i] }
	brighter := func(i int) float64 { return before[i] + 0.5 }
	if p := look(64, 96, another); p.clear < 5*passageClear || p.explains < 0.9 || p.from < 58 || p.from > 70 || p.to < 90 || p.to > 102 {
		t.Errorf("a dissolve: %+v", p)
	}
	if p := look(64, 96, brighter); p.clear > passageClear/2 {
		t.Errorf("all that brightens alike: %+v", p)
	}
	if p := look(64, n-1, another); p.clear > passageClear/2 {
		t.Errorf("a picture that changes to the end: %+v", p)
	}
	if p := look(0, n-1, func(i int) float64 { return before[i] }); p.clear*p.explains > passageClear*passageShare/2 {
		t.Errorf("a still: %+v", p)
	}
}
