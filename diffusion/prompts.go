package diffusion

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"

	"longtake/internal/safetensors"
)

// Scene is one thing that a checkpoint with its own prompts can show.
type Scene struct {
	Tag      string   `json:"tag"`
	Prompt   string   `json:"prompt"`
	Keywords []string `json:"keywords"` // words or phrases that free text may name it by
	Embeds   string   `json:"embeds"`   // tensor of prompts/embeds.safetensors
}

// promptBook is prompts/prompts.json with its embeddings.
type promptBook struct {
	Negative string  `json:"negative"` // tensor of the unconditional pass
	Scenes   []Scene `json:"scenes"`

	embeds map[string]*Matrix
}

func (p *promptBook) check() error {
	if len(p.Scenes) == 0 {
		return errors.New("no scenes")
	}
	if p.Negative == "" {
		return errors.New(`no "negative"`)
	}
	tags := map[string]bool{}
	for i, s := range p.Scenes {
		if s.Tag == "" || s.Embeds == "" {
			return fmt.Errorf(`scenes[%d]: want "tag" and "embeds"`, i)
		}
		t := strings.ToLower(s.Tag)
		if tags[t] {
			return fmt.Errorf("scenes[%d]: tag %q twice", i, s.Tag)
		}
		tags[t] = true
	}
	return nil
}

// loadPrompts reads the prompts folder; nil when there is none.
func loadPrompts(c *checkpoint) (*promptBook, error) {
	const file, weights = "prompts/prompts.json", "prompts/embeds.safetensors"
	if _, err := fs.Stat(c.fsys, file); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var p promptBook
	if err := c.json(file, &p); err != nil {
		return nil, err
	}
	f, err := safetensors.OpenFS(c.fsys, weights)
	if err != nil {
		return nil, fmt.Errorf("diffusion: %s: %w", c.name, err)
	}
	defer f.Close()
	c.hashes[weights] = f.SHA256()
	p.embeds = map[string]*Matrix{}
	names := []string{p.Negative}
	for _, s := range p.Scenes {
		names = append(names, s.Embeds)
	}
	for _, n := range names {
		if p.embeds[n], err = readMatrix(f, n); err != nil {
			return nil, err
		}
	}
	return &p, nil
}

// MatchPrompt finds the one scene that a text names: by its tag or its whole
// prompt, else the scene with the most of its keywords in the text. Words are
// compared whole and without case. A text that names none, or several
// equally, is an error that lists the scenes.
func (m *Model) MatchPrompt(text string) (Scene, error) {
	if m.prompts == nil {
		return Scene{}, errNoText
	}
	return m.prompts.match(text)
}

func (p *promptBook) match(text string) (Scene, error) {
	in := words(text)
	for _, s := range p.Scenes {
		if slices.Equal(in, words(s.Tag)) || len(in) > 0 && slices.Equal(in, words(s.Prompt)) {
			return s, nil
		}
	}
	best, ties, at := 0, 0, -1
	for i, s := range p.Scenes {
		n := 0
		seen := map[string]bool{}
		for _, k := range append([]string{s.Tag}, s.Keywords...) {
			w := words(k)
			if key := strings.Join(w, " "); len(w) > 0 && !seen[key] && contains(in, w) {
				seen[key] = true
				n++
			}
		}
		switch {
		case n > best:
			best, ties, at = n, 1, i
		case n == best && n > 0:
			ties++
		}
	}
	if ties == 1 {
		return p.Scenes[at], nil
	}
	why := "names no scene of this model"
	if ties > 1 {
		why = "names several scenes of this model"
	}
	var list []string
	for _, s := range p.Scenes {
		list = append(list, fmt.Sprintf("%s (%s)", s.Tag, s.Prompt))
	}
	return Scene{}, fmt.Errorf("diffusion: prompt %q %s; it can show: %s", text, why, strings.Join(list, "; "))
}

// words are the runs of letters and digits, in lower case.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// contains tells whether phrase occurs in text, word by word.
func contains(text, phrase []string) bool {
	for i := 0; i+len(phrase) <= len(text); i++ {
		if slices.Equal(text[i:i+len(phrase)], phrase) {
			return true
		}
	}
	return false
}
