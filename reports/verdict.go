package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"longtake/bench"
	"longtake/bench/stats"
)

// verdict is what a method did at one horizon.
type verdict struct {
	m       method
	n       int // videos that were scored
	froze   []cell
	looped  []cell
	others  []kindCount
	onset   int    // frame of the first freeze, -1 where there is none
	first   string // the same in words, in seconds where the rate is known
	denoise stats.Interval
	wall    stats.Interval
	speedup stats.Interval
	bound   stats.Interval // of the speed-up
	motion  stats.Interval
}

// kindCount is how many videos have a finding.
type kindCount struct {
	kind string
	n    int
}

func (k kindCount) String() string { return fmt.Sprintf("%s in %d", words(k.kind), k.n) }

// verdicts are those of all methods at one number of frames.
func (s section) verdicts(frames int, ref reference, rate float64) []verdict {
	var out []verdict
	for _, m := range s.methods {
		all := s.pick(m, frames)
		if len(all) == 0 {
			continue
		}
		ok := onlyOK(all)
		v := verdict{m: m, onset: -1, speedup: s.speedup(m, frames, bench.DenoiseSeconds), bound: s.bound(m, frames, bench.DenoiseSeconds)}
		v.denoise, _ = measured(ok, bench.DenoiseSeconds)
		v.wall, _ = measured(ok, bench.WallSeconds)
		v.motion, _ = ref.motion(ok)
		others := map[string]int{}
		for _, c := range ok {
			if !c.scored() {
				continue
			}
			v.n++
			seen := map[string]bool{}
			for _, f := range c.Findings {
				if f.Kind == "freeze" && (v.onset < 0 || f.OnsetFrame < v.onset) {
					v.onset, v.first = f.OnsetFrame, fmt.Sprintf("frame %d", f.OnsetFrame)
					if rate > 0 {
						v.first = tenths(float64(f.OnsetFrame)/rate) + " s"
					}
				}
				if seen[f.Kind] {
					continue
				}
				seen[f.Kind] = true
				switch f.Kind {
				case "freeze":
					v.froze = append(v.froze, c)
				case "loop":
					v.looped = append(v.looped, c)
				default:
					others[f.Kind]++
				}
			}
		}
		for _, k := range kindsOf(ok) {
			if others[k] > 0 {
				v.others = append(v.others, kindCount{k, others[k]})
			}
		}
		out = append(out, v)
	}
	return out
}

// tenths writes seconds as the page does: a half is rounded up.
func tenths(v float64) string { return fmt.Sprintf("%.1f", math.Floor(v*10+0.5)/10) }

func words(kind string) string { return strings.ReplaceAll(kind, "_", " ") }

// headline answers, at the longest horizon that was scored, which method froze
// or looped and when, and what each cost.
func (s section) headline(ref reference, rate float64) (at int, sentences []string) {
	for _, frames := range slices.Backward(s.frames) {
		all := s.verdicts(frames, ref, rate)
		n := 0
		for _, v := range all {
			n += v.n
		}
		if n == 0 {
			continue
		}
		length := fmt.Sprintf("%d frames", frames)
		if rate > 0 {
			length += " (" + tenths(float64(frames)/rate) + " s)"
		}
		sentences = append(sentences, failed(all, length, n))
		if t := lesser(all); t != "" {
			sentences = append(sentences, t)
		}
		if t := cheapest(all); t != "" {
			sentences = append(sentences, t)
		}
		if t := s.infeasible(); t != "" {
			sentences = append(sentences, t)
		}
		return frames, sentences
	}
	sentences = []string{"No video was scored, so nothing is said about freezing or looping."}
	if t := s.infeasible(); t != "" {
		sentences = append(sentences, t)
	}
	return 0, sentences
}

func failed(all []verdict, length string, n int) string {
	var froze, looped, kept []string
	for _, v := range all {
		if v.n == 0 {
			continue
		}
		if k := len(v.froze); k > 0 {
			t := fmt.Sprintf("%s froze in %d of %d videos", v.m.title, k, v.n)
			froze = append(froze, t+", from "+v.first+" on")
		}
		if k := len(v.looped); k > 0 {
			looped = append(looped, fmt.Sprintf("%s looped in %d of %d", v.m.title, k, v.n))
		}
		if len(v.froze)+len(v.looped) == 0 {
			kept = append(kept, v.m.title)
		}
	}
	if len(froze)+len(looped) == 0 {
		return fmt.Sprintf("Nothing froze and nothing looped at %s: %s, %s.", length, count(len(kept), "method"), count(n, "video"))
	}
	s := fmt.Sprintf("At %s: %s.", length, strings.Join(append(froze, looped...), "; "))
	if len(froze) == 0 {
		s += " Nothing froze."
	}
	if len(kept) > 0 {
		s += " Neither froze nor looped: " + list(kept, 12) + "."
	}
	return s
}

// lesser says what else was found, and where.
func lesser(all []verdict) string {
	var order []string
	where := map[string][]string{}
	for _, f := range failureKinds { // in the scorer's order, what it does not list after it
		order = append(order, f.name)
	}
	for _, v := range all {
		for _, k := range v.others {
			if !slices.Contains(order, k.kind) {
				order = append(order, k.kind)
			}
			where[k.kind] = append(where[k.kind], fmt.Sprintf("%s %d of %d", v.m.title, k.n, v.n))
		}
	}
	var out []string
	for _, k := range order {
		if len(where[k]) > 0 {
			out = append(out, fmt.Sprintf("%s (%s)", words(k), list(where[k], 4)))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "Also found: " + strings.Join(out, ", ") + "."
}

// cheapest names the method with the largest significant speed-up.
func cheapest(all []verdict) string {
	best := slices.MaxFunc(all, func(a, b verdict) int {
		return cmp.Compare(significant(a.speedup), significant(b.speedup))
	})
	if significant(best.speedup) <= 0 {
		for _, v := range all {
			if v.speedup.Known() {
				return "No method is significantly faster than dense."
			}
		}
		return ""
	}
	bound := "bound not known: " + best.bound.Reason
	if !math.IsNaN(best.bound.Value) {
		bound = "bound " + sig(best.bound.Value)
	}
	return fmt.Sprintf("%s denoises %s times as fast as dense (95 %% interval %s to %s, %s; %s).", best.m.title, sig(best.speedup.Value), sig(best.speedup.Low), sig(best.speedup.High), count(best.speedup.N, "pair"), bound)
}

// significant is a speed-up that is one, else 0.
func significant(i stats.Interval) float64 {
	if i.Known() && i.Low > 1 {
		return i.Value
	}
	return 0
}

// verdictTable is the answer for each method, for where there are no players.
func verdictTable(all []verdict) table {
	t := table{Header: []string{"Method", "Froze", "First freeze", "Looped", "Other findings", "Motion retained", "Whole video, s", "Denoise, s", "Speed-up of denoise", "Bound"}, Left: []int{0, 4}}
	var ns notes
	for _, v := range all {
		of := func(k int) string {
			if v.n == 0 {
				return ns.without("no video was scored")
			}
			return fmt.Sprintf("%d/%d", k, v.n)
		}
		onset := v.first
		if onset == "" {
			onset = absent
		}
		other := list(v.others, 4)
		if other == "" {
			other = absent
		}
		t.Rows = append(t.Rows, []string{v.m.title, of(len(v.froze)), onset, of(len(v.looped)), other,
			change(v.motion, v.motion.N, "", &ns), estimate(v.wall, v.wall.N, "", &ns), estimate(v.denoise, v.denoise.N, "", &ns), change(v.speedup, v.speedup.N, "", &ns), most(v.m, v.bound, &ns)})
	}
	t.Notes = ns.texts
	return t
}
