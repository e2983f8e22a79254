package sweeps

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Executor says where generations run.
type Executor struct {
	Name        string   // "local"
	Slots       int      // generations at once; 0: one per GPU, else one
	GPUs        []string // entries of CUDA_VISIBLE_DEVICES to share among the slots; empty: all
	GPUsPerSlot int      // 0 is 1
}

// executor reads a name, or a map with its settings.
func (p *specParser) executor(n *yaml.Node) (err error) {
	e := &p.s.Executor
	if n.Kind == yaml.ScalarNode {
		if e.Name, err = p.str(n, "executor"); err != nil {
			return err
		}
		return p.executorName(n)
	}
	m, err := p.mapping(n, "executor", "name", "slots", "gpus", "gpus_per_slot")
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
	if known := []string{"local"}; !slices.Contains(known, n.Value) {
		return p.errorf(n, "unknown executor %q: want %s", n.Value, strings.Join(known, " or "))
	}
	return nil
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
