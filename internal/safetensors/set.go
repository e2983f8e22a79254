package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Set is the tensors of one model, in one file or in shards.
type Set struct {
	Name  string  // the file or the index
	Index []byte  // the index file as read; nil without shards
	Files []*File // in the order of their names

	byName map[string]*File
}

// OpenSet opens base+".safetensors", or the shards that
// base+".safetensors.index.json" names. Shards lie in the folder of the index
// or below it.
func OpenSet(fsys fs.FS, base string) (*Set, error) {
	single := base + ".safetensors"
	f, err := OpenFS(fsys, single)
	if err == nil {
		return &Set{Name: single, Files: []*File{f}}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	index := single + ".index.json"
	b, err := fs.ReadFile(fsys, index)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("safetensors: neither %s nor %s: %w", single, index, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	s := &Set{Name: index, Index: b, byName: map[string]*File{}}
	if err := s.openShards(fsys, path.Dir(base)); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Set) openShards(fsys fs.FS, dir string) error {
	var v struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(s.Index, &v); err != nil {
		return fmt.Errorf("safetensors: %s: %v", s.Name, err)
	}
	if len(v.Map) == 0 {
		return fmt.Errorf("safetensors: %s: no weight_map", s.Name)
	}
	shards := map[string]*File{}
	for _, tensor := range sortedKeys(v.Map) {
		shard := v.Map[tensor]
		f, ok := shards[shard]
		if !ok {
			if !fs.ValidPath(shard) || shard == "." || strings.ContainsAny(shard, "\\:") {
				return fmt.Errorf("safetensors: %s: tensor %q: shard %q is not a file in this folder", s.Name, tensor, shard)
			}
			var err error
			if f, err = OpenFS(fsys, path.Join(dir, shard)); err != nil {
				return fmt.Errorf("%w (shard named by %s)", err, s.Name)
			}
			shards[shard] = f
			s.Files = append(s.Files, f)
		}
		if _, ok := f.Tensor(tensor); !ok {
			return fmt.Errorf("safetensors: %s: tensor %q is not in shard %s", s.Name, tensor, shard)
		}
		s.byName[tensor] = f
	}
	slices.SortFunc(s.Files, func(a, b *File) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func sortedKeys(m map[string]string) []string {
	k := make([]string, 0, len(m))
	for n := range m {
		k = append(k, n)
	}
	slices.Sort(k)
	return k
}

// Tensor finds a tensor in any of the files.
func (s *Set) Tensor(name string) (Tensor, bool) {
	if s.byName == nil {
		return s.Files[0].Tensor(name)
	}
	f, ok := s.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return f.Tensor(name)
}

// Close closes every file.
func (s *Set) Close() error {
	var errs []error
	for _, f := range s.Files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
