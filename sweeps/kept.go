package sweeps

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kept is what a folder's own spec.yaml says to a report. The prompts file that
// a spec names need not be there any more.
type Kept struct {
	Name       string
	References string
}

// ReadKept reads DIR/spec.yaml; a folder without one has the zero value.
func ReadKept(dir string) (Kept, error) {
	name := filepath.Join(dir, SpecFile)
	src, err := readLimited(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Kept{}, nil
	}
	if err != nil {
		return Kept{}, &SpecError{File: name, Msg: err.Error()}
	}
	r := reader{name}
	top, err := r.document(src)
	if err != nil {
		return Kept{}, err
	}
	m, err := r.mapping(top, "the spec", builtinKeys...)
	if err != nil {
		return Kept{}, err
	}
	var k Kept
	for key, dst := range map[string]*string{"name": &k.Name, "references": &k.References} {
		if f, ok := m[key]; ok && f.value.Kind == yaml.ScalarNode {
			*dst = strings.TrimSpace(f.value.Value)
		}
	}
	return k, nil
}
