package lvsa

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseSpec(t *testing.T) {
	const lvsaTail = "dense_layers=none,dense_steps.first=0,dense_steps.last=0,expand=true,first=1,globals_steps.first=0,globals_steps.last=0," +
		"interval=auto,logits=none,reference=auto,rope=none,rotate=true,scale=1,schedule=exact,window=3"
	for _, c := range []struct{ in, name, label string }{
		{"dense", "dense:dense_layers=none,dense_steps.first=0,dense_steps.last=0,logits=none,rope=none", "dense"},
		{"pi", "pi:dense_layers=none,dense_steps.first=0,dense_steps.last=0,logits=none", "pi"},
		{"lvsa", "lvsa:" + lvsaTail, "lvsa"},
		{" lvsa : window = 3 ", "lvsa:" + lvsaTail, "lvsa"},
		{"lvsa:window=4", "lvsa:" + strings.Replace(lvsaTail, "window=3", "window=4", 1), "lvsa(window=4)"},
		{"lvsa:interval=4,rotate=false,expand=false", "", "lvsa(interval=4,rotate=false,expand=false)"},
		{"lvsa:scale=1.50", "", "lvsa(scale=1.5)"},
		{"lvsa:globals_steps.last=2", "", "lvsa(globals_steps=0/2)"},
		{"lvsa:label=mine", "lvsa:" + lvsaTail, "mine"},
		{"lvsa+riflex", "", "lvsa+riflex"},
		{"lvsa:rope=riflex", "", "lvsa+riflex"},
		{"lvsa:rope.index=2,rope=riflex", "", "lvsa+riflex(index=2)"},
		{"lvsa+riflex:rope.index=2", "", "lvsa+riflex(index=2)"},
		{"lvsa+ultravico+yarn:logits.alpha=0.8,window=5", "", "lvsa(window=5)+yarn+ultravico(alpha=0.8)"},
		{"riflex+ultravico", "", "riflex+ultravico"},
		{"lvsa:dense_steps.first=2,dense_layers=5+0+5", "", "lvsa dense 2/0 dense layers 0+5"},
		{"ultravico", "ultravico:alpha=0.9,always=false,beta=0.6,dense_layers=none,dense_steps.first=0,dense_steps.last=0,first_frame=true,gamma=4," +
			"period=none,rope=none,smooth_k=true,variant=kernel,window_tokens=auto", "ultravico"},
		{"ultravico:variant=paper", "ultravico:alpha=0.9,always=false,beta=0.6,dense_layers=none,dense_steps.first=0,dense_steps.last=0,first_frame=false,gamma=4," +
			"period=none,rope=none,smooth_k=false,variant=paper,window_tokens=auto", "ultravico(variant=paper)"},
		{"ultravico:smooth_k=true,variant=paper", "", "ultravico(variant=paper,smooth_k=true)"},
		{"riflex:variant=lvsa,index=2", "", "riflex(variant=lvsa,index=2)"},
	} {
		s, err := ParseSpec(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if s.Label() != c.label {
			t.Errorf("%q: label %q, want %q", c.in, s.Label(), c.label)
		}
		if c.name != "" && s.String() != c.name {
			t.Errorf("%q: %s, want %s", c.in, s, c.name)
		}
		roundTrip(t, s)
	}
}

// roundTrip checks that the text, the JSON and the built method say the same.
func roundTrip(t *testing.T, s Spec) {
	t.Helper()
	again, err := ParseSpec(s.String())
	if err != nil || again.String() != s.String() {
		t.Errorf("%s reads back as %s, %v", s, again, err)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Spec
	if err := json.Unmarshal(b, &back); err != nil {
		t.Errorf("%s: %v", b, err)
		return
	}
	back.label = s.label
	if !reflect.DeepEqual(back, s) {
		t.Errorf("%s: %#v, want %#v", b, back, s)
	}
	m, err := s.Build()
	if err != nil {
		t.Fatal(err)
	}
	if m.Name() != s.String() {
		t.Errorf("method %s, spec %s", m.Name(), s)
	}
}

func TestSpecJSON(t *testing.T) {
	s, err := SpecFromMap(map[string]any{
		"name": "lvsa", "window": 3, "rope": "riflex", "logits": map[string]any{"name": "ultravico", "alpha": 0.9},
		"dense_steps": map[string]any{"first": 2, "last": 0}, "dense_layers": []any{0}, "label": "x",
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"dense_layers":[0],"dense_steps":{"first":2,"last":0},"expand":true,"first":1,"globals_steps":{"first":0,"last":0},"interval":"auto",` +
		`"logits":{"alpha":0.9,"always":false,"beta":0.6,"first_frame":true,"gamma":4,"name":"ultravico","period":"none","smooth_k":true,"variant":"kernel","window_tokens":"auto"},` +
		`"name":"lvsa","reference":"auto",` +
		`"rope":{"always":false,"index":"auto","l_test":"auto","name":"riflex","repetition":"auto","variant":"official"},` +
		`"rotate":true,"scale":1,"schedule":"exact","window":3}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if s.Label() != "x" {
		t.Errorf("label %q", s.Label())
	}
	roundTrip(t, s)
}

func TestSpecErrors(t *testing.T) {
	for _, c := range []struct{ in, key, says string }{
		{"", "", "the method has no name: want dense, pi, ntk, yarn, riflex, ultravico, lvsa"},
		{"lsva", "", `method "lsva" is unknown (did you mean "lvsa"?): want dense, `},
		{"riflx", "", `(did you mean "riflex"?)`},
		{"adaspa", "", `method "adaspa" is unknown: want`},
		{"lvsa:", "", `"" is no parameter: want key=value`},
		{"lvsa:window", "", `"window" is no parameter`},
		{"lvsa:window=", "", `"window=" is no parameter`},
		{"lvsa:windw=3", "windw", `is unknown (did you mean "window"?): want dense_layers, dense_steps, expand, first,`},
		{"pi:scale=2", "scale", "is unknown: want dense_layers, dense_steps, label, logits"},
		{"ultravico:window=3", "window", `(did you mean "window_tokens"?)`},
		{"lvsa:window=3,window=4", "window", "is given twice"},
		{"lvsa:window=-1", "window", `"-1" is not allowed: want a whole number 0..65536`},
		{"lvsa:window=1000000", "window", "want a whole number 0..65536"},
		{"lvsa:window=2.5", "window", `"2.5" is not allowed`},
		{"lvsa:first=-1", "first", "want a whole number 0..65536"},
		{"lvsa:interval=0", "interval", `"0" is not allowed: want auto, none or a whole number 1..65536`},
		{"lvsa:interval=sometimes", "interval", "want auto, none or"},
		{"lvsa:scale=0", "scale", "want a number above 0, at most 1000"},
		{"lvsa:scale=NaN", "scale", "want a number above 0"},
		{"lvsa:scale=+Inf", "scale", "want a number above 0"},
		{"lvsa:reference=0", "reference", "want auto or a whole number 1..65536"},
		{"lvsa:schedule=lag2", "schedule", `"lag2" is not allowed (did you mean "lag1"?): want exact or lag1`},
		{"lvsa:rotate=yes", "rotate", "want true or false"},
		{"lvsa:window=0,first=0,interval=none", "", "without keys"},
		{"lvsa:first=0,interval=none,globals_steps.first=1", "", "without keys"},
		{"lvsa:globals_steps.middle=1", "globals_steps", `key "middle" is unknown`},
		{"lvsa:globals_steps=1", "globals_steps", "want {first:"},
		{"lvsa:dense_steps.first=-1", "dense_steps", `first: "-1" is not allowed`},
		{"lvsa:dense_layers=0+-1", "dense_layers", `"-1" is not allowed`},
		{"lvsa:dense_layers=x", "dense_layers", `"x" is not allowed`},
		{"lvsa:rope=rifle", "rope", `(did you mean "riflex"?): want pi, ntk, yarn, riflex`},
		{"lvsa:rope=ultravico", "rope", `method "ultravico" cannot stand here: want pi,`},
		{"lvsa:rope.index=1", "rope", "has no name"},
		{"lvsa:rope=none,rope.index=1", "rope.index", "rope is none, which has no parameters"},
		{"lvsa:rope=riflex,rope.indx=1", "rope.indx", `(did you mean "index"?): want always, index,`},
		{"lvsa:rope=riflex,rope.index=-1", "rope.index", "want auto or a whole number"},
		{"lvsa:logits=ultravico,logits.alpha=1.5", "logits.alpha", "want a number above 0, at most 1"},
		{"lvsa:logits=ultravico,logits.label=x", "logits.label", "is unknown"},
		{"riflex:rope=yarn", "rope", "is what riflex itself edits"},
		{"ultravico:logits=ultravico", "logits", "is what ultravico itself edits"},
		{"lvsa+lvsa", "name", `method "lvsa" cannot stand here`},
		{"lvsa+riflex:rope=yarn", "rope", "is given twice"},
		{"lvsa+riflex+yarn", "rope", "is given twice"},
		{"ultravico:period=0.5", "period", "want none or a number 1..65536"},
		{"ultravico:period=10,beta=0.95", "", "ultravico beta 0.95: want more than 0, at most alpha (0.9)"},
		{"yarn:alpha=32,beta=32", "", "want alpha below beta"},
		{"lvsa:name=dense", "name", "in front of the colon"},
		{"lvsa:window.x=3", "window", "want a whole number"},
		{"lvsa:window=3,window.x=3", "window.x", "window is 3, which has no parameters"},
	} {
		_, err := ParseSpec(c.in)
		var e *SpecError
		if !errors.As(err, &e) || e.Key != c.key || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "lvsa: ") {
			t.Errorf("%q: %v (key %q), want key %q and %q", c.in, err, e.key(), c.key, c.says)
		}
	}
	for i, m := range []map[string]any{
		{},
		{"name": 3},
		{"name": "lvsa", "window": nil},
		{"name": "lvsa", "window": []any{3}},
		{"name": "lvsa", "window": 3.5},
		{"name": "lvsa", "rotate": 1},
		{"name": "lvsa", "rope": 3},
		{"name": "lvsa", "rope": map[string]any{"index": 3}},
		{"name": "lvsa", "rope": map[string]any{"name": 3}},
		{"name": "lvsa", "label": ""},
		{"name": "lvsa", "label": "two\nlines"},
		{"name": "lvsa", "dense_layers": 3},
		{"name": "lvsa", "dense_layers": []any{[]any{}}},
		{"name": "lvsa", "dense_steps": []any{1, 2}},
	} {
		if s, err := SpecFromMap(m); err == nil {
			t.Errorf("map %d: %v", i, s)
		}
	}
	if _, err := (Spec{}).Build(); err == nil {
		t.Error("an empty spec builds")
	}
}

func (e *SpecError) key() string {
	if e == nil {
		return ""
	}
	return e.Key
}

func TestParseSpecs(t *testing.T) {
	got, err := ParseSpecs("dense,lvsa:window=4,first=2,riflex, lvsa+ultravico:logits.alpha=0.8")
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, s := range got {
		labels = append(labels, s.Label())
	}
	if want := []string{"dense", "lvsa(window=4,first=2)", "riflex", "lvsa+ultravico(alpha=0.8)"}; !slices.Equal(labels, want) {
		t.Errorf("%q, want %q", labels, want)
	}
	for _, bad := range []string{"", "dense,", "dense,window=3", "lvsa:windw=3,dense"} {
		if _, err := ParseSpecs(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestInfo: every method and parameter is described, and its default is a
// value that it allows.
func TestInfo(t *testing.T) {
	for _, m := range Methods() {
		if m.Doc == "" {
			t.Errorf("%s has no description", m.Name)
		}
		s, err := ParseSpec(m.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Params {
			if p.Doc == "" || p.Default == nil || p.Allowed() == "" {
				t.Errorf("%s: %+v", m.Name, p)
			}
			if got, err := p.read(plain(p.Default)); err != nil || !reflect.DeepEqual(got, s.params[p.Name]) {
				t.Errorf("%s.%s: default %v reads as %v, %v", m.Name, p.Name, p.Default, got, err)
			}
			if slices.Contains([]string{"name", "label", "rope", "logits", "dense_steps", "dense_layers"}, p.Name) {
				t.Errorf("%s.%s hides a common key", m.Name, p.Name)
			}
		}
	}
	for _, p := range Common() {
		if p.Doc == "" || p.Allowed() == "" {
			t.Errorf("common: %+v", p)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, s := range []string{
		"dense", "lvsa:window=3,first=1", "lvsa+riflex+ultravico:rope.index=2,logits.alpha=0.8,dense_layers=0+3",
		"lvsa:interval=none,scale=1e-3,dense_steps.first=2", "ultravico:period=50,gamma=0,variant=paper", "yarn:alpha=-0,beta=1e-300",
		"lvsa:window=9999999999999999999", "riflex:index=auto,l_test=NaN", "a:b=c.d.e,f", "lvsa:rope.name=pi", "+", "lvsa+", "lvsa:rope=pi,rope.name=ntk",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s, err := ParseSpec(in)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "lvsa: ") {
				t.Errorf("%q: %v", in, err)
			}
			return
		}
		roundTrip(t, s)
		if s.Label() == "" {
			t.Errorf("%q has no label", in)
		}
	})
}
