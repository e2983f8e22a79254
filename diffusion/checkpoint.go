package diffusion

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"longtake/internal/safetensors"
)

// checkpoint reads the files of a model and remembers what it read, so that
// the model's hash covers exactly what defines it.
type checkpoint struct {
	fsys   fs.FS
	name   string // for messages: the folder
	hashes map[string][sha256.Size]byte
}

func newCheckpoint(fsys fs.FS, name string) *checkpoint {
	return &checkpoint{fsys: fsys, name: name, hashes: map[string][sha256.Size]byte{}}
}

// json reads and checks a JSON file.
func (c *checkpoint) json(file string, v interface{ check() error }) error {
	b, err := fs.ReadFile(c.fsys, file)
	if err != nil {
		return fmt.Errorf("diffusion: %s: %w", c.name, err)
	}
	c.hashes[file] = sha256.Sum256(b)
	where := c.name + "/" + file
	if err := decodeJSON(where, b, v); err != nil {
		return err
	}
	if err := v.check(); err != nil {
		return fmt.Errorf("diffusion: %s: %w", where, err)
	}
	return nil
}

// tensors opens a folder's weights.
func (c *checkpoint) tensors(base string) (*tensors, error) {
	s, err := safetensors.OpenSet(c.fsys, base)
	if err != nil {
		return nil, fmt.Errorf("diffusion: %s: %w", c.name, err)
	}
	if s.Index != nil {
		c.hashes[s.Name] = sha256.Sum256(s.Index)
	}
	for _, f := range s.Files {
		c.hashes[f.Name] = f.SHA256()
	}
	return &tensors{set: s, where: c.name + "/" + s.Name}, nil
}

// hash is the SHA-256, in hex, over "hash  name\n" of every file read, sorted
// by name (the output format of sha256sum).
func (c *checkpoint) hash() string {
	names := make([]string, 0, len(c.hashes))
	for n := range c.hashes {
		names = append(names, n)
	}
	slices.Sort(names)
	var s strings.Builder
	for _, n := range names {
		fmt.Fprintf(&s, "%x  %s\n", c.hashes[n], n)
	}
	h := sha256.Sum256([]byte(s.String()))
	return hex.EncodeToString(h[:])
}

// tensors hands out weights by name and shape. The first error stays, so that
// callers check once.
type tensors struct {
	set     *safetensors.Set
	where   string
	count   int64 // elements handed out
	scratch [2][]float32
	err     error
}

func (t *tensors) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// find checks a tensor's shape; nil after an error.
func (t *tensors) find(name string, shape []int) (safetensors.Tensor, bool) {
	if t.err != nil {
		return safetensors.Tensor{}, false
	}
	x, ok := t.set.Tensor(name)
	if !ok {
		t.fail(fmt.Errorf("diffusion: %s: no tensor %q", t.where, name))
		return x, false
	}
	if !slices.Equal(x.Shape, shape) {
		t.fail(fmt.Errorf("diffusion: %s: tensor %q has shape %v: the configuration asks for %v", t.where, name, x.Shape, shape))
		return x, false
	}
	t.count += int64(x.Len())
	return x, true
}

// keep returns a tensor's values for good.
func (t *tensors) keep(name string, shape ...int) []float32 {
	x, ok := t.find(name, shape)
	if !ok {
		return nil
	}
	v, err := x.Float32(nil)
	if err != nil {
		t.fail(err)
	}
	return v
}

// weightAndBias returns values that the next call overwrites: for packing.
func (t *tensors) weightAndBias(prefix string, shape ...int) (w, b []float32) {
	for i, part := range []struct {
		name  string
		shape []int
	}{{prefix + ".weight", shape}, {prefix + ".bias", shape[:1]}} {
		x, ok := t.find(part.name, part.shape)
		if !ok {
			return nil, nil
		}
		v, err := x.Float32(t.scratch[i])
		if err != nil {
			t.fail(err)
			return nil, nil
		}
		t.scratch[i] = v
	}
	return t.scratch[0], t.scratch[1]
}

func (t *tensors) close() error {
	t.scratch = [2][]float32{}
	return t.set.Close()
}
