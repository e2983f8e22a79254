package sweeps

import (
	"fmt"
	"strings"
	"testing"
)

func TestSlurmSpec(t *testing.T) {
	const base = `generator: {exec: {command: [gen, "{prompt}", "{frames}", "{out}"]}}
model: {name: m, training_latent_frames: 21, temporal_stride: 4}
methods: [dense]
horizons: [1x]
prompts: [fish]
`
	s, err := ParseSpec("g.yaml", []byte(base+`executor: {name: slurm, partition: gpu, account: lab7, time: "04:00:00", gres: gpu:1, cpus: 8, mem: 64G, cells_per_task: 4, tasks: 8, options: [--exclusive, --nice=10], slots: 1}
`))
	if err != nil {
		t.Fatal(err)
	}
	e := s.Executor.Slurm
	want := "[--partition=gpu --account=lab7 --time=04:00:00 --gres=gpu:1 --cpus-per-task=8 --mem=64G --exclusive --nice=10]"
	if fmt.Sprint(e.Options) != want || e.CellsPerTask != 4 || e.Tasks != 8 || s.Executor.Slots != 1 {
		t.Errorf("%+v %+v", e, s.Executor)
	}
	if s, err := ParseSpec("g.yaml", []byte(base+"executor: slurm\n")); err != nil || s.Executor.Slurm == nil {
		t.Errorf("%v", err)
	}
	for src, want := range map[string]string{
		"{name: slurm, partion: gpu}":                   `did you mean "partition"?`,
		"{name: slurm, partition: \"a b\"}":             `want a word for sbatch --partition`,
		"{name: slurm, options: [exclusive]}":           `want an option of sbatch in one word`,
		"{name: slurm, options: [--array=1-3]}":         `--array is set by the sweep itself`,
		"{name: slurm, cells_per_task: 0}":              `executor.cells_per_task is 0`,
		"{partition: gpu}":                              `unknown key "partition" in executor`,
		"{name: slurn}":                                 `unknown executor "slurn"`,
		"{name: slurm, options: [--output=x, --hold=]}": `--output is set by the sweep itself`,
	} {
		if _, err := ParseSpec("g.yaml", []byte(base+"executor: "+src+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", src, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	for text, want := range map[string]bool{
		"sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)": true,
		"": true,
		"sbatch: error: invalid partition specified: gpu sbatch: error: Batch job submission failed: Invalid partition name specified": false,
	} {
		if unreachable(text) != want {
			t.Errorf("%q", text)
		}
	}
}
