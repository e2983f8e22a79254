package diffusion

import (
	"fmt"
	"slices"
	"strconv"

	"longtake/internal/safetensors"
	"longtake/lvsa"
)

// DumpRequest asks for the self-attention inputs of one layer at one step of
// the conditional pass, as a safetensors file: q, k, v [tokens, heads, dim]
// as the kernel gets them, q_unrotated and k_unrotated before the rotary
// embedding (for methods that edit it), and the geometry in the metadata.
type DumpRequest struct {
	Layer, Step int // counted from 0
	Path        string
}

// dumper takes the one dump of a generation; a nil dumper wants nothing.
type dumper struct {
	req  DumpRequest
	meta map[string]string
	q, k []float32
	done bool
}

func newDumper(r *DumpRequest, m *Model, req *Request, steps int) (*dumper, error) {
	if r == nil {
		return nil, nil
	}
	if r.Layer < 0 || r.Layer >= m.info.Layers || r.Step < 0 || r.Step >= steps {
		return nil, fmt.Errorf("diffusion: dump of layer %d, step %d: the model has layers 0 to %d, the run steps 0 to %d", r.Layer, r.Step, m.info.Layers-1, steps-1)
	}
	if r.Path == "" {
		return nil, fmt.Errorf("diffusion: dump: no file named")
	}
	return &dumper{req: *r, meta: map[string]string{
		"model": m.info.Name, "checkpoint": m.info.SHA256, "method": req.Method.Name(), "prompt": req.Prompt,
		"seed": strconv.FormatUint(req.Seed, 10), "rope_theta": strconv.FormatFloat(m.tr.cfg.theta(), 'g', -1, 64),
	}}, nil
}

func (d *dumper) wants(s lvsa.Site) bool {
	return d != nil && !d.done && s.Layer == d.req.Layer && s.Step == d.req.Step && s.Branch == 0
}

// unrotated keeps copies of q and k before they are rotated in place.
func (d *dumper) unrotated(q, k []float32) { d.q, d.k = slices.Clone(q), slices.Clone(k) }

func (d *dumper) write(site lvsa.Site, s *denoiser, q, k, v []float32) error {
	c, g := &s.tr.cfg, s.geo
	for n, x := range map[string]int{
		"layer": site.Layer, "layers": site.Layers, "step": site.Step, "steps": site.Steps, "frames": g.Frames, "rows": g.Rows, "cols": g.Cols,
		"reference": g.Reference, "heads": c.Heads, "head_dim": c.HeadDim,
	} {
		d.meta[n] = strconv.Itoa(x)
	}
	shape := []int{g.Tokens(), c.Heads, c.HeadDim}
	err := safetensors.WriteFile(d.req.Path, d.meta, []safetensors.Entry{
		{Name: "q", Shape: shape, Data: q}, {Name: "k", Shape: shape, Data: k}, {Name: "v", Shape: shape, Data: v},
		{Name: "q_unrotated", Shape: shape, Data: d.q}, {Name: "k_unrotated", Shape: shape, Data: d.k},
	})
	if err != nil {
		return fmt.Errorf("dump: %w", err)
	}
	d.done, d.q, d.k = true, nil, nil
	return nil
}
