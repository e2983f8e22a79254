package vqeval

import (
	"context"
	"fmt"
	"longtake/internal/binomial"
	"maps"
	"math"
	"path/filepath"
	"slices"
)

// Calibration tells what presets rest on.
type Calibration struct {
	Clips        int              `json:"clips"` // healthy ones that were measured
	ExpectMotion bool             `json:"expect_motion"`
	Sensitive    bool             `json:"sensitive"` // decision points may fall to the floor
	Before       FalseAlarms      `json:"before"`    // at the decision points of the scorer
	After        FalseAlarms      `json:"after"`     // each clip judged by what the others would have set
	Bound        float64          `json:"bound"`     // no rate below it can be shown with so many clips: the rule of three, 3/n
	Changes      []Change         `json:"changes"`
	Measured     []CalibratedClip `json:"measured"`
}

// FalseAlarms are healthy clips that have a finding, with the exact
// (Clopper-Pearson) 95 % interval of their share.
type FalseAlarms struct {
	Clips  int            `json:"clips"`
	Alarms int            `json:"alarms"` // clips with a finding of any kind
	Rate   float64        `json:"rate"`
	Low    float64        `json:"low"`
	High   float64        `json:"high"`
	ByKind map[string]int `json:"by_kind"` // clips with a finding of the kind, where there are some
}

// Change is a decision point that was moved.
type Change struct {
	Kind   string  `json:"kind"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	Clips  int     `json:"clips"`            // in which the kind could be looked for
	Clip   string  `json:"clip,omitempty"`   // the one that demanded it
	Raised float64 `json:"raised,omitempty"` // its raw severity
}

// CalibratedClip lists the raw severities of one clip.
type CalibratedClip struct {
	Path     string             `json:"path"`
	Severity map[string]float64 `json:"severity"` // by kind; absent where it could not be looked for
}

const (
	// MinCalibration is the least number of healthy clips to calibrate with: with
	// fewer not even a rate of 60 % is bounded.
	MinCalibration = 5
	// SensitiveFloor is the lowest decision point that calibration sets.
	SensitiveFloor = 0.35

	decisionMargin = 0.02 // above the clip that demands a higher decision point
	decisionCeil   = 0.99
)

// Healthy is what calibration needs of one healthy clip.
type Healthy struct {
	path     string
	events   []event // as the detectors see them
	assessed map[string]bool
}

// Measure takes the raw evidence of a healthy clip.
func Measure(ctx context.Context, path string, o Options) (*Healthy, error) {
	o.Presets = nil
	h := &Healthy{path: path, assessed: map[string]bool{}}
	o.raw = &h.events
	r, _, err := Evaluate(ctx, path, o)
	if err != nil {
		return nil, err
	}
	for k := range r.Failures {
		h.assessed[k] = true
	}
	for i := range h.events {
		h.events[i].words = nil // may hold on to the whole clip
	}
	return h, nil
}

// severities of the kinds that could be looked for, as Evaluate would report them.
func (h *Healthy) severities(p *Presets) map[string]float64 {
	out := map[string]float64{}
	for k := range h.assessed {
		out[k] = 0
	}
	for _, e := range arbitrate(p.apply(h.events)) {
		if v, ok := out[e.kind]; ok {
			out[e.kind] = max(v, round(e.severity))
		}
	}
	return out
}

// Calibrate sets decision points so that none of the healthy clips has a finding,
// as near to the scorer's own 0.5 as they allow, or to SensitiveFloor if
// sensitive. A kind that raises no alarm keeps its decision point.
//
// The rate after it is that of clips which the decision points were not made
// from: each clip is judged by those that all others demand.
func Calibrate(name string, clips []*Healthy, expectMotion, sensitive bool) (*Presets, error) {
	if len(clips) < MinCalibration {
		return nil, fmt.Errorf("vqeval: calibrate: %d healthy clips, at least %d are needed", len(clips), MinCalibration)
	}
	start := 0.5
	if sensitive {
		start = SensitiveFloor
	}
	p := presetsOf(name)
	c := &Calibration{Changes: []Change{}, Clips: len(clips), ExpectMotion: expectMotion, Sensitive: sensitive, Bound: math.Min(1, 3/float64(len(clips)))}
	var demands map[string]Change
	p.Decision, demands = decide(clips, start)
	for _, k := range Kinds {
		d, moved := p.Decision[k]
		if !moved || d == 0.5 {
			continue
		}
		ch := demands[k]
		ch.Kind, ch.Before, ch.After = k, 0.5, d
		for _, h := range clips {
			if h.assessed[k] {
				ch.Clips++
			}
		}
		if ch.Clips == 0 {
			delete(p.Decision, k) // nothing is known of it
			continue
		}
		c.Changes = append(c.Changes, ch)
	}
	c.Before = falseAlarms(clips, func(int) *Presets { return nil })
	c.After = falseAlarms(clips, func(i int) *Presets {
		q := presetsOf(name)
		q.Decision, _ = decide(slices.Delete(slices.Clone(clips), i, i+1), start)
		return q
	})
	for _, h := range clips {
		c.Measured = append(c.Measured, CalibratedClip{h.path, h.severities(nil)})
	}
	p.Calibration = c
	return p, nil
}

func presetsOf(name string) *Presets {
	return &Presets{Schema: Schema, Name: name, Scorer: Scorer{Name: "vqeval", Version: Version, Profile: Profile}}
}

// decide raises decision points from start until no clip has a finding. Raising
// one kind can uncover another that it explained, so it is repeated; points only
// rise, by at least a hundredth, so it ends.
func decide(clips []*Healthy, start float64) (map[string]float64, map[string]Change) {
	p := presetsOf("")
	p.Decision = map[string]float64{}
	if start != 0.5 {
		for _, k := range Kinds {
			p.Decision[k] = start
		}
	}
	demands := map[string]Change{}
	for {
		raised := map[string]float64{}
		for _, h := range clips {
			for _, e := range arbitrate(p.apply(h.events)) {
				if !h.assessed[e.kind] || round(e.severity) < 0.5 {
					continue
				}
				raw := p.raw(e.kind, e.severity)
				d := math.Min(decisionCeil, math.Ceil(100*(raw+decisionMargin))/100)
				if old, ok := p.Decision[e.kind]; d > max(raised[e.kind], old) && (ok || d > 0.5) {
					raised[e.kind] = d
					demands[e.kind] = Change{Clip: filepath.Base(h.path), Raised: round(raw)}
				}
			}
		}
		if len(raised) == 0 {
			return p.Decision, demands
		}
		maps.Copy(p.Decision, raised)
	}
}

// raw inverts severity.
func (p *Presets) raw(kind string, severity float64) float64 {
	d, ok := p.Decision[kind]
	switch {
	case !ok:
		return severity
	case severity < 0.5:
		return severity * d / 0.5
	}
	return d + (severity-0.5)*(1-d)/0.5
}

func falseAlarms(clips []*Healthy, presets func(i int) *Presets) FalseAlarms {
	f := FalseAlarms{Clips: len(clips), ByKind: map[string]int{}}
	for i, h := range clips {
		any := false
		for k, s := range h.severities(presets(i)) {
			if s >= 0.5 {
				f.ByKind[k]++
				any = true
			}
		}
		if any {
			f.Alarms++
		}
	}
	f.Rate = float64(f.Alarms) / float64(f.Clips)
	f.Low, f.High = binomial.Interval(f.Alarms, f.Clips)
	return f
}
