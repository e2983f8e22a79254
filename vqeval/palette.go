package vqeval

import (
	"math"
	"slices"
)

// palette are the tones and colours of the parts of a frame, each in order of size: what is
// there, wherever it is.
type palette struct {
	parts [3][tiles]float64 // luma, Cb, Cr
	mean  [3]float64        // red, green, blue
}

func (c *clip) palette(t int) *palette {
	p := &palette{parts: [3][tiles]float64{c.light.level[t]}}
	var cb, cr float64
	if c.src.Tones != nil {
		for i := range tiles {
			p.parts[1][i] = float64(c.src.Tones[t].Cb[i]) / 64
			p.parts[2][i] = float64(c.src.Tones[t].Cr[i]) / 64
			cb += p.parts[1][i] / tiles
			cr += p.parts[2][i] / tiles
		}
	}
	y := mean(p.parts[0][:])
	p.mean = [3]float64{y + 1.402*cr, y - 0.344136*cb - 0.714136*cr, y + 1.772*cb}
	for k := range p.parts {
		slices.Sort(p.parts[k][:])
	}
	return p
}

// from is how far the parts of two frames are from each other where each is paired with that of
// its rank, in levels, and how far the mean of a channel goes.
func (p *palette) from(o *palette) (parts, mean float64) {
	for k, weight := range [...]float64{1, paletteChroma, paletteChroma} {
		var sum float64
		for i, v := range p.parts[k] {
			sum += math.Abs(v - o.parts[k][i])
		}
		parts = max(parts, weight*sum/tiles)
		mean = max(mean, math.Abs(p.mean[k]-o.mean[k]))
	}
	return parts, mean
}

// otherColours is above 1 where the frames before and from t show two scenes by their colours
// and tones: what moves within a scene takes most of them along, and where the motion around the
// step makes up for it in so many frames, they may change by as much as that motion changes them.
func (c *clip) otherColours(s stepSides) float64 {
	least, direct, step := math.Inf(1), 0.0, 0.0
	for i, u := range s.before {
		p := c.palette(u)
		for j, v := range s.after {
			parts, mean := p.from(c.palette(v))
			least = min(least, parts)
			if i == 0 && j == 0 {
				direct, step = parts, mean
			}
		}
	}
	other := math.Sqrt(least*step) / paletteLevels
	if other <= paletteMoves {
		return other
	}
	var passedParts, passedMean float64
	for _, p := range s.passed() {
		parts, mean := c.palette(p[0]).from(c.palette(p[1]))
		passedParts, passedMean = max(passedParts, parts), max(passedMean, mean)
	}
	passes := palettePasses * max(direct/max(1e-9, passedParts), step/max(1e-9, passedMean))
	return min(other, max(paletteMoves, passes*(1-paletteParts*c.parts(s.at, s.size))))
}

// parts is how surely the content goes on apart beyond the step at t, 0..1: what some frames are
// missing of is farther apart the farther the frames on both sides are, and two scenes are not.
func (c *clip) parts(t int, step float64) float64 {
	var sum, n float64
	for i := range partsFrames + 1 {
		if u, v := t-1-i, t+partsFrames-i; u >= 0 && v < c.n && c.d.has(u, v) {
			sum, n = sum+c.d.at(u, v), n+1
		}
	}
	if n == 0 {
		return 0
	}
	return clamp01((sum/n/step - partsFree) / (partsSure - partsFree))
}
