package suites

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"longtake/bench"
)

// column is one column of a table of records.
type column struct {
	head string
	cell func(KernelBench, bench.Record) string
}

const absent = "-"

func number(name, format string, scale float64) func(KernelBench, bench.Record) string {
	return func(_ KernelBench, r bench.Record) string {
		v, ok := r.Metric(name)
		if !ok {
			return absent
		}
		return fmt.Sprintf(format, v*scale)
	}
}

// milliseconds of a call: of processor time on one core, where it is known.
func milliseconds(b KernelBench, r bench.Record) string {
	c := cost{r.Metrics[bench.WallSeconds], r.Metrics[CPUSeconds]}
	return fmt.Sprintf("%.3f", c.of(b.Workers)*1e3)
}

var kernelColumns = []column{
	{"Case", func(b KernelBench, _ bench.Record) string { return b.Case }},
	{"Method", func(b KernelBench, _ bench.Record) string { return b.Method }},
	{"Kernels", func(b KernelBench, r bench.Record) string { return strings.TrimSpace(b.Impl + " " + r.Variant) }},
	{"Cores", func(b KernelBench, _ bench.Record) string { return fmt.Sprint(b.Workers) }},
	{"ms", milliseconds},
	{"GFLOP/s", number(GFLOPS, "%.1f", 1)},
	{"Share of peak", number(ShareOfPeak, "%.3f", 1)},
	{"FLOP/byte", func(b KernelBench, r bench.Record) string {
		flop, ok := r.Metric(FLOP)
		bytes := r.Metrics[Bytes]
		if !ok || bytes == 0 {
			return absent
		}
		return fmt.Sprintf("%.0f", flop/bytes)
	}},
	{"Share of roofline", number(ShareOfRoofline, "%.3f", 1)},
	{"Over fastest peer", number(PeerRatio, "%.2fx", 1)},
	{"Share of one core's", number(OneCoreRatio, "%.3f", 1)},
	{"n", func(b KernelBench, _ bench.Record) string { return fmt.Sprint(b.Rounds) }},
}

var sparseColumns = []column{
	{"Case", func(b KernelBench, _ bench.Record) string { return b.Case }},
	{"Method", func(b KernelBench, _ bench.Record) string { return b.Method }},
	{"Kernels", func(b KernelBench, r bench.Record) string { return strings.TrimSpace(b.Impl + " " + r.Variant) }},
	{"Cores", func(b KernelBench, _ bench.Record) string { return fmt.Sprint(b.Workers) }},
	{"ms", milliseconds},
	{"GFLOP/s", number(GFLOPS, "%.1f", 1)},
	{"Share of peak", number(ShareOfPeak, "%.3f", 1)},
	{"Share of one core's", number(OneCoreRatio, "%.3f", 1)},
	{"Attended", number(bench.AttendedFraction, "%.3f", 1)},
	{"Sparse efficiency", number(SparseEfficiency, "%.3f", 1)},
	{"Time / dense", number(DenseRatio, "%.3f", 1)},
	{"Over fastest peer", number(PeerRatio, "%.2fx", 1)},
	{"Pattern, ms", number(PatternSeconds, "%.3f", 1e3)},
	{"Plan, ms", number(PlanSeconds, "%.3f", 1e3)},
	{"n", func(b KernelBench, _ bench.Record) string { return fmt.Sprint(b.Rounds) }},
}

// Style of tables.
type Style bool

// Styles.
const (
	Text     Style = false
	Markdown Style = true
)

// KernelTables writes the records of the suites gemm and attention as tables.
func KernelTables(w io.Writer, records []bench.Record, s Style) error {
	var whole, sparse [][]string
	for _, r := range records {
		var b KernelBench
		if err := json.Unmarshal(r.Bench, &b); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		into, columns := &whole, kernelColumns
		if b.TokensPerFrame > 0 {
			into, columns = &sparse, sparseColumns
		}
		var row []string
		for _, c := range columns {
			v := c.cell(b, r)
			if v == "" {
				v = absent
			}
			row = append(row, v)
		}
		*into = append(*into, row)
	}
	first := true
	for _, t := range []struct {
		columns []column
		rows    [][]string
	}{{kernelColumns, whole}, {sparseColumns, sparse}} {
		if len(t.rows) == 0 {
			continue
		}
		var head []string
		for _, c := range t.columns {
			head = append(head, c.head)
		}
		if !first {
			fmt.Fprintln(w)
		}
		first = false
		if err := writeTable(w, head, t.rows, s); err != nil {
			return err
		}
	}
	return nil
}

// writeTable leaves out columns that no row fills.
func writeTable(w io.Writer, head []string, rows [][]string, s Style) error {
	var keep []int
	for i := range head {
		for _, r := range rows {
			if r[i] != absent {
				keep = append(keep, i)
				break
			}
		}
	}
	pick := func(row []string) []string {
		var out []string
		for _, i := range keep {
			out = append(out, row[i])
		}
		return out
	}
	align := make(tw.Alignment, len(keep))
	for i, k := range keep {
		align[i] = tw.AlignRight
		if h := head[k]; h == "Case" || h == "Method" || h == "Kernels" {
			align[i] = tw.AlignLeft
		}
	}
	options := []tablewriter.Option{
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithHeaderAutoWrap(tw.WrapNone), tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(align), tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithEastAsian(tw.Off),
	}
	if s == Markdown {
		options = append(options, tablewriter.WithRenderer(renderer.NewMarkdown()))
	}
	t := tablewriter.NewTable(w, options...)
	t.Header(pick(head))
	for _, r := range rows {
		if err := t.Append(pick(r)); err != nil {
			return err
		}
	}
	return t.Render()
}

// GoLines writes every sample as a line that benchstat reads.
func GoLines(w io.Writer, records []bench.Record) error {
	if len(records) > 0 {
		h := records[0].Host
		goos, goarch, _ := strings.Cut(h.OS, "/")
		if _, err := fmt.Fprintf(w, "goos: %s\ngoarch: %s\ncpu: %s\n", goos, goarch, h.CPU); err != nil {
			return err
		}
	}
	for _, r := range records {
		var b struct {
			KernelBench
			Clip string `json:"clip"`
		}
		if err := json.Unmarshal(r.Bench, &b); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		key := func(name, v string) string {
			if v == "" {
				return ""
			}
			return "/" + name + "=" + strings.Map(func(c rune) rune {
				if c == ' ' || c == '/' {
					return '_'
				}
				return c
			}, v)
		}
		name := "Benchmark" + strings.ToUpper(b.Suite[:1]) + b.Suite[1:] + key("case", b.Case) + key("method", b.Method) + key("impl", b.Impl) + key("variant", r.Variant)
		for i, t := range r.Samples[bench.WallSeconds] {
			if cpu := r.Samples[CPUSeconds]; i < len(cpu) && b.Suite != "step" {
				t = cost{t, cpu[i]}.of(b.Workers)
			}
			line := fmt.Sprintf("%s-%d\t1\t%.0f ns/op", name, b.Workers, t*1e9)
			if s := r.Samples[GFLOPS]; i < len(s) {
				line += fmt.Sprintf("\t%.2f GFLOP/s", s[i])
			}
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}
