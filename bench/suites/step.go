package suites

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"longtake/bench"
	"longtake/diffusion"
	"longtake/diffusion/mini"
	"longtake/internal/process"
	"longtake/kernels/cpu"
	"longtake/lvsa"
	"longtake/video"
	"longtake/vqeval"
)

// Metrics of the step suite beside those of package bench.
const (
	StepSeconds    = "step_s"          // of one denoising step: denoise_s / steps
	AttentionShare = "attention_share" // attention_s / wall_s of dense attention, in the same round
	SpeedUp        = "speed_up"        // processor time of dense attention / processor time, whole generations of the same round
	WallSpeedUp    = "wall_speed_up"   // likewise of wall time
	SpeedUpBound   = "speed_up_bound"  // 1 / (1 - a + a f): a the attention share, f the attended fraction
	GenericRatio   = "generic_ratio"   // processor time with the generic kernels / processor time
	LatentsError   = "latents_error"   // root mean square of the difference from the generic kernels' latents over that of theirs
)

// StepOptions of [Step].
type StepOptions struct {
	Count   int
	Variant string // of the kernels; empty is the best
	Workers int    // 0 is one per core
	Only    string // cases whose name holds this; empty is all
	// Child is a command that runs [ReportStepPeak] with frames and method
	// appended to it. Without one no memory is measured.
	Child []string
	Log   io.Writer
}

// StepBench is the bench object of the step suite's records.
type StepBench struct {
	Suite        string  `json:"suite"` // step
	Case         string  `json:"case"`  // horizon, or what is compared
	Model        string  `json:"model"`
	Method       string  `json:"method"`
	Frames       int     `json:"frames"`
	LatentFrames int     `json:"latent_frames"`
	Ratio        float64 `json:"ratio"` // to the training horizon
	Steps        int     `json:"steps"`
	Prompt       string  `json:"prompt"`
	Seed         uint64  `json:"seed"`
	Workers      int     `json:"workers"`
	Rounds       int     `json:"rounds"`
}

const (
	stepSeed     = 16
	variantSteps = 4 // of the comparison with the generic kernels
	// Latents of unlike kernels agree within this: hundreds of sums follow each
	// other, each right to some 1e-7.
	latentsTolerance = 1e-3
)

// job is one generation of the suite.
type job struct {
	model  *diffusion.Model
	bench  StepBench
	method lvsa.Method
	b      *cpu.Backend
	rec    bench.Record
}

func newJob(b *cpu.Backend, name, method string, ratio, steps, rounds int) (*job, error) {
	m, err := mini.Load(b)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	spec, err := lvsa.ParseSpec(method)
	if err != nil {
		return nil, err
	}
	built, err := spec.Build()
	if err != nil {
		return nil, err
	}
	info := m.Info()
	if steps == 0 {
		steps = info.Steps
	}
	latent := ratio * info.TrainingLatentFrames
	j := &job{model: m, method: built, b: b, bench: StepBench{
		Suite: "step", Case: name, Model: info.Name, Method: method, Frames: diffusion.VideoFrames(latent, info.TemporalStride), LatentFrames: latent,
		Ratio: float64(ratio), Steps: steps, Prompt: info.Scenes[0].Tag, Seed: stepSeed, Workers: b.Workers(), Rounds: rounds,
	}}
	j.rec = bench.Record{Schema: bench.Schema, Status: bench.StatusOK, Host: bench.HostInfo(), Variant: b.Variant(), Bench: mustJSON(j.bench),
		Metrics: map[string]float64{}, Samples: map[string][]float64{}}
	j.rec.Host.Workers = b.Workers()
	return j, nil
}

// run generates once; emit may be nil.
func (j *job) run(ctx context.Context, emit func([]byte) error) (diffusion.Result, cost, error) {
	if emit == nil {
		emit = func([]byte) error { return nil }
	}
	var res diffusion.Result
	c, err := measure(func() (err error) {
		res, err = diffusion.Generate(ctx, j.model, diffusion.Request{Method: j.method, Frames: j.bench.Frames, Prompt: j.bench.Prompt,
			Seed: j.bench.Seed, Steps: j.bench.Steps}, emit)
		return err
	})
	if err != nil {
		return res, c, fmt.Errorf("bench: %s: %s: %w", j.bench.Case, j.bench.Method, err)
	}
	return res, c, nil
}

func (j *job) sample(name string, v float64) { j.rec.Samples[name] = append(j.rec.Samples[name], v) }

// keep takes the samples of a run.
func (j *job) keep(res diffusion.Result, c cost) {
	j.sample(bench.WallSeconds, c.wall)
	if c.cpu > 0 {
		j.sample(CPUSeconds, c.cpu)
	}
	j.sample(bench.DenoiseSeconds, res.DenoiseSeconds)
	j.sample(bench.DecodeSeconds, res.DecodeSeconds)
	j.sample(bench.AttentionSeconds, res.AttentionSeconds)
	j.sample(StepSeconds, res.DenoiseSeconds/float64(j.bench.Steps))
	j.rec.Metrics[bench.AttendedFraction] = res.AttendedFraction
	engaged := res.Engaged
	j.rec.Engaged = &engaged
	j.rec.LatentsSHA256, j.rec.FramesSHA256 = res.LatentsSHA256, res.FramesSHA256
}

// Step measures whole generations of the built-in model: dense attention and
// LVSA at 1, 2, 4 and 6 times the horizon, and every variant of the kernels
// against the generic one.
func Step(ctx context.Context, o StepOptions) (out []bench.Record, err error) {
	if o.Count == 0 {
		o.Count = 3
	}
	if o.Count < 0 {
		return nil, fmt.Errorf("bench: %d rounds: want at least 1", o.Count)
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	best, err := cpu.New(cpu.Options{Variant: o.Variant, Workers: o.Workers})
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	var pairs [][2]*job
	run := progress{log: o.Log}
	for _, ratio := range []int{1, 2, 4, 6} {
		var pair [2]*job
		for i, method := range []string{"dense", "lvsa"} {
			if pair[i], err = newJob(best, "", method, ratio, 0, o.Count); err != nil {
				return nil, err
			}
			pair[i].bench.Case = fmt.Sprintf("%dx, %d steps", ratio, pair[i].bench.Steps)
			pair[i].rec.Bench = mustJSON(pair[i].bench)
		}
		if strings.Contains(pair[0].bench.Case, o.Only) {
			pairs = append(pairs, pair)
			run.add(float64(o.Count)*pairSeconds(ratio) + 2*peakSeconds(ratio))
		}
	}
	out, err = againstGeneric(ctx, o, best, &run)
	settle(out)
	if err != nil {
		return out, err
	}
	defer func() { // the horizons that were measured
		for _, pair := range pairs {
			for _, j := range pair {
				if len(j.rec.Samples[bench.WallSeconds]) > 0 {
					out = append(out, j.rec)
				}
			}
		}
		settle(out)
	}()
	for i := range o.Count {
		for _, pair := range pairs {
			run.line(0, "%s: round %d of %d", pair[0].bench.Case, i+1, o.Count)
			var took [2]cost
			var res [2]diffusion.Result
			for k := range 2 {
				n := (i + k) % 2
				if res[n], took[n], err = pair[n].run(ctx, nil); err != nil {
					return out, err
				}
				pair[n].keep(res[n], took[n])
			}
			share := res[0].AttentionSeconds / took[0].wall
			pair[0].sample(AttentionShare, share)
			if res[1].Engaged {
				pair[1].sample(SpeedUp, took[0].of(1)/took[1].of(1))
				pair[1].sample(WallSpeedUp, took[0].wall/took[1].wall)
				pair[1].sample(SpeedUpBound, 1/(1-share+share*res[1].AttendedFraction))
			}
			run.pass(pairSeconds(int(pair[0].bench.Ratio)))
		}
	}
	for _, pair := range pairs {
		run.line(0, "%s: peak memory", pair[0].bench.Case)
		run.pass(2 * peakSeconds(int(pair[0].bench.Ratio)))
		for _, j := range pair {
			if peak, err := stepPeak(ctx, o.Child, j.bench); err != nil {
				j.rec.Warnings = append(j.rec.Warnings, fmt.Sprintf("peak memory was not measured: %v", err))
			} else {
				j.rec.Metrics[bench.PeakRSSBytes] = float64(peak)
			}
		}
	}
	return out, nil
}

// againstGeneric runs every variant on the same cells, with findings.
func againstGeneric(ctx context.Context, o StepOptions, best *cpu.Backend, run *progress) ([]bench.Record, error) {
	dir, err := os.MkdirTemp("", "longtake-bench-")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	name := func(ratio int) string { return fmt.Sprintf("%dx, %d steps", ratio, variantSteps) }
	ratios := slices.DeleteFunc([]int{1, 2}, func(r int) bool { return !strings.Contains(name(r), o.Only) })
	variants := []string{"generic"}
	for _, v := range cpu.Variants() {
		if v != "generic" && (o.Variant == "" || v == best.Variant()) {
			variants = append(variants, v)
		}
	}
	for _, ratio := range ratios {
		for _, v := range variants {
			run.add(2 * variantSeconds(v, ratio, o.Count))
		}
	}
	var out []bench.Record
	for _, ratio := range ratios {
		for _, method := range []string{"dense", "lvsa"} {
			name := name(ratio)
			var reference []float32
			var generic float64
			for _, v := range variants {
				run.line(0, "%s: %s with the %s kernels", name, method, v)
				b, err := cpu.New(cpu.Options{Variant: v, Workers: o.Workers})
				if err != nil {
					return out, fmt.Errorf("bench: %w", err)
				}
				rounds := o.Count
				if v == "generic" {
					rounds = 1
				}
				j, err := newJob(b, name, method, ratio, variantSteps, rounds)
				if err != nil {
					return out, err
				}
				var frames [][]byte
				res, c, err := j.run(ctx, func(rgb []byte) error { frames = append(frames, slices.Clone(rgb)); return nil })
				if err != nil {
					return out, err
				}
				if reference == nil {
					reference = res.Latents
				}
				e := difference(res.Latents, reference)
				if !(e <= latentsTolerance) {
					return out, fmt.Errorf("bench: %s: %s: the latents of the %s kernels differ from those of the generic ones by %.3g of their size: at most %g is allowed, so that there is no time", name, method, v, e, latentsTolerance)
				}
				j.rec.Metrics[LatentsError] = e
				file := filepath.Join(dir, "v.mp4")
				if err := j.encode(ctx, file, frames); err != nil {
					return out, err
				}
				report, _, err := vqeval.Evaluate(ctx, file, vqeval.Options{ExpectMotion: true})
				if err != nil {
					return out, err
				}
				j.rec.Scorer = fmt.Sprintf("%s %s %s", report.Scorer.Name, report.Scorer.Version, report.Scorer.Profile)
				for _, f := range report.Findings {
					j.rec.Findings = append(j.rec.Findings, bench.Finding{Kind: f.Kind, OnsetFrame: f.OnsetFrame, EndFrame: f.EndFrame, Text: f.Text})
				}
				for i := range rounds {
					// The generic kernels take long: their first run is the timed one.
					if i > 0 || v != "generic" {
						if res, c, err = j.run(ctx, nil); err != nil {
							return out, err
						}
					}
					j.keep(res, c)
					if v == "generic" {
						generic = c.of(1)
					} else {
						j.sample(GenericRatio, generic/c.of(1))
					}
				}
				run.pass(variantSeconds(v, ratio, o.Count))
				out = append(out, j.rec)
			}
		}
	}
	return out, nil
}

// About how long the parts take, of processor time, for the time left.
func pairSeconds(ratio int) float64 { r := float64(ratio); return r * (3.5 + 0.3*r) }

func peakSeconds(ratio int) float64 { return 0.7 * float64(ratio) }

func variantSeconds(variant string, ratio, rounds int) float64 {
	if variant == "generic" {
		return 28 * float64(ratio)
	}
	return 1.1 * float64(ratio*(1+rounds))
}

// encode writes frames as a video.
func (j *job) encode(ctx context.Context, path string, frames [][]byte) error {
	info := j.model.Info()
	e, err := video.Create(ctx, path, video.EncodeOptions{Width: info.Width, Height: info.Height, FPS: float64(info.FPS)})
	if err != nil {
		return err
	}
	defer e.Abort()
	for _, f := range frames {
		if err := e.WriteFrame(f); err != nil {
			return err
		}
	}
	return e.Close()
}

// difference is the root mean square of a-b over that of b.
func difference(a, b []float32) float64 {
	var d, n float64
	for i := range b {
		x := float64(a[i]) - float64(b[i])
		d += x * x
		n += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(d / n)
}

func stepPeak(ctx context.Context, child []string, b StepBench) (int64, error) {
	if len(child) == 0 {
		return 0, fmt.Errorf("no command for a child process")
	}
	cmd := exec.CommandContext(ctx, child[0], append(slices.Clone(child[1:]), strconv.Itoa(int(b.Ratio)), b.Method)...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("child process: %w", err)
	}
	var p peak
	if err := json.Unmarshal(text, &p); err != nil {
		return 0, fmt.Errorf("child process: %w", err)
	}
	return p.Bytes, nil
}

// ReportStepPeak generates with the built-in model at a multiple of its horizon,
// two steps, and writes the most memory that this process had resident. It is
// meant for a process of its own.
func ReportStepPeak(ctx context.Context, variant, method string, ratio, workers int, w io.Writer) error {
	b, err := cpu.New(cpu.Options{Variant: variant, Workers: workers})
	if err != nil {
		return err
	}
	j, err := newJob(b, "peak", method, ratio, 2, 1)
	if err != nil {
		return err
	}
	if _, _, err := j.run(ctx, nil); err != nil {
		return err
	}
	n, err := process.PeakRSS()
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(peak{n})
}

// StepTable writes the records of the step suite.
func StepTable(w io.Writer, records []bench.Record, s Style) error {
	cell := func(name, format string, scale float64) func(StepBench, bench.Record) string {
		f := number(name, format, scale)
		return func(_ StepBench, r bench.Record) string { return f(KernelBench{}, r) }
	}
	columns := []struct {
		head string
		cell func(StepBench, bench.Record) string
	}{
		{"Case", func(b StepBench, _ bench.Record) string { return b.Case }},
		{"Method", func(b StepBench, _ bench.Record) string { return b.Method }},
		{"Kernels", func(_ StepBench, r bench.Record) string { return r.Variant }},
		{"Frames", func(b StepBench, _ bench.Record) string { return strconv.Itoa(b.Frames) }},
		{"Steps", func(b StepBench, _ bench.Record) string { return strconv.Itoa(b.Steps) }},
		{"Wall, s", cell(bench.WallSeconds, "%.2f", 1)},
		{"Step, ms", cell(StepSeconds, "%.1f", 1e3)},
		{"Attention, s", cell(bench.AttentionSeconds, "%.2f", 1)},
		{"Decode, s", cell(bench.DecodeSeconds, "%.2f", 1)},
		{"Attended", cell(bench.AttendedFraction, "%.3f", 1)},
		{"Attention share", cell(AttentionShare, "%.3f", 1)},
		{"Speed-up", cell(SpeedUp, "%.3f", 1)},
		{"Of wall", cell(WallSpeedUp, "%.3f", 1)},
		{"Bound", cell(SpeedUpBound, "%.3f", 1)},
		{"Over generic", cell(GenericRatio, "%.1fx", 1)},
		{"Findings", func(_ StepBench, r bench.Record) string {
			if r.Scorer == "" {
				return absent
			}
			if len(r.Findings) == 0 {
				return "none"
			}
			text := ""
			for i, f := range r.Findings {
				if i > 0 {
					text += ", "
				}
				text += f.Kind
			}
			return text
		}},
		{"Latents", func(_ StepBench, r bench.Record) string { return r.LatentsSHA256[:min(8, len(r.LatentsSHA256))] }},
		{"Peak memory, MB", cell(bench.PeakRSSBytes, "%.0f", 1e-6)},
		{"n", func(b StepBench, _ bench.Record) string { return strconv.Itoa(b.Rounds) }},
	}
	var head []string
	for _, c := range columns {
		head = append(head, c.head)
	}
	var variants, horizons [][]string
	for _, r := range records {
		var b StepBench
		if err := json.Unmarshal(r.Bench, &b); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		var row []string
		for _, c := range columns {
			row = append(row, c.cell(b, r))
		}
		if r.Scorer != "" {
			variants = append(variants, row)
		} else {
			horizons = append(horizons, row)
		}
	}
	first := true
	for _, rows := range [][][]string{horizons, variants} {
		if len(rows) == 0 {
			continue
		}
		if !first {
			fmt.Fprintln(w)
		}
		first = false
		if err := writeTable(w, head, rows, s); err != nil {
			return err
		}
	}
	return nil
}
