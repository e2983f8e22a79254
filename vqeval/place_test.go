package vqeval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// rect is a part of the picture in shares of it.
type rect struct{ x0, y0, x1, y1 float64 }

// within bends time inside a part of the picture only.
func within(s scene, r rect, time func(t float64) float64) scene {
	other := make([]float64, testW*testH)
	return func(t float64, img []float64) {
		s(t, img)
		s(time(t), other)
		for y := int(r.y0 * testH); y < int(r.y1*testH); y++ {
			a, b := y*testW+int(r.x0*testW), y*testW+int(r.x1*testW)
			copy(img[a:b], other[a:b])
		}
	}
}

// lit multiplies the picture, or a part of it, by a gain per frame.
func lit(s scene, r rect, gain func(t float64) float64) scene {
	return func(t float64, img []float64) {
		s(t, img)
		for y := int(r.y0 * testH); y < int(r.y1*testH); y++ {
			for x := int(r.x0 * testW); x < int(r.x1*testW); x++ {
				img[y*testW+x] *= gain(t)
			}
		}
	}
}

var whole = rect{0, 0, 1, 1}

// placeFailures are failures of a part of the picture or of its look.
func placeFailures(src named, seed uint64, n int, fps float64) []*recipe {
	var out []*recipe
	s := src.make(seed)
	add := func(kind, class, what string, sc scene, onset int) *recipe {
		rc := &recipe{labelled: labelled{name: fmt.Sprintf("%s.%d.%s", src.name, seed, what), kind: kind, class: class, onset: onset, end: n}, frames: n, fps: fps, source: sc, seed: seed}
		out = append(out, rc)
		return rc
	}
	held := func(onset float64) func(float64) float64 {
		return func(t float64) float64 { return min(t, onset) }
	}
	parts := map[string]rect{"left": {0, 0, .5, 1}, "corner": {.55, .5, .95, .95}, "most": {0, .15, 1, 1}, "small": {.3, .3, .65, .65}}
	for _, name := range []string{"left", "corner", "most", "small"} {
		for _, at := range []float64{.25, .6} {
			onset := int(at * float64(n))
			rc := add("region_freeze", "R1 "+name, fmt.Sprintf("R1.%s.%g", name, at), within(s, parts[name], held(float64(onset))), onset)
			if at > .5 {
				rc.grain = 3
			}
		}
		for _, p := range []int{12, 21} {
			sc := within(s, parts[name], func(t float64) float64 {
				if t < float64(p) {
					return t
				}
				return math.Mod(t, float64(p))
			})
			add("region_loop", "R2 "+name, fmt.Sprintf("R2.%s.%d", name, p), sc, p).period = p
		}
	}
	mid := n / 3
	add("region_freeze", "R1 mid", "R1.mid", within(s, parts["left"], func(t float64) float64 {
		if t < float64(mid) {
			return t
		}
		return max(float64(mid), t-1.5*fps)
	}), mid).end = mid + int(1.5*fps)
	for _, a := range []float64{.01, .02, .05} {
		r := rand.New(rand.NewPCG(seed, 17))
		g := make([]float64, n)
		for i := range g {
			g[i] = 1 + a*(2*r.Float64()-1)
		}
		white := func(t float64) float64 { return g[int(t)] }
		add("flicker", "K1 white", fmt.Sprintf("K1.white.%g", a), lit(s, whole, white), 0)
		f := 4 + 4*r.Float64()
		add("flicker", "K1 band", fmt.Sprintf("K1.band.%g", a), lit(s, whole, func(t float64) float64 { return 1 + a*math.Sin(2*math.Pi*f*t/fps) }), 0)
		if a >= .02 {
			add("flicker", "K1 local", fmt.Sprintf("K1.local.%g", a), lit(s, parts["corner"], white), 0)
		}
	}
	return out
}

// placeNegatives are healthy clips that resemble such failures.
func placeNegatives(seed uint64, n int, fps float64) []*recipe {
	var out []*recipe
	add := func(class, name string, s scene) {
		out = append(out, &recipe{labelled: labelled{name: fmt.Sprintf("%s.%d", name, seed), class: class}, frames: n, fps: fps, source: s, seed: seed})
	}
	l := newLattice(rand.New(rand.NewPCG(seed, 31)), 64)
	end := float64(n)
	add("leaves", "leaves", func(t float64, img []float64) {
		texture(l, img, 0, 0, 1, 120)
		disc(img, 40+t*(testW+60)/(0.6*end), 60, 34, 200)
		disc(img, 160+20*math.Sin(t/7), 100, 9, 60)
	})
	add("comes to rest", "rest", func(t float64, img []float64) {
		texture(l, img, 0, 0, 1, 120)
		u := min(1, t/(0.6*end))
		disc(img, 40+120*u*(2-u), 55, 34, 200)
		disc(img, 30+9*math.Sin(t/5), 100, 9, 60)
	})
	add("fan", "fan", func(t float64, img []float64) { // turns, its speed wanders
		texture(l, img, 0.4*t, 0, 1, 120)
		a := t*0.41 + 0.9*math.Sin(t/19) + 0.5*math.Sin(t/7.3)
		for k := range 3 {
			disc(img, 100+30*math.Cos(a+float64(k)*2.094), 60+30*math.Sin(a+float64(k)*2.094), 13, 60+60*float64(k))
		}
	})
	base := flow(seed + 5)
	add("lightning", "lightning", lit(base, whole, func(t float64) float64 {
		switch int(t) {
		case n / 3, n/3 + 1, n/3 + 4:
			return 1.5
		}
		return 1
	}))
	add("auto-exposure", "exposure", lit(sprites(seed, 4, 14), whole, func(t float64) float64 {
		return 1 + 0.25/(1+math.Exp(-(t-end/2)/(0.4*fps)))
	}))
	add("sunset", "sunset", lit(pan(seed+9, 0.7), whole, func(t float64) float64 { return 1 - 0.12*t/end }))
	add("comes and goes", "cloud", lit(blobs(seed+9), whole, func(t float64) float64 { return 1 - 0.25*math.Pow(math.Sin(math.Pi*t/end), 2) }))
	return out
}

// TestPlaceAndLook runs the detectors of regions and of the look over encoded clips.
func TestPlaceAndLook(t *testing.T) {
	if testing.Short() {
		t.Skip("renders and encodes some 60 clips")
	}
	seed, n, fps, each := uint64(71), 96, 16.0, 6
	if os.Getenv("VQEVAL_LARGE") == "place" {
		seed, n, fps, each = 5, 144, 24, 1
	}
	var rs []*recipe
	for i, l := range liveScenes {
		if l.name == "slowpan" && each > 1 {
			continue
		}
		for k, rc := range placeFailures(l, seed, n, fps) {
			if k%each == i%each || each == 1 {
				rs = append(rs, rc)
			}
		}
	}
	rs = append(rs, placeNegatives(seed, n, fps)...)
	for i, rc := range negatives(seed, n, fps) {
		if each == 1 || i%3 == 0 || !strings.HasPrefix(rc.class, "live") {
			rs = append(rs, rc)
		}
	}
	if each == 1 {
		for _, l := range liveScenes {
			for i, rc := range failures(l, seed, n, fps) {
				if i%4 == 1 {
					rs = append(rs, rc)
				}
			}
		}
	}
	clips := scoreAll(t, rs)
	for _, kind := range []string{"region_freeze", "region_loop", "flicker", "drift"} {
		c := reportCard(kind, clips)
		t.Log(c.text)
	}
	slices.SortFunc(clips, func(a, b scored) int { return strings.Compare(a.name, b.name) })
}
