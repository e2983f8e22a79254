package compare

import (
	"path/filepath"
	"slices"
	"strings"
)

// Name is what a file name of the form
// {model}__{method}__{horizon}__{prompt}[__{seed}].ext tells.
type Name struct{ Model, Method, Horizon, Prompt, Seed string }

// ParseName reads a file name, without its folder; false if it has another form.
func ParseName(base string) (Name, bool) {
	parts := strings.Split(strings.TrimSuffix(base, filepath.Ext(base)), "__")
	if len(parts) < 4 || len(parts) > 5 || slices.Contains(parts, "") {
		return Name{}, false
	}
	n := Name{parts[0], parts[1], parts[2], parts[3], ""}
	if len(parts) == 5 {
		n.Seed = parts[4]
	}
	return n, true
}

// Match is two files, relative to their sides, and the unit of resampling: the
// prompt where the names tell it, else the pair itself.
type Match struct{ A, B, Unit string }

// Unpaired is a file without a partner.
type Unpaired struct {
	Side   string `json:"side"` // a or b
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Pair matches the files of two folders, named relative to them: by the whole
// name, else without the extension, else by all that the name tells but the method.
// A name that could have several partners gets none.
func Pair(a, b []string) ([]Match, []Unpaired) {
	keys := []func(string) string{
		func(p string) string { return p },
		func(p string) string { return strings.TrimSuffix(p, filepath.Ext(p)) },
		func(p string) string {
			n, ok := ParseName(filepath.Base(p))
			if !ok {
				return ""
			}
			return strings.Join([]string{filepath.Dir(p), n.Model, n.Horizon, n.Prompt, n.Seed}, "\x00")
		},
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	var out []Match
	ambiguous := map[string]bool{}
	for _, key := range keys {
		group := func(paths []string) map[string][]string {
			m := map[string][]string{}
			for _, p := range paths {
				if k := key(p); k != "" {
					m[k] = append(m[k], p)
				}
			}
			return m
		}
		ga, gb := group(a), group(b)
		for k, pa := range ga {
			switch pb := gb[k]; {
			case len(pa) == 1 && len(pb) == 1:
				out = append(out, Match{pa[0], pb[0], unit(pa[0])})
			case len(pb) > 0:
				for _, p := range pa {
					ambiguous["a"+p] = true
				}
				for _, p := range pb {
					ambiguous["b"+p] = true
				}
			}
		}
		taken := func(side func(Match) string) func(string) bool {
			names := map[string]bool{}
			for _, m := range out {
				names[side(m)] = true
			}
			return func(p string) bool { return names[p] }
		}
		a = slices.DeleteFunc(a, taken(func(m Match) string { return m.A }))
		b = slices.DeleteFunc(b, taken(func(m Match) string { return m.B }))
	}
	slices.SortFunc(out, func(x, y Match) int { return strings.Compare(x.A, y.A) })
	var rest []Unpaired
	for side, paths := range map[string][]string{"a": a, "b": b} {
		for _, p := range paths {
			why := "no video of that name on the other side"
			if ambiguous[side+p] {
				why = "several videos of that name: which belong together is not known"
			}
			rest = append(rest, Unpaired{side, p, why})
		}
	}
	slices.SortFunc(rest, func(x, y Unpaired) int { return strings.Compare(x.Side+x.Path, y.Side+y.Path) })
	return out, rest
}

func unit(path string) string {
	if n, ok := ParseName(filepath.Base(path)); ok {
		return n.Prompt
	}
	return path
}
