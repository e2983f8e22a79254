package sweeps

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Template is a text with placeholders in braces: "--frames={frames}". Two
// braces are one: "{{" is "{". {env:NAME} is an environment variable.
type Template struct {
	Text  string
	parts []part
}

// part is a literal text or a placeholder.
type part struct{ literal, key string }

// Placeholders are the parts of a cell that a generator's words may name.
var placeholders = []string{
	"prompt", "prompt_file", "tag", "method", "model", "frames", "latent_frames", "training_latent_frames", "ratio",
	"width", "height", "size", "steps", "guidance", "sampler", "shift", "seed", "out", "out_dir", "out_name", "cell", "slot", "gpu",
}

const envPrefix = "env:"

// ParseTemplate reads a text; an unknown placeholder is an error.
func ParseTemplate(text string) (Template, error) {
	t := Template{Text: text}
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			t.parts = append(t.parts, part{literal: lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == 0:
			return t, fmt.Errorf("%q: a zero byte cannot be handed to a program", text)
		case (c == '{' || c == '}') && i+1 < len(text) && text[i+1] == c:
			lit.WriteByte(c)
			i++
		case c == '}':
			return t, fmt.Errorf("%q: a } without its {: write }} for the brace itself", text)
		case c == '{':
			key, _, ok := strings.Cut(text[i+1:], "}")
			if !ok {
				return t, fmt.Errorf("%q: a { without its }: write {{ for the brace itself", text)
			}
			if name, env := strings.CutPrefix(key, envPrefix); env {
				if name == "" || strings.ContainsAny(name, "={ \x00") {
					return t, fmt.Errorf("%q: {%s} names no environment variable", text, key)
				}
			} else if !slices.Contains(placeholders, key) {
				hint := "want one of " + strings.Join(placeholders, ", ") + " or env:NAME (write {{ for the brace itself)"
				if near := nearest(key, placeholders); near != "" {
					hint = "did you mean {" + near + "}?"
				}
				return t, fmt.Errorf("%q: unknown placeholder {%s}: %s", text, key, hint)
			}
			flush()
			t.parts = append(t.parts, part{key: key})
			i += len(key) + 1
		default:
			lit.WriteByte(c)
		}
	}
	flush()
	return t, nil
}

// Uses tells whether a placeholder is in the text.
func (t Template) Uses(key string) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.key == key })
}

// Expand fills the placeholders in. A variable that is not set is an error,
// unless lax: then it is left as it stands, for showing.
func (t Template) Expand(values map[string]string, lax bool) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		name, env := strings.CutPrefix(p.key, envPrefix)
		switch v, ok := "", false; {
		case p.key == "":
			b.WriteString(p.literal)
		case env:
			if v, ok = os.LookupEnv(name); !ok && !lax {
				return "", fmt.Errorf("%q: the environment variable %s is not set: set it to what the spec says it is", t.Text, name)
			} else if !ok {
				v = "{" + p.key + "}"
			}
			b.WriteString(v)
		default:
			if v, ok = values[p.key]; !ok {
				return "", fmt.Errorf("%q: {%s} has no value here", t.Text, p.key)
			}
			b.WriteString(v)
		}
	}
	return b.String(), nil
}

// expandAll fills a list in.
func expandAll(list []Template, values map[string]string, lax bool) ([]string, error) {
	out := make([]string, len(list))
	for i, t := range list {
		var err error
		if out[i], err = t.Expand(values, lax); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// texts are the templates as they were written.
func texts(list []Template) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.Text
	}
	return out
}

// shellQuote writes a word so that a shell would read it back; for showing only.
func shellQuote(s string) string {
	if s != "" && strings.IndexFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:=,+@%", c))
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func shellLine(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = shellQuote(w)
	}
	return strings.Join(q, " ")
}
