package diffusion

import (
	"math"

	"longtake/kernels"
	"longtake/lvsa"
)

// TraceSchema is the version of trace.json. A change of meaning raises it.
const TraceSchema = 1

// Trace is where the time and the memory of one generation went: trace.json.
// Times are seconds of wall clock, memory is bytes.
type Trace struct {
	Schema       int            `json:"schema"`
	Model        string         `json:"model"`
	Checkpoint   string         `json:"checkpoint"` // SHA-256
	Method       string         `json:"method"`
	Backend      string         `json:"backend"`
	Scene        string         `json:"scene,omitempty"` // of a prompt matched to one
	Frames       int            `json:"frames"`
	LatentFrames int            `json:"latent_frames"`
	Width        int            `json:"width"`
	Height       int            `json:"height"`
	Tokens       int            `json:"tokens"` // of the video, in self-attention
	TextTokens   int            `json:"text_tokens"`
	Branches     int            `json:"branches"` // model calls a step: 2 with guidance
	Engaged      bool           `json:"engaged"`
	Fraction     float64        `json:"attended_fraction"` // mean over attention calls
	TextSeconds  float64        `json:"text_s"`
	BuildSeconds float64        `json:"build_s"` // masks and plans of the self-attention, inside the steps' wall
	Denoise      float64        `json:"denoise_s"`
	Decode       float64        `json:"decode_s"`
	Attention    float64        `json:"attention_s"` // self-attention
	Steps        []StepTrace    `json:"steps"`
	Decoding     []DecodeTrace  `json:"decoding"`
	Patterns     []PatternTrace `json:"patterns"`
	PeakBytes    int64          `json:"peak_bytes"` // the larger of both phases' buffers, weights not counted
	Bytes        ByteTrace      `json:"bytes"`
}

// StepTrace is one denoising step.
type StepTrace struct {
	Step      int     `json:"step"`
	Timestep  float64 `json:"timestep"`
	Sigma     float64 `json:"sigma"`
	Wall      float64 `json:"wall_s"`
	Attention float64 `json:"attention_s"`
}

// DecodeTrace is one chunk of the video decoder.
type DecodeTrace struct {
	LatentFrame  int     `json:"latent_frame"` // the first
	LatentFrames int     `json:"latent_frames"`
	Wall         float64 `json:"wall_s"` // the receiver of the frames not counted
}

// ByteTrace are the buffers of one generation.
type ByteTrace struct {
	Text       int64 `json:"text"`       // cached text keys and values
	Denoiser   int64 `json:"denoiser"`   // activations and rotary tables
	Decoder    int64 `json:"decoder"`    // activations and caches
	Latents    int64 `json:"latents"`    // latents and the solver's state
	Parameters int64 `json:"parameters"` // of the model at four bytes each
}

// PatternTrace is one distinct attention pattern with where it ran.
type PatternTrace struct {
	Anchors      []int       `json:"anchors"`
	Windows      [][2]int    `json:"windows"` // inclusive bounds per query frame
	Dense        bool        `json:"dense"`
	Fraction     float64     `json:"fraction"`
	Logits       LogitsTrace `json:"logits"`
	Steps        []int       `json:"steps"`
	Layers       []int       `json:"layers"`
	Calls        int         `json:"calls"`
	BuildSeconds float64     `json:"build_s"`
}

// LogitsTrace is kernels.Logits in JSON.
type LogitsTrace struct {
	Scale        float64     `json:"scale"`
	CenterK      bool        `json:"center_k"`
	PositiveOnly bool        `json:"positive_only"`
	VideoTokens  int         `json:"video_tokens"`
	Bands        []BandTrace `json:"bands"`
	Cut          [][4]int32  `json:"cut"` // q0, q1, k0, k1
}

// BandTrace is a range of token distances; To is null where it has no end.
type BandTrace struct {
	To     *float64 `json:"to"`
	Factor float64  `json:"factor"`
}

func patternTrace(u lvsa.Usage) PatternTrace {
	return PatternTrace{
		Anchors: append([]int{}, u.Anchors...), Windows: append([][2]int{}, u.Windows...), Dense: u.Dense, Fraction: u.Fraction,
		Logits: logitsTrace(u.Logits), Steps: u.Steps, Layers: u.Layers, Calls: u.Calls, BuildSeconds: u.BuildSeconds,
	}
}

func logitsTrace(l kernels.Logits) LogitsTrace {
	t := LogitsTrace{Scale: float64(l.Scale), CenterK: l.CenterK, PositiveOnly: l.PositiveOnly, VideoTokens: l.VideoTokens, Bands: []BandTrace{}, Cut: [][4]int32{}}
	for i, b := range l.Bands {
		v := BandTrace{Factor: float64(b.Factor)}
		if to := float64(b.To); i < len(l.Bands)-1 && !math.IsInf(to, 0) && !math.IsNaN(to) {
			v.To = &to
		}
		t.Bands = append(t.Bands, v)
	}
	for _, c := range l.Cut {
		t.Cut = append(t.Cut, [4]int32{c.Q0, c.Q1, c.K0, c.K1})
	}
	return t
}
