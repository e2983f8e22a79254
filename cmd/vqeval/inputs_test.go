package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"longtake/vqeval"
)

func FuzzReadTable(f *testing.F) {
	f.Add("video,x\na.mp4,1\n", "", "", "")
	f.Add("\ufeffpath\n\"a\nb\"\n", "path", "", "")
	f.Add("video,status,p\na,ok,x\nb,failed,\n", "video", "p", "status")
	f.Add("", "x", "", "")
	f.Fuzz(func(t *testing.T, table, column, prompt, status string) {
		in := inputFlags{table: "t.csv", column: column, promptColumn: prompt, statusColumn: status, statusOK: "ok"}
		jobs, meta, err := in.readTable(strings.NewReader(table))
		if err != nil {
			return
		}
		if len(jobs) == 0 {
			t.Error("no row and no error")
		}
		for _, j := range jobs {
			if len(j.meta) != len(meta) {
				t.Errorf("%d cells for %d columns", len(j.meta), len(meta))
			}
		}
	})
}

func TestReadTable(t *testing.T) {
	in := inputFlags{table: "t.csv", promptColumn: "p", statusOK: "ok"}
	jobs, meta, err := in.readTable(strings.NewReader("p,video,status\na dog,a.mp4,ok\n,b.mp4,oom\n"))
	if err != nil || strings.Join(meta, "|") != "p|status" || len(jobs) != 2 {
		t.Fatalf("%v %v %v", err, meta, jobs)
	}
	if a, b := jobs[0], jobs[1]; a.prompt != "a dog" || a.skip != "" || b.prompt != "" || !strings.Contains(b.skip, `status is "oom"`) || strings.Join(b.meta, "|") != "|oom" {
		t.Errorf("%+v", jobs)
	}
	in.statusColumn = "state"
	if _, _, err := in.readTable(strings.NewReader("p,video,status\n1,2,3\n")); err == nil || !strings.Contains(err.Error(), "--status-col") {
		t.Error(err)
	}
}

func TestBeside(t *testing.T) {
	dir, cwd := t.TempDir(), t.TempDir()
	t.Chdir(cwd)
	for _, p := range []string{filepath.Join(dir, "both.mp4"), filepath.Join(cwd, "both.mp4"), filepath.Join(cwd, "here.mp4")} {
		if err := os.WriteFile(p, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	table := filepath.Join(dir, "t.csv")
	for path, want := range map[string]string{
		"both.mp4": filepath.Join(dir, "both.mp4"), "here.mp4": "here.mp4", "none.mp4": "none.mp4", "": "", "/abs.mp4": "/abs.mp4",
	} {
		if got := beside(table, path); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
}

func TestReadNames(t *testing.T) {
	for _, c := range []struct {
		in   string
		null bool
		want []string
	}{
		{"a b.mp4\r\n\n-c.mp4", false, []string{"a b.mp4", "-c.mp4"}},
		{"a\nb.mp4\x00c\r.mp4\x00\x00", true, []string{"a\nb.mp4", "c\r.mp4"}},
		{"last", true, []string{"last"}},
		{"", true, nil},
	} {
		got, err := readNames(strings.NewReader(c.in), c.null)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, %v", c.in, got, err)
		}
	}
}

func TestApart(t *testing.T) {
	got := apart([]string{"x", "video_path", "video_path.input", "x", "error"}, []string{"video_path", "error"})
	if want := []string{"x", "video_path.input2", "video_path.input", "x.input", "error.input"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestColumns: a report that assessed every kind fills every column that it can,
// and every name is there once.
func TestColumns(t *testing.T) {
	r := &vqeval.Report{Failures: map[string]vqeval.Failure{}, Dimensions: map[string]vqeval.Dimension{}}
	for _, k := range vqeval.Kinds {
		r.Failures[k] = vqeval.Failure{Severity: 0.9, Share: 0.5, OnsetFrame: 3, EndFrame: 9, Cause: "hard", CycleFrames: 4, PeriodFrames: 5, Repeats: 2,
			Centres: []int{7, 8}, Cadence: "2:1", Box: []int{0, 1, 2, 3}, Area: 0.2, SpacingFrames: 6, What: "colour"}
	}
	var b strings.Builder
	if err := writeCSV(&b, []string{"note"}, []result{{job: job{path: "a\nb.mp4", meta: []string{"n"}}, report: r}, {job: job{path: "c", meta: []string{""}, skip: "not scored"}}}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for i, n := range rows[0] {
		if _, twice := seen[n]; twice {
			t.Errorf("%s is there twice", n)
		}
		seen[n] = rows[1][i]
	}
	for n, want := range map[string]string{"note": "n", "video_path": "a\nb.mp4", "vqeval.drift.what": "colour", "vqeval.region_loop.box": "0 1 2 3",
		"vqeval.pingpong.centres": "7 8", "vqeval.seam.spacing_frames": "6", "vqeval.composite": "", "vqeval.fps": ""} {
		if got, ok := seen[n]; !ok || got != want {
			t.Errorf("%s is %q, want %q", n, got, want)
		}
	}
	if rows[2][1] != "c" || rows[2][2] != "not scored" {
		t.Errorf("%q", rows[2][:4])
	}
}

func TestParseScoring(t *testing.T) {
	if d, err := parseDimensions("drift, stillness,drift"); err != nil || !slices.Equal(d, []string{"stillness", "drift"}) {
		t.Errorf("%v, %v", d, err)
	}
	if w, err := parseWeights("motion=2, drift = 0"); err != nil || len(w) != 2 || w["motion"] != 2 || w["drift"] != 0 {
		t.Errorf("%v, %v", w, err)
	}
	for _, c := range []struct{ kind, text, say string }{
		{"d", "", `no dimension ""`}, {"d", "still", "want some of stillness"},
		{"w", "motion", "want NAME=WEIGHT"}, {"w", "beauty=1", "no dimension"}, {"w", "motion=-1", "from 0 on"}, {"w", "motion=NaN", "from 0 on"},
		{"w", "motion=1,motion=2", "twice"}, {"w", "stillness=0,repetition=0,stability=0,detail=0,drift=0", "all weights are 0"},
	} {
		var err error
		if c.kind == "d" {
			_, err = parseDimensions(c.text)
		} else {
			_, err = parseWeights(c.text)
		}
		if err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%q: %v lacks %q", c.text, err, c.say)
		}
	}
}

func FuzzParseWeights(f *testing.F) {
	f.Add("motion=1,drift=0.5")
	f.Add("=,=")
	f.Fuzz(func(t *testing.T, s string) {
		w, err := parseWeights(s)
		if err != nil {
			return
		}
		for n, v := range w {
			if knownDimension(n) != nil || !(v >= 0) {
				t.Errorf("%q gives %s=%g", s, n, v)
			}
		}
	})
}
