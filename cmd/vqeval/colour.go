package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// colour is an ANSI escape.
type colour string

const (
	plain  colour = "\x1b[39m"
	red    colour = "\x1b[31m"
	green  colour = "\x1b[32m"
	yellow colour = "\x1b[33m"
)

// paint colours the rows of a table on a terminal, and nothing elsewhere or where
// NO_COLOR is set (no-color.org).
type paint bool

func painter(w io.Writer) paint {
	f, ok := w.(*os.File)
	return paint(ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// row joins cells with tabs; the last is in colour.
func (p paint) row(c colour, cells ...string) string {
	if p {
		cells[len(cells)-1] = string(c) + cells[len(cells)-1] + "\x1b[0m"
	}
	return strings.Join(cells, "\t")
}
