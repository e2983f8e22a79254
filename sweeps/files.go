package sweeps

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Pattern tells how the names of existing videos are made:
// "{model}__{method}__{horizon}__{prompt}[__{seed}].mp4". A part in brackets
// may be missing, "*" is anything within one folder's name, everything else
// stands for itself. {seed} is a number.
type Pattern struct {
	Text string
	root string // folder in front of the first part that varies, slashes
	deep bool   // the rest reaches into folders
	re   *regexp.Regexp
	keys []string
}

var patternKeys = []string{"model", "method", "horizon", "prompt", "seed"}

// ParsePattern reads a pattern; {method} and {prompt} must be in it.
func ParsePattern(text string) (*Pattern, error) {
	text = filepath.ToSlash(text)
	slash := strings.LastIndex(text[:max(0, strings.IndexAny(text, "{[*"))], "/")
	p := &Pattern{Text: text, root: "."}
	switch {
	case slash == 0:
		p.root = "/"
	case slash > 0:
		p.root = text[:slash]
	}
	rest := text[slash+1:]
	p.deep = strings.Contains(rest, "/")
	var re strings.Builder
	re.WriteString("^")
	optional := false
	for rest != "" {
		c, size := utf8.DecodeRuneInString(rest)
		switch c {
		case '{':
			key, after, ok := strings.Cut(rest[1:], "}")
			if !ok {
				return nil, fmt.Errorf("%q: a { without its }", text)
			}
			if !slices.Contains(patternKeys, key) {
				hint := "want {" + strings.Join(patternKeys, "}, {") + "}"
				if near := nearest(key, patternKeys); near != "" {
					hint = "did you mean {" + near + "}?"
				}
				return nil, fmt.Errorf("%q: unknown part {%s}: %s", text, key, hint)
			}
			if slices.Contains(p.keys, key) {
				return nil, fmt.Errorf("%q: {%s} is there twice", text, key)
			}
			if optional && (key == "method" || key == "prompt") {
				return nil, fmt.Errorf("%q: {%s} must not be optional", text, key)
			}
			p.keys = append(p.keys, key)
			if key == "seed" {
				re.WriteString(`(?P<seed>[0-9]{1,18})`)
			} else {
				re.WriteString(`(?P<` + key + `>[^/]+?)`)
			}
			rest = after
			continue
		case '[':
			if optional {
				return nil, fmt.Errorf("%q: a [ inside of brackets", text)
			}
			optional = true
			re.WriteString("(?:")
		case ']':
			if !optional {
				return nil, fmt.Errorf("%q: a ] without its [", text)
			}
			optional = false
			re.WriteString(")?")
		case '}':
			return nil, fmt.Errorf("%q: a } without its {", text)
		case '*':
			re.WriteString("[^/]*?")
		default:
			re.WriteString(regexp.QuoteMeta(string(c)))
		}
		rest = rest[size:]
	}
	if optional {
		return nil, fmt.Errorf("%q: a [ without its ]", text)
	}
	for _, need := range []string{"method", "prompt"} {
		if !p.Has(need) {
			return nil, fmt.Errorf("%q: no {%s} in it", text, need)
		}
	}
	re.WriteString("$")
	var err error
	if p.re, err = regexp.Compile(re.String()); err != nil {
		return nil, fmt.Errorf("%q: %v", text, err)
	}
	return p, nil
}

// Has tells whether a part is in the pattern.
func (p *Pattern) Has(key string) bool { return slices.Contains(p.keys, key) }

// Match takes a name, relative to the pattern's folder and with slashes,
// apart; ok is false when it does not fit.
func (p *Pattern) Match(name string) (parts map[string]string, ok bool) {
	m := p.re.FindStringSubmatch(name)
	if m == nil {
		return nil, false
	}
	parts = map[string]string{}
	for i, key := range p.re.SubexpNames() {
		if key != "" && m[i] != "" {
			parts[key] = m[i]
		}
	}
	return parts, true
}

// Match is one file that fits a pattern.
type Match struct {
	Path  string
	Parts map[string]string
}

var videoExtensions = []string{".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif"}

// Find walks the pattern's folder, relative to dir, and returns the files that
// fit and the videos that do not.
func (p *Pattern) Find(dir string) (found []Match, unmatched []string, err error) {
	root := filepath.FromSlash(p.root)
	if !filepath.IsAbs(root) {
		root = filepath.Join(dir, root)
	}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && !p.deep {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if parts, ok := p.Match(filepath.ToSlash(rel)); ok {
			found = append(found, Match{name, parts})
		} else if slices.Contains(videoExtensions, strings.ToLower(filepath.Ext(name))) {
			unmatched = append(unmatched, name)
		}
		return nil
	})
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("folder %s not found", root)
		}
		return nil, nil, err
	}
	return found, unmatched, nil
}
