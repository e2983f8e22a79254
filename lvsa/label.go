package lvsa

import (
	"fmt"
	"reflect"
	"strings"
)

// Label is a short name for tables: the label that the spec gives, or the
// names of the parts with those parameters that are not the default, such as
// "lvsa(window=4)+riflex dense 2/0".
func (s Spec) Label() string {
	if s.label != "" {
		return s.label
	}
	var b strings.Builder
	for i, part := range []*Spec{&s, s.rope, s.logits} {
		if part == nil {
			continue
		}
		if i > 0 {
			b.WriteByte('+')
		}
		b.WriteString(part.Name)
		if list := part.changed(); len(list) > 0 {
			b.WriteString("(" + strings.Join(list, ",") + ")")
		}
	}
	if d := s.schedule.DenseSteps; d != (Steps{}) {
		fmt.Fprintf(&b, " dense %d/%d", d.First, d.Last)
	}
	if l := s.schedule.DenseLayers; len(l) > 0 {
		b.WriteString(" dense layers " + layersText(l))
	}
	return b.String()
}

// changed lists the own parameters that are not the default.
func (s Spec) changed() []string {
	info, _ := findMethod(s.Name)
	var list []string
	for _, p := range info.Params {
		v, ok := s.params[p.Name]
		if !ok || reflect.DeepEqual(v, p.fallback(s.params)) {
			continue
		}
		if st, ok := v.(Steps); ok {
			list = append(list, fmt.Sprintf("%s=%d/%d", p.Name, st.First, st.Last))
			continue
		}
		list = append(list, p.Name+"="+text(v))
	}
	return list
}
