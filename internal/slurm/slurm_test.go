package slurm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestArgs(t *testing.T) {
	a := Array{Name: "n", Script: "/d/task.sh", Dir: "/d", Output: "/d/%a.log", Tasks: 9, AtOnce: 2, Options: []string{"--partition=gpu", "--gres=gpu:1"}}
	want := "--parsable --requeue --open-mode=append --job-name=n --output=/d/%a.log --chdir=/d --array=0-8%2 --partition=gpu --gres=gpu:1 /d/task.sh"
	if got := strings.Join(a.Args(), " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// said puts doubles of Slurm's programs in PATH that say one thing; what the
// real ones say is seen by the test of cmd/longtake that runs a real Slurm.
func said(t *testing.T, text string, status int) {
	t.Helper()
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nprintf '%%s' '%s'\nexit %d\n", text, status)
	if status != 0 {
		script = fmt.Sprintf("#!/bin/sh\nprintf '%%s' '%s' >&2\nexit %d\n", text, status)
	}
	for _, name := range []string{"sbatch", "squeue"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

func TestQueue(t *testing.T) {
	said(t, "n|7|0|RUNNING\nn|7|1|PENDING\nn|7|2|COMPLETED\nn|7|3|CANCELLED\nm|8|0|COMPLETING\nm|9|N/A|PENDING\nm|8|1|REQUEUED\n", 0)
	list, err := Queue(t.Context(), []string{"n", "m"})
	if err != nil || fmt.Sprint(list) != "[{n 7 0 RUNNING} {n 7 1 PENDING} {m 8 0 COMPLETING} {m 8 1 REQUEUED}]" {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := Queue(t.Context(), nil); list != nil || err != nil {
		t.Errorf("%v, %v", list, err)
	}
	said(t, "strange", 0)
	if _, err := Queue(t.Context(), []string{"n"}); err == nil {
		t.Error("no error")
	}
	said(t, "slurm_load_jobs error: Unable to contact slurm controller (connect failure)", 1)
	var e *Error
	if _, err := Queue(t.Context(), []string{"n"}); !errors.As(err, &e) || !strings.Contains(e.Text, "Unable to contact") {
		t.Errorf("%v", err)
	}
}

func TestSubmit(t *testing.T) {
	for text, want := range map[string]string{"12\n": "12", "12;east\n": "12"} {
		said(t, text, 0)
		if id, err := Submit(t.Context(), Array{Tasks: 1}); err != nil || id != want {
			t.Errorf("%q: %q, %v", text, id, err)
		}
	}
	said(t, "Submitted batch job 12", 0)
	if _, err := Submit(t.Context(), Array{Tasks: 1}); err == nil {
		t.Error("no error")
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Submit(t.Context(), Array{Tasks: 1}); !errors.Is(err, ErrMissing) {
		t.Errorf("%v", err)
	}
}
