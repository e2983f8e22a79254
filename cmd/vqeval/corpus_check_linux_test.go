package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longtake/vqeval/corpus"
)

func TestCorpusCheck(t *testing.T) {
	dir := t.TempDir()
	clip(t, filepath.Join(dir, "live.mp4"), "")
	clip(t, filepath.Join(dir, "frozen.mp4"), "loop=loop=60:size=1:start=24,trim=end_frame=64,setpts=N/16/TB")
	const size = `"fps":16,"width":96,"height":64,"frames":64,"codec":"x264"`
	manifest := `{"file":"live.mp4","family":"pattern","source":"pattern/1","split":"test","ci":true,"kind":"","class":"live",` + size + "}\n" +
		`{"file":"frozen.mp4","family":"pattern","source":"pattern/2","split":"test","kind":"freeze","class":"F1 hard","onset_frame":25,"end_frame":63,` + size + "}\n"
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, corpus.ManifestName), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(manifest)
	out := t.TempDir()
	asJSON, card, figures := filepath.Join(out, "card.json"), filepath.Join(out, "CARD.md"), filepath.Join(out, "figures")
	status, stdout, stderr := call("", "corpus", "check", dir, "--json", asJSON, "--card", card, "--figures", figures)
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if !strings.Contains(stderr, "2 of 2 videos scored") {
		t.Errorf("no progress on stderr: %q", stderr)
	}
	c, err := corpus.ReadCard(asJSON)
	if err != nil {
		t.Fatal(err)
	}
	if c.Main.Videos != 2 || len(c.CIVideos) != 1 || c.Main.Kinds[0].Hits.Count != 1 {
		t.Errorf("card %+v", c.Main)
	}
	text, err := os.ReadFile(card)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{stdout, string(text)} {
		// Two videos prove nothing, and it says so.
		if !strings.Contains(s, "1.000 (no interval)") || !strings.Contains(s, "1/1 (2.5-100.0 %)") {
			t.Errorf("claims more than two videos show:\n%s", s)
		}
	}
	if _, err := os.Stat(filepath.Join(figures, "roc.svg")); err != nil {
		t.Error(err)
	}

	status, stdout, stderr = call("", "corpus", "check", dir, "--ci", "--json", "-")
	var part corpus.Card
	if err := json.Unmarshal([]byte(stdout), &part); status != 0 || err != nil || part.Main.Videos != 1 {
		t.Errorf("status %d, %v, %s: %s", status, err, stderr, stdout)
	}
	// A video that is not there is told, the others are scored.
	if err := os.Remove(filepath.Join(dir, "live.mp4")); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr = call("", "corpus", "check", dir, "--no-baselines")
	if status != 1 || !strings.Contains(stderr, "live.mp4") || !strings.Contains(stdout, "not scored: live.mp4") {
		t.Errorf("status %d, stderr %q, stdout:\n%s", status, stderr, stdout)
	}
	for _, args := range [][]string{{dir, "--split", "half"}, {dir, "--ci", "--split", "dev"}, {dir, "-j", "0"}, {filepath.Join(dir, "none")}, {}} {
		if status, _, stderr := call("", append([]string{"corpus", "check"}, args...)...); status != 2 || stderr == "" {
			t.Errorf("%v: status %d, %q", args, status, stderr)
		}
	}
	write(strings.Replace(manifest, `"kind":"freeze"`, `"kind":"melt"`, 1))
	if status, _, stderr := call("", "corpus", "check", dir); status != 2 || !strings.Contains(stderr, corpus.ManifestName+":2") {
		t.Errorf("a label that is none: status %d, %q", status, stderr)
	}
}
