package layers

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "longtake"

// imports reads, per package directory of the module, which files import what,
// test files apart.
func imports(t *testing.T, root string) map[string]map[string][]string {
	t.Helper()
	pkgs := map[string]map[string][]string{} // directory -> import path -> files
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path == root {
				return nil
			}
			if name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
				return filepath.SkipDir // another module
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(rel))
		if pkgs[dir] == nil {
			pkgs[dir] = map[string][]string{}
		}
		for _, s := range f.Imports {
			p, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				return err
			}
			pkgs[dir][p] = append(pkgs[dir][p], rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}

func TestImportsFollowTheTable(t *testing.T) {
	pkgs := imports(t, "../..")
	if len(pkgs["internal/layers"]) == 0 {
		t.Fatal("the walk did not find this package: is the test run from its own folder?")
	}
	for _, dir := range slices.Sorted(maps.Keys(pkgs)) {
		rule, ok := Find(dir)
		if !ok {
			t.Errorf("package directory %q is not in the table: add a rule to Table in internal/layers/layers.go that says what it may import", dir)
			continue
		}
		for _, path := range slices.Sorted(maps.Keys(pkgs[dir])) {
			if !rule.Allows(module, path) {
				t.Errorf("%s imports %q, which the rule %q does not allow: move the code, or pass a value or a function instead", strings.Join(pkgs[dir][path], ", "), path, rule.Dir)
			}
		}
	}
}

func TestAbsences(t *testing.T) {
	pkgs := imports(t, "../..")
	for _, a := range Absences {
		seen := map[string]string{a.From: a.From} // directory -> chain
		for queue := []string{a.From}; len(queue) > 0; queue = queue[1:] {
			for path := range pkgs[queue[0]] {
				dir, ok := strings.CutPrefix(path, module+"/")
				if !ok || seen[dir] != "" {
					continue
				}
				seen[dir] = seen[queue[0]] + " -> " + dir
				queue = append(queue, dir)
				if dir == a.Never || strings.HasPrefix(dir, a.Never+"/") {
					t.Errorf("%s: %s must not reach %s (%s)", seen[dir], a.From, a.Never, a.Why)
				}
			}
		}
	}
}

func TestRules(t *testing.T) {
	for _, tc := range []struct {
		dir, path string
		want      bool
	}{
		{"vqeval", "longtake/video", true},
		{"vqeval", "longtake/lvsa", false},
		{"vqeval", "longtake/diffusion/mini", false},
		{"reports", "longtake/bench/stats", true},
		{"reports", "longtake/vqeval", false},
		{"reports", "longtake/sweeps", false},
		{"lvsa", "longtake/diffusion", false},
		{"lvsa", "gonum.org/v1/gonum/stat", false},
		{"kernels", "longtake/kernels/cpu", false},
		{"kernels/all", "longtake/kernels/cpu", true},
		{"bench", "longtake/bench/stats", false},
		{"sweeps", "longtake/diffusion", true},
		{"sweeps", "longtake/diffusion/mini", false},
		{"sweeps", "longtake/reports", false},
		{"cmd/longtake", "longtake/sweeps", true},
		{"cmd/longtake", "github.com/spf13/cobra", true},
		{"video", "github.com/u2takey/ffmpeg-go", true},
		{"video", "github.com/u2takey/ffmpeg-go-evil", false},
		{"video", "C", false},
	} {
		rule, ok := Find(tc.dir)
		if !ok {
			t.Errorf("no rule for %s", tc.dir)
			continue
		}
		if got := rule.Allows(module, tc.path); got != tc.want {
			t.Errorf("%s may import %s: %v, want %v", tc.dir, tc.path, got, tc.want)
		}
	}
	for _, dir := range []string{"cmd", "cmd/a/b", "other", "internal", "internal/other"} {
		if r, ok := Find(dir); ok {
			t.Errorf("directory %s is covered by rule %s, want none", dir, r.Dir)
		}
	}
}
