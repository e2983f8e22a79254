package lvsa

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Param is one parameter of a method.
type Param struct {
	Name    string
	Doc     string
	Default any // bool, int, float64, string (a word), Steps or []int

	kind  kind
	words []string // allowed beside numbers
	// Numbers from lo to hi; open leaves lo itself out.
	lo, hi float64
	open   bool
	// byVariant are defaults under other values of the parameter "variant".
	byVariant map[string]any
}

type kind uint8

const (
	kindWord kind = iota
	kindBool
	kindInt
	kindFloat
	kindSteps
	kindLayers
)

// Allowed tells the values in words, such as "auto, none or 1..65536".
func (p Param) Allowed() string {
	var list []string
	list = append(list, p.words...)
	switch p.kind {
	case kindBool:
		list = append(list, "true", "false")
	case kindInt:
		list = append(list, fmt.Sprintf("a whole number %.0f..%.0f", p.lo, p.hi))
	case kindFloat:
		if p.open {
			list = append(list, fmt.Sprintf("a number above %g, at most %g", p.lo, p.hi))
		} else {
			list = append(list, fmt.Sprintf("a number %g..%g", p.lo, p.hi))
		}
	case kindSteps:
		list = append(list, fmt.Sprintf("{first: 0..%d, last: 0..%d}", maxFrames, maxFrames))
	case kindLayers:
		list = append(list, "a list of layers from 0, such as [0, 1]")
	}
	if len(list) == 1 {
		return list[0]
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}

// fallback is the default beside the values that were given.
func (p Param) fallback(given map[string]any) any {
	if v, ok := given["variant"].(string); ok {
		if d, ok := p.byVariant[v]; ok {
			return d
		}
	}
	return p.Default
}

// read turns a value of YAML, JSON or a command line into the parameter's own
// type: string, bool, int, float64, Steps or []int.
func (p Param) read(v any) (any, error) {
	bad := fmt.Errorf("%s is not allowed: want %s", show(v), p.Allowed())
	if s, ok := v.(string); ok {
		s = strings.TrimSpace(s)
		if slices.Contains(p.words, s) {
			return s, nil
		}
		switch p.kind {
		case kindBool:
			if s == "true" || s == "false" {
				return s == "true", nil
			}
			return nil, bad
		case kindInt:
			n, err := strconv.Atoi(s)
			if err != nil {
				return nil, bad
			}
			v = n
		case kindFloat:
			f, err := strconv.ParseFloat(s, 64)
			if err != nil {
				return nil, bad
			}
			v = f
		case kindLayers:
			list := []any{}
			if s != "none" && s != "" {
				for part := range strings.SplitSeq(s, "+") {
					list = append(list, part)
				}
			}
			v = list
		case kindWord:
			if near := nearest(s, p.words); near != "" {
				return nil, fmt.Errorf("%q is not allowed (did you mean %q?): want %s", s, near, p.Allowed())
			}
			return nil, bad
		}
	}
	switch p.kind {
	case kindBool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case kindInt:
		if f, ok := number(v); ok && f == math.Trunc(f) && p.lo <= f && f <= p.hi {
			return int(f), nil
		}
	case kindFloat:
		if f, ok := number(v); ok && p.lo <= f && f <= p.hi && !(p.open && f == p.lo) {
			return f + 0, nil // no negative zero
		}
	case kindSteps:
		return readSteps(v, bad)
	case kindLayers:
		return readLayers(v, bad)
	}
	return nil, bad
}

func readSteps(v any, bad error) (any, error) {
	if v == nil {
		return Steps{}, nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, bad
	}
	var s Steps
	end := Param{kind: kindInt, hi: maxFrames}
	for k, e := range m {
		n, err := end.read(e)
		switch {
		case k != "first" && k != "last":
			return nil, fmt.Errorf("key %q is unknown: want first, last", k)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", k, err)
		case k == "first":
			s.First = n.(int)
		default:
			s.Last = n.(int)
		}
	}
	return s, nil
}

func readLayers(v any, bad error) (any, error) {
	var list []int
	switch v := v.(type) {
	case nil:
	case []int:
		list = append(list, v...)
	case []any:
		layer := Param{kind: kindInt, hi: maxFrames}
		for _, e := range v {
			n, err := layer.read(e)
			if err != nil {
				return nil, err
			}
			list = append(list, n.(int))
		}
	default:
		return nil, bad
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// number reads any number type that decoders produce.
func number(v any) (float64, bool) {
	var f float64
	switch v := v.(type) {
	case int:
		f = float64(v)
	case int64:
		f = float64(v)
	case uint64:
		f = float64(v)
	case float64:
		f = v
	default:
		return 0, false
	}
	return f, !math.IsNaN(f)
}

// show prints a value for a message.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "an empty value"
	case string:
		return strconv.Quote(v)
	}
	return fmt.Sprint(v)
}

// text prints a value of the parameter's own type as the command line takes it.
func text(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []int:
		return layersText(v)
	}
	return fmt.Sprint(v)
}

func layersText(layers []int) string {
	if len(layers) == 0 {
		return "none"
	}
	parts := make([]string, len(layers))
	for i, l := range layers {
		parts[i] = strconv.Itoa(l)
	}
	return strings.Join(parts, "+")
}

// nearest is the word that was probably meant, or "".
func nearest(s string, words []string) string {
	best, at := 3, ""
	for _, w := range words {
		d := distance(s, w)
		if len(s) >= 4 && (strings.HasPrefix(w, s) || strings.HasPrefix(s, w)) {
			d = min(d, 2)
		}
		if d < best && d < len(w) {
			best, at = d, w
		}
	}
	return at
}

// distance is the number of letters to insert, delete, replace or swap with
// the next one.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	var d [3][65]int
	for j := range len(b) + 1 {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, up, up2 := &d[i%3], &d[(i+2)%3], &d[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(up[j]+1, row[j-1]+1, up[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], up2[j-2]+1)
			}
		}
	}
	return d[len(a)%3][len(b)]
}
