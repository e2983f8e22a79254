package lvsa

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"longtake/internal/golden"
	"longtake/kernels"
)

// vectors reads a file of testdata/vectors; a key that v lacks fails.
func vectors(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(golden.Dir(t), "..", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestAutoInterval(t *testing.T) {
	var v struct {
		Columns      []string    `json:"columns"`
		Rows         [][11]maybe `json:"rows"`
		ExtraColumns []string    `json:"extra_columns"`
		ExtraRows    [][6]maybe  `json:"extra_rows"`
	}
	vectors(t, "lvsa_auto_kfi.json", &v)
	if len(v.Rows) != 17600 || len(v.ExtraRows) != 1200 {
		t.Fatalf("%d and %d rows", len(v.Rows), len(v.ExtraRows))
	}
	bad := 0
	for _, r := range v.Rows {
		if bad > 5 {
			break
		}
		b := NewBudget(r[0].int(), r[1].int(), r[2].int(), r[3].int(), float64(r[4]))
		ok := b.Interval == r[5].int() && b.Frames == r[6].int()
		if r[7] != -1 {
			ok = ok && b.Anchors == r[7].int() && b.Strict == r[8].int() && b.Fallback == r[9].int()
			ok = ok && b.Interval == max(b.Strict, b.Fallback)
		}
		if n := anchorsAtZero(r[0].int(), r[2].int(), b.Interval); n != r[10].int() {
			t.Errorf("row %v: %d anchors", r, n)
			bad++
		}
		if !ok {
			t.Errorf("row %v: %+v", r, b)
			bad++
		}
	}
	for _, r := range v.ExtraRows {
		if b := NewBudget(r[0].int(), r[1].int(), r[2].int(), r[3].int(), float64(r[4])); b.Interval != r[5].int() {
			t.Errorf("extra row %v: %+v", r, b)
		}
	}
}

// maybe reads null as -1.
type maybe float64

func (n maybe) int() int { return int(n) }

func (n *maybe) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = -1
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

func TestAnchors(t *testing.T) {
	var v struct {
		Columns []string            `json:"columns"`
		Rows    [][]json.RawMessage `json:"rows"`
	}
	vectors(t, "lvsa_globals.json", &v)
	if len(v.Rows) != 3520 {
		t.Fatalf("%d rows", len(v.Rows))
	}
	for _, r := range v.Rows {
		var frames, first, offset int
		var interval *int
		var want []int
		for i, into := range []any{&frames, &first, &interval, &offset, &want} {
			if err := json.Unmarshal(r[i], into); err != nil {
				t.Fatal(err)
			}
		}
		c := patternConfig{frames: frames, window: 1, first: first, offset: offset, expand: true}
		if interval != nil {
			c.interval = *interval
		}
		p, err := newPattern(c)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.Anchors, want) {
			t.Fatalf("%+v: anchors %v, want %v", c, p.Anchors, want)
		}
	}
}

// TestRotationCoversEveryFrame: the periodic anchors are ceil(T/kfi) frames at
// every offset, and all frames over a turn.
func TestRotationCoversEveryFrame(t *testing.T) {
	for frames := 1; frames <= 40; frames++ {
		for k := 1; k <= frames+2; k++ {
			seen := map[int]bool{}
			for o := range k {
				p, err := newPattern(patternConfig{frames: frames, interval: k, offset: o})
				if err != nil {
					t.Fatal(err)
				}
				if len(p.Anchors) != ceilDiv(frames, k) {
					t.Fatalf("T %d, interval %d, offset %d: %v", frames, k, o, p.Anchors)
				}
				for _, a := range p.Anchors {
					seen[a] = true
				}
			}
			if len(seen) != frames {
				t.Fatalf("T %d, interval %d: a turn covers %d frames", frames, k, len(seen))
			}
		}
	}
}

func TestWindows(t *testing.T) {
	var v struct {
		Cases []struct {
			T, W     int
			Expand   bool
			NFirst   int `json:"n_first"`
			KFI      *int
			Offset   int
			Globals  []int
			Bounds   [][2]int
			Attended []int `json:"attended_count"`
		}
	}
	vectors(t, "lvsa_windows.json", &v)
	if len(v.Cases) != 712 {
		t.Fatalf("%d cases", len(v.Cases))
	}
	empty := 0
	for _, c := range v.Cases {
		cfg := patternConfig{frames: c.T, window: c.W, first: c.NFirst, offset: c.Offset, expand: c.Expand}
		if c.KFI != nil {
			cfg.interval = *c.KFI
		}
		p, err := newPattern(cfg)
		if c.W == 0 && len(c.Globals) == 0 {
			if err == nil {
				t.Errorf("%+v: no error for frames without keys", cfg)
			}
			empty++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.Anchors, c.Globals) || !slices.Equal(p.Windows, c.Bounds) {
			t.Fatalf("%+v: anchors %v, windows %v, want %v, %v", cfg, p.Anchors, p.Windows, c.Globals, c.Bounds)
		}
		if c.Attended != nil && !slices.Equal(p.Attended(), c.Attended) {
			t.Fatalf("%+v: attended %v, want %v", cfg, p.Attended(), c.Attended)
		}
		if c.Expand && c.W > 0 {
			for f, n := range p.Attended() {
				if want := len(p.Anchors) + min(2*c.W+1, c.T-len(p.Anchors)); n != want {
					t.Fatalf("%+v: frame %d sees %d frames, want %d", cfg, f, n, want)
				}
			}
		}
	}
	t.Logf("%d cases, of which %d without any key are refused", len(v.Cases), empty)
}

func TestGuardsOfOneRank(t *testing.T) {
	var v struct {
		Columns []string            `json:"columns"`
		Rows    [][]json.RawMessage `json:"rows"`
	}
	vectors(t, "lvsa_guards.json", &v)
	one, more := 0, 0
	for _, r := range v.Rows {
		var frames, world, w int
		var guards []int
		for i, into := range map[int]any{0: &frames, 2: &world, 3: &w, 6: &guards} {
			if err := json.Unmarshal(r[i], into); err != nil {
				t.Fatal(err)
			}
		}
		p := DefaultPatternParams(frames, 1)
		p.Window, p.First, p.Interval, p.Guards = w, 0, NoInterval, guards
		if world == 1 {
			one++
			if len(guards) != 0 {
				t.Errorf("row %s: one rank has no guards", r)
			}
		} else {
			more++
		}
		if w == 0 && len(guards) == 0 {
			continue
		}
		got, err := ComputePattern(p)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Anchors, guards) {
			t.Errorf("row %s: anchors %v", r, got.Anchors)
		}
	}
	if one != 144 || more != 864 {
		t.Errorf("%d rows of one rank, %d of more", one, more)
	}
	t.Logf("%d rows of one rank hold; the guard frames of %d rows of more ranks are only taken as input", one, more)
}

func TestBlockMaskVectors(t *testing.T) {
	var v struct {
		Cases []struct {
			In struct {
				T, P, W     int
				NFirst      int `json:"n_first"`
				KFI         *int
				Offset      int
				World, Rank int
				Expand      bool
				Guards      []int
			}
			LocalSeq     int         `json:"local_seq"`
			TokenStart   int         `json:"token_start"`
			LocalFrames  [][3]int    `json:"local_frames"`
			WindowCtx    [][]any     `json:"window_ctx"`
			GlobalCopies [][2]int    `json:"global_copies"`
			LocalCopies  [][2]int    `json:"local_copies"`
			CompactN     int         `json:"compact_n"`
			Indptr       []int32     `json:"indptr"`
			Indices      []int32     `json:"indices"`
			Globals      []int       `json:"globals"`
			Attended     [][]int     `json:"attended"`
			C, M, N, MB  json.Number `json:",omitempty"`
		}
	}
	vectors(t, "lvsa_csr.json", &v)
	one, more := 0, 0
	for i, c := range v.Cases {
		cfg := patternConfig{frames: c.In.T, window: c.In.W, first: c.In.NFirst, offset: c.In.Offset, expand: c.In.Expand, guards: c.In.Guards}
		if c.In.KFI != nil {
			cfg.interval = *c.In.KFI
		}
		p, err := newPattern(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.Anchors, c.Globals) {
			t.Errorf("case %d: anchors %v, want %v", i, p.Anchors, c.Globals)
		}
		// The row of a frame is padded by repeating its last entry.
		for r, local := range c.LocalFrames {
			if want := slices.Compact(slices.Clone(c.Attended[r])); !slices.Equal(p.Keys(local[0]), want) {
				t.Errorf("case %d: frame %d sees %v, want %v", i, local[0], p.Keys(local[0]), want)
			}
		}
		if c.In.World > 1 {
			more++
			continue
		}
		one++
		m, err := p.BlockMask(c.In.P, 0)
		if err != nil {
			t.Fatal(err)
		}
		// The vectors number the frames that somebody sees.
		slots := slices.Compact(slices.Sorted(slices.Values(m.Col)))
		if len(slots) != c.CompactN {
			t.Errorf("case %d: %d frames are seen, want %d", i, len(slots), c.CompactN)
		}
		var indices []int32
		for _, col := range m.Col {
			s, _ := slices.BinarySearch(slots, col)
			indices = append(indices, int32(s))
		}
		if !slices.Equal(m.Row, c.Indptr) || !slices.Equal(indices, c.Indices) {
			t.Errorf("case %d: rows %v columns %v, want %v %v", i, m.Row, indices, c.Indptr, c.Indices)
		}
		if int(m.QEnd[len(m.QEnd)-1]) != c.LocalSeq || len(m.QEnd) != c.In.T {
			t.Errorf("case %d: blocks end at %v of %d tokens", i, m.QEnd, c.LocalSeq)
		}
	}
	if one != 94 || more != 72 {
		t.Errorf("%d cases of one rank, %d of more", one, more)
	}
	t.Logf("%d cases of one rank hold; of %d cases of more ranks only anchors and attended frames are compared", one, more)
}

func TestRotationVectors(t *testing.T) {
	var v struct {
		Cases []struct {
			Steps, KFI int
			Standalone []int `json:"standalone_offsets"`
			Plugin     []int `json:"plugin_offsets"`
		}
	}
	vectors(t, "lvsa_schedule.json", &v)
	for _, c := range v.Cases {
		for step := range c.Steps {
			if got := Exact.offset(step, c.KFI); got != c.Plugin[step] {
				t.Errorf("exact: interval %d, step %d: %d", c.KFI, step, got)
			}
			if got := Lag1.offset(step, c.KFI); got != c.Standalone[step] {
				t.Errorf("lag1: interval %d, step %d: %d", c.KFI, step, got)
			}
		}
	}
}

func TestBudgetVectors(t *testing.T) {
	var v struct {
		Cases []struct {
			Model     string
			T, P, W   int
			NFirst    int `json:"n_first"`
			Ref       int
			Scale     float64
			KFI       int
			PerOffset []struct {
				Offset      int
				NumGlobals  int `json:"num_globals"`
				AttendedMin int `json:"attended_min"`
				AttendedMax int `json:"attended_max"`
				NNZ         int
				CompactN    *int `json:"compact_n"`
			} `json:"per_offset"`
			AvgNNZ   float64 `json:"avg_nnz"`
			Fraction float64 `json:"attended_fraction"`
		}
	}
	vectors(t, "lvsa_budget.json", &v)
	for _, c := range v.Cases {
		sum := 0.0
		for _, o := range c.PerOffset {
			p := DefaultPatternParams(c.T, c.Ref)
			p.Window, p.First, p.Scale, p.Step = c.W, c.NFirst, c.Scale, o.Offset
			got, err := ComputePattern(p)
			if err != nil {
				t.Fatal(err)
			}
			n := got.Attended()
			nnz, seen := 0, map[int]bool{}
			for f, k := range n {
				nnz += k
				for _, key := range got.Keys(f) {
					seen[key] = true
				}
			}
			if got.Interval != c.KFI || got.Offset != o.Offset || len(got.Anchors) != o.NumGlobals ||
				slices.Min(n) != o.AttendedMin || slices.Max(n) != o.AttendedMax || nnz != o.NNZ {
				t.Errorf("%s T %d W %d scale %v offset %d: %v, want %+v", c.Model, c.T, c.W, c.Scale, o.Offset, got, o)
			}
			if o.CompactN != nil && len(seen) != *o.CompactN { // long videos leave it out
				t.Errorf("%s T %d W %d scale %v offset %d: %d frames are seen, want %d", c.Model, c.T, c.W, c.Scale, o.Offset, len(seen), *o.CompactN)
			}
			sum += got.Fraction()
		}
		if got := sum / float64(len(c.PerOffset)); math.Abs(got-c.Fraction) > 1e-9 {
			t.Errorf("%s T %d: fraction %v, want %v", c.Model, c.T, got, c.Fraction)
		}
	}
}

func TestPatternGoldens(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(golden.Dir(t), "lvsa_patterns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]struct {
		T, W     int
		NFirst   int     `json:"n_first"`
		Ref      int     `json:"reference_frames"`
		Scale    float64 `json:"sparsity_scale"`
		KFI      int
		Offset   int
		Anchors  []int    `json:"global_indices"`
		Windows  [][2]int `json:"window_bounds"`
		Attended []int    `json:"attended_count"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v) != 33 {
		t.Errorf("%d patterns", len(v))
	}
	for name, c := range v {
		p := DefaultPatternParams(c.T, c.Ref)
		p.Window, p.First, p.Scale, p.Step = c.W, c.NFirst, c.Scale, c.Offset
		got, err := ComputePattern(p)
		if err != nil {
			t.Fatal(err)
		}
		if got.Interval != c.KFI || !slices.Equal(got.Anchors, c.Anchors) || !slices.Equal(got.Windows, c.Windows) || !slices.Equal(got.Attended(), c.Attended) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// reference is attention in float64 from the formulas, with the edits as
// kernels.Logits describes them. q, k, v are [tokens, heads, dim]; lse is
// [heads, tokens].
func reference(q, k, v []float64, heads, kvHeads, dim int, mask []bool, l kernels.Logits, scale float64) (out, lse []float64) {
	nq, nk := len(q)/(heads*dim), len(k)/(kvHeads*dim)
	out, lse = make([]float64, len(q)), make([]float64, heads*nq)
	if l.CenterK {
		k = slices.Clone(k)
		for c := range kvHeads * dim {
			mean := 0.0
			for j := range nk {
				mean += k[j*kvHeads*dim+c] / float64(nk)
			}
			for j := range nk {
				k[j*kvHeads*dim+c] -= mean
			}
		}
	}
	for h := range heads {
		g := h * kvHeads / heads
		for i := range nq {
			logits := make([]float64, nk)
			top := math.Inf(-1)
			for j := range nk {
				s := 0.0
				for c := range dim {
					s += q[(i*heads+h)*dim+c] * k[(j*kvHeads+g)*dim+c]
				}
				s *= scale
				if (l.VideoTokens == 0 || max(i, j) < l.VideoTokens) && (s > 0 || !l.PositiveOnly) {
					for b, band := range l.Bands {
						if float64(max(i-j, j-i)) <= float64(band.To) || b == len(l.Bands)-1 {
							s *= exact(band.Factor)
							break
						}
					}
				}
				cut := slices.ContainsFunc(l.Cut, func(r kernels.Rect) bool {
					return int(r.Q0) <= i && i < int(r.Q1) && int(r.K0) <= j && j < int(r.K1)
				})
				if cut || !mask[i*nk+j] {
					s = math.Inf(-1)
				}
				logits[j] = s
				top = max(top, s)
			}
			sum := 0.0
			for _, s := range logits {
				sum += math.Exp(s - top)
			}
			lse[h*nq+i] = top + math.Log(sum)
			for j, s := range logits {
				for c := range dim {
					out[(i*heads+h)*dim+c] += math.Exp(s-top) / sum * v[(j*kvHeads+g)*dim+c]
				}
			}
		}
	}
	return out, lse
}

// exact is the decimal that was rounded to float32, such as 0.9.
func exact(f float32) float64 { return math.Round(float64(f)*1e6) / 1e6 }

func compare(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}
