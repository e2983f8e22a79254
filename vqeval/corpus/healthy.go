package corpus

import (
	"math"
	"math/rand/v2"
)

// negative is a class of healthy videos.
type negative struct {
	class     string
	dev, test int
	// scene of class's own, or nil for one of the families that meet need.
	name  string
	scene func(r *rand.Rand, split string, k int) Scene
	need  need
	make  func(r *recipe, k int)
}

var jitters = []float64{.05, .02, .1, .03}

var negatives = []negative{
	// One of each family, and more with what a camera and a codec add.
	{"live", 14, 28, "", nil, anySource, nil},
	{"live grain", 5, 9, "", nil, anySource, func(r *recipe, k int) { r.Grain = pick(k, 3., 6, 2, 4) }},
	{"live CRF 35-40", 4, 8, "", nil, anySource, func(r *recipe, k int) { r.CRF = pick(k, 35, 40, 38) }},
	{"slow motion", 4, 8, "", nil, anySource, func(r *recipe, _ int) { r.at = func(i int) float64 { return 0.3 * float64(i) } }},
	{"low light", 2, 3, "", nil, anySource, func(r *recipe, k int) {
		r.effect = append(r.effect, gain(func(int) float64 { return 0.16 }))
		r.Grain = pick(k, 2., 3)
	}},

	{"tripod", 4, 6, "tripod", func(r *rand.Rand, split string, k int) Scene {
		return tripod(r, split, pick(k, .02, .05, .01, .1, .005, .03))
	}, anySource, func(r *recipe, k int) { r.Grain = pick(k, 0., 2, 0, 1) }},
	{"slow pan", 3, 5, "crawl", func(r *rand.Rand, split string, k int) Scene {
		return crawl(r, split, pick(k, .3, 1, .1, .05, .6))
	}, anySource, nil},
	{"pendulum jitter", 4, 6, "pendulum", func(r *rand.Rand, split string, k int) Scene {
		return pendulum(r, split, pick(k, 36., 26, 48, 31, 40), jitters[k%4])
	}, anySource, func(r *recipe, k int) { r.Grain = pick(k, 0., 1) }},
	{"gait jitter", 3, 4, "gait", func(r *rand.Rand, split string, k int) Scene {
		return gait(r, split, pick(k, 26., 22, 30), jitters[k%4], k%2 == 0)
	}, anySource, nil},
	{"metronome jitter", 0, 4, "metronome", func(r *rand.Rand, split string, k int) Scene {
		return metronome(r, split, pick(k, 30., 24, 40), jitters[k%4])
	}, anySource, nil},
	{"waves jitter", 2, 4, "waves", func(r *rand.Rand, split string, k int) Scene {
		return waves(r, split, pick(k, 34., 48, 42), jitters[(k+2)%4])
	}, anySource, nil},
	{"pendulum exact", 1, 3, "pendulum", func(r *rand.Rand, split string, k int) Scene {
		return pendulum(r, split, pick(k, 36., 30, 44), 0)
	}, anySource, func(r *recipe, _ int) { r.Ambiguous = true }},
	{"rain", 1, 2, "rain", func(r *rand.Rand, split string, k int) Scene { return drops(r, split, 12, 9) }, anySource, nil},
	{"snow", 1, 2, "snow", func(r *rand.Rand, split string, k int) Scene { return drops(r, split, 2, 1) }, anySource, nil},

	{"fade in", 1, 2, "", nil, anySource, func(r *recipe, _ int) {
		u := ramp(0, r.seconds(1.2))
		r.effect = append(r.effect, toward(rgb{}, func(i int) float64 { return 1 - u(i) }))
	}},
	{"fade out", 1, 2, "", nil, anySource, func(r *recipe, _ int) {
		r.effect = append(r.effect, toward(rgb{}, ramp(r.Frames-r.seconds(1.5), r.Frames-2)))
	}},
	{"black lead", 1, 2, "", nil, anySource, func(r *recipe, _ int) {
		n := r.seconds(.6)
		r.effect = append(r.effect, toward(rgb{}, func(i int) float64 { return float64(max(0, min(1, n-i))) }))
	}},
	{"dissolve", 2, 3, "", nil, anySource, func(r *recipe, k int) { r.montage(1, r.seconds(.8)) }},
	{"one cut", 1, 2, "", nil, anySource, func(r *recipe, k int) { r.montage(1, 0) }},
	{"two cuts", 1, 2, "", nil, anySource, func(r *recipe, k int) { r.montage(2, 0) }},
	{"five cuts", 1, 2, "", nil, anySource, func(r *recipe, k int) { r.montage(5, 0) }},
	{"slideshow", 1, 2, "", nil, anySource, func(r *recipe, k int) {
		r.montage(3, 0)
		each := r.Frames / 4
		r.at = func(i int) float64 { return float64(i / each * each) }
		r.Allowed = []string{"static"}
	}},
	{"still with grain", 2, 4, "", nil, anySource, func(r *recipe, k int) {
		r.at, r.Static, r.Allowed = func(int) float64 { return 0 }, true, []string{"static"}
		r.Grain = pick(k, 2., 4, 1)
	}},

	{"letterbox", 1, 3, "", nil, anySource, func(r *recipe, k int) { r.effect = append(r.effect, letterbox(pick(k, .12, .16))) }},
	{"logo", 1, 3, "", nil, anySource, func(r *recipe, _ int) {
		r.effect = append(r.effect, logo(palette(r.rand(), 1, 1, 1)[0]))
	}},
	{"subtitle", 1, 3, "", nil, anySource, func(r *recipe, k int) {
		r.effect = append(r.effect, caption(r.rand().Uint64(), pick(k, 0, r.seconds(2))))
	}},
	{"flash", 1, 2, "", nil, anySource, func(r *recipe, _ int) {
		at := r.part(.45)
		r.effect = append(r.effect, toward(rgb{255, 252, 245}, func(i int) float64 {
			return pick(max(0, min(4, i-at+1)), 0, .8, .35, .55, .15) * float64(min(1, max(0, at+4-i)))
		}))
	}},
	{"auto exposure", 1, 2, "", nil, anySource, func(r *recipe, k int) {
		at, to := float64(r.part(.5)), pick(k, .75, 1.25)
		r.effect = append(r.effect, gain(func(i int) float64 {
			return 1 + (to-1)/(1+math.Exp(-(float64(i)-at)/(.18*r.FPS)))
		}))
	}},
	// A tenth in five seconds is what a setting sun takes.
	{"sunset", 1, 2, "", nil, anySource, func(r *recipe, _ int) {
		r.effect = append(r.effect, gain(func(i int) float64 { return 1 - .02*float64(i)/r.FPS }))
	}},
	{"cadence 3:2", 2, 4, "", nil, anySource, func(r *recipe, _ int) {
		r.Cadence = "3:2"
		r.at = func(i int) float64 { return math.Floor(float64(i)*0.4+1e-9) * 2.5 }
	}},
	{"cadence 2:2", 2, 4, "", nil, anySource, func(r *recipe, _ int) {
		r.Cadence = "2:2"
		r.at = func(i int) float64 { return float64(i &^ 1) }
	}},
}

// montage turns the scene into cuts+1 shots, from other families of the split;
// fade frames of the first cut are a dissolve. It returns the first frames of the new shots.
func (r *recipe) montage(cuts, fade int) []float64 {
	first, rnd := r.scene, r.rand()
	var rest []Family
	for _, f := range Families {
		if f.Split == r.Split && f.Name != r.Family {
			rest = append(rest, f)
		}
	}
	rnd.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	// Shots of unequal length, the sum of which is the video.
	at := make([]float64, cuts)
	for i := range at {
		at[i] = math.Round(float64(r.Frames) * (float64(i) + 0.85 + 0.3*rnd.Float64()) / float64(cuts+1))
	}
	const far = 5000 // the shots of a dissolve overlap: the second one's times are kept apart
	r.scene = func() (Scene, error) {
		a, err := first()
		parts, tick := []Scene{a}, 24/r.rate
		var each []float64
		for i := range cuts {
			parts = append(parts, rest[i].Scene(r.seedOther()))
			each = append(each, at[i]*tick)
		}
		s := shots(each, parts...)
		return func(t float64, im *Image) {
			if t >= far {
				parts[1](t-far, im)
				return
			}
			s(t, im)
		}, err
	}
	if fade > 0 {
		end := int(at[0])
		r.mix = func(i int) (float64, float32) {
			if i < end-fade || i >= end {
				return 0, 0
			}
			return float64(i) + far*r.rate/24, float32(i-end+fade+1) / float32(fade+1)
		}
	}
	return at
}
