package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"longtake/vqeval"
)

// columns that every row has; a number that was not measured is an empty cell.
// Their prefix keeps them apart from the metadata that is carried through.
var columns = []struct {
	name string
	get  func(*vqeval.Report) string
}{
	{"vqeval.version", func(r *vqeval.Report) string { return r.Scorer.Version + "/" + r.Scorer.Profile }},
	{"vqeval.frames", func(r *vqeval.Report) string { return strconv.Itoa(r.VideoMeta.TotalFrames) }},
	{"vqeval.fps", func(r *vqeval.Report) string { return number(r.VideoMeta.FPS) }},
	{"vqeval.width", func(r *vqeval.Report) string { return strconv.Itoa(r.VideoMeta.Width) }},
	{"vqeval.height", func(r *vqeval.Report) string { return strconv.Itoa(r.VideoMeta.Height) }},
	{"vqeval.freeze.severity", of("freeze", func(f vqeval.Failure) string { return number(f.Severity) })},
	{"vqeval.freeze.confidence", of("freeze", func(f vqeval.Failure) string { return number(f.Confidence) })},
	{"vqeval.freeze.share", of("freeze", func(f vqeval.Failure) string { return number(f.Share) })},
	{"vqeval.freeze.onset_frame", of("freeze", onset)},
	{"vqeval.freeze.end_frame", of("freeze", end)},
	{"vqeval.freeze.cause", of("freeze", func(f vqeval.Failure) string { return f.Cause })},
	{"vqeval.freeze.cycle_frames", of("freeze", func(f vqeval.Failure) string { return count(f.CycleFrames) })},
	{"vqeval.loop.severity", of("loop", func(f vqeval.Failure) string { return number(f.Severity) })},
	{"vqeval.loop.confidence", of("loop", func(f vqeval.Failure) string { return number(f.Confidence) })},
	{"vqeval.loop.share", of("loop", func(f vqeval.Failure) string { return number(f.Share) })},
	{"vqeval.loop.onset_frame", of("loop", onset)},
	{"vqeval.loop.end_frame", of("loop", end)},
	{"vqeval.loop.period_frames", of("loop", func(f vqeval.Failure) string { return count(f.PeriodFrames) })},
	{"vqeval.loop.repeats", of("loop", func(f vqeval.Failure) string { return count(f.Repeats) })},
	{"vqeval.static.severity", of("static", func(f vqeval.Failure) string { return number(f.Severity) })},
	{"vqeval.static.share", of("static", func(f vqeval.Failure) string { return number(f.Share) })},
	{"vqeval.static", func(r *vqeval.Report) string { return strconv.FormatBool(r.Facts.Static) }},
	{"vqeval.cuts", func(r *vqeval.Report) string {
		return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(r.Facts.Cuts)), " "), "[]")
	}},
	{"vqeval.motion_plateau", func(r *vqeval.Report) string { return number(r.Facts.MotionPlateau) }},
	{"vqeval.findings", func(r *vqeval.Report) string {
		var s []string
		for _, f := range r.Findings {
			s = append(s, f.Text)
		}
		return strings.Join(s, "; ")
	}},
	{"vqeval.elapsed_s", func(r *vqeval.Report) string { return number(r.ElapsedSeconds) }},
}

func of(kind string, get func(vqeval.Failure) string) func(*vqeval.Report) string {
	return func(r *vqeval.Report) string {
		if f, ok := r.Failures[kind]; ok {
			return get(f)
		}
		return ""
	}
}

func onset(f vqeval.Failure) string {
	if !f.Found() {
		return ""
	}
	return strconv.Itoa(f.OnsetFrame)
}

func end(f vqeval.Failure) string {
	if !f.Found() {
		return ""
	}
	return strconv.Itoa(f.EndFrame)
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// writeCSV writes the metadata columns, the name, the error and the numbers.
func writeCSV(w io.Writer, meta []string, results []result) error {
	c := csv.NewWriter(w)
	head := append(append([]string{}, meta...), "video_path", "error")
	for _, col := range columns {
		head = append(head, col.name)
	}
	if err := c.Write(head); err != nil {
		return err
	}
	for _, r := range results {
		row := append(append([]string{}, r.meta...), r.path, "")
		if r.err != nil {
			row[len(row)-1] = oneLine(r.err.Error())
		}
		for _, col := range columns {
			v := ""
			if r.report != nil {
				v = col.get(r.report)
			}
			row = append(row, v)
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// oneLine keeps a name with line breaks on its line.
func oneLine(s string) string {
	return strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", " ").Replace(s)
}
