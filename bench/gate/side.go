package gate

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"longtake/bench"
)

// Side is one of the two sets of records.
type Side struct {
	Name     string
	Warnings []bench.Warning // lines that were passed over
	units    map[string]*unit
	peers    int // records of others' programs, which are not ours to hold
}

// unit is what all records of one cell, or of one benchmark, say together.
type unit struct {
	key   string
	title string
	cell  *bench.Cell // nil for a benchmark
	recs  []bench.Record
	bad   []bench.Record // not ok
}

// ReadSide reads a records file, or that of a sweep's folder.
func ReadSide(path string) (*Side, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "records.jsonl")
	}
	recs, warnings, err := bench.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	s, err := NewSide(path, recs)
	if err != nil {
		var lost []string
		for _, w := range warnings {
			lost = append(lost, w.String())
		}
		return nil, fmt.Errorf("%w%s", err, strings.Join(append([]string{""}, lost...), "\n  "))
	}
	s.Warnings = warnings
	return s, nil
}

// NewSide takes records in any order. Several of one cell add their repeats.
func NewSide(name string, recs []bench.Record) (*Side, error) {
	s := &Side{Name: name, units: map[string]*unit{}}
	for _, r := range recs {
		u, err := newUnit(r)
		if err != nil {
			return nil, fmt.Errorf("gate: %s: %w", name, err)
		}
		if u == nil {
			s.peers++
			continue
		}
		if old := s.units[u.key]; old != nil {
			u = old
		}
		s.units[u.key] = u
		if r.Status == bench.StatusOK {
			u.recs = append(u.recs, r)
		} else {
			u.bad = append(u.bad, r)
		}
	}
	if len(s.units) == 0 {
		return nil, fmt.Errorf("gate: %s holds no records: give the records.jsonl of a sweep, its folder, or what longtake bench --json printed", name)
	}
	return s, nil
}

// newUnit is nil for what is measured of others' programs.
func newUnit(r bench.Record) (*unit, error) {
	if len(r.Cell) > 0 {
		c, err := r.DecodeCell()
		if err != nil {
			return nil, err
		}
		title := fmt.Sprintf("%s, %d frames, %s, seed %d", c.Method.Title(), c.Frames, c.Prompt.Tag, c.Seed)
		id := r.CellID
		if c.SourceSHA256 != "" { // the same place in the grid, whatever the file there holds
			c.SourceSHA256 = ""
			if id, err = c.ID(); err != nil {
				return nil, err
			}
		}
		return &unit{key: "cell " + id, title: plain(title), cell: &c}, nil
	}
	var b map[string]any
	if err := json.Unmarshal(r.Bench, &b); err != nil {
		return nil, fmt.Errorf("a record's bench is no object: %w", err)
	}
	if impl, ok := b["impl"].(string); ok && impl != "longtake" {
		return nil, nil
	}
	// How often something was measured, and beside whom, is no part of what was.
	for _, k := range []string{"rounds", "count", "peer", "fastest_peer", "impl"} {
		delete(b, k)
	}
	key, err := bench.Canonical(b)
	if err != nil {
		return nil, err
	}
	title := []string{}
	if suite, ok := b["suite"].(string); ok {
		title = append(title, suite)
	}
	for _, k := range slices.Sorted(maps.Keys(b)) {
		switch v := b[k].(type) {
		case string:
			if k != "suite" {
				title = append(title, v)
			}
		case float64:
			title = append(title, fmt.Sprintf("%s %g", k, v))
		}
	}
	return &unit{key: "bench " + string(key), title: plain(strings.Join(title, ", "))}, nil
}

// plain makes one line of printable text. Names come from prompts and labels, and
// land in logs where a line or "##[" may be taken for a command.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "##[", "## [")
	const most = 120
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "..."
	}
	return s
}

func (u *unit) kind() string {
	if u.cell != nil {
		return "cells"
	}
	return "bench"
}

// metrics are the names that some record of the unit has.
func (u *unit) metrics() map[string]bool {
	names := map[string]bool{}
	for _, r := range u.recs {
		for k := range r.Metrics {
			names[k] = true
		}
		for k := range r.Samples {
			names[k] = true
		}
	}
	return names
}

// samples are the repeats of all records; a metric without repeats is one.
func (u *unit) samples(metric string) []float64 {
	var out []float64
	for _, r := range u.recs {
		if s := r.Samples[metric]; len(s) > 0 {
			out = append(out, s...)
		} else if v, ok := r.Metric(metric); ok {
			out = append(out, v)
		}
	}
	return out
}

// value is the mean over the records.
func (u *unit) value(metric string) (float64, bool) {
	var sum, n float64
	for _, r := range u.recs {
		if v, ok := r.Metric(metric); ok {
			sum, n = sum+v, n+1
		}
	}
	return sum / n, n > 0
}

// largest is the greatest value of a metric over the records.
func (u *unit) largest(metric string) (most float64, ok bool) {
	for _, r := range u.recs {
		if v, has := r.Metric(metric); has && (!ok || v > most) {
			most, ok = v, true
		}
	}
	return most, ok
}

// says lists the distinct things that records say of themselves, sorted.
func says(recs []bench.Record, f func(*bench.Record) string) []string {
	seen := map[string]bool{}
	for i := range recs {
		if s := f(&recs[i]); s != "" {
			seen[s] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// machine is what times depend on beside the program.
func machine(r *bench.Record) string {
	h := r.Host
	if h.Device() == "" && h.Cores == 0 {
		return ""
	}
	s := h.CPU
	if h.GPU != "" {
		s = h.GPU + " with " + h.CPU
	}
	s = fmt.Sprintf("%s, %d cores", s, h.Cores)
	if h.Workers > 0 {
		s += fmt.Sprintf(", %d workers", h.Workers)
	}
	return plain(s + ", " + h.OS)
}

// scored is what quality depends on beside the video.
func scored(r *bench.Record) string {
	if r.Scorer == "" {
		return ""
	}
	s := r.Scorer
	if r.Metrics["vqeval.expect_motion"] == 1 {
		s += ", motion expected"
	}
	return plain(s)
}

func (s *Side) records() []bench.Record {
	var out []bench.Record
	for _, k := range slices.Sorted(maps.Keys(s.units)) {
		out = append(out, s.units[k].recs...)
	}
	return out
}
