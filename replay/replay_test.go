package replay

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"longtake/internal/safetensors"
	"longtake/kernels/all"
)

var meta = map[string]string{"frames": "9", "rows": "2", "cols": "3", "reference": "3", "rope_theta": "10000", "layer": "1", "step": "2", "model": "toy"}

// file writes a dump of random values; edit may change it first.
func file(t testing.TB, edit func(meta map[string]string, e map[string]*safetensors.Entry)) string {
	t.Helper()
	m := maps.Clone(meta)
	r := rand.New(rand.NewPCG(1, 2))
	entries := map[string]*safetensors.Entry{}
	for name, heads := range map[string]int{"q": 4, "k": 2, "v": 2} {
		entries[name] = &safetensors.Entry{Name: name, Shape: []int{54, heads, 12}}
	}
	for _, name := range []string{"q", "k", "v"} {
		e := entries[name]
		for range e.Shape[0] * e.Shape[1] * e.Shape[2] {
			e.Data = append(e.Data, float32(r.NormFloat64()))
		}
	}
	if edit != nil {
		edit(m, entries)
	}
	var list []safetensors.Entry
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		list = append(list, *entries[name])
	}
	path := filepath.Join(t.TempDir(), "dump.safetensors")
	if err := safetensors.WriteFile(path, m, list); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRun(t *testing.T) {
	d, err := Load(file(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if d.Heads != 4 || d.KVHeads != 2 || d.Dim != 12 || d.TemporalDims != 4 || d.Site.Layer != 1 || d.Site.Steps != 3 || d.Geometry.Frames != 9 {
		t.Errorf("read as %+v", d)
	}
	b, err := all.Get("cpu", all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	results, err := Run(context.Background(), b, d, []string{"dense", "lvsa:window=1", "lvsa:window=2", "ultravico", "riflex", "pi"}, Options{Queries: 20, Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]Result{}
	for _, r := range results {
		by[r.Label] = r
		if len(r.Rows) != 4 {
			t.Fatalf("%s has %d rows for 4 heads", r.Label, len(r.Rows))
		}
		for _, row := range r.Rows {
			if !(row.Mass <= 1+1e-9) || !(row.LeastMass <= row.Mass) || !(row.Kernel <= row.KernelBound) || !(row.Seconds > 0) {
				t.Errorf("%s: %+v", r.Label, row)
			}
		}
	}
	dense, one, two := by["dense"].Mean(), by["lvsa:window=1"].Mean(), by["lvsa:window=2"].Mean()
	if dense.Mass != 1 && math.Abs(dense.Mass-1) > 1e-12 || dense.Output > 1e-5 || by["dense"].Engaged {
		t.Errorf("dense: %+v", dense)
	}
	if !(one.Mass < two.Mass && two.Mass < 1) || !(one.Fraction < two.Fraction) || !(one.Output > two.Output) {
		t.Errorf("a wider window keeps more: %+v, %+v", one, two)
	}
	// Random logits: what is kept is about the share of pairs.
	if math.Abs(one.Mass-one.Fraction) > 0.15 {
		t.Errorf("mass %.3f of %.3f of the pairs", one.Mass, one.Fraction)
	}
	for _, m := range []string{"ultravico", "riflex", "pi"} {
		if x := by[m].Mean(); x.Output < 1e-4 || !by[m].Engaged {
			t.Errorf("%s changes nothing: %+v", m, x)
		}
	}
	if r := by["riflex"].Mean(); math.Abs(r.Mass-1) > 1e-12 {
		t.Errorf("an edited embedding keeps all pairs: mass %v", r.Mass)
	}
	if n := len(Records(d, results)); n != 6*4 {
		t.Errorf("%d records", n)
	}
	if err := SaveFigure(filepath.Join(t.TempDir(), "f"), d, results); err != nil {
		t.Error(err)
	}
}

// A dump of RIFLEx replayed as RIFLEx is what its own model attended with;
// replayed as dense it has the model's own embedding.
func TestEditedDump(t *testing.T) {
	d, err := Load(file(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	b, err := all.Get("cpu", all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	first := &runner{b: b, d: d, o: Options{Queries: 8, Rounds: 1}}
	if err := first.prepare(); err != nil {
		t.Fatal(err)
	}
	edited := *d
	edited.Method = "pi"
	to := d.base()
	to.PositionScale = 3. / 9
	edited.Q, edited.K = d.rotate(d.Q, d.Heads, d.base(), to), d.rotate(d.K, d.KVHeads, d.base(), to)
	second := &runner{b: b, d: &edited, o: first.o}
	if err := second.prepare(); err != nil {
		t.Fatal(err)
	}
	for h := range first.dense {
		for i := range first.dense[h] {
			for c, want := range first.dense[h][i].Out {
				if got := second.dense[h][i].Out[c]; math.Abs(got-want) > 1e-5 {
					t.Fatalf("head %d, query %d: %v, want %v", h, i, got, want)
				}
			}
		}
	}
	// One pair by hand: frame 2, pair 1 turns by 2 theta^(-2/4).
	angle := 2 * math.Pow(10000, -0.5)
	zero := d.base()
	zero.PositionScale = 1e-300
	got := d.rotate(d.Q, d.Heads, zero, d.base())
	at := 2*6*4*12 + 2
	x, y := float64(d.Q[at]), float64(d.Q[at+1])
	if want := x*math.Cos(angle) - y*math.Sin(angle); math.Abs(float64(got[at])-want) > 1e-6 {
		t.Errorf("turned to %v, want %v", got[at], want)
	}
}

func TestBadDumps(t *testing.T) {
	for words, edit := range map[string]func(map[string]string, map[string]*safetensors.Entry){
		`no "frames"`:     func(m map[string]string, _ map[string]*safetensors.Entry) { delete(m, "frames") },
		`"rows" is "two"`: func(m map[string]string, _ map[string]*safetensors.Entry) { m["rows"] = "two" },
		"want [tokens":    func(m map[string]string, _ map[string]*safetensors.Entry) { m["frames"] = "8" },
		`no tensor "v"`:   func(_ map[string]string, e map[string]*safetensors.Entry) { delete(e, "v") },
		`"rope_theta"`:    func(m map[string]string, _ map[string]*safetensors.Entry) { m["rope_theta"] = "-1" },
		"more than":       func(m map[string]string, _ map[string]*safetensors.Entry) { m["cols"] = "99999999" },
		"finite":          func(_ map[string]string, e map[string]*safetensors.Entry) { e["k"].Data[5] = float32(math.NaN()) },
		"even number":     func(m map[string]string, _ map[string]*safetensors.Entry) { m["rope_temporal_dims"] = "5" },
		"heads that divide": func(_ map[string]string, e map[string]*safetensors.Entry) {
			e["k"].Shape, e["k"].Data = []int{54, 3, 12}, make([]float32, 54*3*12)
		},
	} {
		if _, err := Load(file(t, edit)); err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "dump.safetensors") {
			t.Errorf("want %q: %v", words, err)
		}
	}
	d, err := Load(file(t, func(m map[string]string, _ map[string]*safetensors.Entry) { delete(m, "rope_theta") }))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := all.Get("cpu", all.Options{})
	if _, err := Run(context.Background(), b, d, []string{"lvsa"}, Options{Queries: 4, Rounds: 1}); err != nil {
		t.Errorf("lvsa needs no embedding: %v", err)
	}
	for _, m := range []string{"pi", "ntk", "yarn", "riflex", "lvsa+riflex"} {
		if _, err := Run(context.Background(), b, d, []string{m}, Options{Queries: 4, Rounds: 1}); err == nil || !strings.Contains(err.Error(), "rope_theta") {
			t.Errorf("%s without an embedding: %v", m, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, edit := range []func(map[string]string, map[string]*safetensors.Entry){nil,
		func(m map[string]string, _ map[string]*safetensors.Entry) { m["text_tokens"] = "6" },
		func(m map[string]string, _ map[string]*safetensors.Entry) { m["rows"] = "-1" },
	} {
		b, err := os.ReadFile(file(f, edit))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := safetensors.Parse("fuzz", b)
		if err != nil {
			return
		}
		d, err := read(file)
		if err != nil {
			return
		}
		n := d.Geometry.Tokens() + d.Geometry.TextTokens
		if len(d.Q) != n*d.Heads*d.Dim || len(d.K) != n*d.KVHeads*d.Dim || len(d.V) != len(d.K) || d.Heads%d.KVHeads != 0 || d.TemporalDims > d.Dim {
			t.Fatalf("read as %d, %d, %d elements of %+v", len(d.Q), len(d.K), len(d.V), d.Geometry)
		}
	})
}
