package cpu

import (
	"slices"
	"testing"
	"time"
)

// rounds times functions in turn, so that each meets the same load of the
// machine, and reports the median rate of each.
type rounds struct {
	names []string
	flop  []float64
	f     []func()
	unit  string // default _GFLOP/s
}

func (r *rounds) add(name string, f func()) { r.addFlop(name, 0, f) }

func (r *rounds) addFlop(name string, flop float64, f func()) {
	r.names, r.flop, r.f = append(r.names, name), append(r.flop, flop), append(r.f, f)
}

// run reports GFLOP/s of every function; flop is for those added without.
func (r *rounds) run(b *testing.B, flop float64) {
	unit := r.unit
	if unit == "" {
		unit = "_GFLOP/s"
	}
	took := make([][]time.Duration, len(r.f))
	for _, f := range r.f {
		f() // warm up
	}
	for b.Loop() {
		for i, f := range r.f {
			start := time.Now()
			f()
			took[i] = append(took[i], time.Since(start))
		}
	}
	for i, t := range took {
		slices.Sort(t)
		w := r.flop[i]
		if w == 0 {
			w = flop
		}
		b.ReportMetric(w/t[len(t)/2].Seconds()/1e9, r.names[i]+unit)
	}
	b.ReportMetric(0, "ns/op")
}
