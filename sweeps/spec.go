package sweeps

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"longtake/diffusion"
	"longtake/lvsa"
)

// Spec is a parsed spec file: what to run, not yet resolved against a model.
// Zero Steps, Guidance, Sampler and size stand for the model's own.
type Spec struct {
	File string // where it was read, for errors
	Dir  string // relative paths in it start here
	Name string

	Files   *Pattern // generator files
	Foreign *Foreign // generators exec and openai-video; nil both is the built-in engine
	Model   ModelRef
	Methods []MethodRef

	Horizons []Horizon // one of the two
	Frames   []FrameCount

	Prompts    []Prompt
	References string // "" or "mini"
	Seeds      []int64

	Steps         int
	Guidance      float64
	Sampler       SamplerRef
	Width, Height int
	Backend       string

	Repeats      int
	Executor     Executor
	ExpectMotion bool
}

// ModelRef names a model: "mini", a checkpoint folder, or, for videos that
// exist, any name with its horizon.
type ModelRef struct {
	Name                 string
	TrainingLatentFrames int // 0: the model says
	TemporalStride       int // 0: the model says
	Pos                  Pos
}

// MethodRef is a method of the grid.
type MethodRef struct {
	Label string
	Spec  lvsa.Spec // of the built-in engine; elsewhere methods are labels
	Pos   Pos

	Binding Binding // of generators that are not ours
}

// Horizon is a multiple of the model's training horizon in latent frames.
type Horizon struct {
	Ratio float64
	Text  string
	Pos   Pos
}

// FrameCount is an exact number of video frames.
type FrameCount struct {
	N   int
	Pos Pos
}

// Prompt is a text under a short name; Embeds is the file of its embedding.
type Prompt struct {
	Tag, Text, Embeds string
	Pos               Pos
}

// SamplerRef is the solver; empty fields are the model's own.
type SamplerRef struct {
	Name  string
	Shift float64
}

// Bounds of a spec's numbers: far above any use, far below an overflow.
const (
	maxRatio   = 64
	maxFrames  = 1 << 16
	maxSteps   = 1000
	maxRepeats = 1000
	maxSide    = 1 << 14
	maxCells   = 1 << 16
)

var (
	builtinKeys = []string{"name", "generator", "model", "methods", "horizons", "frames", "prompts", "references", "seeds",
		"steps", "guidance", "sampler", "size", "backend", "repeats", "executor", "score"}
	generationKeys = []string{"steps", "guidance", "sampler", "size", "backend", "repeats"}
)

// ReadSpec reads a spec file and the prompts file that it names.
func ReadSpec(path string) (*Spec, error) { return readSpec(path, filepath.Dir(path)) }

// readSpec reads a spec file whose relative paths start at dir.
func readSpec(path, dir string) (*Spec, error) {
	src, err := readLimited(path)
	if err != nil {
		return nil, &SpecError{File: path, Msg: err.Error()}
	}
	return parseSpec(path, dir, src)
}

// readLimited reads a file of at most maxSpecBytes (and one byte, to tell).
func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", unwrapPath(err))
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxSpecBytes+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", unwrapPath(err))
	}
	return src, nil
}

// ParseSpec parses a spec; path names it in errors and its folder is where
// relative paths start. Every error is a [*SpecError] with line and column.
func ParseSpec(path string, src []byte) (*Spec, error) {
	return parseSpec(path, filepath.Dir(path), src)
}

func parseSpec(path, dir string, src []byte) (*Spec, error) {
	s := &Spec{File: path, Dir: dir, Backend: "auto", Repeats: 1, Seeds: []int64{16}, Model: ModelRef{Name: "mini"}}
	s.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	p := specParser{reader{path}, s, nil}
	top, err := p.document(src)
	if err != nil {
		return nil, err
	}
	if p.top, err = p.mapping(top, "the spec", builtinKeys...); err != nil {
		return nil, err
	}
	for _, step := range []struct {
		key   string
		parse func(*yaml.Node) error
	}{
		{"name", p.name}, {"generator", p.generator}, {"model", p.model}, {"methods", p.methods},
		{"horizons", p.horizons}, {"frames", p.frames}, {"prompts", p.prompts}, {"references", p.references},
		{"seeds", p.seeds}, {"steps", p.steps}, {"guidance", p.guidance}, {"sampler", p.sampler}, {"size", p.size},
		{"backend", p.backend}, {"repeats", p.repeats}, {"executor", p.executor}, {"score", p.score},
	} {
		if f, ok := p.top[step.key]; ok {
			if err := step.parse(f.value); err != nil {
				return nil, err
			}
		}
	}
	if s.Foreign != nil {
		if err := p.completeForeign(top); err != nil {
			return nil, err
		}
	}
	if err := p.completeExecutor(); err != nil {
		return nil, err
	}
	if err := p.complete(top); err != nil {
		return nil, err
	}
	return s, nil
}

type specParser struct {
	reader
	s   *Spec
	top map[string]field
}

// complete checks what concerns several keys.
func (p *specParser) complete(top *yaml.Node) error {
	h, f := p.top["horizons"], p.top["frames"]
	if h.key != nil && f.key != nil {
		return p.errorf(f.key, "both horizons (line %d) and frames are given: keep one", h.key.Line)
	}
	if p.s.Files != nil {
		for _, key := range generationKeys {
			if f, ok := p.top[key]; ok {
				return p.errorf(f.key, "%s does not apply to generator files, whose videos exist already: remove it", key)
			}
		}
		if _, ok := p.top["seeds"]; !ok {
			p.s.Seeds = nil
		}
		if _, ok := p.top["model"]; !ok {
			p.s.Model = ModelRef{}
			if !p.s.Files.Has("model") {
				return p.errorf(p.top["generator"].key, "the pattern has no {model} and the spec no model: add model: NAME, or {name: ..., training_latent_frames: ..., temporal_stride: 4}")
			}
		}
		return nil
	}
	if h.key == nil && f.key == nil {
		return p.errorf(top, "neither horizons nor frames: add horizons: [1x, 2x] or frames: [81, 165]")
	}
	for _, key := range []string{"methods", "prompts"} {
		if _, ok := p.top[key]; !ok {
			return p.errorf(top, "no %s: add them", key)
		}
	}
	if m := p.s.Model; p.s.Foreign == nil && (m.TrainingLatentFrames != 0 || m.TemporalStride != 0) {
		return p.errorf(p.top["model"].value, "training_latent_frames and temporal_stride are for generators that are not ours: the checkpoint %q says its own", m.Name)
	}
	n := len(p.s.Methods) * max(len(p.s.Horizons), len(p.s.Frames)) * len(p.s.Prompts) * len(p.s.Seeds)
	if n > maxCells {
		return p.errorf(top, "%d cells: a sweep has at most %d, so split it", n, maxCells)
	}
	return nil
}

func (p *specParser) name(n *yaml.Node) (err error) {
	p.s.Name, err = p.str(n, "name")
	return err
}

func (p *specParser) generator(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		name, err := p.str(n, "generator")
		if err != nil {
			return err
		}
		switch name {
		case "builtin":
			return nil
		case "files":
			return p.errorf(n, "generator files needs its name pattern: write {files: \"{model}__{method}__{horizon}__{prompt}.mp4\"}")
		case kindExec:
			return p.errorf(n, "generator exec needs its command: write {exec: {command: [python, generate.py, --prompt, \"{prompt}\", ...]}}")
		case kindVideos:
			return p.errorf(n, "generator openai-video needs its servers: write {openai-video: {servers: [http://localhost:8091]}}")
		}
		return p.errorf(n, "unknown generator %q: want builtin, {files: ...}, {exec: ...} or {openai-video: ...}", name)
	}
	m, err := p.mapping(n, "generator", "files", kindExec, kindVideos)
	if err != nil {
		return err
	}
	if len(m) != 1 {
		return p.errorf(n, "generator is a map with %d keys: want one of files, exec and openai-video", len(m))
	}
	for _, kind := range []string{kindExec, kindVideos} {
		if f, ok := m[kind]; ok {
			return p.foreign(kind, f.value)
		}
	}
	f := m["files"]
	text, err := p.str(f.value, "generator.files")
	if err != nil {
		return err
	}
	if p.s.Files, err = ParsePattern(text); err != nil {
		return p.errorf(f.value, "generator.files: %v", err)
	}
	return nil
}

func (p *specParser) model(n *yaml.Node) (err error) {
	p.s.Model = ModelRef{Pos: Pos{n.Line, n.Column}}
	if n.Kind != yaml.MappingNode {
		p.s.Model.Name, err = p.str(n, "model")
		return err
	}
	m, err := p.mapping(n, "model", "name", "training_latent_frames", "temporal_stride")
	if err != nil {
		return err
	}
	if _, ok := m["name"]; !ok {
		return p.errorf(n, "model has no name")
	}
	if p.s.Model.Name, err = p.str(m["name"].value, "model.name"); err != nil {
		return err
	}
	for key, dst := range map[string]*int{"training_latent_frames": &p.s.Model.TrainingLatentFrames, "temporal_stride": &p.s.Model.TemporalStride} {
		if f, ok := m[key]; ok {
			v, err := p.integer(f.value, "model."+key, 1, maxFrames)
			if err != nil {
				return err
			}
			*dst = int(v)
		}
	}
	return nil
}

func (p *specParser) methods(n *yaml.Node) error {
	items, err := p.list(n, "methods", "[dense, {name: lvsa, window: 3}]")
	if err != nil {
		return err
	}
	for i, it := range items {
		what := fmt.Sprintf("methods[%d]", i)
		ref := MethodRef{Pos: Pos{it.Line, it.Column}}
		m := map[string]any{}
		ours := p.s.Files == nil && p.s.Foreign == nil
		switch {
		case p.s.Foreign != nil:
			if ref.Label, ref.Binding, err = p.binding(it, what); err != nil {
				return err
			}
		case it.Kind == yaml.MappingNode && ours:
			v, err := p.value(it, what, 0)
			if err != nil {
				return err
			}
			m = v.(map[string]any)
		default:
			if ref.Label, err = p.str(it, what); err != nil {
				return err
			}
			m["name"] = ref.Label
		}
		if ours {
			if ref.Spec, err = lvsa.SpecFromMap(m); err != nil {
				return p.methodError(it, what, err)
			}
			ref.Label = ref.Spec.Label()
		}
		for j, o := range p.s.Methods {
			if ours && o.Spec.String() == ref.Spec.String() {
				return p.errorf(it, "%s is the same as methods[%d], %s", what, j, o.Spec)
			}
			if o.Label == ref.Label {
				return p.errorf(it, "%s: label %q is that of methods[%d] already: give it a label of its own", what, ref.Label, j)
			}
		}
		p.s.Methods = append(p.s.Methods, ref)
	}
	return nil
}

// methodError puts a method's own complaint at the key that it is about.
func (p *specParser) methodError(it *yaml.Node, what string, err error) error {
	var e *lvsa.SpecError
	if errors.As(err, &e) && e.Key != "" {
		for part := range strings.SplitSeq(e.Key, ".") {
			if it.Kind != yaml.MappingNode {
				break
			}
			for i := 0; i < len(it.Content); i += 2 {
				if it.Content[i].Value == part {
					it = it.Content[i+1]
					break
				}
			}
		}
	}
	return p.errorf(it, "%s: %s", what, strings.TrimPrefix(err.Error(), "lvsa: "))
}

func (p *specParser) horizons(n *yaml.Node) error {
	items, err := p.list(n, "horizons", "[1x, 2x, 4x]")
	if err != nil {
		return err
	}
	for i, it := range items {
		num, ok := strings.CutSuffix(it.Value, "x")
		r, err := strconv.ParseFloat(num, 64)
		if it.Kind != yaml.ScalarNode || !ok || err != nil || !(r > 0 && r <= maxRatio) {
			return p.errorf(it, "horizons[%d] is %s: want a multiple of the training horizon such as 2x, above 0 and at most %dx (exact frame counts go under frames)", i, kind(it), maxRatio)
		}
		p.s.Horizons = append(p.s.Horizons, Horizon{r, it.Value, Pos{it.Line, it.Column}})
	}
	return nil
}

func (p *specParser) frames(n *yaml.Node) error {
	items, err := p.list(n, "frames", "[81, 165, 333]")
	if err != nil {
		return err
	}
	for i, it := range items {
		v, err := p.integer(it, fmt.Sprintf("frames[%d]", i), 1, maxFrames)
		if err != nil {
			return err
		}
		for j, f := range p.s.Frames {
			if f.N == int(v) {
				return p.errorf(it, "frames[%d] repeats frames[%d] (%d)", i, j, v)
			}
		}
		p.s.Frames = append(p.s.Frames, FrameCount{int(v), Pos{it.Line, it.Column}})
	}
	return nil
}

func (p *specParser) references(n *yaml.Node) error {
	v, err := p.str(n, "references")
	if err != nil {
		return err
	}
	if v != "mini" {
		return p.errorf(n, "unknown references %q: want mini, the records that ship with the built-in model", v)
	}
	p.s.References = v
	return nil
}

func (p *specParser) seeds(n *yaml.Node) error {
	items, err := p.list(n, "seeds", "[16]")
	if err != nil {
		return err
	}
	p.s.Seeds = nil
	for i, it := range items {
		v, err := p.integer(it, fmt.Sprintf("seeds[%d]", i), 0, math.MaxUint32) // what the noise generator takes
		if err != nil {
			return err
		}
		if slices.Contains(p.s.Seeds, v) {
			return p.errorf(it, "seeds[%d]: seed %d is there already", i, v)
		}
		p.s.Seeds = append(p.s.Seeds, v)
	}
	return nil
}

func (p *specParser) steps(n *yaml.Node) error {
	v, err := p.integer(n, "steps", 1, maxSteps)
	p.s.Steps = int(v)
	return err
}

func (p *specParser) guidance(n *yaml.Node) (err error) {
	p.s.Guidance, err = p.number(n, "guidance", 1, 1000) // 1 is without guidance
	return err
}

func (p *specParser) sampler(n *yaml.Node) (err error) {
	if n.Kind != yaml.MappingNode {
		p.s.Sampler.Name, err = p.samplerName(n)
		return err
	}
	m, err := p.mapping(n, "sampler", "name", "shift")
	if err != nil {
		return err
	}
	if f, ok := m["name"]; ok {
		if p.s.Sampler.Name, err = p.samplerName(f.value); err != nil {
			return err
		}
	}
	if f, ok := m["shift"]; ok {
		p.s.Sampler.Shift, err = p.number(f.value, "sampler.shift", 1e-3, 1000)
	}
	return err
}

func (p *specParser) samplerName(n *yaml.Node) (string, error) {
	name, err := p.str(n, "sampler")
	if known := diffusion.SamplerNames(); err == nil && p.s.Foreign == nil && !slices.Contains(known, name) {
		err = p.errorf(n, "unknown sampler %q: want one of %s", name, strings.Join(known, ", "))
	}
	return name, err
}

var sizePattern = regexp.MustCompile(`^([0-9]{1,5})x([0-9]{1,5})$`)

func (p *specParser) size(n *yaml.Node) error {
	if n.Value == "native" {
		return nil
	}
	w, h, err := ParseSize(n.Value) // not as text: to YAML, 0x64 is a number
	if err != nil {
		return p.errorf(n, "size is %s: %v", kind(n), err)
	}
	p.s.Width, p.s.Height = w, h
	return nil
}

// ParseSize reads "832x480" (width x height in pixels).
func ParseSize(v string) (w, h int, err error) {
	if m := sizePattern.FindStringSubmatch(v); m != nil {
		w, _ = strconv.Atoi(m[1])
		h, _ = strconv.Atoi(m[2])
	}
	if w < 1 || h < 1 || w > maxSide || h > maxSide {
		return 0, 0, fmt.Errorf("want native or WIDTHxHEIGHT in pixels, at most %d each", maxSide)
	}
	return w, h, nil
}

func (p *specParser) backend(n *yaml.Node) (err error) {
	p.s.Backend, err = p.str(n, "backend")
	return err
}

func (p *specParser) repeats(n *yaml.Node) error {
	v, err := p.integer(n, "repeats", 1, maxRepeats)
	p.s.Repeats = int(v)
	return err
}

func (p *specParser) score(n *yaml.Node) error {
	m, err := p.mapping(n, "score", "expect_motion")
	if err != nil {
		return err
	}
	if f, ok := m["expect_motion"]; ok {
		p.s.ExpectMotion, err = p.boolean(f.value, "score.expect_motion")
	}
	return err
}

// path resolves a path of the spec.
func (s *Spec) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(s.Dir, p)
}

// at is an error at a place of the spec file.
func (s *Spec) at(pos Pos, format string, args ...any) error {
	return &SpecError{File: s.File, Pos: pos, Msg: fmt.Sprintf(format, args...)}
}
