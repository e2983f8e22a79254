package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"longtake/bench"
	"longtake/internal/figure"
)

// scored is the part of vqeval.json that a record does not hold.
type scored struct {
	Schema int `json:"schema"`
	Meta   struct {
		FPS    float64 `json:"fps"`
		Frames int     `json:"total_frames"`
	} `json:"video_meta"`
	Failures map[string]struct {
		Severity float64 `json:"severity"`
		Period   float64 `json:"period_frames"`
		Centres  []int   `json:"centres"`
	} `json:"failures"`
}

// maxScored bounds a vqeval.json.
const maxScored = 16 << 20

// scores reads the scorer's report of a cell.
func (c cell) scores(dir string) (scored, error) {
	var v scored
	if err := c.decodeFile(dir, "vqeval", maxScored, &v); err != nil {
		return v, err
	}
	if v.Schema != 1 {
		return v, fmt.Errorf("vqeval.json has schema %d: this version reads schema 1", v.Schema)
	}
	return v, nil
}

// returns are the lines of a finding in the self-similarity: those along which
// a loop or a ping-pong shows earlier frames again.
func (v scored) returns(f bench.Finding) []figure.Return {
	failure, end := v.Failures[f.Kind], float64(f.EndFrame+1)
	switch f.Kind {
	case "loop":
		return figure.LoopReturns(float64(f.OnsetFrame), end, failure.Period)
	case "pingpong":
		return figure.PingpongReturns(failure.Centres, end, failure.Period)
	}
	return nil
}

// decodeFile reads a JSON file that a record names, at most so many bytes.
func (c cell) decodeFile(dir, name string, most int64, into any) error {
	path, err := c.file(dir, name)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, most)).Decode(into); err != nil {
		return fmt.Errorf("%s.json: %w", name, err)
	}
	return nil
}
