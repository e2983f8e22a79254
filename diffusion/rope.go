package diffusion

import (
	"fmt"
	"math"

	"longtake/kernels"
	"longtake/lvsa"
)

// ropeFreqs are theta^(-2k/dims) for the dims/2 pairs of one axis.
func ropeFreqs(theta float64, dims int) []float64 {
	f := make([]float64, dims/2)
	for k := range f {
		f[k] = math.Pow(theta, -2*float64(k)/float64(dims))
	}
	return f
}

// baseRope is the model's own temporal embedding.
func (c *transformerConfig) baseRope() lvsa.Rope {
	t, _, _ := c.ropeDims()
	return lvsa.Rope{Theta: c.theta(), Freqs: ropeFreqs(c.theta(), t), PositionScale: 1, LogitScale: 1}
}

// ropeTable fills cos and sin, each [tokens, HeadDim/2], with the angles of
// time, height and width side by side. Angles are float64 and the tables are
// rounded to float32. Only the temporal part is the method's.
func (c *transformerConfig) ropeTable(cos, sin []float32, g lvsa.Geometry, r lvsa.Rope) error {
	td, hd, wd := c.ropeDims()
	if len(r.Freqs) != td/2 {
		return fmt.Errorf("diffusion: rope: the method gives %d temporal frequencies, the model has %d", len(r.Freqs), td/2)
	}
	if g.Frames > c.MaxPositions || g.Rows > c.MaxPositions || g.Cols > c.MaxPositions {
		return fmt.Errorf("diffusion: a grid of %d latent frames, %d rows and %d columns: the model has %d positions an axis", g.Frames, g.Rows, g.Cols, c.MaxPositions)
	}
	axis := func(n int, scale float64, freqs []float64) [][2]float32 {
		t := make([][2]float32, n*len(freqs))
		for p := range n {
			for k, f := range freqs {
				s, c := math.Sincos(float64(p) * scale * f)
				t[p*len(freqs)+k] = [2]float32{float32(c), float32(s)}
			}
		}
		return t
	}
	ts := axis(g.Frames, r.PositionScale, r.Freqs)
	hs := axis(g.Rows, 1, ropeFreqs(c.theta(), hd))
	ws := axis(g.Cols, 1, ropeFreqs(c.theta(), wd))
	at := 0
	put := func(t [][2]float32, p, n int) {
		for _, cs := range t[p*n : (p+1)*n] {
			cos[at], sin[at] = cs[0], cs[1]
			at++
		}
	}
	for f := range g.Frames {
		for i := range g.Rows {
			for j := range g.Cols {
				put(ts, f, td/2)
				put(hs, i, hd/2)
				put(ws, j, wd/2)
			}
		}
	}
	return nil
}

// hostAlloc allocates a float32 buffer and its host memory. Operators of every
// backend take host buffers of its own kind; a backend without host memory
// would need copies that the Backend interface does not have yet.
func hostAlloc(b kernels.Backend, n int) (kernels.Buffer, []float32, error) {
	buf, err := b.Alloc(kernels.F32, n)
	if err != nil {
		return nil, nil, fmt.Errorf("diffusion: %w", err)
	}
	h := buf.Float32()
	if h == nil {
		return nil, nil, fmt.Errorf("diffusion: backend %s: its memory cannot be read by the host: %w", b.Name(), kernels.ErrUnsupported)
	}
	return buf, h, nil
}
