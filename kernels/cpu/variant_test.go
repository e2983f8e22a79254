package cpu

import (
	"slices"
	"strings"
	"testing"
)

func TestChooseVariant(t *testing.T) {
	here := Variants()
	if here[0] != "generic" {
		t.Fatalf("variants %v", here)
	}
	best := here[len(here)-1]
	for _, c := range []struct{ option, env, want string }{
		{"", "", best},
		{"auto", "", best},
		{"", "auto", best},
		{"", "generic", "generic"},
		{"auto", "generic", "generic"},
		{best, "generic", best}, // the option wins
		{"generic", "", "generic"},
	} {
		t.Setenv(EnvVariant, c.env)
		b, err := New(Options{Variant: c.option})
		if err != nil {
			t.Fatal(err)
		}
		if b.Variant() != c.want {
			t.Errorf("option %q, environment %q: %s, want %s", c.option, c.env, b.Variant(), c.want)
		}
		if b.Name() != "cpu" || b.Workers() < 1 {
			t.Errorf("%s with %d workers", b.Name(), b.Workers())
		}
	}
	t.Setenv(EnvVariant, "sse9")
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), EnvVariant) {
		t.Errorf("unknown variant in the environment: %v", err)
	}
	if _, err := New(Options{Variant: "sse9"}); err == nil || !strings.Contains(err.Error(), `"sse9" is unknown`) {
		t.Errorf("unknown variant: %v", err)
	}
	if _, err := New(Options{Workers: -1}); err == nil {
		t.Error("-1 workers")
	}
	for _, v := range variants() {
		_, err := New(Options{Variant: v.name})
		if slices.Contains(here, v.name) {
			if err != nil {
				t.Errorf("%s: %v", v.name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), v.lacked) {
			t.Errorf("%s cannot run here, but: %v", v.name, err)
		}
	}
}
