package lvsa

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"longtake/internal/golden"
)

func TestRopeVector(t *testing.T) {
	var v struct {
		X, Freqs, Out []float64
		Shape         []int
		Positions     []int
	}
	vectors(t, "rope.json", &v)
	r := Rope{PositionScale: 1, LogitScale: 1}
	for _, f := range v.Freqs {
		r.Freqs = append(r.Freqs, float64(float32(f))) // as the reference held them
	}
	got := make([]float64, len(v.X))
	for i, pos := range v.Positions {
		for k := range r.Freqs {
			at := (i*len(r.Freqs) + k) * 2
			sin, cos := math.Sincos(r.Angle(pos, k))
			got[at] = v.X[at]*cos - v.X[at+1]*sin
			got[at+1] = v.X[at]*sin + v.X[at+1]*cos
		}
	}
	compare(t, "rotated", got, v.Out, 1e-9)
}

func TestRIFLExVectors(t *testing.T) {
	var v struct {
		LVSAColumns     []string     `json:"identify_lvsa_columns"`
		OfficialColumns []string     `json:"identify_official_columns"`
		LVSA            [][4]float64 `json:"identify_lvsa"`
		Official        [][5]float64 `json:"identify_official"`
		Tables          []struct {
			Theta, L, S float64
			TDim        int `json:"t_dim"`
			K0          int
			OrigFreq    float64 `json:"orig_freq_k"`
			NewFreq     float64 `json:"new_freq_k"`
			OrigPeriod  float64 `json:"orig_period_k"`
			NewPeriod   float64 `json:"new_period_k"`
			Raised      bool    `json:"raised_not_lowered"`
			Pos         []int
			Cos         []float64 `json:"cos_col_2k"`
			Sin         []float64 `json:"sin_col_2k"`
			OrigFreqs   []float64 `json:"orig_freqs"`
			Freqs       []float64
			Periods     []float64
		}
		OfficialTables []struct {
			Name     string
			TDim     int `json:"t_dim"`
			Theta    float64
			K1       int
			LTest    int     `json:"L_test"`
			NewFreq  float64 `json:"new_freq"`
			OrigFreq float64 `json:"orig_freq"`
			Pos      []int
			Cos, Sin []float64
			Others   float64 `json:"max_abs_change_other_cols"`
		} `json:"official_tables"`
	}
	vectors(t, "riflex.json", &v)
	if len(v.LVSA) != 120 || len(v.Official) != 120 || len(v.Tables) != 90 || len(v.OfficialTables) != 7 {
		t.Fatalf("%d, %d, %d and %d cases", len(v.LVSA), len(v.Official), len(v.Tables), len(v.OfficialTables))
	}
	for _, r := range v.LVSA {
		x := riflex{lvsa: true, index: -1, repetition: r[1]}
		if k, err := x.pair(Geometry{}, NewRope(r[2], int(r[0]))); err != nil || k != int(r[3]) {
			t.Errorf("lvsa %v: pair %d, %v", r, k, err)
		}
	}
	for _, r := range v.Official {
		x := riflex{index: -1, repetition: r[1]}
		base := NewRope(r[2], int(r[0]))
		k, err := x.pair(Geometry{}, base)
		if err != nil || k+1 != int(r[3]) {
			t.Errorf("official %v: pair %d, %v", r, k, err)
		}
		if n := math.RoundToEven(2 * math.Pi / base.Freqs[k]); n != r[4] {
			t.Errorf("official %v: period %v", r, n)
		}
	}
	check := func(name string, base, got Rope, k int, freq float64, pos []int, cos, sin []float64, tolerance float64) {
		t.Helper()
		if math.Abs(got.Freqs[k]-freq) > tolerance {
			t.Errorf("%s: frequency %v, want %v", name, got.Freqs[k], freq)
		}
		for i, p := range pos {
			s, c := math.Sincos(got.Angle(p, k))
			if math.Abs(c-cos[i]) > tolerance || math.Abs(s-sin[i]) > tolerance {
				t.Errorf("%s: position %d: cos %v sin %v, want %v %v", name, p, c, s, cos[i], sin[i])
			}
		}
		for j := range base.Freqs {
			if j != k && got.Freqs[j] != base.Freqs[j] {
				t.Errorf("%s: pair %d changed too", name, j)
			}
		}
	}
	for _, c := range v.Tables {
		name := fmt.Sprintf("lvsa dim %d L %v s %v", c.TDim, c.L, c.S)
		base := NewRope(c.Theta, c.TDim)
		if math.Abs(2*math.Pi/base.Freqs[c.K0]-c.OrigPeriod) > 1e-9 {
			t.Errorf("%s: period %v", name, 2*math.Pi/base.Freqs[c.K0])
		}
		x := riflex{lvsa: true, index: -1, length: c.L * c.S}
		got, err := x.rope(Geometry{Frames: int(math.Ceil(c.L * c.S)), Reference: int(c.L)}, base)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		check(name, base, got, c.K0, c.NewFreq, c.Pos, c.Cos, c.Sin, 1e-9)
		if c.Freqs != nil {
			compare(t, name, base.Freqs, c.OrigFreqs, 1e-9)
			compare(t, name, got.Freqs, c.Freqs, 1e-9)
			for k, p := range c.Periods { // before the edit
				if math.Abs(2*math.Pi/base.Freqs[k]-p) > 1e-9*p {
					t.Errorf("%s: pair %d has period %v, want %v", name, k, 2*math.Pi/base.Freqs[k], p)
				}
			}
		}
	}
	for _, c := range v.OfficialTables {
		base := NewRope(c.Theta, c.TDim)
		// One table is of the fine-tuned checkpoint, which edits always.
		x := riflex{index: c.K1 - 1, length: float64(c.LTest), always: true}
		got, err := x.rope(Geometry{Frames: c.LTest, Reference: 1}, base)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		check(c.Name, base, got, c.K1-1, c.NewFreq, c.Pos, c.Cos, c.Sin, 1e-6)
	}
}

// TestRopeGoldens: RIFLEx through the methods that a spec names.
func TestRopeGoldens(t *testing.T) {
	f := golden.Open(t, "rope")
	tables := func(name string, r Rope, tolerance float64) {
		t.Helper()
		shape := f.Shape(name + ".cos")
		cos, sin := make([]float32, 0, shape[0]*shape[1]), make([]float32, 0, shape[0]*shape[1])
		for pos := range shape[0] {
			for k := range shape[1] {
				s, c := math.Sincos(r.Angle(pos, k))
				cos, sin = append(cos, float32(c)), append(sin, float32(s))
			}
		}
		f.Check(name+".cos", cos, tolerance)
		f.Check(name+".sin", sin, tolerance)
	}
	for hd, dim := range map[int]int{32: 12, 64: 24, 96: 32, 128: 44} {
		tables(fmt.Sprintf("hd%d.t", hd), NewRope(1e4, dim), f.Tolerance("tables"))
	}
	edit := func(spec string, frames int) Rope {
		t.Helper()
		r, err := build(t, spec).Rope(Geometry{Frames: frames, Rows: 1, Cols: 1, Reference: 21}, NewRope(1e4, 44))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, s := range []int{2, 3, 4, 6} {
		name := fmt.Sprintf("riflex_lvsa.hd128.L21.s%d.t", s)
		tables(name, edit("riflex:variant=lvsa", 21*s), f.Tolerance("tables"))
		tables(name, edit("lvsa+riflex:rope.variant=lvsa,rope.index=3", 21*s), f.Tolerance("tables"))
	}
	for _, n := range []int{41, 81, 121} {
		tables(fmt.Sprintf("riflex_thuml.dim44.N21.Ltest%d.t", n), edit("riflex", n), f.Tolerance("riflex_thuml.*"))
	}
}

// ropeOf applies a method for T frames of a model with L = 21 and 24 dims.
func ropeOf(t *testing.T, spec string, frames int) (Rope, error) {
	t.Helper()
	return build(t, spec).Rope(Geometry{Frames: frames, Rows: 1, Cols: 1, Reference: 21}, NewRope(1e4, 24))
}

func TestRopeBaselines(t *testing.T) {
	base := NewRope(1e4, 24)
	for _, spec := range []string{"dense", "pi", "ntk", "yarn", "riflex", "riflex:variant=lvsa", "lvsa+yarn", "ultravico+pi"} {
		for _, frames := range []int{1, 20, 21} {
			r, err := ropeOf(t, spec, frames)
			if err != nil || r.Theta != base.Theta || !slices.Equal(r.Freqs, base.Freqs) || r.PositionScale != 1 || r.LogitScale != 1 {
				t.Errorf("%s changes the embedding at T %d: %+v, %v", spec, frames, r, err)
			}
		}
	}
	s := 2.0

	r, err := ropeOf(t, "pi", 42)
	if err != nil || r.PositionScale != 1/s || !slices.Equal(r.Freqs, base.Freqs) {
		t.Errorf("pi: %+v, %v", r, err)
	}

	// NTK keeps the highest frequency and interpolates the lowest by s.
	r, err = ropeOf(t, "ntk", 42)
	if err != nil || r.Freqs[0] != 1 || math.Abs(r.Freqs[11]-base.Freqs[11]/s) > 1e-15 || r.PositionScale != 1 {
		t.Errorf("ntk: %+v, %v", r, err)
	}
	if want := 1e4 * math.Pow(s, 24.0/22); math.Abs(r.Theta-want) > 1e-9*want {
		t.Errorf("ntk: theta %v, want %v", r.Theta, want)
	}

	// YaRN: pair 0 turns 3.34 times within L, pair 1 1.55 times, pair 2 0.72.
	r, err = ropeOf(t, "yarn", 42)
	if err != nil {
		t.Fatal(err)
	}
	for k, f := range base.Freqs {
		turns := 21 * f / (2 * math.Pi)
		keep := 0.0
		if turns > 1 {
			keep = (turns - 1) / 31
		}
		if want := (1-keep)*f/s + keep*f; math.Abs(r.Freqs[k]-want) > 1e-15 {
			t.Errorf("yarn: pair %d is %v, want %v", k, r.Freqs[k], want)
		}
	}
	m := 0.1*math.Log(2) + 1
	if math.Abs(r.LogitScale-m*m) > 1e-15 {
		t.Errorf("yarn: logit scale %v", r.LogitScale)
	}
	if r, err = ropeOf(t, "yarn:alpha=0.5,beta=1", 42); err != nil || r.Freqs[1] != base.Freqs[1] || r.Freqs[3] != base.Freqs[3]/2 {
		t.Errorf("yarn with narrow ramp: %+v, %v", r, err)
	}
	if !slices.Equal(base.Freqs, NewRope(1e4, 24).Freqs) {
		t.Error("an edit wrote into the model's own frequencies")
	}
}

func TestRIFLExRules(t *testing.T) {
	base := NewRope(1e4, 24)
	// Periods of 24 dims: 6.28, 13.5, 29.2, 62.8: the rule picks 13.5 for 21.
	for _, c := range []struct {
		spec   string
		frames int
		pair   int     // -1: no change
		freq   float64 // of the pair
		fails  bool
	}{
		{"riflex", 42, 1, 0.9 * 2 * math.Pi / 42, false},
		{"riflex:variant=lvsa", 42, 1, 2 * math.Pi / 42, false},
		{"riflex:index=2", 42, 2, 0.9 * 2 * math.Pi / 42, false},
		{"riflex:repetition=30", 84, 2, 0.9 * 2 * math.Pi / 84, false},
		{"riflex:l_test=66", 42, 1, 0.9 * 2 * math.Pi / 66, false},
		{"riflex:index=2", 29, -1, 0, false}, // L_test is not above the rounded period
		{"riflex:index=2", 30, 2, 0.9 * 2 * math.Pi / 30, false},
		{"riflex:index=3", 42, -1, 0, false},
		{"riflex:variant=lvsa,index=3", 42, 0, 0, true}, // would raise it
		{"riflex:always=true,index=3", 42, 0, 0, true},
		{"riflex:always=true", 21, 1, 0.9 * 2 * math.Pi / 21, false},
		{"riflex:index=12", 42, 0, 0, true}, // pairs are 0..11
	} {
		r, err := ropeOf(t, c.spec, c.frames)
		if (err != nil) != c.fails {
			t.Errorf("%s at %d: %v", c.spec, c.frames, err)
		}
		if err != nil {
			continue
		}
		for k, f := range r.Freqs {
			want := base.Freqs[k]
			if k == c.pair {
				want = c.freq
			}
			if math.Abs(f-want) > 1e-15 {
				t.Errorf("%s at %d: pair %d is %v, want %v", c.spec, c.frames, k, f, want)
			}
		}
	}
}
