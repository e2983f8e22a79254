package corpus

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.6f, want %.6f", what, got, want)
	}
}

func rank(positive, negative []float64) ranking {
	var p []point
	for i, s := range positive {
		p = append(p, point{s, true, i})
	}
	for i, s := range negative {
		p = append(p, point{s, false, i})
	}
	return newRanking(p)
}

func TestAUCAndAveragePrecision(t *testing.T) {
	for _, c := range []struct {
		name     string
		pos, neg []float64
		auc, ap  float64
	}{
		{"apart", []float64{.9, .8}, []float64{.1, .2, .3}, 1, 1},
		{"wrong way round", []float64{.1}, []float64{.5, .6}, 0, 1. / 3},
		// Pairs: .9 beats both; .5 ties with .5 and beats .2: (2 + 1.5) / 4.
		// Precision 1 at .9 (recall 1/2), 2/3 at .5 (recall 1).
		{"a tie", []float64{.9, .5}, []float64{.5, .2}, 3.5 / 4, 0.5 + 0.5*2/3},
		{"all tied", []float64{.5, .5}, []float64{.5, .5, .5}, 0.5, 0.4},
		// Order + - + -: pairs 2 + 1 of 4; precision 1 and 2/3.
		{"alternating", []float64{4, 2}, []float64{3, 1}, 0.75, 0.5 + 0.5*2/3},
	} {
		auc, ap, ok := rank(c.pos, c.neg).auc(nil)
		if !ok {
			t.Fatalf("%s: no value", c.name)
		}
		near(t, c.name+": AUC", auc, c.auc, 1e-12)
		near(t, c.name+": AP", ap, c.ap, 1e-12)
	}
	if _, _, ok := rank([]float64{1}, nil).auc(nil); ok {
		t.Error("an AUC without negatives")
	}
}

// A weight of two is the same video twice.
func TestWeightsAreCopies(t *testing.T) {
	points := []point{{.9, true, 0}, {.4, true, 1}, {.6, false, 2}, {.4, false, 3}, {.1, false, 4}}
	weight := []float64{2, 1, 3, 0, 1}
	var copies []point
	for _, p := range points {
		for range int(weight[p.unit]) {
			copies = append(copies, p)
		}
	}
	a, p, _ := newRanking(points).auc(weight)
	wantA, wantP, _ := newRanking(copies).auc(nil)
	near(t, "AUC", a, wantA, 1e-12)
	near(t, "AP", p, wantP, 1e-12)
}

func TestROCCorners(t *testing.T) {
	fpr, tpr := rank([]float64{.9, .5}, []float64{.5, .2}).roc()
	want := [][2]float64{{0, 0}, {0, .5}, {.5, 1}, {1, 1}}
	if len(fpr) != len(want) {
		t.Fatalf("%d corners %v %v, want %d", len(fpr), fpr, tpr, len(want))
	}
	var area float64
	for i, w := range want {
		near(t, "FPR", fpr[i], w[0], 0)
		near(t, "TPR", tpr[i], w[1], 0)
		if i > 0 {
			area += (fpr[i] - fpr[i-1]) * (tpr[i] + tpr[i-1]) / 2
		}
	}
	near(t, "area", area, 3.5/4, 1e-12)
}

func TestPoissonInterval(t *testing.T) {
	lo, hi := poisson(0)
	near(t, "low of 0", lo, 0, 0)
	near(t, "high of 0", hi, -math.Log(0.025), 1e-8)
	lo, hi = poisson(10) // tables: 4.795 to 18.39
	near(t, "low of 10", lo, 4.795, 1e-3)
	near(t, "high of 10", hi, 18.39, 5e-3)
}

func TestSpearman(t *testing.T) {
	for _, c := range []struct {
		x, y []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4}, []float64{.1, .2, .7, .9}, 1},
		{[]float64{1, 2, 3, 4}, []float64{4, 3, 2, 1}, -1},
		// Without ties 1 - 6*sum d^2/(n(n^2-1)): d = 0,1,-1,0.
		{[]float64{1, 2, 3, 4}, []float64{1, 3, 2, 4}, 1 - 6*2./60},
		// Ranks 1,2,3.5,3.5 against 1..4: 4.5/sqrt(5*4.5).
		{[]float64{1, 2, 3, 4}, []float64{.3, .6, 1, 1}, 4.5 / math.Sqrt(5*4.5)},
	} {
		rho, ok := spearman(c.x, c.y)
		if !ok {
			t.Fatalf("%v, %v: no value", c.x, c.y)
		}
		near(t, "Spearman", rho, c.want, 1e-12)
	}
	if _, ok := spearman([]float64{1, 2, 3}, []float64{5, 5, 5}); ok {
		t.Error("a correlation with a constant")
	}
}

func TestIoU(t *testing.T) {
	near(t, "half", iou([4]float64{0, 0, 1, 1}, [4]float64{0, 0, .5, 1}), .5, 1e-12)
	near(t, "corner", iou([4]float64{0, 0, 2, 2}, [4]float64{1, 1, 3, 3}), 1./7, 1e-12)
	near(t, "apart", iou([4]float64{0, 0, 1, 1}, [4]float64{2, 2, 3, 3}), 0, 0)
	near(t, "empty", iou([4]float64{}, [4]float64{}), 0, 0)
}

func TestQuantile(t *testing.T) {
	v := []float64{4, 1, 3, 2}
	near(t, "median", quantile(0.5, v), 2.5, 1e-12)
	near(t, "P90", quantile(0.9, v), 3.7, 1e-12)
	near(t, "highest", quantile(1, v), 4, 0)
	near(t, "one", quantile(0.5, []float64{7}), 7, 0)
}

// Two normal populations with a source effect have a known AUC: the interval
// must hold it nearly as often as it says, and one that took every video for
// independent would not.
func TestBootstrapCoverage(t *testing.T) {
	const trials, units, each = 120, 30, 4
	truth := math.Erfc(-1.2/2) / 2 // P(N(1.2, 1) > N(0, 1)) = Phi(1.2/sqrt 2)
	r := rand.New(rand.NewPCG(3, 4))
	held, width := 0, 0.0
	b := newResampler(2 * units)
	for range trials {
		var points []point
		for u := range 2 * units {
			positive := u%2 == 1
			effect := 0.9 * r.NormFloat64()
			if positive {
				effect += 1.2
			}
			for range each {
				// Variance of 1 in all: 0.81 of the source, 0.19 of the video.
				points = append(points, point{effect + math.Sqrt(0.19)*r.NormFloat64(), positive, u})
			}
		}
		auc, _ := b.aucs(points)
		if auc.Low <= truth && truth <= auc.High {
			held++
		}
		width += auc.High - auc.Low
	}
	near(t, "share of intervals that hold the truth", float64(held)/trials, 0.95, 0.07)
	if mean := width / trials; mean > 0.4 {
		t.Errorf("intervals are %.2f wide: they hold anything", mean)
	}
}

func TestDegenerateBootstrapSaysSo(t *testing.T) {
	var points []point
	for u := range 12 {
		points = append(points, point{1, true, u}, point{0, false, u})
	}
	auc, ap := newResampler(12).aucs(points)
	if auc.Bound == nil || ap.Bound == nil {
		t.Fatal("an interval without width does not say what it rests on")
	}
	near(t, "bound", *auc.Bound, 1-3./12, 1e-12)
	if auc.Sources != 12 || auc.Low != 1 {
		t.Errorf("%+v", auc)
	}
	one, _ := newResampler(1).aucs([]point{{1, true, 0}, {0, false, 0}})
	if one.Note == "" || one.Low != 0 {
		t.Errorf("one source has an interval: %+v", one)
	}
}
