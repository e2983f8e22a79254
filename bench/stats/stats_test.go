package stats

import (
	"math"
	"strings"
	"testing"
)

func near(got, want, tol float64) bool { return math.Abs(got-want) <= tol }

// The expected values were worked out by hand from tables of Student's t:
// t(0.975; 1) = 12.7062, t(0.975; 4) = 2.77645.
func TestMean(t *testing.T) {
	got := Mean([]float64{1, 2, 3, 4, 5})
	half := 2.77645 * math.Sqrt(2.5/5)
	if got.N != 5 || !got.Known() || got.Value != 3 || !near(got.Low, 3-half, 1e-4) || !near(got.High, 3+half, 1e-4) {
		t.Errorf("%+v, want 3 +- %g", got, half)
	}
	if got := Mean([]float64{1, 2}); !near(got.High, 1.5+12.7062*0.5, 1e-3) {
		t.Errorf("two samples: %+v", got)
	}
	if got := Mean([]float64{2, 2, 2}); !got.Known() || got.Low != 2 || got.High != 2 {
		t.Errorf("equal samples: %+v", got)
	}
}

func TestGeoMean(t *testing.T) {
	got := GeoMean([]float64{2, 8})
	half := 12.7062 * math.Ln2 * 2 * math.Sqrt(0.5) / math.Sqrt(2)
	if !near(got.Value, 4, 1e-12) || !near(math.Log(got.High/4), half, 1e-3) || !near(got.Low*got.High, 16, 1e-9) {
		t.Errorf("%+v, want 4 */ %g", got, math.Exp(half))
	}
}

func TestRatioOfMeans(t *testing.T) {
	// An exact ratio has an interval without width.
	got := RatioOfMeans([]float64{18, 20, 23}, []float64{9, 10, 11.5})
	if !near(got.Value, 2, 1e-12) || !near(got.Low, 2, 1e-6) || !near(got.High, 2, 1e-6) {
		t.Errorf("exact ratio: %+v", got)
	}
	// A constant denominator is the mean scaled.
	num, m := []float64{1, 2, 3, 4, 5}, Mean([]float64{1, 2, 3, 4, 5})
	got = RatioOfMeans(num, []float64{2, 2, 2, 2, 2})
	if !near(got.Low, m.Low/2, 1e-9) || !near(got.High, m.High/2, 1e-9) {
		t.Errorf("constant denominator: %+v, want half of %+v", got, m)
	}
	// At both ends of the interval the paired difference is t standard errors from 0.
	den := []float64{10, 12, 9, 11, 13}
	got = RatioOfMeans(num, den)
	for _, r := range []float64{got.Low, got.High} {
		d := make([]float64, len(num))
		for i := range d {
			d[i] = num[i] - r*den[i]
		}
		m := Mean(d)
		if !near(min(math.Abs(m.Low), math.Abs(m.High)), 0, 1e-9) {
			t.Errorf("at ratio %g the difference is %+v", r, m)
		}
	}
}

func TestShare(t *testing.T) {
	// Wilson's interval for 0 of 10 is [0, z^2/(10+z^2)], z = 1.959964.
	got := Share(0, 10)
	if z2 := 1.959964 * 1.959964; got.Value != 0 || !near(got.Low, 0, 1e-12) || !near(got.High, z2/(10+z2), 1e-6) {
		t.Errorf("0 of 10: %+v", got)
	}
	if got := Share(5, 10); !near(got.Low+got.High, 1, 1e-12) || !near(got.Low, 0.23659, 1e-4) {
		t.Errorf("5 of 10: %+v", got)
	}
	if got := Share(1, 1); got.High != 1 || !near(got.Low, 1/(1+1.959964*1.959964), 1e-6) {
		t.Errorf("1 of 1: %+v", got)
	}
}

func TestNoInterval(t *testing.T) {
	nan := math.NaN()
	for _, tc := range []struct {
		name   string
		got    Interval
		value  float64
		n      int
		reason string
	}{
		{"mean of none", Mean(nil), nan, 0, "no samples"},
		{"mean of one", Mean([]float64{7}), 7, 1, "n = 1"},
		{"mean with NaN", Mean([]float64{1, nan}), nan, 2, "sample 1 is NaN"},
		{"mean with infinity", Mean([]float64{math.Inf(-1), 1}), nan, 2, "sample 0 is -Inf"},
		{"geometric mean of one", GeoMean([]float64{7}), 7, 1, "n = 1"},
		{"geometric mean with 0", GeoMean([]float64{7, 0}), nan, 2, "sample 1 is 0"},
		{"ratio of one", RatioOfMeans([]float64{6}, []float64{3}), 2, 1, "n = 1"},
		{"ratio over 0", RatioOfMeans([]float64{6, 6}, []float64{-3, 3}), nan, 2, "mean is 0"},
		{"ratio over noise", RatioOfMeans([]float64{6, 6}, []float64{-3, 4}), 12, 2, "not told from 0"},
		{"ratio unpaired", RatioOfMeans([]float64{6, 6}, []float64{3}), nan, 0, "not paired"},
		{"share of none", Share(0, 0), nan, 0, "no share"},
		{"share above 1", Share(3, 2), nan, 2, "no share"},
	} {
		same := near(tc.got.Value, tc.value, 1e-9) || math.IsNaN(tc.got.Value) && math.IsNaN(tc.value)
		if !same || tc.got.Known() || tc.got.N != tc.n || !math.IsNaN(tc.got.Low) || !math.IsNaN(tc.got.High) || !strings.Contains(tc.got.Reason, tc.reason) {
			t.Errorf("%s: %+v, want value %g, n %d, reason %q", tc.name, tc.got, tc.value, tc.n, tc.reason)
		}
	}
}
