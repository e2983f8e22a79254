package scenes

// room: nothing acts, but the light does: the sky in the window brightens and
// dims, a curtain stirs, and the patch of light on the floor wanders with it.
type room struct {
	wall, floor, sky, curtain RGB
	wx                        float64
	side                      float64
	light, sway, sway2, sun   noise
}

func newRoom(r rng) painter {
	return &room{
		wall:    hsv(r.between(0, 1), r.between(0.12, 0.35), r.between(0.45, 0.6)),
		floor:   hsv(r.between(0.04, 0.1), r.between(0.4, 0.6), r.between(0.3, 0.42)),
		sky:     hsv(r.between(0.52, 0.62), r.between(0.15, 0.4), 0.95),
		curtain: hsv(r.between(0, 1), r.between(0.4, 0.7), r.between(0.5, 0.7)),
		wx:      r.between(0.40, 0.60), side: float64(r.sign()),
		light: r.noise(), sway: r.noise(), sway2: r.noise(), sun: r.noise(),
	}
}

func (s *room) factors() Factors {
	return Factors{Palette: []RGB{s.wall, s.floor, s.sky, s.curtain}, Texture: s.wx}
}

func (s *room) paint(t int, c *canvas) {
	sec := float64(t) / FPS
	light := 0.55 + 0.45*s.light.at(sec/1.6)
	patch := s.wx + 0.16*s.sun.at(sec/1.9)
	wide := 0.30 + 0.10*s.sway2.at(sec/1.3+7)
	const top, bottom, half, skirting = 0.14, 0.54, 0.20, 0.68
	e := c.px()
	for y := range c.n {
		py := c.at(y)
		// The curtain hangs on one side and stirs more towards its hem.
		hem := wide*0.6 + 0.10*s.sway.at(sec/1.1)*step(top, bottom+0.1, py)
		for x := range c.n {
			px := c.at(x)
			i := y*c.n + x
			shade := 0.62 + 0.38*light*step(0.9, 0.1, abs(px-s.wx))
			base := mix(s.wall, s.floor, step(skirting-e, skirting+e, py))
			for k := range base {
				base[k] *= shade
			}
			c.pix[i] = base
			in := step(half+e, half-e, abs(px-s.wx)) * step(top-e, top+e, py) * step(bottom+e, bottom-e, py)
			c.blend(i, mix(RGB{0.12, 0.14, 0.25}, s.sky, light), in)
			spot := step(0.17, 0.13, abs(px-patch-0.5*(py-0.84))) * step(0.74, 0.77, py) * step(0.95, 0.92, py)
			c.blend(i, RGB{1, 0.95, 0.8}, 0.75*light*spot)
			edge := s.wx + s.side*(half+0.04)
			inner := (edge - px) * s.side
			cloth := step(-0.05-e, -0.05+e, inner) * step(hem+e, hem-e, inner) * step(top-0.06-e, top-0.06+e, py) * step(bottom+0.1+e, bottom+0.1-e, py)
			c.blend(i, mix(RGB{}, s.curtain, 0.55+0.45*light), cloth)
		}
	}
}

func abs(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}
