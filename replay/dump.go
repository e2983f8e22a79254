// Package replay runs the queries, keys and values of one attention call of a
// real model through every method: how much of the dense softmax a pattern
// keeps, what that does to the output, and what it costs, head by head and
// without generating anything.
package replay

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"longtake/internal/safetensors"
	"longtake/lvsa"
)

// Dump is one attention call. Q is [tokens, heads, dim], K and V are [tokens,
// kv heads, dim]; heads is a multiple of kv heads. docs/replay.md describes the
// file.
type Dump struct {
	Name     string
	Geometry lvsa.Geometry
	Heads    int
	KVHeads  int
	Dim      int
	Q, K, V  []float32

	Site   lvsa.Site // 0 of 1 where the file does not say
	Model  string
	Method string // that it was made with; empty is dense

	Theta        float64 // of the rotary embedding; 0 is not known
	TemporalDims int     // leading dims of a head that frames turn
}

// maxTokens bounds what a dump may hold: float64 evaluation of a query needs
// one logit a key.
const maxTokens = 1 << 24

// Load reads a dump and checks all of it.
func Load(path string) (*Dump, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("replay: %s: %w", path, err)
	}
	return d, nil
}

// read takes a dump from a file; nothing of it stays in use.
func read(f *safetensors.File) (*Dump, error) {
	d := &Dump{Name: f.Name, Model: f.Metadata["model"], Method: f.Metadata["method"]}
	var errs []error
	number := func(key string, least, fallback int) int {
		s, ok := f.Metadata[key]
		if !ok && fallback >= 0 {
			return fallback
		}
		n, err := strconv.Atoi(s)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("no %q in the metadata: want a whole number from %d, in quotes", key, least))
		case err != nil || n < least || n > math.MaxInt32:
			errs = append(errs, fmt.Errorf("metadata %q is %q: want a whole number from %d", key, s, least))
		}
		return n
	}
	g := &d.Geometry
	g.Frames, g.Rows, g.Cols = number("frames", 1, -1), number("rows", 1, -1), number("cols", 1, -1)
	g.Reference, g.TextTokens = number("reference", 1, -1), number("text_tokens", 0, 0)
	d.Site.Step, d.Site.Steps = number("step", 0, 0), number("steps", 1, 0)
	d.Site.Layer, d.Site.Layers = number("layer", 0, 0), number("layers", 1, 0)
	d.Site.Steps, d.Site.Layers = max(d.Site.Steps, d.Site.Step+1), max(d.Site.Layers, d.Site.Layer+1)
	if s, ok := f.Metadata["rope_theta"]; ok {
		var err error
		if d.Theta, err = strconv.ParseFloat(s, 64); err != nil || !(d.Theta > 1) || math.IsInf(d.Theta, 0) {
			errs = append(errs, fmt.Errorf("metadata %q is %q: want a number above 1", "rope_theta", s))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if int64(g.Rows)*int64(g.Cols) > maxTokens || int64(g.Frames)*int64(g.Rows*g.Cols)+int64(g.TextTokens) > maxTokens {
		return nil, fmt.Errorf("%d frames of %dx%d tokens and %d text tokens: more than %d tokens in all", g.Frames, g.Rows, g.Cols, g.TextTokens, maxTokens)
	}
	tokens := g.Tokens() + g.TextTokens
	for i, t := range []struct {
		name string
		into *[]float32
	}{{"q", &d.Q}, {"k", &d.K}, {"v", &d.V}} {
		x, ok := f.Tensor(t.name)
		if !ok {
			return nil, fmt.Errorf("no tensor %q: want q, k and v", t.name)
		}
		if len(x.Shape) != 3 || x.Shape[0] != tokens || x.Shape[1] < 1 || x.Shape[2] < 1 {
			return nil, fmt.Errorf("tensor %q is %v: want [tokens, heads, dim] with %d tokens (%d frames of %dx%d and %d of text)",
				t.name, x.Shape, tokens, g.Frames, g.Rows, g.Cols, g.TextTokens)
		}
		switch {
		case i == 0:
			d.Heads, d.Dim = x.Shape[1], x.Shape[2]
		case i == 1:
			d.KVHeads = x.Shape[1]
		}
		if x.Shape[2] != d.Dim || i == 2 && x.Shape[1] != d.KVHeads || i > 0 && d.Heads%x.Shape[1] != 0 {
			return nil, fmt.Errorf("tensor %q is %v beside q with %d heads of %d dims and k with %d heads: want equal dims, and heads that divide those of q",
				t.name, x.Shape, d.Heads, d.Dim, d.KVHeads)
		}
		var err error
		if *t.into, err = x.Float32(nil); err != nil {
			return nil, err
		}
		for n, v := range *t.into {
			if v-v != 0 {
				return nil, fmt.Errorf("tensor %q holds %v at element %d: want finite numbers", t.name, v, n)
			}
		}
	}
	d.TemporalDims = number("rope_temporal_dims", 0, d.Dim-4*(d.Dim/6))
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if d.TemporalDims > d.Dim || d.TemporalDims%2 != 0 {
		return nil, fmt.Errorf("metadata %q is %d: want an even number up to the %d dims of a head", "rope_temporal_dims", d.TemporalDims, d.Dim)
	}
	return d, nil
}

// base is the model's own temporal embedding. Without a known theta it has no
// frequencies, which only methods that edit them mind.
func (d *Dump) base() lvsa.Rope {
	if d.Theta == 0 {
		return lvsa.Rope{Theta: 1, PositionScale: 1, LogitScale: 1}
	}
	return lvsa.NewRope(d.Theta, d.TemporalDims)
}

// rotate turns the temporal pairs (2k, 2k+1) of x [tokens, heads, dim] from
// one embedding to another, on a copy. Text tokens stay.
func (d *Dump) rotate(x []float32, heads int, from, to lvsa.Rope) []float32 {
	out := append([]float32(nil), x...)
	perFrame := d.Geometry.TokensPerFrame() * heads * d.Dim
	for f := range d.Geometry.Frames {
		frame := out[f*perFrame : (f+1)*perFrame]
		for k := range to.Freqs {
			sin, cos := math.Sincos(to.Angle(f, k) - from.Angle(f, k))
			for at := 2 * k; at < len(frame); at += d.Dim {
				a, b := float64(frame[at]), float64(frame[at+1])
				frame[at], frame[at+1] = float32(a*cos-b*sin), float32(a*sin+b*cos)
			}
		}
	}
	return out
}
