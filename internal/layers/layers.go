// Package layers holds the project's import table: which package may lean on
// which. Its test parses the import lines of the source files themselves.
package layers

import "strings"

// Rule says what the packages of one directory may import, test files apart.
// Everything is the standard library plus all of ours.
type Rule struct {
	Dir        string   // relative to the module's root; "x/*" is every directory directly below x
	Ours       []string // directories, or Everything
	ThirdParty []string // module or package paths
}

// Everything in [Rule.Ours] allows every package of the module.
const Everything = "everything"

// Table is the whole order, top to bottom. The first rule whose Dir matches a
// package's directory applies.
var Table = []Rule{
	{"cmd/*", []string{Everything}, []string{"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/schollz/progressbar/v3", "golang.org/x/term"}},
	{"tools/mini/*", []string{Everything}, []string{"gonum.org/v1/gonum", "github.com/olekukonko/tablewriter"}},
	{"bench/suites", []string{Everything}, []string{"gonum.org/v1/gonum", "golang.org/x/perf", "github.com/olekukonko/tablewriter"}},

	{"sweeps", []string{"diffusion", "vqeval", "lvsa", "kernels", "kernels/all", "video", "bench", "internal/safetensors", "internal/scenes", "internal/atomicfile", "internal/filesum", "internal/process", "internal/nvidia", "internal/videoapi", "internal/slurm"}, []string{"go.yaml.in/yaml/v3", "golang.org/x/sys"}},
	{"reports/web", nil, nil},
	{"reports", []string{"reports/web", "bench", "bench/stats", "bench/gate", "video", "internal/figure", "internal/atomicfile"}, []string{"github.com/olekukonko/tablewriter", "gonum.org/v1/gonum", "gonum.org/v1/plot", "golang.org/x/image", "golang.org/x/perf"}},

	{"replay", []string{"lvsa", "kernels", "kernels/exact", "bench", "bench/stats", "internal/safetensors", "internal/figure"}, nil}, // one attention call through every method

	{"diffusion/mini", []string{"diffusion", "lvsa", "kernels", "internal/safetensors"}, nil},
	{"diffusion", []string{"lvsa", "kernels", "video", "internal/safetensors"}, nil},
	{"vqeval/compare", []string{"vqeval", "video"}, []string{"gonum.org/v1/gonum"}},
	{"vqeval", []string{"video", "kernels", "kernels/frames", "kernels/sad", "internal/figure", "internal/binomial"}, []string{"gonum.org/v1/gonum"}},
	{"vqeval/corpus", []string{"vqeval", "video", "internal/atomicfile", "internal/binomial", "internal/figure", "internal/filesum"}, []string{"gonum.org/v1/gonum", "github.com/olekukonko/tablewriter"}},
	{"vqeval/page", []string{"vqeval", "video", "internal/figure"}, nil},
	{"lvsa", []string{"kernels"}, nil},

	{"kernels/all", []string{"kernels", "kernels/*"}, nil},
	{"kernels/exact", []string{"kernels"}, nil},
	{"kernels/cuda", []string{"kernels"}, []string{"gorgonia.org/cu"}},
	{"kernels/*", []string{"kernels", "internal/cpu"}, []string{"golang.org/x/sys"}},
	{"kernels", nil, nil},

	{"bench/stats", []string{"bench"}, []string{"gonum.org/v1/gonum", "golang.org/x/perf", "github.com/aclements/go-moremath"}},
	{"bench/gate", []string{"bench", "bench/stats"}, []string{"gonum.org/v1/gonum", "go.yaml.in/yaml/v3"}},
	{"bench", nil, nil},
	{"video", []string{"internal/process"}, []string{"github.com/u2takey/ffmpeg-go"}},

	{"internal/figure", []string{"internal/atomicfile"}, []string{"gonum.org/v1/plot", "gonum.org/v1/gonum", "golang.org/x/image", "golang.org/x/text", "codeberg.org/go-fonts/liberation", "codeberg.org/go-pdf/fpdf"}},
	{"internal/golden", []string{"internal/safetensors", "kernels"}, nil},
	{"internal/cpu", nil, []string{"golang.org/x/sys"}},
	{"internal/safetensors", []string{"internal/atomicfile"}, []string{"golang.org/x/sys"}},
	{"internal/atomicfile", nil, nil},
	{"internal/binomial", nil, []string{"gonum.org/v1/gonum"}},
	{"internal/filesum", nil, nil},
	{"internal/process", nil, []string{"golang.org/x/sys"}},
	{"internal/nvidia", nil, nil},
	{"internal/videoapi", nil, nil},
	{"internal/slurm", nil, nil},
	{"internal/scenes", nil, nil},
	{"internal/tiny", []string{"internal/safetensors"}, nil},
	{"internal/layers", nil, nil},
}

// Absences carry meaning and hold through any chain of imports: the judge
// cannot know whose video it is, a page is a function of records, and the
// pattern is arithmetic.
var Absences = []struct{ From, Never, Why string }{
	{"vqeval", "lvsa", "the judge cannot know whose video it is"},
	{"vqeval", "diffusion", "the judge cannot know whose video it is"},
	{"vqeval", "vqeval/page", "a score does not depend on how it is drawn"},
	{"reports", "vqeval", "a page is a function of records"},
	{"reports", "sweeps", "a page is a function of records"},
	{"lvsa", "diffusion", "the pattern is arithmetic"},
}

// Find returns the rule of a package's directory.
func Find(dir string) (Rule, bool) {
	for _, r := range Table {
		if match(r.Dir, dir) {
			return r, true
		}
	}
	return Rule{}, false
}

// Allows reports whether a package under the rule may import path; module is
// the module's own path.
func (r Rule) Allows(module, path string) bool {
	if own, ok := strings.CutPrefix(path, module+"/"); ok {
		for _, d := range r.Ours {
			if d == Everything || match(d, own) {
				return true
			}
		}
		return false
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return path != "C" // the standard library; cgo is not in the default build
	}
	for _, p := range r.ThirdParty {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

func match(pattern, dir string) bool {
	if parent, ok := strings.CutSuffix(pattern, "/*"); ok {
		rest, ok := strings.CutPrefix(dir, parent+"/")
		return ok && !strings.Contains(rest, "/")
	}
	return pattern == dir
}
