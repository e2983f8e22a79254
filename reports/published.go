package reports

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"longtake/bench"
	"longtake/bench/stats"
	"longtake/reports/web"
)

//go:embed published/lvsa-1.2.0.csv
var publishedCSV string

// publishedSource says where the rows come from and what they ran on.
const publishedSource = "published: result table of the LVSA repository, version 1.2.0; mean and standard deviation over 5 prompts; GPUs of the A100 class. " +
	"Rows are joined by frame count and enter no mean of this page. The README of that repository quotes other runs (dense Wan 1.3B at 321 frames: 1930 s there, 1442 s in this table)."

// published is one row of the table.
type published struct {
	model, method string
	frames, n     int
	wall, wallSD  float64 // seconds
	peak          float64 // GPU, as published, GB
	vbench        float64 // mean of five dimensions, 0 to 1
}

// publishedFrames are the lengths that the table's labels stand for: the
// repository's pixel grid, not the latent one.
var publishedFrames = map[string]map[string]int{
	"wan13b": {"1x": 81, "2x": 161, "4x": 321, "6x": 481},
	"wan14b": {"1x": 81, "2x": 161, "4x": 321, "6x": 481},
	"hv15":   {"0.5x": 65, "1x": 129, "1.5x": 193, "2x": 257},
}

var publishedNames = map[string]string{"wan13b": "Wan 2.1 1.3B", "wan14b": "Wan 2.1 14B", "hv15": "HunyuanVideo 1.5"}

func readPublished(table string) ([]published, error) {
	r := csv.NewReader(strings.NewReader(table))
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("reports: published table: %w", err)
	}
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reports: published table: %w", err)
	}
	var out []published
	for i, line := range lines {
		var bad error
		text := func(name string) string {
			k := slices.Index(head, name)
			if k < 0 {
				bad = fmt.Errorf("no column %s", name)
				return ""
			}
			return line[k]
		}
		number := func(name string) float64 {
			v, err := strconv.ParseFloat(text(name), 64)
			if err != nil && bad == nil {
				bad = fmt.Errorf("%s: %w", name, err)
			}
			return v
		}
		p := published{model: text("model"), method: text("backend"), n: int(number("n")), wall: number("wall_time_s_mean"), wallSD: number("wall_time_s_std"),
			peak: number("peak_gpu_gb_mean"), vbench: number("vbench_avg_mean")}
		if p.frames = publishedFrames[p.model][text("horizon")]; p.frames == 0 && bad == nil {
			bad = fmt.Errorf("no frame count is known for %s of %s", text("horizon"), p.model)
		}
		if bad != nil {
			return nil, fmt.Errorf("reports: published table, line %d: %w", i+2, bad)
		}
		out = append(out, p)
	}
	return out, nil
}

// publishedModel is the model of the published table that a name stands for,
// "" where there is none.
func publishedModel(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	switch {
	case strings.HasPrefix(s, "wan") && strings.Contains(s, "13b"):
		return "wan13b"
	case strings.HasPrefix(s, "wan") && strings.Contains(s, "14b"):
		return "wan14b"
	case s == "hv15" || strings.HasPrefix(s, "hunyuan") && strings.Contains(s, "15"):
		return "hv15"
	}
	return ""
}

// synthetic models are nobody else's, so that nothing published belongs beside
// their numbers.
func synthetic(c cell) bool { return c.Model.Name == "mini" || c.Generator == scenes }

// publishedFor is the table for a section: for a model that was published, with
// the section's own rows of the same frames beside; for a synthetic model the
// published rows alone; for others none.
func publishedFor(s section) web.Published {
	all, err := readPublished(publishedCSV)
	if err != nil {
		panic(err) // it is embedded, and a test reads it
	}
	t := web.Published{Source: publishedSource, Header: []string{"Frames", "Model", "Method", "Where from", "Hardware", "n", "Wall, s", "Speed-up of wall", "Bound", "Peak GPU memory, GB", "VBench mean"}}
	model := publishedModel(s.cells[0].Model.Name)
	alone := synthetic(s.cells[0])
	switch {
	case alone:
		t.Title = "Published numbers of real models, for orientation only: this sweep's model is synthetic, none of its numbers belongs beside them"
	case model == "":
		return web.Published{}
	default:
		t.Title = "Published numbers of " + publishedNames[model] + " beside those measured here"
	}
	dense := map[string]float64{}
	for _, p := range all {
		if p.method == "dense" {
			dense[fmt.Sprint(p.model, p.frames)] = p.wall
		}
	}
	type line struct {
		frames int
		row    web.PublishedRow
	}
	var lines []line
	for _, p := range all {
		if !alone && p.model != model {
			continue
		}
		speed := absent
		if d := dense[fmt.Sprint(p.model, p.frames)]; d > 0 && p.method != "dense" {
			speed = sig(d / p.wall)
		} else if p.method == "dense" {
			speed = "reference"
		}
		lines = append(lines, line{p.frames, web.PublishedRow{Cells: []string{strconv.Itoa(p.frames), publishedNames[p.model], p.method, "published (LVSA 1.2.0)", "A100 class", strconv.Itoa(p.n),
			fmt.Sprintf("%s ± %s", sig(p.wall), sig(p.wallSD)), speed, absent, fmt.Sprintf("%.1f", p.peak), fmt.Sprintf("%.3f", p.vbench)}}})
	}
	if !alone {
		s.eachRow(func(frames int, m method, all []cell) {
			ok := onlyOK(all)
			wall, _ := measured(ok, bench.WallSeconds)
			bound := absent
			if b := s.bound(m, frames, bench.WallSeconds); !math.IsNaN(b.Value) {
				bound = sig(b.Value)
			}
			lines = append(lines, line{frames, web.PublishedRow{Here: true, Cells: []string{strconv.Itoa(frames), oneLine(all[0].Model.Name), oneLine(m.title), "measured here", list(distinct(ok, func(c cell) string { return c.Host.Device() }), 2), strconv.Itoa(len(ok)),
				written(wall), written(s.speedup(m, frames, bench.WallSeconds)), bound, absent, absent}}})
		})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.frames - b.frames })
	for _, l := range lines {
		t.Rows = append(t.Rows, l.row)
	}
	return t
}

// written is an interval where there is no room for its footnote.
func written(i stats.Interval) string {
	if math.IsNaN(i.Value) && (i.Reason == "reference" || i.Reason == notEngaged) {
		return i.Reason
	}
	return interval(i)
}
