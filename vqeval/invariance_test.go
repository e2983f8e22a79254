package vqeval

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
)

// sizes are of the same scene in a video of that size and in a smaller one.
var sizes = [2]struct{ w, h, videoW, videoH int }{{104, 60, 416, 240}, {88, 50, 88, 50}}

// sampled draws n frames of a scene at both sizes.
func sampled(n int, fps float64, s scene) (out [2]*Source) {
	img := make([]float64, testW*testH)
	for i, z := range sizes {
		out[i] = &Source{Width: z.w, Height: z.h, Meta: VideoMeta{FPS: fps, Width: z.videoW, Height: z.videoH}}
	}
	for t := range n {
		s(float64(t), img)
		for i, z := range sizes {
			l := make([]byte, z.w*z.h)
			for k := range l {
				x, y := k%z.w, k/z.w
				var sum, n float64
				for v := y * testH / z.h; v < (y+1)*testH/z.h; v++ {
					for u := x * testW / z.w; u < (x+1)*testW/z.w; u++ {
						sum, n = sum+img[v*testW+u], n+1
					}
				}
				l[k] = byte(max(0, min(255, math.Round(sum/n))))
			}
			out[i].Luma = append(out[i].Luma, l)
		}
	}
	return out
}

// everyOther frame of a source, at half the rate.
func everyOther(s *Source) *Source {
	out := *s
	out.Luma, out.Meta.FPS = nil, s.Meta.FPS/2
	for t := 0; t < len(s.Luma); t += 2 {
		out.Luma = append(out.Luma, s.Luma[t])
	}
	return &out
}

// Every other frame, or fewer samples, of the same video scores within two points in all that is
// assessed of both.
func TestScoresAtOtherRatesAndSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("scores some thirty clips")
	}
	swing := func(t float64) float64 { return 24 - math.Abs(math.Mod(t, 48)-24) }
	stops := func(t float64) float64 { return min(t, 60) }
	laps := func(t float64) float64 { return math.Mod(t, 32) }
	bent := func(s scene, time func(t float64) float64) scene {
		return func(t float64, img []float64) { s(time(t), img) }
	}
	for name, s := range map[string]struct {
		scene
		kind string
	}{
		"live":             {flow(3), ""},
		"freeze":           {bent(flow(3), stops), "freeze"},
		"loop":             {bent(flow(5), laps), "loop"},
		"swing":            {bent(flow(5), swing), "pingpong"},
		"part freezes":     {within(flow(3), rect{.1, .2, .7, .8}, stops), "region_freeze"},
		"part loops":       {within(flow(5), rect{.1, .2, .8, .9}, laps), "region_loop"},
		"jump":             {bent(flow(3), func(t float64) float64 { return t + 80*math.Floor(t/72) }), "scene_jump"},
		"steps of a chunk": {lit(flow(3), whole, func(t float64) float64 { return 1 + 0.12*math.Mod(math.Floor(t/24), 2) }), "seam"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sources := sampled(144, 24, s.scene)
			report := func(s *Source) *Report {
				r, _, err := EvaluateFrames(context.Background(), s, Options{ExpectMotion: true})
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			base := report(sources[0])
			if s.kind == "" && len(base.Findings) > 0 || s.kind != "" && !base.Failures[s.kind].Found() {
				t.Fatalf("found %+v, want %q", base.Findings, s.kind)
			}
			others := map[string]*Report{"half the rate": report(everyOther(sources[0]))}
			if !strings.HasPrefix(s.kind, "region") { // parts are counted in blocks, of which a smaller frame has fewer
				others["smaller"] = report(sources[1])
			}
			for what, r := range others {
				if d := *r.CompositeScore - *base.CompositeScore; math.Abs(d) > 2 {
					t.Errorf("%s: composite %g, was %g: %+v, was %+v", what, *r.CompositeScore, *base.CompositeScore, r.Findings, base.Findings)
				}
				for d, v := range r.Dimensions {
					if d == "motion" && len(r.Facts.Cuts) != len(base.Facts.Cuts) {
						continue // it is that of the shots
					}
					if b, ok := base.Dimensions[d]; ok && math.Abs(v.Score-b.Score) > 2 {
						t.Errorf("%s: %s %g, was %g", what, d, v.Score, b.Score)
					}
				}
			}
		})
	}
}

// Half a second around a point is half a second at any rate, in whole frames or not.
func TestPointsCoverHalfASecond(t *testing.T) {
	for _, rate := range []float64{8, 12, 12.5, 15, 16, 23.976, 24, 25, 30, 50, 60} {
		hit := make([]float64, int(4*rate))
		coverAround(hit, int(2*rate), pointSeconds*rate/2, 0.8)
		if got := mean(hit) * float64(len(hit)) / rate; math.Abs(got-0.8*pointSeconds) > 1e-9 {
			t.Errorf("%g Hz: %g s, want %g", rate, got, 0.8*pointSeconds)
		}
	}
}

// A part that comes back more clearly than the whole is the failure, and one that does less is not.
func TestPartThatLoopsBesideTheWhole(t *testing.T) {
	for _, c := range []struct {
		whole, part, area float64
		period            int
		want              string
	}{{0.65, 0.79, 0.8, 24, "region_loop"}, {0.65, 0.79, 0.98, 24, "loop"}, {0.79, 0.65, 0.8, 24, "loop"}, {0.4, 0.45, 0.8, 24, ""}, {0.65, 0.79, 0.8, 36, "loop"}} {
		found := ""
		for _, e := range arbitrate([]event{
			{kind: "loop", shot: shot{24, 144}, severity: c.whole, detail: Failure{PeriodFrames: 24}},
			{kind: "region_loop", shot: shot{24, 144}, severity: c.part, detail: Failure{PeriodFrames: c.period, Area: c.area}},
		}) {
			if e.severity >= 0.5 {
				found += e.kind
			}
		}
		if found != c.want {
			t.Errorf("%+v: found %q", c, found)
		}
	}
}

// A part ends within its outermost blocks, as far as these come back.
func TestAreaWithinItsOutermostBlocks(t *testing.T) {
	g := grid{8, 6}
	depth, still, in := make([]float64, g.blocks()), make([]bool, g.blocks()), make([]bool, g.blocks())
	for y := 1; y < 5; y++ {
		for x := 1; x < 6; x++ {
			in[y*g.cols+x], depth[y*g.cols+x] = true, 0.8
		}
		depth[y*g.cols+5] = 0.4 // half of the last column
	}
	if got := g.within(in, in, still, depth); math.Abs(got-4.5/5) > 1e-9 {
		t.Errorf("%g of the rectangle, want 0.9", got)
	}
	for y := 1; y < 5; y++ {
		still[y*g.cols+5] = true // which does not tell
	}
	if got := g.within(in, in, still, depth); got != 1 {
		t.Errorf("%g of the rectangle, want all", got)
	}
}

// Flicker of which coding takes some now and then goes on; light that is calm does not.
func TestFlickerGoesOn(t *testing.T) {
	at := func(severities ...float64) (all []flicker) {
		for i, s := range severities {
			all = append(all, flicker{shot: shot{24 * i, 24*i + 72}, severity: s})
		}
		return joinFlicker(all)
	}
	if out := at(0.4, 0.45, 0.6, 0.4); len(out) != 1 || out[0].shot != (shot{0, 144}) || out[0].severity != 0.6 {
		t.Errorf("weak at the ends: %+v", out)
	}
	if out := at(0.1, 0.2, 0.6, 0.55, 0.1); len(out) != 4 || out[2].shot != (shot{48, 144}) || out[2].severity != 0.6 {
		t.Errorf("calm at the ends: %+v", out)
	}
	if out := at(0.4, 0.45, 0.4); len(out) != 3 {
		t.Errorf("never clear: %+v", out)
	}
}

// Laps of a short loop step the light: that is the loop.
func TestFlickerOfAShortLoop(t *testing.T) {
	kinds := func(period, from int) (out []string) {
		for _, e := range arbitrate([]event{
			{kind: "loop", shot: shot{from, 144}, severity: 0.8, detail: Failure{PeriodFrames: period}},
			{kind: "flicker", shot: shot{0, 144}, severity: 0.6},
		}) {
			out = append(out, e.kind)
		}
		return out
	}
	if k := kinds(14, 28); !slices.Equal(k, []string{"loop"}) {
		t.Errorf("short: %v", k)
	}
	if k := kinds(48, 28); len(k) != 2 {
		t.Errorf("long: %v", k)
	}
	if k := kinds(14, 100); len(k) != 2 {
		t.Errorf("for a short while: %v", k)
	}
}

// What is just short of a finding has the part of its share that it costs.
func TestShareGrowsIn(t *testing.T) {
	j := judge{n: 100}
	for severity, want := range map[float64]float64{0.4: 0, 0.47: 0.16, 0.499: 0.392, 0.5: 0.4, 0.9: 0.4} {
		f := j.failure([]event{{kind: "freeze", shot: shot{60, 100}, severity: severity}})
		if math.Abs(f.Share-want) > 1e-9 || f.Found() != (f.EndFrame > 0) {
			t.Errorf("%g: %+v, want a share of %g", severity, f, want)
		}
	}
}

// A part that comes back and the steps of the frame at its laps are one failure.
func TestStepsAtTheLapsOfAPart(t *testing.T) {
	kinds := func(severity float64, period int) map[string]float64 {
		out := map[string]float64{}
		for _, e := range arbitrate([]event{
			{kind: "region_loop", shot: shot{24, 144}, severity: severity, detail: Failure{PeriodFrames: period}},
			{kind: "seam", shot: shot{24, 121}, severity: 0.7, detail: Failure{SpacingFrames: 24}},
		}) {
			out[e.kind] = e.severity
		}
		return out
	}
	if k := kinds(0.42, 24); len(k) != 1 || k["region_loop"] != 0.7 {
		t.Errorf("at its laps: %v", k)
	}
	if k := kinds(0.42, 48); k["seam"] != 0.7 || k["region_loop"] != 0.42 {
		t.Errorf("twice as often: %v", k)
	}
	if k := kinds(0.2, 24); k["seam"] != 0.7 || k["region_loop"] != 0.2 {
		t.Errorf("hardly a loop: %v", k)
	}
}
