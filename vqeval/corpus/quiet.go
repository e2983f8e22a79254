package corpus

import (
	"math"
	"math/rand/v2"
)

// Healthy scenes that a careless scorer calls a failure: little motion, natural
// rhythm, weather. The test half has other backdrops and bodies than the dev
// half, so that they are not the same pictures with other numbers.

// backdrop is a room, a wall or a landscape that stands still.
func backdrop(r *rand.Rand, split string) func(*Image) {
	n, c := newNoise(r), palette(r, 3, 0.6, 0.9)
	if split == Test {
		slant := 0.2 + 0.5*r.Float32()
		return still(func(x, y float32) rgb {
			return blend(tone(c, 0.7*tri((x+slant*y)/23)*tri((y-slant*x)/17), n.at(x/50, y/50)), rgb{128, 128, 128}, 0.25).times(0.9 + 0.2*n.at(x/4, y/4))
		})
	}
	return still(func(x, y float32) rgb { return tone(c, n.rough(x/24, y/24), n.at(x/60+70, y/60)) })
}

// body is what moves in a quiet scene.
func body(split string, c rgb) func(im *Image, x, y, size float32) {
	if split == Test {
		return func(im *Image, x, y, size float32) {
			im.capsule(x-0.5*size, y, x+0.5*size, y-0.3*size, 0.6*size, c)
			im.box(x-0.3*size, y-0.25*size, x+0.3*size, y+0.05*size, c.times(0.4))
		}
	}
	return func(im *Image, x, y, size float32) { im.disc(x, y, size, c, 0.6) }
}

// tripod: something small wanders before a fixed camera; it covers about area of
// the frame.
func tripod(r *rand.Rand, split string, area float64) Scene {
	back, draw := backdrop(r, split), body(split, palette(r, 1, 0.9, 1)[0])
	wx, wy := newWalk(r, 70, 45, 170), newWalk(r, 36, 40, 150)
	size := float32(math.Sqrt(area * 256 * 144 / math.Pi))
	return func(t float64, im *Image) {
		back(im)
		draw(im, wx.at(t), wy.at(t), size)
	}
}

// swing moves between turning points; time and place of each deviate by the
// jitter.
func swing(r *rand.Rand, period, jitter float64) func(t float64) float32 {
	b := newBeats(r, period/2, jitter)
	reach := make([]float64, len(b)+1)
	for i := range reach {
		reach[i] = math.Max(0.4, 1+jitter*r.NormFloat64())
		if i%2 == 1 {
			reach[i] = -reach[i]
		}
	}
	return func(t float64) float32 {
		i, u := b.at(t)
		return float32((reach[i]+reach[i+1])/2 + (reach[i]-reach[i+1])/2*math.Cos(math.Pi*u))
	}
}

func pendulum(r *rand.Rand, split string, period, jitter float64) Scene {
	back, draw, c := backdrop(r, split), body(split, palette(r, 1, 0.9, 1)[0]), rgb{30, 30, 30}
	s := swing(r, period, jitter)
	return func(t float64, im *Image) {
		back(im)
		a := 0.75 * s(t)
		x, y := 105*sin(a), -62+105*cos(a)
		im.capsule(0, -62, x, y, 1.2, c)
		draw(im, x, y, 16)
	}
}

func metronome(r *rand.Rand, split string, period, jitter float64) Scene {
	back := backdrop(r, split)
	s := swing(r, period, jitter)
	return func(t float64, im *Image) {
		back(im)
		im.capsule(-22, 62, 22, 62, 10, rgb{90, 55, 30})
		im.capsule(0, 55, 0, -10, 16, rgb{120, 75, 40})
		a := 0.6 * s(t)
		im.capsule(0, 48, 105*sin(a), 48-105*cos(a), 1.8, rgb{235, 225, 190})
		im.box(62*sin(a)-6, 44-62*cos(a), 62*sin(a)+6, 54-62*cos(a), rgb{40, 40, 45})
	}
}

// gait: somebody walks on the spot; follow moves the ground with the steps.
func gait(r *rand.Rand, split string, period, jitter float64, follow bool) Scene {
	n, back, c := newNoise(r), backdrop(r, split), palette(r, 2, 0.9, 1)
	b := newBeats(r, period, jitter)
	lift := swing(r, period, jitter)
	return func(t float64, im *Image) {
		k, u := b.at(t)
		ph := float32(math.Mod(float64(k), 64) + u)
		if follow {
			x0 := float32((float64(k) + u) * 55)
			im.fill(func(x, y float32) rgb {
				return blend(c[1], rgb{200, 205, 210}, 0.5+0.8*n.rough((x+x0)/26, y/20))
			})
		} else {
			back(im)
		}
		leg(im, 0, 8, 26, ph+0.5, c[0].times(0.4))
		im.capsule(0, 4, 3, -38, 11, c[0])
		leg(im, 0, 8, 26, ph, c[0].times(0.6))
		arm := 0.6 * lift(t)
		im.capsule(2, -36, 2+30*sin(arm), -36+30*cos(arm), 4, rgb{225, 190, 160})
		im.disc(4, -58, 11, rgb{225, 190, 160}, 0.2)
	}
}

// waves: crests that roll in, each with its own height and distance.
func waves(r *rand.Rand, split string, period, jitter float64) Scene {
	n, c := newNoise(r), palette(r, 1, 0.5, 1)
	b := newBeats(r, period, jitter)
	seed := r.Uint64()
	deep := hsv(0.5+0.15*r.Float64(), 0.8, 0.5)
	if split == Test {
		deep = hsv(0.35+0.1*r.Float64(), 0.6, 0.4)
	}
	return func(t float64, im *Image) {
		_, hh := im.half()
		s := n.cut(t / 25)
		im.fill(func(x, y float32) rgb {
			d := (y + hh) / (2 * hh) // 0 at the horizon
			if d < 0.25 {
				return blend(c[0], rgb{235, 240, 250}, d*3)
			}
			k, u := b.at(t - float64(60*d*d+6*n.at(x/60, 5)))
			crest := (0.5 + 0.5*float32(math.Cos(2*math.Pi*u))) * (0.6 + 0.4*chance(seed, k, 0))
			return blend(deep, rgb{225, 240, 245}, 0.1+0.75*crest*crest*d+0.25*s.at(x/14, y/5))
		})
	}
}

// crawl: a camera that moves by pace units a tick, and nothing else.
func crawl(r *rand.Rand, _ string, pace float64) Scene {
	n, c := newNoise(r), palette(r, 3, 0.7, 1)
	a := 2 * math.Pi * r.Float64()
	vx, vy := pace*math.Cos(a), pace*math.Sin(a)
	return func(t float64, im *Image) {
		x0, y0 := float32(vx*t), float32(vy*t)
		im.fill(func(x, y float32) rgb {
			return tone(c, 1.2*n.rough((x+x0)/20, (y+y0)/20), n.at((x+x0)/55+70, (y+y0)/55))
		})
	}
}

// drops fall before a backdrop: rain is fast and long, snow slow and round.
func drops(r *rand.Rand, split string, speed float64, long float32) Scene {
	back := backdrop(r, split)
	seed := r.Uint64()
	wind := newWalk(r, 9, 60, 170)
	return func(t float64, im *Image) {
		back(im)
		hw, hh := im.half()
		span := float64(2*hh + 30)
		w := wind.at(t)
		for i := range 150 {
			v := speed * (0.7 + 0.6*float64(chance(seed, i, -1)))
			at := v*t + 1e4*float64(chance(seed, i, -2))
			lap := math.Floor(at / span)
			x := 2*hw*(chance(seed, i, int(lap))-0.5) + w*(0.5+chance(seed, i, -3))
			y := float32(at-lap*span) - hh - 15
			im.capsule(x, y, x+0.1*long, y-long, 0.5+0.08*min(long, 1)+0.9/long, rgb{225, 230, 240})
		}
	}
}

// shots shows its parts one after the other, each for the ticks given; the last
// stays.
func shots(each []float64, parts ...Scene) Scene {
	return func(t float64, im *Image) {
		k := 0
		for k < len(each) && k < len(parts)-1 && t >= each[k] {
			k++
		}
		parts[k](t, im)
	}
}
