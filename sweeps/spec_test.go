package sweeps

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const plain = `methods: [dense, riflex, {name: ultravico, alpha: 0.9}, {name: lvsa, window: 3}]
horizons: [1x, 2x, 4x]
prompts: [{tag: waves, prompt: waves roll}, fish]
`

func TestParseSpec(t *testing.T) {
	s, err := ParseSpec("some/dir/grid.yaml", []byte(plain+`
seeds: [16, 17]
steps: 30
guidance: 3.5
sampler: {name: euler, shift: 5}
size: 64x48
repeats: 3
score: {expect_motion: true}
references: mini
`))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(s.Name, s.Dir, s.Model.Name, s.Seeds, s.Steps, s.Guidance, s.Sampler, s.Width, s.Height, s.Backend, s.Repeats, s.ExpectMotion, s.References)
	want := fmt.Sprintln("grid", "some/dir", "mini", []int64{16, 17}, 30, 3.5, SamplerRef{"euler", 5}, 64, 48, "auto", 3, true, "mini")
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if len(s.Methods) != 4 || s.Methods[3].Spec.Params()["window"] != 3 || s.Methods[2].Spec.Params()["alpha"] != 0.9 {
		t.Errorf("methods %v", s.Methods)
	}
	if len(s.Horizons) != 3 || s.Horizons[2].Ratio != 4 {
		t.Errorf("horizons %v", s.Horizons)
	}
	if len(s.Prompts) != 2 || s.Prompts[0].Text != "waves roll" || s.Prompts[1].Tag != "fish" || s.Prompts[1].Text != "fish" {
		t.Errorf("prompts %v", s.Prompts)
	}
}

func TestSmokeSpec(t *testing.T) {
	s, err := ReadSpec("smoke.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "smoke" || len(s.Methods) != 4 || len(s.Horizons) != 3 || len(s.Prompts) != 2 {
		t.Errorf("got %+v", s)
	}
}

// TestReadySpecs: every spec that ships is read, and those that drive other
// people's generators are planned without their checkpoints and servers.
func TestReadySpecs(t *testing.T) {
	list, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cells := map[string]int{}
	for _, name := range list {
		s, err := ReadSpec(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Foreign == nil {
			continue
		}
		p, err := NewPlan(t.Context(), s, Env{})
		if err != nil {
			t.Error(err)
			continue
		}
		cells[name] = len(p.Cells)
		for i := range p.Cells {
			c := &p.Cells[i]
			if line := p.Show(c); !strings.Contains(line, c.prompt.Text[:8]) || !strings.Contains(line, fmt.Sprint(c.Frames)) {
				t.Errorf("%s: %s is shown as %s", name, c.Title(), line)
			}
		}
	}
	for name, want := range map[string]int{"paper-sota.yaml": 60, "paper-latency.yaml": 8, "hunyuan15.yaml": 60, "vllm-omni.yaml": 40} {
		if cells[name] != want {
			t.Errorf("%s: %d cells, want %d", name, cells[name], want)
		}
	}
}

func TestParseSpecErrors(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		p := string(c - 1)
		bomb += fmt.Sprintf("%c: &%c [*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s]\n", c, c, p, p, p, p, p, p, p, p, p)
	}
	for _, tc := range []struct{ name, src, want string }{
		{"misspelt key", "metods: [dense]\n", `grid.yaml:1:1: unknown key "metods" in the spec: did you mean "methods"?`},
		{"misspelt key, later", plain + "guidence: 3\n", `grid.yaml:4:1: unknown key "guidence" in the spec: did you mean "guidance"?`},
		{"unknown key", plain + "colour: red\n", `grid.yaml:4:1: unknown key "colour" in the spec: want one of name, generator`},
		{"nested unknown key", plain + "score: {expect_moton: true}\n", `grid.yaml:4:9: unknown key "expect_moton" in score: did you mean "expect_motion"?`},
		{"unknown method", "methods: [lvssa]\n", `grid.yaml:1:11: methods[0]: method "lvssa" is unknown (did you mean "lvsa"?)`},
		{"method key", "methods:\n  - {name: lvsa, windw: 3}\n", `grid.yaml:2:`},
		{"method value", "methods:\n  - name: lvsa\n    window: -1\n", `grid.yaml:3:13: methods[0]: method "lvsa": window`},
		{"method NaN", "methods: [{name: ultravico, alpha: .nan}]\n", `alpha is .nan: want`},
		{"method without name", "methods: [{window: 3}]\n", `methods[0]: name: is missing`},
		{"method twice", "methods: [dense, {name: lvsa, window: 3}, lvsa]\n", `grid.yaml:1:43: methods[2] is the same as methods[1]`},
		{"deep method", "methods: [{name: " + strings.Repeat("[", 12) + strings.Repeat("]", 12) + "}]\n", `nested more than 8 deep`},
		{"no methods", "horizons: [1x]\nprompts: [fish]\n", "grid.yaml:1:1: no methods"},
		{"horizons and frames", plain + "frames: [81]\n", `grid.yaml:4:1: both horizons (line 2) and frames are given: keep one`},
		{"neither", "methods: [dense]\nprompts: [fish]\n", "neither horizons nor frames"},
		{"horizon without x", "horizons: [2]\n", `grid.yaml:1:12: horizons[0] is "2": want a multiple of the training horizon such as 2x`},
		{"horizon NaN", "horizons: [NaNx]\n", `want a multiple`},
		{"horizon infinite", "horizons: [Infx]\n", `want a multiple`},
		{"horizon negative", "horizons: [-1x]\n", `want a multiple`},
		{"horizon zero", "horizons: [0x]\n", `want a multiple`},
		{"frames negative", "frames: [-81]\n", `frames[0] is -81: want 1 to`},
		{"frames huge", "frames: [99999999999999999999]\n", `frames[0] is "99999999999999999999": want a whole number`},
		{"frames text", "frames: [eighty]\n", `frames[0] is the text "eighty": want a whole number`},
		{"frames float", "frames: [81.5]\n", `frames[0] is "81.5": want a whole number`},
		{"frames twice", "frames: [81, 81]\n", `frames[1] repeats frames[0] (81)`},
		{"seed negative", "seeds: [-1]\n", "seeds[0] is -1"},
		{"seed twice", "seeds: [1, 1]\n", "seed 1 is there already"},
		{"seeds no list", "seeds: 16\n", `seeds is "16": want a list such as [16]`},
		{"seeds empty", "seeds: []\n", `seeds is empty`},
		{"steps zero", "steps: 0\n", "steps is 0: want 1 to 1000"},
		{"guidance NaN", "guidance: .nan\n", "guidance is .nan: want 1 to 1000"},
		{"guidance infinite", "guidance: .inf\n", "guidance is .inf: want 1 to 1000"},
		{"guidance negative", "guidance: -3\n", "guidance is -3: want 1 to 1000"},
		{"guidance zero", "guidance: 0\n", "guidance is 0: want 1 to 1000"},
		{"seed too large", "seeds: [4294967296]\n", "want 0 to 4294967295"},
		{"guidance text", "guidance: three\n", `guidance is the text "three": want a number`},
		{"sampler", "sampler: unipcc\n", `unknown sampler "unipcc": want one of unipc`},
		{"shift zero", "sampler: {shift: 0}\n", `sampler.shift is 0`},
		{"size", "size: big\n", `size is the text "big": want native or WIDTHxHEIGHT`},
		{"size zero", "size: 0x64\n", `want native or WIDTHxHEIGHT`},
		{"repeats", "repeats: 0\n", "repeats is 0"},
		{"executor", "executor: slrum\n", `unknown executor "slrum": want`},
		{"generator exec", "generator: {exec: [a]}\n", "generator.exec is a list: want a map with the keys command"},
		{"generator openai", "generator: openai-video\n", "generator openai-video needs its servers"},
		{"generator unknown", "generator: sora\n", `unknown generator "sora"`},
		{"generator files alone", "generator: files\n", "needs its name pattern"},
		{"generator pattern", "generator: {files: \"{modle}.mp4\"}\n", `grid.yaml:1:20: generator.files: "{modle}.mp4": unknown part {modle}: did you mean {model}?`},
		{"files with steps", "generator: {files: \"{model}_{method}_{prompt}.mp4\"}\nsteps: 3\n", "grid.yaml:2:1: steps does not apply to generator files"},
		{"files without model", "generator: {files: \"{method}_{prompt}.mp4\"}\n", "no {model}"},
		{"horizon for a checkpoint", plain + "model: {name: mini, training_latent_frames: 21}\n", "are for generators that are not ours"},
		{"prompt without tag", "prompts: [{prompt: x}]\n", "prompts[0] has no tag"},
		{"prompt tag", "prompts: [{tag: ../x, prompt: x}]\n", `prompts[0].tag is "../x": want letters`},
		{"prompt twice", "prompts: [a, {tag: a, prompt: x}]\n", `tag "a" is that of prompts[0] already`},
		{"prompts file missing", "prompts: none.json\n", "grid.yaml:1:10: prompts file none.json: not found"},
		{"references", "references: wan\n", `unknown references "wan": want mini`},
		{"expect_motion", "score: {expect_motion: 1}\n", `score.expect_motion is "1": want true or false`},
		{"bomb", bomb, "grid.yaml:1:4: anchors (&) and aliases (*) are not supported"},
		{"self alias", "a: &a {b: *a}\n", "anchors (&) and aliases (*) are not supported"},
		{"duplicate key", "name: a\nname: b\n", `grid.yaml:2:1: key "name" is already on line 1`},
		{"duplicate deep", "methods: [{name: lvsa, window: 3, window: 4}]\n", `key "window" is already on line 1`},
		{"two documents", "name: a\n---\nname: b\n", "a second document begins here"},
		{"empty", "", "the file is empty"},
		{"only a comment", "# nothing\n", "the file is empty"},
		{"list", "- a\n", "a spec is a mapping"},
		{"null", "~\n", "a spec is a mapping"},
		{"tab", "name:\n\t- a\n", "grid.yaml:2: not YAML: found character that cannot start any token"},
		{"binary", "\x00\x01\x02", "not YAML"},
		{"key that is a list", "[a]: b\n", "a key must be a plain word"},
		{"huge", "name: " + strings.Repeat("x", maxSpecBytes), "a spec has at most 1048576"},
		{"name a number", "name: 3\n", `name is "3": want text`},
		{"name empty", "name:\n", `name is empty: want text`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseSpec("grid.yaml", []byte(tc.src))
			var e *SpecError
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a SpecError", err)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestReadPrompts(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct{ name, src, want string }{
		{"ok", "[{\"tag\": \"a\", \"prompt\": \"x \\ud83d\\ude00\", \"embeds\": \"e.safetensors\"}]", ""},
		{"unknown key", "[\n{\"tag\": \"a\", \"promt\": \"x\"}]", `:2: json: unknown field "promt"`},
		{"syntax", "[\n{\"tag\": \"a\",\n}]", `:3: invalid character '}'`},
		{"object", "{}", "no list"},
		{"type", "[{\"tag\": 3, \"prompt\": \"x\"}]", "cannot unmarshal number"},
		{"no prompt", "[{\"tag\": \"a\"}]", "entry 0 (a) has no prompt"},
		{"no tag", "[{\"prompt\": \"a\"}]", `tag "": want letters`},
		{"twice", "[{\"tag\": \"a\", \"prompt\": \"x\"},{\"tag\": \"a\", \"prompt\": \"y\"}]", "there already"},
		{"empty", "", "unexpected end of JSON input"},
		{"empty list", "[]", "no prompts in it"},
		{"cut", "[{\"tag\": \"a\", \"prompt\": \"x\"}", "unexpected end of JSON input"},
		{"tail", "[{\"tag\": \"a\", \"prompt\": \"x\"}] x", "invalid character 'x' after top-level value"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			name := filepath.Join(dir, "prompts.json")
			if err := os.WriteFile(name, []byte(tc.src), 0o644); err != nil {
				t.Fatal(err)
			}
			list, err := ReadPrompts(name)
			if tc.want == "" {
				if err != nil || len(list) != 1 || list[0].Text != "x 😀" || list[0].Embeds != filepath.Join(dir, "e.safetensors") {
					t.Errorf("got %+v, %v", list, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "prompts.json") {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// FuzzParseSpec: no input makes the parser panic or take long, and what it
// accepts is within the bounds.
func FuzzParseSpec(f *testing.F) {
	smoke, err := os.ReadFile("smoke.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(smoke), plain, "a: &a [*a]\n", "{}", "? [a]\n: b\n", "generator: {files: \"{method}[__{seed}]{prompt}.mp4\"}\nmodel: x\n",
		"prompts: .\n", "horizons: [1e1x, 0x1p1x]\n", "!!binary x: y\n", "<<: {a: b}\n", "name: !!str 3\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := ParseSpec("fuzz.yaml", src)
		if err != nil {
			var e *SpecError
			if !errors.As(err, &e) {
				t.Fatalf("%v is no SpecError", err)
			}
			return
		}
		for _, h := range s.Horizons {
			if !(h.Ratio > 0 && h.Ratio <= maxRatio) {
				t.Errorf("horizon %v", h)
			}
		}
		if s.Files == nil && (len(s.Methods) == 0 || len(s.Prompts) == 0 || len(s.Seeds) == 0 || len(s.Horizons)+len(s.Frames) == 0) {
			t.Errorf("accepted an empty grid: %+v", s)
		}
	})
}
