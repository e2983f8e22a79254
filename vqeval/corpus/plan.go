package corpus

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Editions are those that Make renders unless told otherwise: those of the committed card.
// Editions have the same classes and, in each half, the same families, but no source in common:
// what was learned from the test half of one is tested on the next. The card takes two of
// them, as the intervals of one are wider than the errors that they are to bound.
func Editions() []int { return []int{16, 17} }

// ciEdition has the subset for CI. Its results are known, so it tells whether a
// scorer has changed and not how good it is.
const ciEdition = 1

// plan lists a whole edition of the procedural corpus, always the same and in the same order.
func plan(edition int) []*recipe {
	p := &planner{edition: edition, turn: map[string]int{}}
	for _, split := range []string{Dev, Test} {
		for _, f := range failures {
			n := f.dev
			if split == Test {
				n = wanted(edition, f.class, f.test)
			}
			for k := range n {
				p.failure(f, split, k)
			}
		}
		for _, n := range negativesOf(edition) {
			count := n.dev
			if split == Test {
				count = wanted(edition, n.class, n.test)
			}
			for k := range count {
				p.negative(n, split, k)
			}
		}
	}
	p.variants()
	if edition == ciEdition {
		markCI(p.out)
	}
	return p.out
}

// variantsFrom is the first edition with three times as many bases of variants: of some
// changes few bases allow one.
const variantsFrom = 8

// largeFrom is the first edition whose test half is large enough for what it is to show,
// and largerFrom the first whose counts are: with one error, 95 % of right periods, lower end
// included, take 115 loops; less than 2 % of false alarms, upper end included, with four of
// them, 520 healthy videos.
const (
	largeFrom  = 6
	largerFrom = 7
)

// large are classes of which the test half has more videos from largeFrom on: an AUC of
// 0.995 of twenty stutters has a lower end below 0.99, and less than 2 % of false alarms,
// with its upper end, is out of reach of 150 healthy videos whatever they show.
var large = map[string]int{
	"S1 2:1": 8, "S1 3:1": 6, "S1 random": 4, "S1 bursts": 6,
	"S2 frames missing, also few": 4,

	"live": 60, "live grain": 18, "live CRF 35-40": 16, "slow motion": 16, "low light": 6,
	"tripod": 12, "slow pan": 10, "pendulum jitter": 12, "gait jitter": 8, "metronome jitter": 8, "waves jitter": 8,
	"rain": 4, "snow": 4, "fade in": 4, "fade out": 4, "black lead": 4, "dissolve": 8,
	"one cut": 4, "two cuts": 4, "five cuts": 4, "slideshow": 4, "still with grain": 8,
	"letterbox": 5, "logo": 5, "subtitle": 5, "flash": 4, "auto exposure": 6, "sunset": 4,
	"cadence 3:2": 8, "cadence 2:2": 8,
}

// larger are those of which it has more again from largerFrom on; the additions are short.
var larger = map[string]int{
	"F1 hard": 4, "F1 last second": 10, "F1 mid": 10, "F2 grain": 3, "F3 shimmer 4": 4,
	"F3 shimmer from start": 4, "F3 shimmer 2": 6, "F3 shimmer 8": 6, "F4 decay": 10,
	"L1 hard": 48, "L1 late": 16, "L1 share": 4, "L2 cross-fade": 20, "L3 drift": 16,
	"L4 late return": 20, "L4 late return with a cut": 10,

	"live": 80, "live grain": 26, "live CRF 35-40": 24, "slow motion": 20, "low light": 8,
	"tripod": 18, "slow pan": 20, "pendulum jitter": 16, "gait jitter": 10, "metronome jitter": 10, "waves jitter": 12,
	"rain": 6, "snow": 6, "fade in": 6, "fade out": 6, "black lead": 6, "dissolve": 12,
	"one cut": 8, "two cuts": 8, "five cuts": 8, "slideshow": 6, "still with grain": 16,
	"letterbox": 6, "logo": 6, "subtitle": 6, "flash": 6, "auto exposure": 8, "sunset": 6,
	"cadence 3:2": 12, "cadence 2:2": 12,
}

// widerFrom is the first edition with drifts of more sources: of thirteen, one on which a
// change is hard to see decides over the lower end of the AUC.
const widerFrom = 8

var wider = map[string]int{"C1 exposure": 4, "C1 brighter": 4, "C1 saturation": 6, "C1 hue": 8, "C2 detail": 5}

// wanted is how many videos, or ladders, of a class the test half of an edition has.
func wanted(edition int, class string, usual int) int {
	for _, c := range []struct {
		from  int
		count map[string]int
	}{{widerFrom, wider}, {largerFrom, larger}, {largeFrom, large}} { // the newest first
		if n := c.count[class]; edition >= c.from && n > 0 {
			return n
		}
	}
	return usual
}

// added reports whether the k-th of a class is one that only the larger editions have.
func (p *planner) added(class, split string, k, usual int) bool {
	return split == Test && p.edition >= largerFrom && k >= wanted(largerFrom-1, class, usual)
}

// short bounds what an addition costs.
func (r *recipe) short() {
	r.Frames = min(r.Frames, 129)
	if r.Width*r.Height > 256*144 {
		r.Width, r.Height = 208, 120
	}
}

type planner struct {
	edition int
	out     []*recipe
	turn    map[string]int // how often a kind has taken a family of a split
}

// behindCut is the number of the seed of scenes behind a cut.
const behindCut = 9

// editionSeed is the k-th seed of an edition; no two have one in common.
func editionSeed(edition, k int) uint64 { return uint64(k + 100*(max(1, edition)-1)) }

// laps is how many seeds of a family the videos of one kind go round.
func (p *planner) laps(split string) int {
	if split == Test && p.edition >= largerFrom {
		return 8
	}
	return 3
}

// next goes round the families of the split that a kind can use, so that each
// kind meets as many as there are; every lap has another seed.
func (p *planner) next(kind, split string, n need) (Family, uint64) {
	var fs []Family
	for _, f := range Families {
		if f.Split == split {
			fs = append(fs, f)
		}
	}
	key := split + kind
	if _, ok := p.turn[key]; !ok { // kinds start at different families
		p.turn[key] = 3*len(p.turn) + 5*(p.edition-1) // and at others in each edition
	}
	for {
		k := p.turn[key]
		p.turn[key]++
		if f := fs[k%len(fs)]; n.met(f) {
			return f, editionSeed(p.edition, 1+k/len(fs)%p.laps(split))
		}
	}
}

// base is a recipe without a transform.
func (p *planner) base(kind, class, split, name string, seed uint64, k int, level string) *recipe {
	r := &recipe{Label: Label{Edition: p.edition, Family: name, Source: fmt.Sprintf("%s.%d", name, seed), Split: split, Kind: kind, Class: class, Codec: "x264"}}
	dir := kind
	if dir == "" {
		dir = "healthy"
	}
	stem := fmt.Sprintf("%s/%s/%s-%s.%d-%d", split, dir, slug(class), name, seed, k)
	// What surrounds the transform is the same at every level of a ladder.
	r.surround(seeded(stem, 5))
	r.File = stem + level + ".mp4"
	return r
}

func slug(s string) string {
	s = strings.ToLower(strings.NewReplacer(",", "", ":", "", " ", "-", "/", "-").Replace(s))
	return s
}

// surround draws size, rate, length and coding.
func (r *recipe) surround(rnd *rand.Rand) {
	size := pick(rnd.IntN(12), [2]int{208, 120}, [2]int{208, 120}, [2]int{208, 120}, [2]int{208, 120}, [2]int{256, 144}, [2]int{256, 144},
		[2]int{256, 144}, [2]int{192, 108}, [2]int{192, 108}, [2]int{320, 180}, [2]int{144, 256}, [2]int{416, 240})
	r.Width, r.Height = size[0], size[1]
	r.FPS = pick(rnd.IntN(12), 24., 24, 24, 24, 24, 16, 16, 16, 16, 30, 30, 8)
	switch r.FPS {
	case 8:
		r.Frames = pick(rnd.IntN(2), 81, 97)
	case 16:
		r.Frames = pick(rnd.IntN(4), 81, 129, 165, 129)
	default:
		r.Frames = pick(rnd.IntN(8), 121, 129, 145, 165, 165, 193, 129, 257)
	}
	if rnd.IntN(40) == 0 {
		r.Width, r.Height, r.Frames = 192, 108, pick(rnd.IntN(3), 333, 333, 481)
	}
	r.CRF = pick(rnd.IntN(6), 18, 23, 23, 28, 28, 35)
	if rnd.IntN(4) == 0 {
		r.preset = "medium"
	}
	if r.Split == Test && rnd.IntN(4) == 0 {
		r.Codec, r.preset, r.CRF = "vp9", "", r.CRF+6
	}
	r.Grain = pick(rnd.IntN(5), 0., 0, 0, 1, 2)
	r.rate = r.FPS
}

func (p *planner) failure(f failure, split string, k int) {
	rungs := p.rungs(f, split, k)
	if f.kind == "scene_jump" && f.levels != nil && p.edition >= largerFrom {
		for tries := 0; !distinct(rungs) && tries < len(Families); tries++ {
			rungs = p.rungs(f, split, k)
		}
	}
	p.out = append(p.out, rungs...)
}

// rungs are the videos of a ladder, or a single one, of the family whose turn it is.
func (p *planner) rungs(f failure, split string, k int) []*recipe {
	fam, seed := p.next(f.kind, split, f.need)
	levels := f.levels
	if levels == nil {
		levels = []float64{0}
	}
	var corner [2]float64
	var out []*recipe
	for _, level := range levels {
		tag := ""
		if f.levels != nil {
			tag = fmt.Sprintf("-%g", math.Abs(level))
		}
		out = append(out, made(func() *recipe {
			r := p.base(f.kind, f.class, split, fam.Name, seed, k, tag)
			if p.added(f.class, split, k, f.test) {
				r.short()
			}
			r.scene = func() (Scene, error) { return fam.Scene(seed), nil }
			r.FPS, r.rate = max(r.FPS, 16), max(r.rate, 16)
			r.Frames = max(r.Frames, 97) // room for every period twice
			if f.levels != nil {
				r.Ladder, r.Level, r.Extent = fmt.Sprintf("%s %s %d", f.class, r.Source, k), level, f.extent
			}
			f.apply(r, k, level)
			if r.inner != nil {
				r.place(&corner)
			}
			return r
		}))
	}
	return out
}

// rungApart is how much farther apart, as a share, the two sides of a jump must be than one rung below.
const rungApart = 0.1

// distinct reports whether the frames beside the jump of each rung differ by more than those
// of the rung below: of content that is no farther apart after 24 frames than after 8 no
// measure could tell which lacks more.
func distinct(rungs []*recipe) bool {
	a, b := newImage(64, 36), newImage(64, 36)
	last := 0.0
	for _, r := range rungs {
		scene, err := r.scene()
		if err != nil { // rendering says so
			return true
		}
		scene(r.at(r.Onset-1)*24/r.rate, a)
		scene(r.at(r.Onset)*24/r.rate, b)
		d := difference(a, b)
		if d < (1+rungApart)*last {
			return false
		}
		last = d
	}
	return true
}

// apply runs the transform in a video that is long enough for it.
func (f failure) apply(r *recipe, k int, level float64) {
	if f.class == "L1 hard" || f.class == "P1 swing" {
		r.Frames = max(r.Frames, 145) // 64 frames at least twice
	}
	f.make(r, k, level)
}

// place puts the box where the source moves most. Along a ladder the boxes have
// the first one's middle as far as they fit.
func (r *recipe) place(middle *[2]float64) {
	w, h := r.Box[2], r.Box[3]
	put := func(cx, cy float64) {
		x, y := math.Max(0.02, math.Min(0.98-w, cx-w/2)), math.Max(0.02, math.Min(0.98-h, cy-h/2))
		r.Box = [4]float64{x, y, x + w, y + h}
	}
	if *middle == [2]float64{} {
		scene, err := r.scene()
		if err != nil { // rendering says so
			put(.5, .5)
			return
		}
		const gw, gh = 64, 36
		a, b := newImage(gw, gh), newImage(gw, gh)
		energy := make([]float64, gw*gh)
		for k := range 5 {
			t := float64(r.Onset) + float64(k*(r.Frames-r.Onset))/6
			scene(t*24/r.rate, a)
			scene((t+3)*24/r.rate, b)
			for i := range energy {
				for c := range 3 {
					energy[i] += math.Abs(float64(a.Pix[3*i+c] - b.Pix[3*i+c]))
				}
			}
		}
		best, rnd := -1., r.rand()
		for range 12 {
			cx, cy := 0.02+w/2+(0.96-w)*rnd.Float64(), 0.02+h/2+(0.96-h)*rnd.Float64()
			put(cx, cy)
			x0, y0, x1, y1 := pixels(r.Box, gw, gh)
			var s float64
			for y := y0; y < y1; y++ {
				for x := x0; x < x1; x++ {
					s += energy[y*gw+x]
				}
			}
			if s > best {
				best, *middle = s, [2]float64{cx, cy}
			}
		}
	}
	put(middle[0], middle[1])
}

func (p *planner) negative(n negative, split string, k int) {
	// A scene of the class itself, or that of the family whose turn it is.
	name, seed := n.name, editionSeed(p.edition, k+1)
	source := fmt.Sprintf("%s.%d.%s", name, seed, split) // the same number in the other half is another one
	scene := func() (Scene, error) { return n.scene(seeded(source, seed), split, k), nil }
	if n.scene == nil {
		var fam Family
		fam, seed = p.next("healthy "+n.class, split, n.need)
		for tries := 0; !p.labelSeen(n.class, fam, seed) && tries < len(Families); tries++ {
			fam, seed = p.next("healthy "+n.class, split, n.need)
		}
		name, source = fam.Name, fmt.Sprintf("%s.%d", fam.Name, seed)
		scene = func() (Scene, error) { return fam.Scene(seed), nil }
	}
	p.out = append(p.out, made(func() *recipe {
		r := p.base("", n.class, split, name, seed, k, "")
		r.Source, r.scene = source, scene
		if strings.HasPrefix(n.class, "cadence") {
			r.FPS, r.rate = pick(k, 30., 24), pick(k, 30., 24)
		}
		if p.added(n.class, split, k, n.test) {
			r.short()
		}
		if n.make != nil {
			n.make(r, k)
		}
		return r
	}))
}

// made is a recipe that can be made again.
func made(by func() *recipe) *recipe {
	r := by()
	r.again = by
	return r
}

// labelSeen reports whether what the class is named for is seen on the family's scene.
func (p *planner) labelSeen(class string, fam Family, seed uint64) bool {
	switch {
	case strings.HasPrefix(class, "cut "):
		return p.otherLook(fam, seed)
	case class == panned:
		return panSeen(fam, seed)
	}
	return true
}

// cutLevels is how far the mean of a channel must go in a cut between two scenes of one family.
const cutLevels = 15

// otherLook reports whether the family's scene behind a cut is seen to be another one: people
// who jump about before the same wall are no cut to any viewer.
func (p *planner) otherLook(fam Family, seed uint64) bool {
	a, b := newImage(64, 36), newImage(64, 36)
	fam.Scene(seed)(60, a)
	fam.Scene(editionSeed(p.edition, behindCut))(60, b)
	var apart [3]float64
	for i, v := range a.Pix {
		apart[i%3] += float64(v-b.Pix[i]) / float64(a.W*a.H)
	}
	return max(math.Abs(apart[0]), math.Abs(apart[1]), math.Abs(apart[2])) >= cutLevels
}

// panned is the class of scenes on twos or threes before which the camera pans, by pannedBy
// of the frame's width in the whole clip at least; panLevels is by how much a frame must
// differ for it from the one before, on average: of a lesser one encoders leave held frames.
const (
	panned    = "animation before a pan"
	pannedBy  = .12
	panLevels = .75
)

// panSeen reports whether the least pan is seen over the family's scene.
func panSeen(fam Family, seed uint64) bool {
	const w, h, frames = 208, 117, 129
	im := newImage(w, h)
	fam.Scene(seed)(60, im)
	var sum float64
	for y := range h {
		for i := 3 * w * y; i < 3*(w*y+w-1); i++ {
			sum += math.Abs(float64(im.Pix[i+3] - im.Pix[i]))
		}
	}
	return sum/(3*h*(w-1))*pannedBy*w/frames >= panLevels
}

// variants are other renderings of some videos, which must score alike.
func (p *planner) variants() {
	type change struct {
		what, tag string
		make      func(v *recipe) bool
	}
	even := func(v ...int) bool {
		for _, n := range v {
			if n%2 != 0 {
				return false
			}
		}
		return true
	}
	changes := []change{
		{"size", "half", func(v *recipe) bool {
			v.resize, v.Width, v.Height = 0.5, v.Width/4*2, v.Height/4*2
			return true
		}},
		{"quality", "crf35", func(v *recipe) bool { v.CRF = 35; return true }},
		{"rate", "half-rate", func(v *recipe) bool {
			// Periods must stay above six frames.
			if v.FPS < 24 || !even(v.Period, v.Spacing, v.Cycle) || v.Period > 0 && v.Period < 14 || v.Cycle > 0 || v.Kind == "stutter" || v.Kind == "flicker" || v.Cadence != "" {
				return false
			}
			v.step, v.FPS, v.Frames = 2, v.FPS/2, (v.Frames+1)/2
			v.Onset, v.End, v.Period, v.Spacing = (v.Onset+1)/2, min(v.End/2, v.Frames-1), v.Period/2, v.Spacing/2
			v.End = max(v.End, v.Onset)
			v.Centres = slices.Clone(v.Centres)
			for i := range v.Centres {
				v.Centres[i] /= 2
			}
			return true
		}},
		{"container", "mkv", func(v *recipe) bool { v.File = strings.TrimSuffix(v.File, ".mp4") + ".mkv"; return true }},
		{"length", "crop", func(v *recipe) bool {
			if v.Kind != "" {
				return false
			}
			v.Frames = v.Frames * 3 / 5
			return true
		}},
		{"size", "double", func(v *recipe) bool {
			if v.Width > 256 {
				return false
			}
			v.resize, v.Width, v.Height = 2, v.Width*2, v.Height*2
			return true
		}},
		{"quality", "crf18", func(v *recipe) bool { v.CRF = 18; return true }},
	}
	bases := map[string]int{}
	k := 0
	for _, r := range slices.Clone(p.out) {
		key, most := r.Split+r.Kind, 1
		if r.Kind == "" {
			most = 6
			if r.Class != "live" && r.Class != "tripod" {
				continue
			}
		} else if r.Split == Dev && p.edition < largeFrom {
			continue
		}
		if p.edition >= variantsFrom {
			most *= 3
		}
		// Sharp and clean bases: a variant adds one thing.
		if bases[key] == most || r.Ladder != "" || r.CRF > 24 || r.Codec != "x264" || r.Grain > 1 || r.Width > 320 {
			continue
		}
		bases[key]++
		made := 0
		for range changes {
			c := changes[k%len(changes)]
			k++
			v := *r.again()
			v.File = strings.TrimSuffix(r.File, ".mp4") + "-" + c.tag + ".mp4"
			v.Variant, v.VariantOf = r.File, c.what
			if !c.make(&v) {
				continue
			}
			p.out = append(p.out, &v)
			if made++; made == 2 {
				break
			}
		}
	}
}

// perKind and perLive bound the subset for CI.
const (
	perKind  = 5
	perLive  = 11
	ciLimit  = 120
	variants = 8
)

// markCI chooses what CI renders: of every kind a few classes, of every class of
// negative one, and a few variants with their bases.
func markCI(all []*recipe) {
	kind, class := map[string]int{}, map[string]int{}
	n := 0
	take := func(r *recipe) {
		if !r.CI && n < ciLimit {
			r.CI = true
			n++
		}
	}
	most := func(k string) int {
		if k == "freeze" || k == "loop" { // more ways to fail
			return perKind + 4
		}
		return perKind
	}
	small := func(r *recipe) bool { return r.Frames <= 200 && r.Width <= 320 }
	named := map[string]*recipe{}
	for _, r := range all {
		named[r.File] = r
	}
	// The test half's classes first; a second lap fills up.
	for lap := range 2 {
		for _, r := range all {
			// A class that has no small video sends a larger one.
			if r.Split != Test || r.Variant != "" || r.CI || !small(r) && (lap == 0 || class[r.Kind+r.Class] > 0) {
				continue
			}
			switch {
			case r.Kind != "" && kind[r.Kind] < most(r.Kind) && class[r.Kind+r.Class] <= lap:
				kind[r.Kind]++
			case r.Kind == "" && (class[r.Class] == 0 || lap == 1 && r.Class == "live" && class[r.Class] < perLive):
			default:
				continue
			}
			class[r.Kind+r.Class]++
			take(r)
		}
	}
	got := 0
	for _, r := range all {
		if r.Variant != "" && got < variants && small(r) && (named[r.Variant].CI || n+1 < ciLimit) {
			take(named[r.Variant])
			take(r)
			got++
		}
	}
}
