package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"longtake/sweeps"
)

// smallDisk mounts a file system of some KiB.
func smallDisk(t *testing.T, kib int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kib)); err != nil {
		t.Skipf("a full disk needs a small one: tmpfs cannot be mounted here (%v); as root it can", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk: the sweep stops and says so, finished cells stay, and with room
// the same command goes on from them.
func TestFullDisk(t *testing.T) {
	needFFmpeg(t)
	m := model(t)
	spec := write(t, filepath.Join(filepath.Dir(m), "grid.yaml"), "model: tiny\nmethods: [dense]\nhorizons: [2x]\nprompts: [fish]\nseeds: [1, 2, 3, 4, 5, 6, 7, 8]\nsteps: 1\n")
	disk := smallDisk(t, 600)
	ballast := filepath.Join(disk, "ballast")
	write(t, ballast, strings.Repeat("x", 440<<10))
	out := filepath.Join(disk, "out")
	status, _, stderr := call(t.Context(), "sweep", spec, "-o", out)
	check(t, status, 1, stderr, []string{"no space left on device", "make room and run the same command again; finished cells are kept"})
	store, err := sweeps.ExistingStore(out)
	if err != nil {
		t.Fatal(err)
	}
	done := map[string]string{}
	ids, err := os.ReadDir(filepath.Join(out, sweeps.CellsFolder))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if rec, ok, _ := store.Done(id.Name()); ok {
			done[id.Name()] = rec.Files["video"].SHA256 + fmt.Sprint(rec.Metrics["wall_s"])
		}
	}
	t.Logf("%d cells were finished before the disk was full", len(done))
	if len(done) == 8 {
		t.Fatal("the disk was never full: the test needs a smaller one")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", disk, "tmpfs", syscall.MS_REMOUNT, "size=16m"); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := call(t.Context(), "sweep", spec, "-o", out); status != 0 {
		t.Fatalf("with room: status %d, %s", status, stderr)
	}
	for id, was := range done {
		if rec, ok, why := store.Done(id); !ok || rec.Files["video"].SHA256+fmt.Sprint(rec.Metrics["wall_s"]) != was {
			t.Errorf("cell %s was not kept: %s", id, why)
		}
	}
}

func TestFullDiskGenerate(t *testing.T) {
	needFFmpeg(t)
	m := model(t)
	disk := smallDisk(t, 8)
	status, _, stderr := call(t.Context(), "generate", "--model", m, "--prompt", "fish", "--frames", "45", "--steps", "1", "-o", filepath.Join(disk, "out.mp4"))
	check(t, status, 1, stderr, []string{"out.mp4"})
	if !strings.Contains(strings.ToLower(stderr), "no space left on device") {
		t.Errorf("%s", stderr)
	}
	if list, _ := os.ReadDir(disk); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
}

// Results that cannot be printed are a failure.
func TestFullStdout(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for _, args := range [][]string{{"pattern", "--latent-frames", "42"}, {"pattern", "--latent-frames", "42", "--json"}, {"methods"}} {
		var errs bytes.Buffer
		status := exitStatus(run(t.Context(), args, full, &errs), &errs)
		check(t, status, 1, errs.String(), []string{"no space left on device"})
	}
}
