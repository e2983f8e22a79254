package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExport(t *testing.T) {
	records := filepath.Join("..", "..", "testdata", "reports", "smoke", "records.jsonl")
	status, stdout, stderr := call(t.Context(), "report", records, "--export", "csv")
	rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if status != 0 || err != nil || len(rows) != 25 || rows[0][0] != "cell_id" {
		t.Errorf("status %d, %d rows, %v, %s", status, len(rows), err, stderr)
	}
	out := filepath.Join(t.TempDir(), "x.txt")
	if status, _, stderr := call(t.Context(), "report", records, "--export", "gobench", "-o", out); status != 0 {
		t.Fatalf("status %d, %s", status, stderr)
	}
	text, err := os.ReadFile(out)
	if err != nil || strings.Count(string(text), "\nBenchmarkSweep/") != 24 {
		t.Errorf("%v: %s", err, text)
	}
	dir := t.TempDir()
	if status, _, stderr := call(t.Context(), "report", records, "--export", "lvsa", "-o", dir); status != statusFailed || !strings.Contains(stderr, "names no video") {
		t.Errorf("status %d, %s", status, stderr)
	}
	for words, args := range map[string][]string{
		`--export "xml": want csv, gobench or lvsa`: {"report", records, "--export", "xml"},
		"no such file":              {"report", records + "x", "--export", "csv"},
		"no such file or directory": {"report", dir, "--export", "csv"},
		"-o belongs to --export":    {"report", dir, "-o", out},
	} {
		if status, _, stderr := call(t.Context(), args...); status != statusUsage || !strings.Contains(stderr, words) {
			t.Errorf("%q: status %d, %s", args, status, stderr)
		}
	}
}
