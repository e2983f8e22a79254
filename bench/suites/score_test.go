package suites

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"longtake/bench"
	"longtake/bench/stats"
)

// The test binary is its own child process for the measurement of memory.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "bench-peak" {
		if err := ReportPeak(context.Background(), os.Args[2], os.Stdout); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestScore(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	clip := benchClip{"short", 96, 64, 30}
	path := filepath.Join(t.TempDir(), "short.mp4")
	if err := clip.make(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	const rounds = 2
	records, err := Score(t.Context(), ScoreOptions{Count: rounds, Files: []string{path}, Child: []string{os.Args[0], "bench-peak"}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, r := range records {
		if err := json.NewEncoder(&b).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	r, err := bench.Parse(b.Bytes())
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records: %v", len(records), err)
	}
	var s ScoreBench
	if err := json.Unmarshal(r.Bench, &s); err != nil {
		t.Fatal(err)
	}
	if s.Suite != "score" || s.Clip != "short" || s.Frames != clip.frames || s.Width != clip.width || s.Rounds != rounds || r.Scorer == "" {
		t.Errorf("%+v by %q", s, r.Scorer)
	}
	for _, name := range []string{bench.ScoreSeconds, bench.DecodeSeconds, ScoreWallRatio} {
		if v, ok := r.Metric(name); !ok || v <= 0 || len(r.Samples[name]) != rounds {
			t.Errorf("%s: %v from %v", name, v, r.Samples[name])
		}
	}
	for i, v := range r.Samples[ScoreWallRatio] {
		if want := r.Samples[bench.ScoreSeconds][i] / r.Samples[bench.DecodeSeconds][i]; v != want {
			t.Errorf("round %d: ratio %g, want %g", i, v, want)
		}
	}
	if v, ok := r.Metric(bench.PeakRSSBytes); ok != (len(r.Warnings) == 1) || ok && v < 1<<20 {
		t.Errorf("peak %v bytes, warnings %q (a short clip has one)", v, r.Warnings)
	}
}

func TestScoreRefuses(t *testing.T) {
	if _, err := Score(t.Context(), ScoreOptions{Count: -1}); err == nil {
		t.Error("-1 rounds")
	}
	if _, err := Score(t.Context(), ScoreOptions{Files: []string{filepath.Join(t.TempDir(), "none.mp4")}}); err == nil {
		t.Error("a file that is not there")
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{5, 1}, 3}, {[]float64{9, 1, 2}, 2}} {
		if got := stats.Median(c.v); got != c.want {
			t.Errorf("median %v = %g, want %g", c.v, got, c.want)
		}
	}
}
