package reports

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"longtake/bench"
	"longtake/bench/stats"
	"longtake/internal/figure"
)

// horizonTicks labels each horizon with its frames.
func horizonTicks(s section) []figure.Tick {
	var v []float64
	for _, f := range s.frames {
		v = append(v, float64(f))
	}
	return figure.ValueTicks(v)
}

const framesLabel = "video frames"

// latencyChart is denoising time against horizon, with the bound that the
// attended fraction allows as a dashed line of the method's colour.
func latencyChart(s section) figure.Lines {
	f := figure.Lines{
		Title: "Denoising time against horizon",
		X:     figure.Axis{Label: framesLabel, Log: true, Ticks: horizonTicks(s)},
		Y:     figure.Axis{Label: "denoising time, s", Log: true},
	}
	var bounds []figure.Series
	for _, m := range s.methods {
		line := figure.Series{Name: m.title, Color: m.color}
		bound := figure.Series{Name: "bound of " + m.title, Color: m.color, Dashed: true}
		below := false
		for _, frames := range s.frames {
			ok := onlyOK(s.pick(m, frames))
			add(&line, frames, stats.Mean(values(ok, bench.DenoiseSeconds)))
			b := boundSeconds(s, m, frames)
			bound.X, bound.Y = append(bound.X, float64(frames)), append(bound.Y, b)
			v := values(ok, bench.AttendedFraction)
			below = below || !math.IsNaN(b) && stats.Mean(v).Value < 1
		}
		f.Series = append(f.Series, line)
		if below && !m.dense {
			bounds = append(bounds, bound)
		}
	}
	f.Series = append(f.Series, bounds...)
	return f
}

// boundSeconds is dense time x (1 - a(1-f)), averaged over pairs.
func boundSeconds(s section, m method, frames int) float64 {
	all, _ := s.pairs(m, frames)
	var out []float64
	for _, p := range all {
		t, okT := p.dense.Metric(bench.DenoiseSeconds)
		a, okA := p.dense.Metric(bench.AttentionSeconds)
		f, okF := p.cell.Metric(bench.AttendedFraction)
		if okT && okA && okF && t > 0 && a >= 0 && a <= t && f >= 0 && f <= 1 {
			out = append(out, t-a*(1-f))
		}
	}
	return stats.Mean(out).Value
}

func add(s *figure.Series, frames int, i stats.Interval) {
	s.X, s.Y = append(s.X, float64(frames)), append(s.Y, i.Value)
	low, high := i.Low, i.High
	if !i.Known() {
		low, high = nan, nan
	}
	s.Low, s.High = append(s.Low, low), append(s.High, high)
}

// motionChart is motion retained against horizon.
func motionChart(s section, ref reference, given []cell) figure.Lines {
	f := figure.Lines{
		Title:  "Motion retained against horizon",
		X:      figure.Axis{Label: framesLabel, Ticks: horizonTicks(s)},
		Y:      figure.Axis{Label: "motion retained (1 = dense at 1x)", Zero: true},
		Levels: []figure.Level{{Y: 1, Name: "dense at 1x"}},
		Dodge:  true,
	}
	for _, m := range s.methods {
		line := figure.Series{Name: m.title, Color: m.color}
		for _, frames := range s.frames {
			v, _ := ref.motion(s.pick(m, frames))
			add(&line, frames, v)
		}
		f.Series = append(f.Series, line)
	}
	control := figure.Series{Name: "control: the scenes", Color: len(s.methods), Dashed: true}
	some := false
	for _, frames := range s.frames {
		v, _ := ref.motion(controls(s, given, frames))
		control.X, control.Y = append(control.X, float64(frames)), append(control.Y, v.Value)
		some = some || !math.IsNaN(v.Value)
	}
	if some {
		f.Series = append(f.Series, control)
	}
	return f
}

// findingsChart is the share of videos with a finding against horizon.
func findingsChart(s section, kind, metric string) figure.Bars {
	f := figure.Bars{
		Title:  fmt.Sprintf("Videos with a %s finding", kind),
		XLabel: framesLabel,
		Y:      figure.Axis{Label: "share of videos", Min: 0, Max: 1.1, Ticks: figure.ValueTicks([]float64{0, 0.25, 0.5, 0.75, 1})},
	}
	for _, frames := range s.frames {
		f.Groups = append(f.Groups, strconv.Itoa(frames))
	}
	for _, m := range s.methods {
		bars := figure.BarSeries{Name: m.title, Color: m.color}
		for _, frames := range s.frames {
			got := failures(s.pick(m, frames), metric)
			share := stats.Share(got.k, got.n)
			bars.Bars = append(bars.Bars, figure.Bar{Value: share.Value, Low: share.Low, High: share.High, Label: fmt.Sprintf("%d/%d", got.k, got.n)})
		}
		f.Series = append(f.Series, bars)
	}
	return f
}

// example is one prompt and seed at its longest horizon, one cell a method.
type example struct {
	tag    string
	seed   int64
	frames int
	cells  []*cell // by method, nil where there is none
}

func (e example) title() string {
	return fmt.Sprintf("%d frames, prompt %s, seed %d", e.frames, e.tag, e.seed)
}

// mostExamples bounds the figures that are made per prompt, mostDecoded the
// videos that are decoded for them: the page shows all.
const mostExamples, mostDecoded = 3, 20

// examples picks for each prompt the seed with the most videos at its longest
// horizon, the smallest such seed.
func (s section) examples() (out []example, left int) {
	tags := distinct(s.cells, func(c cell) string { return c.Prompt.Tag })
	for _, tag := range tags {
		var best example
		most, longest := 0, 0
		for _, c := range s.cells {
			if c.Prompt.Tag == tag {
				longest = max(longest, c.Frames)
			}
		}
		seeds := map[int64]bool{}
		for _, c := range s.cells { // sorted by seed
			if c.Frames != longest || c.Prompt.Tag != tag || seeds[c.Seed] {
				continue
			}
			seeds[c.Seed] = true
			e, n := example{tag: tag, seed: c.Seed, frames: longest}, 0
			for _, m := range s.methods {
				var found *cell
				for _, k := range s.pick(m, longest) {
					if k.Prompt.Tag == tag && k.Seed == c.Seed {
						found = &k
						if k.ok() {
							n++
						}
						break
					}
				}
				e.cells = append(e.cells, found)
			}
			if n > most {
				best, most = e, n
			}
		}
		if most > 0 {
			out = append(out, best)
		}
	}
	if most := max(1, min(mostExamples, mostDecoded/len(s.methods))); len(out) > most {
		return out[:most], len(out) - most
	}
	return out, 0
}

// missing says why a cell has no video.
func missing(c *cell) string {
	switch {
	case c == nil:
		return "no record"
	case c.Error != "":
		return c.Status + ": " + c.Error
	}
	return c.Status
}

// similarityChart shows every method's self-similarity on one scale, alike
// frames bright.
func similarityChart(dir string, s section, e example) (figure.Heats, []string) {
	f := figure.Heats{
		Title: "Self-similarity at " + e.title(), XLabel: "frame", YLabel: "frame", BarLabel: "difference, grey levels", LowBright: true,
	}
	var warnings []string
	for i, m := range s.methods {
		h := figure.Heat{Title: m.title}
		c := e.cells[i]
		if c == nil || !c.ok() {
			h.Note = missing(c)
			f.Panels = append(f.Panels, h)
			continue
		}
		v, err := c.curves(dir)
		k := v.SelfSimilarity
		switch {
		case err != nil:
			h.Note = err.Error()
			if !errors.Is(err, errNotRecorded) {
				warnings = append(warnings, fmt.Sprintf("no self-similarity of %s: %v", c.where(), err))
			}
		case k.values == nil:
			h.Note = "not computed"
		default:
			h.Rows, h.Cols, h.Values = k.Size, k.Size, k.values
			h.X = [2]float64{0, float64(k.Frames)}
			h.Y = h.X
			f.Hi = max(f.Hi, k.Scale*mostByte)
			scores, err := c.scores(dir)
			if err != nil && !errors.Is(err, errNotRecorded) {
				warnings = append(warnings, fmt.Sprintf("scores of %s: %v", c.where(), err))
			}
			for _, g := range onGrid(c.Findings, v) {
				for _, l := range scores.returns(g) {
					h.Lines = append(h.Lines, figure.HeatLine{X: [2]float64{l.X0, l.X1}, Y: [2]float64{l.Y0, l.Y1}, Paint: familyColor(g.Kind)})
				}
			}
		}
		f.Panels = append(f.Panels, h)
	}
	return f, warnings
}

// energyChart shows every method's motion frame by frame, with what was found.
func energyChart(dir string, s section, e example) figure.Curves {
	f := figure.Curves{Title: "Motion energy (grey levels) at " + e.title(), X: figure.Axis{Label: "frame", Max: float64(max(1, e.frames-1))}}
	most := 0.0
	for i, m := range s.methods {
		p := figure.Panel{Title: m.title, Y: figure.Axis{Zero: true}}
		if c := e.cells[i]; c != nil && c.ok() {
			if v, err := c.curves(dir); err == nil {
				line := figure.Series{Color: m.color, Y: v.MotionEnergy}
				for k := range v.MotionEnergy {
					line.X = append(line.X, float64(k))
					most = max(most, finiteOr0(v.MotionEnergy[k]))
				}
				p.Series = append(p.Series, line)
			}
			for _, k := range c.Findings {
				p.Spans = append(p.Spans, figure.Span{From: float64(k.OnsetFrame), To: float64(k.EndFrame), Name: words(k.Kind), Paint: familyColor(k.Kind)})
			}
			// What stops or repeats is drawn over what only looks different.
			slices.SortStableFunc(p.Spans, func(a, b figure.Span) int {
				return familyRank(strings.ReplaceAll(b.Name, " ", "_")) - familyRank(strings.ReplaceAll(a.Name, " ", "_"))
			})
		}
		f.Panels = append(f.Panels, p)
	}
	if most > 0 {
		for i := range f.Panels { // one scale, so that methods can be compared
			f.Panels[i].Y.Max = 1.05 * most
		}
	}
	return f
}

func finiteOr0(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}
