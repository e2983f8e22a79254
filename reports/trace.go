package reports

import "fmt"

// trace is the part of trace.json that is drawn: who attended to whom.
type trace struct {
	Schema       int `json:"schema"`
	LatentFrames int `json:"latent_frames"`
	Tokens       int `json:"tokens"` // of the latent video
	Steps        []struct {
		Step int `json:"step"`
	} `json:"steps"`
	Patterns []struct {
		Anchors  []int    `json:"anchors"`
		Windows  [][2]int `json:"windows"` // inclusive, by query frame
		Dense    bool     `json:"dense"`
		Fraction float64  `json:"fraction"`
		Logits   struct {
			Bands []struct {
				To     *float64 `json:"to"` // tokens; null reaches to infinity
				Factor float64  `json:"factor"`
			} `json:"bands"`
		} `json:"logits"`
		Steps  []int `json:"steps"`
		Layers []int `json:"layers"`
	} `json:"patterns"`
}

// maxTrace bounds a trace.json: windows of thousands of latent frames at a
// hundred steps fit.
const maxTrace = 64 << 20

func (c cell) trace(dir string) (trace, error) {
	var v trace
	if err := c.decodeFile(dir, "trace", maxTrace, &v); err != nil {
		return v, err
	}
	if v.Schema != 1 {
		return v, fmt.Errorf("trace.json has schema %d: this version reads schema 1", v.Schema)
	}
	for i, p := range v.Patterns {
		for f, w := range p.Windows {
			if w[0] < 0 || w[1] >= v.LatentFrames || w[0] > w[1]+1 {
				return v, fmt.Errorf("trace.json: pattern %d has the window [%d, %d] of frame %d among %d latent frames", i, w[0], w[1], f, v.LatentFrames)
			}
		}
		for _, a := range p.Anchors {
			if a < 0 || a >= v.LatentFrames {
				return v, fmt.Errorf("trace.json: pattern %d has the anchor %d among %d latent frames", i, a, v.LatentFrames)
			}
		}
	}
	return v, nil
}
