package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"longtake/vqeval"
)

// column is a number of a report; one that was not measured is an empty cell.
type column struct {
	name string
	get  func(*vqeval.Report) string
}

// columns that every row has. Their prefix keeps them apart from the metadata
// that is carried through.
var columns = allColumns()

func allColumns() []column {
	out := []column{
		{"vqeval.version", func(r *vqeval.Report) string { return r.Scorer.Version + "/" + r.Scorer.Profile }},
		{"vqeval.frames", func(r *vqeval.Report) string { return strconv.Itoa(r.VideoMeta.TotalFrames) }},
		{"vqeval.fps", func(r *vqeval.Report) string { return positive(r.VideoMeta.FPS) }},
		{"vqeval.width", func(r *vqeval.Report) string { return strconv.Itoa(r.VideoMeta.Width) }},
		{"vqeval.height", func(r *vqeval.Report) string { return strconv.Itoa(r.VideoMeta.Height) }},
	}
	for _, k := range vqeval.Kinds {
		name := "vqeval." + k + "."
		out = append(out,
			column{name + "severity", of(k, func(f vqeval.Failure) string { return number(f.Severity) })},
			column{name + "confidence", of(k, func(f vqeval.Failure) string { return number(f.Confidence) })},
			column{name + "share", of(k, func(f vqeval.Failure) string { return number(f.Share) })},
			column{name + "onset_frame", of(k, onset)},
			column{name + "end_frame", of(k, end)})
		for _, d := range details[k] {
			out = append(out, column{name + d.name, of(k, d.get)})
		}
	}
	out = append(out,
		column{"vqeval.composite", func(r *vqeval.Report) string { return optional(r.CompositeScore) }},
		column{"vqeval.composite_over", func(r *vqeval.Report) string { return strings.Join(r.CompositeOver, " ") }})
	for _, n := range vqeval.DimensionNames {
		out = append(out, column{"vqeval." + n + ".score", func(r *vqeval.Report) string {
			if d, ok := r.Dimensions[n]; ok {
				return number(d.Score)
			}
			return ""
		}})
	}
	return append(out,
		column{"vqeval.static", func(r *vqeval.Report) string { return strconv.FormatBool(r.Facts.Static) }},
		column{"vqeval.cuts", func(r *vqeval.Report) string { return ints(r.Facts.Cuts) }},
		column{"vqeval.motion_plateau", func(r *vqeval.Report) string {
			if v := r.Facts.MotionPlateau; v.Known() {
				return number(float64(v))
			}
			return ""
		}},
		column{"vqeval.findings", func(r *vqeval.Report) string {
			var s []string
			for _, f := range r.Findings {
				s = append(s, f.Text)
			}
			return strings.Join(s, "; ")
		}},
		column{"vqeval.warnings", func(r *vqeval.Report) string { return oneLine(strings.Join(r.Warnings, "; ")) }},
		column{"vqeval.elapsed_s", func(r *vqeval.Report) string { return number(r.ElapsedSeconds) }})
}

// details are the columns that only some kinds have.
var details = map[string][]struct {
	name string
	get  func(vqeval.Failure) string
}{
	"freeze":        {{"cause", func(f vqeval.Failure) string { return f.Cause }}, {"cycle_frames", func(f vqeval.Failure) string { return count(f.CycleFrames) }}},
	"loop":          {{"period_frames", period}, {"repeats", func(f vqeval.Failure) string { return count(f.Repeats) }}},
	"pingpong":      {{"period_frames", period}, {"centres", func(f vqeval.Failure) string { return ints(f.Centres) }}},
	"stutter":       {{"cadence", func(f vqeval.Failure) string { return f.Cadence }}},
	"region_freeze": {{"box", box}, {"area", area}},
	"region_loop":   {{"period_frames", period}, {"box", box}, {"area", area}},
	"seam":          {{"spacing_frames", func(f vqeval.Failure) string { return count(f.SpacingFrames) }}},
	"drift":         {{"what", func(f vqeval.Failure) string { return f.What }}},
}

func period(f vqeval.Failure) string { return count(f.PeriodFrames) }
func box(f vqeval.Failure) string    { return ints(f.Box) }
func area(f vqeval.Failure) string   { return positive(f.Area) }

// ints are separated by spaces.
func ints(v []int) string { return strings.Trim(fmt.Sprint(v), "[]") }

// positive is an empty cell for a number that is not known.
func positive(v float64) string {
	if !(v > 0) {
		return ""
	}
	return number(v)
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
	own := []string{"video_path", "error"}
	for _, col := range columns {
		own = append(own, col.name)
	}
	head := append(apart(meta, own), own...)
	if err := c.Write(head); err != nil {
		return err
	}
	for _, r := range results {
		row := append(append([]string{}, r.meta...), r.path, "")
		switch {
		case r.skip != "":
			row[len(row)-1] = oneLine(r.skip)
		case r.err != nil:
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

// apart renames metadata columns that are called like ours or like each other:
// x becomes x.input, x.input2 and so on.
func apart(meta, own []string) []string {
	taken := map[string]bool{}
	for _, names := range [][]string{own, meta} {
		for _, n := range names {
			taken[n] = true
		}
	}
	out := slices.Clone(meta)
	for i, n := range meta {
		if !slices.Contains(own, n) && slices.Index(meta, n) == i {
			continue
		}
		for k := 1; ; k++ {
			name := n + ".input"
			if k > 1 {
				name += strconv.Itoa(k)
			}
			if !taken[name] {
				out[i], taken[name] = name, true
				break
			}
		}
	}
	return out
}

// oneLine keeps a name with line breaks on its line.
func oneLine(s string) string {
	return strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", " ").Replace(s)
}
