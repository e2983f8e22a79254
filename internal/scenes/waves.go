package scenes

import "math"

// waves: three travelling waves with the dispersion of deep water, seen in
// perspective; each one's phase and height wander, so that the sea never
// comes back to where it was.
type waves struct {
	dir              int
	speed            float64
	deep, crest, sky RGB
	horizon          float64
	trains           [3]train
}

type train struct {
	kx, ky, omega float64
	phase, height noise
}

func newWaves(r rng) painter {
	s := &waves{
		dir: r.sign(), speed: r.between(0.8, 1.4), horizon: r.between(0.24, 0.36),
		deep:  hsv(r.between(0.48, 0.66), r.between(0.6, 0.85), r.between(0.35, 0.5)),
		crest: hsv(r.between(0.42, 0.6), r.between(0.1, 0.35), r.between(0.8, 0.95)),
		sky:   hsv(r.between(0.0, 1), r.between(0.15, 0.45), r.between(0.75, 0.95)),
	}
	for i := range s.trains {
		k := 5 + 3*float64(i) + r.between(-1, 1)
		angle := r.between(0.45, 1.05) // from straight towards the viewer
		s.trains[i] = train{
			kx: k * math.Sin(angle) * float64(s.dir), ky: 1.4 * k * math.Cos(angle),
			omega: s.speed * 1.3 * math.Sqrt(k), phase: r.noise(), height: r.noise(),
		}
	}
	return s
}

func (s *waves) factors() Factors {
	return Factors{Direction: s.dir, Speed: s.speed, Palette: []RGB{s.deep, s.crest, s.sky}, Texture: s.horizon}
}

func (s *waves) paint(t int, c *canvas) {
	sec := float64(t) / FPS
	var phase, height [len(s.trains)]float64
	for i, w := range s.trains {
		phase[i] = -w.omega*sec + 2.2*w.phase.at(sec/1.7)
		height[i] = (0.55 + 0.45*w.height.at(sec/2.3)) / float64(1+i/2)
	}
	for y := range c.n {
		py := c.at(y)
		sea := step(s.horizon-c.px(), s.horizon+c.px(), py)
		depth := math.Max(0, py-s.horizon)
		near := 0.7 + 0.5*depth // crests grow towards the viewer
		for x := range c.n {
			px := c.at(x)
			i := y*c.n + x
			c.pix[i] = mix(s.sky, RGB{1, 1, 1}, 0.6*py/s.horizon)
			if sea == 0 {
				continue
			}
			z := 0.0
			for j, w := range s.trains {
				z += height[j] * math.Sin((w.kx*(px-0.5)+w.ky*depth)/near+phase[j])
			}
			c.blend(i, mix(s.deep, s.crest, step(-1.4, 2, z)), sea)
		}
	}
}
