package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func draw(rng *rand.Rand, n int, f func() float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = f()
	}
	return x
}

// The U distribution of 5 and 5 has P(U <= 2) = 4/252 and P(U <= 3) = 7/252, so
// that the 95 % interval leaves out two ratios at either end (tables of Mann and
// Whitney 1947).
func TestCompareRepeats(t *testing.T) {
	a, b := []float64{1, 1, 1, 1, 1}, []float64{1.1, 1.2, 1.3, 1.4, 1.5}
	got, err := CompareRepeats(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if !near(got.Ratio.Value, 1.3, 1e-12) || !near(got.Baseline.Value, 1, 1e-12) || !near(got.Current.Value, 1.3, 1e-12) {
		t.Errorf("%+v", got)
	}
	if k := uQuantile(5, 5, 0.025); k != 3 {
		t.Errorf("the interval of 5 and 5 starts at ratio %d, want 3", k)
	}
	if got, _ := CompareRepeats([]float64{1, 2, 3, 4, 5, 6}, []float64{7, 8, 9, 10, 11, 12}); !near(got.P, 2.0/924, 1e-9) || !near(got.P, MinP(6, 6), 1e-9) {
		t.Errorf("p of 6 below 6 is %g, want 2/924; MinP %g", got.P, MinP(6, 6))
	}
	if got, _ := CompareRepeats([]float64{1, 2, 3}, []float64{2}); got.Ratio.Known() || got.Baseline.Known() {
		t.Errorf("3 and 1 samples have the intervals %+v", got)
	}
	if got, err := CompareRepeats([]float64{2, 2, 2, 2, 2, 2}, []float64{2, 2, 2, 2, 2, 2}); err != nil || got.P != 1 || got.Ratio.Value != 1 {
		t.Errorf("equal samples: %+v, %v", got, err)
	}
	for _, bad := range [][]float64{nil, {1, 0}, {math.NaN()}, {math.Inf(1)}} {
		if _, err := CompareRepeats([]float64{1}, bad); err == nil {
			t.Errorf("%v has no error", bad)
		}
	}
	order := []float64{3, 1, 2}
	if _, err := CompareRepeats(order, order); err != nil || !slices.Equal(order, []float64{3, 1, 2}) {
		t.Errorf("the caller's samples are %v, %v", order, err)
	}
}

// TestRatioCovers: the interval holds the true ratio in about 95 % of trials, on
// both sides of where the exact distribution ends.
func TestRatioCovers(t *testing.T) {
	for _, n := range []int{8, 20, 21} {
		rng := rand.New(rand.NewPCG(1, uint64(n)))
		const trials = 400
		held := 0
		for range trials {
			a := draw(rng, n, func() float64 { return math.Exp(0.1 * rng.ExpFloat64()) })
			b := draw(rng, n, func() float64 { return 1.1 * math.Exp(0.1*rng.ExpFloat64()) })
			if r := shift(a, b); r.Low <= 1.1 && 1.1 <= r.High {
				held++
			}
		}
		if p := float64(held) / trials; p < 0.92 || p > 0.985 {
			t.Errorf("%d samples: %.3f of the intervals hold the ratio", n, p)
		}
	}
}

func TestSamplesFor(t *testing.T) {
	for alpha, want := range map[float64]int{0.05: 6, 0.05 / 20: 6, 0.05 / 50: 7, 0.05 / 200: 8, 0.05 / 1000: 9} {
		if n := SamplesFor(alpha); n != want {
			t.Errorf("%g needs %d samples, want %d", alpha, n, want)
		}
	}
	for alpha, want := range map[float64]int{0.05: 6, 0.05 / 20: 10, 1: 1} {
		if n := PairsFor(alpha); n != want {
			t.Errorf("%g needs %d pairs, want %d", alpha, n, want)
		}
	}
}

// TestDetectable draws at the detectable change: about four of five tests must
// find it.
func TestDetectable(t *testing.T) {
	const sd, trials = 0.02, 800
	for _, tc := range []struct {
		n     int
		alpha float64
	}{{6, 0.05}, {10, 0.05}, {10, 0.003}, {12, 0.0005}, {14, 0.002}} {
		rng := rand.New(rand.NewPCG(5, uint64(tc.n)))
		ratio, mean := math.Exp(sd*uReach(tc.n, tc.n, tc.alpha)), DetectableMean(sd, tc.n, tc.alpha)
		var ratios, pairs float64
		for range trials {
			a := draw(rng, tc.n, func() float64 { return math.Exp(sd * rng.NormFloat64()) })
			b := draw(rng, tc.n, func() float64 { return ratio * math.Exp(sd*rng.NormFloat64()) })
			if c, _ := CompareRepeats(a, b); c.P <= tc.alpha {
				ratios++
			}
		}
		fewer := trials
		if tc.n > 12 {
			fewer = 200
		}
		for range fewer {
			if SignFlip(draw(rng, tc.n, func() float64 { return mean + sd*rng.NormFloat64() })) <= tc.alpha {
				pairs++
			}
		}
		t.Logf("n %d, alpha %g: %.4f found %.3f, %.4f found %.3f", tc.n, tc.alpha, ratio, ratios/trials, mean, pairs/float64(fewer))
		if r, p := ratios/trials, pairs/float64(fewer); r < 0.75 || r > 0.85 || p < 0.72 || p > 0.87 {
			t.Errorf("n %d, alpha %g: %.3f of the ratios of %.4f and %.3f of the means of %.4f are found", tc.n, tc.alpha, r, ratio, p, mean)
		}
	}
	a := []float64{1, 2, 3, 4}
	if !math.IsInf(DetectableRatio(a[:3], a[:3], 0.05), 1) || math.IsInf(DetectableRatio(a, a, 0.05), 1) || !math.IsInf(DetectableMean(1, 5, 0.05), 1) {
		t.Error("3 samples or 5 pairs cannot reach 5 %, 4 samples can")
	}
	// The spread within the sides counts, not that between them.
	b := []float64{10, 20, 30, 40}
	if x, y := DetectableRatio(a, a, 0.05), DetectableRatio(a, b, 0.05); !near(x, y, 1e-9) {
		t.Errorf("%g of equal sides, %g of sides apart", x, y)
	}
}

func TestSignFlip(t *testing.T) {
	for _, tc := range []struct {
		d    []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4, 5, 6}, 2.0 / 64},
		{[]float64{-1, -2, -3, -4, -5, -6, 0, 0}, 2.0 / 64}, // pairs that do not differ count nothing
		{[]float64{1, 2, 3, 4, 5, -6}, 28.0 / 64},           // by hand: sums of at least 9 in size
		{[]float64{0, 0}, 1},
		{nil, 1},
		{[]float64{1, -1}, 1},
		{[]float64{0.1, 0.2, 0.3}, 2.0 / 8}, // not exact in binary
	} {
		if p := SignFlip(tc.d); !near(p, tc.want, 1e-12) {
			t.Errorf("%v: p %g, want %g", tc.d, p, tc.want)
		}
	}
	// Drawn and tried signs agree.
	rng := rand.New(rand.NewPCG(7, 8))
	x := draw(rng, maxFlips, func() float64 { return 0.4 + rng.NormFloat64() })
	exact, drawn := SignFlip(x), SignFlip(append(slices.Clone(x), 1e-15)) // one more pair that weighs nothing
	if math.Abs(exact-drawn) > 4*math.Sqrt(exact/flips) {
		t.Errorf("p %g by all signs, %g by drawn ones", exact, drawn)
	}
}

// TestBootstrapMean: coverage for a skewed distribution, about that of the
// literature for so few samples.
func TestBootstrapMean(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	const trials = 300
	held := 0
	for range trials {
		x := draw(rng, 20, rng.ExpFloat64)
		if i := BootstrapMean(x); i.Low <= 1 && 1 <= i.High {
			held++
		}
	}
	if p := float64(held) / trials; p < 0.88 || p > 0.97 {
		t.Errorf("%.3f of the intervals hold the mean", p)
	}
	if i := BootstrapMean([]float64{2, 2, 2}); !i.Known() || i.Low != 2 || i.High != 2 {
		t.Errorf("equal samples: %+v", i)
	}
	if i := BootstrapMean([]float64{2}); i.Known() || i.Value != 2 {
		t.Errorf("one sample: %+v", i)
	}
	if i := BootstrapMean(nil); i.Known() {
		t.Errorf("no sample: %+v", i)
	}
	// One large value among zeros: the interval leans its way.
	if i := BootstrapMean([]float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}); i.Low < 0 || i.High < 0.2 || i.Low > i.Value || i.High < i.Value {
		t.Errorf("skewed: %+v", i)
	}
}

// The worked example of Benjamini and Hochberg (1995), section 3.3: 15 p values
// of which four are discoveries at 5 %.
func TestDiscoveries(t *testing.T) {
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000}
	perm := rand.New(rand.NewPCG(11, 12)).Perm(len(p))
	mixed := make([]float64, len(p))
	for i, k := range perm {
		mixed[i] = p[k]
	}
	adjusted := Discoveries(mixed)
	for i, k := range perm {
		if found := adjusted[i] <= 0.05; found != (k < 4) {
			t.Errorf("p %g has the adjusted value %g", mixed[i], adjusted[i])
		}
		if adjusted[i] < mixed[i] || adjusted[i] > 1 {
			t.Errorf("p %g is adjusted to %g", mixed[i], adjusted[i])
		}
	}
	if len(Discoveries(nil)) != 0 {
		t.Error("adjusted values of nothing")
	}
}
