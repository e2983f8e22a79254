package sweeps

import (
	"bytes"
	"context"
	"fmt"

	"longtake/bench"
	"longtake/diffusion"
	"longtake/internal/scenes"
	"longtake/lvsa"
	"longtake/video"
)

// What references consist of: per scene, dense videos of four seeds at the
// training horizon, and the procedural scene's own videos of the same number
// of seeds at each of these lengths.
var (
	referenceSeeds  = []int64{1, 2, 3, 4}
	referenceFrames = []int{81, 165, 333}
)

// Sampling of the references, that of the smoke grid.
const (
	referenceSteps    = 20
	referenceGuidance = 3
)

// References makes the records that a report compares with, in a folder that
// is laid out like a sweep's (so that it can go on where it stopped), and
// returns them as JSON Lines, without the names of files, which do not ship.
func References(ctx context.Context, o Options, env Env) ([]byte, error) {
	dense, err := lvsa.SpecFromMap(map[string]any{"name": "dense"})
	if err != nil {
		return nil, err
	}
	s := &Spec{File: "(references)", Name: "references", Model: ModelRef{Name: "mini"}, Backend: "auto", Methods: []MethodRef{{Label: dense.Label(), Spec: dense}},
		Horizons: []Horizon{{Ratio: 1, Text: "1x"}}, Seeds: referenceSeeds, Steps: referenceSteps, Guidance: referenceGuidance, Repeats: 1, ExpectMotion: true}
	for _, kind := range scenes.Kinds() {
		s.Prompts = append(s.Prompts, Prompt{Tag: kind, Text: scenes.About(kind)})
	}
	p, err := NewPlan(ctx, s, env)
	if err != nil {
		return nil, err
	}
	if err := p.addScenes(p.model.Info()); err != nil {
		return nil, err
	}
	if _, err := Run(ctx, p, o); err != nil {
		return nil, err
	}
	store, err := ExistingStore(o.Dir)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := bench.NewWriter(&b)
	for _, c := range p.Cells {
		rec, ok, why := store.Done(c.ID)
		if !ok {
			return nil, fmt.Errorf("sweeps: references: cell %s (%s) is not done: %s", c.ID, c.Title(), why)
		}
		rec.Files = nil
		if err := w.Write(rec); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// addScenes appends the procedural scenes' own videos.
func (p *Plan) addScenes(info diffusion.Info) error {
	for _, seed := range referenceSeeds {
		for _, kind := range scenes.Kinds() {
			for _, frames := range referenceFrames {
				c := Cell{gen: procedural{}, scene: kind, Work: Work{decode: float64(frames) * float64(info.Width) * float64(info.Height) * 1e3}, Cell: bench.Cell{
					Generator: "scenes", Model: bench.Model{Name: info.Name, TrainingLatentFrames: info.TrainingLatentFrames},
					Method: bench.Method{Name: "procedural"}, Frames: frames, Width: info.Width, Height: info.Width,
					Prompt: bench.Prompt{Tag: kind, Text: scenes.About(kind)}, Seed: seed,
				}}
				if err := c.finish(info.TemporalStride); err != nil {
					return err
				}
				p.Cells = append(p.Cells, c)
			}
		}
	}
	return nil
}

// procedural is the generator that draws a scene.
type procedural struct{}

func (procedural) show(*Plan, *Cell) string { return "" }
func (procedural) pool(*Cell) string        { return "" }

func (procedural) make(ctx context.Context, r *runner, j *job, _ slot, _ int) error {
	c, name := j.c, r.store.path(cellPath(j.c.ID, VideoFile))
	enc, err := video.Create(ctx, name, video.EncodeOptions{Width: c.Width, Height: c.Height, FPS: scenes.FPS, Threads: 1})
	if err != nil {
		return storeErrorIfDisk(name, err)
	}
	defer enc.Abort()
	if err := scenes.Render(c.scene, uint64(c.Seed), c.Frames, c.Width, enc.WriteFrame); err != nil {
		return storeErrorIfDisk(name, err)
	}
	if err := enc.Close(); err != nil {
		return storeErrorIfDisk(name, err)
	}
	return r.store.keep(j, map[string]string{"video": VideoFile})
}
