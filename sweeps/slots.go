package sweeps

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"longtake/internal/nvidia"
)

// slot is one place where a generation can run.
type slot struct {
	index  int
	gpu    string       // entry of CUDA_VISIBLE_DEVICES; "" leaves the variable alone
	gpus   []nvidia.GPU // what is sampled
	server string       // base URL of a server
}

// pool is a set of slots. Workers beyond the slots score while others generate.
type pool struct {
	slots   []slot
	alone   bool // no work beside a generation
	machine bool // one generation at a time on a machine, whoever's

	once sync.Once
	free chan slot
}

// workers is how many goroutines serve the pool.
func (p *pool) workers(scorers, repeats int) int {
	if p.alone || repeats > 1 {
		return len(p.slots)
	}
	return len(p.slots) + scorers
}

// take waits for a slot; free gives it back, the first time it is called.
func (p *pool) take(ctx context.Context) (s slot, free func(), err error) {
	p.once.Do(func() {
		p.free = make(chan slot, len(p.slots))
		for _, s := range p.slots {
			p.free <- s
		}
	})
	select {
	case s = <-p.free:
		return s, sync.OnceFunc(func() { p.free <- s }), nil
	case <-ctx.Done():
		return s, nil, ctx.Err()
	}
}

// pools are the slots of a plan by the name that its generators give.
func (p *Plan) pools(ctx context.Context) (map[string]*pool, error) {
	switch {
	case p.model != nil:
		return map[string]*pool{"": {slots: make([]slot, 1), alone: true, machine: p.backend.Name() == "cpu"}}, nil
	case p.Spec.Foreign == nil:
		return map[string]*pool{"": {slots: make([]slot, max(1, p.Spec.Executor.Slots)), alone: p.Spec.Executor.Slots <= 1}}, nil
	case p.Spec.Foreign.Kind == kindVideos:
		return p.serverPools()
	}
	list, err := localSlots(ctx, p.Spec.Executor)
	if err != nil {
		return nil, err
	}
	return map[string]*pool{"": {slots: list}}, nil
}

// localSlots are the slots of this machine: as many as the spec says; else one
// for each GPU that CUDA_VISIBLE_DEVICES, or else nvidia-smi, names; else one.
func localSlots(ctx context.Context, e Executor) ([]slot, error) {
	gpus, err := nvidia.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("sweeps: %w", err)
	}
	visible := e.GPUs
	if env, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok && len(visible) == 0 {
		for v := range strings.SplitSeq(env, ",") {
			if v = strings.TrimSpace(v); v != "" {
				visible = append(visible, v)
			}
		}
	} else if len(visible) == 0 {
		for _, g := range gpus {
			visible = append(visible, strconv.Itoa(g.Index))
		}
	}
	per := max(1, e.GPUsPerSlot)
	n := e.Slots
	if n == 0 {
		n = max(1, len(visible)/per)
	}
	if len(visible) > 0 && len(visible) < per {
		return nil, fmt.Errorf("sweeps: a slot needs %d GPUs (executor.gpus_per_slot) and there are %d: %s", per, len(visible), strings.Join(visible, ","))
	}
	list := make([]slot, n)
	for i := range list {
		list[i].index = i
		if len(visible) == 0 {
			continue
		}
		// More slots than GPUs share them in turn.
		groups := len(visible) / per
		mine := visible[i%groups*per : i%groups*per+per]
		list[i].gpu = strings.Join(mine, ",")
		for _, v := range mine {
			if g, ok := nvidia.Find(gpus, v); ok {
				list[i].gpus = append(list[i].gpus, g)
			}
		}
	}
	return list, nil
}
