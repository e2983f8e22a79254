package vqeval

import (
	"fmt"
	"math"
	"slices"
)

// event is one stretch of one failure as its detector sees it, before it is known
// what the others saw. Detectors return those below the decision point as well:
// the severity of a clean video is a measurement too.
type event struct {
	kind string
	shot           // frames [from,to)
	hit  []int     // the frames of it that are hit; nil: all
	gone []float64 // of the frames up to its end: how far a drift has gone, 0..1
	severity,
	confidence float64
	moving float64               // of a region that freezes: share of the frame that goes on
	detail Failure               // the fields that only its kind has
	words  func(j *judge) string // of the finding
}

// detector looks for one kind of failure, or for several that share their work.
type detector struct {
	kinds []string
	least func(second float64) int // frames below which it cannot judge
	find  func(c *clip, facts *Facts) []event
	// unknown says why it cannot judge this clip, nil: it can judge each that is long enough.
	unknown func(c *clip) (reason string)
}

// cannot says why the detector cannot judge the clip; empty: it can.
func (d detector) cannot(c *clip) string {
	if least := d.least(c.second); c.n < least {
		return fmt.Sprintf("needs at least %d frames, there are %d", least, c.n)
	}
	if d.unknown != nil {
		return d.unknown(c)
	}
	return ""
}

// detectors, in the order of precedence: see arbitrate.
var detectors = []detector{
	{kinds: []string{"loop"}, least: fewFrames, find: loopEvents},
	{kinds: []string{"pingpong"}, least: fewFrames, find: pingpongEvents},
	{kinds: []string{"freeze"}, least: fewFrames, find: freezeEvents},
	{kinds: []string{"region_freeze"}, least: fewFrames, find: regionFreezeEvents},
	{kinds: []string{"region_loop"}, least: fewFrames, find: regionLoopEvents},
	{kinds: []string{"flicker"}, least: oneSecond, find: flickerEvents},
	{kinds: []string{"drift"}, least: driftFrames, find: driftEvents, unknown: driftUnknown},
	{kinds: []string{"static"}, least: fewFrames, find: staticEvents},
	{kinds: []string{"return_to_start"}, least: fewFrames, find: returnEvents},
	{kinds: []string{"stutter"}, least: fewFrames, find: stutterEvents},
	{kinds: []string{"seam"}, least: fewFrames, find: seamEvents},
	{kinds: []string{"scene_jump"}, least: fewFrames, find: jumpEvents},
}

// leastFrames is the shortest clip in which a freeze or a loop can be seen.
const leastFrames = 3 * phase

func fewFrames(float64) int { return leastFrames }

func oneSecond(second float64) int { return max(leastFrames, int(math.Ceil(second))) }

func driftFrames(second float64) int { return max(leastFrames, int(math.Ceil(driftSeconds*second))) }

// arbitrate keeps one cause from being reported twice: of events that explain the
// same frames it keeps the one that says most.
func arbitrate(events []event) []event {
	events = slices.Clone(events)
	drop := func(unwanted func(e event) bool) { events = slices.DeleteFunc(events, unwanted) }
	// covered is the number of frames of e inside found events of a kind.
	covered := func(e event, kinds ...string) int {
		n := 0
		for _, o := range events {
			if o.severity >= 0.5 && slices.Contains(kinds, o.kind) {
				from, to := o.from, o.to
				switch o.kind { // the first time belongs to it
				case "loop":
					from -= o.detail.PeriodFrames
				case "pingpong":
					from -= o.detail.PeriodFrames / 2
				case "seam": // and those around its steps
					from -= o.detail.SpacingFrames
					to += o.detail.SpacingFrames
				}
				n = max(n, min(e.to, to)-max(e.from, from))
			}
		}
		return n
	}
	// A part that comes back more clearly than the whole does leaves out what goes on: the evidence of
	// the whole stays, unfound.
	for i, e := range events {
		if e.kind == "loop" && slices.ContainsFunc(events, func(o event) bool {
			return o.kind == "region_loop" && o.detail.Area <= regionLoopMost && o.severity >= max(0.5, e.severity) && abs(o.detail.PeriodFrames-e.detail.PeriodFrames) <= 1 && 2*(min(e.to, o.to)-max(e.from, o.from)) > e.to-e.from
		}) {
			events[i].severity = min(e.severity, scoreFrom)
		}
	}
	// A part that comes back as often as the frame steps has those steps at its laps: they say as
	// surely that it does. What is generated in chunks steps without coming back.
	for i, e := range events {
		if e.kind != "region_loop" || e.severity < regionLoopLikely {
			continue
		}
		for _, o := range events {
			if o.kind == "seam" && o.severity >= 0.5 && abs(o.detail.SpacingFrames-e.detail.PeriodFrames) <= 1 {
				events[i].severity = max(events[i].severity, o.severity)
			}
		}
	}
	// There and back again is also a loop whose period is the whole swing.
	drop(func(e event) bool { return e.kind == "loop" && 2*covered(e, "pingpong") > e.to-e.from })
	// The four-lag means of a short hard loop are as flat as those of a still.
	// One that lies mostly outside the loop is its own failure.
	drop(func(e event) bool { return e.kind == "freeze" && 2*covered(e, "loop", "pingpong") > e.to-e.from })
	// A part that stops while others get on and on leaves them out: that is more than the shimmer of
	// a still does, as a whole of which nothing is left. A stop that is clearer as one of the whole
	// is one: what goes on later gets on as well.
	drop(func(e event) bool {
		return e.kind == "freeze" && slices.ContainsFunc(events, func(o event) bool {
			return o.kind == "region_freeze" && o.severity >= max(0.5, e.severity-regionUnlike) && o.moving >= regionMoving && 2*(min(e.to, o.to)-max(e.from, o.from)) > e.to-e.from
		})
	})
	// A frame that freezes or repeats as a whole does so in its parts. A part is what
	// a detector of the whole may take for it as long as enough goes on.
	drop(func(e event) bool {
		return e.kind == "region_freeze" && 2*covered(e, "loop", "pingpong", "region_loop") > e.to-e.from
	})
	for i, e := range events { // what stands still nearly everywhere is one or the other: its evidence stays, unfound
		if e.kind == "region_freeze" && 2*covered(e, "freeze") > e.to-e.from {
			events[i].severity = min(e.severity, scoreFrom)
		}
	}
	drop(func(e event) bool { return e.kind == "region_loop" && 2*covered(e, "loop", "pingpong") > e.to-e.from })
	// The shimmer of a decoder that has nothing left to show alternates as well.
	drop(func(e event) bool { return e.kind == "flicker" && 2*covered(e, "freeze") > e.to-e.from })
	// What moved before it froze, or in a short loop whose innovation cancels, was not
	// static.
	drop(func(e event) bool {
		return e.kind == "static" && covered(e, "freeze", "loop", "pingpong", "return_to_start") > 0
	})
	// Back at the start and on from there in order is a loop, and the way back of a
	// ping-pong is no return.
	drop(func(e event) bool { return e.kind == "return_to_start" && covered(e, "loop", "pingpong") > 0 })
	// touches tells whether e lies at an end of a found event of a kind, or at a lap of it.
	touches := func(e event, kinds ...string) bool {
		return slices.ContainsFunc(events, func(o event) bool {
			if o.severity < 0.5 || !slices.Contains(kinds, o.kind) {
				return false
			}
			for _, t := range append([]int{o.from, o.to}, o.hit...) {
				if abs(e.from-t) <= phase {
					return true
				}
			}
			return e.from >= o.from && e.from < o.to
		})
	}
	// The jump at a lap, at the end of a pause or after a held frame is part of it: that at
	// a lap also before the laps are clear enough to be placed.
	drop(func(e event) bool {
		return e.kind == "seam" && slices.ContainsFunc(events, func(o event) bool {
			return o.severity >= 0.5 && (o.kind == "loop" || o.kind == "region_loop") && abs(o.detail.PeriodFrames-e.detail.SpacingFrames) <= 1
		})
	})
	drop(func(e event) bool {
		return e.kind == "seam" && touches(e, "loop", "pingpong", "return_to_start", "stutter", "region_loop")
	})
	// The jump at every lap of a short loop looks as if it made up for frames that were held.
	drop(func(e event) bool { return e.kind == "stutter" && 2*covered(e, "loop") > e.to-e.from })
	// Light that steps at every lap of a short loop does not flicker either.
	drop(func(e event) bool {
		return e.kind == "flicker" && slices.ContainsFunc(events, func(o event) bool {
			return o.kind == "loop" && o.severity >= 0.5 && o.detail.PeriodFrames <= flickerLap && 2*(min(e.to, o.to)-max(e.from, o.from)) > e.to-e.from
		})
	})
	// Light that changes at one spacing only does not flicker.
	drop(func(e event) bool { return e.kind == "flicker" && 2*covered(e, "seam") > e.to-e.from })
	drop(func(e event) bool {
		return e.kind == "scene_jump" && touches(e, "loop", "pingpong", "return_to_start", "stutter", "seam", "freeze", "region_loop")
	})
	return events
}

// judge turns events into the report.
type judge struct {
	r      *Report
	c      *Curves
	n      int
	second float64
	origin []int // frame of the file behind each frame of the even time grid, nil = the same
}

// looked is what one detector says of a clip.
type looked struct {
	why    string // it cannot judge it
	events []event
	facts  Facts
}

// look runs the detectors, and the one for the camera, on all cores, and what else there is to be done
// of the clip. Each starts from the same facts.
func look(c *clip, facts Facts, also func()) (all []looked, camera looked) {
	all = make([]looked, len(detectors)+1)
	parallelBy(1, len(all)+1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if i == len(all) {
				also()
				continue
			}
			l := &all[i]
			l.facts = facts
			l.facts.Cuts = slices.Clone(facts.Cuts)
			if i == len(detectors) {
				l.why = cameraFacts(c, &l.facts)
			} else if l.why = detectors[i].cannot(c); l.why == "" {
				l.events = detectors[i].find(c, &l.facts)
			}
		}
	})
	return all[:len(detectors)], all[len(detectors)]
}

// take adds the facts that one detector has found, and leaves out the cuts which it says
// are none.
func (f *Facts) take(o Facts) {
	if o.CameraOnly != nil {
		f.CameraOnly = o.CameraOnly
	}
	if o.PeriodicMotion != nil {
		f.PeriodicMotion = o.PeriodicMotion
	}
	if o.Cadence != nil {
		f.Cadence = o.Cadence
	}
	f.Cuts = slices.DeleteFunc(f.Cuts, func(t int) bool { return !slices.Contains(o.Cuts, t) })
}

// all runs every detector and writes down what it found.
func (j *judge) all(c *clip, o Options) {
	if c.d.lags < c.n-1 {
		w, h := c.src.Width, c.src.Height
		if c.src.full[0] > 0 {
			w, h = c.src.full[0], c.src.full[1]
		}
		j.r.NotAssessed["loop_beyond_limit"] = fmt.Sprintf("in %d frames only periods up to %d frames (%.0f s) are searched, at %dx%d samples a frame in place of %dx%d",
			c.n, c.d.lags, float64(c.d.lags)/c.second, c.p.w, c.p.h, w, h)
	}
	var events []event
	assessed := map[string]bool{}
	looked, camera := look(c, j.r.Facts, func() { j.c = newCurves(c) })
	for i, l := range looked {
		for _, k := range detectors[i].kinds {
			assessed[k] = l.why == ""
			if l.why != "" {
				j.r.NotAssessed[k] = l.why
			}
		}
		events = append(events, operating.apply(l.events)...)
		j.r.Facts.take(l.facts)
	}
	j.r.Facts.take(camera.facts)
	// A lap or a seam that looked like a cut at first parts no shots.
	j.c.MotionPlateau = motionPlateaus(c.d, j.r.Facts.Cuts, c.second, 0)
	j.r.Facts.MotionPlateau = Value(round(float64(j.c.MotionPlateau.Whole)))
	if !j.r.Facts.MotionPlateau.Known() {
		j.r.NotAssessed["motion_plateau"] = "no shot holds frames to compare"
	}
	if camera.why != "" {
		j.r.NotAssessed["camera_only"] = camera.why
	}
	if o.raw != nil {
		*o.raw = slices.Clone(events)
	}
	j.r.Scorer.Presets = o.Presets.ref()
	events = arbitrate(o.Presets.apply(events))
	for _, kind := range Kinds {
		if !assessed[kind] {
			continue
		}
		own := slices.DeleteFunc(slices.Clone(events), func(e event) bool { return e.kind != kind })
		f := j.failure(own)
		if kind == "static" {
			j.r.Facts.Static = f.Found() && f.Share >= 0.5
			if !o.ExpectMotion {
				j.r.NotAssessed["static"] = "a failure only where motion is expected (--expect-motion); see facts.static"
				continue
			}
		}
		j.r.Failures[kind] = f
		for _, e := range own {
			if e.severity >= 0.5 {
				j.r.Findings = append(j.r.Findings, Finding{kind, j.frame(e.from), j.frame(e.to - 1), e.words(j)})
				j.c.Spans = append(j.c.Spans, Span{kind, e.from, e.to - 1, round(e.severity)})
			}
		}
	}
	slices.SortStableFunc(j.r.Findings, func(x, y Finding) int { return x.OnsetFrame - y.OnsetFrame })
	j.score(c, o, events)
}

// failure sums up the events of one kind: place and details are those of the
// longest finding, the share is that of all findings; what is just short of one counts in
// part, as it does in the scores.
func (j *judge) failure(own []event) Failure {
	var f Failure
	var best *event
	hit := make([]float64, j.n)
	for i, e := range own {
		f.Severity = max(f.Severity, round(e.severity))
		if weight := scoreWeight(round(e.severity)); weight > 0 {
			e.cover(hit, weight)
		}
		if round(e.severity) < 0.5 {
			if best == nil {
				f.Confidence = max(f.Confidence, round(e.confidence))
			}
			continue
		}
		if best == nil || e.to-e.from > best.to-best.from {
			best = &own[i]
		}
	}
	f.Share = round(mean(hit))
	if best == nil {
		return f
	}
	severity, share := f.Severity, f.Share
	f = best.detail
	f.Severity, f.Confidence, f.Share = severity, round(best.confidence), share
	f.OnsetFrame, f.EndFrame = j.frame(best.from), j.frame(best.to-1)
	f.Centres = slices.Clone(f.Centres)
	for i, t := range f.Centres {
		f.Centres[i] = j.frame(t)
	}
	return f
}

// frame is the number in the file.
func (j *judge) frame(t int) int {
	if j.origin == nil {
		return t
	}
	return j.origin[max(0, min(len(j.origin)-1, t))]
}

// at names a frame with its time.
func (j *judge) at(t int) string {
	return fmt.Sprintf("frame %d (%.1f s)", j.frame(t), float64(t)/j.second)
}

// until names the end of a stretch.
func (j *judge) until(to int) string {
	if to >= j.n {
		return "to the end"
	}
	return fmt.Sprintf("to frame %d", j.frame(to-1))
}

// lasting discounts evidence from less than two seconds of material.
func (c *clip) lasting(frames int) float64 { return math.Min(1, float64(frames)/(2*c.second)) }

func loopEvents(c *clip, facts *Facts) []event {
	l, ok := findLoops(c.d, c.second)
	left := 0.0
	if ok && !l.periodic {
		var depth float64
		left, depth = c.left(l)
		l.severity = weakened(l.severity, left/loopLeft)
		inexact := c.inexact(max(shallow(depth), beyond(copyEarlyFree, l.early/copyEarly)), l.pairs)
		natural := weakened(weakened(l.severity, c.swings(l)), math.Hypot((1-l.exact())*inexact, l.uneven(c.d)))
		l.periodic = l.severity >= 0.5 && natural < 0.5
		l.severity = natural
	}
	if left < loopLeftMost && (!ok || l.periodic || l.severity < 0.5) {
		if m, found := driftLoop(c); found && (!ok || l.periodic || m.severity > l.severity) {
			l, ok = m, true
		}
	}
	if !ok {
		l, ok = faintLoop(c.d)
	}
	switch {
	case !ok:
		return nil
	case l.periodic && l.rhythm >= 0.5:
		p := float64(l.period)
		facts.PeriodicMotion = &p
	}
	return []event{{
		kind: "loop", shot: shot{l.onset(), l.end()}, severity: l.severity,
		confidence: l.depth * l.locked * c.lasting(l.to-l.from),
		detail:     Failure{PeriodFrames: l.period, Repeats: l.repeats()},
		words: func(j *judge) string {
			if l.repeats() == 1 {
				return fmt.Sprintf("from %s %s it replays frames from %d on (%d frames before)", j.at(l.onset()), j.until(l.end()), j.frame(l.from), l.period)
			}
			return fmt.Sprintf("repeats every %d frames (%.1f s), %d times, from %s %s", l.period, float64(l.period)/j.second, l.repeats(), j.at(l.onset()), j.until(l.end()))
		},
	}}
}

func freezeEvents(c *clip, _ *Facts) []event {
	var out []event
	for _, f := range findFreezes(c.p, c.d, c.a, c.shots, c.second) {
		out = append(out, event{
			kind: "freeze", shot: shot{f.from, f.to}, severity: f.severity,
			confidence: math.Max(0, 1-f.growth/math.Max(1e-9, f.alive)) * c.lasting(f.to-f.from),
			detail:     Failure{Cause: f.cause(), CycleFrames: f.cycle},
			words: func(j *judge) string {
				what := map[string]string{"hard": "freezes", "grain": "freezes under fresh grain", "collapse": "collapses to a still", "decay": "comes to rest"}[f.cause()]
				if f.cycle > 0 {
					what += fmt.Sprintf(" that shimmers with a cycle of %d frames", f.cycle)
				}
				return fmt.Sprintf("%s from %s %s", what, j.at(f.from), j.until(f.to))
			},
		})
	}
	return out
}

// cause names the kind of stillness.
func (f freezeEvidence) cause() string {
	switch {
	case f.cycle > 0:
		return "collapse"
	case f.long <= hardLevels:
		return "hard"
	case f.drop < freezeDrop:
		return "decay"
	case f.moving == 0:
		return "grain"
	}
	return "collapse"
}

func staticEvents(c *clip, _ *Facts) []event {
	var out []event
	for _, e := range c.still {
		out = append(out, event{
			kind: "static", shot: e.shot, severity: e.severity, confidence: e.severity * c.lasting(c.n),
			words: func(j *judge) string { return fmt.Sprintf("does not move from %s %s", j.at(e.from), j.until(e.to)) },
		})
	}
	return out
}
