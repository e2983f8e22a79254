package sweeps

import (
	"fmt"

	"longtake/diffusion"
	"longtake/kernels"
	"longtake/lvsa"
)

// Work is what a cell costs, estimated before it runs.
type Work struct {
	FLOP     float64 // of the transformer, all steps and branches
	Attended float64 // mean share of token pairs
	decode   float64 // FLOP of the decoder, roughly; only for shares of progress
}

// total is the measure of progress.
func (w Work) total() float64 { return w.FLOP + w.decode }

// Share is how much of the work a generation has done, 0..1.
func (w Work) Share(p diffusion.Progress) float64 {
	denoise := w.FLOP / w.total()
	return denoise*float64(p.Step)/float64(max(1, p.Steps)) + (1-denoise)*float64(p.Frame)/float64(max(1, p.Frames))
}

// Estimate counts the floating point operations (a multiply-add is two) of a
// generation from the model's sizes and from the masks that the method really
// asks for: per branch and layer 4*N*N*fraction*dim for self-attention and
// 2*N per weight for the linear layers.
func Estimate(m diffusion.Info, method lvsa.Method, frames, width, height, steps int, guided bool) (Work, error) {
	latent, err := diffusion.LatentFrames(frames, m.TemporalStride)
	if err != nil {
		return Work{}, err
	}
	g := lvsa.Geometry{Frames: latent, Rows: height / m.SpatialFactor / m.Patch[1], Cols: width / m.SpatialFactor / m.Patch[2], Reference: m.TrainingLatentFrames}
	fraction, err := attended(m, method, g, steps)
	if err != nil {
		return Work{}, err
	}
	n, d := float64(g.Tokens()), float64(m.Heads*m.HeadDim)
	text := float64(m.TextTokens)
	linear := 2 * n * (4*d*d + 2*d*d + 2*d*float64(m.FFN)) // self q, k, v, o; cross q, o; feed-forward
	cross := 4 * n * text * d
	branches := 1.0
	if guided {
		branches = 2
	}
	w := Work{FLOP: float64(steps) * branches * float64(m.Layers) * (4*n*n*fraction*d + linear + cross), Attended: fraction}
	// Every weight of the decoder works at one of its resolutions; the middle ones dominate.
	w.decode = 2 * float64(m.DecoderParameters) * float64(latent) * float64(g.Rows*m.Patch[1]*g.Cols*m.Patch[2]) * 16
	return w, nil
}

// attended asks the method for the plan of every step and layer and returns
// the mean share of video pairs. Nothing is computed.
func attended(m diffusion.Info, method lvsa.Method, g lvsa.Geometry, steps int) (float64, error) {
	dims := m.HeadDim - 2*(2*(m.HeadDim/6)) // the temporal part; the split of Wan
	rope, err := method.Rope(g, lvsa.NewRope(10000, dims))
	if err != nil {
		return 0, err
	}
	a, err := method.Begin(counting{}, g, rope)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	x := kernels.Heads(kernels.Host(nil), g.Tokens()+g.TextTokens, m.Heads, m.HeadDim)
	for step := range steps {
		for layer := range m.Layers {
			if err := a.Attend(lvsa.Site{Step: step, Steps: steps, Layer: layer, Layers: m.Layers}, kernels.Args{Q: x, K: x, V: x, Out: x}); err != nil {
				return 0, err
			}
		}
	}
	return MeanFraction(a.Usage())
}

// MeanFraction is the attended share of pairs over all calls.
func MeanFraction(usage []lvsa.Usage) (float64, error) {
	var sum, calls float64
	for _, u := range usage {
		sum += u.Fraction * float64(u.Calls)
		calls += float64(u.Calls)
	}
	if calls == 0 {
		return 0, fmt.Errorf("sweeps: the method attended nowhere")
	}
	return sum / calls, nil
}

// counting is a backend whose plans do nothing: it only lets a method say
// which masks it wants.
type counting struct{}

type idle struct{}

func (idle) Run(kernels.Args) error { return nil }
func (idle) Close() error           { return nil }

func (counting) Name() string                 { return "counting" }
func (counting) Supports(kernels.Shape) error { return nil }
func (counting) Alloc(kernels.DType, int) (kernels.Buffer, error) {
	return nil, fmt.Errorf("sweeps: counting: %w", kernels.ErrUnsupported)
}
func (counting) Plan(kernels.Shape, kernels.BlockMask, kernels.Logits) (kernels.Plan, error) {
	return idle{}, nil
}
func (counting) Ops() kernels.Ops { return nil }
