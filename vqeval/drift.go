package vqeval

import (
	"fmt"
	"math"
)

// drift is a look that runs away from that of the start and does not come back.
type drift struct {
	shot
	severity float64
	what     string // exposure, colour, detail
	words    string

	amount float64   // of the change, as a multiple of its bound
	sag    float64   // of the contrast half-way
	pass   float64   // how surely it is that one picture goes over into another
	gone   []float64 // how far it has gone at each frame of the shot without fades, 0..1
	trend
}

// lasts is the stretch of a shot without fades from and to an empty frame.
func lasts(look []Look, s shot) shot {
	var c []float64
	for t := s.from; t < s.to; t++ {
		c = append(c, look[t].Contrast)
	}
	bar := 0.35 * quantile(c, 0.5)
	trim := func(at func(i int) float64, n int) int {
		faded := 0
		for i := range n {
			if at(i) < bar {
				faded = i + 1
			} else {
				break
			}
		}
		if faded == 0 {
			return 0
		}
		for faded < n && at(faded) > at(faded-1)*1.002 {
			faded++ // back to where it stands
		}
		return faded
	}
	n := len(c)
	s.from, s.to = s.from+trim(func(i int) float64 { return c[i] }, n), s.to-trim(func(i int) float64 { return c[n-1-i] }, n)
	return s
}

// findDrift lists what of the look of a shot may run away.
func findDrift(src *Source, l *light, in shot, second float64) (out []drift) {
	s := lasts(src.Look, in)
	n := s.to - s.from
	if float64(n) < driftSeconds*second {
		return nil
	}
	var parts []float64 // how the contrast of the parts went
	var contrasts course
	if src.Tones != nil {
		contrasts = newCourse(n, tiles, driftSample, func(t, i int) float64 {
			if v := src.Tones[s.from+t].Far[i]; v != unseen {
				return float64(v) / 2048
			}
			return math.NaN()
		})
		if len(contrasts.part) > 0 {
			parts = contrasts.common(false)
		}
	}
	var over passage
	try := func(what, words string, c course, bins []float64, bound, agree float64, relative bool, weigh func(t trend) float64) {
		if float64(len(c.part)) < 2*c.patch {
			return
		}
		if bins == nil {
			bins = c.common(relative)
		}
		t := c.trend(bins, second, relative)
		amount := math.Abs(t.change)
		if weigh != nil {
			amount = weigh(t)
		}
		gone := share(bins)
		d := drift{shot: shot{s.from + t.onset, s.to}, what: what, words: words, amount: math.Max(1e-9, amount/bound), gone: c.gone(gone), trend: t}
		d.sag = sag(parts, gone, second*float64(len(bins))/float64(n))
		d.pass = over.of(c, bins, t)
		d.judge(agree)
		out = append(out, d)
	}
	// Relative changes are fitted as they are and weighed by their logarithm: light that
	// fades evenly has no even logarithm.
	relative := func(t trend) float64 {
		return math.Abs(math.Log(math.Max(0.01, 1+t.change/math.Max(1e-9, t.start))))
	}
	level := func(t, i int) float64 { return l.level[s.from+t][i] }
	levels := newCourse(n, tiles, driftSample, level)
	logs := levels.logarithm()
	var cb, cr course // a share of the light: what darkens does not change its colour
	if src.Tones != nil {
		tones := src.Tones[s.from:s.to]
		cb = newCourse(n, tiles, driftSample, func(t, i int) float64 { return 2 * float64(tones[t].Cb[i]) / (level(t, i) + tileDark) })
		cr = newCourse(n, tiles, driftSample, func(t, i int) float64 { return 2 * float64(tones[t].Cr[i]) / (level(t, i) + tileDark) })
	}
	over = findPassage(second, logs, cb.times(1./64), cr.times(1./64), contrasts)
	var lit []float64 // of each level, what is light
	for _, p := range levels.part {
		lit = append(lit, 1-tileDark/mean(p))
	}
	// A setting sun takes its part of the light as well.
	sun := func(t trend) float64 { return driftSun * float64(n-t.onset) / second * quantile(lit, 0.5) }
	try("exposure", "the exposure", levels, nil, driftExposure, driftAgree, true, func(t trend) float64 { return relative(t) - sun(t) })
	// Where much moves, how the light went from moment to moment helps to tell.
	both := logs.steps()
	for k, v := range logs.common(false) {
		both[k] = (both[k] + v) / 2
	}
	beyond := func(t trend) float64 { return math.Abs(t.change) - sun(t) }
	try("exposure", "the exposure", logs, both, driftExposure, driftAgree, false, beyond)
	if src.Tones == nil {
		return out
	}
	tones := src.Tones[s.from:s.to]
	// The contrast is that of the whole frame; the parts say whether it is theirs too.
	contrast := newCourse(n, 1, driftSample, func(t, _ int) float64 { return math.Log(src.Look[s.from+t].Contrast + 2) })
	try("exposure", "the contrast", contrasts, contrast.part[0], driftContrast, driftAgree, false, beyond)
	try("colour", "the saturation", newCourse(n, tiles, driftSample, func(t, i int) float64 { return float64(tones[t].Saturation[i])/65535 + 0.05 }),
		nil, driftSaturation, driftAgree, true, relative)
	b, r := cb.common(false), cr.common(false)
	b0, b1 := ends(b)
	r0, r1 := ends(r)
	db, dr := b1-b0, r1-r0
	if size := math.Hypot(db, dr); size > 0 {
		c := course{n: n, at: cb.at, patch: cb.patch}
		for i, p := range cb.part {
			v := make([]float64, len(p))
			for k := range v {
				v[k] = (p[k]*db + cr.part[i][k]*dr) / size
			}
			c.part = append(c.part, v)
		}
		try("colour", "the colour", c, nil, driftColour, driftTint, false, nil)
	}
	if parts, whole := turns(cb, cr); whole != nil {
		try("colour", "the hue", parts, whole, driftHue, driftAgreeHue, false, nil)
	}
	twice, fourfold := coarseEdges(src.Luma[s.from:s.to], src.Width, src.Height)
	scales := len(out)
	over = findPassage(second, logs, cb.times(1./64), cr.times(1./64)) // a blur takes of the contrast as well
	for _, e := range []edges{fineEdges(tones), twice, fourfold} {
		if parts, whole := e.courses(); whole != nil {
			try("detail", "the detail", parts, whole, driftDetail, driftAgree, false, nil)
		}
	}
	if len(out) > scales {
		out = append(out[:scales], overScales(out[scales:]))
	}
	familiar(out, cb, cr, logs)
	return out
}

// judge sets the severity; agree is how well the parts must agree. What runs away takes its
// time, goes one way, and takes the parts of the frame along: a step is something else, such as
// an exposure that is set anew and stands then, and so is content that comes and goes, or one scene
// that dissolves into another.
func (d *drift) judge(agree float64) {
	mixed, sudden, stood := driftSag, driftSudden, beyond(driftStoodFree, d.stood/driftStood)
	if d.what == "detail" { // a strong blur has soon taken all of it, in one part sooner than in another
		strong := math.Sqrt(max(1, d.amount/driftStrong))
		mixed, sudden, stood, agree = driftSagDetail, driftSudden*strong, 0, agree/strong
	}
	d.severity = strength(driftClear/d.amount, math.Pow(d.left/driftLeft, 2), math.Pow(d.sudden/sudden, 2),
		math.Pow(agree/math.Max(1e-9, d.trend.agree), driftSure), math.Pow(max(0, d.sag)/mixed, 2), d.pass, stood)
}

// overScales is what the detail does at all scales: a strong blur soon leaves nothing at the
// finest, and takes its time over the coarser ones. It is as large as all of them make it,
// and its course as clear as at the clearest.
func overScales(scales []drift) drift {
	d := scales[0]
	for _, s := range scales[1:] {
		if s.severity > d.severity {
			d = s
		}
	}
	var squares float64
	for _, s := range scales {
		if s.change*d.change > 0 {
			squares += s.amount * s.amount
			d.left, d.sudden = min(d.left, s.left), min(d.sudden, s.sudden)
			d.trend.agree, d.sag = max(d.trend.agree, s.trend.agree), min(d.sag, s.sag)
		}
	}
	d.amount = math.Sqrt(squares / float64(len(scales)))
	d.judge(driftAgree)
	return d
}

// driftShots joins neighbouring shots that look alike where they meet: a jump of the
// content, a seam or a cut back does not end what runs away.
func driftShots(look []Look, shots []shot) []shot {
	out := []shot{shots[0]} // the clip keeps its own
	for _, s := range shots[1:] {
		a, b := look[s.from-1], look[s.from]
		tone := func(v float64) float64 { return 128 * v / (a.Luma + 2*tileDark) }
		same := math.Abs(math.Log((a.Luma+tileDark)/(b.Luma+tileDark))) < driftMeets &&
			math.Abs(math.Log((a.Contrast+2)/(b.Contrast+2))) < 2*driftMeets &&
			math.Abs(math.Log((a.Saturation+0.05)/(b.Saturation+0.05))) < 2*driftMeets &&
			tone(math.Hypot(a.Cb-b.Cb, a.Cr-b.Cr)) < driftMeets*driftColour/driftExposure
		if last := &out[len(out)-1]; same {
			last.to = s.to
		} else {
			out = append(out, s)
		}
	}
	return out
}

// driftUnknown says why there is nothing to judge, "" if there is.
func driftUnknown(c *clip) string {
	if c.src.Look == nil {
		return "the look of the frames is not known"
	}
	for _, s := range driftShots(c.src.Look, c.shots) {
		if s = lasts(c.src.Look, s); float64(s.to-s.from) >= driftSeconds*c.second {
			return ""
		}
	}
	return fmt.Sprintf("needs a shot of at least %g seconds besides fades", driftSeconds)
}

func driftEvents(c *clip, _ *Facts) []event {
	var out []event
	for _, s := range driftShots(c.src.Look, c.shots) {
		var d drift
		for _, x := range findDrift(c.src, c.light, s, c.second) {
			if x.severity > d.severity {
				d = x
			}
		}
		if d.severity == 0 {
			continue
		}
		out = append(out, event{
			kind: "drift", shot: d.shot, gone: d.gone, severity: d.severity, confidence: d.severity * c.lasting(s.to-s.from),
			detail: Failure{What: d.what},
			words: func(j *judge) string {
				return fmt.Sprintf("%s runs away from %s %s", d.words, j.at(d.from), j.until(d.to))
			},
		})
	}
	return out
}
