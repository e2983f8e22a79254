package corpus

import (
	"math"
	"math/rand/v2"
)

// Scenes seen by a camera that moves through or over a place.

// pan: a camera wanders over a texture with sprites in front of it.
func pan(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 6, 0.8, 1)
	cx, cy := newWalk(r, 14, 90, 260), newWalk(r, 9, 90, 260)
	var sx, sy [3]walk
	for i := range sx {
		sx[i], sy[i] = newWalk(r, 76, 45, 170), newWalk(r, 40, 40, 150)
	}
	return func(t float64, im *Image) {
		x0, y0 := float32(0.9*t)+cx.at(t), cy.at(t)
		im.fill(func(x, y float32) rgb {
			return tone(c, n.rough((x+x0)/24, (y+y0)/24), n.at((x+x0)/60+70, (y+y0)/60))
		})
		for i := range sx {
			im.disc(sx[i].at(t), sy[i].at(t), 15+4*float32(i), c[3+i], 0.5)
		}
	}
}

// shake: a camera held by hand follows somebody who walks about.
func shake(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 5, 0.7, 1)
	cx, cy, fx, fy := newWalk(r, 2.2, 14, 43), newWalk(r, 2, 15, 47), newWalk(r, 60, 70, 200), newWalk(r, 20, 60, 180)
	bx := newWalk(r, 55, 60, 190)
	arm := newWalk(r, 14, 20, 60)
	return func(t float64, im *Image) {
		px, py := fx.at(t)+float32(0.25*t), fy.at(t)
		x0, y0 := 0.8*px+cx.at(t), 0.6*py+cy.at(t)
		im.fill(func(x, y float32) rgb {
			u, v := x+x0, y+y0
			return tone(c, 0.8*n.rough(u/30, v/22), tri(u/31)*tri(v/43))
		})
		x, y := px-x0, py-y0
		im.disc(bx.at(t)-0.2*x0, 40-y0, 16, c[4], 0.4)
		im.capsule(x, y-10, x+3*cx.at(t+9), y+34, 10, c[3])
		im.capsule(x, y, x+arm.at(t), y+14+0.5*arm.at(t+50), 4, rgb{230, 200, 170})
		im.disc(x, y-24, 10, rgb{225, 190, 160}, 0.3)
	}
}

// parallax: hills and trees pass at speeds that go with their distance.
func parallax(r *rand.Rand) Scene {
	n := newNoise(r)
	h := r.Float64()
	sky, low := hsv(h, 0.4, 1), hsv(h+0.08, 0.2, 1)
	hill := [3]rgb{hsv(h+0.2, 0.35, 0.7), hsv(h+0.3, 0.5, 0.55), hsv(h+0.36, 0.6, 0.35)}
	pace, tilt := newWalk(r, 22, 70, 210), newWalk(r, 5, 50, 140)
	return func(t float64, im *Image) {
		_, hh := im.half()
		x0, y0 := float32(0.8*t)+pace.at(t), tilt.at(t)
		im.fill(func(x, y float32) rgb {
			return blend(sky, rgb{245, 245, 250}, 0.8*n.rough((x+0.12*x0)/40, (y+y0)/16)+0.15-0.5*y/hh)
		})
		for k, speed := range []float32{0.35, 0.9, 2} {
			size := 90 - 25*float32(k)
			base := float32(k)*0.28*hh - 0.05*hh
			dull := blend(hill[k], low, 0.3-0.15*float32(k))
			im.below(func(x float32) float32 {
				u := (x + x0*speed) / size
				return base - 26*n.at(u, float32(20*k)) - 9*max(0, n.at(6*u, float32(20*k+7))) + y0*speed
			}, func(x, y float32) rgb {
				return dull.times(0.85 + 0.35*n.rough((x+x0*speed)/size*5, (y-y0*speed)/12+float32(30*k)))
			})
		}
	}
}

// terrain: a flight over a plain in perspective.
func terrain(r *rand.Rand) Scene {
	n, c := newNoise(r), palette(r, 4, 0.65, 0.95)
	side, bank, lift := newWalk(r, 60, 80, 220), newWalk(r, 0.16, 60, 170), newWalk(r, 9, 70, 190)
	return func(t float64, im *Image) {
		_, hh := im.half()
		x0, roll, y0 := side.at(t), bank.at(t), -0.35*hh+lift.at(t)
		fwd := float32(1.7 * t)
		im.fill(func(x, y float32) rgb {
			d := y - y0 + roll*x
			if d < 1 {
				return blend(rgb{120, 160, 220}, rgb{240, 240, 245}, 0.6*n.rough((x+0.3*x0)/50+float32(0.004*t), (d-fwd*0.02)/18)+0.3+d/90)
			}
			z := 2600 / (d + 6)
			u, v := (x*z/60+x0)/26, (z+fwd)/26
			fog := clamp01(z / 330)
			return blend(tone(c, n.rough(u, v), n.at(u*0.4+90, v*0.4)), rgb{215, 222, 235}, fog*fog)
		})
	}
}

// traffic: lanes of cars at their own speeds, seen from above.
func traffic(r *rand.Rand) Scene {
	n := newNoise(r)
	seed := r.Uint64()
	var speed [6]float64
	for i := range speed {
		speed[i] = (0.9 + 1.3*r.Float64()) * float64(1-2*(i/3))
	}
	jam := newWalk(r, 35, 60, 170)
	road := still(func(x, y float32) rgb {
		g := 70 + 22*n.rough(x/9, y/9)
		if abs(y) > 58 {
			return rgb{60, g + 30, 55}
		}
		return rgb{g, g, g + 6}
	})
	return func(t float64, im *Image) {
		road(im)
		for lane := range 6 {
			y := -47 + 19*float32(lane)
			pos := speed[lane]*t + float64(jam.at(t+97*float64(lane)))*(1-2*float64(lane/3))
			for k := range 8 {
				// Each slot comes round with another car every time.
				at := pos + float64(k)*70
				lap := math.Floor(at / 560)
				id := lane*8 + k
				if chance(seed, id, int(lap)) < 0.3 {
					continue
				}
				x := float32(at-lap*560) - 280 + 30*chance(seed+1, id, int(lap))
				long := 12 + 12*chance(seed+2, id, int(lap))
				c := hsv(float64(chance(seed+3, id, int(lap))), 0.75, 0.5+0.5*float64(chance(seed+4, id, int(lap))))
				im.box(x-long, y-6, x+long, y+6, c)
				im.box(x-0.4*long, y-5, x+0.4*long, y+5, c.times(0.45))
			}
		}
	}
}

// night: a dark street with few lights, some of which move.
func night(r *rand.Rand) Scene {
	n := newNoise(r)
	seed := r.Uint64()
	cx, cy := newWalk(r, 7, 60, 190), newWalk(r, 3, 50, 170)
	var lx, ly [7]walk
	for i := range lx {
		lx[i], ly[i] = newWalk(r, 95, 50, 180), newWalk(r, 22, 60, 200)
	}
	return func(t float64, im *Image) {
		x0, y0 := cx.at(t)+float32(0.2*t), cy.at(t)
		im.fill(func(x, y float32) rgb {
			u, v := x+x0, y+y0
			k := 0.5 + 0.5*n.rough(u/18, v/18)
			if v < 8 && int(floor(u/9))%2 == 0 && int(floor(v/11))%2 == 0 {
				id := chance(seed, int(floor(u/9)), int(floor(v/11)))
				return rgb{60, 50, 26}.times(2 * id * id)
			}
			return rgb{9 + 13*k, 10 + 13*k, 18 + 17*k}
		})
		for i := range lx {
			x, y := lx[i].at(t), 34+ly[i].at(t)
			im.glow(x, y, 30, rgb{120, 100, 60}.times(0.5+0.1*float32(i)))
			im.glow(x, y, 7, rgb{235, 220, 170})
		}
	}
}

// text scrolls in two columns of unequal speed.
func text(r *rand.Rand) Scene {
	seed := r.Uint64()
	c := palette(r, 3, 0.7, 1)
	pace := newWalk(r, 18, 60, 170)
	// Glyphs are 3x5 dots in cells of 4x7; every third line ends early.
	dot := func(col, row int) float32 {
		if col%4 == 3 || mod(row, 7) > 4 || col < 0 {
			return 0
		}
		line := int(math.Floor(float64(row) / 7))
		if chance(seed+9, col/4, line) < 0.17 || col/4 > 8+int(9*chance(seed+8, line, 0)) {
			return 0
		}
		return float32(int(chance(seed, col/4*97+line*31, (col%4)*8+mod(row, 7))*1.8 + 0.1))
	}
	page := func(x, y float32) float32 {
		xi, yi := floor(x), floor(y)
		u, v := clamp01((x-xi-0.5)*4+0.5), clamp01((y-yi-0.5)*4+0.5)
		i, j := int(xi), int(yi)
		a := dot(i, j)*(1-u) + dot(i+1, j)*u
		b := dot(i, j+1)*(1-u) + dot(i+1, j+1)*u
		return a*(1-v) + b*v
	}
	return func(t float64, im *Image) {
		hw, _ := im.half()
		y1, y2 := float32(0.55*t)+0.5*pace.at(t), float32(0.31*t)-pace.at(t+77)
		im.fill(func(x, y float32) rgb {
			if x < 0.15*hw {
				return blend(c[0].times(0.18), c[1], page((x+hw-6)/2, (y+y1)/2))
			}
			return blend(c[2].times(0.5), rgb{250, 250, 245}, page((x-0.15*hw-5)/3.2, (y+y2)/3.2+4000))
		})
	}
}

func mod(a, n int) int { return ((a % n) + n) % n }
