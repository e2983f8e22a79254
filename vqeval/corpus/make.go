package corpus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"

	"longtake/internal/atomicfile"
	"longtake/vqeval"
)

// generation names what the recipes draw. A corpus of another generation is
// rendered anew.
const generation = "5"

const generationName = ".generation"

// Options say what Make renders.
type Options struct {
	Editions []int  // from 1; none = Editions, and that of the subset for CI where only this is made
	CI       bool   // the subset for CI only
	Split    string // Dev or Test; "" = both
	Kind     string // of vqeval.Kinds, or "healthy"; "" = all
	Clips    string // folder of the user's clips; "" = none
	Workers  int    // videos that are rendered at the same time; 0 = all cores

	// Progress is called after every video, from one goroutine at a time.
	Progress func(done, total int)
}

// Make renders the corpus into dir and returns the labels of all that is there
// then. What is there already, with its row in the manifest, is kept: the same
// call goes on where a killed one stopped. The same options give the same
// frames everywhere; the files also depend on the version of ffmpeg.
func Make(ctx context.Context, dir string, o Options) ([]Label, error) {
	switch {
	case o.Split != "" && o.Split != Dev && o.Split != Test:
		return nil, fmt.Errorf("corpus: split %q must be %s or %s", o.Split, Dev, Test)
	case o.Kind != "" && o.Kind != "healthy" && !slices.Contains(vqeval.Kinds, o.Kind):
		return nil, fmt.Errorf("corpus: unknown kind %q: one of healthy, %s", o.Kind, strings.Join(vqeval.Kinds, ", "))
	case o.Workers < 0:
		return nil, fmt.Errorf("corpus: %d workers", o.Workers)
	case o.CI && slices.ContainsFunc(o.Editions, func(n int) bool { return n != ciEdition }):
		return nil, fmt.Errorf("corpus: editions %v: only edition %d has a subset for CI", o.Editions, ciEdition)
	case len(o.Editions) == 0 && o.CI:
		o.Editions = []int{ciEdition}
	case len(o.Editions) == 0:
		o.Editions = Editions()
	}
	var all []*recipe
	for i, n := range o.Editions {
		switch {
		case n < 1:
			return nil, fmt.Errorf("corpus: edition %d: they count from 1", n)
		case slices.Contains(o.Editions[:i], n):
			return nil, fmt.Errorf("corpus: edition %d is named twice", n)
		}
		all = append(all, plan(n)...)
	}
	if o.Clips != "" {
		own, err := clipRecipes(ctx, o.Clips)
		if err != nil {
			return nil, err
		}
		all = append(all, own...)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	kept, err := present(dir, o.Editions, all)
	if err != nil {
		return nil, err
	}
	var todo []*recipe
	have := map[string]bool{}
	for _, l := range kept {
		have[l.File] = true
	}
	for _, r := range all {
		if o.wants(r.Label) && !have[r.File] {
			todo = append(todo, r)
		}
	}
	m := &manifest{dir: dir, order: map[string]int{}, labels: kept}
	for i, r := range all {
		m.order[r.File] = i + 1
	}
	if err := m.write(); err != nil {
		return nil, err
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, generationName), []byte(generation+"\n")); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	err = renderAll(ctx, dir, todo, o, m)
	// Rows come as they are done; a finished manifest is in the plan's order.
	if werr := m.write(); err == nil {
		err = werr
	}
	return m.labels, err
}

func (o Options) wants(l Label) bool {
	kind := l.Kind
	if kind == "" {
		kind = "healthy"
	}
	return (!o.CI || l.CI) && (o.Split == "" || o.Split == l.Split) && (o.Kind == "" || o.Kind == kind)
}

// present returns the rows of dir's manifest that hold: of a file that is there
// and is what the plan would make, or of a clip of the user's.
func present(dir string, editions []int, all []*recipe) ([]Label, error) {
	made, err := os.ReadFile(filepath.Join(dir, generationName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	path := filepath.Join(dir, ManifestName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	if len(made) == 0 {
		return nil, fmt.Errorf("corpus: %s was not made by this command: choose another folder", path)
	}
	planned := map[string]Label{}
	for _, r := range all {
		planned[r.File] = r.Label
	}
	var kept []Label
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		// A killed run may have left half a row: its video is made again.
		l, err := parseLabel([]byte(strings.TrimSpace(line)))
		if err != nil || seen[l.File] {
			continue
		}
		if l.Edition != 0 && !slices.Contains(editions, l.Edition) {
			return nil, fmt.Errorf("corpus: %s has videos of edition %d, not only of %s: choose another folder", path, l.Edition, listed(editions))
		}
		want, ok := planned[l.File]
		own := strings.HasPrefix(l.Source, clipSource)
		same := ok && reflect.DeepEqual(l, reread(want))
		if own && !ok {
			same = true
		} else if !own && strings.TrimSpace(string(made)) != generation {
			same = false
		}
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(l.File))); same && err == nil {
			seen[l.File] = true
			kept = append(kept, l)
		}
	}
	return kept, nil
}

// reread is the label as it comes back from a manifest.
func reread(l Label) Label {
	data, err := json.Marshal(l)
	if err != nil {
		return l
	}
	var out Label
	if json.Unmarshal(data, &out) != nil {
		return l
	}
	return out
}

// manifest is what is written down while videos are made.
type manifest struct {
	dir    string
	order  map[string]int
	labels []Label
	file   *os.File
}

// add appends one row at once.
func (m *manifest) add(l Label) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if m.file == nil {
		if m.file, err = os.OpenFile(filepath.Join(m.dir, ManifestName), os.O_WRONLY|os.O_APPEND, 0o644); err != nil {
			return err
		}
	}
	m.labels = append(m.labels, l)
	_, err = m.file.Write(append(data, '\n'))
	return err
}

// write replaces the manifest by all rows in order.
func (m *manifest) write() error {
	if m.file != nil {
		m.file.Close()
		m.file = nil
	}
	slices.SortStableFunc(m.labels, func(a, b Label) int {
		if d := m.order[a.File] - m.order[b.File]; d != 0 {
			return d
		}
		return strings.Compare(a.File, b.File)
	})
	err := atomicfile.Write(filepath.Join(m.dir, ManifestName), func(w io.Writer) error {
		e := json.NewEncoder(w)
		for _, l := range m.labels {
			if err := e.Encode(l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	return nil
}

func renderAll(ctx context.Context, dir string, todo []*recipe, o Options, m *manifest) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	next := make(chan *recipe)
	var mu sync.Mutex
	var wg sync.WaitGroup
	done := 0
	for range min(workers, len(todo)) {
		wg.Go(func() {
			for r := range next {
				err := r.render(ctx, dir)
				mu.Lock()
				if err == nil {
					err = m.add(r.Label)
				}
				if err != nil {
					cancel(err)
				} else if done++; o.Progress != nil {
					o.Progress(done, len(todo))
				}
				mu.Unlock()
			}
		})
	}
feed:
	for _, r := range todo {
		select {
		case next <- r:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}
