package page

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"longtake/vqeval"
)

// hues is the number of colours beside black in the palette of package figure.
const hues = 7

// hue is the colour of a kind of failure in every picture; names stand beside
// it because there are more kinds than colours that stay apart.
func hue(kind string) int {
	if i := slices.Index(vqeval.Kinds, kind); i >= 0 {
		return 1 + i%hues
	}
	return hues
}

// inOrder sorts kinds as vqeval lists them, others after these by name.
func inOrder(kinds map[string]bool) []string {
	var out []string
	for _, k := range vqeval.Kinds {
		if kinds[k] {
			out = append(out, k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		if !slices.Contains(vqeval.Kinds, k) {
			out = append(out, k)
		}
	}
	return out
}

// assessed lists the kinds that some report has a number for.
func assessed(entries []*Entry) []string {
	seen := map[string]bool{}
	for _, e := range entries {
		if e.report != nil {
			for k := range e.report.Failures {
				seen[k] = true
			}
		}
	}
	return inOrder(seen)
}

// scorerText names the instrument.
func scorerText(s vqeval.Scorer) string {
	return s.Name + " " + s.Version + ", profile " + s.Profile
}

// scorers of a batch: one, unless reports of several versions were put together.
func scorers(entries []*Entry) string {
	var out []string
	for _, e := range entries {
		if e.report != nil && !slices.Contains(out, scorerText(e.report.Scorer)) {
			out = append(out, scorerText(e.report.Scorer))
		}
	}
	if len(out) == 0 {
		return "no video was scored"
	}
	return strings.Join(out, "; ")
}

// Labels shortens paths by the folders that all of them share.
func Labels(paths []string) []string {
	if len(paths) == 0 {
		return nil
	}
	shared := strings.Split(filepath.ToSlash(filepath.Dir(paths[0])), "/")
	for _, p := range paths {
		dirs := strings.Split(filepath.ToSlash(filepath.Dir(p)), "/")
		n := 0
		for n < len(shared) && n < len(dirs) && shared[n] == dirs[n] {
			n++
		}
		shared = shared[:n]
	}
	out := make([]string, len(paths))
	for i, p := range paths {
		dirs := strings.Split(filepath.ToSlash(filepath.Dir(p)), "/")[len(shared):]
		out[i] = strings.Join(append(slices.Clone(dirs), filepath.Base(p)), "/")
	}
	return out
}

// NameGroups takes groups from names such as MODEL__METHOD__REST.mp4: the method,
// and the model before it where there are several. Other names have the group "".
func NameGroups(paths []string) []string {
	out := make([]string, len(paths))
	models := make([]string, len(paths))
	several := map[string]bool{}
	for i, p := range paths {
		name := strings.TrimSuffix(filepath.Base(p), filepath.Ext(p))
		if parts := strings.Split(name, "__"); len(parts) > 1 {
			models[i], out[i] = parts[0], parts[1]
			several[parts[0]] = true
		}
	}
	if len(several) > 1 {
		for i := range out {
			if models[i] != "" {
				out[i] = models[i] + " " + out[i]
			}
		}
	}
	return out
}
