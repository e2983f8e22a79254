package replay

import (
	"encoding/json"
	"fmt"
	"math"

	"longtake/bench"
	"longtake/internal/figure"
)

// Metrics of replay records beside those of package bench.
const (
	Mass        = "softmax_mass"       // share of the dense softmax on the pairs kept, mean over queries
	LeastMass   = "softmax_mass_least" // of the worst query
	OutputError = "output_error"       // norm of the difference from dense attention in float64 over the norm of that
	MaxError    = "max_error"          // of the kernel against the method's definition in float64
	KernelTime  = "kernel_s"           // of one head, median
)

// Bench is the bench object of replay records.
type Bench struct {
	Suite        string `json:"suite"` // replay
	Dump         string `json:"dump"`
	Model        string `json:"model,omitempty"`
	Method       string `json:"method"`
	Layer        int    `json:"layer"`
	Step         int    `json:"step"`
	Head         int    `json:"head"`
	Tokens       int    `json:"tokens"`
	Dim          int    `json:"dim"`
	LatentFrames int    `json:"latent_frames"`
	Queries      int    `json:"queries"`
	Rounds       int    `json:"rounds"`
}

// Mean is the mean over heads, with the worst query of all and head -1.
func (r Result) Mean() Row {
	m := Row{Head: -1, LeastMass: math.Inf(1)}
	n := float64(len(r.Rows))
	for _, x := range r.Rows {
		m.Mass += x.Mass / n
		m.Output += x.Output / n
		m.Fraction += x.Fraction / n
		m.Seconds += x.Seconds / n
		m.LeastMass, m.Kernel = min(m.LeastMass, x.LeastMass), max(m.Kernel, x.Kernel)
	}
	return m
}

// Records are one for each method and head.
func Records(d *Dump, results []Result) []bench.Record {
	var out []bench.Record
	for _, res := range results {
		for _, row := range res.Rows {
			raw, err := json.Marshal(Bench{"replay", d.Name, d.Model, res.Method, d.Site.Layer, d.Site.Step, row.Head,
				d.Geometry.Tokens() + d.Geometry.TextTokens, d.Dim, d.Geometry.Frames, res.Queries, len(row.Samples)})
			if err != nil {
				panic(err) // plain values
			}
			engaged := res.Engaged
			r := bench.Record{Schema: bench.Schema, Status: bench.StatusOK, Host: bench.HostInfo(), Bench: raw, Engaged: &engaged,
				Metrics: map[string]float64{Mass: row.Mass, LeastMass: row.LeastMass, OutputError: row.Output, MaxError: row.Kernel,
					bench.AttendedFraction: row.Fraction, KernelTime: row.Seconds},
				Samples: map[string][]float64{KernelTime: row.Samples}}
			out = append(out, r)
		}
	}
	return out
}

// SaveFigure writes base.png and base.svg: mass kept and output error by head.
func SaveFigure(base string, d *Dump, results []Result) error {
	var groups []string
	for h := range d.Heads {
		groups = append(groups, fmt.Sprint(h))
	}
	bars := func(title, axis string, value func(Row) float64) figure.Bars {
		f := figure.Bars{Title: title, XLabel: "Head", Groups: groups, Y: figure.Axis{Label: axis}}
		for i, r := range results {
			s := figure.BarSeries{Name: r.Label, Color: i}
			for _, row := range r.Rows {
				s.Bars = append(s.Bars, figure.Bar{Value: value(row)})
			}
			f.Series = append(f.Series, s)
		}
		return f
	}
	title := fmt.Sprintf("layer %d, step %d", d.Site.Layer, d.Site.Step)
	for _, f := range []struct {
		suffix string
		bars   figure.Bars
	}{
		{"", bars("Output error, "+title, "Difference from dense / norm of dense", func(r Row) float64 { return r.Output })},
		{"-mass", bars("Softmax kept, "+title, "Share of the dense softmax", func(r Row) float64 { return r.Mass })},
	} {
		if err := figure.Save(base+f.suffix, f.bars, "png", "svg"); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
	return nil
}
