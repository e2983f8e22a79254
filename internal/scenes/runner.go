package scenes

import "math"

// runner: a figure runs in place while near ground and far hills scroll past
// at two speeds. The gait has a period that wanders; the landscape has none.
type runner struct {
	dir, speed                float64
	sky, hill, ground, shirt  RGB
	stripe                    float64
	far, near, soil, gaitWalk noise
	gait                      float64
}

func newRunner(r rng) painter {
	hue := r.between(0, 1)
	return &runner{
		dir: float64(r.sign()), speed: r.between(0.20, 0.45),
		sky:    hsv(r.between(0.5, 0.68), r.between(0.25, 0.5), r.between(0.8, 0.95)),
		hill:   hsv(r.between(0.25, 0.45), r.between(0.2, 0.4), r.between(0.45, 0.6)),
		ground: hsv(r.between(0.06, 0.28), r.between(0.4, 0.7), r.between(0.5, 0.7)),
		shirt:  hsv(hue, 0.8, 0.9), stripe: r.between(5, 9),
		far: r.noise(), near: r.noise(), soil: r.noise(), gaitWalk: r.noise(), gait: r.between(1.3, 1.9),
	}
}

func (s *runner) factors() Factors {
	return Factors{Direction: -int(s.dir), Speed: s.speed, Palette: []RGB{s.sky, s.hill, s.ground, s.shirt}, Texture: s.stripe}
}

func (s *runner) paint(t int, c *canvas) {
	sec := float64(t) / FPS
	way := s.dir * s.speed * sec
	for x := range c.n {
		px := c.at(x)
		p1, p2 := px+0.4*way, px+way
		far := 0.40 + 0.10*s.far.at(3*p1) + 0.03*s.far.at(9*p1+50)
		near := 0.68 + 0.05*s.near.at(3.5*p2)
		tone := 0.5 + 0.5*s.soil.at(s.stripe*p2)
		ground := mix(s.ground, RGB{0.12, 0.1, 0.06}, 0.75*tone)
		hill := mix(s.hill, s.sky, 0.25+0.25*s.far.at(5*p1+9))
		for y := range c.n {
			py := c.at(y)
			i := y*c.n + x
			c.pix[i] = mix(s.sky, RGB{1, 1, 1}, 0.5*py)
			c.blend(i, hill, step(far-c.px(), far+c.px(), py))
			c.blend(i, ground, step(near-c.px(), near+c.px(), py))
		}
	}
	// The figure leans forward; legs and arms swing in antiphase.
	a := 2 * math.Pi * (s.gait*sec + 0.35*s.gaitWalk.at(sec/2))
	hip := 0.62 - 0.015*math.Abs(math.Sin(a))
	dark := mix(s.shirt, RGB{0.05, 0.05, 0.1}, 0.75)
	for _, side := range []float64{1, -1} {
		swing := 0.7 * side * math.Sin(a)
		c.ellipse(0.5+s.dir*0.075*math.Sin(swing), hip+0.085*math.Cos(swing), 0.028, 0.095, -s.dir*swing, dark, 1)
	}
	c.ellipse(0.5, hip-0.11, 0.055, 0.115, s.dir*0.25, s.shirt, 1)
	c.ellipse(0.5+s.dir*0.045, hip-0.265, 0.05, 0.055, 0, RGB{0.85, 0.65, 0.5}, 1)
}
