package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longtake/bench"
	"longtake/bench/gate"
)

const hostileTag = "a|b`<img src=x>\n::error::owned\n##[error]owned %0A**x**"

// gateRecords writes two videos of each of three prompts; edit changes each.
func gateRecords(t *testing.T, name string, edit func(i int, r *bench.Record)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bench.NewWriter(f)
	for i := range 6 {
		r, err := bench.New(bench.Cell{Generator: "builtin", Model: bench.Model{Name: "mini"}, Method: bench.Method{Name: "lvsa", Label: "l,v:s%a"}, Backend: "cpu",
			Frames: 81, Width: 64, Height: 64, Prompt: bench.Prompt{Tag: hostileTag, Text: "x"}, Seed: int64(i)})
		if err != nil {
			t.Fatal(err)
		}
		r.Host, r.Scorer = bench.Host{CPU: "c", Cores: 1}, "vqeval"
		r.Metrics = map[string]float64{bench.FreezeSeverity: 0.1, bench.FreezeShare: 0, bench.WallSeconds: 1}
		r.Samples = map[string][]float64{bench.WallSeconds: {1, 1.01, 0.99, 1, 1.02, 0.98, 1, 1.01, 0.99, 1}}
		if edit != nil {
			edit(i, &r)
		}
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestGateStatus(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "")
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	base := gateRecords(t, "base.jsonl", nil)
	frozen := gateRecords(t, "frozen.jsonl", func(i int, r *bench.Record) {
		if i == 3 {
			r.Metrics[bench.FreezeSeverity], r.Metrics[bench.FreezeShare] = 0.99, 0.7
		}
	})
	slow := gateRecords(t, "slow.jsonl", func(i int, r *bench.Record) {
		for k := range r.Samples[bench.WallSeconds] {
			r.Samples[bench.WallSeconds][k] *= 1.1
		}
	})
	few := gateRecords(t, "few.jsonl", func(i int, r *bench.Record) { r.Samples = nil })
	cut := filepath.Join(t.TempDir(), "cut.jsonl")
	data, err := os.ReadFile(base)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, data[:len(data)-20], 0o644); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "records.jsonl"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(folder, "empty.jsonl")
	if err := os.WriteFile(empty, []byte("{oops\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(folder, "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("schema: 1\nalpha: 3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name         string
		status       int
		out, message string
		args         []string
	}{
		{"same", statusDone, "held: 0 regressed", "", []string{"--baseline", base, "--current", base}},
		{"folder", statusDone, "held: 0 regressed", "", []string{"--baseline", folder, "--current", base}},
		{"frozen", statusFailed, "new in 1 of 6 videos", "gate: regressed", []string{"--baseline", base, "--current", frozen}},
		{"slow", statusFailed, "+10.0 %", "gate: regressed", []string{"--baseline", base, "--current", slow}},
		{"slow, not asked for", statusDone, "held", "", []string{"--baseline", base, "--current", slow, "--metrics", "vqeval.*"}},
		{"few", statusNoSay, "need 6 samples, have 1", "gate: cannot judge", []string{"--baseline", few, "--current", few}},
		{"cut line", statusNoSay, "1 of 6 cells or benchmarks of the baseline are not in the current records", "cut.jsonl:6: truncated", []string{"--baseline", base, "--current", cut}},
		{"no baseline", statusUsage, "", "want --baseline", []string{"--current", base}},
		{"no file", statusUsage, "", "no such file", []string{"--baseline", base, "--current", base + "x"}},
		{"no records", statusUsage, "", "empty.jsonl:1: ", []string{"--baseline", base, "--current", empty}},
		{"thresholds", statusUsage, "", "wrong.yaml: line 2: field alpha not found", []string{"--baseline", base, "--current", base, "--thresholds", wrong}},
		{"argument", statusUsage, "", "unknown command", []string{base}},
		{"default thresholds", statusDone, gate.DefaultYAML, "", []string{"--print-thresholds"}},
	} {
		status, stdout, stderr := call(t.Context(), append([]string{"gate"}, tc.args...)...)
		if status != tc.status || !strings.Contains(stdout, tc.out) || !strings.Contains(stderr, tc.message) {
			t.Errorf("%s: status %d, want %d with %q and %q\n%s%s", tc.name, status, tc.status, tc.out, tc.message, stdout, stderr)
		}
	}
}

// TestGateOnGitHub: summary and annotations appear, and text from records is not
// taken for commands or markup.
func TestGateOnGitHub(t *testing.T) {
	base := gateRecords(t, "base.jsonl", nil)
	frozen := gateRecords(t, "frozen.jsonl", func(i int, r *bench.Record) {
		r.Metrics[bench.FreezeSeverity] = 0.99
		r.Samples = nil
	})
	summary := filepath.Join(t.TempDir(), "summary.md")
	if err := os.WriteFile(summary, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GITHUB_ACTIONS", "true")
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	status, stdout, _ := call(t.Context(), "gate", "--baseline", base, "--current", frozen)
	if status != statusFailed {
		t.Fatalf("status %d", status)
	}
	errors, warnings := 0, 0
	for line := range strings.Lines(stdout) {
		line = strings.TrimRight(line, "\n")
		switch trimmed := strings.TrimSpace(line); {
		case strings.HasPrefix(trimmed, "::error title=vqeval.freeze.severity%3A regressed::"):
			errors++
			if !strings.Contains(line, "l,v:s%25a") || strings.Contains(line, "new in") && !strings.Contains(line, "::error::owned") {
				t.Errorf("the annotation %q lacks its cell", line)
			}
		case strings.HasPrefix(trimmed, "::warning title=wall_s%3A cannot judge::"):
			warnings++
		case strings.HasPrefix(trimmed, "::"):
			t.Errorf("a line that is a command: %q", line)
		}
		if strings.Contains(line, "##[") {
			t.Errorf("a line with a command: %q", line)
		}
	}
	if errors != 2 || warnings != 1 || !strings.Contains(stdout, "6 rows like l,v:s") { // one by findings, one by pairs; one of all cells' times
		t.Errorf("%d errors and %d warnings in\n%s", errors, warnings, stdout)
	}
	md, err := os.ReadFile(summary)
	if err != nil {
		t.Fatal(err)
	}
	text := string(md)
	if !strings.HasPrefix(text, "before\n## longtake gate: regressed\n") || strings.Contains(text, "<img") || strings.Contains(text, "\n::error") {
		t.Errorf("summary\n%s", text)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 12 {
			t.Errorf("a row of other columns: %s", line)
		}
	}
	// With --json stdout is JSON and nothing else.
	status, stdout, stderr := call(t.Context(), "gate", "--baseline", base, "--current", frozen, "--json")
	var r gate.Result
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || status != statusFailed || r.Outcome != gate.Regressed || r.Schema != gate.Schema {
		t.Errorf("status %d, %v: %s", status, err, stdout)
	}
	if !strings.Contains(stderr, "::error title=") {
		t.Errorf("no annotation in %q", stderr)
	}
	// A summary that cannot be written is an error, not silence.
	t.Setenv("GITHUB_STEP_SUMMARY", filepath.Join(summary, "x"))
	if status, _, stderr := call(t.Context(), "gate", "--baseline", base, "--current", base); status != statusFailed || !strings.Contains(stderr, "step summary") {
		t.Errorf("status %d, %s", status, stderr)
	}
}
