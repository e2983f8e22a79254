package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Cell is one point of a grid: everything that decides what video comes out.
// Repeats, executor, scoring options and the engine's version are not part of
// it.
type Cell struct {
	Generator string  `json:"generator"` // builtin, files, scenes, ...
	Model     Model   `json:"model"`
	Method    Method  `json:"method"`
	Backend   string  `json:"backend"` // as resolved, never "auto"
	Frames    int     `json:"frames"`  // video frames; results are joined by this
	Width     int     `json:"width"`   // pixels
	Height    int     `json:"height"`  // pixels
	Prompt    Prompt  `json:"prompt"`
	Seed      int64   `json:"seed"`
	Steps     int     `json:"steps"`
	Guidance  float64 `json:"guidance"`
	Sampler   Sampler `json:"sampler"`

	// SourceSHA256 is the hash of a video that was there before (generator
	// files), so that a replaced file is another cell.
	SourceSHA256 string `json:"source_sha256,omitempty"`

	// Derived from Frames and Model, or shown only: not part of the identity.
	LatentFrames int     `json:"latent_frames,omitempty"`
	Ratio        float64 `json:"ratio,omitempty"` // latent frames / training latent frames
}

// Model names a checkpoint. TrainingLatentFrames is the horizon at ratio 1.
type Model struct {
	Name                 string `json:"name"`
	SHA256               string `json:"sha256,omitempty"`
	TrainingLatentFrames int    `json:"training_latent_frames,omitempty"`
}

// Method is a method with all its parameters, defaults filled in. Label is
// what tables show in place of the name; it is not part of the identity.
type Method struct {
	Name   string         `json:"name"`
	Label  string         `json:"label,omitempty"`
	Params map[string]any `json:"params,omitempty"`
}

// Title is the label, or the name where there is none.
func (m Method) Title() string {
	if m.Label != "" {
		return m.Label
	}
	return m.Name
}

// Prompt is a text under a short name. EmbedsSHA256 is the hash of an
// embedding file that was used in place of a text encoder.
type Prompt struct {
	Tag          string `json:"tag"`
	Text         string `json:"text"`
	EmbedsSHA256 string `json:"embeds_sha256,omitempty"`
}

// Sampler is the solver of the flow ODE and its timestep shift.
type Sampler struct {
	Name  string  `json:"name"`
	Shift float64 `json:"shift,omitempty"`
}

// Canonical returns the identity of the cell as canonical JSON: the cell
// without label, latent frames and ratio. A cell.json that holds these bytes
// can be checked against its folder's name with sha256sum.
func (c Cell) Canonical() ([]byte, error) {
	c.Method.Label, c.LatentFrames, c.Ratio = "", 0, 0
	b, err := Canonical(c)
	if err != nil {
		return nil, fmt.Errorf("bench: cell %s, %d frames: %w", c.Method.Name, c.Frames, err)
	}
	return b, nil
}

// ID is the first 16 hex digits of the sha256 of [Cell.Canonical]. It fails
// only where a number is NaN or infinite or a parameter is no JSON value.
func (c Cell) ID() (string, error) {
	b, err := c.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])[:16], nil
}
