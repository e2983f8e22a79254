package gate

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Judge is how a metric is judged.
type Judge string

// The judges of rules, and those of rows that no rule names.
const (
	Repeats  Judge = "repeats"
	Pairs    Judge = "pairs"
	Exact    Judge = "exact"
	Ignore   Judge = "ignore"
	Findings Judge = "findings"
	Hashes   Judge = "hashes"
	Status   Judge = "status"
	Presence Judge = "presence"
)

// Better is the direction in which a metric improves.
type Better string

// Directions.
const (
	Lower  Better = "lower"
	Higher Better = "higher"
	Same   Better = "same" // any change is a loss
)

// Tolerance is the largest loss that counts as none: in the metric's unit, or as
// a share of the baseline.
type Tolerance struct {
	Value    float64
	Relative bool // Value 0.05 is 5 %
}

func (t Tolerance) String() string {
	if t.Relative {
		return strconv.FormatFloat(100*t.Value, 'g', 6, 64) + " %"
	}
	return strconv.FormatFloat(t.Value, 'g', 6, 64)
}

// Rule says how the metrics that match a pattern are judged.
type Rule struct {
	Metric   string // "*" stands for any text
	Records  string // cells, bench, or empty for both
	Judge    Judge
	Better   Better
	Tolerate Tolerance
	Optional bool // a row that cannot be judged does not make the gate undecided
}

// FindingRule says when new failures are a regression.
type FindingRule struct {
	Metric string  // pattern of severities
	Rule   string  // any, rate or ignore
	Jump   float64 // least step in severity that rule any takes for a change
	// Tolerate is the share of videos by which rule rate lets failures grow.
	Tolerate float64
}

// Rules are a thresholds file.
type Rules struct {
	FDR      float64 // false-discovery rate over all rows
	Metrics  []Rule  // the first that matches applies
	Findings FindingRule
	Hashes   string // require, note or ignore: of latents and frames
	File     string // where they come from

	Select []string // patterns: metrics that match none are left out; empty takes all
}

// DefaultYAML is the thresholds file that applies where none is given.
//
//go:embed default.yaml
var DefaultYAML string

// Default are the rules of [DefaultYAML].
func Default() *Rules {
	r, err := ParseRules([]byte(DefaultYAML), "default thresholds")
	if err != nil {
		panic(err) // it is part of the program
	}
	return r
}

// maxRules is far above any file that a person writes.
const maxRules = 1 << 20

// ReadRules reads a thresholds file.
func ReadRules(path string) (*Rules, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("gate: thresholds: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxRules+1))
	if err != nil {
		return nil, fmt.Errorf("gate: thresholds: %w", err)
	}
	return ParseRules(src, path)
}

// field is a value with its line.
type field[T any] struct {
	v    T
	line int
}

// UnmarshalYAML keeps the line.
func (f *field[T]) UnmarshalYAML(n *yaml.Node) error {
	f.line = n.Line
	return n.Decode(&f.v)
}

type rulesFile struct {
	Schema   field[int]     `yaml:"schema"`
	FDR      field[float64] `yaml:"false_discovery_rate"`
	Metrics  []ruleFile     `yaml:"metrics"`
	Findings findingsFile   `yaml:"findings"`
	Hashes   field[string]  `yaml:"hashes"`
}

type ruleFile struct {
	Metric   field[string] `yaml:"metric"`
	Records  field[string] `yaml:"records"`
	Judge    field[string] `yaml:"judge"`
	Better   field[string] `yaml:"better"`
	Tolerate field[string] `yaml:"tolerate"`
	Optional field[bool]   `yaml:"optional"`
}

type findingsFile struct {
	Metric   field[string]  `yaml:"metric"`
	Rule     field[string]  `yaml:"rule"`
	Jump     field[float64] `yaml:"jump"`
	Tolerate field[float64] `yaml:"tolerate"`
}

// ofType is the part of the library's messages that names Go types.
var ofType = regexp.MustCompile(` in type \S+| into \S+$`)

// ParseRules reads rules from YAML (of which JSON is a part). name stands in
// errors, which name the line.
func ParseRules(src []byte, name string) (*Rules, error) {
	if len(src) > maxRules {
		return nil, fmt.Errorf("gate: %s: more than %d bytes: these are no thresholds", name, maxRules)
	}
	var f rulesFile
	d := yaml.NewDecoder(strings.NewReader(string(src)))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("gate: %s: the file is empty: start from longtake gate --print-thresholds", name)
		}
		text := strings.TrimPrefix(err.Error(), "yaml: ")
		var list *yaml.TypeError
		if errors.As(err, &list) {
			text = list.Errors[0]
			if len(list.Errors) > 1 {
				text += fmt.Sprintf(" (and %d more mistakes)", len(list.Errors)-1)
			}
		}
		return nil, fmt.Errorf("gate: %s: %s", name, ofType.ReplaceAllString(text, ""))
	}
	if d.Decode(&yaml.Node{}) != io.EOF {
		return nil, fmt.Errorf("gate: %s: a second document begins: thresholds are one document", name)
	}
	at := func(line int, format string, args ...any) error {
		return fmt.Errorf("gate: %s: line %d: %s", name, max(line, 1), fmt.Sprintf(format, args...))
	}
	if f.Schema.v != 1 {
		return nil, at(f.Schema.line, "schema is %d: this version reads schema: 1", f.Schema.v)
	}
	r := &Rules{FDR: f.FDR.v, Hashes: f.Hashes.v, File: name}
	if f.FDR.line == 0 {
		r.FDR = 0.05
	}
	if !(r.FDR > 0 && r.FDR < 0.5) {
		return nil, at(f.FDR.line, "false_discovery_rate is %g: want a number between 0 and 0.5, such as 0.05", r.FDR)
	}
	if r.Hashes == "" {
		r.Hashes = "note"
	}
	if !slices.Contains([]string{"require", "note", "ignore"}, r.Hashes) {
		return nil, at(f.Hashes.line, "hashes is %q: want require, note or ignore", r.Hashes)
	}
	r.Findings = FindingRule{Metric: f.Findings.Metric.v, Rule: f.Findings.Rule.v, Jump: f.Findings.Jump.v}
	if r.Findings.Metric == "" {
		r.Findings.Metric = "vqeval.*.severity"
	}
	if r.Findings.Rule == "" {
		r.Findings.Rule = "any"
	}
	if !slices.Contains([]string{"any", "rate", "ignore"}, r.Findings.Rule) {
		return nil, at(f.Findings.Rule.line, "findings.rule is %q: want any, rate or ignore", r.Findings.Rule)
	}
	if f.Findings.Jump.line == 0 {
		r.Findings.Jump = 0.25
	}
	if !(r.Findings.Jump >= 0 && r.Findings.Jump <= 1) {
		return nil, at(f.Findings.Jump.line, "findings.jump is %g: want a step in severity from 0 to 1", r.Findings.Jump)
	}
	if r.Findings.Tolerate = f.Findings.Tolerate.v; f.Findings.Tolerate.line == 0 {
		r.Findings.Tolerate = 0.05
	}
	if !(r.Findings.Tolerate >= 0 && r.Findings.Tolerate < 1) {
		return nil, at(f.Findings.Tolerate.line, "findings.tolerate is %g: want a share of the videos from 0 to below 1", r.Findings.Tolerate)
	}
	if len(f.Metrics) == 0 {
		return nil, at(1, "no metrics: want a list of rules; start from longtake gate --print-thresholds")
	}
	for i, m := range f.Metrics {
		u := Rule{Metric: m.Metric.v, Records: m.Records.v, Judge: Judge(m.Judge.v), Better: Better(m.Better.v), Optional: m.Optional.v}
		line := max(m.Metric.line, m.Judge.line)
		switch {
		case u.Metric == "":
			return nil, at(line, "metrics[%d] has no metric: want a name or a pattern such as vqeval.*.share", i)
		case !slices.Contains([]string{"", "cells", "bench"}, u.Records):
			return nil, at(m.Records.line, "records is %q: want cells or bench", u.Records)
		case !slices.Contains([]Judge{Repeats, Pairs, Exact, Ignore}, u.Judge):
			return nil, at(line, "judge of %s is %q: want repeats, pairs, exact or ignore", u.Metric, u.Judge)
		}
		if u.Judge != Ignore {
			if u.Judge == Exact && u.Better == "" {
				u.Better = Same
			}
			if !slices.Contains([]Better{Lower, Higher}, u.Better) && !(u.Judge == Exact && u.Better == Same) {
				return nil, at(max(line, m.Better.line), "better of %s is %q: want lower or higher (or same, for exact)", u.Metric, u.Better)
			}
			var err error
			if u.Tolerate, err = parseTolerance(m.Tolerate.v); err != nil {
				return nil, at(max(line, m.Tolerate.line), "tolerate of %s: %v", u.Metric, err)
			}
			if u.Judge == Repeats && !u.Tolerate.Relative {
				return nil, at(max(line, m.Tolerate.line), "tolerate of %s is %s: repeats are judged as ratios, so that it must be a share such as 5%%", u.Metric, u.Tolerate)
			}
		}
		r.Metrics = append(r.Metrics, u)
	}
	return r, nil
}

func parseTolerance(s string) (Tolerance, error) {
	number, relative := strings.CutSuffix(strings.TrimSpace(s), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 0) {
		return Tolerance{}, fmt.Errorf("%q: want the largest loss that is none, such as 5%% or 0.02", s)
	}
	if relative {
		v /= 100
	}
	return Tolerance{v, relative}, nil
}

// find returns the rule of a metric.
func (r *Rules) find(metric, records string) (Rule, bool) {
	for _, u := range r.Metrics {
		if r.wanted(metric) && (u.Records == "" || u.Records == records) && match(u.Metric, metric) {
			return u, true
		}
	}
	return Rule{}, false
}

// match reports whether s is of a pattern in which "*" stands for any text.
func match(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, p := range parts[1 : len(parts)-1] {
		_, rest, ok := strings.Cut(s, p)
		if !ok {
			return false
		}
		s = rest
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}

// wanted reports whether a metric is among those selected.
func (r *Rules) wanted(metric string) bool {
	return len(r.Select) == 0 || slices.ContainsFunc(r.Select, func(p string) bool { return match(p, metric) })
}
