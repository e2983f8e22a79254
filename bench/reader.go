package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// MaxLine is the longest line that a Reader takes by default, in bytes.
const MaxLine = 16 << 20

// Warning is a line that was passed over. Line is 0 for a whole file.
type Warning struct {
	File string
	Line int
	Text string
}

func (w Warning) String() string {
	if w.Line == 0 {
		return w.File + ": " + w.Text
	}
	return fmt.Sprintf("%s:%d: %s", w.File, w.Line, w.Text)
}

// Reader streams the records of a JSON Lines file:
//
//	for r.Scan() {
//		use(r.Record())
//	}
//	if err := r.Err(); err != nil { ... }
//	for _, w := range r.Warnings() { ... }
//
// A corrupt, truncated or too long line becomes a warning. Err is set by a
// failing source and by a schema that is not known.
type Reader struct {
	src      *bufio.Reader
	name     string
	max      int
	line     int
	buf      []byte
	rec      Record
	err      error
	done     bool
	warnings []Warning
}

// NewReader reads from src; name is the file's name in warnings and errors.
func NewReader(src io.Reader, name string) *Reader {
	return &Reader{src: bufio.NewReaderSize(src, 64<<10), name: name, max: MaxLine}
}

// LimitLine sets the longest line taken, in bytes.
func (r *Reader) LimitLine(n int) { r.max = n }

// Scan goes to the next record and reports whether there is one.
func (r *Reader) Scan() bool {
	for !r.done {
		line, length, ended := r.next()
		if r.err != nil || length == 0 && !ended {
			r.done = true
			break
		}
		if length > r.max {
			r.warn(fmt.Sprintf("line of %d bytes is longer than %d and was passed over", length, r.max))
			continue
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		rec, err := Parse(line)
		var unknown *SchemaError
		switch {
		case errors.As(err, &unknown):
			r.err = fmt.Errorf("bench: %s:%d: %w", r.name, r.line, err)
			r.done = true
		case err != nil && !ended && !json.Valid(line):
			r.warn("truncated: the line ends before the record does")
		case err != nil:
			r.warn(err.Error())
		default:
			r.rec = rec
			return true
		}
	}
	r.rec = Record{}
	return false
}

// next reads a line of which at most max bytes (and a newline) are kept.
func (r *Reader) next() (line []byte, length int, ended bool) {
	r.buf = r.buf[:0]
	r.line++
	for {
		part, err := r.src.ReadSlice('\n')
		length += len(part)
		if length <= r.max+1 {
			r.buf = append(r.buf, part...)
		}
		switch {
		case err == nil:
			return r.buf, length - 1, true
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return r.buf, length, false
		default:
			r.err = fmt.Errorf("bench: %s:%d: %w", r.name, r.line, err)
			return nil, 0, false
		}
	}
}

func (r *Reader) warn(text string) {
	r.warnings = append(r.warnings, Warning{r.name, r.line, text})
}

// Record is the record that the last Scan found.
func (r *Reader) Record() Record { return r.rec }

// Err is what ended the reading early, nil at the end of the source.
func (r *Reader) Err() error { return r.err }

// Warnings lists the lines that were passed over so far.
func (r *Reader) Warnings() []Warning { return r.warnings }

// ReadFile reads all records of a JSON Lines file.
func ReadFile(path string) ([]Record, []Warning, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("bench: %w", err)
	}
	defer f.Close()
	return ReadAll(f, path)
}

// ReadAll reads all records of a source; name stands in warnings and errors.
func ReadAll(src io.Reader, name string) ([]Record, []Warning, error) {
	r := NewReader(src, name)
	var recs []Record
	for r.Scan() {
		recs = append(recs, r.Record())
	}
	return recs, r.Warnings(), r.Err()
}

// ReadRecord reads a file that holds one record, with any white space.
func ReadRecord(path string) (Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return Record{}, fmt.Errorf("bench: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxLine+1))
	if err != nil {
		return Record{}, fmt.Errorf("bench: %w", err)
	}
	if len(data) > MaxLine {
		return Record{}, fmt.Errorf("bench: %s: longer than %d bytes: this is no record", path, MaxLine)
	}
	rec, err := Parse(data)
	if err != nil {
		return Record{}, fmt.Errorf("bench: %s: %w", path, err)
	}
	return rec, nil
}
