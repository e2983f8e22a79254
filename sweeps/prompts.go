package sweeps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// tagPattern is what a prompt's tag may be: it names files and table rows.
var tagPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

const tagRule = "letters, digits, dot, dash and underscore, at most 64, a letter or digit first"

// prompts reads the list in place, or the JSON file that is named.
func (p *specParser) prompts(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		name, err := p.str(n, "prompts")
		if err != nil {
			return err
		}
		list, err := ReadPrompts(p.s.path(name))
		if err != nil {
			var e *SpecError
			if errors.As(err, &e) && e.Pos.Line == 0 {
				return p.errorf(n, "prompts file %s: %s", e.File, e.Msg)
			}
			return err
		}
		p.s.Prompts = list
		return nil
	}
	items, err := p.list(n, "prompts", `[{tag: waves, prompt: "waves roll"}], or a JSON file`)
	if err != nil {
		return err
	}
	for i, it := range items {
		q, err := p.prompt(it, i)
		if err != nil {
			return err
		}
		for j, o := range p.s.Prompts {
			if o.Tag == q.Tag {
				return p.errorf(it, "prompts[%d]: tag %q is that of prompts[%d] already", i, q.Tag, j)
			}
		}
		p.s.Prompts = append(p.s.Prompts, q)
	}
	return nil
}

// prompt reads one entry; a lone word is tag and text at once.
func (p *specParser) prompt(it *yaml.Node, i int) (Prompt, error) {
	what := fmt.Sprintf("prompts[%d]", i)
	q := Prompt{Pos: Pos{it.Line, it.Column}}
	var err error
	if it.Kind == yaml.ScalarNode {
		if q.Tag, err = p.str(it, what); err != nil {
			return q, err
		}
		if !tagPattern.MatchString(q.Tag) {
			return q, p.errorf(it, "%s: a lone word is a tag and its prompt; write {tag: ..., prompt: ...} for a text", what)
		}
		q.Text = q.Tag
		return q, nil
	}
	m, err := p.mapping(it, what, "tag", "prompt", "embeds")
	if err != nil {
		return q, err
	}
	for _, f := range []struct {
		key string
		dst *string
	}{{"tag", &q.Tag}, {"prompt", &q.Text}, {"embeds", &q.Embeds}} {
		v, ok := m[f.key]
		if !ok {
			if f.key == "embeds" {
				continue
			}
			return q, p.errorf(it, "%s has no %s", what, f.key)
		}
		if *f.dst, err = p.str(v.value, what+"."+f.key); err != nil {
			return q, err
		}
	}
	if !tagPattern.MatchString(q.Tag) {
		return q, p.errorf(m["tag"].value, "%s.tag is %q: want %s", what, q.Tag, tagRule)
	}
	if q.Embeds != "" {
		q.Embeds = p.s.path(q.Embeds)
	}
	return q, nil
}

// ReadPrompts reads [{"tag": ..., "prompt": ..., "embeds": ...}]; the paths of
// embeds start at the file's own folder.
func ReadPrompts(path string) ([]Prompt, error) {
	src, err := readLimited(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &SpecError{File: path, Msg: "not found"}
		}
		return nil, &SpecError{File: path, Msg: err.Error()}
	}
	if len(src) > maxSpecBytes {
		return nil, &SpecError{File: path, Msg: fmt.Sprintf("more than %d bytes", maxSpecBytes)}
	}
	line := func(offset int64) Pos {
		offset = min(max(offset, 0), int64(len(src)))
		return Pos{Line: 1 + bytes.Count(src[:offset], []byte("\n"))}
	}
	fail := func(pos Pos, format string, args ...any) error {
		return &SpecError{File: path, Pos: pos, Msg: fmt.Sprintf(format, args...)}
	}
	bad := func(at int64, err error) error {
		return fail(line(at), `%v: want [{"tag": "...", "prompt": "...", "embeds": "file.safetensors"}]`, err)
	}
	// The whole text first: only here are the offsets of syntax errors its own.
	var whole json.RawMessage
	if err := json.Unmarshal(src, &whole); err != nil {
		var syntax *json.SyntaxError
		errors.As(err, &syntax)
		return nil, bad(syntax.Offset, err)
	}
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.DisallowUnknownFields()
	if open, err := dec.Token(); err != nil {
		return nil, bad(dec.InputOffset(), err)
	} else if open != json.Delim('[') {
		return nil, bad(dec.InputOffset(), errors.New("no list"))
	}
	var list []Prompt
	for dec.More() {
		var e struct{ Tag, Prompt, Embeds string }
		if err := dec.Decode(&e); err != nil {
			return nil, bad(dec.InputOffset(), err)
		}
		pos, i := line(dec.InputOffset()), len(list)
		if !tagPattern.MatchString(e.Tag) {
			return nil, fail(pos, "entry %d: tag %q: want %s", i, e.Tag, tagRule)
		}
		if e.Prompt == "" {
			return nil, fail(pos, "entry %d (%s) has no prompt", i, e.Tag)
		}
		for _, o := range list {
			if o.Tag == e.Tag {
				return nil, fail(pos, "entry %d: tag %q is there already", i, e.Tag)
			}
		}
		if e.Embeds != "" && !filepath.IsAbs(e.Embeds) {
			e.Embeds = filepath.Join(filepath.Dir(path), e.Embeds)
		}
		list = append(list, Prompt{Tag: e.Tag, Text: e.Prompt, Embeds: e.Embeds, Pos: pos})
	}
	if len(list) == 0 {
		return nil, &SpecError{File: path, Msg: "no prompts in it"}
	}
	return list, nil
}

// unwrapPath drops the path of a file error, which the caller names already.
func unwrapPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
