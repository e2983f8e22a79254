package sweeps

import (
	"context"
	"slices"
	"strings"
	"time"

	"longtake/bench"
	"longtake/vqeval"
)

// Metrics that only the runner knows.
const (
	composite    = "vqeval.composite"
	expectMotion = "vqeval.expect_motion" // 1 where a still video was to be a failure, else absent
)

// scorer is what this version scores with.
const scorer = "vqeval " + vqeval.Version + " " + vqeval.Profile

// score judges the video that a record names, from the file that was written,
// puts report and curves beside the record and their numbers into it.
func score(ctx context.Context, s *Store, rec *bench.Record, moving bool) error {
	cell, err := rec.DecodeCell()
	if err != nil {
		return err
	}
	start := time.Now()
	report, curves, err := vqeval.Evaluate(ctx, s.videoPath(rec), vqeval.Options{ExpectMotion: moving, Prompt: cell.Prompt.Text})
	if err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	report.VideoPath = rec.Files["video"].Path // the same wherever the folder lies
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
	if report.CompositeScore != nil {
		rec.Metrics[composite] = *report.CompositeScore
	}
	if moving {
		rec.Metrics[expectMotion] = 1
	}
	rec.Scorer = scorer
	warnings := report.Warnings
	if p := report.Facts.MotionPlateau; p.Known() {
		rec.Metrics[bench.MotionPlateau] = float64(p)
	} else {
		warnings = append(warnings, bench.MotionPlateau+" was not measured: "+report.NotAssessed["motion_plateau"])
	}
	if p := curves.MotionPlateau; p.Window == vqeval.PlateauWindow && p.Mean.Known() { // shorter clips have other lags: not to be compared
		rec.Metrics[bench.MotionPlateau81] = float64(p.Mean)
	}
	for kind, f := range report.Failures {
		rec.Metrics["vqeval."+kind+".severity"], rec.Metrics["vqeval."+kind+".share"] = f.Severity, f.Share
	}
	rec.Metrics[bench.ScoreSeconds] = seconds
	rec.Samples[bench.ScoreSeconds] = []float64{seconds}
	for _, w := range warnings {
		if !slices.Contains(rec.Warnings, w) {
			rec.Warnings = append(rec.Warnings, w)
		}
	}
	rec.Findings = nil
	for _, f := range report.Findings {
		rec.Findings = append(rec.Findings, bench.Finding{Kind: f.Kind, OnsetFrame: f.OnsetFrame, EndFrame: f.EndFrame, Text: f.Text})
	}
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

// expectsMotion tells how a record was scored.
func expectsMotion(rec bench.Record) bool { return rec.Metrics[expectMotion] == 1 }
