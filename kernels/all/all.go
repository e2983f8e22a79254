// Package all is the one list of the backends in this build.
package all

import (
	"fmt"
	"strings"

	"longtake/kernels"
	"longtake/kernels/cpu"
)

// Options are what a caller may ask of any backend.
type Options struct {
	Workers int    // goroutines of the cpu backend; 0 is one per core
	Kernels string // kernel variant: auto (or empty), generic, avx2, avx512
}

// Entry is one backend.
type Entry struct {
	Name string
	Doc  string
	Open func(Options) (kernels.Backend, error)
}

// All lists the backends, the one that "auto" tries first in front.
func All() []Entry {
	return []Entry{
		{"cpu", "the machine's cores, float32", openCPU},
	}
}

// known are the backends of the project that other builds have.
var known = map[string]string{
	"cuda": "this build has no CUDA backend; use backend cpu or auto",
}

// Get opens a backend by name. "auto" and "" are the first of All that works.
func Get(name string, o Options) (kernels.Backend, error) {
	list := All()
	var names []string
	for _, e := range list {
		if e.Name == name {
			return e.Open(o)
		}
		names = append(names, e.Name)
	}
	if name == "" || name == "auto" {
		return list[0].Open(o)
	}
	if why, ok := known[name]; ok {
		return nil, fmt.Errorf("backend %q: %s", name, why)
	}
	return nil, fmt.Errorf("backend %q is unknown: want auto, %s", name, strings.Join(names, ", "))
}

// Variant is the name of the kernels that a backend runs, for the record.
func Variant(b kernels.Backend) string {
	if v, ok := b.(interface{ Variant() string }); ok {
		return v.Variant()
	}
	return b.Name()
}

func openCPU(o Options) (kernels.Backend, error) {
	return cpu.New(cpu.Options{Workers: o.Workers, Variant: o.Kernels})
}
