package corpus

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"longtake/vqeval"
)

// measure compares scores with labels. Its sources are those of the rows, so
// that a part of a corpus has the intervals of that part.
func measure(part string, rows []row, baselines []string) *Figures {
	f := &Figures{Part: part, Videos: len(rows), rows: rows, Misses: []Case{}, False: []Case{}, Unclear: []Case{}}
	units, families := map[string]int{}, map[string]bool{}
	rows = slices.Clone(rows)
	for i, r := range rows {
		if _, ok := units[r.Source]; !ok {
			units[r.Source] = len(units)
		}
		rows[i].unit = units[r.Source]
		families[r.Family] = true
		switch {
		case r.Ambiguous:
			f.Ambiguous++
		case r.Kind == "":
			f.Negatives++
			f.Hours += r.score.Duration / 3600
		default:
			f.Positives++
		}
		if isReal(r.Label) {
			f.Real++
		}
	}
	f.Sources, f.Families = len(units), len(families)
	b := newResampler(len(units))
	for _, kind := range vqeval.Kinds {
		if k, ok := measureKind(kind, rows, baselines, b); ok {
			f.Kinds = append(f.Kinds, k)
		}
	}
	f.Alarms = alarms(rows, f.Hours, b)
	f.Confusion = confusion(rows)
	f.Invariance = invariance(rows)
	f.cases(rows)
	return f
}

// measureKind is false for a kind that no video of the part is labelled with.
func measureKind(kind string, rows []row, baselines []string, b *resampler) (KindFigures, bool) {
	k := KindFigures{Kind: kind, HitsBy: map[string]Rate{}, Absent: map[string]string{}}
	var pos, neg []row
	sources, reason, assessed := map[string]bool{}, "", 0
	for _, r := range rows {
		switch {
		case r.Ambiguous:
			continue
		case r.Kind == kind:
			pos = append(pos, r)
			sources[r.Source] = true
		case r.healthy() && !r.excused(kind):
			neg = append(neg, r)
		default:
			continue
		}
		if _, ok := r.score.Failures[kind]; ok {
			assessed++
		} else {
			reason = r.score.NotAssessed[kind]
		}
	}
	k.Positives, k.Negatives, k.Sources, k.Unassessed = len(pos), len(neg), len(sources), len(pos)+len(neg)-assessed
	if len(pos) == 0 {
		return k, false
	}
	k.Baselines = map[string]*Estimate{}
	for _, name := range baselines {
		points := rankingOf(pos, neg, func(r row) (float64, bool) { v, ok := r.base[name]; return v, ok })
		if auc, _ := b.aucs(points); auc != nil {
			k.Baselines[name] = auc
		}
	}
	if assessed == 0 {
		k.Absent["auc"] = cmp.Or(reason, "not assessed in any video")
		k.Hits, k.Alarms, k.Others = rate(0, len(pos)), rate(0, 0), rate(0, 0)
		return k, true
	}
	severity := func(r row) (float64, bool) { return r.score.Failures[kind].Severity, true }
	k.AUC, k.AP = b.aucs(rankingOf(pos, neg, severity))
	if k.AUC == nil {
		k.Absent["auc"] = "no healthy video to compare with"
	}
	k.PerClass = map[string]*Estimate{}
	for class, own := range byClass(neg) {
		k.PerClass[class], _ = b.aucs(rankingOf(pos, own, severity))
	}
	found := func(r row) bool { return r.score.Failures[kind].Found() }
	k.Hits, k.Alarms = share(pos, found), share(neg, found)
	for class, own := range byClass(pos) {
		k.HitsBy[class] = share(own, found)
	}
	k.Others = share(pos, func(r row) bool {
		return slices.ContainsFunc(r.fired(), func(o string) bool { return o != kind && !r.excused(o) })
	})
	hits := slices.DeleteFunc(slices.Clone(pos), func(r row) bool { return !found(r) })
	k.Onset = onset(kind, hits, len(pos)-len(hits))
	k.Period = period(kind, hits)
	k.Region = region(kind, hits)
	k.ladders(pos)
	return k, true
}

func rankingOf(pos, neg []row, value func(row) (float64, bool)) []point {
	var out []point
	for _, r := range pos {
		if v, ok := value(r); ok {
			out = append(out, point{v, true, r.unit})
		}
	}
	for _, r := range neg {
		if v, ok := value(r); ok {
			out = append(out, point{v, false, r.unit})
		}
	}
	return out
}

func byClass(rows []row) map[string][]row {
	out := map[string][]row{}
	for _, r := range rows {
		out[r.Class] = append(out[r.Class], r)
	}
	return out
}

func share(rows []row, is func(row) bool) Rate {
	n := 0
	for _, r := range rows {
		if is(r) {
			n++
		}
	}
	return rate(n, len(rows))
}

func onset(kind string, hits []row, missed int) *Onset {
	if len(hits) == 0 {
		return nil
	}
	o := &Onset{N: len(hits), Missed: missed}
	var off []float64
	two, eight := 0, 0
	for _, r := range hits {
		e := r.score.Failures[kind].OnsetFrame - r.Onset
		a := max(e, -e)
		o.Errors, off = append(o.Errors, e), append(off, float64(a))
		if a <= 2 {
			two++
		}
		if a <= 8 {
			eight++
		}
	}
	slices.Sort(o.Errors)
	o.Median, o.P90 = quantile(0.5, off), quantile(0.9, off)
	o.Within2, o.Within8 = rate(two, len(hits)), rate(eight, len(hits))
	return o
}

func period(kind string, hits []row) *Period {
	hits = slices.DeleteFunc(slices.Clone(hits), func(r row) bool { return r.Period == 0 })
	if len(hits) == 0 {
		return nil
	}
	within := func(tolerance int) Rate {
		return share(hits, func(r row) bool {
			d := r.score.Failures[kind].PeriodFrames - r.Period
			return max(d, -d) <= tolerance
		})
	}
	return &Period{len(hits), within(0), within(1), share(hits, func(r row) bool {
		return harmonic(r.score.Failures[kind].PeriodFrames, r.Period)
	})}
}

// harmonic tells whether a period is a whole multiple or fraction of another
// but not that one, within a frame.
func harmonic(got, want int) bool {
	lo, hi := min(got, want), max(got, want)
	if lo <= 1 || hi-lo <= 1 {
		return false
	}
	k := int(math.Round(float64(hi) / float64(lo)))
	if k < 2 {
		return false
	}
	if got > want { // a frame of the one found
		return math.Abs(float64(got-k*want)) <= 1
	}
	return math.Abs(float64(got)-float64(want)/float64(k)) <= 1
}

func region(kind string, hits []row) *Region {
	var v []float64
	half := 0
	for _, r := range hits {
		if r.Box == [4]float64{} {
			continue
		}
		var box [4]float64
		if b := r.score.Failures[kind].Box; len(b) == 4 && r.score.Width > 0 && r.score.Height > 0 {
			w, h := float64(r.score.Width), float64(r.score.Height)
			box = [4]float64{float64(b[0]) / w, float64(b[1]) / h, float64(b[2]) / w, float64(b[3]) / h}
		}
		x := iou(box, r.Box)
		v = append(v, x)
		if x >= 0.5 {
			half++
		}
	}
	if len(v) == 0 {
		return nil
	}
	var sum float64
	for _, x := range v {
		sum += x
	}
	return &Region{len(v), sum / float64(len(v)), quantile(0.5, v), slices.Min(v), rate(half, len(v))}
}

// ladders correlates level with what should grow with it.
func (k *KindFigures) ladders(pos []row) {
	steps := map[string][]row{}
	for _, r := range pos {
		if r.Ladder != "" {
			steps[r.Ladder] = append(steps[r.Ladder], r)
		}
	}
	var strength, extent []string
	for _, id := range sortedKeys(steps) {
		levels := map[float64]bool{}
		for _, r := range steps[id] {
			levels[r.Level] = true
		}
		switch {
		case len(levels) < 3:
		case steps[id][0].Extent:
			extent = append(extent, id)
		default:
			strength = append(strength, id)
		}
	}
	of := func(ids []string, value func(row) float64) *Ladders {
		if len(ids) == 0 {
			return nil
		}
		l := &Ladders{N: len(ids), Least: math.Inf(1)}
		for _, id := range ids {
			var x, y []float64
			for _, r := range steps[id] {
				x, y = append(x, r.Level), append(y, value(r))
			}
			rho, ok := spearman(x, y)
			if !ok {
				rho = 0
				l.Constant++
			}
			if rho < 0.95 {
				l.Low++
			}
			l.Mean += rho / float64(len(ids))
			if rho < l.Least {
				l.Least, l.Worst = rho, id
			}
		}
		return l
	}
	k.Strength = of(strength, func(r row) float64 { return r.score.Failures[k.Kind].Severity })
	k.Share = of(extent, func(r row) float64 { return r.score.Failures[k.Kind].Share })
	if len(extent) == 0 {
		return
	}
	for _, id := range extent {
		for _, r := range steps[id] {
			if r.score.Composite == nil {
				k.Absent["composite"] = cmp.Or(r.score.NotAssessed["composite_score"], "a video has no composite")
				return
			}
		}
	}
	k.Composite = of(extent, func(r row) float64 { return -*r.score.Composite })
}

func alarms(rows []row, hours float64, b *resampler) Alarms {
	var neg []row
	for _, r := range rows {
		if r.healthy() {
			neg = append(neg, r)
		}
	}
	a := Alarms{Rate: share(neg, func(r row) bool { return len(r.wrong()) > 0 }), Classes: map[string]Rate{}}
	var points []point
	for _, r := range neg {
		p := point{unit: r.unit}
		if len(r.wrong()) > 0 {
			p.score = 1
		}
		points = append(points, p)
		for _, e := range r.score.Findings {
			if !r.excused(e.Kind) {
				a.Events++
			}
		}
	}
	a.Mean = b.mean(points)
	for class, own := range byClass(neg) {
		a.Classes[class] = share(own, func(r row) bool { return len(r.wrong()) > 0 })
	}
	if hours > 0 {
		lo, hi := poisson(a.Events)
		a.PerHour, a.LowHour, a.TopHour = float64(a.Events)/hours, lo/hours, hi/hours
	}
	return a
}

// wrong lists the kinds that fired though neither label nor allowance has them.
func (r row) wrong() []string {
	return slices.DeleteFunc(r.fired(), func(k string) bool { return k == r.Kind || r.excused(k) })
}

func confusion(rows []row) []Confusion {
	groups := map[string]*Confusion{}
	for _, r := range rows {
		label := r.Kind
		switch {
		case r.Ambiguous:
			label = "ambiguous"
		case label == "":
			label = "healthy"
		}
		c := groups[label]
		if c == nil {
			c = &Confusion{Label: label, Fired: map[string]int{}, Excused: map[string]int{}}
			groups[label] = c
		}
		c.Videos++
		for _, k := range r.fired() {
			c.Fired[k]++
			if k != r.Kind && r.excused(k) {
				c.Excused[k]++
			}
		}
	}
	var out []Confusion
	for _, label := range append(slices.Clone(vqeval.Kinds), "healthy", "ambiguous") {
		if c := groups[label]; c != nil {
			out = append(out, *c)
		}
	}
	return out
}

// invariance compares each variant with its base: in the severity of the
// labelled kind, in that of the kind that differs most where none is labelled.
func invariance(rows []row) []Invariance {
	at := map[string]row{}
	for _, r := range rows {
		at[r.File] = r
	}
	var out []Invariance
	for _, of := range []string{"size", "quality", "container", "rate", "length"} {
		v := Invariance{Of: of}
		var sum, points, most float64
		absent := ""
		for _, r := range rows {
			if r.VariantOf != of {
				continue
			}
			base, ok := at[r.Variant]
			if !ok {
				v.Unmatched++
				continue
			}
			v.N++
			kinds := vqeval.Kinds
			if r.Kind != "" {
				kinds = []string{r.Kind}
			}
			d, flipped := 0.0, false
			for _, k := range kinds {
				a, b := r.score.Failures[k], base.score.Failures[k]
				d = max(d, math.Abs(a.Severity-b.Severity))
				flipped = flipped || a.Found() != b.Found()
			}
			sum += d
			if flipped {
				v.Flipped++
			}
			if d > v.Most || v.Worst == "" {
				v.Most, v.Worst = max(d, v.Most), r.File
			}
			if r.score.Composite == nil || base.score.Composite == nil {
				absent = cmp.Or(r.score.NotAssessed["composite_score"], base.score.NotAssessed["composite_score"], "a video has no composite")
				continue
			}
			p := math.Abs(*r.score.Composite - *base.score.Composite)
			points, most = points+p, max(most, p)
		}
		if v.N == 0 && v.Unmatched == 0 {
			continue
		}
		switch {
		case v.N == 0:
			v.Absent = "no variant whose base is in this part"
		case absent != "":
			v.Mean, v.Absent = sum/float64(v.N), absent
		default:
			v.Mean, points = sum/float64(v.N), points/float64(v.N)
			v.Points, v.MostPts = &points, &most
		}
		out = append(out, v)
	}
	return out
}

// cases lists what was judged wrongly, in the order of the manifest.
func (f *Figures) cases(rows []row) {
	assessed := map[string]bool{}
	for _, k := range f.Kinds {
		assessed[k.Kind] = k.Absent["auc"] == "" || k.AUC != nil
	}
	for _, r := range rows {
		fired := r.fired()
		c := Case{File: r.File, Kind: r.Kind, Class: r.Class, Fired: append([]string{}, fired...)}
		for _, k := range fired {
			c.Severity = max(c.Severity, r.score.Failures[k].Severity)
		}
		own := r.score.Failures[r.Kind]
		switch {
		case r.Ambiguous:
			f.Unclear = append(f.Unclear, c)
		case r.Kind == "" && len(r.wrong()) > 0:
			f.False = append(f.False, c)
		case r.Kind != "" && assessed[r.Kind] && !own.Found():
			c.Severity = own.Severity
			f.Misses = append(f.Misses, c)
		}
	}
}

func (c Case) String() string {
	what := "nothing fired"
	if len(c.Fired) > 0 {
		what = fmt.Sprintf("fired: %v", c.Fired)
	}
	return fmt.Sprintf("%s (%s, severity %.2f, %s)", c.File, c.Class, c.Severity, what)
}
