package reports

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longtake/bench"
)

// The README's table is made from committed records: `go test ./reports -run
// Readme -update` writes it again after the records have changed.
func TestReadmeTableIsCurrent(t *testing.T) {
	const readme, begin, end = "../README.md", "<!-- table: reports/testdata/readme/records.jsonl -->\n", "<!-- /table -->"
	records, err := os.ReadFile("testdata/readme/records.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "records.jsonl"), records, 0o644); err != nil {
		t.Fatal(err)
	}
	refs, warnings, err := bench.ReadFile("../diffusion/mini/references.jsonl")
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	r, err := Build(context.Background(), dir, Options{References: refs, Name: "smoke", NoFrames: true})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := r.SummaryMarkdown(&want); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	if !ok {
		t.Fatalf("%s has no line %q", readme, begin)
	}
	table, tail, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no line %q", readme, end)
	}
	if table == want.String() {
		return
	}
	if *update {
		if err := os.WriteFile(readme, []byte(head+begin+want.String()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the table of %s is stale (-update writes it); it should be\n%s", readme, want.String())
}
