package reports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"longtake/bench"
	"longtake/internal/atomicfile"
	"longtake/internal/figure"
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
}

// Report is what Build made.
type Report struct {
	Dir      string   // the report's folder
	Readme   string   // its README.md
	Page     string   // its index.html
	Records  int      // records that were read
	Lost     int      // records that are not ok
	Warnings []string // as on the page
	sections []section
	refs     []reference
	given    []cell
}

// builder gathers the page while figures are written.
type builder struct {
	dir, out string
	o        Options
	p        page
	warnings []string
	made     map[string]bool
	r        *Report
}

// Build reads a sweep's folder and writes DIR/report: README.md, index.html and
// the figures. Where DIR/cells holds record.json files these count, and
// records.jsonl only adds to them. The same records give the same bytes.
func Build(ctx context.Context, dir string, o Options) (*Report, error) {
	l, err := load(dir)
	if err != nil {
		return nil, err
	}
	b := &builder{dir: dir, out: filepath.Join(dir, "report"), o: o, made: map[string]bool{}, warnings: l.warnings}
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	b.r = &Report{Dir: b.out, Readme: filepath.Join(b.out, "README.md"), Page: filepath.Join(b.out, "index.html"),
		Records: len(l.cells), Lost: len(l.cells) - len(onlyOK(l.cells)), sections: sections(l.cells), given: decode(o.References)}
	var body page
	for i, s := range b.r.sections {
		ref := references(s, b.r.given)
		b.r.refs = append(b.r.refs, ref)
		if err := b.section(ctx, &body, s, ref, i); err != nil {
			return nil, err
		}
	}
	b.checkRecords(l.cells)
	b.p.Title = "Sweep " + b.name()
	b.intro(l.cells)
	b.p.Blocks = append(b.p.Blocks, body.Blocks...)
	b.r.Warnings = b.warnings
	if err := b.write(); err != nil {
		return nil, err
	}
	return b.r, nil
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

// section writes the tables and figures of one section into the page.
func (b *builder) section(ctx context.Context, p *page, s section, ref reference, i int) error {
	suffix := ""
	if len(b.r.sections) > 1 {
		suffix = fmt.Sprintf("-%d", i+1)
		p.heading(2, s.title)
	}
	if ref.other != "" {
		b.warn("the references were made with other settings (%s) than these cells (%s)", ref.other, join(settings(s.cells[0]), s.cells[0].Scorer))
	}
	b.warnAll(s.holes())
	// People look at pictures before they read tables.
	if err := b.examples(ctx, p, s, suffix); err != nil {
		return err
	}
	p.heading(2, "Quality")
	for _, c := range []struct {
		base, caption string
		f             figure.Figure
	}{
		{"motion", "Motion retained against horizon, with 95 % intervals", motionChart(s, ref, b.r.given)},
		{"freeze", "Videos with a freeze finding, with 95 % intervals of the share", findingsChart(s, "freeze", bench.FreezeSeverity)},
		{"loop", "Videos with a loop finding, with 95 % intervals of the share", findingsChart(s, "loop", bench.LoopSeverity)},
	} {
		if err := b.chart(p, c.base+suffix, c.f, c.caption); err != nil {
			return err
		}
	}
	p.table(qualityTable(s, ref, b.r.given))
	if !s.timed() { // else it stands beneath the costs
		p.items(s.residue())
	}
	p.text(fmt.Sprintf("A finding is a severity of %g or more; beside k of n stands the 95 %% interval of the share (Wilson). Motion retained is the motion plateau over 81-frame windows, divided by its mean over at least %d dense seeds at 1x of the same prompt; "+
		"its interval is over the videos of the row and takes the reference as given.", bench.FindingSeverity, leastReferences))
	p.table(referenceTable(s, ref))
	p.heading(2, "Cost")
	if s.timed() {
		return b.cost(p, s, suffix)
	}
	p.text("No times are recorded.")
	return nil
}

// cost writes what the rows took.
func (b *builder) cost(p *page, s section, suffix string) error {
	if err := b.chart(p, "latency"+suffix, latencyChart(s), "Denoising time against horizon, with the bound that the attended fraction allows"); err != nil {
		return err
	}
	p.table(costTable(s))
	p.text("Values are means over the n videos of a row with their 95 % interval in brackets; a value from fewer videos says its own n. " +
		"Speed-ups are geometric means of dense time over the method's, paired by prompt and seed at the same frames; ~ marks an interval that holds 1. " +
		"The bound is what the attended fraction allows, 1/(1 - a(1 - f)) with a the attention's share of dense denoising and f the fraction. Peak memory is the largest of the row.")
	p.items(s.residue())
	b.warnAll(s.beyondBound())
	return nil
}

// examples draws what single videos look like at the longest horizon.
func (b *builder) examples(ctx context.Context, p *page, s section, suffix string) error {
	all, left := s.examples()
	if len(all) == 0 {
		return nil
	}
	p.heading(2, "The longest horizon, video by video")
	if !slices.ContainsFunc(s.cells, func(c cell) bool { return c.Files["video"].Path != "" || c.Files["curves"].Path != "" }) {
		p.text("The records name neither videos nor curves.")
		return nil
	}
	if left > 0 {
		p.text(fmt.Sprintf("Shown for the first %d prompts; %d more are only in the tables.", len(all), left))
	}
	for i, e := range all {
		p.heading(3, e.title())
		name := fmt.Sprintf("%s-%d-%s", suffix, i+1, slug(e.tag))
		if !b.o.NoFrames {
			sheet, warnings, err := contactSheet(ctx, b.dir, s, e)
			if err != nil {
				return fmt.Errorf("reports: %w", err)
			}
			b.warnAll(warnings)
			if err := b.chart(p, "frames"+name, sheet, "Frames at equal times, one method a row"); err != nil {
				return err
			}
		}
		heats, warnings := similarityChart(b.dir, s, e)
		b.warnAll(warnings)
		if err := b.chart(p, "similarity"+name, heats, "Self-similarity: mean difference between frames, alike ones bright; a bright line off the diagonal is a return, a bright square a still"); err != nil {
			return err
		}
		if err := b.chart(p, "energy"+name, energyChart(b.dir, s, e), "Motion energy: new content within the next second, frame by frame, with the findings"); err != nil {
			return err
		}
		b.videos(p, s, e)
	}
	return nil
}

// videos links the videos of an example that exist.
func (b *builder) videos(p *page, s section, e example) {
	var links []videoLink
	for i, m := range s.methods {
		c := e.cells[i]
		if c == nil || !c.ok() {
			continue
		}
		path, err := c.file(b.dir, "video")
		if err != nil {
			if !errors.Is(err, errNotRecorded) {
				b.warn("video of %s: %v", c.where(), err)
			}
			continue
		}
		out, errOut := filepath.Abs(b.out)
		abs, errAbs := filepath.Abs(path)
		if rel, err := filepath.Rel(out, abs); err == nil && errOut == nil && errAbs == nil {
			links = append(links, videoLink{urlPath(rel), m.title})
		}
	}
	if len(links) > 0 {
		p.Blocks = append(p.Blocks, block{Videos: links})
	}
}

func (b *builder) warnAll(texts []string) {
	for _, t := range texts {
		b.warn("%s", t)
	}
}

// chart saves a figure and puts it on the page; one that has nothing to show
// is a sentence instead.
func (b *builder) chart(p *page, base string, f figure.Figure, caption string) error {
	if err := figure.Check(f); err != nil {
		what, _, _ := strings.Cut(caption, ":")
		p.text(what + ": not drawn, because there is nothing to show.")
		return nil
	}
	if err := figure.Save(filepath.Join(b.out, base), f, "png", "svg"); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	b.made[base] = true
	p.figure(base, caption)
	return nil
}

// slug makes part of a file name of any text.
func slug(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			return unicode.ToLower(r)
		}
		return '-'
	}, s)
	return strings.Trim(s[:min(len(s), 40)], "-")
}

// write puts the pages in their place and removes figures of an earlier report.
func (b *builder) write() error {
	for _, f := range []struct {
		path  string
		write func(io.Writer, page) error
	}{{b.r.Readme, writeMarkdown}, {b.r.Page, writeHTML}} {
		var buf bytes.Buffer
		if err := f.write(&buf, b.p); err != nil {
			return err
		}
		if err := atomicfile.WriteBytes(f.path, buf.Bytes()); err != nil {
			return fmt.Errorf("reports: %w", err)
		}
	}
	return b.sweepOut()
}

// kinds are the first words of the figures' names.
var kinds = []string{"latency", "motion", "freeze", "loop", "frames", "similarity", "energy"}

func (b *builder) sweepOut() error {
	files, err := os.ReadDir(b.out)
	if err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	for _, f := range files {
		ext := filepath.Ext(f.Name())
		base := strings.TrimSuffix(f.Name(), ext)
		kind, _, _ := strings.Cut(base, "-")
		if (ext == ".png" || ext == ".svg") && slices.Contains(kinds, kind) && !b.made[base] {
			if err := os.Remove(filepath.Join(b.out, f.Name())); err != nil {
				return fmt.Errorf("reports: %w", err)
			}
		}
	}
	return nil
}
