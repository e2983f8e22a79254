package reports

import (
	"fmt"
	"strconv"
	"strings"
)

// mostWarnings is how many warnings a page lists.
const mostWarnings = 40

// scope is what the numbers are about.
func scope(cells []cell) string {
	for _, c := range cells {
		if c.Model.Name == "mini" {
			return "A mechanism check on a synthetic model: mini is a miniature trained on procedural scenes. " +
				"Nothing here is a claim about Wan or another real model, and no number here belongs beside published ones."
		}
	}
	return "The numbers hold for this model, these prompts and seeds, and this host."
}

func whatWasRun(cells []cell, asked int) []string {
	of := func(name string, field func(cell) string) string {
		v := distinct(cells, field)
		if len(v) == 1 && v[0] == "" {
			v[0] = "not recorded"
		}
		return name + ": " + list(v, 12)
	}
	n := len(onlyOK(cells))
	records := fmt.Sprintf("Records: %d, of which %d ok", len(cells), n)
	if lost := tally(cells); len(lost) > 0 {
		records += ", " + strings.Join(lost, ", ")
	}
	if asked > len(cells) {
		records += fmt.Sprintf("; %s of the spec have none", count(asked-len(cells), "cell"))
	}
	return []string{
		of("Model", func(c cell) string {
			s := c.Model.Name
			if c.Model.SHA256 != "" {
				s += ", checkpoint " + short(c.Model.SHA256)
			}
			if c.Model.TrainingLatentFrames > 0 {
				s += fmt.Sprintf(", training horizon %d latent frames", c.Model.TrainingLatentFrames)
			}
			return s
		}),
		"Horizons: " + horizons(cells) + " frames",
		of("Prompts", func(c cell) string {
			if c.Prompt.Text == "" || c.Prompt.Text == c.Prompt.Tag {
				return c.Prompt.Tag
			}
			return fmt.Sprintf("%s (%q)", c.Prompt.Tag, c.Prompt.Text)
		}),
		of("Seeds", func(c cell) string { return strconv.FormatInt(c.Seed, 10) }),
		of("Settings", func(c cell) string { return join(sampling(c), c.Backend) }),
		of("Engine", func(c cell) string { return c.Engine }),
		of("Kernel variant", func(c cell) string { return c.Variant }),
		of("Host", host),
		records,
	}
}

// methodsRun says how each method was set.
func methodsRun(cells []cell) string {
	return "Methods: " + list(distinct(cells, func(c cell) string {
		s := c.Method.Title()
		if c.Method.Label != "" {
			s += " = " + c.Method.Name
		}
		if len(c.Method.Params) > 0 {
			s += ":" + params(c.Method)
		}
		return s
	}), 12)
}

func horizons(cells []cell) string {
	var v []int
	for _, c := range cells { // sorted by frames
		if len(v) == 0 || v[len(v)-1] != c.Frames {
			v = append(v, c.Frames)
		}
	}
	return list(v, 12)
}

func host(c cell) string {
	h := c.Host
	var s []string
	if d := h.Device(); d != "" {
		s = append(s, d)
	}
	if h.Cores > 0 {
		s = append(s, count(h.Cores, "core"))
	}
	if h.Workers > 0 && h.Workers != h.Cores {
		s = append(s, count(h.Workers, "worker"))
	}
	for _, v := range []string{h.OS, h.Go} {
		if v != "" {
			s = append(s, v)
		}
	}
	if h.Revision != "" {
		s = append(s, "revision "+h.Revision)
	}
	return strings.Join(s, ", ")
}

// checkRecords warns of what is mixed, lost or marked in the records.
func (b *builder) checkRecords(cells []cell) {
	if n := b.o.Cells; n > len(cells) {
		b.warn("%d of the %d cells of the spec have no record: run the same command again to go on", n-len(cells), n)
	}
	for _, f := range []struct {
		name  string
		field func(cell) string
	}{
		{"engine versions", func(c cell) string { return c.Engine }},
		{"kernel variants", func(c cell) string { return c.Variant }},
		{"hosts", func(c cell) string { h := c.Host; h.Revision = ""; c.Host = h; return host(c) }},
		{"revisions", func(c cell) string { return c.Host.Revision }},
		{"scorers", func(c cell) string { return c.Scorer }},
	} {
		if v := distinct(onlyOK(cells), f.field); len(v) > 1 {
			for i := range v {
				if v[i] == "" {
					v[i] = "not recorded"
				}
			}
			b.warn("%s are mixed: %s. Means average over them; speed-ups only pair cells that ran on the same host, engine and variant", f.name, list(v, 6))
		}
	}
	for _, c := range cells {
		if !c.ok() {
			reason := c.Error
			if reason == "" {
				reason = "no reason recorded"
			}
			b.warn("%s: %s (%s)", c.where(), c.Status, reason)
		}
	}
	times := map[string]int{}
	var order []string
	for _, c := range cells {
		for _, w := range c.Record.Warnings {
			if times[w] == 0 {
				order = append(order, w)
			}
			times[w]++
		}
	}
	for _, w := range order {
		b.warn("recorded in %s: %s", count(times[w], "cell"), w)
	}
}

// holes lists the horizons at which a method has no record at all.
func (s section) holes() []string {
	var out []string
	for _, frames := range s.frames {
		for _, m := range s.methods {
			if len(s.pick(m, frames)) == 0 {
				out = append(out, fmt.Sprintf("no record of %s at %d frames", m.title, frames))
			}
		}
	}
	return out
}
