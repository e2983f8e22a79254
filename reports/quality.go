package reports

import (
	"fmt"
	"math"
	"slices"

	"longtake/bench"
	"longtake/bench/stats"
)

var nan = math.NaN()

// leastReferences is the number of dense 1x seeds of a prompt that motion is
// compared with at least.
const leastReferences = 4

// scenes is the generator of the procedural videos that serve as control.
const scenes = "scenes"

// reference is the motion of the model itself at its own horizon, per prompt.
type reference struct {
	plateau map[string]stats.Interval // by prompt tag
	reason  map[string]string         // why a prompt has none
	other   string                    // settings of references that differ from the section's
}

// references takes the dense 1x seeds of a section's model that are given; for
// a prompt of which these are too few, also those of the section itself.
func references(s section, given []cell) reference {
	r := reference{map[string]stats.Interval{}, map[string]string{}, ""}
	byTag := map[string][]float64{}
	seen := map[string]bool{}
	otherCheckpoint := false
	take := func(c cell) {
		model := s.cells[0].Model
		if c.Generator == scenes || !isDense(c.Method) || !oneX(c) || !c.ok() || seen[c.CellID] || c.Model.Name != model.Name {
			return
		}
		if c.Model.SHA256 != model.SHA256 || c.Model.TrainingLatentFrames != model.TrainingLatentFrames {
			otherCheckpoint = true
			return
		}
		seen[c.CellID] = true
		if v, ok := c.Metric(bench.MotionPlateau81); ok {
			byTag[c.Prompt.Tag] = append(byTag[c.Prompt.Tag], v)
			if now := join(settings(c), c.Scorer); now != join(settings(s.cells[0]), s.cells[0].Scorer) {
				r.other = now
			}
		}
	}
	for _, c := range given {
		take(c)
	}
	enough := map[string]bool{}
	for tag, v := range byTag {
		enough[tag] = len(v) >= leastReferences
	}
	for _, c := range s.cells {
		if !enough[c.Prompt.Tag] {
			take(c)
		}
	}
	for _, tag := range distinct(s.cells, func(c cell) string { return c.Prompt.Tag }) {
		m := stats.Mean(byTag[tag])
		switch {
		case m.N < leastReferences && otherCheckpoint:
			r.reason[tag] = fmt.Sprintf("prompt %s has %d dense 1x seeds of this checkpoint, of the %d that are needed (references of another checkpoint are not used)", tag, m.N, leastReferences)
		case m.N < leastReferences:
			r.reason[tag] = fmt.Sprintf("prompt %s has %d dense 1x seeds, of the %d that are needed", tag, m.N, leastReferences)
		case !(m.Value > 0):
			r.reason[tag] = fmt.Sprintf("the dense 1x seeds of prompt %s do not move", tag)
		default:
			r.plateau[tag] = m
		}
	}
	return r
}

// motion is the mean of motion retained over cells, and why some or all of
// them have none.
func (r reference) motion(cells []cell) (stats.Interval, string) {
	var out []float64
	reason := ""
	for _, c := range onlyOK(cells) {
		v, ok := c.Metric(bench.MotionPlateau81)
		ref, known := r.plateau[c.Prompt.Tag]
		switch {
		case !ok:
			reason = bench.MotionPlateau81 + " was not measured"
		case !known && r.reason[c.Prompt.Tag] == "":
			reason = fmt.Sprintf("prompt %s has no dense 1x seeds", c.Prompt.Tag)
		case !known:
			reason = r.reason[c.Prompt.Tag]
		default:
			out = append(out, v/ref.Value)
		}
	}
	if len(out) == 0 {
		if reason == "" {
			reason = "no video"
		}
		return stats.Interval{Value: nan, Low: nan, High: nan, Reason: reason}, reason
	}
	return stats.Mean(out), reason
}

// failure counts the videos with a finding of one kind.
type failure struct {
	k, n     int
	severity float64 // mean
}

// share writes "k of n" with the 95 % interval of the share.
func (f failure) share() string {
	i := stats.Share(f.k, f.n)
	return fmt.Sprintf("%d of %d [%.2f, %.2f]", f.k, f.n, i.Low, i.High)
}

func failures(cells []cell, metric string) failure {
	var f failure
	sev := values(onlyOK(cells), metric)
	for _, v := range sev {
		if v >= bench.FindingSeverity {
			f.k++
		}
	}
	f.n, f.severity = len(sev), stats.Mean(sev).Value
	return f
}

// controls is the procedural scenes' own videos at one number of frames, of
// the prompts that the section has.
func controls(s section, given []cell, frames int) []cell {
	tags := distinct(s.cells, func(c cell) string { return c.Prompt.Tag })
	var out []cell
	for _, c := range given {
		if c.Generator == scenes && c.Frames == frames && slices.Contains(tags, c.Prompt.Tag) {
			out = append(out, c)
		}
	}
	return out
}
