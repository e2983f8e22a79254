package all

import (
	"strings"
	"testing"

	"longtake/kernels/cpu"
)

func TestGet(t *testing.T) {
	t.Setenv(cpu.EnvVariant, "")
	for _, name := range []string{"cpu", "auto", ""} {
		b, err := Get(name, Options{Workers: 2, Kernels: "generic"})
		if err != nil {
			t.Fatal(err)
		}
		if b.Name() != "cpu" || Variant(b) != "generic" {
			t.Errorf("Get(%q) is %s with kernels %s", name, b.Name(), Variant(b))
		}
	}
	for name, want := range map[string]string{
		"cuda": "this build has no CUDA",
		"tpu":  `backend "tpu" is unknown: want auto, cpu`,
	} {
		if _, err := Get(name, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Get(%q): %v", name, err)
		}
	}
	if _, err := Get("cpu", Options{Kernels: "no"}); err == nil {
		t.Error("unknown kernels are accepted")
	}
	for _, e := range All() {
		if e.Doc == "" {
			t.Errorf("%s has no description", e.Name)
		}
	}
}
