package suites

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"longtake/bench"
	"longtake/bench/stats"
	"longtake/internal/process"
	"longtake/kernels/sad"
	"longtake/video"
	"longtake/vqeval"
)

// Metrics of the score suite beside those of package bench. The ratios are
// medians over rounds of the scorer's cost over that of its peer in the same
// round.
const (
	ScoreWallRatio = "score_wall_ratio"
	ScoreCPURatio  = "score_cpu_ratio"
	ScoreCPU       = "score_cpu_s"  // user and system, ffmpeg included; median
	DecodeCPU      = "decode_cpu_s" // likewise of the peer
)

// ScoreOptions of [Score].
type ScoreOptions struct {
	Count int  // rounds; 0 = 5
	Full  bool // the clip of 10,000 frames as well
	// Files are measured in place of the clips that the suite makes.
	Files []string
	// Child is a command that runs [ReportPeak] on the file appended to it. Without
	// one no memory is measured.
	Child []string
	Log   io.Writer // progress; nil = none
}

// ScoreBench is the bench object of the suite's records.
type ScoreBench struct {
	Suite  string  `json:"suite"` // score
	Clip   string  `json:"clip"`
	Width  int     `json:"width"` // of the file
	Height int     `json:"height"`
	Frames int     `json:"frames"`
	FPS    float64 `json:"fps"`
	Peer   string  `json:"peer"` // what the scorer's time is divided by
	Rounds int     `json:"rounds"`
}

const scorePeer = "the same probe, decode and scale to the analysis size with the frames thrown away"

// Score measures what scoring a video costs beyond decoding it: one record a
// clip. In every round the scorer and its peer run one after the other, the one
// that comes first taking turns, with the same decoder threads and the collector's settings of
// the command vqeval, which stay.
func Score(ctx context.Context, o ScoreOptions) ([]bench.Record, error) {
	if o.Count == 0 {
		o.Count = 5
	}
	if o.Count < 0 {
		return nil, fmt.Errorf("bench: %d rounds: want at least 1", o.Count)
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	vqeval.SaveMemory() // time, like memory, is that of the command vqeval
	files := o.Files
	if len(files) == 0 {
		dir, err := os.MkdirTemp("", "longtake-bench-")
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		defer os.RemoveAll(dir)
		for _, c := range scoreClips(o.Full) {
			fmt.Fprintf(o.Log, "making %s\n", c.name)
			p := filepath.Join(dir, c.name+".mp4")
			if err := c.make(ctx, p); err != nil {
				return nil, err
			}
			files = append(files, p)
		}
	}
	var out []bench.Record
	for _, f := range files {
		r, err := scoreFile(ctx, f, o)
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

// cost of one run.
type cost struct{ wall, cpu float64 } // seconds

func measure(f func() error) (cost, error) {
	cpu, start := cpuSeconds(), time.Now()
	err := f()
	return cost{time.Since(start).Seconds(), cpuSeconds() - cpu}, err
}

func scoreFile(ctx context.Context, path string, o ScoreOptions) (bench.Record, error) {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	rec := bench.Record{Schema: bench.Schema, Status: bench.StatusOK, Host: bench.HostInfo(), Variant: sad.Variant(),
		Metrics: map[string]float64{}, Samples: map[string][]float64{}}
	fmt.Fprintf(o.Log, "%s: checking\n", name)
	report, err := sameReports(ctx, path)
	if err != nil {
		return rec, err
	}
	rec.Scorer = fmt.Sprintf("%s %s %s", report.Scorer.Name, report.Scorer.Version, report.Scorer.Profile)
	m := report.VideoMeta
	if rec.Bench, err = json.Marshal(ScoreBench{"score", name, m.Width, m.Height, m.TotalFrames, m.FPS, scorePeer, o.Count}); err != nil {
		return rec, fmt.Errorf("bench: %w", err)
	}
	if m.Duration < 10 {
		rec.Warnings = append(rec.Warnings, fmt.Sprintf("%.1f s of video: the start of processes weighs on ratios below 10 s", m.Duration))
	}
	scorer := func() error {
		_, _, err := vqeval.Evaluate(ctx, path, vqeval.Options{ExpectMotion: true})
		return err
	}
	peer := func() error {
		_, _, err := video.Decode(ctx, path, video.DecodeOptions{Fit: vqeval.AnalysisSize}, func(video.Frame) error { return nil })
		return err
	}
	for i := range o.Count {
		fmt.Fprintf(o.Log, "%s: round %d of %d\n", name, i+1, o.Count)
		var c [2]cost
		for k := range 2 {
			which := (i + k) % 2
			if c[which], err = measure([]func() error{scorer, peer}[which]); err != nil {
				return rec, err
			}
		}
		add := func(name string, v float64) { rec.Samples[name] = append(rec.Samples[name], v) }
		add(bench.ScoreSeconds, c[0].wall)
		add(bench.DecodeSeconds, c[1].wall)
		add(ScoreWallRatio, c[0].wall/c[1].wall)
		if c[1].cpu > 0 {
			add(ScoreCPU, c[0].cpu)
			add(DecodeCPU, c[1].cpu)
			add(ScoreCPURatio, c[0].cpu/c[1].cpu)
		}
	}
	for k, v := range rec.Samples {
		rec.Metrics[k] = stats.Median(v)
	}
	if len(rec.Samples[ScoreCPU]) == 0 {
		rec.Warnings = append(rec.Warnings, "processor time is not measured on this system")
	}
	fmt.Fprintf(o.Log, "%s: memory\n", name)
	if peak, err := childPeak(ctx, o.Child, path); err != nil {
		rec.Warnings = append(rec.Warnings, fmt.Sprintf("peak memory was not measured: %v", err))
	} else {
		rec.Metrics[bench.PeakRSSBytes] = float64(peak)
	}
	return rec, nil
}

// sameReports scores the file twice, as a stream and from frames in memory, and
// fails where the reports differ. Of a clip so long that its frames are kept at half
// the analysis size, in whole levels, the findings must be the same.
func sameReports(ctx context.Context, path string) (*vqeval.Report, error) {
	o := vqeval.Options{ExpectMotion: true}
	want, _, err := vqeval.Evaluate(ctx, path, o)
	if err != nil {
		return nil, err
	}
	src, err := vqeval.Load(ctx, path)
	if err != nil {
		return nil, err
	}
	for i, l := range src.Luma { // copies: nothing that was made while decoding serves them
		src.Luma[i] = slices.Clone(l)
	}
	got, _, err := vqeval.EvaluateFrames(ctx, src, o)
	if err != nil {
		return nil, err
	}
	full, _ := vqeval.AnalysisSize(src.Meta.Width, src.Meta.Height)
	var text [2]string
	for i, r := range []*vqeval.Report{want, got} {
		plain := *r
		plain.ElapsedSeconds, plain.VideoPath = 0, ""
		var same any = plain
		if src.Width < full {
			same = plain.Findings
		}
		b, err := json.Marshal(same)
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		text[i] = string(b)
	}
	if text[0] != text[1] {
		return nil, fmt.Errorf("bench: %s: the report of the stream and that of the frames differ, so that neither is timed:\n%s\n%s", path, text[0], text[1])
	}
	return want, nil
}

// childPeak runs the child and reads what it prints.
func childPeak(ctx context.Context, child []string, path string) (int64, error) {
	if len(child) == 0 {
		return 0, fmt.Errorf("no command for a child process")
	}
	cmd := exec.CommandContext(ctx, child[0], append(slices.Clone(child[1:]), path)...)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("child process: %w", err)
	}
	var p peak
	if err := json.Unmarshal(b, &p); err != nil {
		return 0, fmt.Errorf("child process: %w", err)
	}
	return p.Bytes, nil
}

type peak struct {
	Bytes int64 `json:"peak_rss_bytes"`
}

// ReportPeak scores a file and writes the most memory that this process, ffmpeg
// apart, had resident with the settings of the command vqeval. It is meant for a process of its own.
func ReportPeak(ctx context.Context, path string, w io.Writer) error {
	vqeval.SaveMemory()
	if _, _, err := vqeval.Evaluate(ctx, path, vqeval.Options{ExpectMotion: true}); err != nil {
		return err
	}
	n, err := process.PeakRSS()
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return json.NewEncoder(w).Encode(peak{n})
}
