package sweeps

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"longtake/bench"
	"longtake/diffusion"
	"longtake/internal/filesum"
	"longtake/kernels"
	"longtake/kernels/all"
	"longtake/lvsa"
	"longtake/video"
)

// Env is what a sweep needs from the program around it.
type Env struct {
	Kernels all.Options
	// Open loads a model: "mini" or a checkpoint folder.
	Open func(name string, b kernels.Backend) (*diffusion.Model, error)
	// Version of the program, for the records.
	Version string
}

// Cell is one cell of a plan, ready to run.
type Cell struct {
	bench.Cell
	ID     string
	Work   Work
	Source string // generator files: the video; else ""

	gen     generator
	scene   string      // generator scenes: which
	method  lvsa.Method // of the built-in engine
	binding Binding     // of generators that are not ours
	prompt  Prompt
	timeout time.Duration // of one generation; 0 is none
	invalid error         // why this cell cannot run; recorded as its failure
}

// Show is what a generator that is not ours would be told, in one line.
func (p *Plan) Show(c *Cell) string { return c.gen.show(p, c) }

// Plan is a spec resolved against its model: the cells in the order in which
// they run. Seeds are the outermost loop and methods the innermost, so that
// timings of methods that are compared stand side by side.
type Plan struct {
	Spec     *Spec
	Cells    []Cell
	Warnings []string

	model   *diffusion.Model
	backend kernels.Backend
	embeds  map[string]*diffusion.Embeds // by file
}

// NewPlan loads the model and resolves every cell. A mistake of the spec is a
// [*SpecError].
func NewPlan(ctx context.Context, s *Spec, env Env) (*Plan, error) {
	p := &Plan{Spec: s, embeds: map[string]*diffusion.Embeds{}}
	switch {
	case s.Files != nil:
		return p, p.addFiles(ctx)
	case s.Foreign != nil:
		return p, p.addForeign()
	}
	var err error
	if p.backend, err = all.Get(s.Backend, env.Kernels); err != nil {
		return nil, fmt.Errorf("sweeps: %w", err)
	}
	name := s.Model.Name
	if name != "mini" {
		name = s.path(name)
	}
	if p.model, err = env.Open(name, p.backend); err != nil {
		return nil, err
	}
	return p, p.addCells()
}

// frames resolves horizons or frame counts on the model's grid.
func (p *Plan) frames() ([]int, error) {
	s, info := p.Spec, p.model.Info()
	var list []int
	for i, h := range s.Horizons {
		n := diffusion.FramesForRatio(h.Ratio, info.TrainingLatentFrames, info.TemporalStride)
		if j := slices.Index(list, n); j >= 0 {
			return nil, s.at(h.Pos, "horizons[%d] (%s) and horizons[%d] (%s) are both %d frames: remove one", i, h.Text, j, s.Horizons[j].Text, n)
		}
		if _, _, _, _, err := p.model.Grid(n, s.Width, s.Height); err != nil {
			return nil, s.at(h.Pos, "horizons[%d] (%s): %s", i, h.Text, own(err))
		}
		list = append(list, n)
	}
	for i, f := range s.Frames {
		if _, _, _, _, err := p.model.Grid(f.N, s.Width, s.Height); err != nil {
			return nil, s.at(f.Pos, "frames[%d]: %s", i, own(err))
		}
		list = append(list, f.N)
	}
	return list, nil
}

// own drops the package from an error that gets another place in front.
func own(err error) string { return strings.TrimPrefix(err.Error(), "diffusion: ") }

func (p *Plan) addCells() error {
	s, info := p.Spec, p.model.Info()
	if s.Steps == 0 {
		s.Steps = info.Steps
	}
	if s.Guidance == 0 {
		s.Guidance = info.Guidance
	}
	if s.Sampler.Name == "" {
		s.Sampler.Name = info.Sampler
	}
	if s.Sampler.Shift == 0 {
		s.Sampler.Shift = info.Shift
	}
	frames, err := p.frames()
	if err != nil {
		return err
	}
	_, width, height, _, err := p.model.Grid(frames[0], s.Width, s.Height)
	if err != nil {
		return fmt.Errorf("sweeps: %w", err)
	}
	methods := make([]lvsa.Method, len(s.Methods))
	for i, m := range s.Methods {
		if methods[i], err = m.Spec.Build(); err != nil {
			return s.at(m.Pos, "methods[%d]: %v", i, err)
		}
	}
	prompts := make([]bench.Prompt, len(s.Prompts))
	for i, q := range s.Prompts {
		if prompts[i], err = p.resolvePrompt(q); err != nil {
			return err
		}
	}
	type costKey struct{ method, frames int }
	costs := map[costKey]Work{}
	for _, seed := range s.Seeds {
		for pi := range s.Prompts {
			for _, f := range frames {
				for mi, m := range s.Methods {
					key := costKey{mi, f}
					if _, ok := costs[key]; !ok {
						if costs[key], err = Estimate(info, methods[mi], f, width, height, s.Steps, s.Guidance > 1); err != nil {
							return s.at(m.Pos, "methods[%d] (%s) at %d frames: %v", mi, m.Label, f, err)
						}
					}
					c := Cell{gen: builtin{}, method: methods[mi], prompt: s.Prompts[pi], Work: costs[key], Cell: bench.Cell{
						Generator: "builtin",
						Model:     bench.Model{Name: info.Name, SHA256: info.SHA256, TrainingLatentFrames: info.TrainingLatentFrames},
						Method:    bench.Method{Name: m.Spec.Name, Label: m.Label, Params: m.Spec.Params()},
						Backend:   p.backend.Name(), Frames: f, Width: width, Height: height, Prompt: prompts[pi], Seed: seed,
						Steps: s.Steps, Guidance: s.Guidance, Sampler: bench.Sampler{Name: s.Sampler.Name, Shift: s.Sampler.Shift},
					}}
					if err := c.finish(info.TemporalStride); err != nil {
						return err
					}
					p.Cells = append(p.Cells, c)
				}
			}
		}
	}
	return nil
}

// finish fills what is derived from the rest.
func (c *Cell) finish(stride int) (err error) {
	if train := c.Model.TrainingLatentFrames; train > 0 && stride > 0 && c.Frames > 0 {
		c.LatentFrames = (c.Frames-1)/stride + 1
		c.Ratio = float64(c.LatentFrames) / float64(train)
	}
	c.ID, err = c.Cell.ID()
	return err
}

// resolvePrompt matches a prompt with the model's scenes, or loads the file of
// its embedding.
func (p *Plan) resolvePrompt(q Prompt) (bench.Prompt, error) {
	out := bench.Prompt{Tag: q.Tag, Text: q.Text}
	fail := func(format string, args ...any) (bench.Prompt, error) {
		return out, p.Spec.at(q.Pos, "prompt %q: %s", q.Tag, fmt.Sprintf(format, args...))
	}
	if q.Embeds != "" {
		sum, err := filesum.SHA256(q.Embeds)
		if err != nil {
			return fail("embeds: %v", err)
		}
		e, err := diffusion.LoadEmbeds(q.Embeds)
		if err != nil {
			return fail("embeds %s: %s", q.Embeds, own(err))
		}
		p.embeds[q.Embeds] = e
		out.EmbedsSHA256 = sum
		return out, nil
	}
	if _, err := p.model.MatchPrompt(q.Text); err != nil {
		return fail("%s", own(err))
	}
	return out, nil
}

// addFiles makes a cell of every video that fits the pattern.
func (p *Plan) addFiles(ctx context.Context) error {
	s := p.Spec
	found, unmatched, err := s.Files.Find(s.Dir)
	if err != nil {
		return fmt.Errorf("sweeps: generator files %q: %w", s.Files.Text, err)
	}
	for _, u := range unmatched {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s does not fit the pattern %s and is left out", u, s.Files.Text))
	}
	left := 0
	seen := map[string]string{}
	for _, f := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, keep, err := p.fileCell(ctx, f)
		if err != nil {
			return err
		}
		if !keep {
			left++
			continue
		}
		if other, ok := seen[c.ID]; ok {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s is the same video as %s, of the same method, prompt and seed, and is left out", f.Path, other))
			continue
		}
		seen[c.ID] = f.Path
		p.Cells = append(p.Cells, c)
	}
	if left > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d videos fit the pattern but not the lists of the spec and are left out", left))
	}
	if len(p.Cells) == 0 {
		return s.at(Pos{}, "no video fits the pattern %s: check the folder and the parts of the names", s.Files.Text)
	}
	return nil
}

// fileCell describes an existing video. keep is false when the lists of the
// spec (methods, horizons, frames, prompts, seeds) leave it out.
func (p *Plan) fileCell(ctx context.Context, f Match) (c Cell, keep bool, err error) {
	s := p.Spec
	var seed int64
	if v, ok := f.Parts["seed"]; ok {
		seed, _ = strconv.ParseInt(v, 10, 64) // the pattern admits up to 18 digits; 016 is 16
		if len(s.Seeds) > 0 && !slices.Contains(s.Seeds, seed) {
			return c, false, nil
		}
	}
	method, tag := f.Parts["method"], f.Parts["prompt"]
	if len(s.Methods) > 0 && !slices.ContainsFunc(s.Methods, func(m MethodRef) bool { return m.Label == method }) {
		return c, false, nil
	}
	if h, ok := f.Parts["horizon"]; ok && len(s.Horizons) > 0 && !slices.ContainsFunc(s.Horizons, func(r Horizon) bool { return r.Text == h }) {
		return c, false, nil
	}
	prompt := bench.Prompt{Tag: tag}
	if len(s.Prompts) > 0 {
		i := slices.IndexFunc(s.Prompts, func(q Prompt) bool { return q.Tag == tag })
		if i < 0 {
			return c, false, nil
		}
		prompt.Text = s.Prompts[i].Text
	}
	model := f.Parts["model"]
	if model == "" {
		model = s.Model.Name
	}
	sum, err := filesum.SHA256(f.Path)
	if err != nil {
		return c, false, fmt.Errorf("sweeps: %s: %w", f.Path, unwrapPath(err))
	}
	c = Cell{gen: existing{}, Source: f.Path, Cell: bench.Cell{
		Generator: "files", SourceSHA256: sum, Model: bench.Model{Name: model, TrainingLatentFrames: s.Model.TrainingLatentFrames},
		Method: bench.Method{Name: method}, Prompt: prompt, Seed: seed,
	}}
	info, err := countFrames(ctx, f.Path)
	switch {
	case ctx.Err() != nil:
		return c, false, ctx.Err()
	case err != nil:
		c.invalid = err
	default:
		if len(s.Frames) > 0 && !slices.ContainsFunc(s.Frames, func(n FrameCount) bool { return n.N == info.Frames }) {
			return c, false, nil
		}
		c.Frames, c.Width, c.Height = info.Frames, info.Width, info.Height
		// Scoring takes about as long as decoding.
		c.Work.decode = float64(info.Frames) * float64(info.Width) * float64(info.Height)
	}
	stride := s.Model.TemporalStride
	if stride == 0 {
		stride = 4
	}
	return c, true, c.finish(stride)
}

// countFrames probes a video; containers that do not count are decoded.
func countFrames(ctx context.Context, name string) (video.Info, error) {
	info, err := video.Probe(ctx, name)
	if err != nil || info.Frames > 0 {
		return info, err
	}
	_, info.Frames, err = video.Decode(ctx, name, video.DecodeOptions{Gray: true, Width: 16, Height: 16}, func(video.Frame) error { return nil })
	return info, err
}

// Horizon is the length of a cell for people: the ratio where it is known.
func (c *Cell) Horizon() string {
	if c.Ratio == 0 {
		return fmt.Sprintf("%d frames", c.Frames)
	}
	return fmt.Sprintf("%.4gx", c.Ratio)
}

// Title names a cell in one line.
func (c *Cell) Title() string {
	if c.Source != "" {
		return filepath.Base(c.Source)
	}
	return fmt.Sprintf("%s %s %s seed %d", c.Cell.Method.Title(), c.Horizon(), c.Prompt.Tag, c.Seed)
}
