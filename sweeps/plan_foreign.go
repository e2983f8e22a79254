package sweeps

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"longtake/bench"
	"longtake/diffusion"
)

// addForeign makes the cells of a generator that is not ours: nothing is
// loaded, and neither a checkpoint nor a server has to be there.
func (p *Plan) addForeign() error {
	s, f := p.Spec, p.Spec.Foreign
	frames, err := p.foreignFrames()
	if err != nil {
		return err
	}
	var gen generator = command{f}
	if f.Kind == kindVideos {
		gen = server{f}
	}
	for _, seed := range s.Seeds {
		for _, q := range s.Prompts {
			for _, n := range frames {
				for i := range s.Methods {
					m := &s.Methods[i]
					c := Cell{gen: gen, prompt: q, binding: m.Binding, timeout: f.Timeout, Cell: bench.Cell{
						Generator: f.Kind,
						Model:     bench.Model{Name: s.Model.Name, TrainingLatentFrames: s.Model.TrainingLatentFrames},
						Method:    bench.Method{Name: m.Label, Params: f.identity(m.Binding)},
						Frames:    n, Width: s.Width, Height: s.Height, Prompt: bench.Prompt{Tag: q.Tag, Text: q.Text}, Seed: seed,
						Steps: s.Steps, Guidance: s.Guidance, Sampler: bench.Sampler{Name: s.Sampler.Name, Shift: s.Sampler.Shift},
					}}
					if m.Binding.Timeout > 0 {
						c.timeout = m.Binding.Timeout
					}
					if err := c.finish(s.Model.TemporalStride); err != nil {
						return err
					}
					// Nobody knows what it costs; attention grows with the square.
					l := float64(c.LatentFrames)
					c.Work.decode = l * (1 + l/float64(s.Model.TrainingLatentFrames))
					p.Cells = append(p.Cells, c)
				}
			}
		}
	}
	return nil
}

// identity is what the video depends on, as the spec has it: where programs,
// checkpoints and servers are ({env:...}, the working directory, addresses) and
// how long they may take is not part of it.
func (f *Foreign) identity(b Binding) map[string]any {
	m := map[string]any{}
	if f.Kind == kindExec {
		m["command"] = texts(f.argv(b))
	}
	for name, t := range map[string]map[string]Template{"env": merged(f.Env, b.Env), "fields": f.formFields(b)} {
		if len(t) == 0 {
			continue
		}
		v := map[string]any{}
		for k, t := range t {
			v[k] = t.Text
		}
		m[name] = v
	}
	return m
}

// argv is a method's command: its own words at {method_args}, else at the end.
func (f *Foreign) argv(b Binding) []Template {
	if i := slices.IndexFunc(f.Command, func(t Template) bool { return t.Text == methodArgs }); i >= 0 {
		return slices.Concat(f.Command[:i], b.Args, f.Command[i+1:])
	}
	return slices.Concat(f.Command, b.Args)
}

// foreignFrames resolves horizons or frame counts on the stated grid.
func (p *Plan) foreignFrames() ([]int, error) {
	s := p.Spec
	var list []int
	for i, h := range s.Horizons {
		n := diffusion.FramesForRatio(h.Ratio, s.Model.TrainingLatentFrames, s.Model.TemporalStride)
		if j := slices.Index(list, n); j >= 0 {
			return nil, s.at(h.Pos, "horizons[%d] (%s) and horizons[%d] (%s) are both %d frames: remove one", i, h.Text, j, s.Horizons[j].Text, n)
		}
		list = append(list, n)
	}
	for i, f := range s.Frames {
		if _, err := diffusion.LatentFrames(f.N, s.Model.TemporalStride); err != nil {
			return nil, s.at(f.Pos, "frames[%d]: %s", i, own(err))
		}
		list = append(list, f.N)
	}
	return list, nil
}

// values are what placeholders stand for. dir is the cell's work folder.
func (c *Cell) values(dir string, s slot) map[string]string {
	num := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return map[string]string{
		"prompt": c.prompt.Text, "prompt_file": filepath.Join(dir, PromptFile), "tag": c.prompt.Tag,
		"method": c.Cell.Method.Name, "model": c.Model.Name,
		"frames": strconv.Itoa(c.Frames), "latent_frames": strconv.Itoa(c.LatentFrames),
		"training_latent_frames": strconv.Itoa(c.Model.TrainingLatentFrames), "ratio": num(c.Ratio),
		"width": strconv.Itoa(c.Width), "height": strconv.Itoa(c.Height), "size": fmt.Sprintf("%dx%d", c.Width, c.Height),
		"steps": strconv.Itoa(c.Steps), "guidance": num(c.Guidance), "sampler": c.Sampler.Name, "shift": num(c.Sampler.Shift),
		"seed": strconv.FormatInt(c.Seed, 10),
		"out":  filepath.Join(dir, VideoFile), "out_dir": dir, "out_name": VideoFile, "cell": c.ID,
		"slot": strconv.Itoa(s.index), "gpu": s.gpu,
	}
}

// SetupError is something that every cell needs and that is not there: an
// environment variable that the spec names, or the command's program.
type SetupError struct{ Err error }

func (e *SetupError) Error() string { return e.Err.Error() }
func (e *SetupError) Unwrap() error { return e.Err }

// ready checks, before anything runs, what every generation needs here.
func (p *Plan) ready() error {
	f := p.Spec.Foreign
	if f == nil {
		return nil
	}
	seen := map[string]bool{}
	for i := range p.Cells {
		c := &p.Cells[i]
		if seen[c.Cell.Method.Name] {
			continue
		}
		seen[c.Cell.Method.Name] = true
		values := c.values("", slot{})
		if _, err := expandAll(f.words(c.binding), values, false); err != nil {
			return &SetupError{fmt.Errorf("sweeps: %w", err)}
		}
		if f.Kind == kindVideos {
			if _, err := (server{f}).header(); err != nil {
				return &SetupError{fmt.Errorf("sweeps: %w", err)}
			}
			continue
		}
		dir, err := f.Dir.Expand(values, false)
		if err != nil {
			return &SetupError{fmt.Errorf("sweeps: cwd: %w", err)}
		}
		if dir != "" {
			dir = p.Spec.path(dir)
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return &SetupError{fmt.Errorf("sweeps: cwd: %s is no folder", dir)}
			}
		}
		word, err := f.Command[0].Expand(values, false)
		if err == nil {
			_, err = program(word, dir)
		}
		if err != nil {
			return &SetupError{err}
		}
	}
	return nil
}
