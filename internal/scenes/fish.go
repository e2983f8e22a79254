package scenes

import "math"

// fish: three fish on smooth random paths in water with wandering light.
type fish struct {
	water, floor RGB
	speed        float64
	school       [3]swimmer
	light        [2]noise
	texture      float64
}

type swimmer struct {
	x, y   noise
	colour RGB
	size   float64
}

func newFish(r rng) painter {
	hue := r.between(0.45, 0.68)
	s := &fish{
		water: hsv(hue, r.between(0.6, 0.9), r.between(0.45, 0.65)),
		floor: hsv(r.between(0.05, 0.16), r.between(0.3, 0.5), r.between(0.35, 0.55)),
		speed: r.between(0.45, 0.75), texture: r.between(2.5, 4.5),
		light: [2]noise{r.noise(), r.noise()},
	}
	for i := range s.school {
		s.school[i] = swimmer{r.noise(), r.noise(), hsv(r.between(-0.08, 0.2), r.between(0.7, 0.95), r.between(0.85, 1)), r.between(0.085, 0.12)}
	}
	return s
}

func (s *fish) factors() Factors {
	p := []RGB{s.water, s.floor}
	for _, f := range s.school {
		p = append(p, f.colour)
	}
	return Factors{Speed: s.speed, Palette: p, Texture: s.texture}
}

func (s *fish) paint(t int, c *canvas) {
	sec := float64(t) / FPS
	for x := range c.n {
		px := c.at(x)
		ray := 0.5 + 0.5*s.light[0].at(s.texture*px+0.35*sec)*s.light[1].at(s.texture*0.7*px-0.25*sec+30)
		for y := range c.n {
			py := c.at(y)
			i := y*c.n + x
			lit := mix(s.water, RGB{0.9, 1, 1}, 0.45*ray*(1-py))
			c.pix[i] = mix(lit, RGB{0.02, 0.06, 0.15}, 0.55*py)
			c.blend(i, s.floor, step(0.88-c.px(), 0.90+c.px(), py))
		}
	}
	for i, f := range s.school {
		pos := func(t float64) (float64, float64) {
			return 0.5 + 0.42*f.x.at(s.speed*t), 0.18 + 0.24*float64(i) + 0.14*f.y.at(1.1*s.speed*t)
		}
		x, y := pos(sec)
		x2, y2 := pos(sec + 0.25)
		// Heading turns smoothly through the slow points of the path.
		h := (x2 - x) / 0.03
		facing := h / math.Sqrt(1+h*h)
		tilt := math.Max(-0.5, math.Min(0.5, 3*(y2-y)))
		if facing < 0 {
			tilt = -tilt
		}
		body := f.size * (0.6 + 0.4*math.Abs(facing))
		c.ellipse(x-facing*1.15*f.size, y-facing*1.15*f.size*math.Tan(tilt), 0.45*f.size, 0.5*f.size, tilt, mix(f.colour, RGB{}, 0.3), 1)
		c.ellipse(x, y, body, 0.55*f.size, tilt, f.colour, 1)
		c.ellipse(x+facing*0.55*f.size, y-0.1*f.size, 0.15*f.size, 0.15*f.size, 0, RGB{0.05, 0.05, 0.08}, 1)
	}
}
