package sweeps

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"longtake/bench"
)

// Rescore scores the videos of a folder again with this version, from the
// files that were written, and rebuilds records.jsonl. Videos that other
// runners are working on, and cells without a finished video, are left alone.
func Rescore(ctx context.Context, dir string, p Progress) (Summary, error) {
	if p == nil {
		p = silent{}
	}
	store, err := ExistingStore(dir)
	if err != nil {
		return Summary{}, err
	}
	if err := needFFmpeg(); err != nil {
		return Summary{}, err
	}
	list, warnings, err := store.Records()
	if err != nil {
		return Summary{}, err
	}
	for _, w := range warnings {
		p.Message(w)
	}
	sum := Summary{Cells: len(list)}
	p.Begin(float64(len(list)))
	for i := range list {
		p.Advance(float64(i), "scoring "+list[i].CellID)
		if err = sum.rescore(ctx, store, list[i].CellID, p); err != nil {
			break
		}
		p.Advance(float64(i+1), "scoring "+list[i].CellID)
	}
	p.End()
	_, _, rerr := store.Rebuild()
	switch {
	case ctx.Err() != nil:
		return sum, fmt.Errorf("sweeps: stopped with %d of %d videos scored again; the same command starts over: %w", sum.Ran, sum.Cells, ctx.Err())
	case err != nil:
		return sum, err
	case rerr != nil:
		return sum, rerr
	case len(sum.Failures) > 0:
		return sum, &FailedError{sum.Cells, sum.Failures}
	}
	return sum, nil
}

// rescore scores one cell again under its lock. An error ends the run.
func (sum *Summary) rescore(ctx context.Context, store *Store, id string, p Progress) error {
	c, previous, _, err := store.claimCell(id)
	if err != nil {
		return err
	}
	if c == nil {
		sum.Busy++
		p.Message(id + " is left out: a runner is working on it")
		return nil
	}
	defer c.release()
	reap(previous)
	rec, err := bench.ReadRecord(store.path(cellPath(id, RecordFile)))
	if err != nil {
		return storeError("read", store.path(cellPath(id, RecordFile)), err)
	}
	if rec.Status != bench.StatusOK {
		sum.Before++
		p.Message(fmt.Sprintf("%s is left out: its status is %s", id, rec.Status))
		return nil
	}
	err = rescore(ctx, store, &rec, expectsMotion(rec))
	var disk *DiskError
	switch {
	case err == nil:
		sum.Ran++
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &disk):
		return err
	default: // the record keeps its old scores
		sum.Failures = append(sum.Failures, Failure{id, rec.Files["video"].Path, err})
		p.Message(fmt.Sprintf("%s failed: %v", id, err))
	}
	return nil
}

// rescore checks that a record's video is the one recorded, scores it and puts
// the record back.
func rescore(ctx context.Context, s *Store, rec *bench.Record, expectMotion bool) error {
	f, ok := rec.Files["video"]
	if !ok {
		return fmt.Errorf("sweeps: record %s names no video", rec.CellID)
	}
	if got, err := s.SHA256(f.Path); err != nil {
		return fmt.Errorf("sweeps: video of %s: %w", rec.CellID, err)
	} else if got != f.SHA256 {
		return fmt.Errorf("sweeps: %s was changed after it was recorded: run the sweep again, which makes it anew", f.Path)
	}
	if err := score(ctx, s, rec, expectMotion); err != nil {
		return err
	}
	return s.WriteJSON(cellPath(rec.CellID, RecordFile), rec)
}

// videoPath is where a record's video lies.
func (s *Store) videoPath(rec *bench.Record) string {
	p := rec.Files["video"].Path
	if filepath.IsAbs(p) {
		return p
	}
	return s.path(p)
}
