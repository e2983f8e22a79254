// Package stats summarises few samples: a value, its 95 % interval and the
// number of samples, with the reason where there can be no interval.
package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// level is the confidence of every interval here.
const level = 0.95

// Interval is an estimate from N samples with its 95 % interval. Where Reason
// is not empty there is no interval, and no Value either when it is NaN.
type Interval struct {
	Value     float64
	Low, High float64
	N         int
	Reason    string
}

// Known reports whether the interval exists.
func (i Interval) Known() bool { return i.Reason == "" }

func without(value float64, n int, format string, args ...any) Interval {
	return Interval{value, math.NaN(), math.NaN(), n, fmt.Sprintf(format, args...)}
}

// Mean is the arithmetic mean with Student's t interval.
func Mean(x []float64) Interval {
	if bad, ok := check(x); !ok {
		return bad
	}
	mean, sd := stat.MeanStdDev(x, nil)
	if len(x) < 2 {
		return without(mean, 1, "n = 1: an interval needs 2 samples")
	}
	half := quantile(len(x)-1) * stat.StdErr(sd, float64(len(x)))
	return Interval{mean, mean - half, mean + half, len(x), ""}
}

// GeoMean is the geometric mean of positive samples, with Student's t interval
// of the logarithms.
func GeoMean(x []float64) Interval {
	if bad, ok := check(x); !ok {
		return bad
	}
	logs := make([]float64, len(x))
	for i, v := range x {
		if v <= 0 {
			return without(math.NaN(), len(x), "sample %d is %g: a geometric mean needs positive samples", i, v)
		}
		logs[i] = math.Log(v)
	}
	m := Mean(logs)
	m.Value, m.Low, m.High = math.Exp(m.Value), math.Exp(m.Low), math.Exp(m.High)
	return m
}

// RatioOfMeans is mean(num)/mean(den) of samples paired by index, with
// Fieller's interval: all R for which mean(num - R*den) is within Student's t
// interval of zero.
func RatioOfMeans(num, den []float64) Interval {
	if len(num) != len(den) {
		return without(math.NaN(), 0, "%d samples over %d: they are not paired", len(num), len(den))
	}
	for _, x := range [][]float64{num, den} {
		if bad, ok := check(x); !ok {
			return bad
		}
	}
	n := len(num)
	y, x := stat.Mean(num, nil), stat.Mean(den, nil)
	if x == 0 {
		return without(math.NaN(), n, "the denominator's mean is 0")
	}
	ratio := y / x
	if n < 2 {
		return without(ratio, n, "n = 1: an interval needs 2 samples")
	}
	// Solve (x^2 - q*vx) R^2 - 2 (x*y - q*vxy) R + (y^2 - q*vy) <= 0.
	t := quantile(n - 1)
	q := t * t / float64(n)
	vx, vy, vxy := stat.Variance(den, nil), stat.Variance(num, nil), stat.Covariance(den, num, nil)
	a, b, c := x*x-q*vx, x*y-q*vxy, y*y-q*vy
	if a <= 0 {
		return without(ratio, n, "the denominator is not told from 0 by %d samples", n)
	}
	root := math.Sqrt(max(0, b*b-a*c)) // rounding may leave it just below 0
	return Interval{ratio, (b - root) / a, (b + root) / a, n, ""}
}

// Median is the middle of the samples, or the mean of the two in the middle; there is at
// least one.
func Median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}

// Share is k of n with Wilson's score interval, which stays inside [0, 1].
func Share(k, n int) Interval {
	if n < 1 || k < 0 || k > n {
		return without(math.NaN(), max(n, 0), "%d of %d is no share", k, n)
	}
	z := distuv.UnitNormal.Quantile((1 + level) / 2)
	p, f := float64(k)/float64(n), float64(n)
	mid := (p + z*z/(2*f)) / (1 + z*z/f)
	half := z / (1 + z*z/f) * math.Sqrt(p*(1-p)/f+z*z/(4*f*f))
	return Interval{p, max(0, mid-half), min(1, mid+half), n, ""}
}

func quantile(freedom int) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(freedom)}.Quantile((1 + level) / 2)
}

func check(x []float64) (Interval, bool) {
	if len(x) == 0 {
		return without(math.NaN(), 0, "no samples"), false
	}
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return without(math.NaN(), len(x), "sample %d is %v", i, v), false
		}
	}
	return Interval{}, true
}
