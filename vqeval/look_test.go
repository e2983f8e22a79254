package vqeval

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// rect is a part of the picture in shares of it.
type rect struct{ x0, y0, x1, y1 float64 }

// within bends time inside a part of the picture only.
func within(s scene, r rect, time func(t float64) float64) scene {
	other := make([]float64, testW*testH)
	return func(t float64, img []float64) {
		s(t, img)
		s(time(t), other)
		for y := int(r.y0 * testH); y < int(r.y1*testH); y++ {
			a, b := y*testW+int(r.x0*testW), y*testW+int(r.x1*testW)
			copy(img[a:b], other[a:b])
		}
	}
}

// lit multiplies the picture, or a part of it, by a gain per frame.
func lit(s scene, r rect, gain func(t float64) float64) scene {
	return func(t float64, img []float64) {
		s(t, img)
		for y := int(r.y0 * testH); y < int(r.y1*testH); y++ {
			for x := int(r.x0 * testW); x < int(r.x1*testW); x++ {
				img[y*testW+x] *= gain(t)
			}
		}
	}
}

var whole = rect{0, 0, 1, 1}

// drawn renders a scene at analysis size without a codec.
func drawn(n int, fps float64, s scene) *Source {
	src := &Source{Width: 104, Height: 60, Meta: VideoMeta{FPS: fps, Width: 416, Height: 240}}
	img := make([]float64, testW*testH)
	for t := range n {
		s(float64(t), img)
		l := make([]byte, 104*60)
		for y := range 60 {
			for x := range 104 {
				i := 2*y*testW + 2*x
				l[y*104+x] = byte(math.Max(0, math.Min(255, math.Round((img[i]+img[i+1]+img[i+testW]+img[i+testW+1])/4))))
			}
		}
		src.Luma = append(src.Luma, l)
	}
	return src
}

// bare is a clip of one shot for detectors that do not look at its motion.
func bare(s *Source) *clip {
	c := &clip{src: s, n: len(s.Luma), second: s.second(), p: newPlanes(s, false), light: newLight(s)}
	c.raw, c.shots, c.d = withMean(c.p), []shot{{0, c.n}}, &selfsim{n: c.n, lags: c.n - 1}
	return c
}

// strongest is the event of the largest severity.
func strongest(events []event) (best event) {
	for _, e := range events {
		if e.severity > best.severity {
			best = e
		}
	}
	return best
}

func TestUnpackInvertsPack(t *testing.T) {
	in, out, words := make([]uint16, 16), make([]uint16, 16), make([]uint64, 4)
	for i := range in {
		in[i] = uint16(i * 2047)
	}
	pack(words, in)
	unpack(out, words)
	for i := range in {
		if in[i] != out[i] {
			t.Fatalf("sample %d: %d became %d", i, in[i], out[i])
		}
	}
}

func TestGroupedIsTheMean(t *testing.T) {
	p := (&planes{w: 16, h: 12, words: 48}).like(8)
	v := make([]uint16, 192)
	want := make([]int, 192)
	for f := range 8 {
		for i := range v {
			v[i] = uint16((i*977 + f*8191) % (1 << 15))
			if f >= 4 {
				want[i] += int(v[i])
			}
		}
		pack(p.plane(f), v)
	}
	g := grouped(p)
	unpack(v, g.plane(1))
	for i, s := range v {
		if int(s) != want[i]/4 {
			t.Fatalf("sample %d is %d, want %d", i, s, want[i]/4)
		}
	}
}

func TestLargestPatchAndBox(t *testing.T) {
	g := grid{13, 10}
	in := make([]bool, g.blocks())
	for y := 2; y < 6; y++ {
		for x := 9; x < 13; x++ {
			in[y*13+x] = true
		}
	}
	in[9*13], in[6*13+8] = true, true // alone, and by a corner only
	patch, n := g.largest(in)
	if n != 16 || patch[9*13] || patch[6*13+8] {
		t.Errorf("%d blocks, %v", n, patch)
	}
	if b := g.box(patch, VideoMeta{Width: 832, Height: 480}, 104, 60); b[0] != 576 || b[1] != 96 || b[2] != 832 || b[3] != 288 {
		t.Errorf("box %v", b)
	}
}

// A part that freezes keeps what it shows; one that stands still since everything has left
// it has not frozen.
func TestRegionFreezeKeepsWhatItShows(t *testing.T) {
	r := rect{.5, 0, 1, 1}
	frozen := within(flow(3), r, func(t float64) float64 { return min(t, 45) })
	empty := func(t float64, img []float64) {
		flow(3)(t, img)
		left := clamp01((t - 29) / 16)
		for i := range img {
			if x := i % testW; x >= testW/2 {
				img[i] += left * (120 + 4*math.Sin(float64(x)*0.1) - img[i])
			}
		}
	}
	if e := strongest(regionFreezeEvents(bare(drawn(96, 16, frozen)), nil)); e.severity < 0.6 {
		t.Errorf("frozen: %.2f", e.severity)
	}
	if e := strongest(regionFreezeEvents(bare(drawn(96, 16, empty)), nil)); e.severity >= 0.3 {
		t.Errorf("empty: %.2f", e.severity)
	}
}

func TestRegionFreezeHasPlaceAndTime(t *testing.T) {
	live := flow(3)
	r := rect{.5, 0, 1, 1}
	e := strongest(regionFreezeEvents(bare(drawn(96, 16, within(live, r, func(t float64) float64 { return min(t, 45) }))), nil))
	if e.severity < 0.5 || e.from < 43 || e.from > 47 || e.to != 96 {
		t.Errorf("frames %d-%d, severity %.2f", e.from, e.to, e.severity)
	}
	if b := e.detail.Box; len(b) != 4 || b[0] < 160 || b[0] > 256 || b[1] > 24 || b[2] != 416 || b[3] < 216 {
		t.Errorf("box %v", e.detail.Box)
	}
	if a := e.detail.Area; a < 0.35 || a > 0.6 {
		t.Errorf("area %.2f", a)
	}
	if e := strongest(regionFreezeEvents(bare(drawn(96, 16, live)), nil)); e.severity >= 0.5 {
		t.Errorf("live: %.2f", e.severity)
	}
}

func TestRegionLoopHasPlaceAndPeriod(t *testing.T) {
	live := flow(4)
	lap := within(live, rect{0, 0, .5, 1}, func(t float64) float64 { return math.Mod(t, 19) })
	e := strongest(regionLoopEvents(bare(drawn(96, 16, lap)), nil))
	if e.severity < 0.5 || e.detail.PeriodFrames != 19 {
		t.Errorf("period %d, severity %.2f", e.detail.PeriodFrames, e.severity)
	}
	if b := e.detail.Box; len(b) != 4 || b[0] > 32 || b[2] < 160 || b[2] > 256 {
		t.Errorf("box %v", e.detail.Box)
	}
	if e := strongest(regionLoopEvents(bare(drawn(96, 16, live)), nil)); e.severity >= 0.5 {
		t.Errorf("live: %.2f", e.severity)
	}
}

func TestFlickerIsLightNotMotion(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	gain := make([]float64, 96)
	for i := range gain {
		gain[i] = 1 + 0.03*(2*r.Float64()-1)
	}
	white := func(t float64) float64 { return gain[int(t)] }
	severity := func(s scene) float64 { return strongest(flickerEvents(bare(drawn(96, 24, s)), nil)).severity }
	live := pan(6, 1)
	if v := severity(lit(live, whole, white)); v < 0.5 {
		t.Errorf("white gain: %.2f", v)
	}
	if v := severity(lit(live, whole, func(t float64) float64 { return 1 + 0.02*math.Sin(2*math.Pi*6*t/24) })); v < 0.5 {
		t.Errorf("6 Hz: %.2f", v)
	}
	local := strongest(flickerEvents(bare(drawn(96, 24, lit(live, rect{.5, .5, 1, 1}, white))), nil))
	if local.severity < 0.5 || len(local.detail.Box) != 4 || local.detail.Box[0] < 150 || local.detail.Box[1] < 70 {
		t.Errorf("local: %.2f in %v", local.severity, local.detail.Box)
	}
	// Half of the frame ripples clearly enough for all of it to be found, and is a part nevertheless.
	strong := func(t float64) float64 { return 2*white(t) - 1 }
	half := strongest(flickerEvents(bare(drawn(96, 24, lit(live, rect{0, 0, .5, 1}, strong))), nil))
	if half.severity < 0.5 || math.Abs(half.detail.Area-0.5) > 0.13 {
		t.Errorf("half: %.2f of %.2f in %v", half.severity, half.detail.Area, half.detail.Box)
	}
	for name, s := range map[string]scene{
		"live": live, "drops": drops(2, 220, 14, 8, 230), "fade": fadeIn(live, 0, 30),
		"lightning": lit(live, whole, func(t float64) float64 {
			if int(t) == 40 || int(t) == 43 {
				return 1.5
			}
			return 1
		}),
		"through black": lit(live, whole, func(t float64) float64 { return min(1, math.Abs(t-48)/12) }),
		"ramp":          lit(live, whole, func(t float64) float64 { return 1 + 0.3*t/96 }),
	} {
		if v := severity(s); v >= 0.5 {
			t.Errorf("%s: %.2f", name, v)
		}
	}
}

func TestDriftRunsAway(t *testing.T) {
	const n = 160
	r := rand.New(rand.NewPCG(4, 4))
	type look struct{ gain, cb, cr, saturation, contrast, detail float64 }
	// change alters the parts from which on (0 = all of them).
	severity := func(which int, change func(u float64, k *look)) event {
		at := func(u float64) look {
			k := look{1, 5, -3, 0.4, 300, 0.4}
			change(u, &k)
			return k
		}
		s := drawn(n, 16, lit(sprites(3, 4, 14), whole, func(t float64) float64 { return at(t / n).gain }))
		for i := range n {
			var l Tones
			for p := range tiles {
				k := look{1, 5, -3, 0.4, 300, 0.4}
				if p >= which {
					k = at(float64(i) / n)
				}
				l.Cb[p], l.Cr[p] = int16(64*(k.cb+r.NormFloat64()/2)), int16(64*(k.cr+r.NormFloat64()/2))
				l.Saturation[p] = uint16(65535 * k.saturation * (1 + 0.02*r.NormFloat64()))
				l.Near[p], l.Far[p] = int16(1024*math.Log(k.contrast*k.detail)), int16(1024*math.Log(k.contrast))
				if k.detail == 0 {
					l.Near[p], l.Far[p] = unseen, unseen
				}
			}
			s.Look = append(s.Look, Look{Luma: 100, Contrast: math.Sqrt(at(float64(i)/n).contrast) * 3})
			s.Tones = append(s.Tones, l)
		}
		return strongest(driftEvents(bare(s), nil))
	}
	late := func(u float64) float64 { return max(0, (u-0.4)/0.6) }
	for _, c := range []struct {
		name, what string
		change     func(u float64, k *look)
	}{
		{"light", "exposure", func(u float64, k *look) { k.gain = 1 - 0.5*late(u) }},
		{"colour", "colour", func(u float64, k *look) { k.cb += 30 * late(u); k.cr += 12 * late(u) }},
		{"saturation", "colour", func(u float64, k *look) { k.saturation *= 1 + 0.8*late(u) }},
		{"detail", "detail", func(u float64, k *look) { k.detail *= math.Exp(-1.5 * late(u)) }},
		{"contrast", "exposure", func(u float64, k *look) { k.contrast *= math.Exp(-2 * late(u)) }},
		{"colour that ends early", "colour", func(u float64, k *look) { k.cb += 30 * min(1, 2*late(u)) }},
	} {
		if e := severity(0, c.change); e.severity < 0.5 || e.detail.What != c.what || e.from < 48 || e.from > 72 {
			t.Errorf("%s: %s %.2f from frame %d", c.name, e.detail.What, e.severity, e.from)
		}
	}
	for what, change := range map[string]func(u float64, k *look){
		"nothing":        func(float64, *look) {},
		"comes and goes": func(u float64, k *look) { k.cb += 30 * math.Sin(math.Pi*u) },
		"sunset":         func(u float64, k *look) { k.gain = 1 - 0.12*u },
		"unknown detail": func(_ float64, k *look) { k.detail = 0 },
	} {
		if e := severity(0, change); e.severity >= 0.5 {
			t.Errorf("%s: %s %.2f", what, e.detail.What, e.severity)
		}
	}
	// What changes in one part of the frame is what is seen there.
	if e := severity(tiles*3/5, func(u float64, k *look) { k.cb += 60 * late(u); k.saturation *= 1 + late(u) }); e.severity >= 0.5 {
		t.Errorf("two fifths of the frame: %s %.2f", e.detail.What, e.severity)
	}
}

func TestCameraOnly(t *testing.T) {
	l := newLattice(rand.New(rand.NewPCG(8, 8)), 64)
	move := func(t float64, img []float64) { texture(l, img, 0.9*t, 5*math.Sin(t/20), 1+0.002*t, 170) }
	ask := func(s scene) (bool, string) {
		c := bare(drawn(64, 16, s))
		return cameraOnly(c.p, c.shots, c.second, false)
	}
	if only, why := ask(move); !only || why != "" {
		t.Errorf("a pan with zoom: %v %s", only, why)
	}
	walker := func(t float64, img []float64) {
		move(t, img)
		disc(img, 40+1.5*t, 60, 16, 220)
	}
	if only, why := ask(walker); only || why != "" {
		t.Errorf("with a walker: %v %s", only, why)
	}
	if _, why := ask(func(_ float64, img []float64) { move(0, img) }); why == "" {
		t.Error("a still was assessed")
	}
}

func TestAffineIsFound(t *testing.T) {
	l := newLattice(rand.New(rand.NewPCG(5, 8)), 64)
	c := bare(drawn(2, 16, func(t float64, img []float64) { texture(l, img, 9*t, -4*t, 1+0.04*t, 170) }))
	m := register(pyramid(c.p, 0), pyramid(c.p, 1))
	// Content moves by -d/z in video samples, half of that at analysis size, and shrinks by z.
	want := affine{-4.5 / 1.04, 1/1.04 - 1, 0, 2 / 1.04, 0, 1/1.04 - 1}
	for i := range m {
		if tol := [...]float64{.1, .003, .003, .1, .003, .003}[i]; math.Abs(m[i]-want[i]) > tol {
			t.Errorf("parameter %d is %.4f, want %.4f", i, m[i], want[i])
		}
	}
}

func TestDetailSeesBlurNotContrast(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const w, h = 320, 24
	sharp := make([]byte, w*h)
	for i := range sharp { // texture, and an edge every 40 pixels
		sharp[i] = byte(100 + 60*float64(i/40%2) + 15*math.Sin(float64(i%w)/1.3) + 4*r.NormFloat64())
	}
	flat, blurred := make([]byte, w*h), make([]byte, w*h)
	for i, v := range sharp {
		flat[i] = 60 + v/2
		var sum int
		for k := -3; k <= 3; k++ {
			sum += int(sharp[max(0, min(w*h-1, i+k))])
		}
		blurred[i] = byte(sum / 7)
	}
	ratio := func(pix []byte) []float64 {
		var d Tones
		d.detail(pix, w)
		out := make([]float64, tiles)
		for i := range out {
			out[i] = (float64(d.Near[i]) - float64(d.Far[i])) / 2048
		}
		return out
	}
	a, b, c := ratio(sharp), ratio(flat), ratio(blurred)
	for i := range a {
		if math.Abs(a[i]-b[i]) > 0.05 {
			t.Errorf("tile %d: half the contrast: %.3f became %.3f", i, a[i], b[i])
		}
		if c[i] > a[i]-0.2 {
			t.Errorf("tile %d: blur: %.3f became %.3f", i, a[i], c[i])
		}
	}
	var black Tones
	black.detail(make([]byte, w*h), w)
	if black.Near[7] != unseen || black.Far[7] != unseen {
		t.Error("a black frame has a detail")
	}
}

// Hues turn however the colours differ; colours that others replace do not, nor does what
// has none.
func TestTurns(t *testing.T) {
	const n = 96
	r := rand.New(rand.NewPCG(5, 5))
	angle := make([]float64, tiles)
	for i := range angle {
		angle[i] = 2 * math.Pi * r.Float64()
	}
	turned := func(size float64, at func(u float64, tile int) float64) float64 {
		axis := func(part func(float64) float64) course {
			var v [n][tiles]float64
			for t := range v {
				for i := range tiles {
					v[t][i] = size*part(at(float64(t)/(n-1), i)) + 0.3*r.NormFloat64()
				}
			}
			return newCourse(n, tiles, driftSample, func(t, i int) float64 { return v[t][i] })
		}
		_, whole := turns(axis(math.Cos), axis(math.Sin))
		first, last := ends(whole)
		return last - first
	}
	if v := turned(30, func(u float64, i int) float64 { return angle[i] + 1.2*u }); v < 0.9 || v > 1.3 {
		t.Errorf("1.2 radians became %.2f", v)
	}
	if v := turned(30, func(u float64, i int) float64 { return angle[(i+int(7*u))%tiles] }); math.Abs(v) > 0.5 {
		t.Errorf("colours that change places turned by %.2f", v)
	}
	if v := turned(0, func(u float64, i int) float64 { return u }); math.Abs(v) > 0.1 {
		t.Errorf("grey turned by %.2f", v)
	}
}

// The coarse edges see a blur along either axis, also under grain, and no change of contrast.
func TestCoarseEdgesSeeBlurUnderGrain(t *testing.T) {
	const w, h = 104, 60
	r := rand.New(rand.NewPCG(6, 6))
	sharp := func(luma []byte) [2]float64 {
		twice, fourfold := coarseEdges([][]byte{luma}, w, h)
		return [2]float64{twice.sharpness(twice.sums(0), quarters), fourfold.sharpness(fourfold.sums(0), quarters)}
	}
	draw := func(gain float64, radius int) []byte {
		out := make([]byte, w*h)
		for y := range h {
			var v float64 // bars along the rows
			for d := -radius; d <= radius; d++ {
				v += float64((y+d+12)/6%2) / float64(2*radius+1)
			}
			for x := range w {
				out[y*w+x] = byte(math.Round(40 + gain*80*v + r.NormFloat64()))
			}
		}
		return out
	}
	last := sharp(draw(1, 0))
	coarseEdges([][]byte{make([]byte, 16*12)}, 16, 12) // the smallest frame has tiles without any
	for i, v := range sharp(draw(0.6, 0)) {
		if d := v - last[i]; math.Abs(d) > 0.06 {
			t.Errorf("less contrast: %.2f", d)
		}
	}
	for radius := 1; radius <= 2; radius++ {
		v := sharp(draw(1, radius))
		for i := range v {
			if v[i] > last[i]-0.05 {
				t.Errorf("radius %d: %.2f after %.2f", radius, v[i], last[i])
			}
		}
		last = v
	}
}

func TestTonesAreMeansOfTheTiles(t *testing.T) {
	const w, h = 24, 18
	rgb := make([]byte, 3*w*h)
	for y := range h {
		for x := range w {
			if x >= 21 && y >= 15 { // the last tile is red
				copy(rgb[3*(y*w+x):], []byte{200, 0, 0})
			} else {
				copy(rgb[3*(y*w+x):], []byte{90, 90, 90})
			}
		}
	}
	luma, _, l, levels := lookAt(rgb, w, h)
	if want := levelsOf(luma, w, h); levels != *want {
		t.Errorf("levels %v, want %v", levels, *want)
	}
	if l.Cr[tiles-1] != 64*100 || l.Saturation[tiles-1] != 65535 || l.Cb[0] != 0 || l.Cr[tiles-2] != 0 || l.Saturation[0] != 0 {
		t.Errorf("%+v", l)
	}
}

func TestDriftShotsLeavesTheShotsOfTheClip(t *testing.T) {
	look := make([]Look, 40)
	for i := range look {
		look[i] = Look{Luma: 100, Contrast: 40, Saturation: 0.5}
	}
	in := []shot{{0, 10}, {10, 30}, {30, 40}}
	kept := slices.Clone(in)
	if got := driftShots(look, in); len(got) != 1 || got[0] != (shot{0, 40}) {
		t.Errorf("shots of one look are %v", got)
	}
	if !slices.Equal(in, kept) {
		t.Errorf("the clip's shots became %v", in)
	}
}

// How far a drift has gone is its course, wherever noise lets it seem to begin.
func TestGone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, from := range []float64{0, 50, 100} {
		noise := make([]float64, 200)
		for i := range noise {
			noise[i] = 0.04 * r.NormFloat64()
		}
		c := newCourse(200, 1, driftSample, func(t, _ int) float64 { return 5 - 2*max(0, float64(t)-from)/(200-from) + noise[t] })
		g := c.gone(share(c.part[0]))
		if want := (1 - from/200) / 2; len(g) != 200 || math.Abs(mean(g)-want) > 0.05 {
			t.Errorf("from %g: %g of %d frames, want %g", from, mean(g), len(g), want)
		}
		if g[0] > 0.1 || g[199] < 0.9 {
			t.Errorf("from %g: %g to %g", from, g[0], g[199])
		}
	}
}

// What changes within a second and stands then was set anew; what runs away goes on.
func TestStood(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	of := func(level func(second float64) float64) trend {
		noise := make([]float64, 160)
		for i := range noise {
			noise[i] = 0.03 * r.NormFloat64()
		}
		c := newCourse(160, 1, driftSample, func(t, _ int) float64 { return level(float64(t)/24) + noise[t] })
		return c.trend(c.part[0], 24, false)
	}
	if t1 := of(func(s float64) float64 { return 1 / (1 + math.Exp(-(s-3)/0.18)) }); t1.stood < driftStood {
		t.Errorf("set anew: %.2f", t1.stood)
	}
	if t1 := of(func(s float64) float64 { return max(0, s-2) / 5 }); t1.stood > driftStood*driftStoodFree {
		t.Errorf("runs away: %.2f", t1.stood)
	}
	for stood, found := range map[float64]bool{0.4: true, 1.3: false} {
		d := drift{what: "exposure", amount: 3, trend: trend{left: 0.3, sudden: 0.25, agree: 8, stood: stood}}
		if d.judge(driftAgree); (d.severity >= 0.5) != found {
			t.Errorf("stood %g: %.2f", stood, d.severity)
		}
	}
}

// What moves brings the same colours and tones to other places; a look that runs away others.
func TestForeign(t *testing.T) {
	const n = 96
	of := func(value func(u float64, i int) float64) course {
		return newCourse(n, tiles, driftSample, func(t, i int) float64 { return value(float64(t)/n, i) })
	}
	// Parts that go over from one colour to another at their times; away is added to all of them.
	severity := func(words string, passes, away, dark float64) float64 {
		wave := func(u float64, i int) float64 { return math.Tanh(4 * (math.Sin(float64(i)*0.4) + passes*(1.6*u-0.8))) }
		d := []drift{{words: words, severity: 0.6}}
		familiar(d, of(func(u float64, i int) float64 { return 30 + 10*wave(u, i) + away*u }),
			of(func(float64, int) float64 { return 3 }), of(func(u float64, i int) float64 { return 4 + wave(u, i)/3 - dark*u }))
		return d[0].severity
	}
	if v := severity("the colour", 0, 20, 0); v < 0.59 {
		t.Errorf("a colour that runs away: %.2f", v)
	}
	if v := severity("the exposure", 0, 0, 0.5); v < 0.59 {
		t.Errorf("a light that runs away: %.2f", v)
	}
	for _, words := range []string{"the colour", "the exposure"} {
		if v := severity(words, 1, 0, 0); v > 0.45 {
			t.Errorf("%s of what moves: %.2f", words, v)
		}
	}
	if v := severity("the saturation", 1, 0, 0); v != 0.6 {
		t.Errorf("nothing is known of it: %.2f", v)
	}
}

// One scene that dissolves into another has less contrast half-way; a look that runs away
// passes through all that is between.
func TestSag(t *testing.T) {
	const n = 48
	share, mixed, fades := make([]float64, n), make([]float64, n), make([]float64, n)
	for k := range share {
		u := clamp01((float64(k) - 8) / 32)
		share[k] = u
		mixed[k] = math.Log(math.Hypot(1-u, u))
		fades[k] = math.Log(1 - 0.6*u)
	}
	if got := sag(mixed, share, 16); got < 0.25 {
		t.Errorf("a dissolve sags by %.2f, want 0.25 or more", got)
	}
	if got := sag(fades, share, 16); got > 0 {
		t.Errorf("what fades sags by %.2f", got)
	}
	if got := sag(nil, share, 16); got != 0 {
		t.Errorf("without contrasts: %v", got)
	}
}

// What stands still for two seconds and goes on may rest; what never does has frozen.
func TestRegionFreezeThatGoesOn(t *testing.T) {
	severity := func(resumes float64) float64 {
		still := within(flow(3), rect{.5, 0, 1, 1}, func(t float64) float64 { return min(t, 45) + max(0, t-resumes) })
		return strongest(regionFreezeEvents(bare(drawn(128, 16, still)), nil)).severity
	}
	if s := severity(1000); s < 0.6 {
		t.Errorf("frozen to the end: %.2f", s)
	}
	if s := severity(45 + 32); s >= 0.5 {
		t.Errorf("two seconds: %.2f", s)
	}
}

// A part that stops is no freeze of the whole as long as others get on.
func TestRegionFreezeBesideWhatGoesOn(t *testing.T) {
	kinds := func(moving, whole float64) (kinds []string) {
		for _, e := range arbitrate([]event{
			{kind: "freeze", shot: shot{40, 100}, severity: whole},
			{kind: "region_freeze", shot: shot{40, 100}, severity: 0.7, moving: moving},
		}) {
			if e.severity >= 0.5 {
				kinds = append(kinds, e.kind)
			}
		}
		return kinds
	}
	if k := kinds(0.2, 0.8); len(k) != 1 || k[0] != "region_freeze" {
		t.Errorf("a fifth goes on: %v", k)
	}
	if k := kinds(0, 0.8); len(k) != 1 || k[0] != "freeze" {
		t.Errorf("nothing goes on: %v", k)
	}
	if k := kinds(0.2, 0.95); len(k) != 1 || k[0] != "freeze" {
		t.Errorf("the whole is by far the clearer: %v", k)
	}
}
