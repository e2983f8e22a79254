package reports

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"longtake/bench"
)

var scale = flag.String("scale", "", "write a sweep of 10,000 records and 400 videos into this folder, to measure a report with")

// TestWriteScale makes the folder that reports/e2e/scale.mjs measures: 10
// methods, lengths, prompts and seeds, videos at the two longest lengths of two
// seeds.
func TestWriteScale(t *testing.T) {
	if *scale == "" {
		t.Skip("no -scale DIR")
	}
	if files, err := os.ReadDir(*scale); err == nil && len(files) > 0 {
		t.Fatalf("%s is not empty", *scale)
	}
	shared := filepath.Join(*scale, "shared")
	clip(t, filepath.Join(shared, "video.mp4"), 333)
	write(t, filepath.Join(shared, "curves.json"), curvesJSON(t, 333, 256))
	write(t, filepath.Join(shared, "vqeval.json"), []byte(`{"schema":1,"video_meta":{"fps":16,"total_frames":333},"failures":{"loop":{"severity":0.9,"period_frames":40}}}`))
	var windows [][2]int
	for f := range 84 {
		windows = append(windows, [2]int{max(0, f-8), min(83, f+8)})
	}
	trace := map[string]any{"schema": 1, "latent_frames": 84, "tokens": 84 * 16}
	var steps, patterns []any
	for i := range 20 {
		steps = append(steps, map[string]any{"step": i})
		patterns = append(patterns, map[string]any{"anchors": []int{i, i + 20, i + 40}, "windows": windows, "fraction": 0.25, "steps": []int{i}, "layers": []int{0, 1}})
	}
	trace["steps"], trace["patterns"] = steps, patterns
	data, err := json.Marshal(trace)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(shared, "trace.json"), data)
	for m := range 10 {
		method := bench.Method{Name: fmt.Sprintf("method%d", m), Params: map[string]any{"window": m}}
		if m == 0 {
			method = bench.Method{Name: "dense"}
		}
		for h := range 10 {
			for p := range 10 {
				for seed := range int64(10) {
					r := mustRecord(t, testCell(method, h+1, fmt.Sprintf("prompt%d", p), seed))
					r.Engaged = new(m > 0)
					x := float64(h+1) * (1 + 0.05*float64(m)) * (1 + 0.01*float64((int(seed)*7+p*3)%10))
					r.Metrics = map[string]float64{bench.WallSeconds: 3 * x, bench.DenoiseSeconds: 2 * x, bench.AttentionSeconds: x, bench.AttendedFraction: 1 - 0.05*float64(m), bench.PeakRSSBytes: 1 << 30,
						bench.FreezeSeverity: 0.1, bench.LoopSeverity: 0.1, bench.StaticSeverity: 0, bench.MotionPlateau81: 1 / x, compositeScore: 80}
					if m == 0 && h > 5 {
						r.Metrics[bench.FreezeSeverity] = 0.9
						r.Findings = []bench.Finding{{Kind: "freeze", OnsetFrame: 100, EndFrame: testCell(method, h+1, "", 0).Frames - 1, Text: "collapses to a still from frame 100"}}
					}
					folder := filepath.Join(*scale, "cells", r.CellID)
					if err := os.MkdirAll(folder, 0o755); err != nil {
						t.Fatal(err)
					}
					if h >= 8 && seed < 2 {
						r.Files = map[string]bench.File{}
						for _, name := range []string{"video.mp4", "curves.json", "trace.json", "vqeval.json"} {
							if err := os.Link(filepath.Join(shared, name), filepath.Join(folder, name)); err != nil {
								t.Fatal(err)
							}
							r.Files[name[:len(name)-len(filepath.Ext(name))]] = bench.File{Path: "cells/" + r.CellID + "/" + name}
						}
					}
					data, err := json.Marshal(r)
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(folder, "record.json"), data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}
