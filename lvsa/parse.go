package lvsa

import (
	"fmt"
	"strings"
)

// ParseSpec reads "name" or "name:key=value,key=value", the value of a
// --method flag. Nested keys have a dot: "lvsa:rope=riflex,rope.index=2,
// dense_steps.first=2,dense_layers=0+5". "lvsa+riflex" is short for
// "lvsa:rope=riflex".
func ParseSpec(s string) (Spec, error) {
	name, rest, colon := strings.Cut(s, ":")
	name = strings.TrimSpace(name)
	m := map[string]any{"name": name}
	if colon {
		for pair := range strings.SplitSeq(rest, ",") {
			if err := putPair(m, name, pair); err != nil {
				return Spec{}, err
			}
		}
	}
	return SpecFromMap(m)
}

// putPair adds "a.b=value" to a nested map.
func putPair(m map[string]any, method, pair string) error {
	key, value, ok := strings.Cut(pair, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok || key == "" || value == "" {
		return &SpecError{Method: method, Msg: fmt.Sprintf("%q is no parameter: want key=value", pair)}
	}
	outer, inner, nested := strings.Cut(key, ".")
	if outer == "name" {
		return &SpecError{method, key, "the name stands in front of the colon"}
	}
	twice := &SpecError{method, key, "is given twice"}
	if !nested {
		switch old := m[key].(type) {
		case nil:
			if key == "rope" || key == "logits" {
				if value == "none" {
					m[key] = value
					return nil
				}
				m[key] = map[string]any{"name": value}
				return nil
			}
			m[key] = value
			return nil
		case map[string]any: // rope after rope.index
			if _, named := old["name"]; named || key != "rope" && key != "logits" {
				return twice
			}
			if value == "none" {
				return &SpecError{method, key, "is none, yet has parameters"}
			}
			old["name"] = value
			return nil
		}
		return twice
	}
	switch old := m[outer].(type) {
	case nil:
		m[outer] = map[string]any{inner: value}
		return nil
	case map[string]any:
		if _, ok := old[inner]; ok {
			return twice
		}
		old[inner] = value
		return nil
	}
	return &SpecError{method, key, fmt.Sprintf("%s is %v, which has no parameters", outer, m[outer])}
}

// ParseSpecs reads a list of methods between commas. A part that is
// "key=value" belongs to the method before it, so that
// "dense,lvsa:window=3,first=1,riflex" are three methods.
func ParseSpecs(s string) ([]Spec, error) {
	var texts []string
	for part := range strings.SplitSeq(s, ",") {
		before, _, _ := strings.Cut(part, ":")
		if n := len(texts); n > 0 && strings.Contains(before, "=") {
			texts[n-1] += "," + part
			continue
		}
		texts = append(texts, part)
	}
	specs := make([]Spec, 0, len(texts))
	for i, t := range texts {
		if strings.Contains(t, "=") && !strings.Contains(t, ":") {
			return nil, &SpecError{Msg: fmt.Sprintf("%q: parameters follow a colon, such as %q", t, strings.Replace(t, ",", ":", 1))}
		}
		spec, err := ParseSpec(t)
		if err != nil {
			return nil, fmt.Errorf("method %d of %q: %w", i+1, s, err)
		}
		specs = append(specs, spec)
	}
	return specs, nil
}
