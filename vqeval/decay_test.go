package vqeval

import (
	"math"
	"testing"
)

// A pace that dies away is a freeze from where a tenth of it is left; one that only falls,
// light that fades out, and a part that goes on are none.
func TestDecay(t *testing.T) {
	dying := func(t int, tau float64) float64 { // moment shown
		if t <= 40 {
			return float64(t)
		}
		return 40 + tau*(1-math.Exp(-float64(t-40)/tau))
	}
	slower := func(t int) float64 { return math.Min(float64(t), 40) + 0.4*math.Max(0, float64(t)-40) }
	for name, c := range map[string]struct {
		shown func(t, x, y int) float64
		onset int // 0: healthy
	}{
		"dies away":    {func(t, x, y int) float64 { return drifting(3*dying(t, 14), x, y) }, 72},
		"dies slowly":  {func(t, x, y int) float64 { return drifting(3*dying(t, 24), x, y) }, 95},
		"at part pace": {func(t, x, y int) float64 { return drifting(3*slower(t), x, y) }, 0},
		"fades out": {func(t, x, y int) float64 {
			return drifting(float64(3*t), x, y) * math.Exp(-math.Max(0, float64(t-60))/12)
		}, 0},
		"a part goes on": {func(t, x, y int) float64 {
			if x >= 44 {
				return drifting(float64(3*t), x, y)
			}
			return drifting(3*dying(t, 14), x, y)
		}, 0},
	} {
		k := clipOf(t, 150, c.shown)
		f, _ := findDecay(k.p, k.d, k.a, k.shots[len(k.shots)-1], k.second)
		if (f.severity >= 0.5) != (c.onset > 0) || c.onset > 0 && (abs(f.from-c.onset) > 8 || f.to != 150 || f.cause() != "decay") {
			t.Errorf("%s: severity %.2f, frames %d to %d, %s", name, f.severity, f.from, f.to, f.cause())
		}
	}
}

// What shimmers by as much as it moved before was stopped all the same: it is no slide that
// follows another one.
func TestShimmerIsNoSlide(t *testing.T) {
	noise := [4]func(x, y int) float64{}
	for k := range noise {
		noise[k] = func(x, y int) float64 { return 5 * math.Sin(float64(x*(k+3))*0.7+float64(y*(5-k))*0.9) }
	}
	c := clipOf(t, 150, func(t, x, y int) float64 {
		if t < 50 {
			return drifting(0.5*float64(t), x, y)
		}
		return drifting(25, x, y) + noise[t%4](x, y)
	})
	got := findFreezes(c.p, c.d, c.a, c.shots, c.second)
	if len(got) != 1 || got[0].severity < 0.5 || abs(got[0].from-50) > 3 || got[0].cycle != 4 {
		t.Errorf("%+v", got)
	}
}

// An encoder that draws the picture anew brings the detail up nearly everywhere.
func TestRedrawn(t *testing.T) {
	c := clipOf(t, 4, moving)
	for i := range c.src.Luma {
		c.src.Tones = append(c.src.Tones, Tones{})
		for k := range tiles {
			switch {
			case i == 1: // as good as none
				c.src.Tones[i].Near[k] = int16(k % 2)
			case i == 2: // everywhere
				c.src.Tones[i].Near[k] = 400
			case i == 3: // up here, down there
				c.src.Tones[i].Near[k] = int16(800 * (k % 2))
			}
		}
	}
	for at, redrawn := range map[int]bool{1: false, 2: true, 3: false} {
		if v := c.redrawn(at); (v >= 1) != redrawn || !redrawn && v > 0 {
			t.Errorf("frame %d: %g", at, v)
		}
	}
	// Of a long clip it is measured every few frames: what comes up at frame 2 is seen at frame 3.
	for i := range c.src.Tones {
		c.src.Tones[i] = Tones{}
		for k := range tiles {
			c.src.Tones[i].Near[k] = int16(400 * (i / 3))
		}
	}
	if v := c.redrawn(2); v < 1 {
		t.Errorf("measured a frame later: %g", v)
	}
}

// A freeze that an encoder draws anew on its way is one; two stills that differ are two.
func TestFreezesJoined(t *testing.T) {
	still := func(t int, other float64) float64 {
		switch {
		case t < 40:
			return float64(t)
		case t < 70:
			return 40
		case t < 78:
			return 40 + 0.15*float64(t%2)
		case t < 120:
			return 40 + other
		}
		return float64(t - 80)
	}
	for other, want := range map[float64]int{0: 1, 25: 2} {
		c := clipOf(t, 150, func(t, x, y int) float64 { return drifting(still(t, other), x, y) })
		found := []freezeEvidence{
			{from: 40, to: 70, severity: 0.7, total: 40}, {from: 78, to: 120, severity: 0.9, total: 40},
		}
		got := joined(c.d, found, []shot{{0, 150}}, 24)
		if len(got) != want || got[0].from != 40 || got[len(got)-1].to != 120 || got[len(got)-1].severity != 0.9 {
			t.Errorf("%g: %+v", other, got)
		}
	}
	if got := joined(nil, []freezeEvidence{{from: 40, to: 70, severity: 0.3}, {from: 72, to: 90, severity: 0.9}}, nil, 24); len(got) != 2 {
		t.Errorf("what is not found: %+v", got)
	}
}

// A short stop that is dead at both ends counts although an encoder draws in it; the like is a pause
// where the content has rested before.
func TestSharpStop(t *testing.T) {
	severity := func(rests bool) float64 {
		c := clipOf(t, 130, func(t, x, y int) float64 {
			u := float64(t)
			if rests && t >= 20 {
				u -= float64(min(t-20, 8))
			}
			v := drifting(u, x, y)
			if t >= 60 && t < 68 {
				v = drifting(60, x, y) + 0.12*float64(t-60)*math.Sin(float64(x)*1.3+float64(y))
			}
			return v
		})
		var most float64
		for _, f := range findFreezes(c.p, c.d, c.a, c.shots, 16) {
			if f.from >= 50 {
				most = max(most, f.severity)
			}
		}
		return most
	}
	once, again := severity(false), severity(true)
	if once < 0.5 || again >= 0.5 {
		t.Errorf("first of its kind %.2f, again %.2f", once, again)
	}
}
