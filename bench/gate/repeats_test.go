package gate

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"longtake/bench"
)

// realRepeats are those of testdata/repeats, which that folder's README describes.
func realRepeats(t *testing.T) []bench.Record {
	t.Helper()
	recs, warnings, err := bench.ReadFile(filepath.Join("testdata", "repeats", "records.jsonl"))
	if err != nil || len(warnings) > 0 || len(recs) != 3 {
		t.Fatal(len(recs), warnings, err)
	}
	return recs
}

// split deals the repeats of every record to two sides of n, none to both.
func split(rng *rand.Rand, recs []bench.Record, n int) (a, b []bench.Record) {
	for _, r := range recs {
		x, y := r, r
		x.Samples, y.Samples = map[string][]float64{}, map[string][]float64{}
		// One order for all metrics of a record: they were measured together.
		order := rng.Perm(40)
		for name, s := range r.Samples {
			if len(s) != 40 {
				continue
			}
			for i := range n {
				x.Samples[name] = append(x.Samples[name], s[order[i]])
				y.Samples[name] = append(y.Samples[name], s[order[n+i]])
			}
		}
		a, b = append(a, x), append(b, y)
	}
	return a, b
}

// TestSameCodeSeldomAlarms: 300 comparisons of the same code with itself, all
// metrics and cells at once, resampled from real repeats.
func TestSameCodeSeldomAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("long: many comparisons")
	}
	recs := realRepeats(t)
	for n, comparisons := range map[int]int{10: 300, 20: 60} {
		rng := rand.New(rand.NewPCG(1, uint64(n)))
		alarms, bare, family, judged, rows := 0, 0, 0, 0, 0
		for range comparisons {
			a, b := split(rng, recs, n)
			r := compare(t, a, b, Default())
			if r.Outcome == Regressed {
				alarms++
			}
			family = r.Family
			// Without tolerances the rate is that of the statistics alone.
			strict := Default()
			for i := range strict.Metrics {
				if strict.Metrics[i].Judge == Repeats {
					strict.Metrics[i].Tolerate.Value = 0
				}
			}
			if compare(t, a, b, strict).Outcome == Regressed {
				bare++
			}
			for _, x := range r.Rows {
				if x.P != nil {
					rows++
					if x.Outcome == Held {
						judged++
					}
				}
			}
		}
		t.Logf("%d and %d repeats, %d rows: %d of %d comparisons alarm, %d without tolerances; %.0f %% of the rows held", n, n, family, alarms, comparisons, bare, 100*float64(judged)/float64(rows))
		if family < 10 || alarms > comparisons*5/100 || bare > comparisons*5/100 {
			t.Errorf("%d rows: %d of %d alarms, %d without tolerances", family, alarms, comparisons, bare)
		}
	}
}

// TestSlowdownIsCaught: the same repeats with every time of one cell 10 % longer.
func TestSlowdownIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("long: many comparisons")
	}
	recs := realRepeats(t)
	for _, tc := range []struct {
		n     int
		least float64
	}{{10, 0.75}, {20, 0.95}} {
		rng := rand.New(rand.NewPCG(2, uint64(tc.n)))
		const comparisons = 60
		caught, elsewhere := 0, 0
		for range comparisons {
			a, b := split(rng, recs, tc.n)
			for name, s := range b[0].Samples {
				if name != bench.PeakRSSBytes {
					b[0].Samples[name] = slices.Clone(s)
					for i := range s {
						b[0].Samples[name][i] *= 1.1
					}
				}
			}
			slow := side(t, "b", b).units["cell "+b[0].CellID].title
			hit := false
			for _, x := range compare(t, a, b, Default()).Rows {
				if x.Outcome == Regressed && x.Where == slow {
					hit = true
				} else if x.Outcome == Regressed {
					elsewhere++
				}
			}
			if hit {
				caught++
			}
		}
		t.Logf("%d repeats a side: 10 %% are caught in %d of %d comparisons, %d alarms elsewhere", tc.n, caught, comparisons, elsewhere)
		if float64(caught) < tc.least*comparisons || elsewhere > comparisons*5/100 {
			t.Errorf("%d repeats a side: caught in %d of %d, %d alarms elsewhere", tc.n, caught, comparisons, elsewhere)
		}
	}
}
