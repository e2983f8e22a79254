package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// printed is what pattern --json prints.
type printed struct {
	KFI      *int     `json:"kfi"`
	Anchors  []int    `json:"anchors"`
	Windows  [][2]int `json:"windows"`
	Attended []int    `json:"attended"`
	Fraction float64  `json:"fraction"`
}

func pattern(t *testing.T, args ...string) printed {
	t.Helper()
	status, stdout, stderr := call(t.Context(), append([]string{"pattern", "--json"}, args...)...)
	var p printed
	if err := json.Unmarshal([]byte(stdout), &p); status != 0 || err != nil {
		t.Fatalf("%v: status %d, %v, %s", args, status, err, stderr)
	}
	return p
}

func load(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

func flags(kv ...any) []string {
	var list []string
	for i := 0; i < len(kv); i += 2 {
		list = append(list, "--"+kv[i].(string), fmt.Sprint(kv[i+1]))
	}
	return list
}

func TestPatternGoldens(t *testing.T) {
	var cases map[string]struct {
		T, W        int
		First       int     `json:"n_first"`
		Reference   int     `json:"reference_frames"`
		Scale       float64 `json:"sparsity_scale"`
		KFI, Offset int
		Anchors     []int    `json:"global_indices"`
		Windows     [][2]int `json:"window_bounds"`
		Attended    []int    `json:"attended_count"`
	}
	load(t, "goldens/lvsa_patterns.json", &cases)
	for name, c := range cases {
		p := pattern(t, flags("latent-frames", c.T, "window", c.W, "first", c.First, "reference", c.Reference, "scale", c.Scale, "step", c.Offset)...)
		if p.KFI == nil || *p.KFI != c.KFI || !reflect.DeepEqual(p.Anchors, c.Anchors) || !reflect.DeepEqual(p.Windows, c.Windows) || !reflect.DeepEqual(p.Attended, c.Attended) {
			t.Errorf("%s: got %+v", name, p)
		}
	}
	if len(cases) == 0 {
		t.Error("no cases")
	}
}

func TestPatternIntervals(t *testing.T) {
	var v struct{ Rows [][]float64 }
	load(t, "vectors/lvsa_auto_kfi.json", &v)
	n := 0
	for i := 0; i < len(v.Rows); i += 41 { // T, W, n_first, ref, scale, kfi
		r := v.Rows[i]
		if r[1] == 0 && r[2] == 0 && r[5] == 1 && r[0] == 0 {
			continue
		}
		p := pattern(t, flags("latent-frames", int(r[0]), "window", int(r[1]), "first", int(r[2]), "reference", int(r[3]), "scale", strconv.FormatFloat(r[4], 'g', -1, 64))...)
		if p.KFI == nil || *p.KFI != int(r[5]) {
			t.Errorf("row %v: got interval %v", r, p.KFI)
		}
		n++
	}
	if n < 300 {
		t.Errorf("%d rows were tried", n)
	}
}

func TestPatternWindows(t *testing.T) {
	var v struct {
		Cases []struct {
			T, W     int
			Expand   bool
			First    *int `json:"n_first"`
			KFI      *int
			Offset   int
			Globals  []int
			Bounds   [][2]int
			Attended []int `json:"attended_count"`
		}
	}
	load(t, "vectors/lvsa_windows.json", &v)
	n := 0
	for _, c := range v.Cases {
		if c.First == nil || len(c.Globals) == 0 {
			continue // a window without anchors to name, or one that attends to nothing
		}
		args := flags("latent-frames", c.T, "window", c.W, "first", *c.First, "step", c.Offset)
		switch {
		case c.KFI == nil || *c.KFI == 0:
			args = append(args, "--interval", "none")
		case c.Offset >= *c.KFI:
			continue // rotation never gets there
		default:
			args = append(args, "--interval", strconv.Itoa(*c.KFI))
		}
		if !c.Expand {
			args = append(args, "--no-expand")
		}
		p := pattern(t, args...)
		if !reflect.DeepEqual(p.Windows, c.Bounds) || !reflect.DeepEqual(p.Anchors, c.Globals) || c.Attended != nil && !reflect.DeepEqual(p.Attended, c.Attended) {
			t.Errorf("%v: got %+v, want %v %v", args, p, c.Globals, c.Bounds)
		}
		n++
	}
	if n < 100 {
		t.Errorf("%d cases were tried", n)
	}
}

func TestPatternWords(t *testing.T) {
	p := pattern(t, flags("latent-frames", 12, "window", 1, "interval", "none")...)
	if p.KFI != nil || !reflect.DeepEqual(p.Anchors, []int{0}) {
		t.Errorf("without an interval: %+v", p)
	}
	exact := pattern(t, flags("latent-frames", 42, "step", 2)...)
	lag := pattern(t, append(flags("latent-frames", 42, "step", 3), "--schedule", "lag1")...)
	fixed := pattern(t, append(flags("latent-frames", 42, "step", 2), "--fixed")...)
	if !reflect.DeepEqual(exact, lag) || reflect.DeepEqual(exact, fixed) {
		t.Error("lag1 at step 3 is exact at step 2, and fixed is neither")
	}
	status, stdout, _ := call(t.Context(), "pattern", "--latent-frames", "42")
	if status != 0 || !strings.Contains(stdout, "42 latent frames, anchor interval 3") || strings.Count(stdout, "\n") < 42 || !strings.Contains(stdout, "#") {
		t.Errorf("the picture:\n%s", stdout)
	}
}
