package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"longtake/bench"
	"longtake/diffusion/mini"
	"longtake/internal/tiny"
	"longtake/kernels/all"
	"longtake/video"
)

// call runs the program in process and returns its exit status and output.
func call(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = exitStatus(run(ctx, args, &out, &errs), &errs)
	return status, out.String(), errs.String()
}

// model writes the tiny checkpoint.
func model(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := tiny.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func needFFmpeg(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

var latents = regexp.MustCompile(`latents sha256 ([0-9a-f]{64})`)

func TestGenerate(t *testing.T) {
	needFFmpeg(t)
	dir, m := t.TempDir(), model(t)
	out := filepath.Join(dir, "out.mp4")
	sums := map[string]bool{}
	for _, workers := range []string{"1", "2", "2"} {
		status, stdout, stderr := call(t.Context(), "generate", "--model", m, "--method", "lvsa:window=1,reference=2", "--frames", "21", "--prompt", "fish",
			"--steps", "2", "--seed", "5", "--workers", workers, "-o", out, "--force", "--dump", "1,0")
		if status != 0 {
			t.Fatalf("status %d: %s", status, stderr)
		}
		found := latents.FindStringSubmatch(stdout)
		if found == nil || !strings.Contains(stdout, "out.mp4: 21 frames of 32x32") || !strings.Contains(stdout, "vqeval evaluate") {
			t.Fatalf("stdout %q", stdout)
		}
		sums[found[1]] = true
	}
	if len(sums) != 1 {
		t.Errorf("%d different latents of the same video", len(sums))
	}
	info, n, err := video.Decode(t.Context(), out, video.DecodeOptions{}, func(video.Frame) error { return nil })
	if err != nil || n != 21 || info.Width != 32 || info.Codec != "h264" || info.PixFmt != "yuv420p" {
		t.Errorf("the video: %+v, %d frames, %v", info, n, err)
	}
	figure := filepath.Join(dir, "figure")
	status, stdout, stderr := call(t.Context(), "replay", "--dump", filepath.Join(dir, "out.layer1.step0.safetensors"),
		"--methods", "dense", "--method", "lvsa:window=1,reference=2", "--count", "1", "--figure", figure)
	if status != 0 || !strings.Contains(stdout, "tiny layer 1 of 2, step 0 of 2") || !strings.Contains(stdout, "lvsa:window=1,reference=2  mean") {
		t.Errorf("replay: status %d, %q, %s", status, stdout, stderr)
	}
	for _, f := range []string{".png", ".svg", "-mass.png"} {
		if _, err := os.Stat(figure + f); err != nil {
			t.Error(err)
		}
	}
	embeds := filepath.Join(dir, "embeds.safetensors")
	if err := tiny.Embeds(embeds); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr = call(t.Context(), "generate", "--model", m, "--prompt-embeds", embeds, "--steps", "1", "-o", filepath.Join(dir, "e.mp4"))
	if status != 0 || !strings.Contains(stdout, "9 frames") {
		t.Errorf("embeddings: status %d, %q, %s", status, stdout, stderr)
	}
}

func TestGenerateStopped(t *testing.T) {
	needFFmpeg(t)
	dir, m := t.TempDir(), model(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	status, _, stderr := call(ctx, "generate", "--model", m, "--prompt", "fish", "-o", filepath.Join(dir, "out.mp4"))
	if status != 1 || !strings.Contains(stderr, "stopped; nothing was written") {
		t.Errorf("status %d, %s", status, stderr)
	}
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
}

func TestSweepCommand(t *testing.T) {
	needFFmpeg(t)
	m := model(t)
	spec := write(t, filepath.Join(filepath.Dir(m), "grid.yaml"), "model: tiny\nmethods: [dense, {name: lvsa, window: 1, reference: 2}]\nhorizons: [1x, 2x]\nprompts: [fish]\nsteps: 2\n")
	out := filepath.Join(t.TempDir(), "out")
	status, stdout, stderr := call(t.Context(), "sweep", spec, "--dry-run")
	if status != 0 || !strings.Contains(stdout, "4 cells") || !strings.Contains(stdout, "TFLOP") || !strings.Contains(stdout, "to do") {
		t.Fatalf("dry run: status %d, %q, %s", status, stdout, stderr)
	}
	status, stdout, stderr = call(t.Context(), "sweep", spec, "-o", out)
	if status != 0 || !strings.Contains(stdout, "lvsa") {
		t.Fatalf("status %d, %q, %s", status, stdout, stderr)
	}
	readme := filepath.Join(out, "report", "README.md")
	first, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(out, "report")); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := call(t.Context(), "report", out); status != 0 {
		t.Fatalf("report: status %d, %s", status, stderr)
	}
	if again, err := os.ReadFile(readme); err != nil || string(again) != string(first) {
		t.Errorf("report made another README than the sweep (%v):\n%s\ninstead of\n%s", err, again, first)
	}
	status, stdout, stderr = call(t.Context(), "sweep", spec, "--dry-run", "-o", out)
	if status != 0 || strings.Count(stdout, "done") != 4 {
		t.Errorf("after the run: status %d, %q, %s", status, stdout, stderr)
	}
	if status, _, stderr := call(t.Context(), "rescore", out); status != 0 {
		t.Errorf("rescore: status %d, %s", status, stderr)
	}
}

func TestMethodsCommand(t *testing.T) {
	status, stdout, _ := call(t.Context(), "methods")
	for _, name := range []string{"dense", "pi", "ntk", "yarn", "riflex", "ultravico", "lvsa", "window", "dense_steps"} {
		if status != 0 || !strings.Contains(stdout, name) {
			t.Errorf("status %d: %s is not listed", status, name)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	for _, args := range [][]string{{"--version"}, {"--help"}, {"sweep", "--help"}, {}} {
		if status, stdout, stderr := call(t.Context(), args...); status != 0 || !strings.Contains(stdout, "longtake") || stderr != "" {
			t.Errorf("%v: status %d, %q, %q", args, status, stdout, stderr)
		}
	}
}

// TestMiniReferences: the records that ship are of the shipped checkpoint, at
// least four seeds of every scene, and hold what a report compares with.
func TestMiniReferences(t *testing.T) {
	if len(mini.References()) == 0 {
		t.Skip("this build has no references of mini")
	}
	b, err := all.Get("auto", all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := mini.Load(b)
	if err != nil {
		t.Skip(err)
	}
	list, lost, err := miniReferences()
	if err != nil || len(lost) > 0 {
		t.Fatal(err, lost)
	}
	seeds, controls := map[string]int{}, map[string]int{}
	for _, r := range list {
		c, err := r.DecodeCell()
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := r.Metric(bench.MotionPlateau81); !ok || v <= 0 {
			t.Errorf("%s has no motion plateau", r.CellID)
		}
		if c.Generator == "scenes" {
			controls[fmt.Sprint(c.Prompt.Tag, c.Frames)]++
			continue
		}
		seeds[c.Prompt.Tag]++
		if c.Model.SHA256 != m.Info().SHA256 {
			t.Errorf("%s is of another checkpoint: make references", r.CellID)
		}
	}
	for _, s := range m.Info().Scenes {
		if seeds[s.Tag] < 4 || controls[s.Tag+"81"] < 4 || controls[s.Tag+"165"] < 4 || controls[s.Tag+"333"] < 4 {
			t.Errorf("scene %s: %d seeds, controls %v", s.Tag, seeds[s.Tag], controls)
		}
	}
}
