package suites

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"longtake/bench"
	"longtake/bench/stats"
)

// suiteOf is the suite of a record of a benchmark.
func suiteOf(r bench.Record) string {
	var b struct {
		Suite string `json:"suite"`
	}
	if json.Unmarshal(r.Bench, &b) != nil {
		return ""
	}
	return b.Suite
}

func pick(records []bench.Record, suite string) []bench.Record {
	var out []bench.Record
	for _, r := range records {
		if suiteOf(r) == suite {
			out = append(out, r)
		}
	}
	return out
}

// ResultsPage is a page of results: of the records in one folder, from one machine.
type ResultsPage struct {
	Title, Folder string
	Full          bool   // they are of --full
	Note          string // what else there is to know of the records
}

// Results writes a page, such as bench/RESULTS.md, from its records of the suites
// gemm, attention and step.
func (p ResultsPage) Results(w io.Writer, records []bench.Record) error {
	var hosts []string
	for _, r := range records {
		h := fmt.Sprintf("%s, %d cores, %s, %s", r.Host.CPU, r.Host.Cores, r.Host.OS, r.Host.Go)
		if !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	fmt.Fprintf(w, `# %s
Written from the records in %s by `+"`go test ./bench/suites -run Results -update`"+`; each record holds its raw samples.
Measured on: %s.

%s* Every kernel was checked against float64 before it was timed; what disagrees has no row.
* A sample is the least of a few tries in a row, on one core of processor time, on several of wall time; a value is the median of n samples taken in turns, more of them where calls are short. Ratios and shares are medians of those of every round.
* *Share of peak* is of the rate of multiply-adds from registers, measured around every sample with as many cores (%s GFLOP/s on one core, median). The *roofline* is the least of that and of FLOP/byte times what a copy moves.
* *Over fastest peer*: time of the fastest peer with as many cores over this one's, in the same rounds.
* *Sparse efficiency*: dense time times attended fraction over sparse time: 1 is a cost in proportion to the pairs.

`, p.Title, p.Folder, strings.Join(hosts, "; ")+p.note(), missing(records), peakText(records))
	full := ""
	if p.Full {
		full = " --full"
	}
	for _, s := range []struct{ suite, title, command string }{
		{"gemm", "Matrix products", "longtake bench --suite gemm" + full + " --peers bench/peers/run.sh"},
		{"attention", "Attention", "longtake bench --suite attention" + full + " --peers bench/peers/run.sh"},
		{"step", "Whole generations of the built-in model", "longtake bench --suite step"},
	} {
		part := pick(records, s.suite)
		if len(part) == 0 {
			continue
		}
		fmt.Fprintf(w, "## %s\n`%s`\n\n", s.title, s.command)
		var err error
		if s.suite == "step" {
			fmt.Fprintln(w, "*Speed-up* is of processor time of dense attention's whole generation, *bound* 1 / (1 - a + a f) with a the attention share in dense time and f the attended fraction.\nThe rows with findings compare the kernels' variants: *over generic* is of processor time; latents of all variants agree within their tolerance. *Peak memory* is the process's, in two steps of its own.")
			fmt.Fprintln(w)
			err = StepTable(w, part, Markdown)
		} else {
			err = KernelTables(w, part, Markdown)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return nil
}

func (p ResultsPage) note() string {
	if p.Note == "" {
		return ""
	}
	return ". " + p.Note
}

// missing lists what the tables would show had it been measured.
func missing(records []bench.Record) string {
	cores, flex := false, false
	for _, r := range records {
		var b KernelBench
		if s := suiteOf(r); (s == "gemm" || s == "attention") && json.Unmarshal(r.Bench, &b) == nil {
			cores = cores || b.Workers > 1
			flex = flex || strings.Contains(b.Impl, "flex_attention")
		}
	}
	text := ""
	if !cores {
		text += "* Several cores were not measured.\n"
	}
	if !flex {
		text += "* flex_attention was not measured.\n"
	}
	return text
}

// peakText is the median peak of one core, "-" where no record has it.
func peakText(records []bench.Record) string {
	var peaks []float64
	for _, r := range records {
		if r.Host.Workers == 1 && suiteOf(r) != "step" {
			peaks = append(peaks, r.Samples[PeakGFLOPS]...)
		}
	}
	if len(peaks) == 0 {
		return absent
	}
	return fmt.Sprintf("%.0f", stats.Median(peaks))
}

// Summary writes the README's table: what a user would pick instead, and what
// sparsity saves.
func Summary(w io.Writer, records []bench.Record) error {
	head := []string{"Case", "Method", "Cores", "ms", "Share of peak", "Over fastest peer", "Fastest peer", "Sparse efficiency"}
	var rows [][]string
	fewest := map[string]int{} // cores of a case; large ones are measured on all
	for _, r := range records {
		var b KernelBench
		if json.Unmarshal(r.Bench, &b) == nil && (fewest[b.Case] == 0 || b.Workers < fewest[b.Case]) {
			fewest[b.Case] = b.Workers
		}
	}
	for _, r := range records {
		var b KernelBench
		if s := suiteOf(r); s != "gemm" && s != "attention" {
			continue
		}
		if err := json.Unmarshal(r.Bench, &b); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		if b.Impl != own || b.Workers != fewest[b.Case] || b.Method == "ultravico" || b.TokensPerFrame > 0 && b.Method == "dense" ||
			b.Suite == "gemm" && b.Case != "1024x1024x1024" || r.Variant == "avx2" {
			continue
		}
		var name string
		switch {
		case b.Suite == "gemm":
			name = "matrix product " + b.Case
		case b.TokensPerFrame > 0:
			name = fmt.Sprintf("%d latent frames x %d tokens, %d heads of %d", b.LatentFrames, b.TokensPerFrame, b.Heads, b.Dim)
		default:
			name = fmt.Sprintf("%d tokens, %d heads of %d", b.Tokens, b.Heads, b.Dim)
		}
		or := func(s string) string {
			if s == "" {
				return absent
			}
			return s
		}
		rows = append(rows, []string{name, or(b.Method), fmt.Sprint(b.Workers), milliseconds(b, r), number(ShareOfPeak, "%.2f", 1)(b, r),
			number(PeerRatio, "%.2fx", 1)(b, r), or(b.Peer), number(SparseEfficiency, "%.2f", 1)(b, r)})
	}
	return writeTable(w, head, rows, Markdown)
}
