package compare

import (
	"context"
	"fmt"
	"math"
	"sync"

	"longtake/vqeval"
)

// Schema of the JSON.
const Schema = 1

// Result of one pair. Where a side could not be scored its report is nil and Err
// says why.
type Result struct {
	A          string         `json:"a"`
	B          string         `json:"b"`
	Unit       string         `json:"unit"` // of resampling
	ReportA    *vqeval.Report `json:"report_a"`
	ReportB    *vqeval.Report `json:"report_b"`
	Fidelity   *Fidelity      `json:"fidelity"` // null: see NoFidelity
	NoFidelity string         `json:"fidelity_absent,omitempty"`
	Err        error          `json:"-"`
	Error      string         `json:"error,omitempty"`
}

// Report of a comparison.
type Report struct {
	Schema   int           `json:"schema"`
	Scorer   vqeval.Scorer `json:"scorer"`
	Pairs    []Result      `json:"pairs"`
	Unpaired []Unpaired    `json:"unpaired"`
	Summary  []Summary     `json:"summary"`
}

// Run compares pairs of files, several at a time. tick is called after each.
func Run(ctx context.Context, pairs []Match, o vqeval.Options, workers int, tick func()) []Result {
	out := make([]Result, len(pairs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(workers, len(pairs)) {
		wg.Go(func() {
			for i := range next {
				out[i] = one(ctx, pairs[i], o)
				tick()
			}
		})
	}
	for i := range pairs {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

func one(ctx context.Context, m Match, o vqeval.Options) Result {
	r := Result{A: m.A, B: m.B, Unit: m.Unit}
	var err error
	if r.ReportA, _, err = vqeval.Evaluate(ctx, m.A, o); err == nil {
		r.ReportB, _, err = vqeval.Evaluate(ctx, m.B, o)
	}
	if err != nil {
		r.Err, r.Error = err, err.Error()
		r.NoFidelity = "a video could not be scored"
		return r
	}
	if r.NoFidelity = incomparable(r.ReportA, r.ReportB); r.NoFidelity != "" {
		return r
	}
	if r.Fidelity, err = Measure(ctx, m.A, m.B); err != nil {
		r.NoFidelity = err.Error()
	}
	return r
}

// incomparable says why the pictures of two videos are not to be compared.
func incomparable(a, b *vqeval.Report) string {
	x, y := a.VideoMeta, b.VideoMeta
	switch {
	case x.Width != y.Width || x.Height != y.Height:
		return fmt.Sprintf("sizes differ: %dx%d and %dx%d", x.Width, x.Height, y.Width, y.Height)
	case math.Abs(x.FPS-y.FPS) > 1e-3*math.Max(x.FPS, y.FPS):
		return fmt.Sprintf("frame rates differ: %.4g and %.4g Hz", x.FPS, y.FPS)
	case x.TotalFrames != y.TotalFrames:
		return fmt.Sprintf("lengths differ: %d and %d frames", x.TotalFrames, y.TotalFrames)
	}
	for side, r := range []*vqeval.Report{a, b} {
		if len(r.Findings) > 0 {
			return fmt.Sprintf("%s is not healthy (%s): likeness to a failure is no quality", "AB"[side:side+1], r.Findings[0].Text)
		}
	}
	return ""
}

// Margins within which a pair is a tie.
const (
	pointsMargin = 2.0  // points: a score is that steady under size and codec
	shareMargin  = 0.02 // of the frames
)

// Summarise sets the sides against each other: the composite, whether a video has
// a finding at all, and the share of every failure that some video has.
func Summarise(pairs []Result) []Summary {
	collect := func(get func(*vqeval.Report) (float64, bool)) []sample {
		var out []sample
		for _, p := range pairs {
			if p.ReportA == nil || p.ReportB == nil {
				continue
			}
			a, okA := get(p.ReportA)
			b, okB := get(p.ReportB)
			if okA && okB {
				out = append(out, sample{p.Unit, a, b})
			}
		}
		return out
	}
	out := []Summary{
		summarise("composite", "points", true, pointsMargin, collect(func(r *vqeval.Report) (float64, bool) {
			if r.CompositeScore == nil {
				return 0, false
			}
			return *r.CompositeScore, true
		})),
		summarise("healthy", "share of videos without a finding", true, 0, collect(func(r *vqeval.Report) (float64, bool) {
			if len(r.Failures) == 0 {
				return 0, false
			}
			if len(r.Findings) > 0 {
				return 0, true
			}
			return 1, true
		})),
	}
	for _, k := range vqeval.Kinds {
		hit := false
		for _, p := range pairs {
			for _, r := range []*vqeval.Report{p.ReportA, p.ReportB} {
				hit = hit || r != nil && r.Failures[k].Found()
			}
		}
		if hit {
			out = append(out, summarise(k, "share of the frames", false, shareMargin, collect(func(r *vqeval.Report) (float64, bool) {
				f, ok := r.Failures[k]
				return f.Share, ok
			})))
		}
	}
	return out
}
