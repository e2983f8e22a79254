package vqeval

import (
	"fmt"
	"math"
	"slices"
)

// regionFreeze is a part of the frame that lived and then stands still while
// the rest goes on.
type regionFreeze struct {
	shot
	in       []bool  // blocks
	area     float64 // of what stands still within the rectangle around them
	severity float64
	live     float64 // share of the frame that goes on
	drop     float64 // pace at its end, of the usual
	stops    float64 // largest step of most of its blocks just before it, likewise
	leap     float64 // largest step at its end, likewise
	rim      float64 // share of the blocks around it that go on
	moving   float64 // likewise, that gets farther and farther from where it is
	change   float64 // of the look of the whole frame where it stops
	kept     float64 // contrast of what stands still, of what it had just before
	left     float64 // likewise, in the seconds before
}

// blockLife is how far each block gets from where it is within half a second,
// for each group of frames of a shot.
type blockLife struct {
	g     grid
	first int             // group
	total [][]float64     // grey levels, of [group][block]
	steps map[int]float64 // of the look, see usualStep
}

func newBlockLife(groups *planes, s shot, second float64) blockLife {
	l := blockLife{g: groups.grid(), first: (s.from + phase - 1) / phase, steps: map[int]float64{}}
	last := s.to / phase
	reach := max(2, int(math.Round(second/2/phase)))
	if last-l.first < 2 {
		return l
	}
	l.total = make([][]float64, last-l.first)
	parallel(len(l.total), func(lo, hi int) {
		one := make([]float64, l.g.blocks())
		for i := lo; i < hi; i++ {
			l.total[i] = make([]float64, l.g.blocks())
			for k := 1; k <= reach && l.first+i+k < last; k++ {
				groups.blockDiffs(one, groups.plane(l.first+i), groups.plane(l.first+i+k))
				for b, v := range one {
					l.total[i][b] = max(l.total[i][b], v)
				}
			}
		}
	})
	l.total = l.total[:len(l.total)-1] // the last group has nothing ahead
	return l
}

// levels of the blocks on both sides of a group: how far they got in the
// seconds before it (nearly always at least) and get after it (nearly always at most).
func (l blockLife) levels(o int, back, ahead *stretch) (before, after []float64) {
	before, after = make([]float64, l.g.blocks()), make([]float64, l.g.blocks())
	back.to(l.total, max(0, o-back.most), o)
	ahead.to(l.total, o, min(len(l.total), o+ahead.most))
	alive := l.total[max(0, o-2)]
	for b := range before {
		v, w := back.sorted[b], ahead.sorted[b]
		// It lived until the end: the group before may hold both.
		before[b] = min(v[len(v)/4], 2*alive[b])
		after[b] = w[len(w)*9/10]
	}
	return before, after
}

// stretch is a few groups after another, of each block the values in their order. It moves on without
// sorting them anew.
type stretch struct {
	most      int // groups
	from, end int
	sorted    [][]float64
}

func newStretch(most, blocks int) *stretch {
	s := &stretch{most: most, sorted: make([][]float64, blocks)}
	room := make([]float64, blocks*most)
	for b := range s.sorted {
		s.sorted[b] = room[b*most:][:0:most]
	}
	return s
}

// to moves to the groups [from,to), which begins anew unless it is on from where it was.
func (s *stretch) to(total [][]float64, from, to int) {
	if from < s.from || from >= s.end || to < s.end {
		s.from, s.end = from, from
		for b := range s.sorted {
			s.sorted[b] = s.sorted[b][:0]
		}
	}
	for ; s.from < from; s.from++ {
		for b, x := range total[s.from] {
			v := s.sorted[b]
			i := 0
			for v[i] != x {
				i++
			}
			s.sorted[b] = append(v[:i], v[i+1:]...)
		}
	}
	for ; s.end < to; s.end++ {
		for b, x := range total[s.end] {
			v := append(s.sorted[b], x)
			i := len(v) - 1
			for ; i > 0 && v[i-1] > x; i-- {
				v[i] = v[i-1]
			}
			v[i] = x
			s.sorted[b] = v
		}
	}
}

// mayDie tells whether so many blocks can be found to die at a group, by what levels gives
// them at most before it and at least after it, which takes no sorting.
func (l blockLife) mayDie(o, ahead int, blocks float64) bool {
	end := min(len(l.total), o+ahead)
	above := end - o - 1 - (end-o)*9/10 // so many may get farther than most of them
	n := 0.0
	for b, last := range l.total[max(0, o-2)] {
		before, farther := 2*last, 0
		for i := o; i < end && farther <= above; i++ {
			if l.total[i][b] > 1.5*regionQuiet*before {
				farther++
			}
		}
		if before >= regionLevels/2 && farther <= above {
			n++
		}
	}
	return n >= blocks
}

func findRegionFreeze(src *Source, raw, groups *planes, s shot, second float64) (best regionFreeze) {
	l := newBlockLife(groups, s, second)
	back, ahead := max(2, int(math.Round(4*second/phase))), max(2, int(math.Round(regionSeconds*second/phase)))
	if len(l.total) < 2+ahead/2 {
		return best
	}
	type candidate struct{ o, size int }
	var cs []candidate
	past, coming := newStretch(back, l.g.blocks()), newStretch(ahead, l.g.blocks())
	dies := func(o int) ([]bool, int, []float64, []float64) {
		before, after := l.levels(o, past, coming)
		in := make([]bool, len(before))
		for b := range in {
			in[b] = before[b] >= regionLevels/2 && after[b] <= 1.5*regionQuiet*before[b]
		}
		in, size := l.patch(in, before, after)
		return in, size, before, after
	}
	for o := 2; o <= len(l.total)-ahead/2; o++ {
		if !l.mayDie(o, ahead, regionArea/2*float64(l.g.blocks())) {
			continue
		}
		if _, size, _, _ := dies(o); float64(size) >= regionArea/2*float64(l.g.blocks()) {
			cs = append(cs, candidate{o, size})
		}
	}
	slices.SortStableFunc(cs, func(x, y candidate) int { return y.size - x.size })
	var all []regionFreeze
	for _, c := range cs[:min(len(cs), regionTries)] {
		in, _, before, after := dies(c.o)
		f := l.judge(raw, src, s, c.o, in, before, after, second)
		if all = append(all, f); f.severity > best.severity {
			best = f
		}
	}
	// Which of the groups around a stop is the clearest changes with rate and coding, and later ones
	// miss blocks that moved before: the part is as large as it is seen to be at any of them.
	for _, f := range all {
		if f.severity >= 0.5 && abs(f.from-best.from) <= phase && f.area > best.area {
			best.in, best.area = f.in, f.area
		}
	}
	return best
}

// judge places the onset to the frame and weighs the evidence.
func (l blockLife) judge(raw *planes, src *Source, s shot, o int, in []bool, before, after []float64, second float64) (f regionFreeze) {
	g := l.g
	// Where it ends: most of its blocks get away again.
	end := len(l.total)
	for i := o; i < len(l.total) && end == len(l.total); i++ {
		up, n := 0, 0
		for b := range in {
			if in[b] {
				n++
				if l.total[i][b] > max(0.5*before[b], 2*after[b]) {
					up++
				}
			}
		}
		if 2*up > n {
			end = i
		}
	}
	f.to = s.to
	if end < len(l.total) {
		f.to = min(s.to, (l.first+end+max(2, int(math.Round(second/2/phase))))*phase)
	}
	onset, onsets, pace, leap, stops := blockOnsets(raw, s, (l.first+o)*phase, f.to, in, second)
	var at []float64
	for b, t := range onsets {
		if in[b] {
			at = append(at, float64(t))
		}
	}
	if len(at) == 0 {
		return f
	}
	mid := float64(onset)
	f.from = onset
	var b0, a0, spread, live, rest float64
	var bs, as []float64
	// A block in which nothing happened to move for a while before the stop belongs to the part as
	// well, but says nothing of the stop.
	spreads := max(regionSpread, regionSpreadSeconds*second)
	wide := slices.Clone(in)
	for b := range in {
		if off := float64(onsets[b]) - mid; in[b] && math.Abs(off) > 2*spreads {
			in[b] = false
			wide[b] = off < 0
		}
	}
	in, size := l.patch(in, before, after)
	if size == 0 {
		return f
	}
	stands := l.stands(in, 2, before, after)
	area := float64(max(size, count(stands))) / float64(g.blocks())
	f.in, _ = l.patch(wide, before, after)
	all := l.stands(f.in, 8, before, after)
	f.area = max(area, float64(count(all))/float64(g.blocks()))
	at = at[:0]
	together := 0.0
	for b := range in {
		if in[b] {
			bs, as = append(bs, before[b]), append(as, after[b])
			off := math.Abs(float64(onsets[b]) - mid)
			at = append(at, off)
			if off <= regionTogetherSeconds*second {
				together++
			}
			continue
		}
		rest++
		if after[b] > max(regionLevels, 0.5*before[b]) {
			live++
		}
	}
	if rest == 0 {
		return f
	}
	b0, a0, spread = quantile(bs, 0.5), quantile(as, 0.5), quantile(at, 0.7)
	f.live = live / float64(g.blocks())
	f.drop, f.leap, f.stops = pace, leap, stops
	f.rim = l.rim(all, before, after)
	around := int(math.Round(regionSeconds * second))
	shows := contrast(raw, shot{f.from, min(f.to, f.from+around)}, in)
	f.kept = shows / math.Max(1e-9, contrast(raw, shot{max(s.from, f.from-int(regionJust*second)), f.from}, in))
	f.left = shows / math.Max(1e-9, contrast(raw, shot{max(s.from, f.from-around), f.from}, in))
	// What rests for a while and goes on may do so by itself.
	need := regionSeconds
	if f.to < s.to-int(second/2)-phase {
		need = regionResumes
	}
	small := math.Min(1, regionPart/area)
	fine := raw.stopped(shot{max(s.from, f.from-int(second)), f.from + 1}, shot{f.from + 2, f.to}, f.in)
	// The first part of some ratios says nothing: it is there in a part that is cut out of
	// a lively frame as well, or is what coding leaves. Each has its weight: a part that is seen
	// less well in one way is one nevertheless where all else says so.
	f.severity = strength(
		saysArea*regionArea/math.Max(1e-9, fine.area),
		saysQuiet*beyond(regionQuietFree, a0/b0/regionQuiet),
		saysSpread*spread/spreads,
		saysLast*0.5*need*second/float64(max(1, f.to-f.from)),
		saysLevels*regionLevels/b0,
		saysLive*beyond(regionLive, max(regionLeast, regionLive*(1-f.area))/max(1e-9, f.live)),
		saysDrop*beyond(regionDrop, regionDrop/max(1e-9, min(f.drop, f.stops))),
		saysRim*beyond(regionRimFree, regionRim/max(1e-9, f.rim)),
		saysLeap*beyond(1/regionLeap, f.leap/regionLeap),
		saysFill*beyond(regionFillFree, fine.lives/regionFill),
		saysKept*beyond(regionKeptFree, max(0, 1-f.kept)/(1-regionKept)),
		saysLeft*beyond(regionLeftFree, max(0, 1-f.left)/(1-regionLeft)),
		saysTogether*small*beyond(regionTogetherFree, (1-together/float64(size))/(1-regionTogether)),
		saysAgree*beyond(regionAgreeFree, (1-fine.agree)/(1-regionAgree)),
		saysStill*beyond(regionStillFree, fine.left/regionStill),
		saysEdge*(1-fine.rim)/(1-regionEdge),
	)
	if f.severity >= regionLikely { // the rest takes long to measure
		f.moving = movingBlocks(raw, min(f.from+2*phase, f.from+(f.to-f.from)/4), f.to, second, regionLevels/2)
		f.change = l.lookStep(src, s, f.from, second)
		f.severity = weakened(f.severity, saysChange*f.change/regionChange)
	}
	return f
}

// goesOn tells whether a block gets somewhere after the group.
func (l blockLife) goesOn(b int, before, after []float64) bool {
	return after[b] > max(0.75*regionLevels, 0.5*before[b])
}

// patch keeps the largest patch of blocks that hang together by their edges or
// across one or two that do not go on: what did not move before does not tell.
func (l blockLife) patch(in []bool, before, after []float64) (patch []bool, size int) {
	g := l.g
	closed := slices.Clone(in)
	for b := range in {
		if !in[b] {
			continue
		}
		for _, n := range g.beside(b) {
			closed[n] = closed[n] || !l.goesOn(n, before, after)
		}
	}
	patch, _ = g.largest(closed)
	for b := range patch {
		if patch[b] = patch[b] && in[b]; patch[b] {
			size++
		}
	}
	return patch, size
}

// stands are the blocks of the rectangle around a part that do not go on. What never moved there
// belongs to it.
func (l blockLife) stands(in []bool, part int, before, after []float64) []bool {
	still := l.g.rect(in, part)
	for b := range still {
		still[b] = still[b] && !l.goesOn(b, before, after)
	}
	return still
}

// rim is the share of the blocks around a part that go on, of those which lived before: what
// stands still is cut out of what moves, while an object that comes to rest, or leaves, has
// its background about it. Where hardly any lived it is low.
func (l blockLife) rim(in []bool, before, after []float64) float64 {
	var around, lived, live float64
	g := l.g
	for b := range in {
		if in[b] {
			continue
		}
		if !g.near(in, b, 2) {
			continue
		}
		around++
		if before[b] >= regionLevels/2 {
			lived++
			if after[b] >= max(regionLevels/2, 0.3*before[b]) {
				live++
			}
		}
	}
	if around == 0 {
		return 0
	}
	return live / (lived + regionRimMost*around)
}

func count(in []bool) (n int) {
	for _, ok := range in {
		if ok {
			n++
		}
	}
	return n
}

// contrast is the mean standard deviation within the blocks of a part over up to eight
// frames. A part that freezes keeps what it shows; one that things leave, or that fades, empties.
func contrast(p *planes, s shot, in []bool) float64 {
	g := p.grid()
	v := make([]uint16, p.w*p.h)
	var all, n float64
	for t := s.from; t < s.to; t += max(1, (s.to-s.from+7)/8) {
		unpack(v, p.plane(t))
		for b, ok := range in {
			if !ok {
				continue
			}
			x0, y0 := b%g.cols*blockWidth, b/g.cols*blockHeight
			var sum, sq float64
			for y := y0; y < y0+blockHeight; y++ {
				for _, x := range v[y*p.w+x0:][:blockWidth] {
					sum += float64(x)
					sq += float64(x) * float64(x)
				}
			}
			const samples = blockWidth * blockHeight
			all += math.Sqrt(math.Max(0, sq/samples-sum*sum/samples/samples)) / unit
			n++
		}
	}
	return all / math.Max(1, n)
}

// lookStep is how far the look of the whole frame is from itself on both sides of a
// frame, up to two seconds away, beyond what it changes by most of the time.
func (l blockLife) lookStep(src *Source, s shot, t int, second float64) (most float64) {
	for _, k := range [...]float64{0.25, 0.5, 1, 2} {
		reach := max(3, int(k*second))
		lo, hi := max(s.from, t-reach), min(s.to-1, t+reach)
		most = max(most, lookDistance(src, lo, hi)-regionUsual*l.usualStep(src, s, hi-lo))
	}
	return most
}

// usualStep is what the look changes by over so many frames in most places of a shot.
func (l blockLife) usualStep(src *Source, s shot, frames int) float64 {
	const places = 6
	room := s.to - s.from - frames - 1
	if room <= 0 {
		return 0
	}
	if v, ok := l.steps[frames]; ok {
		return v
	}
	var all []float64
	for i := range places {
		t := s.from + room*i/(places-1)
		all = append(all, lookDistance(src, t, t+frames))
	}
	l.steps[frames] = quantile(all, 0.1)
	return l.steps[frames]
}

// blockOnsets is the first frame that shows what stands still later, of all blocks together and of
// each, and the pace of all of them just before the common onset, the largest step at it, and what
// most of them step by at least just before it, as shares of their usual pace.
func blockOnsets(raw *planes, s shot, about, to int, in []bool, second float64) (onset int, onsets []int, pace, leap, stops float64) {
	g := raw.grid()
	lo := max(s.from, about-int(second))
	hi := min(to, about+int(second))
	n := hi - lo
	step := make([][]float64, n)
	for i := range n {
		step[i] = make([]float64, g.blocks())
		if i > 0 {
			raw.blockDiffs(step[i], raw.plane(lo+i-1), raw.plane(lo+i))
		}
	}
	onsets = make([]int, g.blocks())
	k := max(1, min(about-lo, n-1))
	var usual, late []float64
	// All of them together stop where their steps fall: a coder that draws the still ever better
	// from there on takes small ones, and for long.
	all, v := make([]float64, n), make([]float64, n)
	for i := range all {
		for b := range in {
			if in[b] {
				all[i] += step[i][b]
			}
		}
	}
	e := falls(all, v, k-2*phase, k+2*phase) - 1
	for b := range onsets {
		if !in[b] {
			continue
		}
		for i := range v {
			v[i] = step[i][b]
		}
		onsets[b] = lo + falls(v, v, e-int(second/2), e+int(second/2)) - 1
	}
	still := make([]float64, 0, n)
	for i := e + 2; i < n; i++ {
		still = append(still, all[i])
	}
	floor := quantile(still, 0.5)
	for i := 1; i < e; i++ {
		v := max(0, all[i]-floor)
		usual = append(usual, v)
		if i >= e-phase {
			late = append(late, v)
		}
	}
	u := quantile(usual, 0.5)
	if u <= 0 {
		return lo + e, onsets, 0, 0, 0
	}
	for i := max(1, e-1); i <= min(n-1, e+1); i++ {
		leap = max(leap, (all[i]-floor)/u)
	}
	var each []float64
	for b := range in {
		if !in[b] {
			continue
		}
		var usual, rest []float64
		for i := 1; i < n; i++ {
			if i <= e {
				usual = append(usual, step[i][b])
			} else if i > e+1 {
				rest = append(rest, step[i][b])
			}
		}
		floor, most := quantile(rest, 0.5), 0.0
		for i := max(1, e-2); i <= e; i++ {
			most = max(most, step[i][b]-floor)
		}
		if u := quantile(usual, 0.5) - floor; u > regionPace {
			each = append(each, most/u)
		}
	}
	if pace = quantile(late, 0.5) / u; len(each) == 0 {
		return lo + e, onsets, pace, leap, pace
	}
	return lo + e, onsets, pace, leap, quantile(each, 0.4)
}

// falls is the first step from which on steps are small, within [from,to]: of all places the one
// that parts their square roots best into a higher and a lower level. room may be the
// steps.
func falls(steps, room []float64, from, to int) int {
	var after float64
	for i := 1; i < len(steps); i++ {
		room[i] = math.Sqrt(steps[i])
		after += room[i]
	}
	n := float64(len(steps) - 1)
	best, at, before := 0.0, max(1, min(to, len(steps)-1)), 0.0
	for i := 1; i < len(steps); i++ {
		if x, y := float64(i-1), n-float64(i-1); i > 1 && i >= from && i <= to {
			if v := (before/x - after/y) * math.Sqrt(x*y); v > best {
				best, at = v, i
			}
		}
		before += room[i]
		after -= room[i]
	}
	return at
}

func regionFreezeEvents(c *clip, _ *Facts) []event {
	var out []event
	groups := grouped(c.raw)
	for _, s := range c.shots {
		f := findRegionFreeze(c.src, c.raw, groups, s, c.second)
		if f.severity == 0 {
			continue
		}
		box := c.raw.grid().box(f.in, c.src.Meta, c.raw.w, c.raw.h)
		out = append(out, event{
			kind: "region_freeze", shot: shot{f.from, f.to}, severity: f.severity,
			confidence: f.severity * c.lasting(f.to-f.from),
			detail:     Failure{Box: box, Area: round(f.area)}, moving: f.moving,
			words: func(j *judge) string {
				return fmt.Sprintf("%.0f %% of the picture, in x %d-%d and y %d-%d, freezes from %s %s", 100*f.area, box[0], box[2], box[1], box[3], j.at(f.from), j.until(f.to))
			},
		})
	}
	return out
}
