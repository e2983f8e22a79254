package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// job is one video and, from a table, its other columns.
type job struct {
	path string
	meta []string
}

type inputFlags struct {
	table, column string
}

var extensions = []string{".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".ogv", ".wmv", ".flv"}

// jobs finds the videos in the order in which they are named; the second result
// is the header of the metadata columns.
func (in inputFlags) jobs(args []string, stdin io.Reader) ([]job, []string, error) {
	switch {
	case in.table != "" && len(args) > 0:
		return nil, nil, errors.New("batch: give either --from-csv or names, not both")
	case in.table != "":
		return in.fromCSV()
	case in.column != "":
		return nil, nil, errors.New("batch: --video-col needs --from-csv")
	case len(args) == 0:
		return nil, nil, errors.New("batch: name a folder, a pattern, - or --from-csv FILE")
	}
	var jobs []job
	seen := map[string]bool{}
	add := func(paths ...string) {
		for _, p := range paths {
			if !seen[p] {
				seen[p] = true
				jobs = append(jobs, job{path: p})
			}
		}
	}
	for _, a := range args {
		paths, err := expand(a, stdin)
		if err != nil {
			return nil, nil, err
		}
		add(paths...)
	}
	if len(jobs) == 0 {
		return nil, nil, fmt.Errorf("batch: no video in %s (%s)", strings.Join(args, ", "), strings.Join(extensions, " "))
	}
	return jobs, nil, nil
}

// expand turns one argument into names. A name that exists is taken as it is,
// whatever characters it holds.
func expand(arg string, stdin io.Reader) ([]string, error) {
	if arg == "-" {
		var out []string
		s := bufio.NewScanner(stdin)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			if l := strings.TrimRight(s.Text(), "\r"); l != "" {
				out = append(out, l)
			}
		}
		if err := s.Err(); err != nil {
			return nil, fmt.Errorf("batch: stdin: %w", err)
		}
		return out, nil
	}
	st, err := os.Stat(arg)
	switch {
	case err == nil && st.IsDir():
		return walk(arg)
	case err == nil:
		return []string{arg}, nil
	}
	if strings.ContainsAny(arg, "*?[") {
		found, gerr := filepath.Glob(arg)
		if gerr != nil {
			return nil, fmt.Errorf("batch: pattern %q: %w", arg, gerr)
		}
		var out []string
		for _, p := range found {
			if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
				out = append(out, p)
			}
		}
		return out, nil
	}
	// A name that is not there is a row with its error like any other.
	return []string{arg}, nil
}

func walk(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(e.Name(), ".") && p != dir
		switch {
		case e.IsDir() && hidden:
			return filepath.SkipDir
		case !e.IsDir() && !hidden && slices.Contains(extensions, strings.ToLower(filepath.Ext(p))):
			out = append(out, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	return out, nil
}

func (in inputFlags) fromCSV() ([]job, []string, error) {
	f, err := os.Open(in.table)
	if err != nil {
		return nil, nil, fmt.Errorf("batch: %w", err)
	}
	defer f.Close()
	return readTable(f, in.table, in.column)
}

func readTable(r io.Reader, name, column string) ([]job, []string, error) {
	c := csv.NewReader(r)
	head, err := c.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("batch: %s: no header line: %w", name, err)
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	at := -1
	wanted := []string{"video_path", "video", "path", "file"}
	if column != "" {
		wanted = []string{column}
	}
	for _, w := range wanted {
		if at < 0 {
			at = slices.Index(head, w)
		}
	}
	if at < 0 {
		return nil, nil, fmt.Errorf("batch: %s: no column %s among %s: name it with --video-col", name, strings.Join(wanted, ", "), strings.Join(head, ", "))
	}
	var jobs []job
	for {
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("batch: %s: %w", name, err)
		}
		jobs = append(jobs, job{row[at], slices.Delete(slices.Clone(row), at, at+1)})
	}
	if len(jobs) == 0 {
		return nil, nil, fmt.Errorf("batch: %s has no rows", name)
	}
	return jobs, slices.Delete(head, at, at+1), nil
}
