package reports

import (
	"errors"
	"fmt"
	"math"

	"longtake/bench"
	"longtake/internal/figure"
	"longtake/reports/web"
)

// What the page keeps of each video: values of the motion line and the side of
// the self-similarity, in pixels; smaller where there are many.
const (
	energyValues = 240
	mapSide      = 128
	manyVideos   = 100
	smallMapSide = 64
)

// videos are the records one by one, with what their files hold.
func (w *viewer) videos(tags []string) {
	at := struct {
		method         map[string]int
		frames, prompt map[any]int
	}{map[string]int{}, map[any]int{}, map[any]int{}}
	for i, m := range w.s.methods {
		at.method[m.key] = i
	}
	for i, f := range w.s.frames {
		at.frames[f] = i
	}
	for i, t := range tags {
		at.prompt[t] = i
	}
	with := 0
	for _, c := range w.s.cells {
		if c.Files["curves"].Path != "" {
			with++
		}
	}
	side := mapSide
	if with > manyVideos {
		side = smallMapSide
	}
	read := make([]gathered, len(w.s.cells))
	parallel(len(w.s.cells), func(i int) {
		if w.s.cells[i].ok() {
			read[i] = w.s.cells[i].gather(w.b.dir, side)
		}
	})
	for i, c := range w.s.cells {
		v := web.Video{Method: at.method[c.key], Horizon: at.frames[c.Frames], Prompt: at.prompt[c.Prompt.Tag], Seed: c.Seed, ID: c.CellID, Scored: c.ok() && c.scored(), Width: c.Width, Height: c.Height}
		if !c.ok() {
			v.Why = oneLine(missing(&c))
		}
		for _, t := range c.Record.Warnings {
			v.Footnote = append(v.Footnote, w.note("recorded: "+oneLine(t)))
		}
		metric := func(name string) *float64 {
			if x, ok := c.Metric(name); ok {
				return known(x)
			}
			return nil
		}
		v.Wall, v.Denoise, v.Score = metric(bench.WallSeconds), metric(bench.DenoiseSeconds), metric(compositeScore)
		if m, _ := w.ref.motion([]cell{c}); c.ok() {
			v.Motion = known(m.Value)
		}
		if c.ok() {
			w.files(&v, c, read[i])
		}
		w.v.Videos = append(w.v.Videos, v)
	}
	w.paint()
}

// pendingMap is a self-similarity that waits for those it is compared with.
type pendingMap struct {
	video int
	group string // of the same length, prompt and seed
	data  []byte
	side  int
	scale float64 // grey levels of a byte
}

// paint draws the self-similarities, those of a group on one scale.
func (w *viewer) paint() {
	scale := map[string]float64{}
	for _, m := range w.maps {
		scale[m.group] = max(scale[m.group], m.scale)
	}
	parallel(len(w.maps), func(i int) {
		m := w.maps[i]
		v := &w.v.Videos[m.video]
		v.Map, v.MapTop = figure.ByteMap(m.data, m.side, m.scale/scale[m.group]), scale[m.group]*mostByte
	})
	w.maps = nil
}

// gathered is what the page keeps of a cell's files.
type gathered struct {
	scores             scored
	curves             curves // without its matrix
	errScores, errFile error
	energy             []float64
	step               float64
	data               []byte // the matrix, made smaller
	side               int
}

// gather reads a cell's scores and curves.
func (c *cell) gather(dir string, side int) gathered {
	var g gathered
	g.scores, g.errScores = c.scores(dir)
	k, err := c.curves(dir)
	if g.errFile = err; err != nil {
		return g
	}
	g.energy, g.step = figure.Thin(k.MotionEnergy, energyValues)
	for i, e := range g.energy {
		if math.IsNaN(e) {
			g.energy[i] = -1
		}
	}
	g.data, g.side = figure.ShrinkBytes(k.SelfSimilarity.Data, k.SelfSimilarity.Size, side)
	k.Frames = max(k.Frames, len(k.MotionEnergy))
	k.SelfSimilarity.Data, k.SelfSimilarity.values, k.MotionEnergy = nil, nil, nil
	g.curves = k
	return g
}

// files takes in what the files of a cell hold. One that is gone is a warning.
func (w *viewer) files(v *web.Video, c cell, g gathered) {
	note := func(what string, err error) bool {
		if err != nil && !errors.Is(err, errNotRecorded) {
			w.b.warn("%s of %s: %v", what, c.where(), err)
		}
		return err == nil
	}
	src, err := w.b.videoSource(c)
	if note("video", err) {
		v.Source = src
	} else {
		v.Why = err.Error()
		if errors.Is(err, errNotRecorded) {
			v.Why = "no video is recorded"
		}
	}
	s, k := g.scores, g.curves
	note("scores", g.errScores)
	v.FPS, v.Frames = s.Meta.FPS, s.Meta.Frames
	if note("curves", g.errFile) {
		if k.FPS > 0 {
			v.FPS, v.Frames = k.FPS, k.Frames
		}
		v.Energy, v.Step = g.energy, g.step
		if g.side > 0 {
			at := fmt.Sprint(v.Horizon, v.Prompt, v.Seed)
			w.maps = append(w.maps, pendingMap{len(w.v.Videos), at, g.data, g.side, k.SelfSimilarity.Scale})
		}
	}
	if v.Frames == 0 {
		v.Frames = c.Frames
	}
	for _, f := range onGrid(c.Findings, k) {
		to := web.Found{Kind: w.kinds[f.Kind], From: f.OnsetFrame, To: f.EndFrame, Text: oneLine(f.Text)}
		if p := s.Failures[f.Kind].Period; p > 0 {
			to.Period = int(math.Round(p))
		}
		v.Found = append(v.Found, to)
		for _, l := range s.returns(f) {
			v.Lines = append(v.Lines, web.Line{Kind: w.kinds[f.Kind], At: [4]float64{l.X0, l.Y0, l.X1, l.Y1}})
		}
	}
}

// onGrid are findings with their frames on the even time grid of the curves:
// a video of varying rate has other frames than the grid.
func onGrid(findings []bench.Finding, k curves) []bench.Finding {
	if len(findings) != len(k.Spans) {
		return findings
	}
	out := make([]bench.Finding, len(findings))
	used := make([]bool, len(k.Spans))
	for i, f := range findings {
		found := false
		for j, s := range k.Spans {
			if !used[j] && s.Kind == f.Kind {
				f.OnsetFrame, f.EndFrame = s.OnsetFrame, s.EndFrame
				used[j], found = true, true
				break
			}
		}
		if !found {
			return findings
		}
		out[i] = f
	}
	return out
}

// videoSource is where the page finds a cell's video.
func (b *builder) videoSource(c cell) (string, error) {
	path, err := c.file(b.dir, "video")
	if err != nil {
		return "", err
	}
	src, err := web.Relative(b.out, path)
	if err != nil {
		return "", fmt.Errorf("video: %w", err)
	}
	b.sources[src] = path
	return src, nil
}
