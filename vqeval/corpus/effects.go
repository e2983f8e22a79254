package corpus

import (
	"math"
	"math/rand/v2"
)

// gain multiplies every level by a factor of time.
func gain(k func(i int) float64) effect {
	return func(i int, im *Image) {
		f := float32(k(i))
		if f == 1 {
			return
		}
		for j := range im.Pix {
			im.Pix[j] *= f
		}
	}
}

// localGain is gain inside a soft disc.
func localGain(box [4]float64, k func(i int) float64) effect {
	var lit *Image
	return func(i int, im *Image) {
		if lit == nil {
			lit = newImage(im.W, im.H)
		}
		f := float32(k(i))
		for j, v := range im.Pix {
			lit.Pix[j] = v * f
		}
		cover(im, lit, box, true)
	}
}

// saturation moves every colour away from (above 1) or to its grey.
func saturation(k func(i int) float64) effect {
	return func(i int, im *Image) {
		f := float32(k(i))
		for j := 0; j < len(im.Pix); j += 3 {
			p := im.Pix[j : j+3]
			g := 0.299*p[0] + 0.587*p[1] + 0.114*p[2]
			for c := range p {
				p[c] = g + (p[c]-g)*f
			}
		}
	}
}

// cast multiplies the channels by factors of time, keeping the sum of a grey.
func cast(k func(i int) float64, r, g, b float64) effect {
	return func(i int, im *Image) {
		a := k(i)
		f := rgb{float32(1 + a*r), float32(1 + a*g), float32(1 + a*b)}
		for j := 0; j < len(im.Pix); j += 3 {
			for c := range 3 {
				im.Pix[j+c] *= f[c]
			}
		}
	}
}

// hue turns colours about the grey axis, in turns.
func hue(k func(i int) float64) effect {
	return func(i int, im *Image) {
		s64, c64 := math.Sincos(2 * math.Pi * k(i))
		s, c := float32(s64)*0.57735, float32(c64)
		for j := 0; j < len(im.Pix); j += 3 {
			p := im.Pix[j : j+3]
			m := (p[0] + p[1] + p[2]) / 3 * (1 - c)
			p[0], p[1], p[2] = m+c*p[0]+s*(p[2]-p[1]), m+c*p[1]+s*(p[0]-p[2]), m+c*p[2]+s*(p[1]-p[0])
		}
	}
}

// shift moves the picture by shares of its width and height; it is enlarged a
// little, so that no border comes into view.
func shift(enlarge float64, by func(i int) (dx, dy float64)) effect {
	return look(func(i int) (float64, float64, float64) {
		dx, dy := by(i)
		return enlarge, dx, dy
	})
}

// look is a camera over the picture: it enlarges about the middle and shows what is dx, dy
// of the frame beside it.
func look(at func(i int) (enlarge, dx, dy float64)) effect {
	var src *Image
	return func(i int, im *Image) {
		if src == nil {
			src = newImage(im.W, im.H)
		}
		copy(src.Pix, im.Pix)
		enlarge, dx, dy := at(i)
		cx, cy := float64(im.W-1)/2, float64(im.H-1)/2
		for y := range im.H {
			for x := range im.W {
				u := (float64(x)-cx)/enlarge + cx + dx*float64(im.W)
				v := (float64(y)-cy)/enlarge + cy + dy*float64(im.H)
				for c := range 3 {
					im.Pix[3*(y*im.W+x)+c] = src.sample(u, v, c)
				}
			}
		}
	}
}

// blur is a Gaussian of a deviation in units.
func blur(sigma func(i int) float64) effect {
	var tmp []float32
	return func(i int, im *Image) {
		s := sigma(i) * float64(im.unit())
		if s < 0.05 {
			return
		}
		if tmp == nil {
			tmp = make([]float32, len(im.Pix))
		}
		var k []float32
		var sum float32
		for d := 0; d <= int(3*s)+1; d++ {
			v := float32(math.Exp(-float64(d*d) / (2 * s * s)))
			k = append(k, v)
			if sum += v; d > 0 {
				sum += v
			}
		}
		for d := range k {
			k[d] /= sum
		}
		convolve(tmp, im.Pix, k, im.W, im.H, 3, 3*im.W)
		convolve(im.Pix, tmp, k, im.H, im.W, 3*im.W, 3)
	}
}

// convolve runs a symmetric kernel along lines of n pixels that are step apart;
// lines are pitch apart.
func convolve(dst, src, k []float32, n, lines, step, pitch int) {
	for l := range lines {
		for x := range n {
			for c := range 3 {
				at := l*pitch + c
				s := k[0] * src[at+x*step]
				for d := 1; d < len(k); d++ {
					s += k[d] * (src[at+max(0, x-d)*step] + src[at+min(n-1, x+d)*step])
				}
				dst[at+x*step] = s
			}
		}
	}
}

// shimmer is what a decoder leaves of a latent that stands still: residual
// fields that come round every stride frames, and a little that is fresh.
func shimmer(r *rand.Rand, from, stride int, sigma float64) effect {
	var fields [][]float32
	g := newGrain(r)
	return func(i int, im *Image) {
		if fields == nil {
			for range stride {
				fields = append(fields, residual(r, im.W, im.H))
			}
		}
		if i < from {
			return
		}
		f, s := fields[i%stride], float32(sigma)
		for y := range im.H {
			for x, v := range g.row(im.W) {
				d := s * (f[y*im.W+x] + 0.25*v)
				p := im.Pix[3*(y*im.W+x):][:3]
				p[0] += d
				p[1] += d
				p[2] += d
			}
		}
	}
}

// residual is noise of unit deviation with features of a few pixels.
func residual(r *rand.Rand, w, h int) []float32 {
	n := newNoise(r)
	f := make([]float32, w*h)
	var sum float64
	for i := range f {
		f[i] = n.at(float32(i%w)/3.1, float32(i/w)/3.1)
		sum += float64(f[i]) * float64(f[i])
	}
	k := float32(1 / math.Sqrt(sum/float64(len(f))))
	for i := range f {
		f[i] *= k
	}
	return f
}

// toward mixes every pixel with one colour; 1 is all of it.
func toward(c rgb, k func(i int) float64) effect {
	return func(i int, im *Image) {
		a := clamp01(float32(k(i)))
		if a == 0 {
			return
		}
		for j := 0; j < len(im.Pix); j += 3 {
			for d := range 3 {
				im.Pix[j+d] += (c[d] - im.Pix[j+d]) * a
			}
		}
	}
}

// ramp goes from 0 at frame a to 1 at frame b.
func ramp(a, b int) func(i int) float64 {
	return func(i int) float64 {
		return math.Max(0, math.Min(1, float64(i-a)/float64(max(1, b-a))))
	}
}

// letterbox blackens bars above and below.
func letterbox(share float64) effect {
	return func(_ int, im *Image) {
		n := 3 * im.W * int(share*float64(im.H))
		clear(im.Pix[:n])
		clear(im.Pix[len(im.Pix)-n:])
	}
}

// logo burns a mark into a corner; caption burns lines of letters in, changed
// every hold frames (0 = never).
func logo(c rgb) effect {
	return func(_ int, im *Image) {
		hw, hh := im.half()
		x, y := hw-18, -hh+14
		im.disc(x, y, 9, c, 0)
		im.box(x-13, y-2, x+13, y+2, rgb{250, 250, 250})
	}
}

func caption(seed uint64, hold int) effect {
	return func(i int, im *Image) {
		part := 0
		if hold > 0 {
			part = i / hold
		}
		_, hh := im.half()
		for k := range 16 {
			x := -62 + 8*float32(k)
			if chance(seed, part, k) < 0.2 {
				continue
			}
			for d := range 9 {
				if chance(seed+1, part*50+k, d) < 0.55 {
					px, py := x+2*float32(d%3), hh-20+3*float32(d/3)
					im.box(px-0.5, py-0.5, px+2.5, py+3.5, rgb{10, 10, 10})
					im.box(px, py, px+2, py+3, rgb{250, 250, 250})
				}
			}
		}
	}
}
