package lvsa

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Spec names a method with all its parameters. It comes from [ParseSpec],
// [SpecFromMap] or JSON, always complete and checked.
type Spec struct {
	Name string

	label        string
	params       map[string]any // every parameter of the method, in its own type
	rope, logits *Spec          // nil: none
	schedule     Schedule
}

// SpecError is what is wrong with a description of a method.
type SpecError struct {
	Method string // as far as it is known
	Key    string // path such as "rope.index"; empty where no key is at fault
	Msg    string // what is wrong and what is allowed
}

func (e *SpecError) Error() string {
	var b strings.Builder
	b.WriteString("lvsa: ")
	if e.Method != "" {
		fmt.Fprintf(&b, "method %q: ", e.Method)
	}
	if e.Key != "" {
		fmt.Fprintf(&b, "%s: ", e.Key)
	}
	b.WriteString(e.Msg)
	return b.String()
}

// SpecFromMap reads a method from a decoded YAML or JSON map such as
// {name: lvsa, window: 3, rope: riflex, logits: {name: ultravico, alpha: 0.9},
// dense_steps: {first: 2, last: 0}, dense_layers: [0], label: x}. Numbers and
// booleans may be strings. A key or value that is not known is a [SpecError].
func SpecFromMap(m map[string]any) (Spec, error) {
	v, ok := m["name"]
	if !ok {
		return Spec{}, &SpecError{Key: "name", Msg: "is missing: want one of " + strings.Join(methodNames(), ", ")}
	}
	name, ok := v.(string)
	if !ok {
		return Spec{}, &SpecError{Key: "name", Msg: show(v) + " is not allowed: want one of " + strings.Join(methodNames(), ", ")}
	}
	m = maps.Clone(m)
	delete(m, "name")
	// name+edit is short for {name: name, rope: edit} or {..., logits: edit}.
	base, edits, _ := strings.Cut(strings.TrimSpace(name), "+")
	for edits != "" {
		var edit string
		edit, edits, _ = strings.Cut(edits, "+")
		info, err := lookUp(strings.TrimSpace(edit), "name", slices.Concat(familyNames(ropeFamily), familyNames(logitFamily)))
		if err != nil {
			return Spec{}, err
		}
		key := "rope"
		if info.family == logitFamily {
			key = "logits"
		}
		switch v := m[key].(type) {
		case nil:
			m[key] = info.Name
		case map[string]any:
			if _, named := v["name"]; named {
				return Spec{}, &SpecError{base, key, fmt.Sprintf("is given twice: here and in the name %q", name)}
			}
			v = maps.Clone(v)
			v["name"] = info.Name
			m[key] = v
		default:
			return Spec{}, &SpecError{base, key, fmt.Sprintf("is given twice: here and in the name %q", name)}
		}
	}
	info, err := lookUp(strings.TrimSpace(base), "", methodNames())
	if err != nil {
		return Spec{}, err
	}
	return readSpec(info, m)
}

// lookUp finds a method among those allowed.
func lookUp(name, key string, allowed []string) (Info, error) {
	if slices.Contains(allowed, name) {
		info, _ := findMethod(name)
		return info, nil
	}
	msg := fmt.Sprintf("method %q is unknown", name)
	if name == "" {
		msg = "the method has no name"
	}
	if _, ok := findMethod(name); ok {
		msg = fmt.Sprintf("method %q cannot stand here", name)
	} else if near := nearest(name, allowed); near != "" {
		msg += fmt.Sprintf(" (did you mean %q?)", near)
	}
	return Info{}, &SpecError{Key: key, Msg: msg + ": want " + strings.Join(allowed, ", ")}
}

// readSpec takes the keys of one method other than its name.
func readSpec(info Info, m map[string]any) (Spec, error) {
	s := Spec{Name: info.Name}
	fail := func(key, msg string) (Spec, error) { return Spec{}, &SpecError{info.Name, key, msg} }
	var err error
	own := maps.Clone(m)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		v := m[key]
		switch key {
		case "label":
			label, ok := v.(string)
			if !ok || strings.TrimSpace(label) == "" || strings.ContainsAny(label, "\n\r\t") {
				return fail(key, show(v)+" is not allowed: want a short text")
			}
			s.label = strings.TrimSpace(label)
		case "dense_steps", "dense_layers":
			p := common[slices.IndexFunc(common, func(p Param) bool { return p.Name == key })]
			got, err := p.read(v)
			if err != nil {
				return fail(key, err.Error())
			}
			if key == "dense_steps" {
				s.schedule.DenseSteps = got.(Steps)
			} else {
				s.schedule.DenseLayers = got.([]int)
			}
		case "rope":
			if s.rope, err = readEdit(info, key, v, ropeFamily); err != nil {
				return Spec{}, err
			}
		case "logits":
			if s.logits, err = readEdit(info, key, v, logitFamily); err != nil {
				return Spec{}, err
			}
		default:
			continue
		}
		delete(own, key)
	}
	s.params, err = readParams(info, own, "")
	if err != nil {
		return Spec{}, err
	}
	if _, err := s.parts(); err != nil {
		return fail("", strings.TrimPrefix(err.Error(), "lvsa: "))
	}
	return s, nil
}

// readEdit reads the value of rope or logits: none, a name, or a map.
func readEdit(info Info, key string, v any, f family) (*Spec, error) {
	var m map[string]any
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if strings.TrimSpace(v) == "none" {
			return nil, nil
		}
		m = map[string]any{"name": strings.TrimSpace(v)}
	case map[string]any:
		m = maps.Clone(v)
	default:
		return nil, &SpecError{info.Name, key, show(v) + " is not allowed: want none, a name, or a map with name and parameters"}
	}
	if info.family == f {
		return nil, &SpecError{info.Name, key, fmt.Sprintf("is what %s itself edits: give it to dense, lvsa or another method", info.Name)}
	}
	allowed := familyNames(f)
	name, ok := m["name"].(string)
	if !ok {
		return nil, &SpecError{info.Name, key, "has no name: want " + strings.Join(append(allowed, "none"), ", ")}
	}
	edit, err := lookUp(name, key, allowed)
	if err != nil {
		e := err.(*SpecError)
		e.Method = info.Name
		return nil, e
	}
	delete(m, "name")
	s := &Spec{Name: edit.Name}
	if s.params, err = readParams(edit, m, key+"."); err != nil {
		e := err.(*SpecError)
		e.Method = info.Name
		return nil, e
	}
	return s, nil
}

// readParams reads a method's own parameters and fills in defaults. prefix is
// the path in front of the keys, for messages.
func readParams(info Info, m map[string]any, prefix string) (map[string]any, error) {
	given := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		p, ok := info.param(key)
		if !ok {
			return nil, unknownKey(info, key, prefix)
		}
		v, err := p.read(m[key])
		if err != nil {
			return nil, &SpecError{info.Name, prefix + key, err.Error()}
		}
		given[key] = v
	}
	all := map[string]any{}
	for _, p := range info.Params {
		if v, ok := given[p.Name]; ok {
			all[p.Name] = v
		} else {
			all[p.Name] = p.fallback(given)
		}
	}
	return all, nil
}

func unknownKey(info Info, key, prefix string) error {
	var allowed []string
	for _, p := range info.Params {
		allowed = append(allowed, p.Name)
	}
	if prefix == "" {
		allowed = append(allowed, "dense_steps", "dense_layers", "label")
		if info.family != ropeFamily {
			allowed = append(allowed, "rope")
		}
		if info.family != logitFamily {
			allowed = append(allowed, "logits")
		}
	}
	slices.Sort(allowed)
	msg := "is unknown"
	if near := nearest(key, allowed); near != "" {
		msg += fmt.Sprintf(" (did you mean %q?)", near)
	}
	if len(allowed) == 0 {
		return &SpecError{info.Name, prefix + key, msg + ": " + info.Name + " has no parameters"}
	}
	return &SpecError{info.Name, prefix + key, msg + ": want " + strings.Join(allowed, ", ")}
}

// Params is everything but name and label, in plain JSON types: with the name
// under "name" [SpecFromMap] reads it back.
func (s Spec) Params() map[string]any {
	m := s.own()
	m["dense_steps"] = plain(s.schedule.DenseSteps)
	m["dense_layers"] = plain(s.schedule.DenseLayers)
	info, _ := findMethod(s.Name)
	put := func(key string, edit *Spec, f family) {
		if info.family == f {
			return
		}
		m[key] = nil
		if edit != nil {
			e := edit.own()
			e["name"] = edit.Name
			m[key] = e
		}
	}
	put("rope", s.rope, ropeFamily)
	put("logits", s.logits, logitFamily)
	return m
}

// own are the method's own parameters in plain JSON types.
func (s Spec) own() map[string]any {
	m := map[string]any{}
	for k, v := range s.params {
		m[k] = plain(v)
	}
	return m
}

func plain(v any) any {
	switch v := v.(type) {
	case Steps:
		return map[string]any{"first": v.First, "last": v.Last}
	case []int:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = e
		}
		return list
	}
	return v
}

// MarshalJSON writes every parameter, keys sorted, without the label: what a
// cell is identified by.
func (s Spec) MarshalJSON() ([]byte, error) {
	m := s.Params()
	m["name"] = s.Name
	return json.Marshal(m)
}

// UnmarshalJSON reads what MarshalJSON writes, or any map of [SpecFromMap].
func (s *Spec) UnmarshalJSON(b []byte) error {
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("lvsa: method: %w", err)
	}
	got, err := SpecFromMap(m)
	if err != nil {
		return err
	}
	*s = got
	return nil
}

// String is the canonical "name:key=value,...", every parameter in order of
// keys; [ParseSpec] reads it back. The label is left out.
func (s Spec) String() string {
	pairs := map[string]string{}
	flatten(pairs, "", s.Params())
	var b strings.Builder
	b.WriteString(s.Name)
	sep := byte(':')
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		b.WriteByte(sep)
		b.WriteString(k + "=" + pairs[k])
		sep = ','
	}
	return b.String()
}

func flatten(into map[string]string, prefix string, m map[string]any) {
	for k, v := range m {
		switch v := v.(type) {
		case nil:
			into[prefix+k] = "none"
		case []any:
			layers := make([]int, len(v))
			for i, e := range v {
				layers[i] = e.(int)
			}
			into[prefix+k] = layersText(layers)
		case map[string]any:
			if name, ok := v["name"]; ok {
				into[prefix+k] = fmt.Sprint(name)
				v = maps.Clone(v)
				delete(v, "name")
			}
			flatten(into, prefix+k+".", v)
		default:
			into[prefix+k] = text(v)
		}
	}
}
