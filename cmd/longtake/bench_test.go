package main

import (
	"strings"
	"testing"

	"longtake/bench"
	"longtake/bench/suites"
)

func TestBenchRefuses(t *testing.T) {
	for words, args := range map[string][]string{
		`--suite "gem"`: {"bench", "--suite", "gem"},
		"--count 0":     {"bench", "--count", "0"},
		"no files":      {"bench", "--suite", "gemm", "a.mp4"},
	} {
		if status, _, stderr := call(t.Context(), args...); status != statusUsage || !strings.Contains(stderr, words) {
			t.Errorf("%q: status %d, %s", args, status, stderr)
		}
	}
}

func TestScoreTable(t *testing.T) {
	var out, err strings.Builder
	p := &program{stdout: &out, stderr: &err}
	r := bench.Record{Bench: []byte(`{"suite":"score","clip":"a","frames":288,"rounds":3}`), Warnings: []string{"no memory"},
		Metrics: map[string]float64{bench.ScoreSeconds: 2.2, bench.DecodeSeconds: 2, suites.ScoreWallRatio: 1.1},
		Samples: map[string][]float64{suites.ScoreWallRatio: {1.2, 1.05, 1.1}}}
	if e := p.scoreTable([]bench.Record{r}); e != nil {
		t.Fatal(e)
	}
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := "a 288 2.20 2.00 1.100 (1.050-1.200) not measured not measured 3"
	if got := strings.Join(strings.Fields(rows[len(rows)-1]), " "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !strings.Contains(err.String(), "no memory") {
		t.Errorf("the warning is lost: %q", err.String())
	}
}
