package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestDryRun: every spec that ships is listed without a checkpoint, a server,
// a GPU or ffmpeg.
func TestDryRun(t *testing.T) {
	list, err := filepath.Glob("../../sweeps/*.yaml")
	if err != nil || len(list) < 5 {
		t.Fatal(list, err)
	}
	t.Setenv("PATH", t.TempDir())
	for _, spec := range list {
		status, out, errs := call(t.Context(), "sweep", spec, "--dry-run")
		if status != 0 || !strings.Contains(out, " cells") {
			t.Errorf("%s: status %d, %s", spec, status, errs)
		}
		if strings.Contains(spec, "paper-sota") && (!strings.HasSuffix(out, "\n60 cells\n") || strings.Count(out, "python examples/wan_generate.py --model '{env:WAN_MODEL}'") != 60 || strings.Count(out, "--riflex-s 3") != 5) {
			t.Errorf("%s: %s", spec, out)
		}
	}
}

func TestDryRunSlurm(t *testing.T) {
	spec := write(t, filepath.Join(t.TempDir(), "g.yaml"), `generator: {exec: {command: [gen, "{prompt}", "{frames}", "{out}", "{seed}"]}}
model: {name: m, training_latent_frames: 21, temporal_stride: 4}
methods: [dense]
horizons: [1x]
prompts: [fish]
seeds: [1, 2, 3, 4, 5]
executor: {name: slurm, partition: gpu, account: lab, cells_per_task: 2, tasks: 8}
`)
	t.Setenv("PATH", t.TempDir())
	status, out, errs := call(t.Context(), "sweep", spec, "--dry-run")
	if want := "--array=0-2%8 --partition=gpu --account=lab slurm/BATCH/task.sh"; status != 0 || !strings.Contains(out, want) || strings.Count(out, "gen fish 81 CELL/video.mp4") != 5 {
		t.Errorf("status %d, %s%s", status, out, errs)
	}
	status, _, errs = call(t.Context(), "sweep", spec, "-o", filepath.Join(t.TempDir(), "out"))
	check(t, status, 2, errs, []string{"sbatch and squeue are not in PATH"})
}

func TestSweepIntoAFile(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "file"), "x")
	status, _, errs := call(t.Context(), "sweep", "../../sweeps/smoke.yaml", "-o", file)
	check(t, status, 2, errs, []string{"is a file: name a folder"})
}
