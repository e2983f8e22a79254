package reports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"longtake/bench"
)

// section holds the cells that one table may compare: the same generator,
// model, size, steps, guidance, sampler and backend.
type section struct {
	title   string // what sets it apart, empty when it is the only one
	cells   []cell
	methods []method
	frames  []int
}

// method is one column of a comparison, with the index of its colour.
type method struct {
	key   string
	title string
	dense bool
}

// settings is the part of a cell that a table does not average over.
func settings(c cell) string {
	return join(c.Generator, c.Model.Name, short(c.Model.SHA256), sampling(c), c.Backend)
}

// sampling says how a video was made, as far as that is known: of one that was
// there before only its size is.
func sampling(c cell) string {
	s := []string{fmt.Sprintf("%dx%d", c.Width, c.Height)}
	if c.Steps > 0 {
		s = append(s, fmt.Sprintf("%d steps", c.Steps), fmt.Sprintf("guidance %g", c.Guidance))
	}
	if c.Sampler.Name != "" {
		s = append(s, fmt.Sprintf("%s shift %g", c.Sampler.Name, c.Sampler.Shift))
	}
	return join(s...)
}

// join lists the parts that are not empty.
func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" }), ", ")
}

func short(sha string) string { return sha[:min(8, len(sha))] }

func methodKey(m bench.Method) string {
	b, err := bench.Canonical(bench.Method{Name: m.Name, Params: m.Params})
	if err != nil {
		return m.Name // it came from JSON, so this is not reached
	}
	return string(b)
}

// isDense tells whether a method is what the others are compared with: dense
// attention, neither its embedding nor its logits edited.
func isDense(m bench.Method) bool {
	return strings.EqualFold(m.Name, "dense") && m.Params["rope"] == nil && m.Params["logits"] == nil
}

// oneX reports whether a cell is at the model's training horizon.
func oneX(c cell) bool {
	return c.Model.TrainingLatentFrames > 0 && c.LatentFrames == c.Model.TrainingLatentFrames
}

func sections(cells []cell) []section {
	by := map[string]*section{}
	for _, c := range cells {
		key := settings(c)
		if by[key] == nil {
			by[key] = &section{title: key}
		}
		by[key].cells = append(by[key].cells, c)
	}
	var out []section
	for _, key := range slices.Sorted(maps.Keys(by)) {
		s := by[key]
		if len(by) == 1 {
			s.title = ""
		}
		s.methods = methods(s.cells)
		for _, c := range s.cells {
			s.frames = append(s.frames, c.Frames)
		}
		slices.Sort(s.frames)
		s.frames = slices.Compact(s.frames)
		out = append(out, *s)
	}
	return out
}

// methods lists the methods of cells, dense first, the others by title. Two
// of the same title are told apart by their parameters.
func methods(cells []cell) []method {
	byKey := map[string]bench.Method{}
	for _, c := range cells {
		byKey[c.key] = c.Method
	}
	titles := map[string]int{}
	for _, m := range byKey {
		titles[m.Title()]++
	}
	var out []method
	for key, m := range byKey {
		title := m.Title()
		if titles[title] > 1 {
			title += ":" + params(m)
		}
		out = append(out, method{key, title, isDense(m)})
	}
	slices.SortFunc(out, func(a, b method) int {
		if a.dense != b.dense {
			if a.dense {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.title, b.title), cmp.Compare(a.key, b.key))
	})
	return out
}

func params(m bench.Method) string {
	var s []string
	for _, k := range slices.Sorted(maps.Keys(m.Params)) {
		v, err := bench.Canonical(m.Params[k])
		if err != nil {
			v = []byte("?")
		}
		s = append(s, k+"="+strings.Trim(string(v), `"`))
	}
	return strings.Join(s, ",")
}

// pick is the cells of one method at one number of frames.
func (s section) pick(m method, frames int) []cell {
	var out []cell
	for _, c := range s.cells {
		if c.Frames == frames && c.key == m.key {
			out = append(out, c)
		}
	}
	return out
}

func onlyOK(cells []cell) []cell {
	var out []cell
	for _, c := range cells {
		if c.ok() {
			out = append(out, c)
		}
	}
	return out
}

// values lists a metric of the cells that have it.
func values(cells []cell, metric string) []float64 {
	var out []float64
	for _, c := range cells {
		if v, ok := c.Metric(metric); ok {
			out = append(out, v)
		}
	}
	return out
}
