package sweeps

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Kinds of generators that are not ours.
const (
	kindExec   = "exec"
	kindVideos = "openai-video"
)

// Foreign describes a generator that is not ours: a command, or servers with
// the asynchronous video API.
type Foreign struct {
	Kind    string
	Timeout time.Duration // of one generation; 0 is none
	Retries int           // more attempts after a failure
	Device  string        // hardware, for the records; "" is asked from nvidia-smi
	GPUs    int           // that one generation keeps busy; 0: those of its slot

	// Of exec.
	Command []Template
	Dir     Template
	Env     map[string]Template
	Log     LogRules

	// Of openai-video.
	Servers     []Template
	Headers     map[string]Template
	Fields      map[string]Template
	Concurrency int // jobs in flight at a server
	Poll        time.Duration
	Request     time.Duration // of one HTTP request
	Pos         Pos
}

// Binding is what a method changes of a generator that is not ours.
type Binding struct {
	Args    []Template          // exec: at {method_args}, else behind the command
	Env     map[string]Template // exec: beside those of the generator
	Fields  map[string]Template // openai-video: beside those of the generator
	Servers []Template          // openai-video: in place of those of the generator
	Log     LogRules            // beside those of the generator
	Timeout time.Duration       // in place of that of the generator
}

// LogRules are regular expressions over what a command writes to stdout and
// stderr, line by line: each of Must has to be found, none of MustNot, and one
// of OOM tells that memory ran out.
type LogRules struct{ Must, MustNot, OOM []*regexp.Regexp }

// methodArgs is the word of a command in whose place a method's own stand.
const methodArgs = "{method_args}"

// Bounds and defaults.
const (
	maxTimeout     = 30 * 24 * time.Hour
	maxRetries     = 100
	maxServers     = 1024
	maxSlots       = 1024
	defaultPoll    = 2 * time.Second
	defaultRequest = time.Minute
	defaultRetries = 3 // of openai-video
)

func (p *specParser) foreign(kind string, n *yaml.Node) error {
	keys := []string{"command", "cwd", "env", "log", "timeout", "retries", "device", "gpus"}
	if kind == kindVideos {
		keys = []string{"servers", "fields", "headers", "concurrency", "poll", "request_timeout", "timeout", "retries", "device", "gpus"}
	}
	what := "generator." + kind
	m, err := p.mapping(n, what, keys...)
	if err != nil {
		return err
	}
	f := &Foreign{Kind: kind, Pos: Pos{n.Line, n.Column}, Concurrency: 1, Poll: defaultPoll, Request: defaultRequest}
	if kind == kindVideos {
		f.Retries = defaultRetries
	}
	p.s.Foreign = f
	for _, step := range []struct {
		key   string
		parse func(*yaml.Node, string) error
	}{
		{"command", func(n *yaml.Node, what string) (err error) { f.Command, err = p.templates(n, what); return err }},
		{"cwd", func(n *yaml.Node, what string) (err error) { f.Dir, err = p.template(n, what); return err }},
		{"env", func(n *yaml.Node, what string) (err error) { f.Env, err = p.environment(n, what); return err }},
		{"log", func(n *yaml.Node, what string) (err error) { f.Log, err = p.logRules(n, what); return err }},
		{"servers", func(n *yaml.Node, what string) (err error) { f.Servers, err = p.servers(n, what); return err }},
		{"fields", func(n *yaml.Node, what string) (err error) { f.Fields, err = p.fields(n, what); return err }},
		{"headers", func(n *yaml.Node, what string) (err error) { f.Headers, err = p.templateMap(n, what); return err }},
		{"concurrency", func(n *yaml.Node, what string) error { return p.count(n, what, 1, maxSlots, &f.Concurrency) }},
		{"poll", func(n *yaml.Node, what string) (err error) { f.Poll, err = p.duration(n, what); return err }},
		{"request_timeout", func(n *yaml.Node, what string) (err error) { f.Request, err = p.duration(n, what); return err }},
		{"timeout", func(n *yaml.Node, what string) (err error) { f.Timeout, err = p.duration(n, what); return err }},
		{"retries", func(n *yaml.Node, what string) error { return p.count(n, what, 0, maxRetries, &f.Retries) }},
		{"device", func(n *yaml.Node, what string) (err error) { f.Device, err = p.str(n, what); return err }},
		{"gpus", func(n *yaml.Node, what string) error { return p.count(n, what, 0, maxSlots, &f.GPUs) }},
	} {
		if v, ok := m[step.key]; ok {
			if err := step.parse(v.value, what+"."+step.key); err != nil {
				return err
			}
		}
	}
	if kind == kindExec {
		if len(f.Command) == 0 {
			return p.errorf(n, "generator.exec has no command: add command: [python, generate.py, --prompt, \"{prompt}\", --frames, \"{frames}\", --output, \"{out}\"]")
		}
		if slices.ContainsFunc(f.Command[:1], func(t Template) bool { return t.Text == methodArgs || t.Text == "" }) {
			return p.errorf(m["command"].value, "generator.exec.command: its first word is the program")
		}
	}
	return nil
}

// binding reads a method of a foreign generator: its name, or a map.
func (p *specParser) binding(it *yaml.Node, what string) (name string, b Binding, err error) {
	if it.Kind != yaml.MappingNode {
		name, err = p.str(it, what)
		return name, b, err
	}
	keys := []string{"name", "args", "env", "log", "timeout"}
	if p.s.Foreign.Kind == kindVideos {
		keys = []string{"name", "fields", "servers", "timeout"}
	}
	m, err := p.mapping(it, what, keys...)
	if err != nil {
		return "", b, err
	}
	f, ok := m["name"]
	if !ok {
		return "", b, p.errorf(it, "%s has no name", what)
	}
	if name, err = p.str(f.value, what+".name"); err != nil {
		return "", b, err
	}
	if f, ok := m["args"]; ok && !(f.value.Kind == yaml.SequenceNode && len(f.value.Content) == 0) {
		if b.Args, err = p.templates(f.value, what+".args"); err != nil {
			return "", b, err
		}
	}
	if f, ok := m["env"]; ok {
		if b.Env, err = p.environment(f.value, what+".env"); err != nil {
			return "", b, err
		}
	}
	if f, ok := m["log"]; ok {
		if b.Log, err = p.logRules(f.value, what+".log"); err != nil {
			return "", b, err
		}
	}
	if f, ok := m["timeout"]; ok {
		if b.Timeout, err = p.duration(f.value, what+".timeout"); err != nil {
			return "", b, err
		}
	}
	if f, ok := m["fields"]; ok {
		if b.Fields, err = p.fields(f.value, what+".fields"); err != nil {
			return "", b, err
		}
	}
	if f, ok := m["servers"]; ok {
		if b.Servers, err = p.servers(f.value, what+".servers"); err != nil {
			return "", b, err
		}
	}
	return name, b, nil
}

// completeForeign checks that the spec says what the generator needs, and
// nothing that the generator would not hear of.
func (p *specParser) completeForeign(top *yaml.Node) error {
	f, s := p.s.Foreign, p.s
	for _, key := range []string{"backend", "references"} {
		if v, ok := p.top[key]; ok {
			return p.errorf(v.key, "%s is of the built-in engine and does not apply to generator %s: remove it", key, f.Kind)
		}
	}
	if s.Model.TrainingLatentFrames == 0 || s.Model.TemporalStride == 0 {
		n := top
		if v, ok := p.top["model"]; ok {
			n = v.value
		}
		return p.errorf(n, "generator %s needs the model's horizon: write model: {name: wan13b, training_latent_frames: 21, temporal_stride: 4}", f.Kind)
	}
	for _, q := range s.Prompts {
		if q.Embeds != "" {
			return s.at(q.Pos, "prompt %q: embeds are for checkpoints of the built-in engine", q.Tag)
		}
	}
	if f.Kind == kindVideos && len(f.Servers) == 0 {
		for _, m := range s.Methods {
			if len(m.Binding.Servers) == 0 {
				return s.at(m.Pos, "method %q has no servers, and neither has generator.openai-video: add servers: [http://localhost:8091]", m.Label)
			}
		}
	}
	if f.Kind == kindVideos {
		f.Fields = merged(defaultFields(func(key string) bool { _, ok := p.top[key]; return ok }), f.Fields)
	}
	for i, m := range s.Methods {
		uses := func(key string) bool {
			return slices.ContainsFunc(f.words(m.Binding), func(t Template) bool { return t.Uses(key) })
		}
		what := fmt.Sprintf("method %q (methods[%d])", m.Label, i)
		for _, need := range []struct {
			any []string
			why string
		}{
			{[]string{"prompt", "prompt_file"}, "the generator would not know what to show"},
			{[]string{"frames", "latent_frames"}, "the generator would not know how long to make it"},
		} {
			if !slices.ContainsFunc(need.any, uses) {
				return s.at(m.Pos, "%s: no {%s} in the %s: %s", what, strings.Join(need.any, "} or {"), f.where(), need.why)
			}
		}
		if f.Kind == kindExec && !uses("out") && !(uses("out_dir") && uses("out_name")) {
			return s.at(m.Pos, "%s: neither {out} nor {out_dir} and {out_name} in the command: the generator would not know where to put the video", what)
		}
		for _, o := range []struct {
			key  string
			used []string
		}{
			{"steps", []string{"steps"}}, {"guidance", []string{"guidance"}}, {"size", []string{"width", "height", "size"}}, {"seeds", []string{"seed"}},
		} {
			v, given := p.top[o.key]
			used := slices.ContainsFunc(o.used, uses)
			switch {
			case given && o.key == "size" && s.Width == 0:
				return p.errorf(v.value, "size: native is the built-in engine's: write WIDTHxHEIGHT, or remove it")
			case given && !used:
				return p.errorf(v.key, "%s is given and the %s of %s has no {%s}: the records would hold what the generator never heard", o.key, f.where(), what, strings.Join(o.used, "} or {"))
			case !given && used && o.key != "seeds":
				return s.at(m.Pos, "%s: the %s has {%s} and the spec no %s: add it", what, f.where(), o.used[0], o.key)
			}
		}
		if v, ok := p.top["sampler"]; ok {
			if s.Sampler.Name != "" && !uses("sampler") || s.Sampler.Shift != 0 && !uses("shift") {
				return p.errorf(v.key, "sampler is given and the %s of %s does not use all of it ({sampler}, {shift}): the records would hold what the generator never heard", f.where(), what)
			}
		}
		if uses("sampler") && s.Sampler.Name == "" || uses("shift") && s.Sampler.Shift == 0 {
			return s.at(m.Pos, "%s: the %s has {sampler} or {shift} and the spec does not say which: add sampler: {name: ..., shift: ...}", what, f.where())
		}
		if f.Kind == kindVideos && (uses("out") || uses("out_dir") || uses("out_name") || uses("prompt_file") || uses("slot") || uses("gpu")) {
			return s.at(m.Pos, "%s: {out}, {out_dir}, {out_name}, {prompt_file}, {slot} and {gpu} are of this machine, and a server does not see it", what)
		}
	}
	if _, ok := p.top["seeds"]; !ok {
		if !slices.ContainsFunc(s.Methods, func(m MethodRef) bool {
			return slices.ContainsFunc(f.words(m.Binding), func(t Template) bool { return t.Uses("seed") })
		}) {
			s.Seeds = []int64{0} // the generator's own
		}
	}
	return nil
}

// where names what carries the placeholders.
func (f *Foreign) where() string {
	if f.Kind == kindExec {
		return "command"
	}
	return "fields"
}

// words are all templates that a generation fills in.
func (f *Foreign) words(b Binding) []Template {
	list := slices.Concat(f.Command, b.Args)
	for _, m := range []map[string]Template{f.Env, b.Env, f.formFields(b)} {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			list = append(list, m[k])
		}
	}
	return list
}

// merged is a with b's entries beside or in place of its own.
func merged(a, b map[string]Template) map[string]Template {
	m := maps.Clone(a)
	if m == nil {
		m = map[string]Template{}
	}
	maps.Copy(m, b)
	return m
}

func (p *specParser) template(n *yaml.Node, what string) (Template, error) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return Template{}, p.errorf(n, "%s is %s: want text", what, kind(n))
	}
	t, err := ParseTemplate(n.Value) // numbers as they are written
	if err != nil {
		return t, p.errorf(n, "%s: %v", what, err)
	}
	return t, nil
}

func (p *specParser) templates(n *yaml.Node, what string) ([]Template, error) {
	items, err := p.list(n, what, `[python, generate.py, --frames, "{frames}"] (a list of words: no shell reads it)`)
	if err != nil {
		return nil, err
	}
	var list []Template
	for i, it := range items {
		if it.Kind == yaml.ScalarNode && it.Value == methodArgs {
			list = append(list, Template{Text: methodArgs})
			continue
		}
		t, err := p.template(it, fmt.Sprintf("%s[%d]", what, i))
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

func (p *specParser) templateMap(n *yaml.Node, what string) (map[string]Template, error) {
	if n.Kind != yaml.MappingNode {
		return nil, p.errorf(n, "%s is %s: want a map of names to texts", what, kind(n))
	}
	m := map[string]Template{}
	for i := 0; i < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Value == "" || strings.ContainsAny(k.Value, "=\x00\r\n:") {
			return nil, p.errorf(k, "%s: %q is no name", what, k.Value)
		}
		var err error
		if m[k.Value], err = p.template(n.Content[i+1], what+"."+k.Value); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (p *specParser) environment(n *yaml.Node, what string) (map[string]Template, error) {
	return p.templateMap(n, what)
}

func (p *specParser) fields(n *yaml.Node, what string) (map[string]Template, error) {
	return p.templateMap(n, what)
}

func (p *specParser) servers(n *yaml.Node, what string) ([]Template, error) {
	list, err := p.templates(n, what)
	if err != nil {
		return nil, err
	}
	if len(list) > maxServers {
		return nil, p.errorf(n, "%s: %d servers: at most %d", what, len(list), maxServers)
	}
	for i, t := range list {
		if slices.ContainsFunc(t.parts, func(q part) bool { return q.key != "" && !strings.HasPrefix(q.key, envPrefix) }) {
			return nil, p.errorf(n.Content[i], "%s[%d]: only {env:NAME} can be part of a server's address", what, i)
		}
		if strings.Contains(t.Text, "{") {
			continue // known when it runs
		}
		if err := checkServer(t.Text); err != nil {
			return nil, p.errorf(n.Content[i], "%s[%d]: %v", what, i, err)
		}
	}
	return list, nil
}

func checkServer(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is no server's address: want http://HOST:PORT", text)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%q: want http://HOST:PORT alone (a key goes under headers)", text)
	}
	return nil
}

// logRules reads {must, must_not, oom}: a regular expression or a list of them.
func (p *specParser) logRules(n *yaml.Node, what string) (l LogRules, err error) {
	m, err := p.mapping(n, what, "must", "must_not", "oom")
	if err != nil {
		return l, err
	}
	for key, dst := range map[string]*[]*regexp.Regexp{"must": &l.Must, "must_not": &l.MustNot, "oom": &l.OOM} {
		f, ok := m[key]
		if !ok {
			continue
		}
		items := []*yaml.Node{f.value}
		if f.value.Kind == yaml.SequenceNode {
			if items, err = p.list(f.value, what+"."+key, `["backend=FlashInfer"]`); err != nil {
				return l, err
			}
		}
		for _, it := range items {
			text, err := p.str(it, what+"."+key)
			if err != nil {
				return l, err
			}
			re, err := regexp.Compile(text)
			if err != nil {
				return l, p.errorf(it, "%s.%s: %v", what, key, err)
			}
			*dst = append(*dst, re)
		}
	}
	return l, nil
}

// and is both sets of rules.
func (l LogRules) and(o LogRules) LogRules {
	return LogRules{slices.Concat(l.Must, o.Must), slices.Concat(l.MustNot, o.MustNot), slices.Concat(l.OOM, o.OOM)}
}

func (p *specParser) duration(n *yaml.Node, what string) (time.Duration, error) {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d <= 0 || d > maxTimeout {
		return 0, p.errorf(n, "%s is %s: want a time such as 90s, 30m or 2h, at most 720h", what, kind(n))
	}
	return d, nil
}

func (p *specParser) count(n *yaml.Node, what string, lo, hi int64, dst *int) error {
	v, err := p.integer(n, what, lo, hi)
	*dst = int(v)
	return err
}
