package diffusion

import (
	"strings"
	"testing"

	"longtake/internal/golden"
	"longtake/kernels"
	"longtake/kernels/cpu"
	"longtake/lvsa"
)

func backend(tb testing.TB, o cpu.Options) kernels.Backend {
	tb.Helper()
	b, err := cpu.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func tinyModel(tb testing.TB, o cpu.Options) *Model {
	tb.Helper()
	m, err := LoadFS(golden.TinyFS(tb), "tiny", backend(tb, o))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// variants are the kernel variants of this machine.
func variants(t *testing.T) []string {
	t.Helper()
	list := []string{"generic"}
	for _, v := range []string{"avx2", "avx512"} {
		if _, err := cpu.New(cpu.Options{Variant: v}); err != nil {
			t.Logf("variant %s: %v", v, err)
			continue
		}
		list = append(list, v)
	}
	return list
}

func method(tb testing.TB, spec string) lvsa.Method {
	tb.Helper()
	s, err := lvsa.ParseSpec(spec)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := s.Build()
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %q", parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}
