package lvsa

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"longtake/kernels"
)

// Steps are sampling steps at the two ends of a run.
type Steps struct{ First, Last int }

// cover reports whether a 0-based step of steps is among them.
func (s Steps) cover(step, steps int) bool { return step < s.First || step >= steps-s.Last }

// Schedule says where a method rests: there, attention is dense with plain
// logits. An edited temporal embedding stays as it is, since all layers and
// steps share it.
type Schedule struct {
	DenseSteps  Steps
	DenseLayers []int
}

func (s Schedule) dense(at Site) bool {
	return s.DenseSteps.cover(at.Step, at.Steps) || slices.Contains(s.DenseLayers, at.Layer)
}

// room reports whether some site of a run is not dense.
func (s Schedule) room(steps, layers int) bool {
	if s.DenseSteps.First+s.DenseSteps.Last >= steps {
		return false
	}
	for l := range layers {
		if !slices.Contains(s.DenseLayers, l) {
			return true
		}
	}
	return false
}

func (s Schedule) check() error {
	d := s.DenseSteps
	if d.First < 0 || d.Last < 0 || d.First > maxFrames || d.Last > maxFrames {
		return fmt.Errorf("lvsa: dense steps %d at the start and %d at the end: want 0..%d", d.First, d.Last, maxFrames)
	}
	for _, l := range s.DenseLayers {
		if l < 0 || l > maxFrames {
			return fmt.Errorf("lvsa: dense layer %d: want 0..%d", l, maxFrames)
		}
	}
	return nil
}

// Scheduled wraps any method with a schedule.
func Scheduled(m Method, s Schedule) (Method, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	s.DenseLayers = slices.Clone(s.DenseLayers)
	return scheduled{m, s, fmt.Sprintf("%s,dense_steps.first=%d,dense_steps.last=%d,dense_layers=%s",
		m.Name(), s.DenseSteps.First, s.DenseSteps.Last, layersText(s.DenseLayers))}, nil
}

type scheduled struct {
	Method
	schedule Schedule
	name     string
}

func (s scheduled) Name() string { return s.name }

func (s scheduled) Begin(b kernels.Backend, g Geometry, rope Rope) (Attention, error) {
	inner, err := s.Method.Begin(b, g, rope)
	if err != nil {
		return nil, err
	}
	rest, err := (&method{name: "dense", patterns: densePatterns{}}).Begin(b, g, rope)
	if err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	return &scheduledAttention{inner: inner, rest: rest, schedule: s.schedule}, nil
}

type scheduledAttention struct {
	inner, rest Attention
	schedule    Schedule

	mu            sync.Mutex
	steps, layers int // of the run, 0 before the first call
}

func (a *scheduledAttention) Attend(s Site, args kernels.Args) error {
	for _, l := range a.schedule.DenseLayers {
		if l >= s.Layers {
			return fmt.Errorf("lvsa: dense layer %d: the model has layers 0..%d", l, s.Layers-1)
		}
	}
	a.mu.Lock()
	a.steps, a.layers = s.Steps, s.Layers
	a.mu.Unlock()
	if a.schedule.dense(s) {
		return a.rest.Attend(s, args)
	}
	return a.inner.Attend(s, args)
}

// Engaged is the inner method's, unless the schedule leaves it no site. An
// edited embedding counts in either case.
func (a *scheduledAttention) Engaged() bool {
	a.mu.Lock()
	steps, layers := a.steps, a.layers
	a.mu.Unlock()
	if steps > 0 && !a.schedule.room(steps, layers) {
		return a.embeddingEdited()
	}
	return a.inner.Engaged()
}

func (a *scheduledAttention) embeddingEdited() bool {
	e, ok := a.inner.(interface{ embeddingEdited() bool })
	return ok && e.embeddingEdited()
}

func (a *scheduledAttention) Usage() []Usage { return append(a.rest.Usage(), a.inner.Usage()...) }

func (a *scheduledAttention) Close() error { return errors.Join(a.inner.Close(), a.rest.Close()) }
