// Package lvsa says who attends to whom: sparse patterns (LVSA), logit edits
// (UltraViCo), RoPE edits (RIFLEx, PI, NTK, YaRN) and schedules. It is
// arithmetic on frames and tokens and imports no model.
package lvsa

import "longtake/kernels"

// Site is where in the sampling an attention call happens.
type Site struct {
	Step, Steps   int // denoising step, 0-based, of Steps
	Layer, Layers int
	Branch        int // 0 conditional, 1 unconditional pass
}

// Geometry is the token grid of one video, in tokens of the latent grid.
// Reference is the training horizon in latent frames.
type Geometry struct {
	Frames, Rows, Cols int
	Reference          int
	TextTokens         int // text tokens inside the self-attention; 0 for Wan
}

// TokensPerFrame is Rows*Cols.
func (g Geometry) TokensPerFrame() int { return g.Rows * g.Cols }

// Tokens is the number of video tokens.
func (g Geometry) Tokens() int { return g.Frames * g.Rows * g.Cols }

// Rope is the temporal part of a rotary embedding: frame f turns pair k by
// f*PositionScale*Freqs[k] radians (float64).
type Rope struct {
	Theta         float64   // base that Freqs were made from
	Freqs         []float64 // one per temporal pair, theta^(-2k/dims)
	PositionScale float64   // 1 unless positions are interpolated
	LogitScale    float64   // multiplies every self-attention logit; 1 unless YaRN
}

// Method makes a model attend beyond its horizon.
type Method interface {
	// Name is the canonical "name:key=value,..." with every parameter.
	Name() string
	// Rope edits the model's own temporal embedding for this geometry.
	Rope(g Geometry, base Rope) (Rope, error)
	// Begin starts one generation. rope is what Rope returned.
	Begin(b kernels.Backend, g Geometry, rope Rope) (Attention, error)
}

// Attention is one generation's self-attention.
type Attention interface {
	// Attend runs attention at a site. Args are validated by the plan;
	// heads and head dimension are read from them.
	Attend(Site, kernels.Args) error
	// Engaged reports whether some pair, logit or frequency has differed
	// from dense, or will by construction, in this generation.
	Engaged() bool
	// Usage lists the distinct patterns run so far, for trace.json.
	Usage() []Usage
	Close() error
}

// Usage tells which pattern and logit edit ran where.
type Usage struct {
	Anchors      []int          // latent frames every query sees
	Windows      [][2]int       // inclusive bounds per query frame; empty is [f, f-1]
	Dense        bool           // every pair is attended
	Logits       kernels.Logits // as handed to the kernel
	Steps        []int          // ascending
	Layers       []int          // ascending
	Fraction     float64        // attended share of video pairs, 0..1
	Calls        int            // attention calls (steps x layers x branches)
	BuildSeconds float64        // time to build mask and plan
}
