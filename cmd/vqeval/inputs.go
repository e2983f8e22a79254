package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// job is one video and what a table says of it.
type job struct {
	path   string
	meta   []string // the other columns
	prompt string   // "" = that of the call
	skip   string   // why it is not scored, "" = it is
}

type inputFlags struct {
	table, column, promptColumn, statusColumn, statusOK string
	null                                                bool // names on stdin end with a NUL
}

func (in *inputFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&in.table, "from-csv", "", "take the videos from a column of `FILE` and carry its other columns through; a relative name is looked for beside FILE first, then in the current folder")
	f.StringVar(&in.column, "video-col", "", "that column (default: video_path, video, path or file, whichever is there)")
	f.StringVar(&in.promptColumn, "prompt-col", "", "the `COLUMN` with the prompts; an empty cell means --prompt")
	f.StringVar(&in.statusColumn, "status-col", "", "score only rows whose `COLUMN` is --status-ok (default: status, if it is there)")
	f.StringVar(&in.statusOK, "status-ok", "ok", "what the status column says of a good row")
	f.BoolVarP(&in.null, "null", "0", false, "names on stdin (-) end with a NUL, not a line break, as find -print0 writes them")
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
	case in.column != "" || in.promptColumn != "" || in.statusColumn != "":
		return nil, nil, errors.New("batch: --video-col, --prompt-col and --status-col need --from-csv")
	case in.null && !slices.Contains(args, "-"):
		return nil, nil, errors.New("batch: --null is about a list on stdin: name it with -")
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
		paths, err := in.expand(a, stdin)
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
func (in inputFlags) expand(arg string, stdin io.Reader) ([]string, error) {
	if arg == "-" {
		return readNames(stdin, in.null)
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

// readNames reads a list of names, each on its line or ended by a NUL.
func readNames(r io.Reader, null bool) ([]string, error) {
	var out []string
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	if null {
		s.Split(func(data []byte, atEOF bool) (int, []byte, error) {
			if i := bytes.IndexByte(data, 0); i >= 0 {
				return i + 1, data[:i], nil
			}
			if atEOF && len(data) > 0 {
				return len(data), data, nil
			}
			return 0, nil, nil
		})
	}
	for s.Scan() {
		l := s.Text()
		if !null {
			l = strings.TrimSuffix(l, "\r")
		}
		if l != "" {
			out = append(out, l)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("batch: stdin: %w", err)
	}
	return out, nil
}

func (in inputFlags) fromCSV() ([]job, []string, error) {
	f, err := os.Open(in.table)
	if err != nil {
		return nil, nil, fmt.Errorf("batch: %w", err)
	}
	defer f.Close()
	jobs, meta, err := in.readTable(f)
	for i, j := range jobs {
		jobs[i].path = beside(in.table, j.path)
	}
	return jobs, meta, err
}

// beside resolves a name in a table: in the table's folder, else as it is.
func beside(table, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	p := filepath.Join(filepath.Dir(table), path)
	if _, err := os.Stat(p); err == nil {
		return p
	}
	return path
}

// readTable reads rows; the second result is the header of the columns that are
// carried through, which is all but that of the videos.
func (in inputFlags) readTable(r io.Reader) ([]job, []string, error) {
	c := csv.NewReader(r)
	head, err := c.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("batch: %s: no header line: %w", in.table, err)
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	// find takes the first of the names that is there; named ones must be.
	find := func(flag, named string, usual ...string) (int, error) {
		if named != "" {
			usual = []string{named}
		}
		for _, w := range usual {
			if at := slices.Index(head, w); at >= 0 {
				return at, nil
			}
		}
		if flag == "--video-col" || named != "" {
			return -1, fmt.Errorf("batch: %s: no column %s among %s: name it with %s", in.table, strings.Join(usual, ", "), strings.Join(head, ", "), flag)
		}
		return -1, nil
	}
	at, err := find("--video-col", in.column, "video_path", "video", "path", "file")
	if err != nil {
		return nil, nil, err
	}
	prompt, err := find("--prompt-col", in.promptColumn)
	if err != nil {
		return nil, nil, err
	}
	status, err := find("--status-col", in.statusColumn, "status")
	if err != nil {
		return nil, nil, err
	}
	var jobs []job
	for {
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("batch: %s: %w", in.table, err)
		}
		j := job{path: row[at], meta: slices.Delete(slices.Clone(row), at, at+1)}
		if prompt >= 0 {
			j.prompt = row[prompt]
		}
		if status >= 0 && row[status] != in.statusOK {
			j.skip = fmt.Sprintf("not scored: %s is %q, not %q", head[status], row[status], in.statusOK)
		}
		jobs = append(jobs, j)
	}
	if len(jobs) == 0 {
		return nil, nil, fmt.Errorf("batch: %s has no rows", in.table)
	}
	return jobs, slices.Delete(head, at, at+1), nil
}
