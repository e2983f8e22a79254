package corpus

import (
	"math"
	"math/rand/v2"
)

// Scenes that are fields: water, fire, light, cells.

// flow: two layers of noise carried by wandering winds.
func flow(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 3, 0.8, 0.95)
	wx, wy := newWalk(r, 22, 70, 190), newWalk(r, 16, 60, 170)
	v := 0.7 + 0.7*r.Float64()
	return func(t float64, im *Image) {
		ax, ay := float32(v*t)+wx.at(t), wy.at(t)
		bx, by := float32(-0.6*v*t), float32(0.5*t)
		im.fill(func(x, y float32) rgb {
			u := n.at((x+ax)/26, (y+ay)/15)
			return tone(c, u, n.rough((x+bx)/19+0.4*u+99, (y+by)/19))
		})
	}
}

// blobs deform and merge, bright on dark.
func blobs(r *rand.Rand) Scene {
	type blob struct{ x, y, r walk }
	var bs [6]blob
	for i := range bs {
		bs[i] = blob{newWalk(r, 88, 55, 200), newWalk(r, 48, 50, 180), newWalk(r, 9, 30, 110)}
	}
	c, n := palette(r, 3, 0.85, 1), newNoise(r)
	return func(t float64, im *Image) {
		var p [6][3]float32
		for i, b := range bs {
			rad := 22 + b.r.at(t)
			p[i] = [3]float32{b.x.at(t), b.y.at(t), 1 / (rad * rad)}
		}
		drift := float32(0.5 * t)
		im.fill(func(x, y float32) rgb {
			var s, hue float32
			for i := range p {
				dx, dy := x-p[i][0], y-p[i][1]
				w := 1 / (1 + (dx*dx+dy*dy)*p[i][2])
				w *= w * w
				s += w
				hue += w * float32(i) / 5
			}
			k := clamp01(1.6*s - 0.2)
			return blend(rgb{26, 30, 52}.times(1+0.5*n.at((x+drift)/17, y/17)), blend(c[0], c[1], hue/(s+0.05)), k*(1+0.25*n.at(x/9+6*s, y/9)))
		})
	}
}

// octave is one layer of a texture that can be zoomed for ever: it fades in
// fine, grows, and fades out coarse.
type octave struct{ w, k, id float32 }

func octaves(depth float64) [4]octave {
	var o [4]octave
	k0 := math.Floor(depth)
	for k := range o {
		grown := depth - k0 + float64(k) // 0 fine .. 4 coarse
		o[k] = octave{float32(0.62 * math.Sin(math.Pi*grown/4)), float32(1 / (6 * math.Exp2(grown))), float32(math.Mod((k0-float64(k))*57.3, cells))}
	}
	return o
}

func (n noise) deep(o *[4]octave, x, y float32) float32 {
	var s float32
	for k := range o {
		s += o[k].w * n.at(x*o[k].k+o[k].id, y*o[k].k+0.37*o[k].id)
	}
	return s
}

// zoom: a camera that dives into a texture and sways.
func zoom(r *rand.Rand) Scene {
	n, m, c := newNoise(r), newNoise(r), palette(r, 3, 0.7, 1)
	cx, cy := newWalk(r, 9, 80, 200), newWalk(r, 7, 80, 200)
	rate := 1/60. + r.Float64()/120
	return func(t float64, im *Image) {
		x0, y0 := cx.at(t), cy.at(t)
		o := octaves(40 + t*rate)
		im.fill(func(x, y float32) rgb {
			return tone(c, n.deep(&o, x-x0, y-y0), 1.2*m.deep(&o, x-x0, y-y0))
		})
	}
}

// spiral: layers that turn about different centres while they grow.
func spiral(r *rand.Rand) Scene {
	n, m, c := newNoise(r), newNoise(r), palette(r, 3, 0.8, 1)
	wx, wy, turn := newWalk(r, 26, 90, 230), newWalk(r, 14, 90, 230), newWalk(r, 0.25, 60, 160)
	return func(t float64, im *Image) {
		x0, y0 := wx.at(t), wy.at(t)
		sa, ca := math.Sincos(0.006*t + float64(turn.at(t)))
		sb, cb := math.Sincos(-0.009 * t)
		s1, c1, s2, c2 := float32(sa), float32(ca), float32(sb), float32(cb)
		o := octaves(40 + t/90)
		im.fill(func(x, y float32) rgb {
			x, y = x-x0, y-y0
			return tone(c, n.deep(&o, x*c1-y*s1, x*s1+y*c1), m.rough((x*c2-y*s2)/22+9, (x*s2+y*c2)/22))
		})
	}
}

// fire rises, flickers and breaks up.
func fire(r *rand.Rand) Scene {
	n := newNoise(r)
	gust := newWalk(r, 12, 25, 90)
	return func(t float64, im *Image) {
		_, hh := im.half()
		s, q := n.cut(t/9), n.cut(200+t/6)
		up, lean := float32(2.1*t), gust.at(t)
		im.fill(func(x, y float32) rgb {
			h := (hh - y) / (2 * hh) // 0 below, 1 above
			x += lean * h * h
			v := 0.6*s.at(x/22, (y+up)/34) + 0.4*q.at(x/9, (y+1.6*up)/14)
			v = clamp01(1.25 + 1.1*v - 1.5*h)
			return rgb{255 * min(1, 1.7*v), 255 * clamp01(1.6*v*v-0.15), 230 * clamp01(2.4*v*v*v-1.2)}.times(0.15 + 0.85*v)
		})
	}
}

// smoke: plumes that rise, widen and are lit from the side.
func smoke(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 2, 0.55, 1)
	wind, src := newWalk(r, 20, 60, 160), newWalk(r, 40, 90, 220)
	return func(t float64, im *Image) {
		_, hh := im.half()
		s := n.cut(t / 16)
		up, lean, x0 := float32(1.3*t), wind.at(t), src.at(t)
		im.fill(func(x, y float32) rgb {
			h := (hh - y) / (2 * hh)
			bend := n.at(3, (y+up)/50)
			d := (x - x0*(1-h) - lean*h*h - 30*bend*h) / (26 + 74*h)
			v := 0.5 + 0.5*s.at(x/25+bend, (y+up)/25) + 0.3*s.at(x/10, (y+1.2*up)/10+40)
			a := clamp01(1.5*v*(1-d*d) - 0.1)
			return blend(rgb{20, 24, 34}, blend(c[0], c[1], 0.5+0.9*d), a)
		})
	}
}

// caustics: light on the floor of a pool.
func caustics(r *rand.Rand) Scene {
	n, m := newNoise(r), newNoise(r)
	wx := newWalk(r, 14, 60, 180)
	deep, hue := float32(0.5*r.Float64()), 0.5+0.12*r.Float64()
	lit, dark := hsv(hue, 0.25, 1), hsv(hue+0.05, 0.85, 0.42)
	return func(t float64, im *Image) {
		s, q := n.cut(t/19), m.cut(t/24+7)
		dx, dy := wx.at(t)+float32(0.3*t), float32(0.22*t)
		im.fill(func(x, y float32) rgb {
			a := 1 - abs(s.at((x+dx)/24, (y+dy)/24))
			b := 1 - abs(q.at((x-dx)/15, (y+dy)/17))
			v := a * a * a * b * b
			return blend(dark, lit, v+0.2*m.at(x/60+deep, y/60))
		})
	}
}

// voronoi: cells whose seeds wander, like foam seen in a microscope.
func voronoi(r *rand.Rand) Scene {
	const n = 22
	var px, py [n]walk
	var hx, hy [n]float64
	c := palette(r, n, 0.6, 1)
	for i := range n {
		px[i], py[i] = newWalk(r, 34, 45, 170), newWalk(r, 26, 45, 170)
		hx[i], hy[i] = 260*r.Float64()-130, 200*r.Float64()-100
	}
	return func(t float64, im *Image) {
		var x0, y0 [n]float32
		for i := range n {
			x0[i], y0[i] = float32(hx[i])+px[i].at(t), float32(hy[i])+py[i].at(t)
		}
		im.fill(func(x, y float32) rgb {
			d1, d2, k := float32(1e9), float32(1e9), 0
			for i := range n {
				dx, dy := x-x0[i], y-y0[i]
				if d := dx*dx + dy*dy; d < d1 {
					d1, d2, k = d, d1, i
				} else if d < d2 {
					d2 = d
				}
			}
			return c[k].times(0.15 + 0.85*clamp01((d2-d1)/500) - min(0.4, d1/6000))
		})
	}
}

// aurora: curtains of light over a ridge, with stars.
func aurora(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 2, 0.8, 1)
	seed := r.Uint64()
	sky := still(func(x, y float32) rgb {
		if chance(seed, int(x/3), int(y/3)) > 0.985 {
			return rgb{150, 150, 170}
		}
		return rgb{8, 12, 30 + 0.1*y}
	})
	drift := newWalk(r, 40, 80, 220)
	return func(t float64, im *Image) {
		sky(im)
		_, hh := im.half()
		s, q := n.cut(t/34), n.cut(t/15+31)
		x0 := float32(0.8*t) + drift.at(t)
		im.paint(-400, -hh, 400, hh, func(x, y float32) (rgb, float32) {
			foot := 0.25*hh + 26*s.at((x+x0)/60, 1) + 8*q.at((x+x0)/23, 9)
			if y > foot {
				return c[0], 0
			}
			h := (foot - y) / (1.6 * hh)
			ray := 0.55 + 0.6*q.at((x+x0)/6, y/90+3)
			return blend(c[0], c[1], 1.3*h), ray * (1 - h) * min(1, (foot-y)/6)
		})
		im.below(func(x float32) float32 { return 0.62*hh + 14*n.rough(x/40, 77) }, func(x, y float32) rgb { return rgb{14, 18, 16} })
	}
}

// kaleidoscope: six mirrored wedges of moving noise.
func kaleidoscope(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 3, 0.9, 1)
	turn := newWalk(r, 0.3, 70, 180)
	return func(t float64, im *Image) {
		s := n.cut(t / 28)
		sa, ca := math.Sincos(0.004*t + float64(turn.at(t)))
		s0, c0 := float32(sa), float32(ca)
		in := float32(0.55 * t)
		im.fill(func(x, y float32) rgb {
			// Reflections bring every wedge to the one between 0 and 30 degrees.
			u, v := abs(x*c0-y*s0), abs(x*s0+y*c0)
			if d := 0.8660254*u - 0.5*v; d < 0 {
				u, v = u-2*d*0.8660254, v+2*d*0.5
			}
			if d := 0.5*u - 0.8660254*v; d < 0 {
				u, v = u-2*d*0.5, v+2*d*0.8660254
			}
			return tone(c, s.at((u+in)/14, v/14), n.rough((u-0.6*in)/20+50, (v+0.4*in)/20))
		})
	}
}

// cloth: a printed cloth in the wind, shaded by its slope.
func cloth(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 3, 0.85, 1)
	puff := newWalk(r, 0.35, 40, 130)
	return func(t float64, im *Image) {
		s := n.cut(t / 30)
		run, k := float32(1.5*t), 1+puff.at(t)
		im.fill(func(x, y float32) rgb {
			h0 := s.at((x-run)/46, y/70)
			h1 := s.at((x-run+3)/46, y/70+0.02)
			fold := (h1 - h0) * 9 * k
			u, v := x+13*k*h0, y+7*k*h0
			p := tri(u/17)*tri(v/17) + 0.5*n.at(u/8, v/8)
			return blend(c[0], blend(c[1], c[2], 0.5+v/90), 0.5+1.3*p).times((0.3 + 0.7*clamp01(0.62+fold)))
		})
	}
}

// sand blows over dunes in streaks.
func sand(r *rand.Rand) Scene {
	n := newNoise(r)
	gust := newWalk(r, 30, 40, 140)
	hue := 0.08 + 0.05*r.Float64()
	lit, dark := hsv(hue, 0.45, 1), hsv(hue-0.03, 0.65, 0.45)
	return func(t float64, im *Image) {
		s := n.cut(t / 70)
		run := float32(2.6*t) + gust.at(t)
		creep := float32(0.25 * t)
		im.fill(func(x, y float32) rgb {
			w := s.at((x-creep)/70, y/40)
			dune := tri((y+22*w+0.15*creep)/20 + 0.6*n.at((x-creep)/50, y/30+9))
			streak := n.at((x-run)/20, y/3.5+2*w) * (0.6 + 0.4*n.at((x-0.7*run)/60, y/30+60))
			return blend(dark, lit, 0.5+0.3*dune+0.45*streak)
		})
	}
}
