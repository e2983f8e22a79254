package lvsa

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"longtake/kernels"
)

// recorder is a backend that plans without computing.
type recorder struct {
	plans  []*recorded
	refuse error
}

type recorded struct {
	shape  kernels.Shape
	mask   kernels.BlockMask
	logits kernels.Logits
	runs   int
	closed bool
}

func (r *recorder) Name() string                                     { return "recorder" }
func (r *recorder) Supports(kernels.Shape) error                     { return nil }
func (r *recorder) Ops() kernels.Ops                                 { return nil }
func (r *recorder) Alloc(kernels.DType, int) (kernels.Buffer, error) { return nil, nil }

func (r *recorder) Plan(s kernels.Shape, m kernels.BlockMask, l kernels.Logits) (kernels.Plan, error) {
	if r.refuse != nil {
		return nil, r.refuse
	}
	p := &recorded{shape: s, mask: m, logits: l}
	r.plans = append(r.plans, p)
	return p, nil
}

func (p *recorded) Run(kernels.Args) error { p.runs++; return nil }

func (p *recorded) Close() error { p.closed = true; return nil }

// geometry of the miniature model: 24 temporal dims, 4x4 tokens.
func mini(frames int) Geometry { return Geometry{Frames: frames, Rows: 4, Cols: 4, Reference: 21} }

func begin(t *testing.T, spec string, g Geometry) (Attention, *recorder) {
	t.Helper()
	m := build(t, spec)
	rope, err := m.Rope(g, NewRope(1e4, 24))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	a, err := m.Begin(r, g, rope)
	if err != nil {
		t.Fatal(err)
	}
	return a, r
}

func tokens(n, heads, dim int) kernels.Args {
	x := kernels.Tensor{B: 1, H: heads, N: n, D: dim}
	return kernels.Args{Q: x, K: x, V: x, Out: x}
}

const (
	steps  = 20
	layers = 3
)

// sample runs every site of a run, both branches.
func sample(t *testing.T, a Attention, g Geometry) {
	t.Helper()
	for step := range steps {
		for branch := range 2 {
			for layer := range layers {
				if err := a.Attend(Site{step, steps, layer, layers, branch}, tokens(g.Tokens()+g.TextTokens, 2, 64)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestPlansAreSharedByContent(t *testing.T) {
	for _, c := range []struct {
		spec   string
		frames int
		plans  int
		dense  int // plans without a removed pair
	}{
		{"dense", 84, 1, 1},
		{"lvsa", 84, 6, 0},                        // one per offset
		{"lvsa:rotate=false", 84, 1, 0},           //
		{"lvsa:interval=none", 84, 1, 0},          // nothing rotates
		{"lvsa", 21, 1, 1},                        // at the horizon
		{"lvsa:interval=4", 21, 1, 1},             // there too
		{"lvsa:scale=0.5", 21, 10, 0},             // beyond the budget
		{"lvsa:first=0,scale=2", 42, 1, 1},        // within the budget
		{"lvsa:reference=10,window=10", 21, 1, 1}, // window 2W+1 is the video: one plan for all offsets
		{"riflex", 84, 1, 1},
		{"ultravico", 84, 1, 0}, // the first frame's pairs are removed
		{"ultravico:first_frame=false", 84, 1, 1},
		{"lvsa:globals_steps.first=2", 84, 2 + 6, 0}, // offsets 0 and 1 without windows
		{"lvsa:dense_steps.first=2,dense_layers=0", 84, 7, 1},
		{"lvsa:interval=30,window=1", 84, steps, 0}, // an offset per step
	} {
		g := mini(c.frames)
		a, r := begin(t, c.spec, g)
		if len(r.plans) != 0 {
			t.Errorf("%s: %d plans before the first call", c.spec, len(r.plans))
		}
		sample(t, a, g)
		usage := a.Usage()
		calls, dense := 0, 0
		for _, u := range usage {
			calls += u.Calls
			if u.Dense {
				dense++
			}
			if u.Dense != (u.Fraction == 1) {
				t.Errorf("%s: dense %v with fraction %v", c.spec, u.Dense, u.Fraction)
			}
			if u.Calls != 2*len(u.Steps)*len(u.Layers) && !strings.Contains(c.spec, "dense_") {
				t.Errorf("%s: %d calls in steps %v, layers %v", c.spec, u.Calls, u.Steps, u.Layers)
			}
		}
		if len(r.plans) != c.plans || len(usage) != c.plans || dense != c.dense || calls != 2*steps*layers {
			t.Errorf("%s at %d: %d plans, %d patterns (%d dense), %d calls, want %d, %d, %d", c.spec, c.frames,
				len(r.plans), len(usage), dense, calls, c.plans, c.dense, 2*steps*layers)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		for _, p := range r.plans {
			if !p.closed {
				t.Errorf("%s: a plan is still open", c.spec)
			}
		}
		if err := a.Attend(Site{0, steps, 1, layers, 0}, tokens(g.Tokens(), 2, 64)); err == nil {
			t.Errorf("%s: no error after Close", c.spec)
		}
	}
}

func TestEngaged(t *testing.T) {
	for _, c := range []struct {
		spec          string
		frames        int
		before, after bool
	}{
		{"dense", 84, false, false},
		{"lvsa", 21, false, false},
		{"lvsa", 22, true, true},
		{"lvsa", 84, true, true},
		{"lvsa:scale=0.5", 21, true, true},
		{"lvsa:window=5,reference=20", 14, false, false},
		{"lvsa:reference=13", 14, false, false}, // interval 2, yet |A| = T
		{"pi", 21, false, false},
		{"pi", 22, true, true},
		{"ntk", 22, true, true},
		{"yarn", 22, true, true},
		{"riflex", 21, false, false},
		{"riflex", 42, true, true},
		{"riflex:index=3", 42, false, false}, // the published condition leaves it alone
		{"ultravico", 21, false, false},
		{"ultravico", 22, true, true},
		{"ultravico:always=true", 21, true, true},
		{"ultravico:alpha=1,first_frame=false", 84, false, false},
		{"ultravico:alpha=1", 84, true, true},
		{"ultravico:window_tokens=100000,first_frame=false", 84, false, false},
		{"dense:dense_steps.first=3", 84, false, false},
		{"lvsa:dense_steps.first=3", 84, true, true},
		{"lvsa:dense_steps.first=20", 84, true, false},
		{"lvsa:dense_steps.first=10,dense_steps.last=10", 84, true, false},
		{"lvsa:dense_layers=0+1+2", 84, true, false},
		{"lvsa+riflex:dense_layers=0+1+2", 84, true, true},
		{"riflex:dense_steps.first=20", 84, true, true},
	} {
		g := mini(c.frames)
		a, _ := begin(t, c.spec, g)
		if got := a.Engaged(); got != c.before {
			t.Errorf("%s at %d: engaged %v before the first call", c.spec, c.frames, got)
		}
		sample(t, a, g)
		if got := a.Engaged(); got != c.after {
			t.Errorf("%s at %d: engaged %v at the end", c.spec, c.frames, got)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestEngagedAfterDenseStart(t *testing.T) {
	g := mini(84)
	a, _ := begin(t, "lvsa:dense_steps.first=2", g)
	defer a.Close()
	if err := a.Attend(Site{0, steps, 0, layers, 0}, tokens(g.Tokens(), 2, 64)); err != nil {
		t.Fatal(err)
	}
	if !a.Engaged() {
		t.Error("not engaged after a dense step, though steps to come are sparse")
	}
}

// TestUsage: which steps and layers ran what, under a schedule and a rotation.
func TestUsage(t *testing.T) {
	g := mini(84)
	a, _ := begin(t, "lvsa:dense_steps.first=2,dense_steps.last=1,dense_layers=0,schedule=lag1,logits=ultravico", g)
	defer a.Close()
	sample(t, a, g)
	for i, u := range a.Usage() {
		if u.BuildSeconds <= 0 {
			t.Errorf("use %d: built in %v s", i, u.BuildSeconds)
		}
		if u.Dense {
			if i != 0 || len(u.Steps) != steps || !slices.Equal(u.Layers, []int{0, 1, 2}) || u.Calls != 2*(3*layers+steps-3) || len(u.Logits.Bands) != 0 {
				t.Errorf("use %d: %+v", i, u)
			}
			continue
		}
		if !slices.Equal(u.Layers, []int{1, 2}) {
			t.Errorf("use %d: layers %v", i, u.Layers)
		}
		offset := (u.Steps[0] - 1) % 6
		for _, s := range u.Steps {
			if s < 2 || s > steps-2 || (s-1)%6 != offset {
				t.Errorf("use %d: steps %v", i, u.Steps)
			}
		}
		p := DefaultPatternParams(84, 21)
		p.Schedule, p.Step = Lag1, u.Steps[0]
		want, err := ComputePattern(p)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(u.Anchors, want.Anchors) || !slices.Equal(u.Windows, want.Windows) {
			t.Errorf("use %d: anchors %v, want %v", i, u.Anchors, want.Anchors)
		}
		if len(u.Logits.Bands) != 2 || len(u.Logits.Cut) != 1 || u.Fraction >= want.Fraction() {
			t.Errorf("use %d: logits %+v, fraction %v", i, u.Logits, u.Fraction)
		}
	}
}

// TestScale: the logit scale of YaRN multiplies 1/sqrt(D), on dense sites and
// beside UltraViCo too, and leaves the sign rule alone.
func TestScale(t *testing.T) {
	m := 0.1*math.Log(4) + 1
	for _, c := range []struct {
		spec  string
		scale float64
	}{
		{"dense", 1},
		{"yarn", m * m},
		{"lvsa+yarn+ultravico:dense_layers=0", m * m},
	} {
		g := mini(84)
		a, r := begin(t, c.spec, g)
		sample(t, a, g)
		for _, p := range r.plans {
			if want := float32(c.scale / 8); p.logits.Scale != want {
				t.Errorf("%s: scale %v, want %v", c.spec, p.logits.Scale, want)
			}
			if len(p.logits.Bands) > 0 && !p.logits.PositiveOnly {
				t.Errorf("%s: %+v", c.spec, p.logits)
			}
		}
		_ = a.Close()
	}
}

func TestTextTokens(t *testing.T) {
	g := mini(42)
	g.TextTokens = 5
	a, r := begin(t, "lvsa:logits=ultravico", g)
	defer a.Close()
	sample(t, a, g)
	for _, p := range r.plans {
		if p.logits.VideoTokens != g.Tokens() {
			t.Errorf("%d video tokens, want %d", p.logits.VideoTokens, g.Tokens())
		}
		n := g.Tokens() + 5
		mask := DenseMask(p.mask)
		for i := range n {
			for j := g.Tokens(); j < n; j++ {
				if !mask[i*n+j] || !mask[j*n+i] {
					t.Fatalf("token %d and text token %d do not see each other", i, j)
				}
			}
		}
	}
}

func TestAttendRefuses(t *testing.T) {
	g := mini(42)
	good := Site{0, steps, 0, layers, 0}
	for _, c := range []struct {
		name, spec string
		site       Site
		args       kernels.Args
		says       string
	}{
		{"token count", "lvsa", good, tokens(100, 2, 64), "want 672"},
		{"step", "lvsa", Site{20, 20, 0, 3, 0}, tokens(672, 2, 64), "no such site"},
		{"layer", "lvsa", Site{0, 20, -1, 3, 0}, tokens(672, 2, 64), "no such site"},
		{"dim", "lvsa", good, tokens(672, 2, 0), "head dimension"},
		{"dense layer", "lvsa:dense_layers=3", good, tokens(672, 2, 64), "layers 0..2"},
		// Frame 0 sees frames from the horizon on only, which are cut off.
		{"no key left", "lvsa:window=0,first=0,interval=42,schedule=exact,logits=ultravico", Site{30, 50, 0, 3, 0}, tokens(672, 2, 64), "without keys"},
	} {
		a, _ := begin(t, c.spec, g)
		err := a.Attend(c.site, c.args)
		if err == nil || !strings.HasPrefix(err.Error(), "lvsa: ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
		_ = a.Close()
	}
	a, r := begin(t, "lvsa", g)
	defer a.Close()
	r.refuse = fmt.Errorf("no: %w", kernels.ErrUnsupported)
	if err := a.Attend(good, tokens(672, 2, 64)); !errors.Is(err, kernels.ErrUnsupported) {
		t.Errorf("the backend's refusal became %v", err)
	}
}

func TestBeginRefuses(t *testing.T) {
	rope := NewRope(1e4, 24)
	noHorizon := mini(42)
	noHorizon.Reference = 0
	for _, c := range []struct {
		name string
		spec string
		g    Geometry
		rope Rope
	}{
		{"no frames", "dense", Geometry{Rows: 4, Cols: 4, Reference: 21}, rope},
		{"no rows", "dense", Geometry{Frames: 4, Cols: 4, Reference: 21}, rope},
		{"negative text", "dense", Geometry{Frames: 4, Rows: 1, Cols: 4, Reference: 21, TextTokens: -1}, rope},
		{"too many tokens", "dense", Geometry{Frames: 60000, Rows: 1000, Cols: 1000, Reference: 21}, rope},
		{"overflow", "dense", Geometry{Frames: 4, Rows: math.MaxInt, Cols: 2, Reference: 21}, rope},
		{"lvsa without horizon", "lvsa", noHorizon, rope},
		{"ultravico without horizon", "ultravico", noHorizon, rope},
		{"position scale 0", "dense", mini(42), Rope{LogitScale: 1}},
	} {
		if _, err := build(t, c.spec).Begin(&recorder{}, c.g, c.rope); err == nil || !strings.HasPrefix(err.Error(), "lvsa: ") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, spec := range []string{"pi", "ntk", "yarn", "riflex"} {
		if _, err := build(t, spec).Rope(noHorizon, rope); err == nil {
			t.Errorf("%s: no error without a horizon", spec)
		}
	}
	if _, err := build(t, "ntk").Rope(mini(42), NewRope(1e4, 2)); err == nil {
		t.Error("ntk: no error for 2 temporal dims")
	}
	if _, err := build(t, "riflex").Rope(mini(42), NewRope(1e4, 0)); err == nil {
		t.Error("riflex: no error without temporal dims")
	}
	for _, p := range []Pattern{
		{},
		{Frames: 2, Windows: [][2]int{{0, 1}}},
		{Frames: 2, Windows: [][2]int{{0, 1}, {1, 2}}},
		{Frames: 2, Windows: [][2]int{{0, 1}, {1, 0}}},
		{Frames: 2, Anchors: []int{1, 0}, Windows: [][2]int{{0, 1}, {0, 1}}},
	} {
		if _, err := Static(p, kernels.Logits{}); err == nil {
			t.Errorf("Static takes %+v", p)
		}
	}
}

// TestVideoPairs compares with counting token by token.
func TestVideoPairs(t *testing.T) {
	g := Geometry{Frames: 7, Rows: 1, Cols: 3}
	n := g.Tokens()
	for i, cuts := range [][]kernels.Rect{
		nil,
		{{Q0: 0, Q1: 4, K0: 10, K1: 21}},
		{{Q0: 2, Q1: 11, K0: 5, K1: 9}, {Q0: 4, Q1: 20, K0: 7, K1: 14}, {Q0: 4, Q1: 5, K0: 0, K1: 1}},
		{{Q0: 0, Q1: 21, K0: 20, K1: 25}, {Q0: 3, Q1: 3, K0: 0, K1: 21}},
	} {
		for _, c := range []patternConfig{
			{frames: 7, window: 1, first: 1, interval: 3, offset: 1, expand: true},
			{frames: 7, window: 2, first: 0, expand: false},
			{frames: 7, window: 0, first: 1},
		} {
			p, err := newPattern(c)
			if err != nil {
				t.Fatal(err)
			}
			m, err := p.BlockMask(3, 0)
			if err != nil {
				t.Fatal(err)
			}
			mask, want := DenseMask(m), int64(0)
			for q := range n {
				for k := range n {
					cut := slices.ContainsFunc(cuts, func(r kernels.Rect) bool {
						return int(r.Q0) <= q && q < int(r.Q1) && int(r.K0) <= k && k < int(r.K1)
					})
					if mask[q*n+k] && !cut {
						want++
					}
				}
			}
			if got, err := videoPairs(p, g, cuts); err != nil || got != want {
				t.Errorf("cuts %d, %+v: %d pairs, %v, want %d", i, c, got, err, want)
			}
		}
	}
}

func TestScheduledWrapsAnyMethod(t *testing.T) {
	m, err := Static(DensePattern(42), kernels.Logits{CenterK: true, Bands: []kernels.Band{{To: 5, Factor: 1}, {To: 9, Factor: 0.5}}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Scheduled(m, Schedule{DenseSteps: Steps{First: 19}, DenseLayers: []int{1}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Name(), "static,dense_steps.first=19,dense_steps.last=0,dense_layers=1"; got != want {
		t.Errorf("name %q, want %q", got, want)
	}
	g := mini(42)
	a, err := s.Begin(&recorder{}, g, NewRope(1e4, 24))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	sample(t, a, g)
	u := a.Usage()
	if len(u) != 2 || u[1].Calls != 4 || !slices.Equal(u[1].Steps, []int{19}) || !slices.Equal(u[1].Layers, []int{0, 2}) || !a.Engaged() {
		t.Errorf("usage %+v", u)
	}
	if _, err := Scheduled(m, Schedule{DenseLayers: []int{-1}}); err == nil {
		t.Error("no error for layer -1")
	}
}

// TestWarmAttendDoesNotAllocate: only the first call of a pattern builds.
func TestWarmAttendDoesNotAllocate(t *testing.T) {
	g := mini(84)
	a, _ := begin(t, "lvsa+riflex+ultravico:dense_layers=0", g)
	defer a.Close()
	sample(t, a, g)
	args := tokens(g.Tokens(), 2, 64)
	step := 0
	if n := testing.AllocsPerRun(100, func() {
		for layer := range layers {
			if err := a.Attend(Site{step, steps, layer, layers, 0}, args); err != nil {
				t.Error(err)
			}
		}
		step = (step + 1) % steps
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}
