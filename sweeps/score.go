package sweeps

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"longtake/bench"
	"longtake/vqeval"
)

// scored is what a record takes from a report of vqeval, by its JSON names.
type scored struct {
	Composite *float64 `json:"composite_score"`
	Failures  map[string]struct {
		Severity float64 `json:"severity"`
		Share    float64 `json:"share"`
	} `json:"failures"`
	Facts struct {
		Plateau   *float64 `json:"motion_plateau"`
		Plateau81 *float64 `json:"motion_plateau_81"`
	} `json:"facts"`
	Findings    []bench.Finding   `json:"findings"`
	NotAssessed map[string]string `json:"not_assessed"`
}

// score judges the video that a record names, from the file that was written,
// puts report and curves beside the record and their numbers into it.
func score(ctx context.Context, s *Store, rec *bench.Record, expectMotion bool) error {
	cell, err := rec.DecodeCell()
	if err != nil {
		return err
	}
	start := time.Now()
	report, curves, err := vqeval.Evaluate(ctx, s.videoPath(rec), vqeval.Options{ExpectMotion: expectMotion, Prompt: cell.Prompt.Text})
	if err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	report.VideoPath = rec.Files["video"].Path // the same wherever the folder lies
	text, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("sweeps: report of %s: %w", rec.CellID, err)
	}
	var got scored
	if err := json.Unmarshal(text, &got); err != nil {
		return fmt.Errorf("sweeps: report of %s: %w", rec.CellID, err)
	}
	if rec.Metrics == nil {
		rec.Metrics = map[string]float64{}
	}
	if rec.Samples == nil {
		rec.Samples = map[string][]float64{}
	}
	for name := range rec.Metrics {
		if strings.HasPrefix(name, "vqeval.") {
			delete(rec.Metrics, name)
		}
	}
	put := func(name string, v *float64) {
		if v != nil {
			rec.Metrics[name] = *v
		}
	}
	put("vqeval.composite", got.Composite)
	put(bench.MotionPlateau, got.Facts.Plateau)
	put(bench.MotionPlateau81, got.Facts.Plateau81)
	for kind, f := range got.Failures {
		rec.Metrics["vqeval."+kind+".severity"], rec.Metrics["vqeval."+kind+".share"] = f.Severity, f.Share
	}
	rec.Metrics[bench.ScoreSeconds] = seconds
	rec.Samples[bench.ScoreSeconds] = []float64{seconds}
	rec.Findings = got.Findings
	for name, v := range map[string]any{VqevalFile: report, CurvesFile: curves} {
		rel := cellPath(rec.CellID, name)
		if err := s.WriteJSON(rel, v); err != nil {
			return err
		}
		if rec.Files[strings.TrimSuffix(name, ".json")], err = s.file(rel); err != nil {
			return err
		}
	}
	return nil
}

// expectsMotion tells how a record was scored: with motion expected, a still
// video is a failure that was looked for.
func expectsMotion(rec bench.Record) bool {
	_, ok := rec.Metrics[bench.StaticSeverity]
	return ok
}
