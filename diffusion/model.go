package diffusion

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"longtake/kernels"
)

// Model is a checkpoint whose weights are packed for one backend. It is
// immutable and may be used by several goroutines.
type Model struct {
	b       kernels.Backend
	tr      *transformer
	vae     *vae
	caches  []cacheSpec
	prompts *promptBook
	info    Info
}

// Info describes a model and its defaults.
type Info struct {
	Name                 string  `json:"name"`
	SHA256               string  `json:"sha256"`                 // of every file that defines the model
	TrainingLatentFrames int     `json:"training_latent_frames"` // the horizon
	Width                int     `json:"width"`                  // native size in pixels
	Height               int     `json:"height"`
	FPS                  int     `json:"fps"`
	TemporalStride       int     `json:"temporal_stride"` // video frames per latent frame after the first
	SpatialFactor        int     `json:"spatial_factor"`  // pixels per latent row and column
	Patch                [3]int  `json:"patch"`           // latent frames, rows, columns per token
	LatentChannels       int     `json:"latent_channels"`
	Heads                int     `json:"heads"`
	HeadDim              int     `json:"head_dim"`
	Layers               int     `json:"layers"`
	FFN                  int     `json:"ffn"`
	TextDim              int     `json:"text_dim"`
	TextTokens           int     `json:"text_tokens"` // rows that text is padded or cut to; 0 is as given
	Parameters           int64   `json:"parameters"`  // of the transformer
	DecoderParameters    int64   `json:"decoder_parameters"`
	Steps                int     `json:"steps"` // defaults of a request
	Guidance             float64 `json:"guidance"`
	Sampler              string  `json:"sampler"`
	Shift                float64 `json:"shift"`
	Scenes               []Scene `json:"scenes,omitempty"` // of a checkpoint with its own prompts
}

// Defaults of Wan 2.1 text-to-video; a checkpoint's "longtake" object in
// model_index.json overrides them.
const (
	wanTrainingFrames = 21
	wanWidth          = 832
	wanHeight         = 480
	wanFPS            = 16
	wanSteps          = 50
	wanGuidance       = 5.0
	wanTextTokens     = 512
)

// LoadDir loads a checkpoint folder in the layout of Diffusers.
func LoadDir(dir string, b kernels.Backend) (*Model, error) {
	st, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("diffusion: model: %w", err)
	}
	if !st.IsDir() {
		return nil, fmt.Errorf("diffusion: model %s: want a checkpoint folder with model_index.json", dir)
	}
	return LoadFS(os.DirFS(dir), filepath.Clean(dir), b)
}

// LoadFS loads a checkpoint from the root of fsys. name stands in messages,
// and for the model where the checkpoint does not name itself.
func LoadFS(fsys fs.FS, name string, b kernels.Backend) (*Model, error) {
	c := newCheckpoint(fsys, name)
	var index modelIndex
	var sched schedulerConfig
	var tc transformerConfig
	var vc vaeConfig
	e := &errs{}
	for _, f := range []struct {
		file string
		v    interface{ check() error }
	}{{"model_index.json", &index}, {"scheduler/scheduler_config.json", &sched}, {"transformer/config.json", &tc}, {"vae/config.json", &vc}} {
		if e.err == nil {
			e.do(c.json(f.file, f.v))
		}
	}
	if e.err != nil {
		return nil, e.err
	}
	if tc.In != vc.Z {
		return nil, fmt.Errorf("diffusion: %s: the transformer has %d latent channels, the decoder %d", name, tc.In, vc.Z)
	}
	m := &Model{b: b}
	err := c.with("transformer/diffusion_pytorch_model", func(t *tensors) (err error) {
		m.tr, err = loadTransformer(tc, t, b)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = c.with("vae/diffusion_pytorch_model", func(t *tensors) (err error) {
		m.vae, m.caches, err = loadVAE(vc, t, b)
		return err
	})
	if err != nil {
		return nil, err
	}
	if m.prompts, err = loadPrompts(c); err != nil {
		return nil, err
	}
	m.info = makeInfo(name, index.Longtake, sched.sampler(), &tc, &vc)
	m.info.Parameters, m.info.DecoderParameters = m.tr.params, m.vae.params
	if m.prompts != nil {
		m.info.Scenes = m.prompts.Scenes
		m.info.TextTokens = index.Longtake.TextTokens
	}
	m.info.SHA256 = c.hash()
	return m, nil
}

func makeInfo(name string, l longtake, s Sampler, tc *transformerConfig, vc *vaeConfig) Info {
	or := func(v, def int) int {
		if v == 0 {
			return def
		}
		return v
	}
	i := Info{
		Name: l.Name, TrainingLatentFrames: or(l.Training, wanTrainingFrames), Width: or(l.Width, wanWidth), Height: or(l.Height, wanHeight),
		FPS: or(l.FPS, wanFPS), TemporalStride: vc.temporal(), SpatialFactor: vc.spatial(), Patch: [3]int{1, tc.Patch[1], tc.Patch[2]},
		LatentChannels: vc.Z, Heads: tc.Heads, HeadDim: tc.HeadDim, Layers: tc.Layers, FFN: tc.FFN, TextDim: tc.TextDim, TextTokens: or(l.TextTokens, wanTextTokens),
		Steps: or(l.Steps, wanSteps), Guidance: l.Guidance, Sampler: s.Name, Shift: s.Shift,
	}
	if i.Name == "" {
		i.Name = filepath.Base(name)
	}
	if i.Guidance == 0 {
		i.Guidance = wanGuidance
	}
	if l.Shift != 0 {
		i.Shift = l.Shift
	}
	return i
}

// with opens a folder's weights for load.
func (c *checkpoint) with(base string, load func(*tensors) error) error {
	t, err := c.tensors(base)
	if err != nil {
		return err
	}
	err = load(t)
	if cerr := t.close(); err == nil && cerr != nil {
		err = fmt.Errorf("diffusion: %s: %w", c.name, cerr)
	}
	return err
}

// Info describes the model.
func (m *Model) Info() Info { return m.info }

// Backend is what the weights are packed for.
func (m *Model) Backend() kernels.Backend { return m.b }

// Grid checks frames, width and height (in pixels; 0 is native, and for frames
// the training horizon) and returns them with the latent grid
// [channels, frames, rows, columns].
func (m *Model) Grid(frames, width, height int) (f, w, h int, latents [4]int, err error) {
	i := &m.info
	if frames == 0 {
		frames = VideoFrames(i.TrainingLatentFrames, i.TemporalStride)
	}
	if width == 0 && height == 0 {
		width, height = i.Width, i.Height
	}
	t, err := LatentFrames(frames, i.TemporalStride)
	if err != nil {
		return 0, 0, 0, latents, err
	}
	if t > m.tr.cfg.MaxPositions {
		return 0, 0, 0, latents, fmt.Errorf("diffusion: %d frames: the model has positions for %d", frames, VideoFrames(m.tr.cfg.MaxPositions, i.TemporalStride))
	}
	ux, uy := i.SpatialFactor*i.Patch[2], i.SpatialFactor*i.Patch[1]
	if width < ux || height < uy || width%ux != 0 || height%uy != 0 || width > maxWidth || height > maxWidth {
		return 0, 0, 0, latents, fmt.Errorf("diffusion: size %dx%d: want multiples of %dx%d up to %d", width, height, ux, uy, maxWidth)
	}
	if n := m.tr.cfg.MaxPositions; width/ux > n || height/uy > n {
		return 0, 0, 0, latents, fmt.Errorf("diffusion: size %dx%d: the model has positions for %dx%d", width, height, n*ux, n*uy)
	}
	return frames, width, height, [4]int{i.LatentChannels, t, height / i.SpatialFactor, width / i.SpatialFactor}, nil
}
