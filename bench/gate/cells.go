package gate

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"longtake/bench"
)

// Rows that need no statistics: presence, status, engagement, findings, hashes.

const mostNamed = 5 // cells in a reason

// named joins the first few of many things.
func named(list []string) string {
	if len(list) > mostNamed {
		return fmt.Sprintf("%s; and %d more", strings.Join(list[:mostNamed], "; "), len(list)-mostNamed)
	}
	return strings.Join(list, "; ")
}

// presence says which cells one side lacks. What the current side lacks may hide
// anything.
func (c *comparison) presence() {
	only := func(a, b *Side) (titles []string, first *unit) {
		for _, k := range slices.Sorted(maps.Keys(a.units)) {
			if u := a.units[k]; b.units[k] == nil {
				if first == nil {
					first = u
				}
				titles = append(titles, u.title)
			}
		}
		return titles, first
	}
	lost, u := only(c.base, c.cur)
	added, v := only(c.cur, c.base)
	if len(added) > 0 {
		c.note("%d of %d cells or benchmarks are in the current records only and not compared: %s", len(added), len(c.cur.units), named(added))
	}
	if len(lost) == 0 {
		return
	}
	r := Row{Metric: "presence", Where: "all records", Judge: Presence, Outcome: CannotJudge, NBaseline: len(c.base.units), NCurrent: len(c.both),
		Reason: fmt.Sprintf("%d of %d cells or benchmarks of the baseline are not in the current records: %s", len(lost), len(c.base.units), named(lost))}
	if v != nil && u.cell != nil && v.cell != nil {
		if d := differing(*u.cell, c.cur); d != "" {
			r.Reason += "; the nearest current cell differs in " + d
		}
	}
	c.rows = append(c.rows, r)
}

// differing names the fields in which the most similar current cell is another.
func differing(cell bench.Cell, cur *Side) string {
	asMap := func(c bench.Cell) map[string]any {
		m := map[string]any{}
		if b, err := c.Canonical(); err == nil {
			_ = json.Unmarshal(b, &m) // it was JSON a moment ago
		}
		return m
	}
	want := asMap(cell)
	var best []string
	for _, k := range slices.Sorted(maps.Keys(cur.units)) {
		u := cur.units[k]
		if u.cell == nil {
			continue
		}
		got := asMap(*u.cell)
		var d []string
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if !reflect.DeepEqual(want[k], got[k]) {
				d = append(d, k)
			}
		}
		if len(d) > 0 && (best == nil || len(d) < len(best)) {
			best = d
		}
	}
	return strings.Join(best, ", ")
}

// status finds cells that had a video and have none.
func (c *comparison) status() {
	var lost, never []string
	n := 0
	for _, p := range c.both {
		why := ""
		if len(p.cur.bad) > 0 {
			last := p.cur.bad[len(p.cur.bad)-1]
			why = fmt.Sprintf("%s (%s %s)", p.base.title, last.Status, plain(last.Error))
		}
		switch {
		case len(p.base.recs) == 0 && len(p.cur.recs) == 0:
			never = append(never, why)
		case len(p.base.recs) == 0:
			c.note("%s failed in the baseline and has a video now", p.base.title)
		case len(p.cur.recs) == 0, len(p.cur.bad) > 0 && len(p.base.bad) == 0:
			lost = append(lost, why)
		}
		n++
	}
	if len(never) > 0 {
		c.note("%d of %d cells failed on both sides: %s", len(never), n, named(never))
	}
	if n == 0 {
		return
	}
	r := Row{Metric: "status", Where: "all cells", Judge: Status, Outcome: Held, NBaseline: n, NCurrent: n}
	if len(lost) > 0 {
		r.Outcome, r.Reason = Regressed, fmt.Sprintf("%d of %d failed and did not before: %s", len(lost), n, named(lost))
	}
	c.rows = append(c.rows, r)
}

// engaged finds methods that fell back to dense, or no longer do.
func (c *comparison) engaged() {
	say := func(r *bench.Record) string {
		if r.Engaged == nil {
			return ""
		}
		return fmt.Sprint(*r.Engaged)
	}
	var changed []string
	n := 0
	for _, p := range c.both {
		x, y := says(p.base.recs, say), says(p.cur.recs, say)
		if len(x) != 1 || len(y) == 0 {
			continue
		}
		n++
		if !slices.Equal(x, y) {
			changed = append(changed, fmt.Sprintf("%s (%s, now %s)", p.base.title, x[0], strings.Join(y, " and ")))
		}
	}
	if n == 0 {
		return
	}
	r := Row{Metric: "engaged", Where: "all cells", Judge: Exact, Better: Same, Outcome: Held, NBaseline: n, NCurrent: n}
	if len(changed) > 0 {
		r.Outcome, r.Reason = Regressed, fmt.Sprintf("%d of %d methods engage otherwise than before: %s", len(changed), n, named(changed))
	}
	c.rows = append(c.rows, r)
}

// findings looks for failures that videos have now and had not.
func (c *comparison) findings() {
	if c.rules.Findings.Rule == "ignore" {
		return
	}
	kinds := map[string]bool{}
	for _, p := range c.both {
		for _, u := range []*unit{p.base, p.cur} {
			for m := range u.metrics() {
				if c.finding(m) && c.rules.wanted(m) {
					kinds[m] = true
				}
			}
		}
	}
	for _, metric := range slices.Sorted(maps.Keys(kinds)) {
		if r, ok := c.kind(metric); ok {
			c.rows = append(c.rows, r)
		}
	}
}

// kind is the row of one kind of failure over all cells. A side with several
// records of a cell has the failure where one of them has it.
func (c *comparison) kind(metric string) (Row, bool) {
	r := Row{Metric: metric, Where: "all cells", Judge: Findings, Better: Lower, Outcome: Held}
	var came, tipped, went, unseen []string
	var had, has []float64
	for _, p := range c.both {
		if scoredOtherwise(p) {
			continue // scoring says so
		}
		b, okB := p.base.largest(metric)
		n, okN := p.cur.largest(metric)
		if okB && len(p.cur.recs) > 0 && !okN {
			unseen = append(unseen, p.base.title)
		}
		if !okB || !okN {
			continue
		}
		was, is := b >= bench.FindingSeverity, n >= bench.FindingSeverity
		had, has = append(had, indicator(was)), append(has, indicator(is))
		text := fmt.Sprintf("%s (severity %.2f, now %.2f)", p.base.title, b, n)
		switch {
		case was && !is:
			went = append(went, text)
		case !was && is && n-b >= c.rules.Findings.Jump:
			came = append(came, text)
		case !was && is:
			tipped = append(tipped, text)
		}
	}
	pairs := len(had)
	if pairs+len(unseen) == 0 {
		return r, false
	}
	r.NBaseline, r.NCurrent = pairs, pairs
	if pairs > 0 {
		r.Baseline, r.Current = ptr(stat.Mean(had, nil)), ptr(stat.Mean(has, nil))
		r.Change = ptr(*r.Current - *r.Baseline)
	}
	if len(went) > 0 {
		c.note("%s: %d of %d videos lost the failure: %s", metric, len(went), pairs, named(went))
	}
	switch {
	case c.rules.Findings.Rule == "rate":
		if len(came)+len(tipped) > 0 {
			c.note("%s: new in %d of %d videos: %s", metric, len(came)+len(tipped), pairs, named(append(came, tipped...)))
		}
		if pairs > 0 {
			r.Tolerate = ptr(c.rules.Findings.Tolerate)
			r.differences(had, has)
		}
	case len(came) > 0:
		r.Outcome, r.Reason = Regressed, fmt.Sprintf("new in %d of %d videos: %s", len(came), pairs, named(came))
	case len(tipped) > 0:
		r.Reason = fmt.Sprintf("new in %d of %d by a step below %g", len(tipped), pairs, c.rules.Findings.Jump)
		c.note("%s: %d of %d videos have the failure now by a step below %g, which alone counts as none: %s",
			metric, len(tipped), pairs, c.rules.Findings.Jump, named(tipped))
	}
	if len(unseen) > 0 && r.Outcome == Held && r.P == nil {
		r.Outcome, r.Reason = CannotJudge, fmt.Sprintf("it could not be looked for any more in %d videos: %s", len(unseen), named(unseen))
	}
	return r, true
}

// hashes compares what was computed, bit by bit.
func (c *comparison) hashes() {
	if c.rules.Hashes == "ignore" {
		return
	}
	for _, h := range []struct {
		name string
		f    func(*bench.Record) string
	}{{"latents_sha256", func(r *bench.Record) string { return r.LatentsSHA256 }}, {"frames_sha256", frames}} {
		if !c.rules.wanted(h.name) {
			continue
		}
		var other, fickle []string
		n, variants := 0, false
		for _, p := range c.both {
			x, y := says(p.base.recs, h.f), says(p.cur.recs, h.f)
			if len(x) == 0 || len(y) == 0 {
				continue
			}
			n++
			switch {
			case len(x) > 1 || len(y) > 1:
				fickle = append(fickle, p.base.title)
			case x[0] != y[0]:
				other = append(other, p.base.title)
				variant := func(r *bench.Record) string { return r.Variant }
				variants = variants || !slices.Equal(says(p.base.recs, variant), says(p.cur.recs, variant))
			}
		}
		if n == 0 {
			continue
		}
		r := Row{Metric: h.name, Where: "all cells", Judge: Hashes, Better: Same, NBaseline: n, NCurrent: n, Outcome: Held, Reason: fmt.Sprintf("the same in all %d", n)}
		if len(other) > 0 {
			r.Outcome, r.Reason = Noted, fmt.Sprintf("other in %d of %d: %s", len(other), n, named(other))
			if c.rules.Hashes == "require" {
				r.Outcome = Regressed
				if variants {
					r.Outcome, r.Reason = CannotJudge, r.Reason+": kernel variants differ, and with them rounding"
				}
			}
		} else if len(fickle) > 0 {
			r.Outcome, r.Reason = Noted, fmt.Sprintf("not the same from record to record in %d of %d: %s", len(fickle), n, named(fickle))
			if c.rules.Hashes == "require" {
				r.Outcome = CannotJudge
			}
		}
		c.rows = append(c.rows, r)
	}
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
