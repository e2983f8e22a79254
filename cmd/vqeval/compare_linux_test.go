package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longtake/vqeval"
	"longtake/vqeval/compare"
)

func TestCompare(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, d := range []string{a, b} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	same := clip(t, filepath.Join(a, "m__dense__4x__dog.mp4"), "")
	raw, err := os.ReadFile(same)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"b/m__lvsa__4x__dog.mp4": raw, "a/only.mp4": raw, "a/bad.mp4": raw, "b/bad.mp4": []byte("text")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	noisy := clip(t, filepath.Join(a, "m__dense__4x__cat.mp4"), "")
	parted := clip(t, filepath.Join(b, "m__lvsa__4x__cat.mp4"), "negate=enable='gte(n,40)'")
	table := filepath.Join(dir, "t.csv")
	status, out, errs := call("", "compare", "--json", "-o", table, a, b)
	if status != failed || !strings.Contains(errs, "1 of 3 pairs") {
		t.Errorf("status %d: %s", status, errs)
	}
	var r compare.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Pairs) != 3 || len(r.Unpaired) != 1 || r.Unpaired[0].Path != "only.mp4" || r.Summary[0].Metric != "composite" {
		t.Fatalf("%d pairs, unpaired %v", len(r.Pairs), r.Unpaired)
	}
	if p := r.Pairs[0]; p.Error == "" || p.Fidelity != nil {
		t.Errorf("%+v", p)
	}
	if p := r.Pairs[2]; p.Unit != "dog" || p.Fidelity == nil || p.Fidelity.Identical != 64 || p.Fidelity.PSNR != nil || *p.Fidelity.SSIM != 1 {
		t.Errorf("%+v", p)
	}
	f, err := os.Open(table)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if rows, err := csv.NewReader(f).ReadAll(); err != nil || len(rows) != 4 || rows[1][3] == "" || rows[3][6] != "64" {
		t.Errorf("%v: %q", err, rows)
	}

	// Where they part, without the judge's opinion of the jump.
	m, err := compare.Measure(t.Context(), noisy, parted)
	if err != nil || m.Frames != 64 || m.PartFrame == nil || *m.PartFrame != 40 {
		t.Errorf("%v: %+v", err, m)
	}
	// One that breaks off is an error, whichever side it is on.
	short := clip(t, filepath.Join(dir, "short.mp4"), "trim=end_frame=30")
	for _, p := range [][2]string{{noisy, short}, {short, noisy}} {
		if _, err := compare.Measure(t.Context(), p[0], p[1]); err == nil || !strings.Contains(err.Error(), "number of frames") {
			t.Errorf("%s and %s: %v", p[0], p[1], err)
		}
	}
	if status, out, errs := call("", "compare", same, short); status != done || !strings.Contains(out, "lengths differ: 64 and 30 frames") {
		t.Errorf("status %d, %s\n%s", status, errs, out)
	}
	for _, c := range []struct {
		a, b, say string
	}{
		{a, same, "two files or two folders"}, {a, filepath.Join(dir, "none"), "no such file"}, {same, filepath.Join(b, "bad.mp4"), "not a readable video"},
		{a, t.TempDir(), "has a partner"},
	} {
		if status, _, errs := call("", "compare", c.a, c.b); status != wrong || !strings.Contains(errs, c.say) {
			t.Errorf("%s and %s: status %d, %q lacks %q", c.a, c.b, status, errs, c.say)
		}
	}
}

func TestCalibrateAndPresets(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	live := clip(t, filepath.Join(data, "1.mp4"), "")
	frozen := clip(t, filepath.Join(dir, "frozen.mp4"), "loop=loop=60:size=1:start=24,trim=end_frame=64,setpts=N/16/TB")
	raw, err := os.ReadFile(live)
	if err != nil {
		t.Fatal(err)
	}
	presets := filepath.Join(dir, "p.json")
	if status, _, errs := call("", "calibrate", "--dataset", data, "-o", presets); status != wrong || !strings.Contains(errs, "1 videos in") {
		t.Errorf("status %d: %s", status, errs)
	}
	for _, n := range []string{"2.mp4", "3.mp4", "4.mp4"} {
		if err := os.WriteFile(filepath.Join(data, n), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// A frozen clip among those called healthy demands that freezes like it be let pass.
	if raw, err = os.ReadFile(frozen); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "5.mp4"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
	status, out, errs := call("", "calibrate", "--dataset", data, "-o", presets)
	if status != done || !strings.Contains(out, "before: 1 of 5 videos (20.0 %") || !strings.Contains(out, "because of 5.mp4") || !strings.Contains(out, "below 60.0 % can be shown") {
		t.Fatalf("status %d, %s\n%s", status, errs, out)
	}
	judged := func(args ...string) vqeval.Report {
		t.Helper()
		status, out, errs := call("", append([]string{"evaluate", "--json", frozen}, args...)...)
		var r vqeval.Report
		if err := json.Unmarshal([]byte(out), &r); err != nil || status != done {
			t.Fatalf("status %d, %v: %s", status, err, errs)
		}
		return r
	}
	if r := judged(); !r.Failures["freeze"].Found() || r.Scorer.Presets != nil {
		t.Errorf("%+v", r)
	}
	if r := judged("--presets", presets); r.Failures["freeze"].Found() || r.Failures["freeze"].Severity <= 0.3 || r.Scorer.Presets == nil || r.Scorer.Presets.Name != "p" {
		t.Errorf("%+v, %+v", r.Failures["freeze"], r.Scorer)
	}
	for _, cmd := range []string{"evaluate", "batch"} {
		if status, _, errs := call("", cmd, "--presets", frozen, frozen); status != wrong || !strings.Contains(errs, "not a presets file") {
			t.Errorf("%s: status %d: %s", cmd, status, errs)
		}
	}
}
