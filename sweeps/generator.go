package sweeps

import (
	"context"

	"longtake/bench"
)

// generator makes the videos of cells. There is one for the built-in engine,
// one for videos that exist, one for procedural scenes, one for commands and
// one for servers.
type generator interface {
	// make leaves the video of a cell in the store and what it measured in the
	// job's record. round counts the timed repeats from 0; only the video of the
	// first is kept. An error that is an [*outcome] is a result.
	make(ctx context.Context, r *runner, j *job, s slot, round int) error
	// show is what make would do, in one line; "" where there is nothing to tell.
	show(p *Plan, c *Cell) string
	// pool names the slots that a cell's generation needs one of.
	pool(c *Cell) string
}

// outcome is an end without a video that is a finding: out of memory or of time.
type outcome struct {
	status string // bench.StatusOOM, bench.StatusTimeout
	err    error
}

func (o *outcome) Error() string { return o.err.Error() }
func (o *outcome) Unwrap() error { return o.err }

// Metrics of generators that are not ours, beside those of package bench.
const (
	cpuSeconds = "cpu_s"           // user and system time of the command
	gpuUse     = "gpu_utilisation" // mean of the samples, 0..1
	limit      = "timeout_s"       // what a timed-out cell had

	// Of servers.
	requestSeconds = "request_s"             // from the request to the checked video
	queuedSeconds  = "queued_s"              // until the job left the line, as the polls saw it
	serverPeak     = "server_peak_memory_mb" // in the server's megabytes
	stagePrefix    = "server_stage_s."       // the server's stages
)

// sample adds one repeat of a metric.
func (j *job) sample(name string, v float64) {
	if j.rec.Samples == nil {
		j.rec.Samples = map[string][]float64{}
	}
	j.rec.Samples[name] = append(j.rec.Samples[name], v)
}

// means turns the samples into metrics.
func (j *job) means() {
	if j.rec.Metrics == nil {
		j.rec.Metrics = map[string]float64{}
	}
	for name, v := range j.rec.Samples {
		var sum float64
		for _, x := range v {
			sum += x
		}
		j.rec.Metrics[name] = sum / float64(len(v))
	}
}

// existing is the generator of videos that were there before.
type existing struct{}

func (existing) show(_ *Plan, c *Cell) string { return c.Source }
func (existing) pool(*Cell) string            { return "" }

func (existing) make(ctx context.Context, r *runner, j *job, _ slot, round int) error {
	if round > 0 {
		return nil
	}
	rel, err := r.store.relative(j.c.Source)
	if err != nil {
		return err
	}
	j.rec.Files["video"] = bench.File{Path: rel, SHA256: j.c.SourceSHA256}
	return nil
}
