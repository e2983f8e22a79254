package vqeval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// Options of one evaluation.
type Options struct {
	ExpectMotion bool   // a shot that is static from its start is a failure
	Prompt       string // kept for the scores that need one; none does in this version
}

// Evaluate scores a video file. Errors of the file wrap those of package video.
func Evaluate(ctx context.Context, path string, o Options) (*Report, *Curves, error) {
	start := time.Now()
	src, err := Load(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	r, c, err := EvaluateFrames(ctx, src, o)
	if err != nil {
		return nil, nil, err
	}
	r.VideoPath = path
	r.ElapsedSeconds = math.Round(time.Since(start).Seconds()*1e3) / 1e3
	return r, c, nil
}

// second is the frame rate, or 16 where it is unknown.
func (s *Source) second() float64 {
	if s.Meta.FPS > 0 {
		return math.Min(s.Meta.FPS, 240)
	}
	return 16
}

// leastFrames is the shortest clip in which a freeze or a loop can be seen.
const leastFrames = 3 * phase

// EvaluateFrames scores frames in memory.
func EvaluateFrames(ctx context.Context, src *Source, o Options) (*Report, *Curves, error) {
	start := time.Now()
	if err := src.check(); err != nil {
		return nil, nil, err
	}
	s, origin := src.even()
	r := newReport(src.Meta)
	if r.VideoMeta.TotalFrames == 0 {
		r.VideoMeta.TotalFrames, r.VideoMeta.SampledFrames = len(src.Luma), len(src.Luma)
	}
	second := s.second()
	p := newPlanes(s, len(s.Luma) > fullFrames)
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("vqeval: %w", context.Cause(ctx))
	}
	d := newSelfsim(p)
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("vqeval: %w", context.Cause(ctx))
	}
	a := newActivity(p, max(leastFrames, int(math.Round(second))))
	cuts := findCuts(s, d)
	c := newCurves(s, p, d, a)
	c.MotionPlateau = motionPlateaus(d, cuts, second, 0)
	r.Facts.Cuts = append(r.Facts.Cuts, cuts...)
	r.Facts.MotionPlateau = round(c.MotionPlateau.Whole)

	j := judge{r: r, c: c, n: p.n, second: second, origin: origin}
	if p.n < leastFrames {
		why := fmt.Sprintf("needs at least %d frames, there are %d", leastFrames, p.n)
		for _, k := range []string{"freeze", "loop", "static"} {
			r.NotAssessed[k] = why
		}
	} else {
		loop := j.loop(d)
		found := j.freeze(p, d, a, shots(p.n, cuts), loop)
		var moved []shot // before it froze, and in a short loop whose innovation cancels
		for _, e := range found {
			moved = append(moved, shot{e.from, e.to})
		}
		if loop != nil {
			moved = append(moved, shot{loop.from, loop.end()})
		}
		j.static(d, a, shots(p.n, cuts), o.ExpectMotion, moved)
	}
	for i, t := range r.Facts.Cuts {
		r.Facts.Cuts[i] = j.frame(t)
	}
	slices.SortStableFunc(r.Findings, func(x, y Finding) int { return x.OnsetFrame - y.OnsetFrame })
	r.ElapsedSeconds = math.Round(time.Since(start).Seconds()*1e3) / 1e3
	return r, c, nil
}

func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// judge turns evidence into the report.
type judge struct {
	r      *Report
	c      *Curves
	n      int
	second float64
	origin []int // frame of the file behind each frame of the even time grid, nil = the same
}

// frame is the number in the file.
func (j *judge) frame(t int) int {
	if j.origin == nil {
		return t
	}
	return j.origin[max(0, min(len(j.origin)-1, t))]
}

func (j *judge) add(kind string, severity float64, from, to int, format string, args ...any) {
	j.r.Findings = append(j.r.Findings, Finding{kind, j.frame(from), j.frame(to - 1), fmt.Sprintf(format, args...)})
	j.c.Spans = append(j.c.Spans, Span{kind, from, to - 1, round(severity)})
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

// loop reports the strongest return and gives it back where it is a finding.
func (j *judge) loop(d *selfsim) *loopEvidence {
	if d.lags < d.n-1 {
		j.r.NotAssessed["loop_beyond_limit"] = fmt.Sprintf("in %d frames only periods up to %d frames are searched", d.n, d.lags)
	}
	l, ok := findLoops(d, j.second)
	switch {
	case !ok:
		j.r.Failures["loop"] = Failure{}
		return nil
	case l.periodic:
		j.r.Failures["loop"] = Failure{}
		if l.severity >= 0.5 {
			p := float64(l.period)
			j.r.Facts.PeriodicMotion = &p
		}
		return nil
	}
	f := Failure{Severity: round(l.severity), Confidence: round(l.depth * l.locked * math.Min(1, float64(l.to-l.from)/(2*j.second)))}
	if !f.Found() {
		j.r.Failures["loop"] = f
		return nil
	}
	f.Share = round(float64(l.end()-l.onset()) / float64(j.n))
	f.OnsetFrame, f.EndFrame = j.frame(l.onset()), j.frame(l.end()-1)
	f.PeriodFrames, f.Repeats = l.period, l.repeats()
	j.r.Failures["loop"] = f
	if f.Repeats == 1 {
		j.add("loop", l.severity, l.onset(), l.end(), "from %s %s it replays frames from %d on (%d frames before)", j.at(l.onset()), j.until(l.end()), j.frame(l.from), l.period)
	} else {
		j.add("loop", l.severity, l.onset(), l.end(), "repeats every %d frames (%.1f s), %d times, from %s %s", l.period, float64(l.period)/j.second, f.Repeats, j.at(l.onset()), j.until(l.end()))
	}
	return &l
}

func (j *judge) freeze(p *planes, d *selfsim, a *activity, shots []shot, loop *loopEvidence) []freezeEvidence {
	var best Failure
	var found []freezeEvidence
	frozen := 0
	for _, e := range findFreezes(p, d, a, shots, j.second) {
		// The four-lag means of a short hard loop are as flat as those of a still.
		// One that lies mostly outside the loop is its own failure.
		if loop != nil && 2*(min(e.to, loop.end())-max(e.from, loop.from)) > e.to-e.from {
			continue
		}
		f := Failure{Severity: round(e.severity), Confidence: round(math.Max(0, 1-e.growth/e.alive) * math.Min(1, float64(e.to-e.from)/(2*j.second)))}
		if !f.Found() {
			if f.Severity > best.Severity {
				best = f
			}
			continue
		}
		found = append(found, e)
		frozen += e.to - e.from
		f.OnsetFrame, f.EndFrame = j.frame(e.from), j.frame(e.to-1)
		f.Cause, f.CycleFrames = e.cause(), e.cycle
		if !best.Found() || f.EndFrame-f.OnsetFrame > best.EndFrame-best.OnsetFrame {
			f.Severity = max(f.Severity, best.Severity)
			best = f
		}
		best.Severity = max(best.Severity, f.Severity)
		what := map[string]string{"hard": "freezes", "grain": "freezes under fresh grain", "collapse": "collapses to a still", "decay": "comes to rest"}[f.Cause]
		if f.CycleFrames > 0 {
			what += fmt.Sprintf(" that shimmers with a cycle of %d frames", f.CycleFrames)
		}
		j.add("freeze", e.severity, e.from, e.to, "%s from %s %s", what, j.at(e.from), j.until(e.to))
	}
	best.Share = round(float64(frozen) / float64(j.n))
	j.r.Failures["freeze"] = best
	return found
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

func (j *judge) static(d *selfsim, a *activity, shots []shot, expectMotion bool, moved []shot) {
	var f Failure
	still := 0
	from, to := -1, 0
	for _, e := range findStatic(d, a, shots, j.second) {
		if slices.ContainsFunc(moved, func(z shot) bool { return z.from < e.to && e.from < z.to }) {
			continue
		}
		f.Severity = max(f.Severity, round(e.severity))
		if e.severity >= 0.5 {
			still += e.to - e.from
			if from < 0 {
				from = e.from
			}
			to = e.to
			if expectMotion {
				j.add("static", e.severity, e.from, e.to, "does not move from %s %s", j.at(e.from), j.until(e.to))
			}
		}
	}
	share := float64(still) / float64(j.n)
	j.r.Facts.Static = share >= 0.5
	if !expectMotion {
		j.r.NotAssessed["static"] = "a failure only where motion is expected (--expect-motion); see facts.static"
		return
	}
	f.Confidence = round(f.Severity * math.Min(1, float64(j.n)/(2*j.second)))
	if f.Found() {
		f.Share, f.OnsetFrame, f.EndFrame = round(share), j.frame(from), j.frame(to-1)
	}
	j.r.Failures["static"] = f
}
