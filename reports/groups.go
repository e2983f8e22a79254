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
	rows    map[rowKey][]cell // by method and frames
}

// rowKey is what pick finds.
type rowKey struct {
	method string // key
	frames int
}

// method is one column of a comparison, with the index of its colour, which is
// the same one in every section and figure.
type method struct {
	key   string
	title string
	dense bool
	color int
}

// apart says of each title what not all of them say.
func apart(titles []string) []string {
	times := map[string]int{}
	for _, t := range titles {
		for _, part := range slices.Compact(slices.Sorted(slices.Values(strings.Split(t, ", ")))) {
			times[part]++
		}
	}
	out := make([]string, len(titles))
	for i, t := range titles {
		out[i] = strings.Join(slices.DeleteFunc(strings.Split(t, ", "), func(part string) bool { return times[part] == len(titles) }), ", ")
		if out[i] == "" {
			out[i] = t
		}
	}
	return out
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
	colors := map[string]int{}
	for _, m := range methods(cells) {
		colors[m.key] = len(colors)
	}
	for _, key := range slices.Sorted(maps.Keys(by)) {
		s := newSection(by[key].cells, colors)
		if len(by) > 1 {
			s.title = key
		}
		out = append(out, s)
	}
	return out
}

func newSection(cells []cell, colors map[string]int) section {
	s := section{cells: cells, methods: methods(cells), rows: map[rowKey][]cell{}}
	for i, m := range s.methods {
		s.methods[i].color = colors[m.key]
	}
	for _, c := range cells {
		s.frames = append(s.frames, c.Frames)
		at := rowKey{c.key, c.Frames}
		s.rows[at] = append(s.rows[at], c)
	}
	slices.Sort(s.frames)
	s.frames = slices.Compact(s.frames)
	return s
}

// only is the section's part of one prompt; methods and frames without a
// record of it stay.
func (s section) only(tag string) section {
	part := section{methods: s.methods, frames: s.frames, rows: map[rowKey][]cell{}}
	for _, c := range s.cells {
		if c.Prompt.Tag == tag {
			part.cells = append(part.cells, c)
			at := rowKey{c.key, c.Frames}
			part.rows[at] = append(part.rows[at], c)
		}
	}
	return part
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
		out = append(out, method{key: key, title: title, dense: isDense(m)})
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
func (s section) pick(m method, frames int) []cell { return s.rows[rowKey{m.key, frames}] }

// onlyOK are the cells that have a video; mostly these are all, which is why
// they are not copied then.
func onlyOK(cells []cell) []cell {
	lost := 0
	for i := range cells {
		if !cells[i].ok() {
			lost++
		}
	}
	if lost == 0 {
		return cells
	}
	out := make([]cell, 0, len(cells)-lost)
	for i := range cells {
		if cells[i].ok() {
			out = append(out, cells[i])
		}
	}
	return out
}

// values lists a metric of the cells that have it.
func values(cells []cell, metric string) []float64 {
	var out []float64
	for i := range cells {
		if v, ok := cells[i].Metric(metric); ok {
			out = append(out, v)
		}
	}
	return out
}
