package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"longtake/bench"
)

// grid makes the records of a sweep: methods x lengths x prompts x seeds. edit
// changes each as it likes.
func grid(t testing.TB, methods []string, frames []int, prompts, seeds int, edit func(r *bench.Record, c bench.Cell)) []bench.Record {
	t.Helper()
	var out []bench.Record
	for _, m := range methods {
		for _, f := range frames {
			for p := range prompts {
				for s := range seeds {
					c := bench.Cell{Generator: "builtin", Model: bench.Model{Name: "mini", SHA256: "ab", TrainingLatentFrames: 21}, Method: bench.Method{Name: m},
						Backend: "cpu", Frames: f, Width: 64, Height: 64, Prompt: bench.Prompt{Tag: fmt.Sprintf("scene%d", p), Text: "x"}, Seed: int64(s), Steps: 20, Guidance: 3}
					r, err := bench.New(c)
					if err != nil {
						t.Fatal(err)
					}
					r.Engine, r.Variant, r.Scorer = "longtake 0.1.0", "avx2", "vqeval 0.2.0 v2"
					r.Host = bench.Host{CPU: "some CPU", Cores: 2, Workers: 2, OS: "linux/amd64", Go: "go1.26"}
					r.Engaged = new(m != "dense")
					r.FramesSHA256, r.LatentsSHA256 = "f"+r.CellID, "l"+r.CellID
					r.Metrics = map[string]float64{bench.AttendedFraction: 0.5, "vqeval.composite": 80, "vqeval.expect_motion": 1,
						bench.FreezeSeverity: 0, bench.FreezeShare: 0, bench.LoopSeverity: 0.1, bench.MotionPlateau81: 1}
					if edit != nil {
						edit(&r, c)
					}
					out = append(out, r)
				}
			}
		}
	}
	return out
}

func side(t testing.TB, name string, recs []bench.Record) *Side {
	t.Helper()
	s, err := NewSide(name, recs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func compare(t testing.TB, base, cur []bench.Record, rules *Rules) *Result {
	t.Helper()
	return Compare(side(t, "a", base), side(t, "b", cur), rules)
}

// row returns the only row of a metric at a place.
func row(t testing.TB, r *Result, metric, where string) Row {
	t.Helper()
	var found []Row
	for _, x := range r.Rows {
		if x.Metric == metric && strings.Contains(x.Where, where) {
			found = append(found, x)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d rows of %s at %q in %s", len(found), metric, where, show(r))
	}
	return found[0]
}

func show(r *Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Outcome)
	for _, x := range r.Rows {
		fmt.Fprintf(&b, "  %s %s, %s (%d, %d): %s\n", x.Outcome, x.Metric, x.Where, x.NBaseline, x.NCurrent, x.Reason)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  note %s\n", n)
	}
	return b.String()
}

func TestSameRecordsHold(t *testing.T) {
	recs := grid(t, []string{"dense", "lvsa"}, []int{81, 165}, 2, 1, nil)
	r := compare(t, recs, recs, Default())
	if r.Outcome != Held || r.Family != 0 || len(r.Notes) > 0 {
		t.Errorf("%s", show(r))
	}
	if x := row(t, r, bench.MotionPlateau81, ""); x.NBaseline != 8 || x.Outcome != Held || *x.Change != 0 {
		t.Errorf("%+v", x)
	}
}

// TestFrozenVideo: one of 8 videos, one a cell, freezes.
func TestFrozenVideo(t *testing.T) {
	frozen := func(severity float64, hash string) func(*bench.Record, bench.Cell) {
		return func(r *bench.Record, c bench.Cell) {
			if c.Method.Name == "lvsa" && c.Frames == 165 && c.Prompt.Tag == "scene1" {
				r.Metrics[bench.FreezeSeverity], r.Metrics[bench.FreezeShare], r.FramesSHA256 = severity, 0.8, hash
			}
		}
	}
	make := func(edit func(*bench.Record, bench.Cell)) []bench.Record {
		return grid(t, []string{"dense", "lvsa"}, []int{81, 165}, 2, 1, edit)
	}
	r := compare(t, make(nil), make(frozen(0.98, "other")), Default())
	if x := row(t, r, bench.FreezeSeverity, "all cells"); r.Outcome != Regressed || x.Outcome != Regressed || !strings.Contains(x.Reason, "lvsa, 165 frames, scene1") {
		t.Errorf("%s", show(r))
	}
	// The same the other way round is no regression, and is said.
	r = compare(t, make(frozen(0.98, "other")), make(nil), Default())
	if x := row(t, r, bench.FreezeSeverity, "all cells"); x.Outcome != Held || !strings.Contains(strings.Join(r.Notes, " "), "1 of 8 videos lost the failure") {
		t.Errorf("%s", show(r))
	}
	// A video that froze before may freeze still.
	r = compare(t, make(frozen(0.9, "f")), make(frozen(0.98, "g")), Default())
	if x := row(t, r, bench.FreezeSeverity, "all cells"); x.Outcome != Held {
		t.Errorf("%s", show(r))
	}
	// From 0.4 to 0.55 is a step over the line, not a change that one video shows.
	r = compare(t, make(frozen(0.4, "f")), make(frozen(0.55, "g")), Default())
	if x := row(t, r, bench.FreezeSeverity, "all cells"); x.Outcome != Held || !strings.Contains(strings.Join(r.Notes, " "), "by a step below 0.25") {
		t.Errorf("%s", show(r))
	}
	// Where the scorer is another one, nothing is known.
	other := make(frozen(0.98, "other"))
	for i := range other {
		other[i].Scorer = "vqeval 0.3.0 v2"
	}
	r = compare(t, make(nil), other, Default())
	if r.Outcome != CannotJudge || r.Count(Regressed) != 0 || !strings.Contains(show(r), "scored in different ways") {
		t.Errorf("%s", show(r))
	}
}

// TestRateOfFindings: a generator that draws anew fails now and then on both sides.
func TestRateOfFindings(t *testing.T) {
	rules := Default()
	rules.Findings.Rule = "rate"
	make := func(seed uint64, p float64) []bench.Record {
		rng := rand.New(rand.NewPCG(seed, 1))
		return grid(t, []string{"lvsa"}, []int{165}, 5, 8, func(r *bench.Record, c bench.Cell) {
			r.FramesSHA256 = fmt.Sprint(rng.Uint64())
			if rng.Float64() < p {
				r.Metrics[bench.FreezeSeverity] = 0.9
			}
		})
	}
	alarms := 0
	for i := range uint64(100) {
		if row(t, compare(t, make(2*i, 0.1), make(2*i+1, 0.1), rules), bench.FreezeSeverity, "all cells").Outcome == Regressed {
			alarms++
		}
	}
	if alarms > 5 {
		t.Errorf("%d of 100 comparisons of equal rates alarm", alarms)
	}
	if r := compare(t, make(1, 0.1), make(2, 0.6), rules); row(t, r, bench.FreezeSeverity, "all cells").Outcome != Regressed {
		t.Errorf("six times the failures: %s", show(r))
	}
	few := grid(t, []string{"lvsa"}, []int{165}, 2, 1, nil)
	if r := compare(t, few, few, rules); row(t, r, bench.FreezeSeverity, "all cells").Outcome != CannotJudge {
		t.Errorf("two videos show no rate: %s", show(r))
	}
}

// TestPairs: quality that falls a little in every video is found, what only
// scatters is not.
func TestPairs(t *testing.T) {
	make := func(seed uint64, drop float64) []bench.Record {
		rng := rand.New(rand.NewPCG(seed, 2))
		return grid(t, []string{"dense", "lvsa"}, []int{165}, 5, 4, func(r *bench.Record, c bench.Cell) {
			r.FramesSHA256 = fmt.Sprint(rng.Uint64())
			r.Metrics[bench.MotionPlateau81] = 1 + 0.1*rng.NormFloat64()
			if c.Method.Name == "lvsa" {
				r.Metrics[bench.MotionPlateau81] -= drop
			}
		})
	}
	r := compare(t, make(1, 0), make(2, 0.3), Default())
	bad, good := row(t, r, bench.MotionPlateau81, "lvsa"), row(t, r, bench.MotionPlateau81, "dense")
	if bad.Outcome != Regressed || good.Outcome != Held || bad.NBaseline != 20 || r.Outcome != Regressed {
		t.Fatalf("%s", show(r))
	}
	if *bad.Change > -0.2 || *bad.Low > *bad.Change || *bad.High < *bad.Change || *bad.High > -0.1 || *bad.Adjusted > 0.01 {
		t.Errorf("%+v", bad)
	}
	// 80 % power at the change that the row names.
	found, n := 0, uint64(30)
	for i := range n {
		r := compare(t, make(10+2*i, 0), make(11+2*i, *good.Detectable), Default())
		if row(t, r, bench.MotionPlateau81, "lvsa").Outcome == Regressed {
			found++
		}
	}
	if p := float64(found) / float64(n); p < 0.6 || p > 0.95 {
		t.Errorf("a loss of %.3f, said to be found with 80 %% power, is found in %.2f of the cases", *good.Detectable, p)
	}
	// More of what is better is no loss.
	if r := compare(t, make(1, 0.3), make(2, 0), Default()); r.Outcome != Held || row(t, r, bench.MotionPlateau81, "lvsa").Reason != "better" {
		t.Errorf("%s", show(r))
	}
}

// TestFold: pairs are judged where there are enough, and none twice.
func TestFold(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	edit := func(r *bench.Record, c bench.Cell) {
		r.FramesSHA256 = fmt.Sprint(rng.Uint64())
		r.Metrics["vqeval.composite"] = 80 + rng.NormFloat64()
	}
	make := func() []bench.Record {
		list := grid(t, []string{"lvsa"}, []int{81}, 3, 2, edit)                        // 6: alone
		list = append(list, grid(t, []string{"riflex"}, []int{81, 165}, 3, 1, edit)...) // 3 and 3: all lengths
		list = append(list, grid(t, []string{"dense", "pi"}, []int{81}, 2, 2, edit)...) // 4 and 4: all methods
		return list
	}
	r := compare(t, make(), make(), Default())
	total := 0
	for _, x := range r.Rows {
		if x.Metric == "vqeval.composite" {
			total += x.NBaseline
		}
	}
	for where, n := range map[string]int{"lvsa, 81 frames": 6, "riflex, all lengths": 6, "methods and lengths": 8} {
		if x := row(t, r, "vqeval.composite", where); x.NBaseline != n {
			t.Errorf("%s has %d pairs, want %d", where, x.NBaseline, n)
		}
	}
	if total != 20 {
		t.Errorf("%d pairs in rows, want 20", total)
	}
	few := grid(t, []string{"lvsa"}, []int{81}, 2, 1, edit)
	r = compare(t, few, grid(t, []string{"lvsa"}, []int{81}, 2, 1, edit), Default())
	if x := row(t, r, "vqeval.composite", ""); x.Outcome != CannotJudge || x.Reason != "need 6 pairs, have 2" || r.Outcome != CannotJudge {
		t.Errorf("%s", show(r))
	}
}

// timed adds n repeats around a number of seconds.
func timed(seed uint64, n int, seconds func(bench.Cell) float64) func(*bench.Record, bench.Cell) {
	rng := rand.New(rand.NewPCG(seed, 5))
	return func(r *bench.Record, c bench.Cell) {
		r.Samples = map[string][]float64{}
		for range n {
			r.Samples[bench.WallSeconds] = append(r.Samples[bench.WallSeconds], seconds(c)*math.Exp(0.01*rng.NormFloat64()))
		}
		r.Metrics[bench.WallSeconds] = r.Samples[bench.WallSeconds][0]
	}
}

func TestTimes(t *testing.T) {
	make := func(seed uint64, n int, lvsa float64) []bench.Record {
		return grid(t, []string{"dense", "lvsa"}, []int{81}, 2, 1, timed(seed, n, func(c bench.Cell) float64 {
			if c.Method.Name == "lvsa" {
				return lvsa
			}
			return 2
		}))
	}
	r := compare(t, make(1, 10, 1), make(2, 10, 1.1), Default())
	bad, good := row(t, r, bench.WallSeconds, "lvsa, 81 frames, scene0"), row(t, r, bench.WallSeconds, "dense, 81 frames, scene0")
	if bad.Outcome != Regressed || good.Outcome != Held || r.Family != 4 {
		t.Fatalf("%s", show(r))
	}
	if math.Abs(*bad.Change-0.1) > 0.02 || *bad.Low > *bad.Change || *bad.High < *bad.Change || *bad.Detectable > 0.08 || *bad.Detectable < 0.05 {
		t.Errorf("%+v, detectable %g", bad, *bad.Detectable)
	}
	// A slowdown within the tolerance holds, and is said.
	r = compare(t, make(1, 10, 1), make(2, 10, 1.025), Default())
	if x := row(t, r, bench.WallSeconds, "lvsa, 81 frames, scene0"); x.Outcome != Held || !strings.Contains(x.Reason, "within the tolerance") {
		t.Errorf("%s", show(r))
	}
	// Too few, and exactly how many are needed.
	r = compare(t, make(1, 5, 1), make(2, 5, 1), Default())
	if x := row(t, r, bench.WallSeconds, "lvsa, 81 frames, scene0"); x.Outcome != CannotJudge || x.Reason != "need 6 samples, have 5" || x.Detectable != nil || r.Outcome != CannotJudge {
		t.Errorf("%s", show(r))
	}
	// Another machine: no verdict on times, quality is judged all the same.
	other := make(2, 10, 2)
	for i := range other {
		other[i].Host.CPU = "another CPU"
	}
	r = compare(t, make(1, 10, 1), other, Default())
	if x := row(t, r, bench.WallSeconds, "lvsa, 81 frames, scene0"); x.Outcome != CannotJudge || !strings.Contains(x.Reason, "different or unknown hosts") ||
		row(t, r, "vqeval.composite", "").Outcome != Held || r.Outcome != CannotJudge || r.Count(Regressed) != 0 || !strings.Contains(strings.Join(r.Notes, " "), "another CPU") {
		t.Errorf("%s", show(r))
	}
	for i := range other {
		other[i].Host = bench.Host{}
	}
	r = compare(t, other, other, Default())
	if x := row(t, r, bench.WallSeconds, "lvsa, 81 frames, scene0"); x.Outcome != CannotJudge {
		t.Errorf("nobody knows where these were measured: %s", show(r))
	}
	// Noise that hides more than the tolerance is no all-clear.
	noisy := func(seed uint64) []bench.Record {
		rng := rand.New(rand.NewPCG(seed, 6))
		return grid(t, []string{"dense"}, []int{81}, 1, 1, func(r *bench.Record, c bench.Cell) {
			r.Samples = map[string][]float64{}
			for range 8 {
				r.Samples[bench.WallSeconds] = append(r.Samples[bench.WallSeconds], math.Exp(0.2*rng.NormFloat64()))
			}
		})
	}
	r = compare(t, noisy(3), noisy(4), Default())
	if x := row(t, r, bench.WallSeconds, ""); x.Outcome != CannotJudge || !strings.Contains(x.Reason, "too noisy") || *x.Detectable < 0.15 {
		t.Errorf("%s", show(r))
	}
}

// TestTimesInPairs: who times every cell once may judge times over the cells.
func TestTimesInPairs(t *testing.T) {
	rules, err := ParseRules([]byte("schema: 1\nmetrics: [{metric: wall_s, judge: pairs, better: lower, tolerate: 5%}]\n"), "pairs.yaml")
	if err != nil {
		t.Fatal(err)
	}
	make := func(seed uint64, seconds float64) []bench.Record {
		return grid(t, []string{"lvsa"}, []int{165}, 5, 2, func(r *bench.Record, c bench.Cell) {
			timed(seed+uint64(len(c.Prompt.Tag))+uint64(c.Seed), 1, func(bench.Cell) float64 { return seconds })(r, c)
			r.FramesSHA256 = fmt.Sprint(seed, r.CellID)
		})
	}
	r := compare(t, make(1, 1), make(50, 1.1), rules)
	if x := row(t, r, bench.WallSeconds, "lvsa, 165 frames"); x.Outcome != Regressed || x.NBaseline != 10 {
		t.Errorf("%s", show(r))
	}
	other := make(50, 1.1)
	for i := range other {
		other[i].Host.Cores = 64
	}
	if r := compare(t, make(1, 1), other, rules); r.Outcome != CannotJudge || r.Count(Regressed) > 0 {
		t.Errorf("another host: %s", show(r))
	}
}

// TestRecordsAddUp: several records of one cell, from several processes, add
// their repeats; so do those of bench with other numbers of rounds.
func TestRecordsAddUp(t *testing.T) {
	three := func(seed uint64) []bench.Record {
		f := func(i uint64) []bench.Record {
			return grid(t, []string{"dense"}, []int{81}, 1, 1, timed(seed+i, 3, func(bench.Cell) float64 { return 1 }))
		}
		return append(append(f(0), f(1)...), f(2)...)
	}
	r := compare(t, three(1), three(7), Default())
	if x := row(t, r, bench.WallSeconds, ""); x.NBaseline != 9 || x.Outcome != Held {
		t.Errorf("%s", show(r))
	}
	score := func(rounds int, v float64) bench.Record {
		r := bench.Record{Status: bench.StatusOK, Bench: fmt.Appendf(nil, `{"suite":"score","clip":"a","frames":288,"rounds":%d}`, rounds),
			Host: bench.Host{CPU: "c", Cores: 1}, Samples: map[string][]float64{}, Metrics: map[string]float64{}}
		for i := range rounds {
			r.Samples[bench.ScoreSeconds] = append(r.Samples[bench.ScoreSeconds], v+0.001*float64(i))
		}
		return r
	}
	r = compare(t, []bench.Record{score(4, 1), score(5, 1)}, []bench.Record{score(9, 1.2)}, Default())
	if x := row(t, r, bench.ScoreSeconds, "score, a, frames 288"); x.NBaseline != 9 || x.NCurrent != 9 || x.Outcome != Regressed {
		t.Errorf("%s", show(r))
	}
}

// TestPeers: other programs that were measured too are not held.
func TestPeers(t *testing.T) {
	gemm := func(impl, fastest string, v float64) bench.Record {
		return bench.Record{Status: bench.StatusOK, Bench: fmt.Appendf(nil, `{"suite":"gemm","case":"qkv","impl":%q,"fastest_peer":%q,"m":3,"rounds":9}`, impl, fastest),
			Host: bench.Host{CPU: "c", Cores: 1}, Metrics: map[string]float64{bench.WallSeconds: v},
			Samples: map[string][]float64{bench.WallSeconds: {v, 1.01 * v, 0.99 * v, v, v, 1.01 * v, v, v, v}}}
	}
	r := compare(t, []bench.Record{gemm("longtake", "a", 1), gemm("a 1.0", "", 1)}, []bench.Record{gemm("longtake", "b", 1), gemm("a 1.0", "", 2), gemm("b 2", "", 2)}, Default())
	if x := row(t, r, bench.WallSeconds, "gemm, qkv, m 3"); r.Outcome != Held || x.NBaseline != 9 || !strings.Contains(show(r), "3 records are of other programs") {
		t.Errorf("%s", show(r))
	}
}

func TestWhatNeedsNoStatistics(t *testing.T) {
	base := grid(t, []string{"dense", "lvsa"}, []int{81}, 3, 1, nil)
	at := func(edit func(*bench.Record)) []bench.Record {
		list := grid(t, []string{"dense", "lvsa"}, []int{81}, 3, 1, nil)
		edit(&list[4]) // lvsa, scene1
		return list
	}
	for name, tc := range map[string]struct {
		edit        func(*bench.Record)
		metric      string
		want, whole Outcome
		says        string
	}{
		"attended":   {func(r *bench.Record) { r.Metrics[bench.AttendedFraction] = 0.49 }, bench.AttendedFraction, Regressed, Regressed, "computed"},
		"unattended": {func(r *bench.Record) { delete(r.Metrics, bench.AttendedFraction) }, bench.AttendedFraction, CannotJudge, CannotJudge, "only one side"},
		"dense":      {func(r *bench.Record) { r.Engaged = new(false) }, "engaged", Regressed, Regressed, "lvsa, 81 frames, scene1, seed 0 (true, now false)"},
		"failed":     {func(r *bench.Record) { r.Status, r.Error = bench.StatusFailed, "boom\n::error::x" }, "status", Regressed, Regressed, "(failed boom ::error::x)"},
		"oom":        {func(r *bench.Record) { r.Status = bench.StatusOOM }, "status", Regressed, Regressed, "oom"},
		"hash":       {func(r *bench.Record) { r.LatentsSHA256 = "x" }, "latents_sha256", Noted, Held, "other in 1 of 6"},
		"unseen":     {func(r *bench.Record) { delete(r.Metrics, bench.LoopSeverity) }, bench.LoopSeverity, CannotJudge, CannotJudge, ""},
	} {
		r := compare(t, base, at(tc.edit), Default())
		found := false
		for _, x := range r.Rows {
			found = found || x.Metric == tc.metric && x.Outcome == tc.want && strings.Contains(x.Reason, tc.says)
		}
		if !found || r.Outcome != tc.whole {
			t.Errorf("%s: want %s, %s\n%s", name, tc.whole, tc.want, show(r))
		}
	}
	strict := Default()
	strict.Hashes = "require"
	other := at(func(r *bench.Record) { r.LatentsSHA256 = "x" })
	if r := compare(t, base, other, strict); r.Outcome != Regressed {
		t.Errorf("hashes are required: %s", show(r))
	}
	for i := range other {
		other[i].Variant = "avx512"
	}
	if r := compare(t, base, other, strict); row(t, r, "latents_sha256", "").Outcome != CannotJudge {
		t.Errorf("another variant rounds in another way: %s", show(r))
	}
	// What failed before and failed again is said; what works now too.
	sick := at(func(r *bench.Record) { r.Status = bench.StatusTimeout })
	if r := compare(t, sick, sick, Default()); !strings.Contains(show(r), "failed on both sides") || r.Outcome == Regressed {
		t.Errorf("%s", show(r))
	}
	if r := compare(t, sick, base, Default()); !strings.Contains(show(r), "has a video now") || r.Outcome == Regressed {
		t.Errorf("%s", show(r))
	}
}

func TestOneSided(t *testing.T) {
	base, more := grid(t, []string{"dense"}, []int{81}, 6, 1, nil), grid(t, []string{"dense"}, []int{81, 165}, 6, 1, nil)
	r := compare(t, base, more, Default())
	if r.Outcome != Held || !strings.Contains(show(r), "6 of 12 cells or benchmarks are in the current records only") {
		t.Errorf("%s", show(r))
	}
	r = compare(t, more, base, Default())
	if x := row(t, r, "presence", ""); r.Outcome != CannotJudge || x.Outcome != CannotJudge || !strings.Contains(x.Reason, "6 of 12") {
		t.Errorf("%s", show(r))
	}
	r = compare(t, base, grid(t, []string{"lvsa"}, []int{81}, 6, 1, nil), Default())
	if r.Outcome != CannotJudge || !strings.Contains(show(r), "nearest current cell differs in method") {
		t.Errorf("%s", show(r))
	}
}

// TestUnruled: a metric without a rule is named; selected metrics leave the rest.
func TestUnruled(t *testing.T) {
	recs := grid(t, []string{"dense"}, []int{81}, 6, 1, func(r *bench.Record, c bench.Cell) { r.Metrics["gpu_joules"] = 3 })
	if r := compare(t, recs, recs, Default()); !strings.Contains(show(r), "not judged: gpu_joules") {
		t.Errorf("%s", show(r))
	}
	rules := Default()
	rules.Select = []string{"vqeval.freeze.*"}
	r := compare(t, recs, recs, rules)
	for _, x := range r.Rows {
		if x.Judge == Pairs && !strings.HasPrefix(x.Metric, "vqeval.freeze.") || x.Metric == bench.AttendedFraction || x.Judge == Hashes {
			t.Errorf("%s was not asked for", x.Metric)
		}
	}
}

// TestRedrawnQuality: 100 comparisons of a stochastic generator with itself, 7
// metrics x 6 groups each, with the skewed numbers that severities are.
func TestRedrawnQuality(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	rules := Default()
	rules.Findings.Rule = "rate"
	edit := func(r *bench.Record, c bench.Cell) {
		r.FramesSHA256 = fmt.Sprint(rng.Uint64())
		for m := range r.Metrics {
			switch {
			case strings.HasSuffix(m, ".severity"), strings.HasSuffix(m, ".share"):
				r.Metrics[m] = 0
				if rng.Float64() < 0.3 {
					r.Metrics[m] = rng.Float64()
				}
			case m == "vqeval.composite":
				r.Metrics[m] = 80 + 8*rng.NormFloat64()
			case m == bench.MotionPlateau81:
				r.Metrics[m] = math.Exp(0.3 * rng.NormFloat64())
			}
		}
	}
	make := func() []bench.Record { return grid(t, []string{"a", "b", "c"}, []int{81, 165}, 5, 2, edit) }
	if testing.Short() {
		t.Skip("long: many comparisons")
	}
	alarms, n := 0, 100
	for range n {
		if r := compare(t, make(), make(), rules); r.Outcome == Regressed {
			alarms++
		}
	}
	t.Logf("%d of %d comparisons alarm", alarms, n)
	if float64(alarms) > 0.05*float64(n) {
		t.Errorf("%d of %d comparisons of a generator with itself alarm", alarms, n)
	}
}
