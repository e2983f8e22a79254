package lvsa

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"longtake/kernels"
)

// attention makes plans as sites ask for them and keeps one per content:
// steps and layers whose shape, mask and logits are equal share it.
type attention struct {
	backend    kernels.Backend
	geometry   Geometry
	logitScale float64
	logits     kernels.Logits
	patterns   patternPlan
	ropeEdited bool // some temporal frequency, or the logit scale, is not the model's
	willDiffer bool // some step's pattern or the logits are not dense attention's

	mu      sync.Mutex
	sites   map[siteKey]*planned
	content map[string]*planned
	list    []*planned // in order of first use
	ended   bool       // the last step has been seen
	closed  bool
}

type siteKey struct {
	pattern patternKey
	shape   kernels.Shape
}

// planned is a plan with where it has run.
type planned struct {
	plan          kernels.Plan
	usage         Usage
	steps, layers map[int]bool
	differs       bool // from dense attention
}

func (a *attention) Attend(s Site, args kernels.Args) error {
	p, err := a.at(s, args)
	if err != nil {
		return err
	}
	if err := p.plan.Run(args); err != nil {
		return fmt.Errorf("lvsa: attention at step %d, layer %d: %w", s.Step, s.Layer, err)
	}
	return nil
}

// at finds or makes the plan of a site and counts the call.
func (a *attention) at(s Site, args kernels.Args) (*planned, error) {
	if s.Step < 0 || s.Step >= s.Steps || s.Layer < 0 || s.Layer >= s.Layers {
		return nil, fmt.Errorf("lvsa: attention at step %d of %d, layer %d of %d: no such site", s.Step, s.Steps, s.Layer, s.Layers)
	}
	shape := kernels.Shape{B: args.Q.B, H: args.Q.H, Hkv: args.K.H, NQ: args.Q.N, NK: args.K.N, D: args.Q.D, Type: args.Q.Type}
	g := a.geometry
	if n := g.Tokens() + g.TextTokens; shape.NQ != n || shape.NK != n {
		return nil, fmt.Errorf("lvsa: attention at step %d, layer %d: %d queries and %d keys for %d frames of %dx%d tokens and %d text tokens: want %d of both",
			s.Step, s.Layer, shape.NQ, shape.NK, g.Frames, g.Rows, g.Cols, g.TextTokens, n)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, errors.New("lvsa: attention is closed")
	}
	key := siteKey{a.patterns.key(s.Step, s.Steps), shape}
	p := a.sites[key]
	if p == nil {
		var err error
		if p, err = a.make(key); err != nil {
			return nil, fmt.Errorf("lvsa: attention at step %d, layer %d: %w", s.Step, s.Layer, err)
		}
		a.sites[key] = p
	}
	p.usage.Calls++
	if !p.steps[s.Step] {
		p.steps[s.Step] = true
	}
	if !p.layers[s.Layer] {
		p.layers[s.Layer] = true
	}
	a.ended = a.ended || s.Step == s.Steps-1
	return p, nil
}

// make builds the pattern of a key and, unless a plan of the same content
// exists, mask and plan.
func (a *attention) make(key siteKey) (*planned, error) {
	start := time.Now()
	g, shape := a.geometry, key.shape
	if shape.D < 1 {
		return nil, fmt.Errorf("head dimension %d: want at least 1", shape.D)
	}
	pattern, err := a.patterns.build(key.pattern)
	if err != nil {
		return nil, err
	}
	if pattern.Frames != g.Frames {
		return nil, fmt.Errorf("the pattern is of %d latent frames, the video of %d", pattern.Frames, g.Frames)
	}
	own := 1 / math.Sqrt(float64(shape.D))
	logits := a.logits
	scaled := logits.Scale != 0 && logits.Scale != float32(own)
	if logits.Scale == 0 {
		logits.Scale = float32(own * a.logitScale)
	} else {
		logits.Scale = float32(float64(logits.Scale) * a.logitScale)
	}
	dense := pattern.Dense()
	id := contentKey(pattern, dense, shape, logits)
	if p := a.content[id]; p != nil {
		p.usage.BuildSeconds += time.Since(start).Seconds()
		return p, nil
	}
	pairs, err := videoPairs(pattern, g, logits.Cut)
	if err != nil {
		return nil, err
	}
	mask, err := pattern.BlockMask(g.TokensPerFrame(), g.TextTokens)
	if err != nil {
		return nil, err
	}
	plan, err := a.backend.Plan(shape, mask, logits)
	if err != nil {
		return nil, err
	}
	n := float64(g.Tokens())
	all := pairs == int64(g.Tokens())*int64(g.Tokens()) && !cutsBite(logits)
	p := &planned{
		plan: plan, steps: map[int]bool{}, layers: map[int]bool{},
		differs: !all || scaled || bandsReach(logits, g.Tokens()-1),
		usage: Usage{
			Anchors: pattern.Anchors, Windows: pattern.Windows, Dense: all, Logits: logits,
			Fraction: float64(pairs) / (n * n), BuildSeconds: time.Since(start).Seconds(),
		},
	}
	a.content[id] = p
	a.list = append(a.list, p)
	return p, nil
}

// contentKey is equal for plans that compute the same. All dense patterns are
// one.
func contentKey(p Pattern, dense bool, s kernels.Shape, l kernels.Logits) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %v ", s, l)
	if dense {
		b.WriteString("dense")
		return b.String()
	}
	var num []byte
	put := func(v int) {
		num = append(strconv.AppendInt(num[:0], int64(v), 10), ' ')
		b.Write(num)
	}
	for _, a := range p.Anchors {
		put(a)
	}
	for _, w := range p.Windows {
		b.WriteByte('|')
		put(w[0])
		put(w[1])
	}
	return b.String()
}

func (a *attention) Engaged() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ropeEdited || slices.ContainsFunc(a.list, func(p *planned) bool { return p.differs }) {
		return true
	}
	return a.willDiffer && !a.ended
}

// embeddingEdited serves the schedule: dense sites keep the edited embedding.
func (a *attention) embeddingEdited() bool { return a.ropeEdited }

func (a *attention) Usage() []Usage {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]Usage, 0, len(a.list))
	for _, p := range a.list {
		u := p.usage
		u.Steps = slices.Sorted(maps.Keys(p.steps))
		u.Layers = slices.Sorted(maps.Keys(p.layers))
		list = append(list, u)
	}
	return list
}

func (a *attention) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	var errs []error
	for _, p := range a.list {
		errs = append(errs, p.plan.Close())
	}
	return errors.Join(errs...)
}
