package reports

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"longtake/bench"
)

// cell is a record with its cell decoded.
type cell struct {
	bench.Record
	bench.Cell
	key string // of its method
}

func newCell(r bench.Record) (cell, error) {
	c, err := r.DecodeCell()
	return cell{r, c, methodKey(c.Method)}, err
}

func (c cell) ok() bool { return c.Status == bench.StatusOK }

// where names a cell for a message.
func (c cell) where() string {
	return fmt.Sprintf("%s at %d frames, prompt %s, seed %d", c.Method.Title(), c.Frames, c.Prompt.Tag, c.Seed)
}

// loaded is what a sweep's folder holds.
type loaded struct {
	cells    []cell
	warnings []string
}

func (l *loaded) warn(format string, args ...any) {
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}

// load reads DIR/cells/*/record.json, and from DIR/records.jsonl, which is
// derived, the cells that have no record of their own.
func load(dir string) (*loaded, error) {
	if st, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("reports: %w: give the folder that a sweep wrote", err)
	} else if !st.IsDir() {
		return nil, fmt.Errorf("reports: %s is a file: give the folder that a sweep wrote", dir)
	}
	l := &loaded{}
	seen := map[string]bool{}
	if err := l.cellFiles(dir, seen); err != nil {
		return nil, err
	}
	if err := l.derived(filepath.Join(dir, "records.jsonl"), seen); err != nil {
		return nil, err
	}
	if len(l.cells) == 0 {
		text := fmt.Sprintf("reports: %s holds no records (neither cells/*/record.json nor records.jsonl): run a sweep with -o %s, or give the folder that a sweep wrote", dir, dir)
		if len(l.warnings) > 0 {
			text += "; " + strings.Join(l.warnings, "; ")
		}
		return nil, errors.New(text)
	}
	slices.SortStableFunc(l.cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.Frames, b.Frames), cmp.Compare(a.Prompt.Tag, b.Prompt.Tag), cmp.Compare(a.Seed, b.Seed), cmp.Compare(a.CellID, b.CellID))
	})
	return l, nil
}

func (l *loaded) cellFiles(dir string, seen map[string]bool) error {
	folders, err := os.ReadDir(filepath.Join(dir, "cells"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reports: %w", err)
	}
	folders = slices.DeleteFunc(folders, func(f fs.DirEntry) bool { return !f.IsDir() })
	type read struct {
		rec bench.Record
		err error
	}
	all := make([]read, len(folders))
	parallel(len(folders), func(i int) {
		all[i].rec, all[i].err = bench.ReadRecord(filepath.Join(dir, "cells", folders[i].Name(), "record.json"))
	})
	unfinished := 0
	for i, f := range folders {
		name := filepath.Join("cells", f.Name(), "record.json")
		rec, err := all[i].rec, all[i].err
		switch {
		case errors.Is(err, fs.ErrNotExist):
			unfinished++
		case errors.As(err, new(*bench.SchemaError)):
			return fmt.Errorf("reports: %w", err)
		case err != nil:
			l.warn("%s cannot be read and is left out: %s", filepath.ToSlash(name), strings.TrimPrefix(err.Error(), "bench: "+filepath.Join(dir, name)+": "))
		case rec.CellID != f.Name():
			l.warn("%s is the record of another cell, %s, and is left out", filepath.ToSlash(name), rec.CellID)
		default:
			l.add(rec, filepath.ToSlash(name), seen)
		}
	}
	if unfinished > 0 {
		l.warn("%s without a record: the sweep is not finished, or was interrupted", count(unfinished, "cell folder"))
	}
	return nil
}

func (l *loaded) derived(path string, seen map[string]bool) error {
	recs, warnings, err := bench.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	for _, w := range warnings {
		l.warn("%s:%d: %s", filepath.Base(w.File), w.Line, w.Text)
	}
	fromCells := len(seen) > 0
	for _, rec := range recs {
		if seen[rec.CellID] && !fromCells {
			l.warn("cell %s is recorded twice in records.jsonl: the first one counts", rec.CellID)
		}
		if !seen[rec.CellID] {
			l.add(rec, "records.jsonl", seen)
		}
	}
	return nil
}

func (l *loaded) add(rec bench.Record, from string, seen map[string]bool) {
	if len(rec.Cell) == 0 {
		l.warn("%s: a record of a benchmark has no place in the report of a sweep and is left out", from)
		return
	}
	c, err := newCell(rec)
	if err != nil {
		l.warn("%s: %v", from, err)
		return
	}
	if id, err := c.ID(); err != nil || id != rec.CellID {
		l.warn("%s: cell %s has the identity %s: it was edited, or another version made it", from, rec.CellID, id)
	}
	seen[rec.CellID] = true
	l.cells = append(l.cells, c)
}

// decode reads the cells of reference records; those without one are left out.
func decode(recs []bench.Record) []cell {
	var out []cell
	for _, r := range recs {
		if c, err := newCell(r); err == nil && c.ok() {
			out = append(out, c)
		}
	}
	return out
}
