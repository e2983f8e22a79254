package reports

import (
	"image/color"
	"slices"
)

// failureKinds are the kinds of failure as the scorer lists them, each with
// the family that it is drawn as: what stops, what repeats, what jumps and how
// the picture looks.
var failureKinds = []struct{ name, family string }{
	{"freeze", "stops"}, {"loop", "repeats"}, {"pingpong", "repeats"}, {"return_to_start", "repeats"},
	{"stutter", "jumps"}, {"region_freeze", "stops"}, {"region_loop", "repeats"}, {"seam", "jumps"},
	{"flicker", "looks"}, {"scene_jump", "jumps"}, {"drift", "looks"}, {"static", "stops"},
}

// kindsOf lists the kinds of findings that cells have, in the scorer's order;
// those that this version does not know come last.
func kindsOf(cells []cell) []string {
	seen := map[string]bool{}
	for _, c := range cells {
		for _, f := range c.Findings {
			seen[f.Kind] = true
		}
	}
	var out []string
	for _, k := range failureKinds {
		if seen[k.name] {
			out = append(out, k.name)
			delete(seen, k.name)
		}
	}
	known := len(out)
	for k := range seen {
		out = append(out, k)
	}
	slices.Sort(out[known:])
	return out
}

// familyOf is how a kind is drawn; one that is not known looks odd.
func familyOf(kind string) string {
	for _, k := range failureKinds {
		if k.name == kind {
			return k.family
		}
	}
	return "looks"
}

// families from the worst, with their colours: dark enough for white text, and
// apart from each other by lightness too. The page has the same.
var families = []struct {
	name  string
	color color.RGBA
}{
	{"stops", color.RGBA{193, 18, 31, 255}}, {"repeats", color.RGBA{123, 44, 191, 255}}, {"jumps", color.RGBA{138, 90, 0, 255}}, {"looks", color.RGBA{92, 105, 118, 255}},
}

func familyRank(kind string) int {
	name := familyOf(kind)
	for i, f := range families {
		if f.name == name {
			return i
		}
	}
	return len(families)
}

func familyColor(kind string) color.RGBA {
	return families[min(familyRank(kind), len(families)-1)].color
}
