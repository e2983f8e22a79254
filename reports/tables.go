package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"longtake/bench"
	"longtake/bench/stats"
)

// latent is the number of latent frames and the ratio to the training horizon
// at a number of frames, "-" where the records do not say.
func (s section) latent(frames int) (latent, ratio string) {
	for _, c := range s.cells {
		if c.Frames == frames && c.LatentFrames > 0 {
			latent, ratio = strconv.Itoa(c.LatentFrames), absent
			if c.Ratio > 0 {
				ratio = fmt.Sprintf("%.2f", c.Ratio)
			}
			return latent, ratio
		}
	}
	return absent, absent
}

// size of a row: its videos, and the cells that have none.
func size(cells []cell) string {
	n := len(onlyOK(cells))
	s := strconv.Itoa(n)
	if lost := len(cells) - n; lost > 0 {
		s += fmt.Sprintf(" (%s)", list(tally(cells), 3))
	}
	return s
}

// tally counts the cells that are not ok by their status.
func tally(cells []cell) []string {
	var out []string
	for _, status := range []string{bench.StatusOOM, bench.StatusTimeout, bench.StatusFailed} {
		if n := withStatus(cells, status); n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, status))
		}
	}
	return out
}

// withStatus is how many cells ended so.
func withStatus(cells []cell, status string) (n int) {
	for _, c := range cells {
		if c.Status == status {
			n++
		}
	}
	return n
}

// estimate writes an interval in a row of n videos: with its own n where that
// differs, and with a note where something is missing.
func estimate(i stats.Interval, n int, reason string, ns *notes) string {
	if math.IsNaN(i.Value) {
		if i.Reason == "reference" || i.Reason == notEngaged {
			return i.Reason
		}
		return ns.without(i.Reason)
	}
	s := interval(i)
	if i.N != n {
		s += fmt.Sprintf(" n=%d", i.N)
		if reason != "" {
			s += " " + ns.mark(reason)
		}
	}
	if !i.Known() {
		s += " " + ns.mark(i.Reason)
	}
	return s
}

// change is an estimate of a ratio: "~" says that the interval holds 1.
func change(i stats.Interval, n int, reason string, ns *notes) string {
	s := estimate(i, n, reason, ns)
	if i.Known() && i.Low <= 1 && i.High >= 1 {
		s += " ~"
	}
	return s
}

func measured(cells []cell, metric string) (stats.Interval, string) {
	v := values(cells, metric)
	reason := metric + " was not measured"
	m := stats.Mean(v)
	switch {
	case len(cells) == 0:
		m.Reason = "no video"
	case len(v) == 0:
		m.Reason = reason
	}
	return m, reason
}

// costTable is time and speed per horizon and method.
func costTable(s section) table {
	t := table{Header: []string{"Frames", "Latent frames", "Ratio", "Method", "n", "Wall, s", "Denoise, s",
		"Speed-up of denoise", "Speed-up of wall", "Bound of denoise", "Bound of wall", "Attended fraction", "Peak memory, MiB"}, Left: []int{3}}
	gpus := s.onGPUs()
	if gpus {
		t.Header = append(t.Header, "Peak GPU memory, MiB", "GPU-hours")
	}
	var ns notes
	s.eachRow(func(frames int, m method, all []cell) {
		ok := onlyOK(all)
		n := len(ok)
		mean := func(metric string) string {
			i, reason := measured(ok, metric)
			return estimate(i, n, reason, &ns)
		}
		_, unpaired := s.pairs(m, frames)
		denoise, wall := s.speedup(m, frames, bench.DenoiseSeconds), s.speedup(m, frames, bench.WallSeconds)
		latent, ratio := s.latent(frames)
		row := []string{strconv.Itoa(frames), latent, ratio, m.title, size(all),
			mean(bench.WallSeconds), mean(bench.DenoiseSeconds), change(denoise, n, unpaired, &ns), change(wall, n, unpaired, &ns),
			most(m, s.bound(m, frames, bench.DenoiseSeconds), &ns), most(m, s.bound(m, frames, bench.WallSeconds), &ns), fraction(ok, &ns), mebibytes(ok, bench.PeakRSSBytes, &ns)}
		if gpus {
			row = append(row, mebibytes(ok, bench.GPUPeakBytes, &ns), gpuHoursOf(all, &ns))
		}
		t.Rows = append(t.Rows, row)
	})
	t.Notes = ns.texts
	return t
}

// most is the bound of a speed-up.
func most(m method, bound stats.Interval, ns *notes) string {
	switch {
	case m.dense:
		return "reference"
	case math.IsNaN(bound.Value):
		return ns.without(bound.Reason)
	}
	return sig(bound.Value)
}

// fraction is the mean attended fraction; it is a property of the pattern, so
// it has no interval.
func fraction(ok []cell, ns *notes) string {
	i, _ := measured(ok, bench.AttendedFraction)
	if math.IsNaN(i.Value) {
		return ns.without(i.Reason)
	}
	return sig(i.Value)
}

// mebibytes is the largest peak of a row.
func mebibytes(ok []cell, metric string, ns *notes) string {
	v := values(ok, metric)
	if len(v) == 0 {
		i, _ := measured(ok, metric)
		return ns.without(i.Reason)
	}
	return strconv.FormatFloat(slices.Max(v)/(1<<20), 'f', 0, 64)
}

// qualityTable is what the scorer found per horizon and method, with the
// procedural scenes' own videos as control.
func qualityTable(s section, ref reference, given []cell) table {
	t := table{Header: []string{"Frames", "Method", "n", "Freeze, videos", "Freeze, mean severity", "Loop, videos", "Loop, mean severity", "Static, videos", "Motion retained"}, Left: []int{1}}
	var ns notes
	row := func(frames int, title string, all []cell) {
		ok := onlyOK(all)
		n := len(ok)
		cells := []string{strconv.Itoa(frames), title, size(all)}
		for _, metric := range []string{bench.FreezeSeverity, bench.LoopSeverity} {
			f := failures(ok, metric)
			if f.n == 0 {
				i, _ := measured(ok, metric)
				missing := ns.without(i.Reason)
				cells = append(cells, missing, missing)
				continue
			}
			cells = append(cells, f.share(), sig(f.severity))
		}
		var still string
		if f := failures(ok, bench.StaticSeverity); f.n > 0 {
			still = f.share()
		} else {
			i, _ := measured(ok, bench.StaticSeverity)
			still = ns.without(i.Reason)
		}
		motion, reason := ref.motion(ok)
		t.Rows = append(t.Rows, append(cells, still, change(motion, n, reason, &ns)))
	}
	last := 0
	control := func(frames int) {
		if c := controls(s, given, frames); len(c) > 0 {
			row(frames, "control: the scenes themselves", c)
		}
	}
	s.eachRow(func(frames int, m method, all []cell) {
		if last != 0 && frames != last {
			control(last)
		}
		last = frames
		row(frames, m.title, all)
	})
	control(last)
	t.Notes = ns.texts
	return t
}

// referenceTable is what motion is compared with.
func referenceTable(s section, ref reference) table {
	t := table{Header: []string{"Prompt", "Dense 1x seeds", "Motion plateau", "Remark"}, Left: []int{0, 3}}
	for _, tag := range distinct(s.cells, func(c cell) string { return c.Prompt.Tag }) {
		if m, ok := ref.plateau[tag]; ok {
			t.Rows = append(t.Rows, []string{tag, strconv.Itoa(m.N), interval(m), ""})
		} else {
			t.Rows = append(t.Rows, []string{tag, absent, absent, ref.reason[tag]})
		}
	}
	return t
}

// eachRow visits the rows that have any record, horizon by horizon.
func (s section) eachRow(visit func(frames int, m method, all []cell)) {
	for _, frames := range s.frames {
		for _, m := range s.methods {
			if all := s.pick(m, frames); len(all) > 0 {
				visit(frames, m, all)
			}
		}
	}
}

// residue says what the rows average over, and which rows do not cover the
// same prompts and seeds as the others of their horizon.
func (s section) residue() []string {
	tags := distinct(s.cells, func(c cell) string { return c.Prompt.Tag })
	seeds := distinct(s.cells, func(c cell) string { return strconv.FormatInt(c.Seed, 10) })
	out := []string{fmt.Sprintf("A row averages over its videos, of %s (%s) and %s (%s).", count(len(tags), "prompt"), list(tags, 8), count(len(seeds), "seed"), list(seeds, 8))}
	var missing []string
	same := true
	whole := videos(s.cells)
	for _, frames := range s.frames {
		var at []cell
		for _, m := range s.methods {
			at = append(at, s.pick(m, frames)...)
		}
		all := videos(at)
		same = same && slices.Equal(all, whole)
		for _, m := range s.methods {
			row := s.pick(m, frames)
			if len(row) == 0 {
				continue // no row
			}
			if lost := len(all) - len(videos(onlyOK(row))); lost > 0 {
				missing = append(missing, fmt.Sprintf("%s at %d frames lacks %d of %d", m.title, frames, lost, len(all)))
			}
		}
	}
	if len(missing) > 0 {
		out = append(out, "Rows of a horizon do not hold the same prompts and seeds, so their means do not compare (speed-ups do, they are paired): "+list(missing, 8)+".")
	}
	if !same {
		out = append(out, "Horizons do not hold the same prompts and seeds, so their means do not compare.")
	}
	return out
}

// videos lists the prompts and seeds of cells.
func videos(cells []cell) []string {
	return distinct(cells, func(c cell) string { return c.Prompt.Tag + "\x00" + strconv.FormatInt(c.Seed, 10) })
}
