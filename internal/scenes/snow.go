package scenes

// snow: flakes fall with one wind over a dark field; a flake that leaves the
// frame comes back elsewhere, at another size, so that nothing repeats.
type snow struct {
	wind, speed        float64
	night, field, pine RGB
	flakes             [10]flake
	hill, gust         noise
}

type flake struct {
	seed         noise
	phase, depth float64
}

func newSnow(r rng) painter {
	hue := r.between(0.55, 0.85)
	s := &snow{
		wind: float64(r.sign()) * r.between(0.25, 0.6), speed: r.between(0.28, 0.5),
		night: hsv(hue, r.between(0.4, 0.7), r.between(0.25, 0.4)),
		field: hsv(hue+r.between(-0.05, 0.05), r.between(0.1, 0.25), r.between(0.5, 0.7)),
		pine:  hsv(r.between(0.3, 0.5), 0.4, r.between(0.1, 0.2)),
		hill:  r.noise(), gust: r.noise(),
	}
	for i := range s.flakes {
		s.flakes[i] = flake{r.noise(), r.between(0, 1), r.between(0.7, 1.3)}
	}
	return s
}

func (s *snow) factors() Factors {
	d := 1
	if s.wind < 0 {
		d = -1
	}
	return Factors{Direction: d, Speed: s.speed, Palette: []RGB{s.night, s.field, s.pine}}
}

func (s *snow) paint(t int, c *canvas) {
	sec := float64(t) / FPS
	for x := range c.n {
		ridge := 0.70 + 0.06*s.hill.at(3*c.at(x))
		trees := ridge - 0.10 - 0.07*s.hill.at(11*c.at(x)+40)
		for y := range c.n {
			py := c.at(y)
			i := y*c.n + x
			c.pix[i] = mix(s.night, s.field, 0.35*py)
			c.blend(i, s.pine, step(trees-c.px(), trees+c.px(), py))
			c.blend(i, s.field, step(ridge-c.px(), ridge+c.px(), py))
		}
	}
	drift := s.wind*s.speed*sec + 0.05*s.gust.at(sec/1.5)
	for _, f := range s.flakes {
		// One fall is 1.2 frame heights; every fall starts from a new place.
		way := f.phase + s.speed*f.depth*sec/1.2
		fall := int64(way)
		y := 1.2*(way-float64(fall)) - 0.1
		x := 0.5 + 0.65*f.seed.lattice(fall) + f.depth*drift
		x -= float64(floor((x+0.1)/1.2)) * 1.2
		r := 0.040 * (1 + 0.35*f.seed.lattice(fall+1<<20)) * f.depth
		c.ellipse(x, y, r, r, 0, RGB{0.96, 0.97, 1}, 1)
	}
}

func floor(x float64) int64 {
	i := int64(x)
	if float64(i) > x {
		i--
	}
	return i
}
