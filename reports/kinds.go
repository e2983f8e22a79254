package reports

import "slices"

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
