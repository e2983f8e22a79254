package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPictures(t *testing.T) {
	dir := t.TempDir()
	live := clip(t, filepath.Join(dir, "m__live__1x.mp4"), "")
	clip(t, filepath.Join(dir, "m__frozen__1x.mp4"), "loop=loop=60:size=1:start=24,trim=end_frame=64,setpts=N/16/TB")
	bad := filepath.Join(dir, "m__bad__1x.mp4")
	if err := os.WriteFile(bad, []byte("no video"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Run("evaluate", func(t *testing.T) {
		out, page := filepath.Join(t.TempDir(), "f"), filepath.Join(t.TempDir(), "r.html")
		status, _, errs := call("", "evaluate", "--figures", out, "--figure-format", "both", "--html-report", page, "--embed-video", live)
		if status != 0 || errs != "" {
			t.Fatalf("status %d: %s", status, errs)
		}
		if got := names(t, out); got != "contact.pdf contact.png similarity.pdf similarity.png timeline.pdf timeline.png variogram.pdf variogram.png" {
			t.Errorf("drawn: %s", got)
		}
		raw, err := os.ReadFile(page)
		if err != nil || !strings.Contains(string(raw), "data:video/mp4;base64,") {
			t.Errorf("no page with its video: %v", err)
		}
	})
	t.Run("batch", func(t *testing.T) {
		out, page := filepath.Join(t.TempDir(), "f"), filepath.Join(t.TempDir(), "r.html")
		status, _, errs := call("", "batch", dir, "--figures", out, "--figure-format", "svg", "--html-report", page, "--rank-by", "freeze")
		if status != 1 || !strings.Contains(errs, "1 of 3 videos") {
			t.Fatalf("status %d: %s", status, errs)
		}
		if got := names(t, out); got != "distributions.svg failures.svg ranking.svg videos" {
			t.Errorf("drawn: %s", got)
		}
		if got := names(t, filepath.Join(out, "videos")); got != "2-m__frozen__1x.mp4 3-m__live__1x.mp4" {
			t.Errorf("drawn of videos: %s", got)
		}
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`data-state="failed"`, `data-state="found"`, `data-state="clean"`, `<option value="=frozen">`} {
			if !strings.Contains(string(raw), want) {
				t.Errorf("the page has no %s", want)
			}
		}
	})
	t.Run("wrong", func(t *testing.T) {
		for _, tc := range []struct{ args, want string }{
			{"evaluate " + live + " --figures x --figure-format gif", "want png, pdf, svg or both"},
			{"evaluate " + live + " --embed-video", "--html-report"},
			{"batch " + live + " --rank-by freeze", "--figures DIR"},
			{"batch " + live + " --figures x --rank-by beauty", "want composite or one of"},
			{"batch " + live + " --figures x --group-by method", "no such column"},
			{"batch " + live + " --group-by method", "--figures DIR or --html-report"},
		} {
			status, _, errs := call("", strings.Fields(tc.args)...)
			if status != 2 || !strings.Contains(errs, tc.want) {
				t.Errorf("%s: status %d: %s", tc.args, status, errs)
			}
		}
	})
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}
