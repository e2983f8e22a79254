package sweeps

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"longtake/bench"
)

// finished puts a done cell with a file for a video in a store.
func finished(t *testing.T, s *Store, seed int64) string {
	t.Helper()
	rec, err := bench.New(bench.Cell{Generator: "builtin", Model: bench.Model{Name: "m"}, Method: bench.Method{Name: "dense"}, Frames: 81, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	c, _, _, err := s.claimCell(rec.CellID)
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	defer c.release()
	if err := s.Write(cellPath(rec.CellID, VideoFile), []byte("frames")); err != nil {
		t.Fatal(err)
	}
	f, err := s.file(cellPath(rec.CellID, VideoFile))
	if err != nil {
		t.Fatal(err)
	}
	rec.Files = map[string]bench.File{"video": f}
	if err := s.WriteJSON(cellPath(rec.CellID, RecordFile), rec); err != nil {
		t.Fatal(err)
	}
	return rec.CellID
}

func TestDone(t *testing.T) {
	edit := func(f func(m map[string]any)) func(string, string) error {
		return func(_, record string) error {
			src, err := os.ReadFile(record)
			if err != nil {
				return err
			}
			var m map[string]any
			if err := json.Unmarshal(src, &m); err != nil {
				return err
			}
			f(m)
			out, err := json.Marshal(m)
			if err != nil {
				return err
			}
			return os.WriteFile(record, out, 0o644)
		}
	}
	for _, tc := range []struct {
		name   string
		damage func(video, record string) error
		done   bool
		why    string
	}{
		{"whole", func(string, string) error { return nil }, true, ""},
		{"no record", func(_, r string) error { return os.Remove(r) }, false, ""},
		{"half a record", func(_, r string) error { return os.Truncate(r, 40) }, false, "unexpected end"},
		{"empty record", func(_, r string) error { return os.Truncate(r, 0) }, false, "unexpected end"},
		{"no video", func(v, _ string) error { return os.Remove(v) }, false, "its video cannot be read"},
		{"other video", func(v, _ string) error { return os.WriteFile(v, []byte("other"), 0o644) }, false, "its video was changed"},
		{"other cell", edit(func(m map[string]any) { m["cell_id"] = "0123456789abcdef" }), false, "of cell 0123456789abcdef"},
		{"edited cell", edit(func(m map[string]any) { m["cell"].(map[string]any)["frames"] = 85 }), false, "does not hash"},
		{"failed", edit(func(m map[string]any) { m["status"], m["error"] = "failed", "boom" }), false, "it failed before: boom"},
		{"out of memory is a result", edit(func(m map[string]any) { m["status"] = "oom" }), true, ""},
		{"no files", edit(func(m map[string]any) { delete(m, "files") }), false, "names no video"},
		{"other schema", edit(func(m map[string]any) { m["schema"] = 99 }), false, "schema 99"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := OpenStore(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			id := finished(t, s, 1)
			if err := tc.damage(s.path(cellPath(id, VideoFile)), s.path(cellPath(id, RecordFile))); err != nil {
				t.Fatal(err)
			}
			_, done, why := s.Done(id)
			if done != tc.done || !strings.Contains(why, tc.why) {
				t.Errorf("got %v, %q; want %v, %q", done, why, tc.done, tc.why)
			}
		})
	}
}

func TestRebuildIsDerived(t *testing.T) {
	s, err := OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{finished(t, s, 1), finished(t, s, 2), finished(t, s, 3)}
	slices.Sort(ids)
	if err := os.WriteFile(s.path(cellPath(ids[1], RecordFile)), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	n, warnings, err := s.Rebuild()
	if err != nil || n != 2 || len(warnings) != 1 || !strings.Contains(warnings[0], ids[1]) {
		t.Fatalf("got %d, %v, %v", n, warnings, err)
	}
	first, err := os.ReadFile(s.path(RecordsFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.path(RecordsFile)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Rebuild(); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(s.path(RecordsFile))
	if err != nil || string(again) != string(first) || !strings.Contains(string(first), ids[0]) {
		t.Errorf("rebuilt records differ: %v", err)
	}
}

func TestCleanRemovesOnlyOurLeftovers(t *testing.T) {
	s, err := OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	id := finished(t, s, 1)
	dir := s.path(cellPath(id, ""))
	for _, name := range []string{".video.mp4.123.tmp", ".record.json.9.tmp", ".mine.tmp", "video.mp4.tmp", "notes.txt", ".video.mp4.x.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Clean(cellPath(id, "")); err != nil {
		t.Fatal(err)
	}
	var got []string
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		got = append(got, e.Name())
	}
	want := []string{".claim.1", ".mine.tmp", ".video.mp4.x.tmp", "notes.txt", RecordFile, VideoFile, "video.mp4.tmp"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestStoreErrors(t *testing.T) {
	for _, full := range []error{syscall.ENOSPC, &os.PathError{Op: "write", Path: "x", Err: syscall.EDQUOT}, errors.New("video: encode: av_interleaved_write_frame(): No space left on device")} {
		err := storeError("write", "d/video.mp4", full)
		var e *DiskError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), "d/video.mp4") || !strings.Contains(err.Error(), "finished cells are kept") {
			t.Errorf("%v: got %v", full, err)
		}
	}
	var e *DiskError
	if err := storeError("write", "d", os.ErrPermission); errors.As(err, &e) {
		t.Errorf("no permission is no full disk: %v", err)
	}
	if _, err := ExistingStore(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no folder of a sweep") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file as folder: %v", err)
	}
}
