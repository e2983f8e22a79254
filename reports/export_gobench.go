package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/perf/benchfmt"

	"longtake/bench"
)

// ExportGoBench writes records in the Go benchmark format, for benchstat and its
// kin: a line a repeat. Numbers that a record has once stand in its first line.
// Seconds of a metric x_s have the unit x-sec/op, wall_s that of Go's own
// benchmarks; records that are not ok are left out.
func ExportGoBench(w io.Writer, recs []bench.Record) error {
	out := benchfmt.NewWriter(w)
	told := map[string]bool{}
	names, err := goBenchNames(recs)
	if err != nil {
		return err
	}
	for i, r := range recs {
		if r.Status != bench.StatusOK {
			continue
		}
		name := names[i]
		var config []benchfmt.Config
		for _, c := range [][2]string{{"goos", system(r.Host.OS, 0)}, {"goarch", system(r.Host.OS, 1)}, {"pkg", "longtake"}, {"cpu", r.Host.CPU}, {"gpu", r.Host.GPU},
			{"engine", r.Engine}, {"variant", r.Variant}, {"scorer", r.Scorer}, {"revision", r.Host.Revision}} {
			if c[1] != "" {
				config = append(config, benchfmt.Config{Key: c[0], Value: []byte(oneLine(c[1])), File: true})
			}
		}
		rounds := 1
		for _, s := range r.Samples {
			rounds = max(rounds, len(s))
		}
		metrics := map[string]bool{}
		for k := range r.Metrics {
			metrics[k] = true
		}
		for k := range r.Samples {
			metrics[k] = true
		}
		for i := range rounds {
			res := &benchfmt.Result{Config: config, Name: benchfmt.Name(name), Iters: 1}
			for _, m := range slices.Sorted(maps.Keys(metrics)) {
				unit, better := goBenchUnit(m)
				s := r.Samples[m]
				v, ok := r.Metric(m)
				switch {
				case i < len(s):
					v = s[i]
				case i > 0 || !ok || len(s) > 0:
					continue
				}
				if better != "" && !told[unit] {
					if err := out.Write(&benchfmt.UnitMetadata{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: unit, Key: "better"}, OrigUnit: unit, Value: better}); err != nil {
						return fmt.Errorf("reports: Go benchmarks: %w", err)
					}
					told[unit] = true
				}
				res.Values = append(res.Values, benchfmt.Value{Value: v, Unit: unit})
			}
			if len(res.Values) == 0 {
				continue
			}
			if err := out.Write(res); err != nil {
				return fmt.Errorf("reports: Go benchmarks: %w", err)
			}
		}
	}
	return nil
}

// system is a part of "linux/amd64".
func system(os string, part int) string {
	if p := strings.Split(os, "/"); len(p) == 2 {
		return p[part]
	}
	return ""
}

// goBenchNames are the names of records; cells that would share one, as they
// differ in what names do not say, have their id in it too.
func goBenchNames(recs []bench.Record) ([]string, error) {
	names := make([]string, len(recs))
	cells := map[string]map[string]bool{}
	for i, r := range recs {
		var err error
		if names[i], err = goBenchName(r); err != nil {
			return nil, err
		}
		if cells[names[i]] == nil {
			cells[names[i]] = map[string]bool{}
		}
		cells[names[i]][r.CellID] = true
	}
	for i, r := range recs {
		if len(cells[names[i]]) > 1 {
			names[i] += "/cell=" + r.CellID
		}
	}
	return names, nil
}

// goBenchName is "Sweep/method=lvsa/frames=333/...", or a benchmark's suite with
// what was measured.
func goBenchName(r bench.Record) (string, error) {
	var parts []string
	add := func(key string, v any) { parts = append(parts, word(key)+"="+word(fmt.Sprint(v))) }
	if len(r.Cell) > 0 {
		c, err := r.DecodeCell()
		if err != nil {
			return "", err
		}
		add("model", c.Model.Name)
		add("method", c.Method.Title())
		add("frames", c.Frames)
		add("prompt", c.Prompt.Tag)
		add("seed", c.Seed)
		add("steps", c.Steps)
		add("size", fmt.Sprintf("%dx%d", c.Width, c.Height))
		return "Sweep/" + strings.Join(parts, "/"), nil
	}
	var b map[string]any
	if err := json.Unmarshal(r.Bench, &b); err != nil {
		return "", fmt.Errorf("reports: Go benchmarks: a record's bench: %w", err)
	}
	suite, _ := b["suite"].(string)
	for _, k := range slices.Sorted(maps.Keys(b)) {
		switch b[k].(type) {
		case string, float64, bool:
			if k != "suite" && k != "rounds" && k != "peer" {
				add(k, b[k])
			}
		}
	}
	suite = word(suite)
	return strings.Join(append([]string{strings.ToUpper(suite[:1]) + suite[1:]}, parts...), "/"), nil
}

// word makes text that can stand in a benchmark's name: no blanks, slashes or
// equals signs.
func word(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '/' || r == '=' {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(s, "_"))
	if s == "" || s[0] >= 0x80 {
		return "_" + s
	}
	return s
}

// goBenchUnit is the unit of a metric, with the direction in which it improves
// where its name tells.
func goBenchUnit(metric string) (unit, better string) {
	if metric == bench.WallSeconds {
		return "sec/op", "lower"
	}
	if m, ok := strings.CutSuffix(metric, "_per_s"); ok {
		return word(m) + "/sec", "higher"
	}
	if m, ok := strings.CutSuffix(metric, "_s"); ok {
		return word(m) + "-sec/op", "lower"
	}
	if m, ok := strings.CutSuffix(metric, "_bytes"); ok {
		return word(m) + "-B", "lower"
	}
	if strings.HasSuffix(metric, ".severity") || strings.HasSuffix(metric, ".share") || strings.HasSuffix(metric, "_ratio") {
		better = "lower"
	}
	return word(metric), better
}
