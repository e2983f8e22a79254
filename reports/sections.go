package reports

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"longtake/bench"
	"longtake/internal/figure"
)

// section writes the tables and figures of one section into the page.
func (b *builder) section(ctx context.Context, p *page, s section, ref reference, i int, rate float64) error {
	suffix := ""
	if len(b.r.sections) > 1 {
		suffix = fmt.Sprintf("-%d", i+1)
		p.heading(2, s.title)
	}
	frames, sentences := s.headline(ref, rate)
	for _, t := range sentences {
		p.text(t)
		if s.title != "" {
			t = s.title + ": " + t
		}
		b.headlines = append(b.headlines, t)
	}
	if frames > 0 {
		p.table(verdictTable(s.verdicts(frames, ref, rate)))
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
		{"plane", "Motion retained against denoising time at the longest horizon, with 95 % intervals; the line joins the methods that no other beats in both", planeChart(s, ref)},
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
		if err := b.cost(p, s, suffix); err != nil {
			return err
		}
	} else {
		p.text("No times are recorded.")
	}
	// Beside a synthetic model nothing published is shown here: the page has it apart.
	if t := publishedFor(s); len(t.Rows) > 0 && !synthetic(s.cells[0]) {
		p.heading(2, t.Title)
		p.text(t.Source)
		rows := table{Header: t.Header, Left: []int{1, 2, 3, 4}}
		for _, r := range t.Rows {
			rows.Rows = append(rows.Rows, r.Cells)
		}
		p.table(rows)
	}
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
		"The bound is what the attended fraction allows, 1/(1 - a(1 - f)) with a the attention's share of dense denoising and f the fraction. Peak memory is the largest of the row." + gpuLegend(s))
	p.items(s.residue())
	b.warnAll(s.beyondBound())
	return nil
}

// gpuLegend explains the columns that only cells on GPUs have.
func gpuLegend(s section) string {
	if !s.onGPUs() {
		return ""
	}
	return " That of GPUs is sampled while a command runs; GPU-hours are the sum over the row's cells, those that were lost included."
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
		if err := b.chart(p, "similarity"+name, heats, "Self-similarity: mean difference between frames, alike ones bright; a bright line off the diagonal is a return, a bright square a still; lines mark the loops that were found"); err != nil {
			return err
		}
		if err := b.chart(p, "energy"+name, energyChart(b.dir, s, e), "Motion energy: new content within the next second, frame by frame, with the findings"); err != nil {
			return err
		}
	}
	return nil
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
	b.save(func() error {
		if err := figure.Save(filepath.Join(b.out, base), f, "png", "svg"); err != nil {
			return fmt.Errorf("reports: %w", err)
		}
		return nil
	})
	b.made = append(b.made, base+".png", base+".svg")
	p.figure(base, caption)
	return nil
}

// save runs a figure's drawing beside what follows, a few at a time.
func (b *builder) save(f func() error) {
	b.room <- struct{}{}
	b.saving.Go(func() {
		defer func() { <-b.room }()
		if err := f(); err != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.failed = errors.Join(b.failed, err)
		}
	})
}

// saved waits for all of them.
func (b *builder) saved() error {
	b.saving.Wait()
	return b.failed
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
