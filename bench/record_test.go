package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func testRecord(t testing.TB) Record {
	t.Helper()
	r, err := New(testCell())
	if err != nil {
		t.Fatal(err)
	}
	r.Engine, r.Variant, r.Engaged = "0.1.0", "avx2", new(true)
	r.Host = Host{CPU: "some CPU", Cores: 2, OS: "linux/amd64"}
	r.Metrics = map[string]float64{WallSeconds: 12.5, AttendedFraction: 0.516}
	r.Samples = map[string][]float64{WallSeconds: {12, 13}}
	r.Findings = []Finding{{"freeze", 10, 332, "collapses"}}
	r.Warnings = []string{"a | b"}
	r.Files = map[string]File{"video": {"cells/x/video.mp4", "00"}}
	r.LatentsSHA256, r.FramesSHA256 = "l", "f"
	return r
}

func lines(t testing.TB, recs ...Record) string {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, r := range recs {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func readAll(src string, max int) ([]Record, []Warning, error) {
	r := NewReader(strings.NewReader(src), "x.jsonl")
	if max > 0 {
		r.LimitLine(max)
	}
	var recs []Record
	for r.Scan() {
		recs = append(recs, r.Record())
	}
	return recs, r.Warnings(), r.Err()
}

func TestRoundTrip(t *testing.T) {
	want := testRecord(t)
	recs, warnings, err := readAll(lines(t, want, want), 0)
	if err != nil || len(warnings) > 0 || len(recs) != 2 {
		t.Fatalf("%d records, warnings %v, error %v", len(recs), warnings, err)
	}
	if !reflect.DeepEqual(recs[1], want) {
		t.Fatalf("got  %+v\nwant %+v", recs[1], want)
	}
	cell, err := recs[0].DecodeCell()
	if err != nil || cell.Frames != 165 || cell.LatentFrames != 42 || cell.Method.Title() != "LVSA" {
		t.Fatalf("cell %+v, %v", cell, err)
	}
	if id, _ := cell.ID(); id != want.CellID {
		t.Fatalf("id %s after reading, %s before", id, want.CellID)
	}
}

func TestReaderLosesOneLine(t *testing.T) {
	good := strings.TrimSuffix(lines(t, testRecord(t)), "\n")
	for _, tc := range []struct {
		name, src string
		max       int
		n         int
		line      int
		text      string
	}{
		{"corrupt", good + "\n{oops\n" + good + "\n", 0, 2, 2, "invalid character"},
		{"binary", "\x00\xff\n" + good + "\n", 0, 1, 1, "invalid character"},
		{"truncated", good + "\n" + good[:len(good)/2], 0, 1, 2, "truncated"},
		{"no newline at the end", good + "\n" + good, 0, 2, 0, ""},
		{"blank lines and CRLF", "\n" + good + "\r\n\n\n" + good + "\r\n", 0, 2, 0, ""},
		{"too long", good + "\n" + strings.Repeat("x", 200_000) + "\n" + good + "\n", 100_000, 2, 2, "200000 bytes"},
		{"too long at the end", good + "\n" + strings.Repeat("x", 200_000), 100_000, 1, 2, "200000 bytes"},
		{"just long enough", good + "\n", len(good), 1, 0, ""},
		{"one too long", good + "\n", len(good) - 1, 0, 1, "passed over"},
		{"NaN", strings.Replace(good, "12.5", "NaN", 1) + "\n" + good, 0, 1, 1, "invalid character 'N'"},
		{"no schema", "{}\n" + good, 0, 1, 1, "no record"},
		{"two values", good + good + "\n" + good, 0, 1, 1, "after top-level value"},
		{"unknown status", strings.Replace(good, `"status":"ok"`, `"status":"fine"`, 1) + "\n" + good, 0, 1, 1, `status is "fine"`},
		{"no cell", `{"schema":1,"status":"ok"}` + "\n" + good, 0, 1, 1, `either "cell" or "bench"`},
		{"null cell", `{"schema":1,"status":"ok","cell":null}` + "\n" + good, 0, 1, 1, `either "cell" or "bench"`},
		{"no id", `{"schema":1,"status":"ok","cell":{}}` + "\n" + good, 0, 1, 1, `cell_id`},
		{"cell of another type", `{"schema":1,"status":"ok","cell_id":"x","cell":[1]}` + "\n" + good, 0, 1, 1, `cell of record "x"`},
		{"bench", `{"schema":1,"status":"ok","bench":{"suite":"gemm"}}` + "\n", 0, 1, 0, ""},
		{"empty", "", 0, 0, 0, ""},
	} {
		recs, warnings, err := readAll(tc.src, tc.max)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if len(recs) != tc.n {
			t.Errorf("%s: %d records, want %d", tc.name, len(recs), tc.n)
		}
		if tc.line == 0 {
			if len(warnings) > 0 {
				t.Errorf("%s: warnings %v, want none", tc.name, warnings)
			}
			continue
		}
		if len(warnings) != 1 || warnings[0].Line != tc.line || warnings[0].File != "x.jsonl" || !strings.Contains(warnings[0].String(), tc.text) {
			t.Errorf("%s: warnings %v, want line %d with %q", tc.name, warnings, tc.line, tc.text)
		}
	}
}

func TestUnknownSchemaEndsReading(t *testing.T) {
	good := lines(t, testRecord(t))
	recs, _, err := readAll(good+strings.Replace(good, `"schema":1`, `"schema":7`, 1)+good, 0)
	var unknown *SchemaError
	if len(recs) != 1 || !errors.As(err, &unknown) || unknown.Got != 7 || !strings.Contains(err.Error(), "x.jsonl:2: record schema 7") {
		t.Fatalf("%d records, error %v", len(recs), err)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

func TestReaderError(t *testing.T) {
	r := NewReader(failingReader{}, "x.jsonl")
	if r.Scan() || r.Err() == nil || !strings.Contains(r.Err().Error(), "disk on fire") || r.Scan() {
		t.Fatalf("error %v", r.Err())
	}
}

func TestMarshalSaysWhatItLeftOut(t *testing.T) {
	r := testRecord(t)
	r.Metrics["a"], r.Metrics["b"] = math.NaN(), math.Inf(1)
	r.Samples["c"] = []float64{1, math.NaN(), 3}
	recs, _, err := readAll(lines(t, r), 0)
	if err != nil || len(recs) != 1 {
		t.Fatalf("%d records, %v", len(recs), err)
	}
	got := recs[0]
	if _, ok := got.Metric("a"); ok {
		t.Error("NaN metric was written")
	}
	if _, ok := r.Metric("a"); ok {
		t.Error("Metric gave a NaN")
	}
	if !reflect.DeepEqual(got.Samples["c"], []float64{1, 3}) {
		t.Errorf("samples %v", got.Samples["c"])
	}
	want := []string{"a | b", "metric a was NaN and is left out", "metric b was +Inf and is left out",
		"1 of 3 samples of c were no finite numbers and are left out"}
	if !reflect.DeepEqual(got.Warnings, want) {
		t.Errorf("warnings %q, want %q", got.Warnings, want)
	}
	if len(r.Warnings) != 1 {
		t.Error("writing changed the record")
	}
}

func TestReadFiles(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadRecord(filepath.Join(dir, "none.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing record: %v", err)
	}
	if _, _, err := ReadFile(filepath.Join(dir, "none.jsonl")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing records: %v", err)
	}
	raw, err := json.MarshalIndent(testRecord(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "record.json")
	if err := os.WriteFile(path, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	rec, err := ReadRecord(path)
	if err != nil || rec.CellID != testRecord(t).CellID {
		t.Errorf("record %+v, %v", rec, err)
	}
	if err := os.WriteFile(path, raw[:len(raw)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRecord(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("half a record: %v", err)
	}
}

func TestHost(t *testing.T) {
	h := HostInfo()
	if h.Cores < 1 || h.OS != runtime.GOOS+"/"+runtime.GOARCH || h.Go != runtime.Version() {
		t.Errorf("host %+v", h)
	}
	if got := cpuInfoName("processor\t: 0\nmodel name\t: Some  CPU @ 2 GHz\nmodel name : other\n"); got != "Some CPU @ 2 GHz" {
		t.Errorf("CPU name %q", got)
	}
	if got := cpuInfoName("processor: 0\n"); got != "" {
		t.Errorf("CPU name %q of a file that has none", got)
	}
	if got := (Host{CPU: "c", GPU: "g"}).Device(); got != "g" {
		t.Errorf("device %q", got)
	}
	for want, settings := range map[string][]debug.BuildSetting{
		"":          {{Key: "vcs.modified", Value: "true"}},
		"abc":       {{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}},
		"abc-dirty": {{Key: "vcs.modified", Value: "true"}, {Key: "vcs.revision", Value: "abc"}},
	} {
		if got := revision(settings); got != want {
			t.Errorf("revision of %v is %q, want %q", settings, got, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	good := lines(f, testRecord(f))
	for _, s := range []string{good, good + good[:20], "{}\n\n", `{"schema":2}`, `{"schema":1,"status":"ok","bench":{}}`,
		strings.Repeat("[", 2000), "\xff\x00\n" + good, `{"schema":1,"status":"ok","cell_id":"","cell":{"frames":1e99}}`} {
		f.Add(s, 4096)
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, src string, max int) {
		max = 1 + max&0xffff
		recs, warnings, err := readAll(src, max)
		if n := strings.Count(src, "\n") + 1; len(recs)+len(warnings) > n {
			t.Fatalf("%d records and %d warnings from %d lines", len(recs), len(warnings), n)
		}
		for _, w := range warnings {
			if w.Line < 1 || w.Line > strings.Count(src, "\n")+1 || w.Text == "" {
				t.Fatalf("warning %+v", w)
			}
		}
		if err != nil && !errors.As(err, new(*SchemaError)) {
			t.Fatalf("error %v from a source that does not fail", err)
		}
		// What was read can be written and read again.
		again, warnings, err := readAll(lines(t, recs...), 0)
		if err != nil || len(warnings) > 0 || len(again) != len(recs) {
			t.Fatalf("%d records became %d: %v %v", len(recs), len(again), warnings, err)
		}
	})
}
