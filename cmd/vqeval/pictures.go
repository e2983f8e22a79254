package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/spf13/pflag"

	"longtake/vqeval"
	"longtake/vqeval/page"
)

// pictureFlags ask for figures and an HTML report.
type pictureFlags struct {
	dir, format, html string
	embed             bool
	groupBy, rankBy   string
	formats           []string
}

func (p *pictureFlags) register(f *pflag.FlagSet, batch bool) {
	f.StringVar(&p.dir, "figures", "", "draw figures into the folder `DIR`")
	f.StringVar(&p.format, "figure-format", "png", "png, pdf, svg or both (png and pdf)")
	f.StringVar(&p.html, "html-report", "", "write a page with a player to `FILE`; it opens from disk")
	f.BoolVar(&p.embed, "embed-video", false, fmt.Sprintf("put the videos into that page (at most %d MB)", page.EmbedLimit>>20))
	if batch {
		f.StringVar(&p.groupBy, "group-by", "", "group videos by a `COLUMN` of --from-csv (default: METHOD of names such as MODEL__METHOD__PROMPT.mp4)")
		f.StringVar(&p.rankBy, "rank-by", "", "also draw a ranking, by composite or by a `FAILURE`")
	}
}

func (p *pictureFlags) check() (err error) {
	if p.formats, err = page.Formats(p.format); err != nil {
		return fmt.Errorf("--figure-format: %w", err)
	}
	if err := page.CheckRank(p.rankBy); err != nil {
		return fmt.Errorf("--rank-by: %w", err)
	}
	switch {
	case p.rankBy != "" && p.dir == "":
		return errors.New("--rank-by draws a figure: say where with --figures DIR")
	case p.embed && p.html == "":
		return errors.New("--embed-video is about the page: name it with --html-report FILE")
	}
	return nil
}

// one draws a single video.
func (p *pictureFlags) one(ctx context.Context, r *vqeval.Report, c *vqeval.Curves, stderr io.Writer) error {
	if p.dir != "" {
		d, err := page.Figures(ctx, p.dir, r, c, p.formats)
		if err != nil {
			return err
		}
		tellLeftOut(stderr, "", d)
	}
	if p.html == "" {
		return nil
	}
	e, err := page.Prepare(ctx, page.Video{Path: r.VideoPath, Report: r, Curves: c}, 1)
	if err != nil {
		return err
	}
	return p.page([]*page.Entry{e}, false)
}

// page writes the HTML report. Videos that are too large for it stay files
// beside it, which is then an error.
func (p *pictureFlags) page(entries []*page.Entry, batch bool) error {
	o := page.HTMLOptions{Dir: filepath.Dir(p.html), Embed: p.embed, Batch: batch}
	write := func(w io.Writer) error { return page.HTML(w, entries, o) }
	err := writeFile(p.html, write)
	if !errors.Is(err, page.ErrTooLarge) {
		return err
	}
	o.Embed = false
	if again := writeFile(p.html, write); again != nil {
		return again
	}
	return fmt.Errorf("%w: the page names the files instead", err)
}

func tellLeftOut(stderr io.Writer, label string, d page.Drawn) {
	for _, s := range d.LeftOut {
		fmt.Fprintf(stderr, "vqeval: not drawn: %s%s\n", oneLine(label), oneLine(s))
	}
}

// gallery collects the pictures of a batch; nil where none are wanted.
type gallery struct {
	flags   *pictureFlags
	labels  []string
	groups  []string
	columns []string
	entries []*page.Entry // one a job

	mu    sync.Mutex
	drawn []page.Drawn // one a job
	err   error
}

func (p *pictureFlags) gallery(jobs []job, columns []string) (*gallery, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.dir == "" && p.html == "" {
		if p.groupBy != "" {
			return nil, errors.New("--group-by is about pictures: ask for them with --figures DIR or --html-report FILE")
		}
		return nil, nil
	}
	paths := make([]string, len(jobs))
	for i, j := range jobs {
		paths[i] = j.path
	}
	g := &gallery{flags: p, labels: page.Labels(paths), groups: page.NameGroups(paths), columns: columns,
		entries: make([]*page.Entry, len(jobs)), drawn: make([]page.Drawn, len(jobs))}
	if p.groupBy != "" {
		at := slices.Index(columns, p.groupBy)
		if at < 0 {
			return nil, fmt.Errorf("--group-by %q: no such column; there are: %s (columns come from --from-csv)", p.groupBy, strings.Join(columns, ", "))
		}
		for i, j := range jobs {
			g.groups[i] = j.meta[at]
		}
	}
	return g, nil
}

// add takes one result of a batch; it runs in the workers.
func (g *gallery) add(ctx context.Context, i int, r result, c *vqeval.Curves) {
	if g == nil || ctx.Err() != nil {
		return
	}
	v := page.Video{Path: r.path, Label: g.labels[i], Group: g.groups[i], Report: r.report, Curves: c, Err: r.err}
	for k, name := range g.columns {
		v.Meta = append(v.Meta, page.Field{Name: name, Value: r.meta[k]})
	}
	var d page.Drawn
	var err error
	if g.flags.dir != "" && r.report != nil {
		d, err = page.Figures(ctx, filepath.Join(g.flags.dir, "videos", folder(i, len(g.entries), g.labels[i])), r.report, c, g.flags.formats)
	}
	if err == nil {
		g.entries[i], err = page.Prepare(ctx, v, len(g.entries))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drawn[i] = d
	if g.err == nil {
		g.err = err
	}
}

// folder is a name that any file system takes, in the order of the batch.
func folder(i, n int, label string) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, label)
	if runes := []rune(name); len(runes) > 60 {
		name = string(runes[len(runes)-60:])
	}
	return fmt.Sprintf("%0*d-%s", len(fmt.Sprint(n)), i+1, name)
}

// finish draws what is about the batch as a whole.
func (g *gallery) finish(stderr io.Writer) error {
	if g == nil {
		return nil
	}
	if g.err != nil {
		return g.err
	}
	for i, d := range g.drawn {
		tellLeftOut(stderr, g.labels[i]+": ", d)
	}
	if g.flags.dir != "" {
		d, err := page.BatchFigures(g.flags.dir, g.entries, g.flags.rankBy, g.flags.formats)
		if err != nil {
			return err
		}
		tellLeftOut(stderr, "", d)
	}
	if g.flags.html == "" {
		return nil
	}
	return g.flags.page(g.entries, true)
}
