package sweeps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Pos is a place in a spec file, counted from 1.
type Pos struct{ Line, Col int }

// SpecError is a mistake in a spec file or in a prompts file it names.
type SpecError struct {
	File string
	Pos  Pos // Line 0: the file as a whole
	Msg  string
}

func (e *SpecError) Error() string {
	switch {
	case e.Pos.Line == 0:
		return fmt.Sprintf("sweeps: %s: %s", e.File, e.Msg)
	case e.Pos.Col == 0:
		return fmt.Sprintf("sweeps: %s:%d: %s", e.File, e.Pos.Line, e.Msg)
	}
	return fmt.Sprintf("sweeps: %s:%d:%d: %s", e.File, e.Pos.Line, e.Pos.Col, e.Msg)
}

// maxSpecBytes is far above any grid that a person writes.
const maxSpecBytes = 1 << 20

// reader walks one YAML document and keeps positions for its errors.
type reader struct{ file string }

func (r reader) errorf(n *yaml.Node, format string, args ...any) error {
	e := &SpecError{File: r.file, Msg: fmt.Sprintf(format, args...)}
	if n != nil {
		e.Pos = Pos{n.Line, n.Column}
	}
	return e
}

// document parses src as exactly one YAML document with a mapping at its top,
// without anchors and aliases (which could blow a small file up).
func (r reader) document(src []byte) (*yaml.Node, error) {
	if len(src) > maxSpecBytes {
		return nil, r.errorf(nil, "%d bytes: a spec has at most %d", len(src), maxSpecBytes)
	}
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, r.errorf(nil, "the file is empty: a spec needs methods, horizons or frames, and prompts")
		}
		return nil, r.syntax(err)
	}
	var next yaml.Node
	switch err := dec.Decode(&next); {
	case err == nil:
		return nil, r.errorf(&next, "a second document begins here: a spec is one document, so split the file")
	case !errors.Is(err, io.EOF):
		return nil, r.syntax(err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, r.errorf(&doc, "a spec is a mapping of keys to values")
	}
	if err := r.plain(doc.Content[0]); err != nil {
		return nil, err
	}
	return doc.Content[0], nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (r reader) syntax(err error) error {
	e := &SpecError{File: r.file, Msg: "not YAML: " + err.Error()}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		e.Msg = "not YAML: " + err.Error()[len(m[0]):]
		e.Pos.Line, _ = strconv.Atoi(m[1])
	}
	return e
}

// plain refuses anchors, aliases and duplicate or odd keys everywhere.
func (r reader) plain(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return r.errorf(n, "anchors (&) and aliases (*) are not supported in a spec: write the value out")
	}
	if n.Kind == yaml.MappingNode {
		seen := map[string]int{}
		for i := 0; i < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode {
				return r.errorf(k, "a key must be a plain word")
			}
			if line, ok := seen[k.Value]; ok {
				return r.errorf(k, "key %q is already on line %d: keep one of them", k.Value, line)
			}
			seen[k.Value] = k.Line
		}
	}
	for _, c := range n.Content {
		if err := r.plain(c); err != nil {
			return err
		}
	}
	return nil
}

// field is one entry of a mapping.
type field struct{ key, value *yaml.Node }

// mapping returns the entries of n; a key that is not in known is an error
// that suggests the nearest one.
func (r reader) mapping(n *yaml.Node, what string, known ...string) (map[string]field, error) {
	if n.Kind != yaml.MappingNode {
		return nil, r.errorf(n, "%s is %s: want a map with the keys %s", what, kind(n), strings.Join(known, ", "))
	}
	m := map[string]field{}
	for i := 0; i < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !slices.Contains(known, k.Value) {
			if near := nearest(k.Value, known); near != "" {
				return nil, r.errorf(k, "unknown key %q in %s: did you mean %q?", k.Value, what, near)
			}
			return nil, r.errorf(k, "unknown key %q in %s: want one of %s", k.Value, what, strings.Join(known, ", "))
		}
		m[k.Value] = field{k, v}
	}
	return m, nil
}

// list returns the items of a sequence that must not be empty.
func (r reader) list(n *yaml.Node, what, example string) ([]*yaml.Node, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, r.errorf(n, "%s is %s: want a list such as %s", what, kind(n), example)
	}
	if len(n.Content) == 0 {
		return nil, r.errorf(n, "%s is empty: want a list such as %s", what, example)
	}
	return n.Content, nil
}

func (r reader) str(n *yaml.Node, what string) (string, error) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return "", r.errorf(n, "%s is %s: want text (in quotes where it looks like something else)", what, kind(n))
	}
	if strings.TrimSpace(n.Value) == "" {
		return "", r.errorf(n, "%s is empty", what)
	}
	return n.Value, nil
}

func (r reader) integer(n *yaml.Node, what string, lo, hi int64) (int64, error) {
	var v int64
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || n.Decode(&v) != nil {
		return 0, r.errorf(n, "%s is %s: want a whole number from %d to %d", what, kind(n), lo, hi)
	}
	if v < lo || v > hi {
		return 0, r.errorf(n, "%s is %d: want %d to %d", what, v, lo, hi)
	}
	return v, nil
}

// number reads a finite number in [lo, hi].
func (r reader) number(n *yaml.Node, what string, lo, hi float64) (float64, error) {
	v := math.NaN()
	if tag := n.ShortTag(); n.Kind != yaml.ScalarNode || (tag != "!!int" && tag != "!!float") || n.Decode(&v) != nil {
		return 0, r.errorf(n, "%s is %s: want a number from %g to %g", what, kind(n), lo, hi)
	}
	if !(v >= lo && v <= hi) {
		return 0, r.errorf(n, "%s is %s: want %g to %g", what, n.Value, lo, hi)
	}
	return v, nil
}

func (r reader) boolean(n *yaml.Node, what string) (bool, error) {
	var v bool
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(&v) != nil {
		return false, r.errorf(n, "%s is %s: want true or false", what, kind(n))
	}
	return v, nil
}

// maxDepth bounds the nesting of a method's parameters.
const maxDepth = 8

// value turns a node into plain Go values (string, bool, int, float64, nil,
// []any, map[string]any). No number in a method is NaN or infinite.
func (r reader) value(n *yaml.Node, what string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, r.errorf(n, "%s is nested more than %d deep", what, maxDepth)
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			k := n.Content[i].Value
			v, err := r.value(n.Content[i+1], what+"."+k, depth+1)
			if err != nil {
				return nil, err
			}
			m[k] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := []any{}
		for i, c := range n.Content {
			v, err := r.value(c, fmt.Sprintf("%s[%d]", what, i), depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return r.boolean(n, what)
	case "!!int":
		v, err := r.integer(n, what, math.MinInt32, math.MaxInt32)
		return int(v), err
	case "!!float":
		return r.number(n, what, -1e300, 1e300)
	case "!!str":
		return n.Value, nil
	}
	return nil, r.errorf(n, "%s is %s: want text, a number, true or false, a list or a map", what, kind(n))
}

// kind says what a node is, for errors.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	v := n.Value
	if len(v) > 40 {
		v = v[:40] + "..."
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!str":
		return fmt.Sprintf("the text %q", v)
	}
	return strconv.Quote(v)
}

// nearest returns the candidate that is at most two edits (a third of the
// word) away, or "".
func nearest(word string, candidates []string) string {
	best, at := 1+min(2, (len(word)+2)/3), ""
	for _, c := range candidates {
		if d := edits(strings.ToLower(word), c); d < best {
			best, at = d, c
		}
	}
	return at
}

// edits is the Levenshtein distance with swaps of neighbours.
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
