package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"longtake/bench"
	"longtake/bench/stats"
	"longtake/reports/web"
)

// mostPromptRows bounds the rows that are made for single prompts; beyond it
// the page's table is of all prompts only.
const mostPromptRows = 4000

// viewer gathers one section of the page.
type viewer struct {
	b     *builder
	s     section
	ref   reference
	gpus  bool // some cell ran on one
	kinds map[string]int
	v     web.Section
	notes map[string]int // footnote by its text
	masks map[string]int // by their JSON
	maps  []pendingMap
}

// view is a section as the page takes it.
func (b *builder) view(s section, ref reference, kinds []string) web.Section {
	w := &viewer{b: b, s: s, ref: ref, gpus: s.onGPUs(), kinds: map[string]int{}, notes: map[string]int{}, masks: map[string]int{}}
	for i, k := range kinds {
		w.kinds[k] = i
	}
	w.v.Title = oneLine(s.title)
	for _, m := range s.methods {
		w.v.Methods = append(w.v.Methods, web.Method{Title: oneLine(m.title), Params: oneLine(s.params(m)), Color: m.color, Dense: m.dense})
	}
	for _, f := range s.frames {
		h := web.Horizon{Frames: f}
		if c := s.at(f); c != nil {
			h.Latent = c.LatentFrames
			if c.Model.TrainingLatentFrames > 0 {
				h.Ratio = float64(c.LatentFrames) / float64(c.Model.TrainingLatentFrames)
			}
		}
		w.v.Horizons = append(w.v.Horizons, h)
	}
	tags := distinct(s.cells, func(c cell) string { return c.Prompt.Tag })
	text := map[string]string{}
	for _, c := range s.cells {
		text[c.Prompt.Tag] = c.Prompt.Text
	}
	for _, tag := range tags {
		w.v.Prompts = append(w.v.Prompts, web.Prompt{Tag: oneLine(tag), Text: oneLine(text[tag])})
	}
	w.rows(tags)
	w.videos(tags)
	w.patterns()
	w.v.Remarks = s.residue()
	w.v.Published = publishedFor(s)
	return w.v
}

// at is some cell with this number of frames that knows its latent frames.
func (s section) at(frames int) *cell {
	for _, m := range s.methods {
		for _, c := range s.pick(m, frames) {
			if c.LatentFrames > 0 {
				return &c
			}
		}
	}
	return nil
}

// params of a method as the records have them.
func (s section) params(m method) string {
	for _, f := range s.frames {
		if all := s.pick(m, f); len(all) > 0 {
			name := all[0].Method.Name
			if p := params(all[0].Method); p != "" {
				return name + ":" + p
			}
			return name
		}
	}
	return ""
}

// note is the number of a footnote.
func (w *viewer) note(text string) int {
	i, ok := w.notes[text]
	if !ok {
		i = len(w.v.Notes)
		w.notes[text] = i
		w.v.Notes = append(w.v.Notes, text)
	}
	return i
}

var viewColumns = []web.Column{
	{ID: "freeze", Title: "Froze", Help: "videos with a freeze finding (severity 0.5 or more) of those scored"},
	{ID: "loop", Title: "Looped", Help: "videos with a loop finding of those scored"},
	{ID: "other", Title: "Other findings", Help: "videos with a finding of any other kind"},
	{ID: "motion", Title: "Motion kept", Help: "motion plateau over 81-frame windows over that of dense seeds at 1x of the same prompt, mean with 95 % interval; ~ the interval holds 1"},
	{ID: "composite", Title: "Score, 0-100", Help: "the scorer's composite, mean with 95 % interval"},
	{ID: "denoise", Title: "Denoise, s", Help: "seconds to denoise a video, mean with 95 % interval"},
	{ID: "wall", Title: "Whole video, s", Help: "seconds to make a video, mean with 95 % interval"},
	{ID: "speedup", Title: "Speed-up", Help: "of denoising over dense: geometric mean of pairs of the same prompt and seed with 95 % interval; ~ the interval holds 1"},
	{ID: "bound", Title: "Bound", Help: "the speed-up of denoising that the attended fraction allows"},
	{ID: "attended", Title: "Attended", Help: "share of token pairs that are attended"},
	{ID: "memory", Title: "Peak, MiB", Help: "largest peak memory of the row"},
}

// gpuColumns follow where some cell ran on a GPU.
var gpuColumns = []web.Column{
	{ID: "gpu_memory", Title: "Peak GPU, MiB", Help: "largest peak of GPU memory of the row, as sampled while the command ran"},
	{ID: "gpu_hours", Title: "GPU-hours", Help: "sum over the row's cells, those that were lost included"},
}

// rows are one for each method and horizon over all prompts, and one for each
// prompt where there are several.
func (w *viewer) rows(tags []string) {
	w.v.Columns = viewColumns
	if w.gpus {
		w.v.Columns = slices.Concat(viewColumns, gpuColumns)
	}
	add := func(s section, prompt int) {
		for h, frames := range s.frames {
			for m, method := range s.methods {
				if all := s.pick(method, frames); len(all) > 0 {
					w.v.Rows = append(w.v.Rows, w.row(s, m, h, prompt, all))
				}
			}
		}
	}
	add(w.s, -1)
	if len(tags) < 2 || len(tags)*len(w.s.methods)*len(w.s.frames) > mostPromptRows {
		return
	}
	for p, tag := range tags {
		add(w.s.only(tag), p)
	}
}

func (w *viewer) row(s section, m, h, prompt int, all []cell) web.Row {
	method, frames := s.methods[m], s.frames[h]
	ok := onlyOK(all)
	n := len(ok)
	r := web.Row{Method: m, Horizon: h, Prompt: prompt, N: size(all)}
	lost := w.lost(all)
	mean := func(metric string) web.Cell {
		i, reason := measured(ok, metric)
		return w.estimate(i, n, reason)
	}
	freeze, loop := w.failed(ok, bench.FreezeSeverity), w.failed(ok, bench.LoopSeverity)
	freeze.Notes = append(freeze.Notes, lost...)
	motion, reason := w.ref.motion(ok)
	_, unpaired := s.pairs(method, frames)
	r.Cells = []web.Cell{freeze, loop, w.others(ok), w.ratio(motion, n, reason), mean(compositeScore), mean(bench.DenoiseSeconds), mean(bench.WallSeconds),
		w.ratio(s.speedup(method, frames, bench.DenoiseSeconds), n, unpaired), w.bound(s, method, frames), w.plain(ok, bench.AttendedFraction), w.mebibytes(ok, bench.PeakRSSBytes)}
	if w.gpus {
		hours := web.Cell{Text: absent}
		if h, n := spent(all); n > 0 {
			hours = web.Cell{Text: sig(h), Value: known(h)}
			if n != len(all) {
				hours.Notes = []int{w.note(fmt.Sprintf("%s is known of %d of %d cells", bench.GPUHours, n, len(all)))}
			}
		} else {
			hours.Notes = []int{w.note(bench.GPUHours + " was not measured")}
		}
		r.Cells = append(r.Cells, w.mebibytes(ok, bench.GPUPeakBytes), hours)
	}
	return r
}

// mebibytes is the largest peak of a row.
func (w *viewer) mebibytes(ok []cell, metric string) web.Cell {
	v := values(ok, metric)
	if len(v) == 0 {
		return web.Cell{Text: absent, Notes: []int{w.note(metric + " was not measured")}}
	}
	most := slices.Max(v) / (1 << 20)
	return web.Cell{Text: strconv.FormatFloat(most, 'f', 0, 64), Value: known(most)}
}

// compositeScore is the scorer's own, 0 to 100.
const compositeScore = "vqeval.composite"

// mostLost is how many of a row's lost cells have a footnote of their own.
const mostLost = 3

// lost are the footnotes of a row's records: those that failed, and the
// warnings that they carry.
func (w *viewer) lost(all []cell) []int {
	var out []int
	add := func(text string) {
		if i := w.note(text); !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	n := 0
	for _, c := range all {
		if c.ok() {
			continue
		}
		if n++; n <= mostLost {
			add(fmt.Sprintf("%s: %s", c.where(), oneLine(missing(&c))))
		}
	}
	if n > mostLost {
		add(fmt.Sprintf("and %d more of %s at %d frames did not finish; the list of videos says why", n-mostLost, all[0].Method.Title(), all[0].Frames))
	}
	for _, c := range all {
		for _, t := range c.Record.Warnings {
			add("recorded: " + oneLine(t))
		}
	}
	return out
}

func (w *viewer) failed(ok []cell, metric string) web.Cell {
	f := failures(ok, metric)
	if f.n == 0 {
		i, _ := measured(ok, metric)
		return web.Cell{Text: absent, Notes: []int{w.note(i.Reason)}}
	}
	return share(f.k, f.n)
}

func share(k, n int) web.Cell {
	i := stats.Share(k, n)
	return web.Cell{Text: fmt.Sprintf("%d/%d", k, n), Value: known(i.Value), Low: known(i.Low), High: known(i.High)}
}

// others counts the videos with a finding that has no column.
func (w *viewer) others(ok []cell) web.Cell {
	k, n := 0, 0
	for _, c := range ok {
		if !c.scored() {
			continue
		}
		n++
		if slices.ContainsFunc(c.Findings, func(f bench.Finding) bool { return f.Kind != "freeze" && f.Kind != "loop" }) {
			k++
		}
	}
	if n == 0 {
		return web.Cell{Text: absent, Notes: []int{w.note("no video was scored")}}
	}
	return share(k, n)
}

// scored reports whether somebody looked for failures.
func (c cell) scored() bool { _, ok := c.Metric(bench.FreezeSeverity); return ok }

// estimate is a value with its interval; a reason stands under it.
func (w *viewer) estimate(i stats.Interval, n int, reason string) web.Cell {
	if math.IsNaN(i.Value) {
		if i.Reason == "reference" || i.Reason == notEngaged {
			return web.Cell{Text: i.Reason}
		}
		return web.Cell{Text: absent, Notes: []int{w.note(i.Reason)}}
	}
	c := web.Cell{Text: interval(i), Value: known(i.Value)}
	if i.Known() {
		c.Low, c.High = known(i.Low), known(i.High)
	} else {
		c.Notes = append(c.Notes, w.note(i.Reason))
	}
	if i.N != n {
		c.Text += fmt.Sprintf(" n=%d", i.N)
		if reason != "" {
			c.Notes = append(c.Notes, w.note(reason))
		}
	}
	return c
}

// ratio is an estimate that is the same as what it is compared with where its
// interval holds 1.
func (w *viewer) ratio(i stats.Interval, n int, reason string) web.Cell {
	c := w.estimate(i, n, reason)
	if c.Same = i.Known() && i.Low <= 1 && i.High >= 1; c.Same {
		c.Text += " ~"
	}
	return c
}

func (w *viewer) bound(s section, m method, frames int) web.Cell {
	if m.dense {
		return web.Cell{Text: "reference"}
	}
	i := s.bound(m, frames, bench.DenoiseSeconds)
	if math.IsNaN(i.Value) {
		return web.Cell{Text: absent, Notes: []int{w.note(i.Reason)}}
	}
	return web.Cell{Text: sig(i.Value), Value: known(i.Value)}
}

// plain is a mean without an interval: a property of the method.
func (w *viewer) plain(ok []cell, metric string) web.Cell {
	i, _ := measured(ok, metric)
	if math.IsNaN(i.Value) {
		return web.Cell{Text: absent, Notes: []int{w.note(i.Reason)}}
	}
	return web.Cell{Text: sig(i.Value), Value: known(i.Value)}
}

// known is a pointer to a finite number, rounded to what a page can show; nil
// for others.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return nil
	}
	return &r
}
