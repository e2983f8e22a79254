package vqeval

import "math"

// passage is the stretch within which a shot goes over from one picture into another, as in
// a dissolve: all that its parts look like changes then, in each part its own way, and
// stands before and after it.
type passage struct {
	from, to float64 // frames
	clear    float64 // times that an even change up to the end leaves as much as it does, less one; less where the parts change alike
	explains float64 // share of the variation
}

// findPassage looks for one of some seconds in courses of the same stretches. What wanders
// all the time says little.
func findPassage(second float64, courses ...course) (p passage) {
	at, end := courses[0].at, float64(courses[0].n)
	m := len(at)
	lag := max(1, int(passageLag*second*float64(m)/end))
	if m <= 2*lag {
		return p
	}
	// Squares of how well ramps fit all series are sums over the products of these.
	products := newTable(m)
	var all float64
	v, moves := make([]float64, m), make([]float64, m-lag)
	for _, c := range courses {
		for _, series := range c.part {
			middle := mean(series)
			for k := range v {
				if v[k] = series[k] - middle; k >= lag {
					moves[k-lag] = math.Abs(series[k] - series[k-lag])
				}
			}
			usual := quantile(moves, 0.4) + passageNoise
			for k := range v {
				v[k] /= usual
				all += v[k] * v[k]
			}
			for i, a := range v {
				for j, b := range v {
					products[i][j] += a * b
				}
			}
		}
	}
	if all == 0 {
		return p
	}
	// A ramp is made of steps: fits[i][j] is the sum over all of them that come before.
	steps := newTable(m + 1)
	for i := m - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			steps[i][j] = products[i][j] + steps[i+1][j] + steps[i][j+1] - steps[i+1][j+1]
		}
	}
	fits := newTable(m)
	for i := 1; i < m; i++ {
		for j := 1; j < m; j++ {
			fits[i][j] = (at[i]-at[i-1])*(at[j]-at[j-1])*steps[i][j] + fits[i-1][j] + fits[i][j-1] - fits[i-1][j-1]
		}
	}
	ramp := make([]float64, m)
	rise := func(from, to float64) {
		for k := range ramp {
			ramp[k] = min(1, max(0, (at[k]-from)/(to-from)))
		}
	}
	// share of the variation that a ramp between two stretches explains.
	share := func(i, j int) float64 {
		rise(at[i], at[j])
		middle := mean(ramp)
		var size float64
		for _, r := range ramp {
			size += (r - middle) * (r - middle)
		}
		width := at[j] - at[i]
		return (fits[j][j] - fits[i][j] - fits[j][i] + fits[i][i]) / (width * width * size * all)
	}
	var even float64
	for i := range m - 2 {
		even = max(even, share(i, m-1), share(i, m-2))
		if at[i] < passageStands*second {
			continue
		}
		for j := i + 1; j < m && at[j]-at[i] < passageSeconds*second && end-at[j] > passageStands*second; j++ {
			if e := share(i, j); e > p.explains {
				p.from, p.to, p.explains = at[i], at[j], e
			}
		}
	}
	if p.to == 0 {
		return p
	}
	rise(p.from, p.to)
	var own, whole float64
	for _, c := range courses {
		var by []float64
		for _, series := range c.part {
			slope, _ := line(ramp, series)
			by = append(by, slope)
		}
		common := quantile(by, 0.5)
		for _, b := range by {
			own += (b - common) * (b - common)
			whole += b * b
		}
	}
	apart := own / max(1e-12, whole) / passageOwn
	p.clear = max(0, (1-even+passageRest)/(1-p.explains+passageRest)-1) * min(1, apart*apart)
	return p
}

func newTable(n int) [][]float64 {
	t, all := make([][]float64, n), make([]float64, n*n)
	for i := range t {
		t[i] = all[i*n:][:n]
	}
	return t
}

// of is how surely a change comes of it: it must hold more of that than of an even one.
func (p passage) of(c course, bins []float64, t trend) float64 {
	if p.to == 0 || t.change == 0 {
		return 0
	}
	value := func(frame float64) float64 {
		k := 0
		for k+1 < len(bins) && c.at[k] < frame {
			k++
		}
		return quantile(bins[max(0, k-1):min(len(bins), k+2)], 0.5)
	}
	onset := float64(t.onset)
	inside := (value(p.to) - value(p.from)) / t.change
	even := min(0.9, max(0, p.to-max(p.from, onset))/max(1, float64(c.n)-onset))
	holds := min(1, max(0, (inside-even)/(1-even)))
	return p.clear / passageClear * math.Pow(p.explains/passageShare, 2) * holds / passageHolds
}
