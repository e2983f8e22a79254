package diffusion

import (
	"fmt"
	"math"
	"strings"
)

// Sampler names how the flow is integrated from noise to video. The model
// predicts v = noise - x0 on x_s = (1-s) x0 + s noise.
type Sampler struct {
	// Name is "unipc" (UniPC of order 2 as in Diffusers), "wan_unipc" (the
	// same update on the schedule of the original repository) or "euler"
	// (flow-match Euler as in Diffusers).
	Name string `json:"name"`
	// Shift bends the schedule towards noise; 1 leaves it alone.
	Shift float64 `json:"shift"`
}

// SamplerNames lists the samplers.
func SamplerNames() []string { return []string{"unipc", "wan_unipc", "euler"} }

// maxSteps is the length of the training schedule.
const maxSteps = 1000

// solver advances latents by one model call.
type solver interface {
	// step replaces the latents x at sigma i by those at sigma i+1, given the
	// model's prediction v for x.
	step(i int, x, v []float32)
}

// schedule is sigma at every step, the final zero included, and the timestep
// that the model is told.
type schedule struct {
	sigmas    []float32
	timesteps []float64
}

// newSolver makes the schedule and the solver for n values of latents.
func newSolver(s Sampler, steps, n int) (solver, schedule, error) {
	if steps < 1 || steps > maxSteps {
		return nil, schedule{}, fmt.Errorf("diffusion: %d steps: want 1 to %d", steps, maxSteps)
	}
	if !(s.Shift > 0) || math.IsInf(s.Shift, 0) {
		return nil, schedule{}, fmt.Errorf("diffusion: sampler %s: shift %g: want a positive number", s.Name, s.Shift)
	}
	switch s.Name {
	case "unipc":
		c := uniPCSchedule(s.Shift, steps, 1, 0.001)
		return newUniPC(c.sigmas, n), c, nil
	case "wan_unipc":
		c := uniPCSchedule(s.Shift, steps, float64(float32(0.999)), 0)
		return newUniPC(c.sigmas, n), c, nil
	case "euler":
		c := eulerSchedule(s.Shift, steps)
		return euler{c.sigmas}, c, nil
	}
	return nil, schedule{}, fmt.Errorf("diffusion: sampler %q: want one of %s", s.Name, strings.Join(SamplerNames(), ", "))
}

// shiftSigma is s*u / (1+(s-1)*u). The product is rounded by itself, so that
// no architecture fuses it.
func shiftSigma(s, u float64) float64 {
	return float64(s*u) / (1 + float64((s-1)*u))
}

// uniPCSchedule runs u linearly from first towards last, which is left out.
// Timesteps are truncated integers.
func uniPCSchedule(shift float64, n int, first, last float64) schedule {
	c := schedule{make([]float32, n+1), make([]float64, n)}
	d := (last - first) / float64(n)
	for i := range n {
		s := shiftSigma(shift, float64(float64(i)*d)+first)
		if i == 0 && math.Abs(s-1) < 1e-6 {
			s -= 1e-6 // ln(1-s) must stay finite
		}
		c.sigmas[i] = float32(s)
		c.timesteps[i] = math.Trunc(s * 1000)
	}
	return c
}

// eulerSchedule shifts twice, as the scheduler of Diffusers does: once for
// its bounds and once for the line between them.
func eulerSchedule(shift float64, n int) schedule {
	c := schedule{make([]float32, n+1), make([]float64, n)}
	low := float64(float32(shiftSigma(shift, 0.001)))
	for i := range n {
		u := 1.0
		if n > 1 {
			u = 1 + float64(float64(i)*((low-1)/float64(n-1)))
		}
		c.sigmas[i] = float32(shiftSigma(shift, u))
		c.timesteps[i] = float64(float32(c.sigmas[i] * 1000))
	}
	return c
}

// euler is x += (sigma' - sigma) v.
type euler struct{ sigmas []float32 }

func (e euler) step(i int, x, v []float32) {
	d := float64(e.sigmas[i+1]) - float64(e.sigmas[i])
	for j := range x {
		x[j] = float32(float64(x[j]) + float64(d*float64(v[j])))
	}
}
