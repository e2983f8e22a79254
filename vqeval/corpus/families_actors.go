package corpus

import (
	"math"
	"math/rand/v2"
)

// Scenes with things that act: people, animals, plants, drawings.

// crowd: people cross a square, each with an own way and pace.
func crowd(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 26, 0.7, 1)
	var wx, wy, step [26]walk
	for i := range wx {
		wx[i], wy[i], step[i] = newWalk(r, 115, 90, 300), newWalk(r, 58, 90, 280), newWalk(r, 2, 8, 19)
	}
	floor := still(func(x, y float32) rgb {
		return rgb{176, 170, 160}.times(0.9 + 0.14*tri(x/12)*tri(y/9) + 0.16*n.rough(x/11, y/11))
	})
	return func(t float64, im *Image) {
		floor(im)
		for i := range wx {
			x, y, s := wx[i].at(t), wy[i].at(t), step[i].at(t)
			im.capsule(x-2, y+9, x-2+2*s, y+15, 2, rgb{40, 40, 55})
			im.capsule(x+2, y+9, x+2-2*s, y+15, 2, rgb{40, 40, 55})
			im.capsule(x, y, x, y+8+0.3*s, 5, c[i])
			im.disc(x, y-8+0.4*s, 4, rgb{222, 186, 156}, 0.2)
		}
	}
}

// balls bounce; every bounce has its own height.
func balls(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 9, 0.85, 1)
	seed := r.Uint64()
	var hop [7]beats
	var wx, slide [7]walk
	for i := range hop {
		hop[i], wx[i], slide[i] = newBeats(r, 21+13*r.Float64(), 0.25), newWalk(r, 95, 70, 230), newWalk(r, 10, 30, 90)
	}
	room := still(func(x, y float32) rgb {
		if y > 40 {
			return blend(c[7], rgb{60, 45, 40}, 0.6+0.5*n.rough(x/18, y/5))
		}
		return blend(c[8], rgb{235, 230, 225}, 0.7+0.35*n.rough(x/26, y/26))
	})
	return func(t float64, im *Image) {
		room(im)
		for i := range hop {
			k, u := hop[i].at(t)
			h := (28 + 62*chance(seed, i, k)) * float32(4*u*(1-u))
			x, rad := wx[i].at(t), 9+2*float32(i)
			im.glow(x, 50+slide[i].at(t)*0.5, rad*1.6, rgb{40, 34, 34})
			im.disc(x, 46-rad-h+0.5*slide[i].at(t), rad, c[i], 0.7)
		}
	}
}

// plants grow, sway, and make room for others.
func plants(r *rand.Rand) Scene {
	n := newNoise(r)
	seed := r.Uint64()
	var sway [14]walk
	for i := range sway {
		sway[i] = newWalk(r, 0.35, 30, 100)
	}
	back := still(func(x, y float32) rgb {
		return blend(rgb{200, 215, 190}, rgb{110, 95, 70}, 0.25+y/110+0.4*n.rough(x/20, y/20))
	})
	wind := newWalk(r, 0.25, 40, 120)
	return func(t float64, im *Image) {
		back(im)
		_, hh := im.half()
		for i := range sway {
			life := 150 + 90*float64(chance(seed, i, -1))
			at := t/life + float64(chance(seed, i, -2))
			age := int(math.Floor(at))
			grown := at - float64(age)
			if grown > 0.85 { // and withers
				grown = (1 - grown) / 0.15 * 0.85
			}
			x, y := 240*(chance(seed, i, age)-0.5), hh
			hue := 0.2 + 0.2*float64(chance(seed+1, i, age))
			lean := 0.5*(chance(seed+2, i, age)-0.5) + sway[i].at(t) + wind.at(t+float64(x))
			for k := range 22 {
				left := float32(grown*26) - float32(k)
				if left <= 0 {
					break
				}
				left = min(1, left)
				a := lean*float32(k)/11 + 0.3*(chance(seed+3, i*40+k, age)-0.5)
				nx, ny := x+5*left*sin(a), y-5*left*cos(a)
				im.capsule(x, y, nx, ny, 2.6-0.08*float32(k), hsv(hue, 0.7, 0.45))
				if k%3 == 2 {
					d := float32(1 - 2*(k/3%2))
					im.capsule(nx, ny, nx+d*9*left*cos(a), ny+3*left, 2.2*left, hsv(hue+0.05, 0.75, 0.75))
				}
				x, y = nx, ny
			}
			if grown > 0.6 {
				bud := float32(grown-0.6) * 18
				im.disc(x, y, bud, hsv(hue+0.5+0.3*float64(chance(seed+4, i, age)), 0.7, 1), 0.5)
			}
		}
	}
}

// flock: birds that keep together and turn as they like.
func flock(r *rand.Rand) Scene {
	n := newNoise(r)
	const birds = 90
	lx, ly := newWalk(r, 62, 60, 170), newWalk(r, 30, 60, 160)
	var bx, by, beat [birds]walk
	for i := range bx {
		bx[i], by[i], beat[i] = newWalk(r, 46, 40, 130), newWalk(r, 26, 40, 130), newWalk(r, 3.4, 6, 15)
	}
	h := r.Float64()
	top, low := hsv(h, 0.5, 0.9), hsv(h+0.1, 0.35, 1)
	return func(t float64, im *Image) {
		_, hh := im.half()
		drift := float32(0.35 * t)
		im.fill(func(x, y float32) rgb {
			return blend(blend(top, low, 0.5+0.5*y/hh), rgb{250, 248, 245}, 0.7*n.rough((x+drift)/45, y/22+3))
		})
		x0, y0 := lx.at(t), ly.at(t)
		for i := range bx {
			x, y, w := x0+bx[i].at(t), y0+by[i].at(t), beat[i].at(t)
			s := 3.5 + 2*float32(i%3)
			im.capsule(x, y, x-s, y-w, 0.9, rgb{25, 25, 35})
			im.capsule(x, y, x+s, y-w, 0.9, rgb{25, 25, 35})
		}
	}
}

// bubbles rise and wobble; every one that comes up is a new one.
func bubbles(r *rand.Rand) Scene {
	n := newNoise(r)
	seed := r.Uint64()
	var wob [34]walk
	for i := range wob {
		wob[i] = newWalk(r, 11, 17, 70)
	}
	h := 0.45 + 0.25*r.Float64()
	deep, lit := hsv(h, 0.8, 0.3), hsv(h-0.05, 0.5, 0.9)
	return func(t float64, im *Image) {
		hw, hh := im.half()
		ray := float32(0.5 * t)
		s := n.cut(t / 40)
		im.fill(func(x, y float32) rgb {
			return blend(deep, lit, 0.45-0.35*y/hh+0.4*s.at((x+0.5*y+0.4*ray)/28, 5+y/120))
		})
		for i := range wob {
			v := 0.7 + 1.2*float64(chance(seed, i, -1))
			at := v*t + 400*float64(chance(seed, i, -2))
			span := float64(2*hh + 44)
			lap := math.Floor(at / span)
			rad := 3 + 11*chance(seed+1, i, int(lap))
			x := 2*hw*(chance(seed+2, i, int(lap))-0.5) + wob[i].at(t)
			y := hh + 22 - float32(at-lap*span)
			im.paint(x-rad, y-rad, x+rad, y+rad, func(u, w float32) (rgb, float32) {
				dx, dy := u-x, w-y
				d := (dx*dx + dy*dy) / (rad * rad)
				if d > 1 {
					return lit, 0
				}
				spark := clamp01(1 - ((dx+0.4*rad)*(dx+0.4*rad)+(dy+0.4*rad)*(dy+0.4*rad))/(0.08*rad*rad))
				return rgb{225, 240, 250}, 0.12 + 0.75*d*d*d + spark
			})
		}
	}
}

// leg draws a hip, a knee and a foot; phase in turns.
func leg(im *Image, x, y, size, phase float32, c rgb) {
	swing := 0.55 * sin(2*math.Pi*phase)
	bend := 0.25 + 0.55*max(0, cos(2*math.Pi*phase))
	kx, ky := x+size*sin(swing), y+size*cos(swing)
	fx, fy := kx+size*sin(swing-bend), ky+size*cos(swing-bend)
	im.capsule(x, y, kx, ky, 0.17*size, c)
	im.capsule(kx, ky, fx, fy, 0.14*size, c)
	im.capsule(fx, fy, fx+0.3*size, fy, 0.12*size, c)
}

// walkers stroll through a park, out of step, with the camera beside them.
func walkers(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 10, 0.75, 1)
	var gait, wx [4]walk
	var rate [4]float64
	for i := range gait {
		gait[i], wx[i], rate[i] = newWalk(r, 0.5, 50, 140), newWalk(r, 42, 80, 240), 1/(19+9*r.Float64())
	}
	return func(t float64, im *Image) {
		_, hh := im.half()
		x0 := float32(1.1 * t)
		im.fill(func(x, y float32) rgb {
			if y > 0.45*hh {
				return blend(rgb{150, 130, 100}, rgb{100, 90, 70}, 0.5+0.6*n.rough((x+1.3*x0)/14, y/6))
			}
			u := x + 0.8*x0
			tree := n.rough(u/24, y/24+9) + 0.6*n.at(u/70, 3)
			return blend(rgb{190, 212, 235}, rgb{50, 110, 55}, 0.3+1.3*tree+0.5*y/hh)
		})
		for i := range gait {
			x := -75 + 50*float32(i) + wx[i].at(t)
			ph := float32(rate[i]*t) + gait[i].at(t)
			size := 15 + 1.6*float32(i)
			y := 0.72*hh - 1.9*size + 1.2*abs(sin(2*math.Pi*ph))
			leg(im, x, y, size, ph+0.5, c[i].times(0.45))
			im.capsule(x, y-2, x+2, y-1.9*size, 0.36*size, c[i])
			leg(im, x, y, size, ph, c[i].times(0.65))
			arm := 0.6 * sin(2*math.Pi*ph+3)
			im.capsule(x+1, y-1.8*size, x+1+1.3*size*sin(arm), y-1.8*size+1.3*size*cos(arm), 0.14*size, c[4+i])
			im.disc(x+3, y-2.75*size, 0.45*size, rgb{224, 188, 158}, 0.2)
		}
	}
}

// handwriting: a pen that writes and never lifts, on a page that is moved on.
func handwriting(r *rand.Rand) Scene {
	n := newNoise(r)
	px, py, loopx, loopy := newWalk(r, 70, 60, 190), newWalk(r, 32, 50, 170), newWalk(r, 17, 15, 40), newWalk(r, 17, 14, 43)
	ink := hsv(r.Float64(), 0.8, 0.5)
	return func(t float64, im *Image) {
		shift := float32(0.24 * t)
		im.fill(func(x, y float32) rgb {
			line := clamp01(1 - abs(tri((y+shift)/14)+0.97)*18)
			return rgb{240, 234, 218}.times(0.88 + 0.16*n.rough(x/7, (y+shift)/7) - 0.3*line)
		})
		at := func(s float64) (float32, float32) {
			return px.at(s) + loopx.at(s), py.at(s) + loopy.at(s) + float32(0.24*(s-t))
		}
		x, y := at(t)
		const old = 110
		fx, fy := x, y
		for k := 1; k <= old; k++ {
			qx, qy := at(t - float64(k))
			im.capsule(x, y, qx, qy, 1.3, blend(ink, rgb{240, 234, 218}, float32(k-old+25)/25))
			x, y = qx, qy
		}
		im.capsule(fx, fy, fx+16, fy-34, 2.6, rgb{50, 50, 60})
		im.capsule(fx+14, fy-30, fx+34, fy-12, 7, rgb{226, 188, 156})
		im.capsule(fx+34, fy-12, fx+90, fy+60, 13, rgb{60, 80, 130})
	}
}

// cartoon: flat colours and outlines, a figure that squashes and stretches, and
// no frame that is held.
func cartoon(r *rand.Rand) Scene {
	c := palette(r, 9, 0.85, 1)
	bx, by, squash, look := newWalk(r, 62, 45, 150), newWalk(r, 26, 30, 100), newWalk(r, 0.3, 16, 60), newWalk(r, 4, 20, 70)
	seed := r.Uint64()
	line := rgb{25, 22, 30}
	return func(t float64, im *Image) {
		hw, hh := im.half()
		im.fill(func(x, y float32) rgb {
			u := (x + float32(0.9*t)) / 60
			if y > 0.5*hh-14*tri(2*u-0.5)*chance(seed, int(floor(u)), 0) {
				return c[1]
			}
			return c[0]
		})
		for i := range 5 { // clouds
			v := 0.3 + 0.25*float64(i)
			at := v*t + 90*float64(i)
			span := float64(2*hw + 90)
			lap := math.Floor(at / span)
			x, y := float32(at-lap*span)-hw-45, -0.75*hh+0.8*hh*chance(seed+1, i, int(lap))
			s := 9 + 9*chance(seed+2, i, int(lap))
			for _, d := range []float32{-1.2, 0, 1.1} {
				im.capsule(x+d*s, y+2, x+d*s, y, s*(1.2-0.25*abs(d)), rgb{250, 250, 250})
			}
		}
		x, y, q := bx.at(t), 0.1*hh+by.at(t), squash.at(t)
		for k, e := range []float32{2, 0} {
			im.paint(x-60, y-60, x+60, y+60, func(u, v float32) (rgb, float32) {
				dx, dy := (u-x)/(27*(1+q)+e), (v-y)/(27*(1-q)+e)
				return [2]rgb{line, c[3]}[k], (1 - dx*dx - dy*dy) * 14
			})
		}
		for _, d := range []float32{-1, 1} {
			limb := 10 * squash.at(t*1.3+float64(40*d))
			im.capsule(x+d*20, y+18, x+d*(24+limb*2), y+44+20*q, 4, line)
			im.capsule(x+d*26, y, x+d*(42+9*q), y-26*limb/3+6, 3.4, line)
			im.disc(x+d*9, y-8, 7, rgb{255, 255, 255}, 0)
			im.disc(x+d*9+look.at(t), y-8+0.6*look.at(t+60), 3, line, 0)
		}
	}
}

// fish: a shoal in shafts of light.
func fish(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 15, 0.85, 1)
	lx, ly := newWalk(r, 40, 80, 220), newWalk(r, 18, 70, 200)
	var fx, fy, tail [15]walk
	for i := range fx {
		fx[i], fy[i], tail[i] = newWalk(r, 80, 60, 210), newWalk(r, 44, 50, 190), newWalk(r, 0.8, 7, 18)
	}
	h := 0.48 + 0.2*r.Float64()
	deep, lit := hsv(h, 0.85, 0.35), hsv(h, 0.4, 0.95)
	return func(t float64, im *Image) {
		_, hh := im.half()
		s := n.cut(t / 22)
		im.fill(func(x, y float32) rgb {
			if y > 0.7*hh+5*n.rough(x/15, 4) {
				return rgb{190, 170, 120}.times(0.75 + 0.25*n.rough(x/6, y/4) + 0.25*s.at(x/14, y/9))
			}
			return blend(deep, lit, 0.35-0.3*y/hh+0.5*s.at((x+0.6*y)/20, y/150))
		})
		for i := range fx {
			x, y := lx.at(t)+fx[i].at(t), ly.at(t)+fy[i].at(t)
			d := float32(1)
			if v := fx[i].at(t+1) + lx.at(t+1) - fx[i].at(t-1) - lx.at(t-1); v < 0.8 {
				d = max(-1, v/0.8) // turning about is seen as a narrowing
			}
			s, w := 7+float32(i%4)*2.2, tail[i].at(t)
			im.capsule(x-d*s, y, x-d*s*1.9, y+s*w, 0.35*s, c[i].times(0.7))
			im.capsule(x-d*s*0.6, y+0.2*s*w, x+d*s, y, 0.5*s, c[i])
			im.disc(x+d*s, y-0.1*s, 0.13*s, rgb{20, 20, 20}, 0)
		}
	}
}
