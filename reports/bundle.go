package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"longtake/internal/atomicfile"
	"longtake/reports/web"
)

// ErrBundle is the error of a folder that cannot take a copy of the report.
var ErrBundle = errors.New("cannot bundle")

// emptyFolder checks that a folder does not exist or is empty, so that a copy
// never overwrites or mixes with something else.
func emptyFolder(dir string) error {
	if dir == "" {
		return nil
	}
	files, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("reports: %w: %w: name a folder that does not exist yet", ErrBundle, err)
	case len(files) > 0:
		return fmt.Errorf("reports: %w: %s is not empty: name a folder that does not exist yet", ErrBundle, dir)
	}
	return nil
}

// videoTypes are the endings of files that a bundle takes along.
var videoTypes = []string{".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".gif", ".ts", ".mpg", ".mpeg", ".ogv"}

// bundle copies the report with the videos that it plays, so that the folder
// can be sent around. A video is named by its cell.
func (b *builder) bundle(d web.Data) error {
	out := b.o.Bundle
	if err := os.MkdirAll(filepath.Join(out, "videos"), 0o755); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	sections := make([]web.Section, len(d.Sections))
	copy(sections, d.Sections)
	d.Sections = sections
	for i := range d.Sections {
		videos := make([]web.Video, len(d.Sections[i].Videos))
		copy(videos, d.Sections[i].Videos)
		for k := range videos {
			v := &videos[k]
			path, ok := b.sources[v.Source]
			if v.Source == "" || !ok {
				continue
			}
			end := strings.ToLower(filepath.Ext(path))
			if !slices.Contains(videoTypes, end) {
				v.Source, v.Why = "", "not copied: its name does not end as a video's does"
				continue // a record from elsewhere may name any file
			}
			name := slug(v.ID) + end
			if err := copyFile(filepath.Join(out, "videos", name), path); err != nil {
				return err
			}
			v.Source = "./videos/" + name
		}
		d.Sections[i].Videos = videos
	}
	for _, name := range append([]string{filepath.Base(b.r.Readme)}, b.made...) {
		if err := copyFile(filepath.Join(out, name), filepath.Join(b.out, name)); err != nil {
			return err
		}
	}
	records := filepath.Join(b.dir, "records.jsonl")
	if err := copyFile(filepath.Join(out, "records.jsonl"), records); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var page bytes.Buffer
	if err := web.Write(&page, d); err != nil {
		return err
	}
	b.r.Bundle = filepath.Join(out, "index.html")
	if err := atomicfile.WriteBytes(b.r.Bundle, page.Bytes()); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	return nil
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	defer src.Close()
	if err := atomicfile.Write(to, func(w io.Writer) error { _, err := io.Copy(w, src); return err }); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	return nil
}
