package reports

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"longtake/bench/gate"
)

// maxGateRows keeps a summary far below the megabyte that GitHub takes.
const maxGateRows = 400

// GateMarkdown writes the verdict of a gate: what did not hold as a table, what
// held folded away below it.
func GateMarkdown(w io.Writer, r *gate.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## longtake gate: %s\n\n%s\n\n", r.Outcome, md(gateCounts(r)))
	open, held := gateRows(r)
	if len(open) > 0 {
		if err := gateTable(&b, open); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	if len(held) > 0 {
		fmt.Fprintf(&b, "<details><summary>%s</summary>\n\n", count(len(held), "row")+" held")
		if err := gateTable(&b, held); err != nil {
			return err
		}
		b.WriteString("\n</details>\n\n")
	}
	for _, s := range slices.Concat(r.Notes, r.Warnings) {
		fmt.Fprintf(&b, "- %s\n", md(s))
	}
	fmt.Fprintf(&b, "\n%s\n", md(gateLegend(r)))
	_, err := io.WriteString(w, b.String())
	return err
}

// GateText prints the same for a terminal.
func GateText(w io.Writer, r *gate.Result) error {
	var b strings.Builder
	open, held := gateRows(r)
	for _, rows := range [][]gate.Row{held, open} { // what needs attention stands last, beside the verdict
		if len(rows) == 0 {
			continue
		}
		t, rest := gateColumns(rows)
		out := tablewriter.NewTable(&b, append(tableOptions(t), tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.Separators{BetweenColumns: tw.Off}, Lines: tw.Lines{ShowHeaderLine: tw.On}},
		})))...)
		out.Header(t.Header)
		if err := out.Bulk(t.Rows); err != nil {
			return fmt.Errorf("reports: table: %w", err)
		}
		if err := out.Render(); err != nil {
			return fmt.Errorf("reports: table: %w", err)
		}
		if rest > 0 {
			fmt.Fprintf(&b, "and %s\n", count(rest, "more row"))
		}
	}
	for _, s := range slices.Concat(r.Notes, r.Warnings) {
		fmt.Fprintf(&b, "note: %s\n", oneLine(s))
	}
	fmt.Fprintf(&b, "%s: %s\n", r.Outcome, gateCounts(r))
	_, err := io.WriteString(w, strings.ReplaceAll(b.String(), "##[", "## [")) // which some CI take for a command
	return err
}

// gateRows parts the rows that held from the others.
func gateRows(r *gate.Result) (open, held []gate.Row) {
	for _, row := range alike(r.Rows) {
		if row.Outcome == gate.Held {
			held = append(held, row)
		} else {
			open = append(open, row)
		}
	}
	return open, held
}

// alike makes one row of those of a metric that cannot be judged for one and the
// same reason, as those of a sweep without repeats, and of those that are computed
// and did not change.
func alike(rows []gate.Row) []gate.Row {
	type key struct {
		outcome        gate.Outcome
		metric, reason string
	}
	same := map[key]int{}
	merges := func(r gate.Row) bool {
		return r.Outcome == gate.CannotJudge || r.Outcome == gate.Held && r.Judge == gate.Exact
	}
	for _, r := range rows {
		if merges(r) {
			same[key{r.Outcome, r.Metric, r.Reason}]++
		}
	}
	var out []gate.Row
	for _, r := range rows {
		k := key{r.Outcome, r.Metric, r.Reason}
		n := same[k]
		switch {
		case !merges(r) || n == 1:
			out = append(out, r)
		case n > 1:
			same[k] = 0
			out = append(out, gate.Row{Metric: r.Metric, Where: fmt.Sprintf("%d rows like %s", n, r.Where), Judge: r.Judge, Better: r.Better,
				Outcome: r.Outcome, Reason: r.Reason, NBaseline: r.NBaseline, NCurrent: r.NCurrent, Relative: r.Relative, Tolerate: r.Tolerate, Optional: r.Optional})
		}
	}
	return out
}

func gateCounts(r *gate.Result) string {
	return fmt.Sprintf("%d regressed, %d cannot be judged, %d held, %d noted; %s against the baseline %s",
		r.Count(gate.Regressed), r.Count(gate.CannotJudge), r.Count(gate.Held), r.Count(gate.Noted), r.Current, r.Baseline)
}

func gateLegend(r *gate.Result) string {
	return fmt.Sprintf("Changes are of the current side to the baseline, with 95 %% intervals. Seen: the smallest loss that the row would have called with 80 %% power. "+
		"p is adjusted over %s (%s, false-discovery rate %g). Thresholds: %s.", count(r.Family, "tested row"), r.Method, r.FDR, r.Rules)
}

func gateTable(w io.Writer, rows []gate.Row) error {
	t, rest := gateColumns(rows)
	if err := markdownTable(w, t); err != nil {
		return err
	}
	if rest > 0 {
		fmt.Fprintf(w, "\nand %s: see --json\n", count(rest, "more row"))
	}
	return nil
}

// gateColumns lays rows out; rest is how many are too many.
func gateColumns(rows []gate.Row) (t table, rest int) {
	t = table{Header: []string{"Outcome", "Metric", "Where", "n", "Baseline", "Current", "Change", "Tolerated", "Seen", "p", "Why"}, Left: []int{0, 1, 2, 10}}
	if len(rows) > maxGateRows {
		rows, rest = rows[:maxGateRows], len(rows)-maxGateRows
	}
	for _, r := range rows {
		outcome := string(r.Outcome)
		if r.Optional {
			outcome += " (optional)"
		}
		n := strconv.Itoa(r.NCurrent)
		if r.NBaseline != r.NCurrent {
			n = fmt.Sprintf("%d, %d", r.NBaseline, r.NCurrent)
		}
		number := func(v *float64) string {
			if v == nil {
				return absent
			}
			return sig(*v)
		}
		share := number
		if r.Relative {
			share = func(v *float64) string {
				if v == nil {
					return absent
				}
				return fmt.Sprintf("%.1f %%", 100**v)
			}
		}
		change := share(r.Change)
		if r.Change != nil && *r.Change > 0 {
			change = "+" + change
		}
		if r.Low != nil && r.High != nil {
			change += fmt.Sprintf(" [%s, %s]", share(r.Low), share(r.High))
		}
		p := absent
		if r.Adjusted != nil {
			p = strconv.FormatFloat(*r.Adjusted, 'g', 2, 64)
		}
		t.Rows = append(t.Rows, []string{outcome, oneLine(r.Metric), oneLine(r.Where), n, number(r.Baseline), number(r.Current),
			change, share(r.Tolerate), share(r.Detectable), p, oneLine(r.Reason)})
	}
	return t, rest
}

// maxAnnotations is how many of a kind GitHub shows of one step.
const maxAnnotations = 10

// GateAnnotations writes workflow commands for GitHub: an error for each row that
// regressed, a warning for each that cannot be judged. What is more than it shows
// is counted in the last one.
func GateAnnotations(w io.Writer, r *gate.Result) error {
	var b strings.Builder
	for _, k := range []struct {
		command string
		outcome gate.Outcome
	}{{"error", gate.Regressed}, {"warning", gate.CannotJudge}} {
		var rows []gate.Row
		for _, row := range alike(r.Rows) {
			if row.Outcome == k.outcome && !row.Optional || row.Outcome == k.outcome && k.outcome == gate.Regressed {
				rows = append(rows, row)
			}
		}
		for i, row := range rows {
			if i == maxAnnotations-1 && len(rows) > maxAnnotations {
				fmt.Fprintf(&b, "::%s title=%s::%s\n", k.command, property("longtake gate"), data(fmt.Sprintf("%d more rows: %s", len(rows)-i, k.outcome)))
				break
			}
			text := fmt.Sprintf("%s, %s: %s", row.Metric, row.Where, row.Reason)
			if row.Change != nil && !math.IsNaN(*row.Change) {
				scale, unit := 1.0, ""
				if row.Relative {
					scale, unit = 100, " %"
				}
				text += fmt.Sprintf(" (change %+.3g%s, tolerated %.3g%s)", scale**row.Change, unit, scale*deref(row.Tolerate), unit)
			}
			fmt.Fprintf(&b, "::%s title=%s::%s\n", k.command, property(fmt.Sprintf("%s: %s", row.Metric, row.Outcome)), data(oneLine(text)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func deref(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

// data escapes the message of a workflow command, property one of its
// properties (github.com/actions/toolkit, packages/core/src/command.ts).
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}
