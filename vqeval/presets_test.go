package vqeval

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestPresetsSeverity(t *testing.T) {
	p := presetsOf("x")
	p.Decision = map[string]float64{"freeze": 0.8, "loop": 0.4}
	for kind, d := range map[string]float64{"freeze": 0.8, "loop": 0.4, "seam": 0.5} {
		last := -1.0
		for i := 0; i <= 100; i++ {
			r := float64(i) / 100
			s := p.severity(kind, r)
			if s <= last {
				t.Errorf("%s: %g becomes %g, not above %g", kind, r, s, last)
			}
			if back := p.raw(kind, s); math.Abs(back-r) > 1e-12 {
				t.Errorf("%s: %g becomes %g and back %g", kind, r, s, back)
			}
			if (s >= 0.5) != (r >= d) {
				t.Errorf("%s: %g becomes %g on the other side of %g", kind, r, s, d)
			}
			last = s
		}
		if p.severity(kind, 0) != 0 || p.severity(kind, 1) != 1 || p.severity(kind, d) != 0.5 {
			t.Errorf("%s: 0, %g and 1 become %g, %g and %g", kind, d, p.severity(kind, 0), p.severity(kind, d), p.severity(kind, 1))
		}
	}
	if (*Presets)(nil).severity("freeze", 0.3) != 0.3 {
		t.Error("no presets are not the identity")
	}
}

func presetsJSON(decision string) string {
	return fmt.Sprintf(`{"schema":%d,"name":"mine","scorer":{"name":"vqeval","version":%q,"profile":%q},"decision":%s}`, Schema, Version, Profile, decision)
}

func TestParsePresets(t *testing.T) {
	good := presetsJSON(`{"freeze":0.7}`)
	p, err := ParsePresets([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if ref := p.ref(); ref.Name != "mine" || len(ref.SHA256) != 12 {
		t.Errorf("%+v", ref)
	}
	q, err := ParsePresets([]byte(presetsJSON(`{"freeze":0.71}`)))
	if err != nil || q.ref().SHA256 == p.ref().SHA256 {
		t.Errorf("other presets have the same hash, %v", err)
	}
	for _, c := range []struct{ text, say string }{
		{"", "not a presets file"},
		{"[]", "not a presets file"},
		{good + "{}", "follows"},
		{strings.Replace(good, `"name":"mine"`, `"nam":"mine"`, 1), `unknown field "nam"`},
		{strings.Replace(good, `"mine"`, `" "`, 1), "name is empty"},
		{strings.Replace(good, `"schema":1`, `"schema":9`, 1), "schema 9"},
		{strings.Replace(good, Version, "0.0.1", 1), "made by vqeval 0.0.1"},
		{strings.Replace(good, `"`+Profile+`"`, `"other"`, 1), "(other)"},
		{presetsJSON(`{"frieze":0.7}`), "decision.frieze: no such kind"},
		{presetsJSON(`{"freeze":0}`), "want a severity"},
		{presetsJSON(`{"freeze":1}`), "want a severity"},
		{presetsJSON(`{"freeze":"high"}`), "not a presets file"},
	} {
		if _, err := ParsePresets([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v lacks %q", c.text, err, c.say)
		}
	}
}

func FuzzParsePresets(f *testing.F) {
	f.Add([]byte(presetsJSON(`{"freeze":0.7}`)))
	f.Add([]byte(`{"schema":1,"decision":{"loop":1e999}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ParsePresets(raw)
		if err != nil {
			return
		}
		for _, k := range Kinds {
			if a, b := p.severity(k, 0), p.severity(k, 1); a != 0 || b != 1 {
				t.Errorf("%s: 0 and 1 become %g and %g", k, a, b)
			}
		}
	})
}

// healthy makes clips with one event each of a kind.
func healthy(kind string, severities ...float64) []*Healthy {
	var out []*Healthy
	for i, s := range severities {
		h := &Healthy{path: fmt.Sprintf("clip%d.mp4", i), assessed: map[string]bool{"freeze": true, "loop": true}}
		if s > 0 {
			h.events = []event{{kind: kind, shot: shot{10, 50}, severity: s}}
		}
		out = append(out, h)
	}
	return out
}

func TestCalibrate(t *testing.T) {
	t.Run("too few", func(t *testing.T) {
		if _, err := Calibrate("x", healthy("freeze", 0, 0, 0, 0), false, false); err == nil || !strings.Contains(err.Error(), "4 healthy clips, at least 5") {
			t.Error(err)
		}
	})
	t.Run("quiet clips move nothing", func(t *testing.T) {
		p, err := Calibrate("x", healthy("freeze", 0, 0.1, 0.2, 0.3, 0.49), false, false)
		if err != nil || len(p.Decision) != 0 || len(p.Calibration.Changes) != 0 || p.Calibration.After.Alarms != 0 {
			t.Errorf("%v, %+v", err, p)
		}
	})
	t.Run("raised by what demands it", func(t *testing.T) {
		p, err := Calibrate("x", healthy("freeze", 0.6, 0.7, 0.1, 0, 0, 0, 0, 0, 0, 0), false, false)
		if err != nil {
			t.Fatal(err)
		}
		c := p.Calibration
		if d := p.Decision["freeze"]; d <= 0.7 || d > 0.74 || len(p.Decision) != 1 {
			t.Errorf("decision %v", p.Decision)
		}
		if c.Before.Alarms != 2 || c.Before.ByKind["freeze"] != 2 || c.Changes[0].Clip != "clip1.mp4" || c.Changes[0].Clips != 10 {
			t.Errorf("%+v", c)
		}
		// Without the clip with 0.7 the others demand less, so it is an alarm.
		if c.After.Alarms != 1 || c.Bound != 0.3 {
			t.Errorf("after: %+v, bound %g", c.After, c.Bound)
		}
		// What is written can be used, and silences the clips.
		if err := p.Check(); err != nil {
			t.Error(err)
		}
		for _, h := range healthy("freeze", 0.6, 0.7) {
			if s := h.severities(p)["freeze"]; s >= 0.5 {
				t.Errorf("still %g", s)
			}
		}
	})
	t.Run("sensitive", func(t *testing.T) {
		p, err := Calibrate("x", healthy("loop", 0.4, 0.1, 0, 0, 0, 0), false, true)
		if err != nil {
			t.Fatal(err)
		}
		if p.Decision["freeze"] != SensitiveFloor || math.Abs(p.Decision["loop"]-0.42) > 0.011 {
			t.Errorf("%v", p.Decision)
		}
		if _, ok := p.Decision["seam"]; ok {
			t.Error("a kind that was never looked for got a decision point")
		}
	})
	t.Run("uncovered", func(t *testing.T) {
		// Once the loop is no finding, the freeze inside it is one.
		clips := healthy("loop", 0.6, 0, 0, 0, 0)
		clips[0].events = append(clips[0].events, event{kind: "freeze", shot: shot{20, 40}, severity: 0.8})
		p, err := Calibrate("x", clips, false, false)
		if err != nil || p.Decision["loop"] <= 0.6 || p.Decision["freeze"] <= 0.8 {
			t.Errorf("%v, %v", err, p.Decision)
		}
		if p.Calibration.Before.ByKind["freeze"] != 0 {
			t.Errorf("%+v", p.Calibration.Before)
		}
	})
	t.Run("beyond silencing", func(t *testing.T) {
		p, err := Calibrate("x", healthy("loop", 1, 0, 0, 0, 0), false, false)
		if err != nil || p.Decision["loop"] != decisionCeil || p.Calibration.Changes[0].Raised != 1 {
			t.Errorf("%v, %+v", err, p)
		}
	})
}
