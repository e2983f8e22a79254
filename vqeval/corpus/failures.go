package corpus

import (
	"fmt"
	"math"
	"slices"
)

// failure is a transform that makes a healthy source fail in a known way.
type failure struct {
	kind, class string
	dev, test   int // how many videos, or ladders, of each half
	need        need
	levels      []float64 // of a ladder; nil = single videos
	extent      bool
	// make sets what is to be done and the label; k counts the videos of the
	// class, level is the ladder's (or 0).
	make func(r *recipe, k int, level float64)
	clip int // how many videos of it are made from every clip of the user
}

// need says which sources show a failure for what it is.
type need int

const (
	anySource need = iota
	lasting        // things stay in view: a jump is no cut
	full           // moves in every part of the frame
	detailed       // has detail to lose
)

// partly are the families that move in places only.
var partly = []string{"blobs", "crowd", "balls", "traffic", "plants", "handwriting", "cartoon", "smoke", "aurora"}

func (n need) met(f Family) bool {
	switch n {
	case lasting:
		return f.Lasting
	case full:
		return !slices.Contains(partly, f.Name)
	case detailed:
		return f.Fine
	}
	return true
}

// settledFrom is the first edition whose decays go on for two seconds with less than a tenth
// of their speed: one that ends before has slowed down, which is no freeze to any viewer.
const settledFrom = 8

// pick goes round a list.
func pick[T any](k int, of ...T) T { return of[k%len(of)] }

// hold shows frame t0 from t0 to end, then goes on from it.
func (r *recipe) hold(t0, end int) {
	r.Onset, r.End = t0, end
	r.at = func(i int) float64 {
		switch {
		case i < t0:
			return float64(i)
		case i <= end:
			return float64(t0)
		}
		return float64(i - end + t0)
	}
}

// repeat plays [t0, t0+p) over and over.
func (r *recipe) repeat(t0, p int) {
	r.Onset, r.End, r.Period = t0+p, r.last(), p
	r.Repeats = (r.last() - t0) / p
	r.at = looped(t0, p)
}

func looped(t0, p int) func(i int) float64 {
	return func(i int) float64 {
		if i < t0+p {
			return float64(i)
		}
		return float64(t0 + (i-t0)%p)
	}
}

// mirror turns time about at t0+half, t0+2*half and so on, at most turns times.
func (r *recipe) mirror(t0, half, turns int) {
	for c := t0 + half; c < r.Frames-4 && len(r.Centres) < turns; c += half {
		r.Centres = append(r.Centres, c)
	}
	r.Onset, r.End = t0+half+1, r.last()
	if turns > 1 {
		r.Period = 2 * half
	} else {
		r.End = min(r.last(), r.Centres[0]*2-t0)
	}
	r.at = func(i int) float64 {
		if i <= t0 {
			return float64(i)
		}
		lap, off := (i-t0)/half, (i-t0)%half
		if turns == 1 && lap >= 1 {
			return float64(2*(t0+half) - i)
		}
		if lap%2 == 1 {
			return float64(t0 + half - off)
		}
		return float64(t0 + off)
	}
}

// region takes a part of the frame that a region failure has: x0 and y0 are chosen later,
// where the source moves.
func (r *recipe) region(area float64, inner func(i int) float64) {
	side := math.Sqrt(area)
	wide := math.Min(0.96, side*1.12)
	r.Box = [4]float64{0, 0, wide, area / wide}
	r.inner = inner
}

// dupes shows frame i-1 again at the frames that held names; time goes on
// beneath it.
func (r *recipe) dupes(from, to int, held func(i int) bool) {
	shown := make([]float64, r.Frames)
	r.Onset, r.End = -1, 0
	for i := range shown {
		shown[i] = float64(i)
		if i > from && i <= to && held(i) {
			shown[i] = shown[i-1]
			if r.Onset < 0 {
				r.Onset = i
			}
			r.End = i
		}
	}
	if r.Onset < 0 { // a short clip at a low rate: one there must be
		r.Onset, r.End = r.part(.5), r.part(.5)
		shown[r.Onset] = shown[r.Onset-1]
	}
	r.at = func(i int) float64 { return shown[i] }
}

func (r *recipe) chunks(spacing int) {
	r.Spacing = spacing
	r.Onset, r.End = spacing, (r.last()/spacing)*spacing
}

func (r *recipe) jump(at, by int) {
	if r.limit > 0 {
		by = min(by, r.limit/3)
		r.Frames = min(r.Frames, r.limit-by)
		at = min(at, r.Frames*2/3)
	}
	r.Onset, r.End = at, at
	r.at = func(i int) float64 {
		if i < at {
			return float64(i)
		}
		return float64(i + by)
	}
}

// back snaps, or fades over fade frames, to the first frame at frame at, then
// stands there or goes on the other way: times before 0 have not been seen.
func (r *recipe) back(at, fade int, stands bool) {
	r.Onset, r.End = at, at
	if stands {
		r.End = r.last()
		r.Allowed = []string{"freeze"}
	}
	after := func(i int) float64 {
		if stands {
			return 0
		}
		return float64(at - i)
	}
	r.at = func(i int) float64 {
		if i >= at {
			return after(i)
		}
		return float64(i)
	}
	if fade > 0 {
		r.mix = func(i int) (float64, float32) {
			if i >= at || i < at-fade {
				return 0, 0
			}
			return after(i), float32(i-at+fade+1) / float32(fade+1)
		}
	}
}

// slope is a drift from its onset to the end.
func (r *recipe) slope(k int, what string) func(i int) float64 {
	r.Onset, r.End, r.What = int(pick(k, 0, 0.15, 0.3)*float64(r.Frames)), r.last(), what
	return ramp(r.Onset, r.End)
}

// share of the video's frames.
func (r *recipe) part(v float64) int { return int(math.Round(v * float64(r.Frames))) }

func (r *recipe) seconds(v float64) int { return int(math.Round(v * r.FPS)) }

// steps is a value that changes at every seam and stays for a chunk.
func (r *recipe) steps() func(i int) float64 {
	seed := r.rand().Uint64()
	return func(i int) float64 {
		k := i / r.Spacing
		// Neighbours differ by at least one and at most two.
		v := 1 + float64(chance(seed, k, 0))
		if k%2 == 1 {
			v = -v
		}
		return v / 2
	}
}

// failures in the order of vqeval.Kinds. What only the test half has shows
// whether a detector generalises.
var failures = []failure{
	{"freeze", "F1 hard", 1, 2, anySource, []float64{.1, .25, .5, .75, .9}, true, func(r *recipe, k int, l float64) {
		r.hold(r.part(1-l), r.last())
	}, 1},
	{"freeze", "F1 last second", 3, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.hold(r.Frames-r.seconds(1), r.last())
	}, 1},
	{"freeze", "F1 mid", 3, 3, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.hold(r.part(.4), r.part(.4)+r.seconds(pick(k, .5, 1, 2))-1)
	}, 1},
	// Coarser coding would take most of the grain and of the shimmer away.
	{"freeze", "F2 grain", 1, 2, anySource, []float64{-12, -6, -3, -1.5}, false, func(r *recipe, k int, l float64) {
		r.Grain = -l
		r.coded(23)
		r.hold(r.part(.35), r.last())
	}, 1},
	{"freeze", "F3 shimmer 4", 1, 2, anySource, []float64{-8, -4, -2}, false, func(r *recipe, k int, l float64) {
		r.shimmers(r.part(.25), 4, -l)
		r.coded(23)
	}, 1},
	{"freeze", "F3 shimmer from start", 1, 2, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.shimmers(9, 4, 4)
	}, 0},
	{"freeze", "F3 shimmer 2", 2, 2, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.shimmers(r.part(.3), 2, pick(k, 2., 4))
	}, 0},
	{"freeze", "F3 shimmer 8", 0, 3, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.shimmers(r.part(.3), 8, pick(k, 2., 4, 4))
	}, 0},
	{"freeze", "F4 decay", 3, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		tau := pick(k, 8., 16, 32)
		t0 := float64(r.part(.25))
		r.at = func(i int) float64 {
			if float64(i) <= t0 {
				return float64(i)
			}
			return t0 + tau*(1-math.Exp(-(float64(i)-t0)/tau))
		}
		// It counts from where a tenth of the speed is left.
		slow := int(math.Round(t0 + tau*math.Ln10))
		if r.Edition >= settledFrom {
			r.Frames = max(r.Frames, slow+1+r.seconds(2))
		}
		r.Onset, r.End = min(r.last(), slow), r.last()
	}, 1},

	{"loop", "L1 hard", 5, 8, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.repeat(0, pick(k, 24, 6, 48, 12, 33, 8, 64, 16))
	}, 1},
	{"loop", "L1 late", 2, 3, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.repeat(r.part(.4), pick(k, 12, 24, 20))
	}, 0},
	{"loop", "L1 share", 1, 2, anySource, []float64{.2, .4, .6, .8}, true, func(r *recipe, k int, l float64) {
		r.repeat(r.part(1-l)-14, 14)
	}, 0},
	{"loop", "L2 cross-fade", 2, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		p, fade := pick(k, 24, 48, 33, 40), pick(k, 6, 4, 8, 2)
		r.repeat(0, p)
		r.mix = func(i int) (float64, float32) {
			if c := i % p; c >= p-fade {
				return float64(c - p), float32(c-p+fade+1) / float32(fade+1)
			}
			return 0, 0
		}
	}, 0},
	{"loop", "L3 drift", 3, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.repeat(0, pick(k, 24, 36, 30, 48))
		up := ramp(0, r.last())
		switch k % 3 {
		case 0:
			r.effect = append(r.effect, shift(1.14, func(i int) (float64, float64) { return 0.06 * up(i), -0.03 * up(i) }))
		case 1:
			r.effect = append(r.effect, gain(func(i int) float64 { return 1 - 0.15*up(i) }))
			r.Allowed = []string{"drift"}
		default:
			r.effect = append(r.effect, hue(func(i int) float64 { return 0.06 * up(i) }))
			r.Allowed = []string{"drift"}
		}
	}, 0},
	{"loop", "L4 late return", 3, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.repeat(0, r.part(pick(k, .55, .7, .85)))
	}, 1},
	{"loop", "L4 late return with a cut", 0, 3, anySource, nil, false, func(r *recipe, k int, _ float64) {
		p := r.part(pick(k, .6, .7, .75))
		r.repeat(0, p)
		cut, first := float64(r.part(pick(k, .2, .15, .1))), r.scene
		r.scene = func() (Scene, error) {
			a, err := first()
			b := family(pick(k, "walkers", "fish", "terrain")).Scene(r.seedOther())
			tick := cut * 24 / r.rate
			return func(t float64, im *Image) {
				if t < tick {
					a(t, im)
				} else {
					b(t, im)
				}
			}, err
		}
	}, 0},

	{"pingpong", "P1 swing", 4, 7, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.mirror(0, pick(k, 24, 36, 16, 48), 1<<20)
	}, 1},
	{"pingpong", "P2 boomerang", 3, 5, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.mirror(0, r.part(pick(k, .5, .6, .5)), 1)
	}, 1},
	{"pingpong", "P1 late", 0, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.mirror(r.part(.35), pick(k, 24, 16), 1<<20)
	}, 0},

	{"return_to_start", "K2 snaps back", 3, 5, lasting, nil, false, func(r *recipe, k int, _ float64) {
		r.back(r.part(pick(k, .6, .5, .75)), 0, false)
	}, 0},
	{"return_to_start", "K2 fades back", 2, 4, lasting, nil, false, func(r *recipe, k int, _ float64) {
		r.back(r.part(pick(k, .55, .7)), pick(k, 8, 12), false)
	}, 0},
	{"return_to_start", "K2 snaps back and stands", 2, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.back(r.part(pick(k, .6, .8)), 0, true)
	}, 1},
	{"return_to_start", "K2 fades back and stands", 0, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.back(r.part(pick(k, .6, .75)), pick(k, 8, 16), true)
	}, 0},

	// A cadence that holds from the first frame to the last is a conversion; a
	// stutter comes and goes.
	{"stutter", "S1 2:1", 2, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.Cadence = "2:1"
		a := r.part(.25)
		r.dupes(a, r.part(.8), func(i int) bool { return (i-a)%3 == 1 })
	}, 1},
	{"stutter", "S1 3:1", 2, 3, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.Cadence = "3:1"
		a := r.part(.3)
		r.dupes(a, r.part(.75), func(i int) bool { return (i-a)%4 == 1 || (i-a)%4 == 2 })
	}, 0},
	{"stutter", "S1 random", 1, 2, anySource, []float64{.05, .1, .2, .3}, true, func(r *recipe, k int, l float64) {
		// The same draws at every level: what is held at one is held at the next.
		seed := seeded(r.Ladder, 2).Uint64()
		r.dupes(2, r.last(), func(i int) bool { return float64(chance(seed, i, 0)) < l })
	}, 1},
	{"stutter", "S1 bursts", 0, 3, anySource, nil, false, func(r *recipe, k int, _ float64) {
		seed := r.rand().Uint64()
		r.dupes(2, r.last(), func(i int) bool {
			return i%13 < 2+int(3*chance(seed, i/13, 0)) && chance(seed, i/13, 1) < .6
		})
	}, 0},

	{"region_freeze", "R1 area", 1, 2, full, []float64{.1, .25, .5, .75}, true, func(r *recipe, k int, l float64) {
		t0 := r.part(.3)
		r.Onset, r.End = t0, r.last()
		r.region(l, func(i int) float64 { return float64(min(i, t0)) })
	}, 0},
	{"region_freeze", "R1 box", 2, 6, full, nil, false, func(r *recipe, k int, _ float64) {
		t0 := r.part(pick(k, .2, .4, .5))
		r.Onset, r.End = t0, r.last()
		r.region(pick(k, .25, .4, .15, .6), func(i int) float64 { return float64(min(i, t0)) })
	}, 1},
	{"region_freeze", "R1 soft disc", 0, 4, full, nil, false, func(r *recipe, k int, _ float64) {
		t0 := r.part(.3)
		r.Onset, r.End, r.soft = t0, r.last(), true
		r.region(pick(k, .25, .4), func(i int) float64 { return float64(min(i, t0)) })
	}, 0},

	{"region_loop", "R2 area", 1, 2, full, []float64{.1, .25, .5, .75}, true, func(r *recipe, k int, l float64) {
		r.repeat(0, 30)
		r.region(l, r.at)
		r.at = nil
	}, 0},
	{"region_loop", "R2 box", 3, 6, full, nil, false, func(r *recipe, k int, _ float64) {
		r.repeat(r.part(pick(k, 0, .2)), pick(k, 24, 40, 16))
		r.region(pick(k, .3, .5, .2, .6), r.at)
		r.at = nil
	}, 1},
	{"region_loop", "R2 soft disc", 0, 4, full, nil, false, func(r *recipe, k int, _ float64) {
		r.repeat(0, pick(k, 24, 36))
		r.region(pick(k, .3, .45), r.at)
		r.at, r.soft = nil, true
	}, 0},

	{"seam", "seam of content", 2, 4, lasting, nil, false, func(r *recipe, k int, _ float64) {
		r.chunks(pick(k, 24, 33, 48))
		skip := pick(k, 5, 7)
		if r.limit > 0 {
			r.Frames = min(r.Frames, r.limit*r.Spacing/(r.Spacing+skip)-skip)
			r.chunks(r.Spacing)
		}
		r.at = func(i int) float64 { return float64(i + i/r.Spacing*skip) }
		r.Allowed = []string{"scene_jump"}
	}, 0},
	{"seam", "seam of exposure", 1, 2, anySource, []float64{.04, .08, .16}, false, func(r *recipe, k int, l float64) {
		r.chunks(pick(k, 33, 24))
		v := r.steps()
		r.effect = append(r.effect, gain(func(i int) float64 { return 1 + l*v(i) }))
	}, 1},
	{"seam", "seam of position", 2, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.chunks(pick(k, 33, 48, 24))
		v := r.steps()
		r.effect = append(r.effect, shift(1.1, func(i int) (float64, float64) { return 0.016 * v(i), 0.012 * v(i+r.Spacing) }))
	}, 0},
	{"seam", "seam of colour", 0, 3, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.chunks(pick(k, 48, 24, 33))
		v := r.steps()
		r.effect = append(r.effect, cast(v, .1, -.06, .08))
	}, 0},

	{"flicker", "K1 white", 1, 2, anySource, []float64{.02, .05, .1}, false, func(r *recipe, k int, l float64) {
		seed := seeded(r.Ladder, 3).Uint64()
		r.End = r.last()
		r.effect = append(r.effect, gain(func(i int) float64 { return 1 + l*(2*float64(chance(seed, i, 0))-1) }))
	}, 1},
	{"flicker", "K1 band", 3, 6, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.End = r.last()
		r.effect = append(r.effect, gain(r.band(k, pick(k, .05, .1, .03))))
	}, 0},
	{"flicker", "K1 local", 0, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.End = r.last()
		r.Box = pick(k, [4]float64{.05, .05, .65, .8}, [4]float64{.3, .2, .95, .95})
		r.effect = append(r.effect, localGain(r.Box, r.band(k, pick(k, .08, .12))))
	}, 0},

	// What is missing for longer is another scene: a cut.
	{"scene_jump", "S2 frames missing", 1, 0, lasting, []float64{4, 8, 16, 24}, false, func(r *recipe, k int, l float64) {
		r.jump(r.part(.5), int(l))
	}, 0},
	{"scene_jump", "S2 frames missing, also few", 0, 2, lasting, []float64{3, 8, 16, 24}, false, func(r *recipe, k int, l float64) {
		r.jump(r.part(.45), int(l))
	}, 0},
	{"scene_jump", "K2 splice", 3, 8, lasting, nil, false, func(r *recipe, k int, _ float64) {
		r.jump(r.part(pick(k, .35, .6, .8)), pick(k, 60, 300, 120))
	}, 1},

	// More than a setting sun takes, which is healthy.
	{"drift", "C1 exposure", 2, 2, anySource, []float64{.15, .25, .4, .6}, false, func(r *recipe, k int, l float64) {
		up := r.slope(k, "exposure")
		r.effect = append(r.effect, gain(func(i int) float64 {
			return (1 - l*up(i)) * math.Exp(-.02*float64(max(0, i-r.Onset))/r.FPS)
		}))
	}, 1},
	{"drift", "C1 brighter", 1, 2, anySource, nil, false, func(r *recipe, k int, _ float64) {
		up := r.slope(k+1, "exposure")
		r.effect = append(r.effect, gain(func(i int) float64 { return 1 + .5*up(i) }))
	}, 0},
	{"drift", "C1 saturation", 2, 3, anySource, nil, false, func(r *recipe, k int, _ float64) {
		up, by := r.slope(k, "colour"), pick(k, -.6, .6)
		r.effect = append(r.effect, saturation(func(i int) float64 { return 1 + by*up(i) }))
	}, 0},
	{"drift", "C1 hue", 0, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		up := r.slope(k+1, "colour")
		if k%2 == 0 {
			r.effect = append(r.effect, cast(up, .15, -.3, .35))
		} else {
			r.effect = append(r.effect, hue(func(i int) float64 { return .2 * up(i) }))
		}
	}, 0},
	{"drift", "C2 detail", 1, 2, detailed, []float64{1.2, 1.8, 2.6, 3.6}, false, func(r *recipe, k int, l float64) {
		up := r.slope(0, "detail")
		r.effect = append(r.effect, blur(func(i int) float64 { return l * up(i) }))
	}, 1},

	{"static", "still", 2, 5, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.stands(nil)
	}, 0},
	{"static", "still with grain", 3, 7, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.Grain = pick(k, 2., 4, 1)
		r.stands(nil)
	}, 1},
	{"static", "still, creeping", 0, 4, anySource, nil, false, func(r *recipe, k int, _ float64) {
		r.stands(func(i int) float64 { return 0.008 * float64(i) })
	}, 0},
}

// seedOther is that of the scenes behind a cut.
func (r *recipe) seedOther() uint64 { return editionSeed(r.Edition, behindCut) }

func (r *recipe) shimmers(from, stride int, sigma float64) {
	r.hold(from, r.last())
	r.Cycle = stride
	r.effect = append(r.effect, shimmer(seeded(r.Source+fmt.Sprint(stride), 4), from, stride, sigma))
}

// coded bounds the coarseness of the coding, as a CRF of x264.
func (r *recipe) coded(most int) {
	if r.Codec == "vp9" {
		most += 6
	}
	r.CRF = min(r.CRF, most)
}

func (r *recipe) stands(at func(i int) float64) {
	if at == nil {
		at = func(int) float64 { return 0 }
	}
	r.at, r.Static, r.Onset, r.End = at, true, 0, r.last()
}

// band is a gain that swings at 4-12 Hz with a wandering phase.
func (r *recipe) band(k int, a float64) func(i int) float64 {
	f := math.Min(pick(k, 5., 8, 11, 6.5), 0.45*r.FPS)
	ph := newWalk(r.rand(), 0.7, 20, 70)
	return func(i int) float64 {
		return 1 + a*math.Sin(2*math.Pi*f*float64(i)/r.FPS+float64(ph.at(float64(i))))
	}
}
