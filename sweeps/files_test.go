package sweeps

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPatternMatch(t *testing.T) {
	const usual = "{model}__{method}__{horizon}__{prompt}[__{seed}].mp4"
	for _, tc := range []struct {
		pattern, name, want string // "" does not match
	}{
		{usual, "wan__lvsa__4x__dog.mp4", "map[horizon:4x method:lvsa model:wan prompt:dog]"},
		{usual, "wan__lvsa__4x__dog__16.mp4", "map[horizon:4x method:lvsa model:wan prompt:dog seed:16]"},
		{usual, "wan__lvsa__4x__a__dog.mp4", "map[horizon:4x method:lvsa model:wan prompt:a__dog]"},
		{usual, "wan__lvsa__4x__hünd.mp4", "map[horizon:4x method:lvsa model:wan prompt:hünd]"},
		{usual, "wan__lvsa__4x.mp4", ""},
		{usual, "wan__lvsa__4x__dog.mkv", ""},
		{usual, "wan__lvsa__4x__dogxmp4", ""},
		{usual, "sub/wan__lvsa__4x__dog.mp4", ""},
		{"out/{method}/{prompt}_{seed}.mp4", "dense/dog_3.mp4", "map[method:dense prompt:dog seed:3]"},
		{"out/{method}/*-{prompt}.mp4", "dense/x-dog.mp4", "map[method:dense prompt:dog]"},
		{"ü{method}é{prompt}", "üaéb", "map[method:a prompt:b]"},
	} {
		p, err := ParsePattern(tc.pattern)
		if err != nil {
			t.Errorf("%s: %v", tc.pattern, err)
			continue
		}
		parts, ok := p.Match(tc.name)
		got := ""
		if ok {
			got = fmt.Sprint(parts)
		}
		if got != tc.want {
			t.Errorf("%s on %s: %s, want %s", tc.pattern, tc.name, got, tc.want)
		}
	}
	for pattern, want := range map[string]string{
		"{method}_{prompt}_{sed}": "did you mean {seed}?",
		"{method}_{x}":            "want {model}",
		"{method":                 "a { without its }",
		"{method}}{prompt}":       "a } without its {",
		"{method}[{prompt}]":      "{prompt} must not be optional",
		"{method}{prompt}[":       "a [ without its ]",
		"{method}{prompt}]":       "a ] without its [",
		"{method}{prompt}[[":      "a [ inside",
		"{method}{method}":        "there twice",
		"{prompt}.mp4":            "no {method}",
		"plain.mp4":               "no {method}",
	} {
		if _, err := ParsePattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}

func TestPatternFind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"v/dense_dog.mp4", "v/-odd_dog.mp4", "v/other.MP4", "v/notes.txt", "v/deep/lvsa_dog.mp4"} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, pattern := range []string{"v/{method}_{prompt}.mp4", filepath.ToSlash(dir) + "/v/{method}_{prompt}.mp4"} {
		p, err := ParsePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found, unmatched, err := p.Find(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 2 || found[1].Parts["method"] != "dense" || found[0].Parts["method"] != "-odd" {
			t.Errorf("%s: found %v", pattern, found)
		}
		if len(unmatched) != 1 || filepath.Base(unmatched[0]) != "other.MP4" {
			t.Errorf("%s: unmatched %v", pattern, unmatched)
		}
	}
	p, _ := ParsePattern("none/{method}_{prompt}.mp4")
	if _, _, err := p.Find(dir); err == nil || !strings.Contains(err.Error(), "none not found") {
		t.Errorf("missing folder: %v", err)
	}
}
