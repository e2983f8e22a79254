package diffusion

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Limits of what a configuration may ask for: far above any model, far below
// what would overflow.
const (
	maxWidth  = 1 << 16
	maxLayers = 1 << 10
)

// transformerConfig is transformer/config.json.
type transformerConfig struct {
	ClassName    string   `json:"_class_name"`
	Patch        []int    `json:"patch_size"`
	Heads        int      `json:"num_attention_heads"`
	HeadDim      int      `json:"attention_head_dim"`
	In           int      `json:"in_channels"`
	Out          int      `json:"out_channels"`
	TextDim      int      `json:"text_dim"`
	FreqDim      int      `json:"freq_dim"`
	FFN          int      `json:"ffn_dim"`
	Layers       int      `json:"num_layers"`
	CrossNorm    *bool    `json:"cross_attn_norm"`
	QKNorm       *string  `json:"qk_norm"`
	Eps          float64  `json:"eps"`
	MaxPositions int      `json:"rope_max_seq_len"`
	ImageDim     *int     `json:"image_dim"`
	AddedKV      *int     `json:"added_kv_proj_dim"`
	PosEmbedLen  *int     `json:"pos_embed_seq_len"`
	RopeTheta    *float64 `json:"rope_theta"`
}

func (c *transformerConfig) dim() int { return c.Heads * c.HeadDim }

// patchIn and patchOut are the values of a token before and after.
func (c *transformerConfig) patchIn() int  { return c.In * c.Patch[1] * c.Patch[2] }
func (c *transformerConfig) patchOut() int { return c.Out * c.Patch[1] * c.Patch[2] }

// ropeDims splits the head dimension between time, height and width.
func (c *transformerConfig) ropeDims() (t, h, w int) {
	h = 2 * (c.HeadDim / 6)
	return c.HeadDim - 2*h, h, h
}

func (c *transformerConfig) check() error {
	if c.ClassName != "" && c.ClassName != "WanTransformer3DModel" {
		return fmt.Errorf("_class_name %q: want WanTransformer3DModel", c.ClassName)
	}
	if c.ImageDim != nil || c.AddedKV != nil || c.PosEmbedLen != nil {
		return errors.New("image_dim, added_kv_proj_dim or pos_embed_seq_len is set: image-to-video checkpoints are not supported")
	}
	for _, v := range []struct {
		name     string
		v, limit int
	}{
		{"num_attention_heads", c.Heads, maxLayers}, {"attention_head_dim", c.HeadDim, maxWidth}, {"in_channels", c.In, maxWidth},
		{"out_channels", c.Out, maxWidth}, {"text_dim", c.TextDim, maxWidth}, {"freq_dim", c.FreqDim, maxWidth}, {"ffn_dim", c.FFN, 1 << 20},
		{"num_layers", c.Layers, maxLayers}, {"rope_max_seq_len", c.MaxPositions, 1 << 20},
	} {
		if v.v < 1 || v.v > v.limit {
			return fmt.Errorf("%s %d: want 1 to %d", v.name, v.v, v.limit)
		}
	}
	if len(c.Patch) != 3 || c.Patch[0] != 1 || c.Patch[1] < 1 || c.Patch[2] < 1 || c.Patch[1] > 16 || c.Patch[2] > 16 {
		return fmt.Errorf("patch_size %v: want [1, h, w]", c.Patch)
	}
	if c.HeadDim%2 != 0 || c.HeadDim < 6 {
		return fmt.Errorf("attention_head_dim %d: want an even number from 6", c.HeadDim)
	}
	if c.FreqDim%2 != 0 {
		return fmt.Errorf("freq_dim %d: want an even number", c.FreqDim)
	}
	if c.In != c.Out {
		return fmt.Errorf("in_channels %d and out_channels %d: want the same", c.In, c.Out)
	}
	if c.QKNorm == nil || *c.QKNorm != "rms_norm_across_heads" {
		return errors.New("qk_norm: only rms_norm_across_heads is supported")
	}
	if c.CrossNorm == nil || !*c.CrossNorm {
		return errors.New("cross_attn_norm: only true is supported")
	}
	if !(c.Eps > 0 && c.Eps < 1) {
		return fmt.Errorf("eps %g: want a small positive number", c.Eps)
	}
	if t := c.theta(); !(t > 1) || math.IsInf(t, 0) {
		return fmt.Errorf("rope_theta %g: want a number above 1", t)
	}
	return nil
}

// theta is the base of the rotary frequencies.
func (c *transformerConfig) theta() float64 {
	if c.RopeTheta != nil {
		return *c.RopeTheta
	}
	return 10000
}

// vaeConfig is vae/config.json.
type vaeConfig struct {
	ClassName  string    `json:"_class_name"`
	Base       int       `json:"base_dim"`
	Z          int       `json:"z_dim"`
	Mult       []int     `json:"dim_mult"`
	ResBlocks  int       `json:"num_res_blocks"`
	AttnScales []float64 `json:"attn_scales"`
	Temporal   []bool    `json:"temperal_downsample"` // spelt so in the files
	Mean       []float64 `json:"latents_mean"`
	Std        []float64 `json:"latents_std"`
	Residual   bool      `json:"is_residual"`
	PatchSize  *int      `json:"patch_size"`
	OutChans   *int      `json:"out_channels"`
	DecBase    *int      `json:"decoder_base_dim"`
}

func (c *vaeConfig) decoderBase() int {
	if c.DecBase != nil {
		return *c.DecBase
	}
	return c.Base
}

// spatial is pixels per latent row and column.
func (c *vaeConfig) spatial() int { return 1 << (len(c.Mult) - 1) }

// temporal is video frames per latent frame after the first.
func (c *vaeConfig) temporal() int {
	n := 1
	for _, t := range c.Temporal {
		if t {
			n *= 2
		}
	}
	return n
}

func (c *vaeConfig) check() error {
	if c.ClassName != "" && c.ClassName != "AutoencoderKLWan" {
		return fmt.Errorf("_class_name %q: want AutoencoderKLWan", c.ClassName)
	}
	if c.Residual || c.PatchSize != nil {
		return errors.New("is_residual or patch_size is set: the decoder of Wan 2.2 is not supported")
	}
	if len(c.AttnScales) > 0 {
		return fmt.Errorf("attn_scales %v: want none", c.AttnScales)
	}
	if c.OutChans != nil && *c.OutChans != 3 {
		return fmt.Errorf("out_channels %d: want 3", *c.OutChans)
	}
	if len(c.Mult) < 1 || len(c.Mult) > 8 {
		return fmt.Errorf("dim_mult %v: want 1 to 8 numbers", c.Mult)
	}
	if slices.ContainsFunc(c.Mult, func(m int) bool { return m < 1 || m > 64 }) {
		return fmt.Errorf("dim_mult %v: want numbers from 1 to 64", c.Mult)
	}
	if len(c.Temporal) != len(c.Mult)-1 {
		return fmt.Errorf("temperal_downsample %v: want %d values, one fewer than dim_mult", c.Temporal, len(c.Mult)-1)
	}
	if b := c.decoderBase(); b < 1 || b > 4096 || b%2 != 0 {
		return fmt.Errorf("base_dim %d: want an even number from 2 to 4096", b)
	}
	if c.Z < 1 || c.Z > 4096 {
		return fmt.Errorf("z_dim %d: want 1 to 4096", c.Z)
	}
	if c.ResBlocks < 1 || c.ResBlocks > 64 {
		return fmt.Errorf("num_res_blocks %d: want 1 to 64", c.ResBlocks)
	}
	if len(c.Mean) != c.Z || len(c.Std) != c.Z {
		return fmt.Errorf("latents_mean and latents_std have %d and %d values: want z_dim, %d", len(c.Mean), len(c.Std), c.Z)
	}
	for i, s := range c.Std {
		if !(s > 0) {
			return fmt.Errorf("latents_std[%d] %g: want a positive number", i, s)
		}
	}
	return nil
}

// modelIndex is model_index.json; the "longtake" object is ours and optional.
type modelIndex struct {
	ClassName string   `json:"_class_name"`
	Longtake  longtake `json:"longtake"`
}

// longtake are a checkpoint's own defaults; zero values stand for Wan 2.1's.
type longtake struct {
	Name       string  `json:"name"`
	Training   int     `json:"training_latent_frames"`
	Width      int     `json:"width"`
	Height     int     `json:"height"`
	FPS        int     `json:"fps"`
	Steps      int     `json:"steps"`
	Guidance   float64 `json:"guidance"`
	Shift      float64 `json:"shift"`
	TextTokens int     `json:"text_tokens"`
}

func (m *modelIndex) check() error {
	if m.ClassName != "WanPipeline" {
		return fmt.Errorf("_class_name %q: want WanPipeline (text-to-video, Wan 2.1)", m.ClassName)
	}
	l := m.Longtake
	for _, v := range []struct {
		name string
		v    int
	}{{"training_latent_frames", l.Training}, {"width", l.Width}, {"height", l.Height}, {"fps", l.FPS}, {"steps", l.Steps}, {"text_tokens", l.TextTokens}} {
		if v.v < 0 || v.v > maxWidth {
			return fmt.Errorf("longtake.%s %d: want 0 (the default) to %d", v.name, v.v, maxWidth)
		}
	}
	if l.Guidance < 0 || l.Shift < 0 {
		return fmt.Errorf("longtake.guidance %g, longtake.shift %g: want positive numbers", l.Guidance, l.Shift)
	}
	return nil
}

// schedulerConfig is scheduler/scheduler_config.json.
type schedulerConfig struct {
	ClassName  string  `json:"_class_name"`
	FlowShift  float64 `json:"flow_shift"`
	Shift      float64 `json:"shift"` // of the Euler scheduler
	Prediction string  `json:"prediction_type"`

	// What the samplers are built for; nil is as the file leaves it.
	Order       *int    `json:"solver_order"`
	Solver      *string `json:"solver_type"`
	PredictX0   *bool   `json:"predict_x0"`
	FlowSigmas  *bool   `json:"use_flow_sigmas"`
	FinalSigmas *string `json:"final_sigmas_type"`
	LowerFinal  *bool   `json:"lower_order_final"`
	Dynamic     *bool   `json:"use_dynamic_shifting"`
}

func (s *schedulerConfig) check() error {
	if s.Prediction != "" && s.Prediction != "flow_prediction" {
		return fmt.Errorf("prediction_type %q: want flow_prediction", s.Prediction)
	}
	switch s.ClassName {
	case "UniPCMultistepScheduler", "FlowMatchEulerDiscreteScheduler":
	default:
		return fmt.Errorf("_class_name %q: want UniPCMultistepScheduler or FlowMatchEulerDiscreteScheduler", s.ClassName)
	}
	// Another setting is another sampler, not a variant to pass over.
	for _, f := range []struct {
		name string
		ok   bool
		want string
	}{
		{"solver_order", s.Order == nil || *s.Order == 2, "2"}, {"solver_type", s.Solver == nil || *s.Solver == "bh2", "bh2"},
		{"predict_x0", s.PredictX0 == nil || *s.PredictX0, "true"}, {"use_flow_sigmas", s.FlowSigmas == nil || *s.FlowSigmas, "true"},
		{"final_sigmas_type", s.FinalSigmas == nil || *s.FinalSigmas == "zero", "zero"}, {"lower_order_final", s.LowerFinal == nil || *s.LowerFinal, "true"},
		{"use_dynamic_shifting", s.Dynamic == nil || !*s.Dynamic, "false"},
	} {
		if !f.ok {
			return fmt.Errorf("%s: only %s is supported", f.name, f.want)
		}
	}
	if sh := s.sampler().Shift; !(sh > 0) {
		return fmt.Errorf("flow_shift %g: want a positive number", sh)
	}
	return nil
}

func (s *schedulerConfig) sampler() Sampler {
	out := Sampler{Name: "unipc", Shift: s.FlowShift}
	if s.ClassName == "FlowMatchEulerDiscreteScheduler" {
		out = Sampler{Name: "euler", Shift: s.Shift}
	}
	if out.Shift == 0 {
		out.Shift = 1 // the schedulers' own default
	}
	return out
}

// decodeJSON decodes b into v and says where it failed.
func decodeJSON(name string, b []byte, v any) error {
	err := json.Unmarshal(b, v)
	if err == nil {
		return nil
	}
	at := int64(-1)
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &typ):
		at = typ.Offset
	}
	if at >= 0 && at <= int64(len(b)) {
		line := 1 + strings.Count(string(b[:at]), "\n")
		return fmt.Errorf("diffusion: %s: line %d: %v", name, line, err)
	}
	return fmt.Errorf("diffusion: %s: %v", name, err)
}
