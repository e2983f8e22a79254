package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"longtake/internal/atomicfile"
	"longtake/reports/web"
)

// end puts what stands first and last in the README around its body.
func (b *builder) end(cells []cell) {
	body := b.p.Blocks
	b.p.Blocks = nil
	p := &b.p
	p.text(scope(cells))
	p.Blocks = append(p.Blocks, block{Links: append([]link{{"index.html", "The page: all videos in step, with what was found"}}, b.links...)})
	p.Blocks = append(p.Blocks, body...)
	p.heading(2, "What was run")
	p.items(append([]string{methodsRun(cells)}, whatWasRun(cells, b.o.Cells)...))
	p.text("To make it again:")
	p.code(b.command())
	p.heading(2, "Warnings")
	if len(b.warnings) == 0 {
		p.text("None.")
		return
	}
	shown := b.warnings
	if len(shown) > mostWarnings {
		shown = append(shown[:mostWarnings:mostWarnings], fmt.Sprintf("and %d more", len(b.warnings)-mostWarnings))
	}
	p.items(shown)
}

// write puts the pages in their place, with a copy where one is asked for, and
// removes figures of an earlier report.
func (b *builder) write(d web.Data) error {
	var readme, page bytes.Buffer
	if err := writeMarkdown(&readme, b.p); err != nil {
		return err
	}
	if err := web.Write(&page, d); err != nil {
		return err
	}
	for _, f := range []struct {
		path string
		data []byte
	}{{b.r.Readme, readme.Bytes()}, {b.r.Page, page.Bytes()}} {
		if err := atomicfile.WriteBytes(f.path, f.data); err != nil {
			return fmt.Errorf("reports: %w", err)
		}
	}
	if err := b.sweepOut(); err != nil {
		return err
	}
	if b.o.Bundle == "" {
		return nil
	}
	return b.bundle(d)
}

// madeFile lists what a report wrote beside its pages, so that the next one
// removes what it no longer makes, and nothing that somebody else put there.
const madeFile = ".made"

func (b *builder) sweepOut() error {
	list := filepath.Join(b.out, madeFile)
	before, err := os.ReadFile(list)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reports: %w", err)
	}
	for name := range strings.SplitSeq(string(before), "\n") {
		if name == "" || name != filepath.Base(name) || !slices.Contains(madeTypes, filepath.Ext(name)) || slices.Contains(b.made, name) {
			continue
		}
		if err := os.Remove(filepath.Join(b.out, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reports: %w", err)
		}
	}
	slices.Sort(b.made)
	if err := atomicfile.WriteBytes(list, []byte(strings.Join(b.made, "\n")+"\n")); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	return nil
}

// madeTypes are the endings of what a report makes.
var madeTypes = []string{".png", ".svg", ".mp4"}
