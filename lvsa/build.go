package lvsa

// parts turns the parameters into what they mean.
func (s Spec) parts() (*method, error) {
	m := &method{name: s.String(), patterns: densePatterns{}}
	for _, part := range []*Spec{&s, s.rope, s.logits} {
		if part == nil {
			continue
		}
		switch v := values(part.params); part.Name {
		case "dense":
		case "pi":
			m.ropes = pi{}
		case "ntk":
			m.ropes = ntk{}
		case "yarn":
			y := yarn{alpha: v.float("alpha"), beta: v.float("beta")}
			if err := y.check(); err != nil {
				return nil, err
			}
			m.ropes = y
		case "riflex":
			x := riflex{
				lvsa: v.word("variant") == "lvsa", index: -1, always: v.flag("always"),
				repetition: v.float("repetition"), length: v.float("l_test"),
			}
			if i, ok := v["index"].(int); ok {
				x.index = i
			}
			m.ropes = x
		case "ultravico":
			u := UltraViCo{
				Paper: v.word("variant") == "paper", Alpha: v.float("alpha"), Beta: v.float("beta"),
				Gamma: v.float("gamma"), Period: v.float("period"), SmoothK: v.flag("smooth_k"),
				FirstFrame: v.flag("first_frame"), Window: v.float("window_tokens"), Always: v.flag("always"),
			}
			if err := u.check(); err != nil {
				return nil, err
			}
			m.edits = u
		case "lvsa":
			p := lvsa{rotate: v.flag("rotate"), pattern: PatternParams{
				Window: v.number("window"), First: v.number("first"), Reference: v.number("reference"),
				Scale: v.float("scale"), Schedule: Rotation(v.word("schedule")), NoExpand: !v.flag("expand"),
				Interval: Interval(v.number("interval")),
			}}
			if v.word("interval") == "none" {
				p.pattern.Interval = NoInterval
			}
			p.globals, _ = v["globals_steps"].(Steps)
			if err := p.check(); err != nil {
				return nil, err
			}
			m.patterns = p
		}
	}
	return m, nil
}

// Build makes the method.
func (s Spec) Build() (Method, error) {
	if _, ok := findMethod(s.Name); !ok || s.params == nil {
		return nil, &SpecError{Method: s.Name, Msg: "the description is empty: make it with ParseSpec or SpecFromMap"}
	}
	m, err := s.parts()
	if err != nil {
		return nil, err
	}
	if s.schedule.DenseSteps == (Steps{}) && len(s.schedule.DenseLayers) == 0 {
		return m, nil
	}
	if err := s.schedule.check(); err != nil {
		return nil, err
	}
	return scheduled{m, s.schedule, m.name}, nil
}

// values are complete parameters; a word such as auto reads as number 0.
type values map[string]any

func (v values) word(k string) string   { s, _ := v[k].(string); return s }
func (v values) flag(k string) bool     { b, _ := v[k].(bool); return b }
func (v values) number(k string) int    { n, _ := v[k].(int); return n }
func (v values) float(k string) float64 { f, _ := v[k].(float64); return f }
