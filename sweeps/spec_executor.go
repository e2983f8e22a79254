package sweeps

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Executor says where generations run.
type Executor struct {
	Name        string   // "local" or "slurm"
	Slots       int      // generations at once; 0: one per GPU, else one
	GPUs        []string // entries of CUDA_VISIBLE_DEVICES to share among the slots; empty: all
	GPUsPerSlot int      // 0 is 1
	Slurm       *Slurm   // nil: here
}

// executor reads a name, or a map with its settings.
func (p *specParser) executor(n *yaml.Node) (err error) {
	e := &p.s.Executor
	if n.Kind == yaml.ScalarNode {
		if e.Name, err = p.str(n, "executor"); err != nil {
			return err
		}
		if e.Name == "slurm" {
			e.Slurm = &Slurm{}
		}
		return p.executorName(n)
	}
	keys := []string{"name", "slots", "gpus", "gpus_per_slot"}
	if slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return c.Value == "slurm" }) {
		keys = slurmKeys
	}
	m, err := p.mapping(n, "executor", keys...)
	if err != nil {
		return err
	}
	e.Name = "local"
	if f, ok := m["name"]; ok {
		if e.Name, err = p.str(f.value, "executor.name"); err != nil {
			return err
		}
		if err := p.executorName(f.value); err != nil {
			return err
		}
	}
	if e.Name == "slurm" {
		if e.Slurm, err = p.slurm(m); err != nil {
			return err
		}
	}
	if f, ok := m["slots"]; ok {
		if err := p.count(f.value, "executor.slots", 1, maxSlots, &e.Slots); err != nil {
			return err
		}
	}
	if f, ok := m["gpus_per_slot"]; ok {
		if err := p.count(f.value, "executor.gpus_per_slot", 1, maxSlots, &e.GPUsPerSlot); err != nil {
			return err
		}
	}
	if f, ok := m["gpus"]; ok {
		items, err := p.list(f.value, "executor.gpus", "[0, 1]")
		if err != nil {
			return err
		}
		for i, it := range items {
			if it.Kind != yaml.ScalarNode || it.Value == "" || strings.ContainsAny(it.Value, ", ") || slices.Contains(e.GPUs, it.Value) {
				return p.errorf(it, "executor.gpus[%d] is %s: want an index or a UUID (GPU-...), each once", i, kind(it))
			}
			e.GPUs = append(e.GPUs, it.Value)
		}
	}
	return nil
}

func (p *specParser) executorName(n *yaml.Node) error {
	if known := []string{"local", "slurm"}; !slices.Contains(known, n.Value) {
		return p.errorf(n, "unknown executor %q: want %s", n.Value, strings.Join(known, " or "))
	}
	return nil
}

// slurmKeys are the keys of executor slurm; sbatchOptions those that become
// options of sbatch.
var (
	slurmKeys     = []string{"name", "partition", "account", "qos", "time", "gres", "cpus", "mem", "constraint", "options", "cells_per_task", "tasks", "binary", "slots", "gpus_per_slot"}
	sbatchOptions = map[string]string{"partition": "--partition", "account": "--account", "qos": "--qos", "time": "--time", "gres": "--gres",
		"cpus": "--cpus-per-task", "mem": "--mem", "constraint": "--constraint"}
)

func (p *specParser) slurm(m map[string]field) (*Slurm, error) {
	s := &Slurm{}
	for _, key := range slurmKeys {
		f, ok := m[key]
		if !ok {
			continue
		}
		what := "executor." + key
		var err error
		switch option, is := sbatchOptions[key]; {
		case is:
			if f.value.Kind != yaml.ScalarNode || f.value.Value == "" || strings.ContainsAny(f.value.Value, " \n\x00") {
				return nil, p.errorf(f.value, "%s is %s: want a word for sbatch %s", what, kind(f.value), option)
			}
			s.Options = append(s.Options, option+"="+f.value.Value)
		case key == "cells_per_task":
			err = p.count(f.value, what, 1, maxCells, &s.CellsPerTask)
		case key == "tasks":
			err = p.count(f.value, what, 1, maxCells, &s.Tasks)
		case key == "binary":
			s.Binary, err = p.str(f.value, what)
		case key == "options":
			var items []*yaml.Node
			if items, err = p.list(f.value, what, `["--exclusive"]`); err != nil {
				return nil, err
			}
			for i, it := range items {
				text, err := p.str(it, fmt.Sprintf("%s[%d]", what, i))
				if err != nil {
					return nil, err
				}
				if !strings.HasPrefix(text, "-") {
					return nil, p.errorf(it, "%s[%d] is %s: want an option of sbatch in one word, such as --exclusive or --nodelist=n1", what, i, kind(it))
				}
				for _, mine := range []string{"--array", "--job-name", "--output", "--parsable", "--wrap", "--chdir", "--wait"} {
					if text == mine || strings.HasPrefix(text, mine+"=") {
						return nil, p.errorf(it, "%s[%d]: %s is set by the sweep itself: remove it", what, i, mine)
					}
				}
				s.Options = append(s.Options, text)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// completeExecutor checks the executor against the generator.
func (p *specParser) completeExecutor() error {
	f, ok := p.top["executor"]
	if !ok || p.s.Executor.Slots <= 1 && len(p.s.Executor.GPUs) == 0 && p.s.Executor.GPUsPerSlot == 0 {
		return nil
	}
	switch {
	case p.s.Foreign != nil && p.s.Foreign.Kind == kindVideos:
		return p.errorf(f.key, "executor: generations run at the servers: set generator.openai-video.concurrency in place of slots")
	case p.s.Foreign == nil && p.s.Files == nil:
		return p.errorf(f.key, "executor: the built-in engine takes the whole machine for a cell: remove slots and gpus")
	}
	return nil
}
