package sweeps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"longtake/bench"
	"longtake/internal/atomicfile"
	"longtake/internal/filesum"
)

// Names of the files of a sweep's folder.
const (
	SpecFile    = "spec.yaml"
	RecordsFile = "records.jsonl"
	CellsFolder = "cells"

	CellFile   = "cell.json"
	VideoFile  = "video.mp4"
	TraceFile  = "trace.json"
	VqevalFile = "vqeval.json"
	CurvesFile = "curves.json"
	RecordFile = "record.json"

	// Of generators that are not ours: what they said, and where they work.
	StdoutFile = "stdout.log"
	StderrFile = "stderr.log"
	PromptFile = "prompt.txt"
	JobFile    = "job.json"
	MadeFile   = "made.json" // the record of a video that is still to be scored
	workFolder = "work"

	lockFile = ".lock"
)

// Store is a sweep's folder:
//
//	DIR/spec.yaml, DIR/records.jsonl, DIR/report/
//	DIR/cells/<id>/{cell.json,video.mp4,trace.json,vqeval.json,curves.json,record.json}
//
// A file is written beside its place, synced and renamed. A cell is done when
// a valid record.json is in its place; records.jsonl is derived from these.
// The store removes nothing but its own temporary files.
type Store struct {
	Dir    string
	others watcher
}

// OpenStore makes the folder where it is missing.
func OpenStore(dir string) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, CellsFolder), 0o755); err != nil {
		return nil, storeError("make the folder", dir, err)
	}
	return &Store{Dir: dir}, nil
}

// ExistingStore opens a folder that a sweep made.
func ExistingStore(dir string) (*Store, error) {
	st, err := os.Stat(filepath.Join(dir, CellsFolder))
	if err != nil || !st.IsDir() {
		return nil, fmt.Errorf("sweeps: %s is no folder of a sweep: it has no %s/; name the folder given to sweep -o", dir, CellsFolder)
	}
	return &Store{Dir: dir}, nil
}

// DiskError is a write that the disk refused: full, over quota or read-only.
// A runner stops there; what is finished stays.
type DiskError struct {
	Path string
	Err  error
}

func (e *DiskError) Error() string {
	return fmt.Sprintf("sweeps: cannot write %s: %v: make room and run the same command again; finished cells are kept", e.Path, e.Err)
}

func (e *DiskError) Unwrap() error { return e.Err }

// storeError says what could not be done; a disk's refusal is a DiskError.
func storeError(what, p string, err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EFBIG} {
		if errors.Is(err, full) {
			return &DiskError{p, full}
		}
	}
	if strings.Contains(err.Error(), syscall.ENOSPC.Error()) || strings.Contains(err.Error(), "No space left on device") {
		return &DiskError{p, err} // told by another program
	}
	return fmt.Errorf("sweeps: cannot %s %s: %w", what, p, unwrapPath(err))
}

// path joins a slash-separated name to the folder.
func (s *Store) path(rel string) string { return filepath.Join(s.Dir, filepath.FromSlash(rel)) }

// cell is the slash-separated name of a file of a cell.
func cellPath(id, name string) string { return path.Join(CellsFolder, id, name) }

// Write puts data in place of a file, whole or not at all.
func (s *Store) Write(rel string, data []byte) error {
	if err := atomicfile.WriteBytes(s.path(rel), data); err != nil {
		return storeError("write", s.path(rel), err)
	}
	return nil
}

// WriteJSON writes v with indentation.
func (s *Store) WriteJSON(rel string, v any) error {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("sweeps: %s: %w", s.path(rel), err)
	}
	return s.Write(rel, append(data, '\n'))
}

// leftovers are the temporary names of a cell's files and of the folder's.
var leftovers = regexp.MustCompile(`^\.(cell\.json|video\.mp4|trace\.json|vqeval\.json|curves\.json|record\.json|claim|made\.json|job\.json|prompt\.txt|dump\.safetensors|spec\.yaml|records\.jsonl)\.[0-9]+\.tmp$`)

// Clean removes what a killed runner left half-written in one of the store's
// folders ("" or a cell's). Call it under that folder's lock.
func (s *Store) Clean(rel string) error {
	list, err := os.ReadDir(s.path(rel))
	if err != nil {
		return storeError("read", s.path(rel), err)
	}
	for _, e := range list {
		if e.Type().IsRegular() && leftovers.MatchString(e.Name()) {
			if err := os.Remove(filepath.Join(s.path(rel), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return storeError("remove", filepath.Join(s.path(rel), e.Name()), err)
			}
		}
	}
	return nil
}

// dirty tells whether a killed runner left something in a cell's folder.
func (s *Store) dirty(id string) bool {
	list, err := os.ReadDir(s.path(cellPath(id, "")))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(list, func(e fs.DirEntry) bool {
		return e.Name() == workFolder || e.Name() == MadeFile || e.Name() == JobFile || leftovers.MatchString(e.Name())
	})
}

// claimCell makes the cell's folder and claims it. Without a claim and without
// an error another runner has it; stale says that nothing was heard of it for
// long. previous is what the last owner left.
func (s *Store) claimCell(id string) (c *claim, previous claimText, stale bool, err error) {
	dir := s.path(cellPath(id, ""))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, previous, false, storeError("make the folder", dir, err)
	}
	if c, previous, stale, err = s.others.take(dir); err != nil {
		return nil, previous, false, storeError("claim", dir, err)
	}
	return c, previous, stale, nil
}

// state is how far a cell is.
type state int

const (
	recordAbsent   state = iota // no record
	recordUnfit                 // a record that does not count
	recordUnscored              // the video is as recorded, its scores are not
	recordDone
)

// Done reads the record of a finished cell: it parses, belongs to the cell, is
// a result, and every file it names is there with its hash. why says what is
// amiss with a record that is there and does not count.
func (s *Store) Done(id string) (rec bench.Record, ok bool, why string) {
	rec, st, why := s.state(id)
	return rec, st == recordDone, why
}

// state reads a cell's record and checks it.
func (s *Store) state(id string) (rec bench.Record, st state, why string) {
	rec, err := bench.ReadRecord(s.path(cellPath(id, RecordFile)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return rec, recordAbsent, ""
	case err != nil:
		return rec, recordUnfit, err.Error()
	case rec.CellID != id:
		return rec, recordUnfit, fmt.Sprintf("its record is of cell %s", rec.CellID)
	case rec.Status == bench.StatusFailed:
		return rec, recordUnfit, "it failed before: " + rec.Error
	case rec.Status != bench.StatusOK:
		return rec, recordDone, rec.Error // out of memory and out of time are results
	}
	if c, err := rec.DecodeCell(); err != nil {
		return rec, recordUnfit, err.Error()
	} else if got, err := c.ID(); err != nil || got != id {
		return rec, recordUnfit, "its record does not hash to its folder's name"
	}
	if _, ok := rec.Files["video"]; !ok {
		return rec, recordUnfit, "its record names no video"
	}
	st = recordDone
	for _, name := range slices.Sorted(maps.Keys(rec.Files)) {
		f := rec.Files[name]
		got, err := s.SHA256(f.Path)
		switch {
		case err == nil && got == f.SHA256:
			continue
		case err != nil:
			why = fmt.Sprintf("its %s cannot be read: %v", name, unwrapPath(err))
		default:
			why = fmt.Sprintf("its %s was changed after it was recorded", name)
		}
		if name != "vqeval" && name != "curves" {
			return rec, recordUnfit, why
		}
		st = recordUnscored // a scoring was interrupted
	}
	return rec, st, why
}

// SHA256 hashes a file of the store; an absolute path is taken as it is (the
// video of generator files stays where it was).
func (s *Store) SHA256(rel string) (string, error) {
	name := rel
	if !filepath.IsAbs(rel) {
		name = s.path(rel)
	}
	return filesum.SHA256(name)
}

// file describes a file of the store for a record.
func (s *Store) file(rel string) (bench.File, error) {
	sum, err := s.SHA256(rel)
	if err != nil {
		return bench.File{}, storeError("read", s.path(rel), err)
	}
	return bench.File{Path: rel, SHA256: sum}, nil
}

var cellID = regexp.MustCompile(`^[0-9a-f]{16}$`)

// Records reads every cell's record, in the order of the ids. A record that
// cannot be read costs itself and is told in the warnings.
func (s *Store) Records() (list []bench.Record, warnings []string, err error) {
	dirs, err := os.ReadDir(s.path(CellsFolder))
	if err != nil {
		return nil, nil, storeError("read", s.path(CellsFolder), err)
	}
	for _, d := range dirs {
		if !d.IsDir() || !cellID.MatchString(d.Name()) {
			continue
		}
		name := s.path(cellPath(d.Name(), RecordFile))
		rec, err := bench.ReadRecord(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			warnings = append(warnings, fmt.Sprintf("%s is left out: %v", name, err))
		case rec.CellID != d.Name():
			warnings = append(warnings, fmt.Sprintf("%s is left out: it is the record of cell %s", name, rec.CellID))
		default:
			list = append(list, rec)
		}
	}
	return list, warnings, nil
}

// lock takes the folder's lock and removes what killed runners left there. On
// a file system without locks nothing is removed: files are put in place whole,
// so that runners side by side only cost each other time.
func (s *Store) lock() (unlock func(), err error) {
	unlock, _, err = lock(filepath.Join(s.Dir, lockFile), true)
	switch {
	case err != nil && noLocks(err):
		return func() {}, nil
	case err != nil:
		return nil, storeError("lock", s.Dir, err)
	}
	if err := s.Clean(""); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// Rebuild writes records.jsonl from the cells' records.
func (s *Store) Rebuild() (records int, warnings []string, err error) {
	unlock, err := s.lock()
	if err != nil {
		return 0, nil, err
	}
	defer unlock()
	list, warnings, err := s.Records()
	if err != nil {
		return 0, warnings, err
	}
	var b bytes.Buffer
	w := bench.NewWriter(&b)
	for _, r := range list {
		if err := w.Write(r); err != nil {
			return 0, warnings, err
		}
	}
	if b.Len() == 0 {
		// Records that came without their cells are not to be lost.
		if info, err := os.Stat(s.path(RecordsFile)); err == nil && info.Size() > 0 {
			return 0, append(warnings, "no cell has a record: "+RecordsFile+" is left as it is"), nil
		}
	}
	return len(list), warnings, s.Write(RecordsFile, b.Bytes())
}
