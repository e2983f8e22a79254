package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"longtake/vqeval"
)

func needFFmpeg(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
}

// clip films a slow turn through a fractal, which never repeats; vf may degrade it.
func clip(t *testing.T, path string, vf string) string {
	t.Helper()
	needFFmpeg(t)
	if vf == "" {
		vf = "null"
	}
	out, err := exec.Command("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "mandelbrot=s=192x128:r=16:start_scale=2,trim=end_frame=64,rotate=t/9,crop=96:64", "-vf", vf,
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "file:"+path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func call(stdin string, args ...string) (status int, stdout, stderr string) {
	var o, e bytes.Buffer
	status = run(context.Background(), args, strings.NewReader(stdin), &o, &e)
	return status, o.String(), e.String()
}

func TestEvaluate(t *testing.T) {
	dir := t.TempDir()
	live := clip(t, filepath.Join(dir, "live.mp4"), "")
	frozen := clip(t, filepath.Join(dir, "-frozen: 1%d.mp4"), "loop=loop=60:size=1:start=24,trim=end_frame=64,setpts=N/16/TB")
	t.Run("table", func(t *testing.T) {
		status, out, errs := call("", "evaluate", live)
		if status != 0 || errs != "" || !strings.Contains(out, "no finding") || !strings.Contains(out, "96x64, 64 frames, 16 Hz, h264") {
			t.Errorf("status %d, stderr %q, stdout:\n%s", status, errs, out)
		}
	})
	t.Run("frozen", func(t *testing.T) {
		report, curves := filepath.Join(dir, "r.json"), filepath.Join(dir, "c.json")
		t.Chdir(dir)
		status, out, errs := call("", "evaluate", "--json", "-o", report, "--curves", curves, "--", filepath.Base(frozen))
		if status != 0 {
			t.Fatalf("status %d: %s", status, errs)
		}
		var a, b vqeval.Report
		if err := json.Unmarshal([]byte(out), &a); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(report)
		if err != nil {
			t.Fatal(err)
		}
		if string(raw) != out || json.Unmarshal(raw, &b) != nil {
			t.Error("the file and stdout differ")
		}
		if f := a.Failures["freeze"]; !f.Found() || f.OnsetFrame < 23 || f.OnsetFrame > 25 || f.EndFrame != 63 || f.Cause != "hard" {
			t.Errorf("%+v", f)
		}
		var c vqeval.Curves
		raw, _ = os.ReadFile(curves)
		if err := json.Unmarshal(raw, &c); err != nil || c.Frames != 64 || len(c.Spans) != 1 {
			t.Errorf("curves: %v, %d frames, spans %v", err, c.Frames, c.Spans)
		}
	})
}

func TestBatch(t *testing.T) {
	dir := t.TempDir()
	a := clip(t, filepath.Join(dir, "a.mp4"), "")
	if err := os.Mkdir(filepath.Join(dir, "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	b := clip(t, filepath.Join(dir, "deep", "b [1].mp4"), "")
	bad := filepath.Join(dir, "bad.mp4")
	for name, text := range map[string]string{"bad.mp4": "text", ".hidden.mp4": "text", "notes.txt": "text"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rows := func(t *testing.T, path string) [][]string {
		t.Helper()
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	t.Run("folder with a bad video", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "out.csv")
		status, stdout, errs := call("", "batch", dir, "-o", out, "-j", "3")
		if status != 1 || !strings.Contains(errs, "1 of 3 videos") || !strings.Contains(stdout, "error: ") {
			t.Errorf("status %d, %s\n%s", status, errs, stdout)
		}
		r := rows(t, out)
		if len(r) != 4 || r[0][0] != "video_path" || r[0][1] != "error" {
			t.Fatalf("%v", r)
		}
		for i, want := range []string{a, bad, b} {
			if r[i+1][0] != want || (r[i+1][1] != "") != (want == bad) || (r[i+1][7] != "") == (want == bad) {
				t.Errorf("row %d: %v", i, r[i+1])
			}
		}
	})
	t.Run("json lines", func(t *testing.T) {
		status, out, _ := call(a+"\n"+bad+"\n\n", "batch", "-", "--json", "-j", "1")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if status != 1 || len(lines) != 2 {
			t.Fatalf("status %d, %d lines", status, len(lines))
		}
		var r vqeval.Report
		var e struct{ Error string }
		if json.Unmarshal([]byte(lines[0]), &r) != nil || r.VideoPath != a || json.Unmarshal([]byte(lines[1]), &e) != nil || e.Error == "" {
			t.Errorf("%s", out)
		}
	})
	t.Run("pattern, twice the same", func(t *testing.T) {
		status, out, errs := call("", "batch", filepath.Join(dir, "a*.mp4"), a, b)
		if status != 0 || strings.Count(out, "\n") != 3 {
			t.Errorf("status %d, %s\n%s", status, errs, out)
		}
	})
	t.Run("table", func(t *testing.T) {
		table, out := filepath.Join(t.TempDir(), "in.csv"), filepath.Join(t.TempDir(), "out.csv")
		if err := os.WriteFile(table, []byte("\ufeffmethod,video,note\nlvsa,"+a+",\"x, y\"\ndense,/none.mp4,\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		status, _, errs := call("", "batch", "--from-csv", table, "-o", out)
		r := rows(t, out)
		if status != 1 || len(r) != 3 || strings.Join(r[0][:4], "|") != "method|note|video_path|error" || strings.Join(r[1][:4], "|") != "lvsa|x, y|"+a+"|" || r[2][0] != "dense" || r[2][3] == "" {
			t.Errorf("status %d, %s\n%v", status, errs, r)
		}
	})
}

func TestBadCalls(t *testing.T) {
	needFFmpeg(t)
	dir := t.TempDir()
	text := filepath.Join(dir, "text.mp4")
	empty := filepath.Join(dir, "empty.mp4")
	csvBad := filepath.Join(dir, "bad.csv")
	for p, s := range map[string]string{text: "text", empty: "", csvBad: "a,b\n1,2\n"} {
		if err := os.WriteFile(p, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	good := clip(t, filepath.Join(dir, "good.mp4"), "")
	cases := []struct {
		args   []string
		status int
		say    string
	}{
		{[]string{"evaluate"}, 2, "accepts 1 arg"},
		{[]string{"evaluate", "a", "b"}, 2, "accepts 1 arg"},
		{[]string{"evaluate", "--nonsense", "a"}, 2, "nonsense"},
		{[]string{"evaluat", "a"}, 2, "unknown command"},
		{[]string{"evaluate", text}, 2, "not a readable video"},
		{[]string{"evaluate", empty}, 2, "empty"},
		{[]string{"evaluate", dir}, 2, "directory"},
		{[]string{"evaluate", filepath.Join(dir, "none.mp4")}, 2, "no such file"},
		{[]string{"evaluate", "http://127.0.0.1:1/a.mp4"}, 2, "addresses are not opened"},
		{[]string{"evaluate", "concat:" + good}, 2, "no such file"},
		{[]string{"evaluate", good, "-o", filepath.Join(dir, "none", "r.json")}, 1, "no such file"},
		{[]string{"batch"}, 2, "name a folder"},
		{[]string{"batch", filepath.Join(dir, "*.nothing")}, 2, "no video"},
		{[]string{"batch", filepath.Join(dir, "[")}, 2, "pattern"},
		{[]string{"batch", "--from-csv", csvBad}, 2, "no column"},
		{[]string{"batch", "--from-csv", csvBad, "x"}, 2, "not both"},
		{[]string{"batch", "--from-csv", empty}, 2, "no header"},
		{[]string{"batch", "-j", "0", good}, 2, "at least one worker"},
		{[]string{"batch", good, "-o", filepath.Join(dir, "none", "r.csv")}, 1, "no such file"},
	}
	for _, c := range cases {
		status, _, errs := call("", c.args...)
		if status != c.status || !strings.Contains(errs, c.say) || strings.Contains(errs, "panic") {
			t.Errorf("%q: status %d, want %d; %q lacks %q", c.args, status, c.status, errs, c.say)
		}
	}
	t.Run("ffmpeg missing", func(t *testing.T) {
		t.Setenv("PATH", dir)
		for _, cmd := range []string{"evaluate", "batch"} {
			if status, _, errs := call("", cmd, good); status != 2 || !strings.Contains(errs, "apt-get install ffmpeg") {
				t.Errorf("%s: status %d, %q", cmd, status, errs)
			}
		}
	})
}

func TestCancelled(t *testing.T) {
	good := clip(t, filepath.Join(t.TempDir(), "good.mp4"), "")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var o, e bytes.Buffer
	if status := run(ctx, []string{"batch", good}, strings.NewReader(""), &o, &e); status != 1 {
		t.Errorf("status %d: %s", status, e.String())
	}
}
