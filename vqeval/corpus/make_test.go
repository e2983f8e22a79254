package corpus

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMakeRefuses(t *testing.T) {
	dir := t.TempDir()
	row, err := json.Marshal(plan(3)[0].Label)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{ManifestName: string(row) + "\n", generationName: generation + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for want, o := range map[string]Options{
		"count from 1":          {Editions: []int{2, 0}},
		"named twice":           {Editions: []int{2, 4, 2}},
		"only edition 1":        {Editions: []int{2}, CI: true},
		"has videos of edition": {Editions: []int{2, 4}},
		"split":                 {Split: "half"},
		"unknown kind":          {Kind: "frozen"},
		"workers":               {Workers: -1},
	} {
		if _, err := Make(t.Context(), dir, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}
