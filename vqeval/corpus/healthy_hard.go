package corpus

import (
	"math"
	"math/rand/v2"
)

// negativesOf are the classes of healthy videos that an edition has.
func negativesOf(edition int) []negative {
	if edition < largerFrom {
		return negatives
	}
	return append(negatives[:len(negatives):len(negatives)], hardNegatives...)
}

// hardNegatives are healthy videos that look most like a failure: what a camera does before
// a still, animation that holds its drawings, cuts that come back or hardly change the scene.
var hardNegatives = []negative{
	{"slow pan, grain", 3, 10, "crawl", func(r *rand.Rand, split string, k int) Scene {
		return crawl(r, split, pick(k, .2, .5, .08, .8))
	}, anySource, func(r *recipe, k int) { r.Grain = pick(k, 1., 2, 3) }},
	{"pan over a still", 4, 16, "", nil, anySource, func(r *recipe, k int) {
		r.at = func(int) float64 { return 0 }
		way := math.Min(.22, pick(k, .1, .3, .15, .6, .2, .4)*float64(r.Frames)/float64(r.Width))
		s, c := math.Sincos(2 * math.Pi * r.rand().Float64())
		r.effect = append(r.effect, shift(1.3, func(i int) (float64, float64) {
			u := way * (float64(i)/float64(r.last()) - .5)
			return c * u, s * u
		}))
	}},
	{"zoom over a still", 3, 10, "", nil, anySource, func(r *recipe, k int) {
		r.at = func(int) float64 { return 0 }
		from, to := pick(k, 1, 1.1, 1), pick(k, 1.1, 1.02, 1.25)
		r.effect = append(r.effect, look(func(i int) (float64, float64, float64) {
			return from * math.Pow(to/from, float64(i)/float64(r.last())), 0, 0
		}))
	}},
	{"handheld still", 3, 10, "", nil, anySource, func(r *recipe, k int) {
		r.at = func(int) float64 { return 0 }
		r.shaken(pick(k, .03, .015, .05))
	}},
	{"handheld", 2, 8, "", nil, anySource, func(r *recipe, k int) { r.shaken(pick(k, .02, .04)) }},
	{"speed ramp", 3, 10, "", nil, anySource, func(r *recipe, k int) {
		// The pace falls and comes back within a second each.
		at := make([]float64, r.Frames)
		slow, a, b := pick(k, .3, .2), r.part(.3), r.part(.6)
		for i := range r.last() {
			down := clamp01(float32(i-a) / float32(r.FPS))
			up := clamp01(float32(i-b) / float32(r.FPS))
			at[i+1] = at[i] + 1 - (1-slow)*float64(down-up)
		}
		r.at = func(i int) float64 { return at[i] }
	}},
	{"focus pull", 3, 8, "", nil, anySource, func(r *recipe, k int) {
		from, n, sigma := r.part(.35), r.seconds(2), pick(k, 1.5, 3)
		r.effect = append(r.effect, blur(func(i int) float64 {
			if i < from || i > from+n {
				return 0
			}
			s := math.Sin(math.Pi * float64(i-from) / float64(n))
			return sigma * s * s
		}))
	}},
	{panned, 3, 10, "", nil, anySource, func(r *recipe, k int) {
		hold, way := pick(k, 2, 3), pick(k, pannedBy, .2)
		r.at = func(i int) float64 { return float64(i / hold * hold) }
		r.effect = append(r.effect, shift(1.3, func(i int) (float64, float64) {
			return way * (float64(i)/float64(r.last()) - .5), 0
		}))
	}},

	{"long dissolve", 3, 8, "", nil, anySource, func(r *recipe, k int) { r.montage(1, r.seconds(pick(k, 1.5, 2.2))) }},
	{"fade through black", 2, 8, "", nil, anySource, func(r *recipe, _ int) {
		cut, n := r.montage(1, 0)[0], .5*r.FPS
		r.effect = append(r.effect, toward(rgb{}, func(i int) float64 {
			return math.Max(0, 1-math.Abs(float64(i)-cut+.5)/n)
		}))
	}},
	{"cut to the like", 3, 10, "", nil, anySource, func(r *recipe, _ int) { r.intercut(r.part(.45)) }},
	{"cut and back", 3, 8, "", nil, anySource, func(r *recipe, _ int) { r.intercut(r.part(.35), r.part(.6)) }},

	{"river", 3, 10, "river", func(r *rand.Rand, split string, k int) Scene {
		return river(r, split, pick(k, .5, 1.2, .25))
	}, anySource, nil},
	{"square", 3, 10, "square", func(r *rand.Rand, split string, k int) Scene {
		return square(r, split, pick(k, 24, 40, 14))
	}, anySource, nil},
}

// shaken is a camera in a hand that wanders by a share of the frame.
func (r *recipe) shaken(by float64) {
	rnd := r.rand()
	dx, dy := newWalk(rnd, by, 14, 70), newWalk(rnd, by, 17, 80)
	r.effect = append(r.effect, shift(1.25, func(i int) (float64, float64) {
		t := float64(i) * 24 / r.rate
		return float64(dx.at(t)), float64(dy.at(t))
	}))
}

// intercut goes over to another scene of the family at the first frame and back, where the
// first has gone on, at the next.
func (r *recipe) intercut(at ...int) {
	first := r.scene
	r.scene = func() (Scene, error) {
		a, err := first()
		b, tick := family(r.Family).Scene(r.seedOther()), 24/r.rate
		each := make([]float64, len(at))
		for i, n := range at {
			each[i] = float64(n) * tick
		}
		return shots(each, a, b, a), err
	}
}

// river: ripples and what glitters on them float by between banks that stand still.
func river(r *rand.Rand, split string, pace float64) Scene {
	n, back, c := newNoise(r), backdrop(r, split), palette(r, 2, 0.7, 0.8)
	seed := r.Uint64()
	return func(t float64, im *Image) {
		back(im)
		hw, hh := im.half()
		s, x0 := n.cut(t/18), float32(pace*t)
		im.paint(-hw, -0.45*hh, hw, hh, func(x, y float32) (rgb, float32) {
			edge := y + 0.35*hh + 6*n.at(x/40, 8) // the far bank
			v := s.at((x-x0)/16, y/5) + 0.5*s.at((x-1.4*x0)/6+40, y/2.5)
			return blend(c[0], blend(c[1], rgb{235, 240, 245}, v-0.4), 0.5+0.6*v), 0.5 * edge
		})
		for i := range 14 { // leaves
			span := float64(2*hw + 20)
			at := pace*(1.2+0.6*float64(chance(seed, i, -1)))*t + 900*float64(chance(seed, i, -2))
			lap := math.Floor(at / span)
			y := hh * (-0.2 + 1.1*chance(seed, i, int(lap)))
			im.disc(float32(at-lap*span)-hw-10, y, 1.5+2*chance(seed, i, -3), c[1].times(0.4), 0)
		}
	}
}

// square: many small people cross a place, each at a pace and a stride of their own.
func square(r *rand.Rand, split string, people int) Scene {
	back, c := backdrop(r, split), palette(r, 12, 0.8, 1)
	seed := r.Uint64()
	return func(t float64, im *Image) {
		back(im)
		hw, hh := im.half()
		for i := range people {
			deep := (float32(i) + 0.5) / float32(people) // the nearer come last and are larger
			size, span := 7+9*deep, float64(2*hw+50)
			v := (0.35 + 0.5*float64(chance(seed, i, -1))) * float64(0.5+deep)
			at := v*t + 1e3*float64(chance(seed, i, -2))
			lap := math.Floor(at / span)
			x := float32(at-lap*span) - hw - 25
			if chance(seed, i, -3) < 0.5 {
				x = -x
			}
			y := hh * (-0.45 + 1.1*deep + 0.1*chance(seed, i, int(lap)))
			ph := float32(at) / (2.2 * size)
			leg(im, x, y, 0.5*size, ph+0.5, c[i%12].times(0.4))
			im.capsule(x, y, x, y-0.6*size, 0.3*size, c[(i+5*int(lap)+60)%12])
			leg(im, x, y, 0.5*size, ph, c[i%12].times(0.6))
			im.disc(x, y-0.95*size, 0.25*size, rgb{225, 190, 160}, 0)
		}
	}
}
