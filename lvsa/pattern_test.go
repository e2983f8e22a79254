package lvsa

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestIntervals are published working points: window 3, first 1, scale 1.
func TestIntervals(t *testing.T) {
	for _, c := range []struct {
		reference int
		want      map[int]int
	}{
		{21, map[int]int{22: 2, 25: 2, 33: 2, 41: 3, 42: 3, 49: 3, 61: 4, 63: 4, 81: 6, 84: 6, 97: 7, 121: 9, 126: 9, 161: 12}},
		{33, map[int]int{34: 2, 57: 2, 65: 3, 66: 3, 81: 3, 97: 4, 99: 4, 129: 5, 132: 5}},
		{13, map[int]int{14: 2, 19: 3, 25: 4, 26: 5, 37: 7, 39: 7, 49: 9, 52: 10}},
	} {
		for frames, want := range c.want {
			if got := NewBudget(frames, 3, 1, c.reference, 1).Interval; got != want {
				t.Errorf("reference %d, T %d: interval %d, want %d", c.reference, frames, got, want)
			}
		}
	}
	p, err := ComputePattern(DefaultPatternParams(14, 13))
	if err != nil || p.Interval != 2 || !p.Dense() || p.Fraction() != 1 {
		t.Errorf("T 14 of 13 is dense at interval 2: %v, %v", p, err)
	}
}

func TestPatternJSON(t *testing.T) {
	p := PatternParams{LatentFrames: 5, Window: 1, First: 1, Interval: 3, Scale: 1}
	for _, c := range []struct {
		change func(*PatternParams)
		want   string
	}{
		{func(*PatternParams) {}, `{"kfi":3,"anchors":[0,3],"windows":[[0,4],[0,4],[0,4],[1,4],[1,4]],"attended":[5,5,5,5,5],"fraction":1}`},
		{func(p *PatternParams) { p.NoExpand = true }, `{"kfi":3,"anchors":[0,3],"windows":[[0,2],[0,2],[1,3],[2,4],[2,4]],"attended":[4,4,4,4,4],"fraction":0.8}`},
		{func(p *PatternParams) { p.Window = 0 }, `{"kfi":3,"anchors":[0,3],"windows":[[0,-1],[1,0],[2,1],[3,2],[4,3]],"attended":[2,2,2,2,2],"fraction":0.4}`},
		{func(p *PatternParams) { p.Interval, p.First, p.NoExpand = NoInterval, 0, true }, `{"kfi":null,"anchors":[],"windows":[[0,2],[0,2],[1,3],[2,4],[2,4]],"attended":[3,3,3,3,3],"fraction":0.6}`},
		{func(p *PatternParams) { p.Window, p.Step = 0, 2 }, `{"kfi":3,"anchors":[0,2],"windows":[[0,-1],[1,0],[2,1],[3,2],[4,3]],"attended":[2,2,2,2,2],"fraction":0.4}`},
		{func(p *PatternParams) { p.Window, p.Step, p.Schedule = 0, 2, Lag1 }, `{"kfi":3,"anchors":[0,1,4],"windows":[[0,-1],[1,0],[2,1],[3,2],[4,3]],"attended":[3,3,3,3,3],"fraction":0.6}`},
		{func(p *PatternParams) { p.Window, p.Step, p.Fixed = 0, 2, true }, `{"kfi":3,"anchors":[0,3],"windows":[[0,-1],[1,0],[2,1],[3,2],[4,3]],"attended":[2,2,2,2,2],"fraction":0.4}`},
	} {
		q := p
		c.change(&q)
		got, err := ComputePattern(q)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(got)
		if err != nil || string(b) != c.want {
			t.Errorf("%+v:\n got %s (%v)\nwant %s", q, b, err, c.want)
		}
	}
}

// TestNoShortCut: a pattern is computed as its parameters say at the horizon
// too, where the method is dense.
func TestNoShortCut(t *testing.T) {
	p := DefaultPatternParams(21, 21)
	p.Interval = 6
	got, err := ComputePattern(p)
	if err != nil || got.Dense() {
		t.Errorf("%v, %v", got, err)
	}
}

func TestPatternRefuses(t *testing.T) {
	for name, change := range map[string]func(*PatternParams){
		"latent frames": func(p *PatternParams) { p.LatentFrames = 0 },
		"window":        func(p *PatternParams) { p.Window = -1 },
		"first":         func(p *PatternParams) { p.First = maxFrames + 1 },
		"interval":      func(p *PatternParams) { p.Interval = -2 },
		"reference":     func(p *PatternParams) { p.Reference = 0 },
		"scale":         func(p *PatternParams) { p.Scale = 0 },
		"scale NaN":     func(p *PatternParams) { p.Scale = math.NaN() },
		"scale 1001":    func(p *PatternParams) { p.Scale = 1001 },
		"schedule":      func(p *PatternParams) { p.Schedule = "never" },
		"step":          func(p *PatternParams) { p.Step = -1 },
		"guard":         func(p *PatternParams) { p.Guards = []int{42} },
		"window 0":      func(p *PatternParams) { p.Window, p.First, p.Interval = 0, 0, NoInterval },
	} {
		p := DefaultPatternParams(42, 21)
		change(&p)
		_, err := ComputePattern(p)
		key, _, _ := strings.Cut(name, " ")
		if err == nil || !strings.HasPrefix(err.Error(), "lvsa: ") || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "want") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []string{"0", "-1", "x", "99999999", "3.5"} {
		if _, err := ParseInterval(s); err == nil {
			t.Errorf("interval %q is taken", s)
		}
	}
	for s, want := range map[string]Interval{"": AutoInterval, "auto": AutoInterval, "none": NoInterval, "6": 6} {
		if got, err := ParseInterval(s); err != nil || got != want || s != "" && got.String() != s {
			t.Errorf("interval %q: %v, %v", s, got, err)
		}
	}
}

// TestKeysAgree: the three ways to ask who sees whom are one.
func TestKeysAgree(t *testing.T) {
	for _, c := range []patternConfig{
		{frames: 1, window: 3, first: 1, interval: 1, expand: true},
		{frames: 10, window: 3, expand: true},
		{frames: 13, window: 2, first: 0, interval: 3, expand: true},
		{frames: 13, window: 2, first: 2, interval: 5, offset: 4},
		{frames: 13, window: 0, first: 2, interval: 5, offset: 4},
		{frames: 9, window: 20, first: 20, interval: 4},
	} {
		p, err := newPattern(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.check(); err != nil {
			t.Error(err)
		}
		for f, n := range p.Attended() {
			var want []int
			for k := range p.Frames {
				if p.Attends(f, k) {
					want = append(want, k)
				}
			}
			if got := p.Keys(f); !slices.Equal(got, want) || len(got) != n {
				t.Errorf("%+v: frame %d sees %v (%d), want %v", c, f, got, n, want)
			}
		}
	}
}

func TestBlockMaskText(t *testing.T) {
	p, err := newPattern(patternConfig{frames: 3, window: 0, first: 1})
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.BlockMask(2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.QEnd, []int32{2, 4, 6, 9}) || !slices.Equal(m.Row, []int32{0, 2, 4, 6, 10}) ||
		!slices.Equal(m.Col, []int32{0, 3, 0, 3, 0, 3, 0, 1, 2, 3}) || m.Heads != 1 {
		t.Errorf("%+v", m)
	}
	for _, bad := range [][2]int{{0, 0}, {1, -1}, {math.MaxInt, 0}, {1 << 30, 0}, {1, math.MaxInt}} {
		if _, err := p.BlockMask(bad[0], bad[1]); err == nil {
			t.Errorf("a mask of %v tokens is made", bad)
		}
	}
}

func ExamplePattern_Picture() {
	p := DefaultPatternParams(12, 6)
	p.Window, p.Step = 1, 1
	pattern, err := ComputePattern(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pattern)
	fmt.Println(pattern.Picture())
	// Output:
	// 12 latent frames, anchor interval 5, offset 1
	// 4 anchors: 0 1 6 11
	// attended: 7 frames by each, 58.3 % of all pairs
	// ##ooo.#....#
	// ##ooo.#....#
	// ##ooo.#....#
	// ##ooo.#....#
	// ##.ooo#....#
	// ##.ooo#....#
	// ##..oo#o...#
	// ##...o#oo..#
	// ##....#ooo.#
	// ##....#.ooo#
	// ##....#.ooo#
	// ##....#.ooo#
}
