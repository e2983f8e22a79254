package cpu

import (
	"fmt"
	"os"
	"strings"
)

// EnvVariant is the environment variable that forces a variant where the
// caller asks for none.
const EnvVariant = "LONGTAKE_KERNELS"

// variant is one implementation of all kernels. Tests run over the table.
type variant struct {
	name   string
	set    *kernelSet // nil: generic Go
	lacked string     // why it cannot run here; empty when it can
}

// variants lists every implementation, the best last.
func variants() []variant {
	return append([]variant{{name: "generic"}}, asmVariants()...)
}

// Variants are the names that this machine and build can run, the best last.
func Variants() []string {
	var names []string
	for _, v := range variants() {
		if v.lacked == "" {
			names = append(names, v.name)
		}
	}
	return names
}

func chooseVariant(name string) (variant, error) {
	from := "variant"
	if name == "" || name == "auto" {
		name, from = os.Getenv(EnvVariant), EnvVariant
	}
	all := variants()
	if name == "" || name == "auto" {
		for i := len(all) - 1; ; i-- {
			if all[i].lacked == "" {
				return all[i], nil
			}
		}
	}
	for _, v := range all {
		if v.name != name {
			continue
		}
		if v.lacked != "" {
			return variant{}, fmt.Errorf("kernels/cpu: %s %q: %s; available here: %s",
				from, name, v.lacked, strings.Join(Variants(), ", "))
		}
		return v, nil
	}
	return variant{}, fmt.Errorf("kernels/cpu: %s %q is unknown: want auto, generic, avx2 or avx512", from, name)
}
