package vqeval

import (
	"math"
	"math/rand/v2"
)

// Procedural videos, small and seeded: every one is a function of the frame
// number (which need not be whole), so that a test can bend time.

const testW, testH = 208, 120

type scene func(t float64, img []float64) // luma 0..255, testW*testH

// lattice is periodic value noise.
type lattice struct {
	n int
	v []float64
}

func newLattice(r *rand.Rand, n int) lattice {
	l := lattice{n, make([]float64, n*n)}
	for i := range l.v {
		l.v[i] = r.Float64()
	}
	return l
}

func (l lattice) at(x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	x0, y0 := ((int(fx)%l.n)+l.n)%l.n, ((int(fy)%l.n)+l.n)%l.n
	x1, y1 := (x0+1)%l.n, (y0+1)%l.n
	u, v := x-fx, y-fy
	u, v = u*u*(3-2*u), v*v*(3-2*v)
	return (l.v[y0*l.n+x0]*(1-u)+l.v[y0*l.n+x1]*u)*(1-v) + (l.v[y1*l.n+x0]*(1-u)+l.v[y1*l.n+x1]*u)*v
}

// walk is a smooth path that does not repeat: sinusoids of unrelated periods.
type walk struct{ f, p, a []float64 }

func newWalk(r *rand.Rand, amp, slow, fast float64) walk {
	var w walk
	for range 4 {
		w.f = append(w.f, 2*math.Pi/(slow+(fast-slow)*r.Float64()))
		w.p = append(w.p, 2*math.Pi*r.Float64())
		w.a = append(w.a, amp*(0.4+0.6*r.Float64())/2)
	}
	return w
}

func (w walk) at(t float64) float64 {
	var s float64
	for i := range w.f {
		s += w.a[i] * math.Sin(w.f[i]*t+w.p[i])
	}
	return s
}

// texture fills the image with a two-octave pattern moved by (dx,dy), zoomed by z.
func texture(l lattice, img []float64, dx, dy, z, contrast float64) {
	for y := range testH {
		for x := range testW {
			u, v := (float64(x)-testW/2)*z+dx, (float64(y)-testH/2)*z+dy
			img[y*testW+x] = 128 + contrast*(0.65*(l.at(u/23, v/23)-0.5)+0.35*(l.at(u/7+11, v/7+5)-0.5))
		}
	}
}

func disc(img []float64, cx, cy, rad, level float64) {
	for y := max(0, int(cy-rad-1)); y <= min(testH-1, int(cy+rad+1)); y++ {
		for x := max(0, int(cx-rad-1)); x <= min(testW-1, int(cx+rad+1)); x++ {
			d := rad - math.Hypot(float64(x)-cx, float64(y)-cy)
			if d > 0 {
				a := math.Min(1, d)
				// a textured disc, so that its inside moves as well
				tex := level + 25*math.Sin((float64(x)-cx)*0.9)*math.Cos((float64(y)-cy)*0.7)
				img[y*testW+x] = img[y*testW+x]*(1-a) + tex*a
			}
		}
	}
}

// flow: two layers of noise advected by wandering winds, like water.
func flow(seed uint64) scene {
	r := rand.New(rand.NewPCG(seed, 1))
	a, b := newLattice(r, 64), newLattice(r, 64)
	vx, vy := 0.6+r.Float64(), 0.4*r.Float64()
	wx, wy := newWalk(r, 14, 60, 170), newWalk(r, 10, 50, 150)
	return func(t float64, img []float64) {
		for y := range testH {
			for x := range testW {
				u, v := float64(x)+vx*t+wx.at(t+float64(y)*0.5), float64(y)+vy*t+wy.at(t+float64(x)*0.3)
				p, q := float64(x)-0.7*vx*t, float64(y)+0.5*t
				img[y*testW+x] = 128 + 150*(0.5*(a.at(u/21, v/13)-0.5)+0.5*(b.at(p/17, q/17)-0.5))
			}
		}
	}
}

// pan: a camera that wanders over a texture with sprites in front of it.
func pan(seed uint64, speed float64) scene {
	r := rand.New(rand.NewPCG(seed, 2))
	l := newLattice(r, 64)
	cx, cy := newWalk(r, 12*speed, 90, 260), newWalk(r, 6*speed, 90, 260)
	var sx, sy []walk
	for range 3 {
		sx, sy = append(sx, newWalk(r, 60, 45, 170)), append(sy, newWalk(r, 34, 40, 150))
	}
	return func(t float64, img []float64) {
		texture(l, img, 0.8*speed*t+cx.at(t), cy.at(t), 1, 170)
		for i := range sx {
			disc(img, testW/2+sx[i].at(t), testH/2+sy[i].at(t), 13+3*float64(i), 60+60*float64(i))
		}
	}
}

// sprites wander before a fixed camera.
func sprites(seed uint64, n int, radius float64) scene {
	r := rand.New(rand.NewPCG(seed, 3))
	l := newLattice(r, 64)
	var sx, sy []walk
	for range n {
		sx, sy = append(sx, newWalk(r, 80, 50, 190)), append(sy, newWalk(r, 44, 40, 170))
	}
	return func(t float64, img []float64) {
		texture(l, img, 0, 0, 1, 150)
		for i := range sx {
			disc(img, testW/2+sx[i].at(t), testH/2+sy[i].at(t), radius, 40+170*float64(i%4)/3)
		}
	}
}

// blobs that deform, bright on dark.
func blobs(seed uint64) scene {
	r := rand.New(rand.NewPCG(seed, 4))
	var sx, sy, sr []walk
	for range 6 {
		sx, sy, sr = append(sx, newWalk(r, 75, 55, 230)), append(sy, newWalk(r, 42, 50, 210)), append(sr, newWalk(r, 9, 30, 120))
	}
	return func(t float64, img []float64) {
		for y := range testH {
			for x := range testW {
				var s float64
				for i := range sx {
					dx, dy := float64(x)-testW/2-sx[i].at(t), float64(y)-testH/2-sy[i].at(t)
					rad := 20 + sr[i].at(t)
					s += math.Exp(-(dx*dx + dy*dy) / (2 * rad * rad))
				}
				img[y*testW+x] = 30 + 180*(1-math.Exp(-s)) + 12*math.Sin(6*s)
			}
		}
	}
}

func zoom(seed uint64) scene {
	r := rand.New(rand.NewPCG(seed, 5))
	l := newLattice(r, 64)
	return func(t float64, img []float64) { texture(l, img, 0.2*t, 0, math.Exp(-t/350), 170) }
}

// rain falls fast before a fixed texture; snow is slower and drifts.
func drops(seed uint64, n int, speed, length, level float64) scene {
	r := rand.New(rand.NewPCG(seed, 6))
	l := newLattice(r, 64)
	type drop struct{ x, y, v, w float64 }
	ds := make([]drop, n)
	for i := range ds {
		ds[i] = drop{r.Float64() * testW, r.Float64() * 1e4, speed * (0.7 + 0.6*r.Float64()), r.Float64()}
	}
	return func(t float64, img []float64) {
		texture(l, img, 0, 0, 1, 110)
		for _, d := range ds {
			fall := d.y + d.v*t
			lap := math.Floor(fall / (testH + 20))
			y0 := fall - lap*(testH+20) - 10
			x := math.Mod(d.x+57.3*lap*(1+d.w), testW) + 3*math.Sin(t*0.07+d.w*9)
			for k := 0.0; k < length; k++ {
				xi, yi := int(x), int(y0-k)
				if xi >= 0 && xi < testW-1 && yi >= 0 && yi < testH {
					img[yi*testW+xi] = 0.4*img[yi*testW+xi] + 0.6*level
					img[yi*testW+xi+1] = 0.6*img[yi*testW+xi+1] + 0.4*level
				}
			}
		}
	}
}

// pendulum swings; every half swing has its own duration and reach, which
// deviate by the jitter (0 = exact).
func pendulum(seed uint64, period, jitter float64) scene {
	r := rand.New(rand.NewPCG(seed, 7))
	l := newLattice(r, 64)
	ends, reach := []float64{0}, []float64{1}
	for range 400 {
		ends = append(ends, ends[len(ends)-1]+period/2*math.Max(0.5, 1+jitter*r.NormFloat64()))
		reach = append(reach, math.Max(0.5, 1+jitter*r.NormFloat64()))
	}
	return func(t float64, img []float64) {
		texture(l, img, 0, 0, 1, 120)
		i := 0
		for i+2 < len(ends) && ends[i+1] <= t {
			i++
		}
		u := (t - ends[i]) / (ends[i+1] - ends[i])
		from, to := reach[i], -reach[i+1]
		if i%2 == 1 {
			from, to = -reach[i], reach[i+1]
		}
		x := (from+to)/2 + (from-to)/2*math.Cos(math.Pi*u)
		disc(img, testW/2+60*x, testH/2+12*(1-x*x), 20, 220)
	}
}

func fadeIn(s scene, from, to float64) scene {
	return func(t float64, img []float64) {
		s(t, img)
		g := math.Max(0, math.Min(1, (t-from)/(to-from)))
		for i := range img {
			img[i] = 16 + (img[i]-16)*g
		}
	}
}

func cutTo(parts []scene, each float64) scene {
	return func(t float64, img []float64) { parts[int(t/each)%len(parts)](t, img) }
}
