package bench

import (
	"encoding/json"
	"fmt"
	"io"
)

// Writer writes records as JSON Lines, each with one call of Write, so that
// lines of several writers to one file opened for appending do not mix.
type Writer struct{ dst io.Writer }

// NewWriter writes to dst.
func NewWriter(dst io.Writer) *Writer { return &Writer{dst} }

// Write writes one record and its newline.
func (w *Writer) Write(r Record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("bench: record %s: %w", r.CellID, err)
	}
	if _, err := w.dst.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("bench: record %s: %w", r.CellID, err)
	}
	return nil
}
