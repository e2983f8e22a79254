package sweeps

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"longtake/bench"
	"longtake/diffusion"
	"longtake/internal/process"
	"longtake/video"
)

// builtin is the generator that runs the project's own engine.
type builtin struct{}

func (builtin) show(*Plan, *Cell) string { return "" }
func (builtin) pool(*Cell) string        { return "" }

// make runs the model and encodes the frames as they come.
func (builtin) make(ctx context.Context, r *runner, j *job, _ slot, round int) error {
	res, err := generate(ctx, r, j, round)
	if err != nil {
		return err
	}
	if round > 0 {
		if res.LatentsSHA256 != j.rec.LatentsSHA256 {
			return fmt.Errorf("sweeps: repeat %d gave other latents (%s, first %s): the kernels are not reproducible here", round+1, res.LatentsSHA256, j.rec.LatentsSHA256)
		}
		return nil
	}
	j.rec.Engaged = &res.Engaged
	j.rec.LatentsSHA256, j.rec.FramesSHA256 = res.LatentsSHA256, res.FramesSHA256
	j.rec.Metrics[bench.AttendedFraction] = res.AttendedFraction
	if err := r.store.WriteJSON(cellPath(j.c.ID, TraceFile), res.Trace); err != nil {
		return err
	}
	return r.store.keep(j, map[string]string{"video": VideoFile, "trace": TraceFile})
}

// keep notes files of the cell's folder in its record.
func (s *Store) keep(j *job, files map[string]string) (err error) {
	for name, file := range files {
		if j.rec.Files[name], err = s.file(cellPath(j.c.ID, file)); err != nil {
			return err
		}
	}
	return nil
}

// generate is one run of the model. Only the first round leaves a file.
func generate(ctx context.Context, r *runner, j *job, round int) (res diffusion.Result, err error) {
	c, info := j.c, r.p.model.Info()
	debug.FreeOSMemory() // the peak below is this cell's own
	unpeaked := process.ResetPeak()
	start := time.Now()
	enc, err := video.Create(ctx, r.store.path(cellPath(c.ID, VideoFile)), video.EncodeOptions{Width: c.Width, Height: c.Height, FPS: float64(info.FPS), Threads: 1})
	if err != nil {
		return res, storeError("write", r.store.path(cellPath(c.ID, VideoFile)), err)
	}
	defer enc.Abort()
	res, err = diffusion.Generate(ctx, r.p.model, diffusion.Request{
		Method: c.method, Frames: c.Frames, Width: c.Width, Height: c.Height, Prompt: c.prompt.Text, Embeds: r.p.embeds[c.prompt.Embeds],
		Seed: uint64(c.Seed), Steps: c.Steps, Guidance: c.Guidance, Sampler: diffusion.Sampler{Name: c.Sampler.Name, Shift: c.Sampler.Shift},
		Progress: func(p diffusion.Progress) { r.advance(c.Work.Share(p)*c.Work.total(), c.Title()) },
	}, enc.WriteFrame)
	wall := time.Since(start).Seconds()
	if err != nil {
		return res, storeErrorIfDisk(r.store.path(cellPath(c.ID, VideoFile)), err)
	}
	if round == 0 {
		if err := enc.Close(); err != nil {
			return res, storeErrorIfDisk(r.store.path(cellPath(c.ID, VideoFile)), err)
		}
	}
	for name, v := range map[string]float64{
		bench.WallSeconds: wall, bench.DenoiseSeconds: res.DenoiseSeconds, bench.DecodeSeconds: res.DecodeSeconds, bench.AttentionSeconds: res.AttentionSeconds,
	} {
		j.sample(name, v)
	}
	switch peak, err := process.PeakRSS(); {
	case unpeaked != nil:
		j.warn("no peak_rss_bytes: the process's peak could not be reset: " + unpeaked.Error())
	case err != nil:
		j.warn("no peak_rss_bytes: " + err.Error())
	default:
		j.sample(bench.PeakRSSBytes, float64(peak))
	}
	return res, nil
}

// storeErrorIfDisk turns a disk's refusal into a DiskError and leaves other
// errors alone.
func storeErrorIfDisk(name string, err error) error {
	var disk *DiskError
	if e := storeError("write", name, err); errors.As(e, &disk) {
		return e
	}
	return err
}
