package figure

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Tick is a place on an axis with its label; one without a label is minor.
type Tick struct {
	Value float64
	Label string
}

// Axis is one axis. Min and Max are taken from the data where both are 0, and
// so are the ticks where there are none.
type Axis struct {
	Label    string
	Log      bool
	Min, Max float64
	Ticks    []Tick
	Zero     bool // a linear axis that must show 0
}

// ValueTicks puts a tick at each value, labelled with it.
func ValueTicks(values []float64) []Tick {
	t := make([]Tick, len(values))
	for i, v := range values {
		t[i] = Tick{v, strconv.FormatFloat(v, 'f', -1, 64)}
	}
	return t
}

// linearTicks has labels at multiples of 1, 2, 2.5 or 5 times a power of ten,
// at most so many.
func linearTicks(lo, hi float64, most int) []Tick {
	span := hi - lo
	if span <= 0 || !finite(span) {
		return nil
	}
	steps := float64(most) - 1.5 // the ends need not be multiples
	unit := math.Pow(10, math.Floor(math.Log10(span/steps)))
	step := 10 * unit
	for _, m := range []float64{1, 2, 2.5, 5} {
		if span/(m*unit) <= steps {
			step = m * unit
			break
		}
	}
	digits := 0
	for s := step; digits < 12 && math.Abs(s-math.Round(s)) > 1e-6*s; digits++ {
		s *= 10
	}
	var t []Tick
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*span; i++ {
		t = append(t, Tick{i * step, number(i*step, digits, max(math.Abs(lo), math.Abs(hi)) >= 1e7)})
	}
	return t
}

// number writes a tick with so many digits after the point; one of an axis
// that has no room for plain decimals gets an exponent.
func number(v float64, digits int, wide bool) string {
	if v == 0 {
		v = 0 // not -0
	}
	if digits > 5 || wide {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// logTicks labels decades (every few of them where there are many), 1-2-5
// within some decades, and falls back to linear ticks within less than one.
func logTicks(lo, hi float64) []Tick {
	decades := math.Log10(hi / lo)
	if decades < 0.7 {
		return linearTicks(lo, hi, 8)
	}
	every := math.Ceil(decades / 8)
	wide := lo < 1e-4 || hi >= 1e7
	var t []Tick
	for d := math.Floor(math.Log10(lo)); d <= math.Ceil(math.Log10(hi)); d++ {
		for m := 1.0; m < 10; m++ {
			v := m * math.Pow(10, d)
			if v < lo*(1-1e-9) || v > hi*(1+1e-9) {
				continue
			}
			label := ""
			if m == 1 && math.Mod(d, every) == 0 || decades < 3.2 && (m == 2 || m == 5) {
				label = number(v, max(0, int(-d)), wide && (v < 1e-4 || v >= 1e4))
			}
			if every == 1 || label != "" {
				t = append(t, Tick{v, label})
			}
		}
	}
	return t
}

// span fits an axis to data; ok is false where no value can be shown.
func (a Axis) span(values []float64) (lo, hi float64, ok bool) {
	if a.Max > a.Min && (!a.Log || a.Min > 0) {
		return a.Min, a.Max, true
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if a.shows(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		return 0, 0, false
	}
	if a.Log {
		pad := max(math.Pow(hi/lo, 0.06), 1.05)
		return lo / pad, hi * pad, true
	}
	if a.Zero {
		lo, hi = min(lo, 0), max(hi, 0)
	}
	if lo == hi {
		pad := max(math.Abs(lo)*0.1, 1e-3)
		if lo == 0 {
			pad = 1
		}
		if a.Zero && lo == 0 {
			return 0, pad, true
		}
		return lo - pad, hi + pad, true
	}
	pad := (hi - lo) * 0.05
	if !a.Zero || lo < 0 {
		lo -= pad
	}
	return lo, hi + pad, true
}

// shows reports whether a value has a place on the axis.
func (a Axis) shows(v float64) bool { return finite(v) && (!a.Log || v > 0) }

// ticksFor an axis of a length in points.
func (a Axis) ticksFor(lo, hi float64, length vg.Length) []Tick {
	switch {
	case len(a.Ticks) > 0:
		return a.Ticks
	case a.Log:
		return logTicks(lo, hi)
	}
	return linearTicks(lo, hi, min(max(int(length/22), 4), 8))
}

// marker gives gonum/plot the ticks inside a range. A label that would touch
// the one before it on an axis of this length is dropped.
func marker(ticks []Tick, lo, hi float64, norm func(float64) float64, length vg.Length, vertical bool, sty draw.TextStyle) plot.ConstantTicks {
	var out plot.ConstantTicks
	end := vg.Length(math.Inf(-1))
	for _, t := range ticks {
		if t.Value < lo || t.Value > hi {
			continue
		}
		label := clean(t.Label)
		if label != "" {
			at, half, apart := vg.Length(norm(t.Value))*length, sty.Width(label)/2, vg.Length(4)
			if vertical {
				half, apart = tickSize/2, 1
			}
			if at-half < end+apart {
				label = ""
			} else {
				end = at + half
			}
		}
		out = append(out, plot.Tick{Value: t.Value, Label: label})
	}
	return out
}
