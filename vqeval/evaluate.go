package vqeval

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Options of one evaluation.
type Options struct {
	ExpectMotion bool   // a shot that is static from its start is a failure
	Prompt       string // kept for the scores that need one; none does in this version

	Dimensions []string           // of DimensionNames, all if empty
	Weights    map[string]float64 // of the composite, in place of single DefaultWeights

	Presets *Presets // move decision points; nil = those of the scorer
	raw     *[]event // where the detectors' events are kept as they are, for calibration
}

// Evaluate scores a video file. Errors of the file wrap those of package video; a defect of a
// detector is an error of the file.
func Evaluate(ctx context.Context, path string, o Options) (*Report, *Curves, error) {
	start := time.Now()
	src, err := Load(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	r, c, err := EvaluateFrames(ctx, src, o)
	if err != nil {
		return nil, nil, err
	}
	r.VideoPath = path
	r.ElapsedSeconds = math.Round(time.Since(start).Seconds()*1e3) / 1e3
	return r, c, nil
}

const (
	unknownRate = 16  // Hz, taken where a video has none
	highestRate = 240 // Hz
)

// second is the frame rate, or unknownRate.
func (s *Source) second() float64 {
	if s.Meta.FPS > 0 {
		return math.Min(s.Meta.FPS, highestRate)
	}
	return unknownRate
}

// EvaluateFrames scores frames in memory.
func EvaluateFrames(ctx context.Context, src *Source, o Options) (report *Report, curves *Curves, err error) {
	defer func() {
		if p := recover(); p != nil {
			report, curves, err = nil, nil, fmt.Errorf("vqeval: %w", defectOf(p))
		}
	}()
	start := time.Now()
	if err := src.check(); err != nil {
		return nil, nil, err
	}
	s, origin := src.even()
	r := newReport(src.Meta)
	r.Warnings = append(r.Warnings, src.Warnings...)
	if r.VideoMeta.TotalFrames == 0 {
		r.VideoMeta.TotalFrames, r.VideoMeta.SampledFrames = len(src.Luma), len(src.Luma)
	}
	c, err := newClip(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	r.Facts.Cuts = append(r.Facts.Cuts, c.cuts...)
	j := judge{r: r, n: c.n, second: c.second, origin: origin}
	j.all(c, o)
	for i, t := range r.Facts.Cuts {
		r.Facts.Cuts[i] = j.frame(t)
	}
	r.ElapsedSeconds = math.Round(time.Since(start).Seconds()*1e3) / 1e3
	return r, j.c, nil
}

func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }
