package lvsa

import "slices"

// Info describes a method for help texts.
type Info struct {
	Name   string
	Doc    string
	Params []Param // its own; every method also takes those of [Common]

	family family
}

// family is the part of attention that a method changes by itself.
type family uint8

const (
	patternFamily family = iota
	ropeFamily
	logitFamily
)

// The one list of methods.
var methods = []Info{
	{Name: "dense", Doc: "every token attends to every token, the embedding as trained", family: patternFamily},
	{Name: "pi", Doc: "position interpolation: temporal positions times L/T beyond the horizon", family: ropeFamily},
	{Name: "ntk", Doc: "NTK-aware: temporal base times (T/L)^(d/(d-2)) beyond the horizon", family: ropeFamily},
	{Name: "yarn", Doc: "YaRN: interpolates slow temporal frequencies, keeps fast ones, sharpens the logits", family: ropeFamily, Params: []Param{
		{Name: "alpha", Doc: "turns within the horizon below which a frequency is interpolated", Default: 1.0, kind: kindFloat, hi: maxFrames},
		{Name: "beta", Doc: "turns within the horizon above which a frequency is kept", Default: 32.0, kind: kindFloat, hi: maxFrames, open: true},
	}},
	{Name: "riflex", Doc: "RIFLEx: lowers the temporal frequency whose period is near the repetition", family: ropeFamily, Params: []Param{
		{Name: "variant", Doc: "official: 0.9*2pi/L_test where L_test exceeds the period; lvsa: 2pi/L_test", Default: "official", words: []string{"official", "lvsa"}},
		{Name: "index", Doc: "temporal pair to lower, counted from 0; auto: the variant's rule", Default: "auto", words: []string{"auto"}, kind: kindInt, hi: maxFrames},
		{Name: "repetition", Doc: "first observed repetition in latent frames, for the rule; auto: the horizon", Default: "auto", words: []string{"auto"}, kind: kindFloat, lo: 1, hi: maxFrames},
		{Name: "l_test", Doc: "latent frames of the new period; auto: the video's", Default: "auto", words: []string{"auto"}, kind: kindFloat, lo: 1, hi: maxFrames},
		{Name: "always", Doc: "edit at and below the horizon too, for checkpoints tuned with it", Default: false, kind: kindBool},
	}},
	{Name: "ultravico", Doc: "UltraViCo: decays positive logits between tokens further apart than half the horizon", family: logitFamily, Params: []Param{
		{Name: "variant", Doc: "kernel: the published kernels' arithmetic, not quantised; paper: the formula", Default: "kernel", words: []string{"kernel", "paper"}},
		{Name: "alpha", Doc: "factor outside of the window", Default: 0.9, kind: kindFloat, hi: 1, open: true},
		{Name: "beta", Doc: "factor near multiples of the period", Default: 0.6, kind: kindFloat, hi: 1, open: true},
		{Name: "gamma", Doc: "half-width of the bands around those multiples, latent frames", Default: 4.0, kind: kindFloat, hi: maxFrames},
		{Name: "period", Doc: "period of the dominant temporal frequency, latent frames; none: alpha only", Default: "none", words: []string{"none"}, kind: kindFloat, lo: 1, hi: maxFrames},
		{Name: "smooth_k", Doc: "centre K before the sign test; false under variant paper", Default: true, kind: kindBool, byVariant: map[string]any{"paper": false}},
		{Name: "first_frame", Doc: "queries of frame 0 see the horizon only; false under variant paper", Default: true, kind: kindBool, byVariant: map[string]any{"paper": false}},
		{Name: "window_tokens", Doc: "half-width of the window in tokens; auto: half the horizon", Default: "auto", words: []string{"auto"}, kind: kindFloat, lo: 1, hi: 1 << 31},
		{Name: "always", Doc: "edit at and below the horizon too, as the published kernel does", Default: false, kind: kindBool},
	}},
	{Name: "lvsa", Doc: "LVSA: rotating anchor frames that everyone sees and a window per frame", family: patternFamily, Params: []Param{
		{Name: "window", Doc: "half-width of the window, latent frames", Default: 3, kind: kindInt, hi: maxFrames},
		{Name: "first", Doc: "leading frames that are anchors", Default: 1, kind: kindInt, hi: maxFrames},
		{Name: "interval", Doc: "distance of periodic anchors, latent frames; auto: from the budget", Default: "auto", words: []string{"auto", "none"}, kind: kindInt, lo: 1, hi: maxFrames},
		{Name: "rotate", Doc: "shift the periodic anchors from step to step", Default: true, kind: kindBool},
		{Name: "schedule", Doc: "of the shift: exact is step mod interval, lag1 is the published script's", Default: "exact", words: []string{"exact", "lag1"}},
		{Name: "expand", Doc: "widen windows over the anchors inside them", Default: true, kind: kindBool},
		{Name: "scale", Doc: "sparsity scale: the budget is reference*scale frames", Default: 1.0, kind: kindFloat, hi: maxScale, open: true},
		{Name: "reference", Doc: "horizon of the budget, latent frames; auto: the model's", Default: "auto", words: []string{"auto"}, kind: kindInt, lo: 1, hi: maxFrames},
		{Name: "globals_steps", Doc: "steps at the start and the end that attend to the anchors alone", Default: Steps{}, kind: kindSteps},
	}},
}

// common are the parameters of the schedule.
var common = []Param{
	{Name: "dense_steps", Doc: "steps at the start and the end with dense attention", Default: Steps{}, kind: kindSteps},
	{Name: "dense_layers", Doc: "layers with dense attention", Default: []int{}, kind: kindLayers},
}

// Methods lists the methods that a [Spec] can name.
func Methods() []Info { return slices.Clone(methods) }

// Common lists what every method takes beside its own parameters, but for
// label: a schedule, and an edit of the embedding and of the logits where the
// method leaves those alone.
func Common() []Param {
	return append(slices.Clone(common),
		Param{Name: "rope", Doc: "edit of the temporal embedding, with its own parameters", Default: "none", words: append([]string{"none"}, familyNames(ropeFamily)...)},
		Param{Name: "logits", Doc: "edit of the logits, with its own parameters", Default: "none", words: append([]string{"none"}, familyNames(logitFamily)...)})
}

func familyNames(f family) []string {
	var names []string
	for _, m := range methods {
		if m.family == f {
			names = append(names, m.Name)
		}
	}
	return names
}

func methodNames() []string {
	var names []string
	for _, m := range methods {
		names = append(names, m.Name)
	}
	return names
}

func findMethod(name string) (Info, bool) {
	i := slices.IndexFunc(methods, func(m Info) bool { return m.Name == name })
	if i < 0 {
		return Info{}, false
	}
	return methods[i], true
}

func (i Info) param(name string) (Param, bool) {
	for _, p := range i.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}
