package vqeval

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// scored10 is the report of a ten-second clip that moves, with these events.
func scored10(t *testing.T, o Options, events ...event) *Report {
	t.Helper()
	const n, fps = 160, 16
	s := &Source{Meta: VideoMeta{FPS: fps, Width: 160, Height: 96}, Width: 32, Height: 24}
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		l := make([]byte, 32*24)
		for i := range l {
			l[i] = byte(r.IntN(256))
		}
		s.Luma = append(s.Luma, l)
	}
	c, err := newClip(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	rep := newReport(s.Meta)
	clear(rep.NotAssessed)
	j := judge{r: rep, c: newCurves(c), n: n, second: fps}
	for _, k := range Kinds {
		rep.Failures[k] = Failure{}
	}
	j.score(c, o, events)
	return rep
}

func TestScoresFollowFindings(t *testing.T) {
	freeze := func(from, to int, sev float64) event {
		return event{kind: "freeze", shot: shot{from, to}, severity: sev}
	}
	if r := scored10(t, Options{}); *r.CompositeScore != 100 || r.CompositeVerdict != "excellent" || r.Dimensions["stillness"].Score != 100 {
		t.Errorf("healthy: %v %+v", *r.CompositeScore, r.Dimensions)
	}
	// Nine tenths frozen: no more than ten points, whatever the rest has.
	r := scored10(t, Options{}, freeze(16, 160, 0.9))
	if *r.CompositeScore != 10 || r.Dimensions["stillness"].Score != 10 || r.Dimensions["repetition"].Score != 100 || r.CompositeVerdict != "bad" {
		t.Errorf("frozen: %v %+v", *r.CompositeScore, r.Dimensions)
	}
	if len(r.Windows) != 2 || *r.Windows[0].Score != 20 || *r.Windows[1].Score != 0 || r.Windows[1].EndFrame != 159 {
		t.Errorf("windows %+v", r.Windows)
	}
	if r := scored10(t, Options{}, freeze(16, 160, 0.4)); *r.CompositeScore != 100 {
		t.Errorf("below the decision point: %v", *r.CompositeScore)
	}
	// What is found counts whole, what is just short of it in part.
	for sev, want := range map[float64]float64{0.45: 100, 0.475: 55, 0.499: 11.8, 0.5: 10, 0.55: 10, 0.6: 10} {
		if r := scored10(t, Options{}, freeze(16, 160, sev)); *r.CompositeScore != want {
			t.Errorf("severity %.3f: %v, want %v", sev, *r.CompositeScore, want)
		}
	}
	// Of a stutter the frames that are held count.
	held := event{kind: "stutter", shot: shot{0, 160}, severity: 0.8}
	for i := 4; i < 160; i += 5 {
		held.hit = append(held.hit, i)
	}
	if r := scored10(t, Options{}, held); r.Dimensions["stability"].Score != 80 {
		t.Errorf("stutter: %v", r.Dimensions["stability"])
	}
	// A quarter of the frame for half of the time.
	region := event{kind: "region_freeze", shot: shot{80, 160}, severity: 0.8, detail: Failure{Area: 0.25}}
	if r := scored10(t, Options{}, region); r.Dimensions["stillness"].Score != 87.5 || *r.CompositeScore != 87.5 {
		t.Errorf("region: %v", r.Dimensions)
	}
	// Light that flickers in a part.
	part := event{kind: "flicker", shot: shot{0, 160}, severity: 0.8, detail: Failure{Area: 0.25}}
	if r := scored10(t, Options{}, part); r.Dimensions["stability"].Score != 75 {
		t.Errorf("flicker of a part: %v", r.Dimensions["stability"])
	}
	// A jump spoils half a second.
	if r := scored10(t, Options{}, event{kind: "scene_jump", shot: shot{80, 81}, severity: 0.8}); r.Dimensions["stability"].Score != 95 {
		t.Errorf("jump: %v", r.Dimensions["stability"])
	}
	// Static is a failure where motion is expected.
	static := event{kind: "static", shot: shot{0, 160}, severity: 0.9}
	if a, b := scored10(t, Options{}, static), scored10(t, Options{ExpectMotion: true}, static); *a.CompositeScore != 100 || *b.CompositeScore != 0 {
		t.Errorf("static: %v %v", *a.CompositeScore, *b.CompositeScore)
	}
	// Weights and a choice of dimensions.
	r = scored10(t, Options{Dimensions: []string{"repetition"}}, freeze(16, 160, 0.9))
	if *r.CompositeScore != 100 || len(r.Dimensions) != 1 || len(r.CompositeOver) != 1 {
		t.Errorf("chosen: %v over %v", *r.CompositeScore, r.CompositeOver)
	}
	r = scored10(t, Options{Weights: map[string]float64{"stillness": 0, "repetition": 0, "stability": 0, "detail": 0, "drift": 0}})
	if r.CompositeScore != nil || r.NotAssessed["composite_score"] == "" {
		t.Error("a composite over nothing")
	}
}

// More of a failure never raises a score.
func TestScoresAreMonotone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		var events []event
		var before *Report
		for range 5 {
			kind := Kinds[r.IntN(len(Kinds))]
			from := r.IntN(150)
			events = append(events, event{kind: kind, shot: shot{from, from + 1 + r.IntN(160-from)}, severity: r.Float64(),
				detail: Failure{Area: r.Float64(), What: []string{"exposure", "colour", "detail"}[r.IntN(3)]}})
			now := scored10(t, Options{ExpectMotion: true}, events...)
			if before != nil {
				if *now.CompositeScore > *before.CompositeScore {
					t.Fatalf("%s raises the composite", kind)
				}
				for name, d := range before.Dimensions {
					if now.Dimensions[name].Score > d.Score {
						t.Fatalf("%s raises %s", kind, name)
					}
				}
			}
			before = now
		}
	}
}

func TestValueIsNullWhereUnknown(t *testing.T) {
	r := scored10(t, Options{})
	b, err := json.Marshal(r.StartEnd)
	if err != nil {
		t.Fatal(err)
	}
	var back StartEnd
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	if !(back.Saturation[0] != back.Saturation[0]) || back.Luma != r.StartEnd.Luma {
		t.Errorf("%s gives %+v", b, back)
	}
}
