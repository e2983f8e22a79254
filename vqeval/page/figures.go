package page

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"longtake/internal/figure"
	"longtake/vqeval"
)

// Drawn says which files were written and which figures were not, with the
// reason.
type Drawn struct {
	Files   []string
	LeftOut []string
}

// Formats reads png, pdf, svg, or both (PNG and PDF).
func Formats(s string) ([]string, error) {
	switch s {
	case "png", "pdf", "svg":
		return []string{s}, nil
	case "both":
		return []string{"png", "pdf"}, nil
	}
	return nil, fmt.Errorf("figure format %q: want png, pdf, svg or both", s)
}

// Pictures of a figure, and the pixels of each.
const (
	timelinePictures = 10
	sheetPictures    = 24
	picturePixels    = 240
)

// Figures draws one video into dir, which it makes: timeline, similarity,
// variogram and contact, each in every format. Where the file itself cannot be
// read again the timeline has no pictures and there is no contact sheet.
func Figures(ctx context.Context, dir string, r *vqeval.Report, c *vqeval.Curves, formats []string) (Drawn, error) {
	var d Drawn
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return d, fmt.Errorf("figures: %w", err)
	}
	strip, sheet := evenly(r.VideoMeta.TotalFrames, timelinePictures), sheetFrames(r, sheetPictures)
	p, err := decodePictures(ctx, r.VideoPath, r.VideoMeta, append(append([]int{}, strip...), sheet...), picturePixels)
	if ctx.Err() != nil {
		return d, fmt.Errorf("figures: %w", context.Cause(ctx))
	}
	if err != nil {
		d.LeftOut = append(d.LeftOut, "pictures: "+err.Error())
	}
	for _, f := range []struct {
		name string
		figure.Figure
	}{
		{"timeline", timeline(r, c, p, strip)}, {"similarity", similarity(r, c)},
		{"variogram", variogram(r, c)}, {"contact", contact(r, p, sheet)},
	} {
		if err := d.save(filepath.Join(dir, f.name), f.Figure, scorerText(r.Scorer), formats); err != nil {
			return d, err
		}
	}
	return d, nil
}

// save draws one figure; what has nothing to show is left out.
func (d *Drawn) save(base string, f figure.Figure, scorer string, formats []string) error {
	if err := figure.Check(f); err != nil {
		d.LeftOut = append(d.LeftOut, filepath.Base(base)+": "+err.Error())
		return nil
	}
	if err := figure.Save(base, figure.Footed{Figure: f, Note: "scored by " + scorer}, formats...); err != nil {
		return err
	}
	for _, format := range formats {
		d.Files = append(d.Files, base+"."+format)
	}
	return nil
}

func name(r *vqeval.Report) string { return filepath.Base(r.VideoPath) }

func indices(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	return x
}

func timeline(r *vqeval.Report, c *vqeval.Curves, p pictures, strip []int) figure.Timeline {
	f := figure.Timeline{
		Title:  "Timeline of " + name(r),
		X:      figure.Axis{Label: "frame" + rate(c.FPS), Max: float64(c.Frames - 1)},
		Y:      figure.Axis{Label: "motion energy, grey levels", Zero: true},
		Values: figure.Series{X: indices(len(c.MotionEnergy)), Y: c.MotionEnergy},
		Marked: "cut",
	}
	for _, s := range c.Spans {
		f.Spans = append(f.Spans, figure.Span{From: float64(s.OnsetFrame), To: float64(s.EndFrame), Name: s.Kind, Color: hue(s.Kind)})
	}
	for _, t := range r.Facts.Cuts {
		f.Marks = append(f.Marks, p.grid(c, t))
	}
	for _, t := range strip {
		if img := p.at[t]; img != nil {
			f.Thumbs = append(f.Thumbs, figure.Thumb{At: p.grid(c, t), Image: img, Label: fmt.Sprint(t)})
		}
	}
	return f
}

func rate(fps float64) string {
	if fps <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%.4g a second)", fps)
}

// grid is the place of a frame of the file on the even time grid of the curves.
func (p pictures) grid(c *vqeval.Curves, frame int) float64 {
	if frame < len(p.times) && c.FPS > 0 {
		return p.times[frame] * c.FPS
	}
	return float64(frame)
}

func similarity(r *vqeval.Report, c *vqeval.Curves) figure.Heats {
	s := c.SelfSimilarity
	ends := [2]float64{0, float64(s.Frames)}
	h := figure.Heat{Rows: s.Size, Cols: s.Size, X: ends, Y: ends, Note: "no frames were compared"}
	if s.Size > 1 {
		h.Values = make([]float64, len(s.Data))
	}
	for i := range h.Values {
		h.Values[i] = float64(s.Data[i]) * s.Scale
		if s.Data[i] == 255 {
			h.Values[i] = math.NaN()
		}
	}
	for _, l := range returns(r, c) {
		h.Lines = append(h.Lines, figure.HeatLine{X: [2]float64{l.X0, l.X1}, Y: [2]float64{l.Y0, l.Y1}, Color: hue(l.Kind)})
	}
	h.Title = name(r)
	title := "Self-similarity"
	if kinds := lineKinds(h.Lines, returns(r, c)); kinds != "" {
		title += "; lines: " + kinds
	}
	return figure.Heats{Title: title, XLabel: "frame", YLabel: "frame", BarLabel: "difference, grey levels", LowBright: true, Panels: []figure.Heat{h}, Side: 330}
}

func lineKinds(lines []figure.HeatLine, rs []Return) string {
	seen := map[string]bool{}
	for i := range lines {
		seen[rs[i].Kind] = true
	}
	return strings.Join(inOrder(seen), ", ")
}

// Return is a line in the self-similarity matrix along which the video shows
// earlier frames again, in frames; x is the later one.
type Return struct {
	Kind string  `json:"kind"`
	X0   float64 `json:"x0"`
	Y0   float64 `json:"y0"`
	X1   float64 `json:"x1"`
	Y1   float64 `json:"y1"`
}

// returns are the diagonals of a loop, at every multiple of its period, and the
// anti-diagonals at which a ping-pong turns round.
func returns(r *vqeval.Report, c *vqeval.Curves) []Return {
	var out []Return
	for _, kind := range []string{"loop", "pingpong"} {
		f, ok := r.Failures[kind]
		if !ok || !f.Found() {
			continue
		}
		// The failure describes the strongest of its spans.
		var span vqeval.Span
		for _, s := range c.Spans {
			if s.Kind == kind && s.Severity > span.Severity {
				span = s
			}
		}
		from, to := float64(span.OnsetFrame), float64(span.EndFrame+1)
		lines := figure.LoopReturns(from, to, float64(f.PeriodFrames))
		if kind == "pingpong" {
			lines = figure.PingpongReturns(f.Centres, to, float64(f.PeriodFrames))
		}
		for _, l := range lines {
			out = append(out, Return{kind, l.X0, l.Y0, l.X1, l.Y1})
		}
	}
	return out
}

func variogram(r *vqeval.Report, c *vqeval.Curves) figure.Lines {
	f := figure.Lines{
		Title: "Variogram of " + name(r), X: figure.Axis{Label: "lag, frames" + rate(c.FPS), Log: true},
		Y: figure.Axis{Label: "mean difference, grey levels", Zero: true}, Width: 480,
	}
	s := figure.Series{Y: c.Variogram.Values, Bare: true, Color: 1, Name: "all pairs at this lag"}
	top := 0.0
	for i, lag := range c.Variogram.Lags {
		s.X = append(s.X, float64(lag))
		if v := c.Variogram.Values[i]; !math.IsNaN(v) {
			top = max(top, v)
		}
	}
	f.Series = append(f.Series, s)
	for _, kind := range []string{"loop", "pingpong"} {
		if l, ok := r.Failures[kind]; ok && l.Found() && l.PeriodFrames > 0 && top > 0 {
			p := float64(l.PeriodFrames)
			f.Series = append(f.Series, figure.Series{Name: fmt.Sprintf("%s, period %d frames", kind, l.PeriodFrames), X: []float64{p, p}, Y: []float64{0, top}, Dashed: true, Color: hue(kind)})
		}
	}
	return f
}

func contact(r *vqeval.Report, p pictures, frames []int) figure.Contact {
	f := figure.Contact{Title: "Contact sheet of " + name(r)}
	for _, t := range frames {
		s := figure.Shot{Image: p.at[t], Caption: fmt.Sprintf("frame %d%s", t, seconds(r, p, t))}
		var notes []string
		for _, g := range r.Findings {
			if g.OnsetFrame == t {
				if !s.Framed {
					s.Framed, s.Color = true, hue(g.Kind)
				}
				notes = append(notes, g.Kind)
			}
		}
		if s.Framed {
			s.Note = strings.Join(notes, ", ") + " begins"
		}
		f.Shots = append(f.Shots, s)
	}
	return f
}

func seconds(r *vqeval.Report, p pictures, frame int) string {
	switch {
	case frame < len(p.times):
		return fmt.Sprintf(" (%.2f s)", p.times[frame])
	case r.VideoMeta.FPS > 0:
		return fmt.Sprintf(" (%.2f s)", float64(frame)/r.VideoMeta.FPS)
	}
	return ""
}

var errNoVideos = errors.New("figures: no videos")
