package vqeval

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"longtake/internal/scenes"
	"longtake/video"
)

// scored is a labelled clip with the verdict on it.
type scored struct {
	labelled
	report *Report
}

func scoreAll(t *testing.T, rs []*recipe) []scored {
	t.Helper()
	var out []scored
	for _, rc := range rs {
		r, _, err := EvaluateFrames(context.Background(), rc.render(t), Options{ExpectMotion: true})
		if err != nil {
			t.Fatalf("%s: %v", rc.name, err)
		}
		out = append(out, scored{rc.labelled, r})
	}
	return out
}

// auc is the area under the ROC curve, ties half.
func auc(pos, neg []float64) float64 {
	var wins float64
	for _, p := range pos {
		for _, n := range neg {
			switch {
			case p > n:
				wins++
			case p == n:
				wins += 0.5
			}
		}
	}
	return wins / float64(len(pos)*len(neg))
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	sort.Float64s(v)
	return v[len(v)/2]
}

// card is what the scorer got right on labelled clips.
type card struct {
	pos, neg, hits, alarms int
	auc                    float64
	onset                  float64 // median error of the hits, frames
	onset8                 float64 // share of the hits within 8 frames
	period1                float64 // share of the loop hits with the period within 1 frame
	text                   string
}

// reportCard compares one kind of failure with all clips that do not have it.
func reportCard(kind string, clips []scored) card {
	var c card
	var pos, neg, errs []float64
	var exact, within float64
	missed := map[string][2]int{}
	var lines []string
	for _, s := range clips {
		f := s.report.Failures[kind]
		if s.kind != kind {
			c.neg++
			neg = append(neg, f.Severity)
			if f.Found() {
				c.alarms++
				lines = append(lines, fmt.Sprintf("false alarm: %s (%s) %.2f %+v", s.name, s.class, f.Severity, f))
			}
			continue
		}
		c.pos++
		pos = append(pos, f.Severity)
		m := missed[s.class]
		m[1]++
		if f.Found() {
			c.hits++
			m[0]++
			e := math.Abs(float64(f.OnsetFrame - s.onset))
			errs = append(errs, e)
			if e <= 8 {
				within++
			} else {
				lines = append(lines, fmt.Sprintf("onset: %s wants %d: %+v", s.name, s.onset, f))
			}
			if d := f.PeriodFrames - s.period; d >= -1 && d <= 1 {
				exact++
			} else if kind == "loop" {
				lines = append(lines, fmt.Sprintf("period: %s wants %d: %+v", s.name, s.period, f))
			}
		} else {
			lines = append(lines, fmt.Sprintf("missed: %s %.2f", s.name, f.Severity))
		}
		missed[s.class] = m
	}
	if c.pos == 0 {
		c.text = fmt.Sprintf("%s: no positives, %d false alarms in %d", kind, c.alarms, c.neg)
		for _, l := range lines {
			c.text += "\n  " + l
		}
		return c
	}
	c.auc = auc(pos, neg)
	if len(errs) > 0 {
		c.onset, c.onset8, c.period1 = median(errs), within/float64(len(errs)), exact/float64(len(errs))
	}
	c.text = fmt.Sprintf("%s: AUC %.4f, %d of %d found, %d false alarms in %d, onset error %.0f frames (median), %.1f %% within 8",
		kind, c.auc, c.hits, c.pos, c.alarms, c.neg, c.onset, 100*c.onset8)
	if kind == "loop" {
		c.text += fmt.Sprintf(", period within 1 in %.1f %%", 100*c.period1)
	}
	var classes []string
	for k, m := range missed {
		classes = append(classes, fmt.Sprintf("%s %d/%d", k, m[0], m[1]))
	}
	sort.Strings(classes)
	c.text += "\n  found by class: " + strings.Join(classes, ", ")
	for _, l := range lines {
		c.text += "\n  " + l
	}
	return c
}

// sceneSource wraps a procedural training scene of the built-in model.
func sceneSource(kind string, size int) named {
	return named{fmt.Sprintf("%s%d", kind, size), func(seed uint64) scene {
		sc, err := scenes.New(kind, seed)
		if err != nil {
			panic(err)
		}
		rgb := make([]byte, 3*size*size)
		return func(t float64, img []float64) {
			sc.Frame(int(math.Round(t)), size, rgb)
			for i := range img {
				img[i] = .299*float64(rgb[3*i]) + .587*float64(rgb[3*i+1]) + .114*float64(rgb[3*i+2])
			}
		}
	}, size, size}
}

// clipSource wraps a clip, scaled; frames past its end mirror, which no recipe
// asks for.
func clipSource(t *testing.T, path string, w, h int) (named, int, float64) {
	t.Helper()
	var frames [][]byte
	info, n, err := video.Decode(context.Background(), path, video.DecodeOptions{Gray: true, Width: w, Height: h}, func(f video.Frame) error {
		frames = append(frames, slices.Clone(f.Pix))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return named{filepath.Base(path), func(uint64) scene {
		return func(t float64, img []float64) {
			f := frames[max(0, min(n-1, int(math.Round(t))))]
			for i := range img {
				img[i] = float64(f[i])
			}
		}
	}, w, h}, n, info.FPS
}

// healthyClips of the development folder that have no cut, no held drawings and
// no drift, so that their labels are true.
var healthyClips = []string{"hv15_2x_lvsa_ocean.mp4", "ltx2.mp4", "crush_scene027.mp4", "carphone_pristine.mp4", "cockatoo.mp4",
	"long/ar30s_deepforcing_corgi.mp4", "long/hunyuan_4x_ultravico_ink.mp4", "long/hunyuan_riflex_mammoths.mp4", "long/hunyuan_riflex_orca.mp4",
	"long/hunyuan_riflex_petri.mp4"}

func TestMeasureLarge(t *testing.T) {
	which := os.Getenv("VQEVAL_LARGE")
	if which == "" {
		t.Skip("set VQEVAL_LARGE to procedural, unseen, scenes or clips for a large synthetic corpus (some hundred clips, several minutes)")
	}
	var rs []*recipe
	switch which {
	case "procedural":
		for seed := uint64(1); seed <= 2; seed++ {
			for _, l := range liveScenes {
				rs = append(rs, failures(l, seed, 192, 24)...)
			}
			rs = append(rs, negatives(seed, 192, 24)...)
		}
	case "unseen":
		for _, l := range liveScenes {
			rs = append(rs, failures(l, 31, 165, 16)...)
		}
		rs = append(rs, negatives(31, 165, 16)...)
		rs = append(rs, negatives(32, 257, 30)...)
	case "scenes": // of the built-in model
		for _, kind := range scenes.Kinds() {
			for _, c := range []struct{ size, frames int }{{64, 81}, {64, 165}} {
				src := sceneSource(kind, c.size)
				rs = append(rs, failures(src, 5, c.frames, scenes.FPS)...)
				for seed := uint64(5); seed < 9; seed++ {
					rs = append(rs, &recipe{labelled: labelled{name: fmt.Sprintf("%s.%d", src.name, seed), class: "scene"},
						frames: c.frames, fps: scenes.FPS, source: src.make(seed), seed: seed, w: c.size, h: c.size, crf: 18})
				}
			}
		}
	case "clips":
		dir := os.Getenv("LONGTAKE_CLIPS")
		if dir == "" {
			t.Skip("LONGTAKE_CLIPS is not set")
		}
		for _, name := range healthyClips {
			src, n, fps := clipSource(t, filepath.Join(dir, name), 416, 240)
			rs = append(rs, failures(src, 1, min(n, 240), fps)...)
			for _, crf := range []int{18, 28, 35} {
				rs = append(rs, &recipe{labelled: labelled{name: src.name, class: "clip"}, frames: n, fps: fps, source: src.make(1), w: src.w, h: src.h, crf: crf})
			}
		}
	default:
		t.Fatalf("VQEVAL_LARGE=%s is none of the corpora", which)
	}
	clips := scoreAll(t, rs)
	for _, kind := range []string{"freeze", "loop", "static"} {
		t.Log(reportCard(kind, clips).text)
	}
}
