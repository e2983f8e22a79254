package reports

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"longtake/bench"
	"longtake/reports/web"
)

// Options say what a report is told beyond the folder's own records.
type Options struct {
	// References are records to compare with: dense 1x seeds of the model
	// itself, and the procedural scenes' own videos (generator "scenes").
	References []bench.Record
	// Name of the sweep; empty is the folder's name.
	Name string
	// Command that makes this again; empty is guessed from the folder.
	Command string
	// Cells is how many cells the spec asks for, 0 where nobody knows.
	Cells int
	// NoFrames leaves out the contact sheets, for which videos are decoded.
	NoFrames bool
	// SideBySide writes videos that show all methods at once, with their contact
	// sheets.
	SideBySide bool
	// Bundle, where it is set, is a folder that gets a copy of the report with the
	// videos in it. It must be empty or not exist.
	Bundle string
}

// Report is what Build made.
type Report struct {
	Dir      string   // the report's folder
	Readme   string   // its README.md
	Page     string   // its index.html
	Bundle   string   // the copy's index.html, where one was asked for
	Sheets   []string // videos that show all methods at once, where they were asked for
	Headline string   // which method froze or looped, and when
	Records  int      // records that were read
	Lost     int      // records that are not ok
	Warnings []string // as on the page
	sections []section
	refs     []reference
	given    []cell
}

// builder gathers the page while figures are written.
type builder struct {
	dir, out  string
	o         Options
	p         page
	warnings  []string
	headlines []string
	links     []link            // of the README, beside the page
	kinds     []string          // of findings, as the page numbers them
	made      []string          // file names in out
	sources   map[string]string // of the videos on the page: path by its relative URL
	r         *Report

	room   chan struct{} // of figures that are drawn at once
	saving sync.WaitGroup
	mu     sync.Mutex
	failed error
}

// Build reads a sweep's folder and writes DIR/report: README.md, index.html and
// the figures. Where DIR/cells holds record.json files these count, and
// records.jsonl only adds to them. The same records give the same bytes.
func Build(ctx context.Context, dir string, o Options) (*Report, error) {
	if err := emptyFolder(o.Bundle); err != nil {
		return nil, err
	}
	l, err := load(dir)
	if err != nil {
		return nil, err
	}
	b := &builder{dir: dir, out: filepath.Join(dir, "report"), o: o, sources: map[string]string{}, warnings: l.warnings,
		room: make(chan struct{}, min(4, runtime.GOMAXPROCS(0)))}
	defer b.saving.Wait() // nothing is written after an error is returned
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	b.r = &Report{Dir: b.out, Readme: filepath.Join(b.out, "README.md"), Page: filepath.Join(b.out, "index.html"),
		Records: len(l.cells), Lost: len(l.cells) - len(onlyOK(l.cells)), sections: sections(l.cells), given: decode(o.References)}
	var body page
	kinds := kindsOf(l.cells)
	b.kinds = kinds
	data := b.data(kinds)
	var titles []string
	for _, s := range b.r.sections {
		titles = append(titles, s.title)
	}
	titles = apart(titles)
	for i, s := range b.r.sections {
		ref := references(s, b.r.given)
		b.r.refs = append(b.r.refs, ref)
		view := b.view(s, ref, kinds)
		view.Title = oneLine(titles[i])
		_, view.Headline = s.headline(ref, rateOf(view))
		data.Sections = append(data.Sections, view)
		if err := b.section(ctx, &body, s, ref, i, rateOf(view)); err != nil {
			return nil, err
		}
	}
	if err := b.saved(); err != nil {
		return nil, err
	}
	if o.SideBySide {
		sheets, err := b.sideBySide(ctx, data.Sections)
		if err != nil {
			return nil, err
		}
		data.Sheets = sheets
	}
	b.checkRecords(l.cells)
	b.p.Title = "Sweep " + b.name()
	b.p.Blocks = body.Blocks
	b.end(l.cells)
	b.r.Warnings, b.r.Headline = b.warnings, b.headlines[0]
	data.Title, data.Scope = oneLine(b.p.Title), scope(l.cells)
	data.Facts, data.Command, data.Warnings = whatWasRun(l.cells, o.Cells), b.command(), b.warnings
	for _, k := range body.Blocks {
		if k.Figure != nil {
			data.Figures = append(data.Figures, web.Figure{Base: k.Figure.Base, Caption: k.Figure.Caption})
		}
	}
	if err := b.write(data); err != nil {
		return nil, err
	}
	return b.r, nil
}

// rateOf is the frame rate of a section's videos, 0 where they differ or no
// one is known.
func rateOf(v web.Section) float64 {
	rate := 0.0
	for _, x := range v.Videos {
		if x.FPS == 0 {
			continue
		}
		if rate != 0 && rate != x.FPS {
			return 0
		}
		rate = x.FPS
	}
	return rate
}

// data is the page but for its sections.
func (b *builder) data(kinds []string) web.Data {
	d := web.Data{}
	for _, k := range kinds {
		d.Kinds = append(d.Kinds, web.Kind{Name: words(k), Family: familyOf(k)})
	}
	return d
}

func (b *builder) warn(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(b.warnings, s) {
		b.warnings = append(b.warnings, s)
	}
}

func (b *builder) name() string {
	if b.o.Name != "" {
		return b.o.Name
	}
	if abs, err := filepath.Abs(b.dir); err == nil {
		return filepath.Base(abs)
	}
	return filepath.Base(b.dir)
}

func (b *builder) command() string {
	if b.o.Command != "" {
		return b.o.Command
	}
	if _, err := os.Stat(filepath.Join(b.dir, "spec.yaml")); err == nil {
		return fmt.Sprintf("longtake sweep %s -o %s", filepath.Join(b.dir, "spec.yaml"), b.dir)
	}
	return "longtake report " + b.dir
}
