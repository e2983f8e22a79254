package vqeval

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Scores are derived from findings, so that they move with them and with nothing
// else: the score of a dimension is
//
//	100 (1 - F),  F = mean over the frames of the largest w(s) c
//
// over the failures of its kinds that cover a frame. c is how much of the frame is
// hit: the area of a region or of light that flickers, how far a drift has gone from where the shot began to where it
// ends, else 1; a jump or seam, which is a single frame, counts as half a second (the frames at both
// ends of it in part), and of a stutter the held frames count. The area of what freezes is whole blocks
// of the analysis, which has about 13 x 10 of them: that of a small region is known to a block on each
// side. What loops ends within one.
// s is the severity and
//
//	w(s) = (s - 0.45) / 0.05, at least 0 and at most 1
//
// its weight: a failure that is found counts whole, however strong the evidence, so that what
// an encoder takes of it does not move the score; what is just short of the decision point
// counts in part. F never falls
// when a failure grows, and neither size nor codec nor container enter it.
// Motion is the exception: 100 (1 - 2^(-plateau/8 levels)), a description of what the video
// shows. A crop shows less of it, at fewer lags where it is shorter than 5.3 s, and strong coding
// takes detail that moves, so that it varies by a few points with either.
//
// Flicker and stutter are of single frames: a video of which every other frame is left out has
// neither where they alternate, and scores as what is left looks.
//
// The composite is the weighted mean of the assessed dimensions, capped at
// 100 (1 - F) over all kinds together: a video that clearly failed for nine tenths of
// its length has at most 10 points, however well the rest does.

// dimension is a score and the kinds of failure that it counts.
type dimension struct {
	name  string
	kinds []string
	what  string // of drift; "" = any
	not   string // of drift; not this one
}

var dimensions = []dimension{
	{name: "stillness", kinds: []string{"freeze", "static", "region_freeze"}},
	{name: "repetition", kinds: []string{"loop", "pingpong", "return_to_start", "region_loop"}},
	{name: "motion"},
	{name: "stability", kinds: []string{"stutter", "flicker", "seam", "scene_jump"}},
	{name: "detail", kinds: []string{"drift"}, what: "detail"},
	{name: "drift", kinds: []string{"drift"}, not: "detail"},
}

const (
	scoreFrom     = 0.45 // severity from which on a failure counts
	scoreWhole    = 0.5  // and counts whole
	pointSeconds  = 0.5  // that a jump or a seam spoils
	motionHalf    = 8.0  // grey levels of plateau that make 50 points of motion
	windowSeconds = 5.0
	edgeShare     = 0.15 // of the frames are start and end
)

// Window is a stretch of the video with its scores.
type Window struct {
	OnsetFrame int      `json:"onset_frame"`
	EndFrame   int      `json:"end_frame"` // the last one
	Score      *float64 `json:"score"`     // composite within the window; null like the composite
	Motion     *float64 `json:"motion"`    // grey levels of innovation within the next second, mean; null in the last second
}

// StartEnd compares the first and the last 15 % of the frames.
type StartEnd struct {
	Frames     int      `json:"frames"` // in each
	Luma       [2]Value `json:"luma"`   // grey levels
	Saturation [2]Value `json:"saturation"`
	Motion     [2]Value `json:"motion"` // grey levels to the next frame
}

// Value is a number that may be unknown: NaN in Go, null in JSON.
type Value float64

// Known tells whether there is a number.
func (v Value) Known() bool { return !math.IsNaN(float64(v)) }

// MarshalJSON writes null for NaN.
func (v Value) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(v)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(v))
}

// UnmarshalJSON reads null as NaN.
func (v *Value) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*v = Value(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(v))
}

// verdict in the words of the field's tools.
func verdict(score float64) string {
	for _, v := range []struct {
		least float64
		word  string
	}{{90, "excellent"}, {70, "good"}, {50, "fair"}, {30, "poor"}} {
		if score >= v.least {
			return v.word
		}
	}
	return "bad"
}

// coverage is, per frame, how much of it failures of the dimension hit: 0..1.
func (d dimension) coverage(j *judge, events []event) []float64 {
	hit := make([]float64, j.n)
	for _, e := range events {
		if !slices.Contains(d.kinds, e.kind) || d.what != "" && e.detail.What != d.what || d.not != "" && e.detail.What == d.not {
			continue
		}
		weight := scoreWeight(round(e.severity))
		switch {
		case weight == 0:
		case e.kind == "seam", e.kind == "scene_jump":
			for _, t := range e.points() {
				coverAround(hit, t, pointSeconds*j.second/2, weight)
			}
		case e.kind == "drift": // whatever frame it is said to begin at, which noise may move far
			from := e.to - len(e.gone)
			for t := max(0, from); t < min(e.to, j.n); t++ {
				hit[t] = max(hit[t], weight*e.gone[t-from])
			}
		default:
			e.cover(hit, weight)
		}
	}
	return hit
}

// scoreWeight is how much a failure of a severity counts: see above.
func scoreWeight(severity float64) float64 {
	return max(0, min(1, (severity-scoreFrom)/(scoreWhole-scoreFrom)))
}

// cover marks the frames of an event by weight and by the part of the picture that is hit.
func (e event) cover(hit []float64, weight float64) {
	weight *= cmp.Or(e.detail.Area, 1)
	if e.hit == nil {
		cover(hit, e.from, e.to, weight)
		return
	}
	for _, t := range e.hit {
		cover(hit, t, t+1, weight)
	}
}

// points are the frames of an event that happens at single frames.
func (e event) points() []int {
	if e.kind == "seam" && e.detail.SpacingFrames > 0 {
		var out []int
		for t := e.from; t < e.to; t += e.detail.SpacingFrames {
			out = append(out, t)
		}
		return out
	}
	return []int{e.from}
}

func cover(hit []float64, from, to int, weight float64) {
	for t := max(0, from); t < min(len(hit), to); t++ {
		hit[t] = max(hit[t], weight)
	}
}

// coverAround marks what lies within a distance of the start of frame t: the frames at both ends in part,
// as half a second need not be a whole number of frames. What two points share is there once.
func coverAround(hit []float64, t int, reach, weight float64) {
	for u := max(0, t-int(math.Ceil(reach))); u < len(hit) && float64(u) < float64(t)+reach; u++ {
		part := min(float64(u+1), float64(t)+reach) - max(float64(u), float64(t)-reach)
		hit[u] = max(hit[u], weight*min(1, part))
	}
}

func mean(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// score writes down the dimensions, the composite and their course in time.
func (j *judge) score(c *clip, o Options, events []event) {
	if !o.ExpectMotion { // then a static shot is a fact
		events = slices.DeleteFunc(slices.Clone(events), func(e event) bool { return e.kind == "static" })
	}
	wanted := DimensionNames
	if len(o.Dimensions) > 0 {
		wanted = o.Dimensions
	}
	failed := make([]float64, j.n) // by any kind of the wanted dimensions
	var sum, weights float64
	over := []string{}
	for _, d := range dimensions {
		if !slices.Contains(wanted, d.name) {
			continue
		}
		if why := j.unassessed(c, d); why != "" {
			j.r.NotAssessed["dimension."+d.name] = why
			continue
		}
		s, metrics := j.dimension(c, d, events, failed)
		s = math.Round(s*10) / 10
		j.r.Dimensions[d.name] = Dimension{s, verdict(s), metrics}
		if w := o.weight(d.name); w > 0 {
			over, sum, weights = append(over, d.name), sum+w*s, weights+w
		}
	}
	if weights == 0 {
		j.r.NotAssessed["composite_score"] = "none of the dimensions that have a weight was assessed"
	} else {
		s := math.Round(10*min(sum/weights, 100*(1-mean(failed)))) / 10
		j.r.CompositeScore, j.r.CompositeVerdict, j.r.CompositeOver = &s, verdict(s), over
	}
	j.windows(c, failed)
	j.r.StartEnd = startEnd(c)
}

func (o Options) weight(name string) float64 {
	if w, ok := o.Weights[name]; ok {
		return w
	}
	return DefaultWeights[name]
}

// unassessed says why a dimension has no score.
func (j *judge) unassessed(c *clip, d dimension) string {
	for _, k := range d.kinds {
		if why, ok := j.r.NotAssessed[k]; ok && !(k == "static" && c.n >= leastFrames) {
			return fmt.Sprintf("%s was not assessed: %s", k, why)
		}
	}
	if d.name == "motion" && c.n < leastFrames {
		return fmt.Sprintf("needs at least %d frames, there are %d", leastFrames, c.n)
	}
	if why, ok := j.r.NotAssessed["motion_plateau"]; ok && d.name == "motion" {
		return why
	}
	if d.name == "stability" && j.r.Facts.Static {
		return "nothing moves: a still is consistent by itself"
	}
	return ""
}

func (j *judge) dimension(c *clip, d dimension, events []event, failed []float64) (float64, map[string]float64) {
	if d.name == "motion" {
		p := float64(j.r.Facts.MotionPlateau)
		m := map[string]float64{"motion_plateau": p}
		if live := known(j.c.LiveFraction); len(live) > 0 {
			m["live_fraction"] = round(mean(live))
		}
		return 100 * (1 - math.Exp2(-p/motionHalf)), m
	}
	hit := d.coverage(j, events)
	for t, h := range hit {
		failed[t] = max(failed[t], h)
	}
	m := map[string]float64{"failed_share": round(mean(hit))}
	for _, k := range d.kinds {
		if f, ok := j.r.Failures[k]; ok && (d.what == "" || f.What == d.what) && (d.not == "" || f.What != d.not) {
			m[k+"_severity"] = f.Severity
		}
	}
	return 100 * (1 - mean(hit)), m
}

// windows of five seconds; a rest of less than half of that belongs to the last.
func (j *judge) windows(c *clip, failed []float64) {
	each := max(1, int(math.Round(windowSeconds*c.second)))
	for from := 0; from < c.n; {
		to := from + each
		if c.n-to < each/2 {
			to = c.n
		}
		w := Window{OnsetFrame: j.frame(from), EndFrame: j.frame(to - 1)}
		if j.r.CompositeScore != nil {
			s := math.Round(1000*(1-mean(failed[from:to]))) / 10
			w.Score = &s
		}
		if e := known(j.c.MotionEnergy[from:to]); len(e) > 0 {
			m := round(mean(e))
			w.Motion = &m
		}
		j.r.Windows = append(j.r.Windows, w)
		from = to
	}
}

func known(s Series) []float64 {
	return slices.DeleteFunc(slices.Clone([]float64(s)), math.IsNaN)
}

func startEnd(c *clip) *StartEnd {
	n := int(edgeShare * float64(c.n))
	if n < 2 {
		return nil
	}
	s := &StartEnd{Frames: n}
	for i, from := range [2]int{0, c.n - n} {
		s.Luma[i] = Value(round(mean(c.p.mean[from : from+n])))
		s.Saturation[i] = Value(math.NaN())
		if c.src.Saturation != nil {
			s.Saturation[i] = Value(round(mean(c.src.Saturation[from : from+n])))
		}
		var m float64
		for t := from; t < from+n-1; t++ {
			m += c.d.at(t, t+1)
		}
		s.Motion[i] = Value(round(m / float64(n-1)))
	}
	return s
}
