// Package golden gives tests the reference values under testdata/goldens and
// the tolerances that their manifest states.
package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"longtake/internal/safetensors"
)

// Dir is the folder of the golden files.
func Dir(tb testing.TB) string {
	tb.Helper()
	d, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			return filepath.Join(d, "testdata", "goldens")
		}
		up := filepath.Dir(d)
		if up == d {
			tb.Fatal("golden: no go.mod above the working directory")
		}
		d = up
	}
}

// File is one golden file with what the manifest says of it.
type File struct {
	*safetensors.File
	tb   testing.TB
	info manifestEntry
}

type manifestEntry struct {
	Config    json.RawMessage            `json:"config"`
	Seed      uint64                     `json:"seed"`
	Tolerance map[string]json.RawMessage `json:"tolerance"`
	Cases     json.RawMessage            `json:"cases"`
}

// Open opens name (without ".safetensors"); the test fails when that is not
// possible.
func Open(tb testing.TB, name string) *File {
	tb.Helper()
	dir := Dir(tb)
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var m struct{ Files map[string]manifestEntry }
	if err := json.Unmarshal(b, &m); err != nil {
		tb.Fatalf("golden: manifest.json: %v", err)
	}
	e, ok := m.Files[name+".safetensors"]
	if !ok {
		tb.Fatalf("golden: manifest.json does not list %s.safetensors", name)
	}
	f, err := safetensors.Open(filepath.Join(dir, name+".safetensors"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	return &File{File: f, tb: tb, info: e}
}

// Seed is the manifest's seed.
func (f *File) Seed() uint64 { return f.info.Seed }

// Config decodes the manifest's config into v.
func (f *File) Config(v any) {
	f.tb.Helper()
	if err := json.Unmarshal(f.info.Config, v); err != nil {
		f.tb.Fatalf("golden: config of %s: %v", f.Name, err)
	}
}

// LVSACase is one of the published implementation's attention calls, under
// "cases" of the file "lvsa": T latent frames of P tokens, H heads of D, a
// window of W frames.
type LVSACase struct {
	T, P, H, D, W int
	NFirst        int `json:"n_first"`
	KFI           *int
	Offset        int
	Expand        bool
	Auto          *struct {
		Ref   int
		Scale float64
	} `json:"auto_from"`
}

// Params is the method of a case, as lvsa.SpecFromMap reads it, and its
// training horizon in latent frames.
func (c LVSACase) Params() (params map[string]any, reference int) {
	params = map[string]any{"name": "lvsa", "window": c.W, "first": c.NFirst, "expand": c.Expand, "interval": "none"}
	switch {
	case c.Auto != nil:
		params["interval"], params["scale"] = "auto", c.Auto.Scale
		return params, c.Auto.Ref
	case c.KFI != nil:
		params["interval"] = *c.KFI
	}
	return params, 1
}

// LVSACases are the cases of the file "lvsa".
func (f *File) LVSACases() map[string]LVSACase {
	f.tb.Helper()
	var cases map[string]LVSACase
	if err := json.Unmarshal(f.info.Cases, &cases); err != nil || len(cases) == 0 {
		f.tb.Fatalf("golden: cases of %s: %d, %v", f.Name, len(cases), err)
	}
	return cases
}

// RawConfig is the manifest's config as it stands there.
func (f *File) RawConfig() []byte { return f.info.Config }

// Tolerance is the largest absolute error for a float32 implementation under
// the manifest's key.
func (f *File) Tolerance(key string) float64 {
	f.tb.Helper()
	raw, ok := f.info.Tolerance[key]
	if !ok {
		f.tb.Fatalf("golden: %s has no tolerance %q", f.Name, key)
	}
	var n float64
	if json.Unmarshal(raw, &n) == nil {
		return n
	}
	var v struct{ F32 *float64 }
	if err := json.Unmarshal(raw, &v); err != nil || v.F32 == nil {
		f.tb.Fatalf("golden: %s: tolerance %q is %s", f.Name, key, raw)
	}
	return *v.F32
}

// Values are the elements of a tensor.
func (f *File) Values(name string) []float32 {
	f.tb.Helper()
	v, _, err := f.Float32(name)
	if err != nil {
		f.tb.Fatal(err)
	}
	return v
}

// Shape is the shape of a tensor.
func (f *File) Shape(name string) []int {
	f.tb.Helper()
	t, ok := f.Tensor(name)
	if !ok {
		f.tb.Fatalf("golden: %s: no tensor %q", f.Name, name)
	}
	return t.Shape
}

// Check compares got with the tensor.
func (f *File) Check(name string, got []float32, tolerance float64) {
	f.tb.Helper()
	if err := Compare(got, f.Values(name), tolerance); err != nil {
		f.tb.Errorf("%s: %v", name, err)
	}
}

// Compare reports the largest difference when it is above the tolerance, and
// any length or NaN that differs.
func Compare(got, want []float32, tolerance float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d values, want %d", len(got), len(want))
	}
	worst, at := 0.0, -1
	for i := range want {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) && !(got[i] == want[i]) && !(got[i] != got[i] && want[i] != want[i]) {
			return fmt.Errorf("element %d is %g, want %g", i, got[i], want[i])
		}
		if d > worst {
			worst, at = d, i
		}
	}
	if worst > tolerance {
		return fmt.Errorf("element %d is %.9g, want %.9g: off by %.3g, tolerance %.3g", at, got[at], want[at], worst, tolerance)
	}
	return nil
}
