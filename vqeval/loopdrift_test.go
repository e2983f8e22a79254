package vqeval

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// Laps that shift by a good part of what moves within them: the plain search sees
// no loop, and without the shift there would be one.
func TestLoopThatDrifts(t *testing.T) {
	const n, p = 150, 24
	r := rand.New(rand.NewPCG(5, 6))
	var wx, wy []walk
	for range 3 {
		wx, wy = append(wx, newWalk(r, 13, 31, 90)), append(wy, newWalk(r, 10, 29, 80))
	}
	lapping := func(perLap float64, period int) *Source {
		return memory(n, 16, func(t, x, y int) float64 {
			u := float64(t % period)
			s := perLap * float64(t) / p
			px, py := float64(x)-s, float64(y)-0.5*s
			// Texture that stays, and three bodies on paths of their own.
			v := 110 + 30*math.Sin(px*0.9)*math.Sin(py*0.8) + 25*math.Sin(px*0.37+py*0.51)
			for k := range 3 {
				cx := 18 + 14*float64(k) + wx[k].at(3*u)
				cy := 18 + 6*float64(k) + wy[k].at(3*u)
				if r := math.Hypot(px-cx, py-cy); r < 6 {
					v = 210 - 50*float64(k) + 4*r
				}
			}
			return v
		})
	}
	for _, c := range []struct {
		name   string
		src    *Source
		period int
	}{{"laps that shift", lapping(1.3, p), p}, {"no laps", lapping(1.3, n), 0}} {
		cl, err := newClip(context.Background(), c.src)
		if err != nil {
			t.Fatal(err)
		}
		if l, ok := findLoops(cl.d, cl.second); ok && !l.periodic && l.severity >= 0.5 {
			t.Fatalf("%s: the plain search finds %+v: the test shows nothing", c.name, l)
		}
		l, ok := driftLoop(cl)
		if ok = ok && l.severity >= 0.5; ok != (c.period > 0) || ok && l.period != c.period {
			t.Errorf("%s: found %v: %+v", c.name, ok, l)
		}
	}
}

// Large steps at one distance are the ends of laps; at several they are cuts.
func TestLapOfSteps(t *testing.T) {
	for name, c := range map[string]struct {
		at   []int
		want int
	}{"laps": {[]int{30, 60, 90, 120}, 30}, "two": {[]int{48, 96}, 48}, "cuts": {[]int{20, 55, 80, 131}, 0}, "one": {[]int{70}, 0}, "none": {nil, 0}} {
		a := make([]float64, 150)
		for i := range a {
			a[i] = 1
		}
		for _, t := range c.at {
			a[t] = 9
		}
		if got := lapOfSteps(clipOfSteps(a).adjacentAcross()); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Two laps that shift and jump back leave no dip of the mean difference where they end: their steps do.
func TestTwoLapsThatDrift(t *testing.T) {
	texture := func(x, y float64) float64 {
		return 128 + 30*math.Sin(0.5*x+0.2*y) + 25*math.Sin(0.13*x-0.31*y) + 20*math.Sin(0.07*x*0.9+0.11*y)
	}
	for period, want := range map[int]int{48: 48, 200: 0} {
		c := clipOf(t, 97, func(t, x, y int) float64 {
			u, s := float64(t%period), 4*float64(t)/97
			px, py := float64(x)-s, float64(y)-0.5*s
			// What moves goes past what stays, and does not come back by itself.
			return texture(px, py) + 40*math.Sin(0.21*px+0.25*u)*math.Cos(0.17*py-0.11*u+0.002*u*u)
		})
		if l, ok := driftLoop(c); ok && l.severity >= 0.5 && want == 0 || want > 0 && (!ok || l.severity < 0.5 || l.period != want) {
			t.Errorf("period %d: found %v: %+v (lap %d)", period, ok, l, lapOfSteps(c.adjacentAcross()))
		}
	}
}
