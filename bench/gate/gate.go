package gate

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"longtake/bench"
	"longtake/bench/stats"
)

// Schema of the JSON of a [Result].
const Schema = 1

// Outcome of a row or of the gate.
type Outcome string

// Outcomes. Noted is of rows that are said and do not count.
const (
	Held        Outcome = "held"
	Regressed   Outcome = "regressed"
	CannotJudge Outcome = "cannot judge"
	Noted       Outcome = "noted"
)

// fdrMethod is how the false-discovery rate is controlled.
const fdrMethod = "Benjamini-Hochberg"

// Row is one comparison. Baseline, Current and Change are in the metric's unit;
// Change of a Relative row is a share of the baseline. What is null could not be
// computed, and Reason says why.
type Row struct {
	Metric     string    `json:"metric"`
	Where      string    `json:"where"` // the cell, or the group of cells
	Judge      Judge     `json:"judge"`
	Better     Better    `json:"better,omitempty"`
	Outcome    Outcome   `json:"outcome"`
	Reason     string    `json:"reason"`
	NBaseline  int       `json:"n_baseline"` // samples or pairs
	NCurrent   int       `json:"n_current"`
	Baseline   *float64  `json:"baseline"` // median of repeats, mean of pairs
	Current    *float64  `json:"current"`
	Relative   bool      `json:"relative"`
	Change     *float64  `json:"change"`
	Low        *float64  `json:"low"` // 95 % interval of Change
	High       *float64  `json:"high"`
	Tolerate   *float64  `json:"tolerate"`   // the loss that counts as none, as Change
	P          *float64  `json:"p"`          // two-sided
	Adjusted   *float64  `json:"adjusted_p"` // over the family
	Detectable *float64  `json:"detectable"` // smallest loss called with 80 % power, as Change; null where there is none
	Cells      []string  `json:"cells,omitempty"`
	Optional   bool      `json:"optional,omitempty"`
	detect     detection // once the level is known
}

// detection gives, for a level, the smallest loss that the row's test finds and
// the standard error of its change, both in the unit of Change.
type detection struct {
	at    func(alpha float64) float64
	se    float64
	needs func(alpha float64) int
	unit  string // of what is needed
}

// Result of a gate.
type Result struct {
	Schema   int      `json:"schema"`
	Outcome  Outcome  `json:"outcome"`
	Baseline string   `json:"baseline"`
	Current  string   `json:"current"`
	Rules    string   `json:"thresholds"`
	FDR      float64  `json:"false_discovery_rate"`
	Method   string   `json:"false_discovery_method"`
	Family   int      `json:"family"` // rows with a test
	Level    float64  `json:"level"`  // the p that one more row would have needed
	Rows     []Row    `json:"rows"`
	Notes    []string `json:"notes"`    // how the sides differ, what was not judged
	Warnings []string `json:"warnings"` // lines that were passed over
}

// Count is the number of rows with an outcome; optional rows that cannot be
// judged count as noted.
func (r *Result) Count(o Outcome) int {
	n := 0
	for i := range r.Rows {
		if r.Rows[i].counts() == o {
			n++
		}
	}
	return n
}

func (r *Row) counts() Outcome {
	if r.Optional && r.Outcome == CannotJudge {
		return Noted
	}
	return r.Outcome
}

// comparison is a gate at work.
type comparison struct {
	base, cur *Side
	rules     *Rules
	both      []pair // cells and benchmarks of both sides, sorted
	rows      []Row
	notes     []string
}

// pair is what both sides say of one cell or benchmark.
type pair struct{ base, cur *unit }

// Compare judges the current side against the baseline. It does not change them.
func Compare(base, cur *Side, rules *Rules) *Result {
	c := &comparison{base: base, cur: cur, rules: rules}
	for _, k := range slices.Sorted(maps.Keys(base.units)) {
		if u := cur.units[k]; u != nil {
			c.both = append(c.both, pair{base.units[k], u})
		}
	}
	slices.SortStableFunc(c.both, func(a, b pair) int { return cmp.Compare(a.base.title, b.base.title) })
	c.presence()
	c.status()
	c.engaged()
	c.scoring()
	c.findings()
	c.hashes()
	c.metrics()
	family, level := c.discover()
	c.differences()
	r := &Result{Schema: Schema, Outcome: Held, Baseline: base.Name, Current: cur.Name, Rules: rules.File, FDR: rules.FDR,
		Method: fdrMethod, Family: family, Level: level, Rows: c.rows, Notes: c.notes, Warnings: []string{}}
	if r.Notes == nil {
		r.Notes = []string{}
	}
	if r.Rows == nil {
		r.Rows = []Row{}
	}
	for _, s := range []*Side{base, cur} {
		for _, w := range s.Warnings {
			r.Warnings = append(r.Warnings, w.String())
		}
	}
	order := []Outcome{Regressed, CannotJudge, Held, Noted}
	slices.SortStableFunc(r.Rows, func(a, b Row) int {
		return cmp.Compare(slices.Index(order, a.counts()), slices.Index(order, b.counts()))
	})
	switch {
	case r.Count(Regressed) > 0:
		r.Outcome = Regressed
	case r.Count(CannotJudge) > 0 || r.Count(Held) == 0:
		r.Outcome = CannotJudge
	}
	return r
}

func (c *comparison) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// metrics makes the rows of all metrics that a rule judges.
func (c *comparison) metrics() {
	unruled := map[string]bool{}
	paired := map[string][]pair{} // by metric
	for _, p := range c.both {
		if len(p.base.recs) == 0 || len(p.cur.recs) == 0 {
			continue // status says so
		}
		names := p.base.metrics()
		maps.Copy(names, p.cur.metrics())
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if c.finding(name) && c.rules.Findings.Rule == "ignore" {
				continue
			}
			rule, ok := c.rules.find(name, p.base.kind())
			switch {
			case !ok:
				if c.rules.wanted(name) {
					unruled[name] = true
				}
			case rule.Judge == Repeats:
				c.rows = append(c.rows, c.repeats(p, name, rule))
			case rule.Judge == Exact:
				c.rows = append(c.rows, c.exact(p, name, rule))
			case rule.Judge == Pairs:
				paired[name] = append(paired[name], p)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(paired)) {
		c.pairs(name, paired[name])
	}
	if len(unruled) > 0 {
		c.note("no rule names these metrics, so that they are not judged: %s", strings.Join(slices.Sorted(maps.Keys(unruled)), ", "))
	}
}

// finding reports whether a metric is a severity in which findings are looked for.
func (c *comparison) finding(metric string) bool { return match(c.rules.Findings.Metric, metric) }

// loss is how much worse a change is, in its own unit.
func loss(better Better, change float64) float64 {
	if better == Higher {
		return -change
	}
	return change
}

// discover adjusts the p values and decides the rows that wait for it.
func (c *comparison) discover() (family int, level float64) {
	var p []float64
	var rows []*Row
	for i := range c.rows {
		if c.rows[i].P != nil {
			p, rows = append(p, *c.rows[i].P), append(rows, &c.rows[i])
		}
	}
	adjusted := stats.Discoveries(p)
	found := 0
	for _, q := range adjusted {
		if q <= c.rules.FDR {
			found++
		}
	}
	if len(p) == 0 {
		return 0, c.rules.FDR
	}
	level = c.rules.FDR * float64(min(found+1, len(p))) / float64(len(p))
	for i, r := range rows {
		q := adjusted[i]
		r.Adjusted = &q
		decide(r, q <= c.rules.FDR, level)
	}
	return len(p), level
}

// decide gives a row with a test its outcome.
func decide(r *Row, differs bool, level float64) {
	worse := loss(r.Better, *r.Change)
	if d := math.Max(r.detect.at(level), *r.Tolerate+zPower*r.detect.se); !math.IsInf(d, 0) && !math.IsNaN(d) {
		r.Detectable = &d
	}
	need := r.detect.needs(level)
	few := min(r.NBaseline, r.NCurrent) < need
	switch {
	case differs && worse > *r.Tolerate:
		r.Outcome, r.Reason = Regressed, "worse beyond the tolerance and beyond chance"
	case few:
		r.Outcome, r.Reason = CannotJudge, fmt.Sprintf("need %d %s, have %d", need, r.detect.unit, min(r.NBaseline, r.NCurrent))
	case r.Low == nil || r.High == nil:
		r.Outcome, r.Reason = CannotJudge, "no interval"
	case worstEnd(r) <= *r.Tolerate:
		r.Outcome, r.Reason = Held, ""
		if differs && worse < 0 {
			r.Reason = "better"
		} else if differs && worse > 0 {
			r.Reason = "worse beyond chance, within the tolerance"
		}
	default:
		r.Outcome = CannotJudge
		r.Reason = "too noisy: a loss beyond the tolerance is neither shown nor ruled out"
	}
}

// zPower is the standard normal quantile of the power of detectable changes.
const zPower = 0.8416212335729143

func worstEnd(r *Row) float64 { return math.Max(loss(r.Better, *r.Low), loss(r.Better, *r.High)) }

// differences says how the sides differ beyond what is measured.
func (c *comparison) differences() {
	b, n := c.base.records(), c.cur.records()
	if n := c.base.peers + c.cur.peers; n > 0 {
		c.note("%d records are of other programs that longtake was measured beside, and are not judged", n)
	}
	for _, d := range []struct {
		what string
		f    func(*bench.Record) string
		then string
	}{
		{"host", machine, "their times are not compared"},
		{"scorer", scored, "their quality is not compared"},
		{"kernel variant", func(r *bench.Record) string { return plain(r.Variant) }, "rounding differs"},
		{"engine", func(r *bench.Record) string { return plain(r.Engine) }, ""},
		{"Go", func(r *bench.Record) string { return plain(r.Host.Go) }, ""},
		{"revision", func(r *bench.Record) string { return plain(r.Host.Revision) }, ""},
	} {
		x, y := says(b, d.f), says(n, d.f)
		if slices.Equal(x, y) && len(x) <= 1 {
			continue
		}
		text := fmt.Sprintf("%s: baseline %s; current %s", d.what, listed(x), listed(y))
		if d.then != "" && !slices.Equal(x, y) {
			text += ": " + d.then
		}
		c.notes = append(c.notes, text)
	}
}

// listed joins a few of many names.
func listed(names []string) string {
	const most = 4
	switch {
	case len(names) == 0:
		return "not recorded"
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], "; "), len(names)-most)
	}
	return strings.Join(names, "; ")
}

func ptr(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
