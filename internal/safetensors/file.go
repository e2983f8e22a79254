package safetensors

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// File is an open safetensors file.
type File struct {
	Name     string
	Metadata map[string]string // nil when the file has none

	data   []byte
	list   []Tensor
	byName map[string]int
	unmap  func() error
}

// Parse reads a file that is in memory; name is for messages. The file keeps
// a reference to b.
func Parse(name string, b []byte) (*File, error) {
	list, meta, err := parse(name, b)
	if err != nil {
		return nil, err
	}
	f := &File{Name: name, Metadata: meta, data: b, list: list, byName: make(map[string]int, len(list))}
	for i, t := range list {
		f.byName[t.Name] = i
	}
	return f, nil
}

// Open maps the file at path into memory, or reads it where that is not
// possible.
func Open(path string) (*File, error) {
	o, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return open(path, o)
}

// OpenFS opens a file of fsys. Files of the operating system (os.DirFS) are
// mapped into memory, others are read.
func OpenFS(fsys fs.FS, name string) (*File, error) {
	o, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return open(name, o)
}

func open(name string, o fs.File) (*File, error) {
	defer o.Close()
	st, err := o.Stat()
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
	}
	if st.IsDir() {
		return nil, fmt.Errorf("safetensors: %s: is a directory", name)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("safetensors: %s: not a regular file", name)
	}
	if of, ok := o.(*os.File); ok && st.Size() > 0 {
		if b, unmap, err := mapFile(of, st.Size()); err == nil {
			f, err := Parse(name, b)
			if err != nil {
				_ = unmap()
				return nil, err
			}
			f.unmap = unmap
			return f, nil
		}
	}
	b, err := io.ReadAll(o)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
	}
	return Parse(name, b)
}

// Close releases the memory; no Tensor of the file may be used afterwards.
func (f *File) Close() error {
	u := f.unmap
	f.unmap, f.data, f.list, f.byName = nil, nil, nil, nil
	if u == nil {
		return nil
	}
	return u()
}

// SHA256 hashes the whole file.
func (f *File) SHA256() [sha256.Size]byte { return sha256.Sum256(f.data) }

// Tensors lists the tensors in the order of their bytes.
func (f *File) Tensors() []Tensor { return f.list }

// Tensor finds a tensor by its name.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return f.list[i], true
}

// Float32 returns a tensor's elements and its shape.
func (f *File) Float32(name string) ([]float32, []int, error) {
	t, ok := f.Tensor(name)
	if !ok {
		return nil, nil, fmt.Errorf("safetensors: %s: no tensor %q", f.Name, name)
	}
	v, err := t.Float32(nil)
	return v, t.Shape, err
}
