package diffusion

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"longtake/internal/golden"
)

func TestNoiseGolden(t *testing.T) {
	g := golden.Open(t, "ops")
	for _, c := range []struct {
		name string
		seed uint64
	}{{"randn.seed0.n100", 0}, {"randn.seed1234567.n64", 1234567}, {"randn.seed42.n1000", 42}} {
		x := make([]float32, len(g.Values(c.name)))
		if err := Noise(x, c.seed); err != nil {
			t.Fatal(err)
		}
		g.Check(c.name, x, g.Tolerance("all"))
	}
	if err := Noise(make([]float32, 15), 0); err == nil {
		t.Error("15 values were drawn")
	}
	a, b := make([]float32, 64), make([]float32, 64)
	if err := Noise(a, 7); err != nil {
		t.Fatal(err)
	}
	if err := Noise(b, 7+1<<32); err != nil {
		t.Fatal(err)
	}
	if err := golden.Compare(a, b, 0); err != nil {
		t.Errorf("the high half of the seed counts: %v", err)
	}
}

func TestSamplersGolden(t *testing.T) {
	g := golden.Open(t, "scheduler")
	c := g.Values("c")
	tested := 0
	for _, name := range SamplerNames() {
		for _, shift := range []float64{1, 3, 5, 8} {
			for _, n := range []int{4, 10, 20, 50} {
				key := fmt.Sprintf("%s.shift%g.n%d.", name, shift, n)
				if _, ok := g.Tensor(key + "traj"); !ok {
					continue
				}
				tested++
				s, plan, err := newSolver(Sampler{name, shift}, n, len(c))
				if err != nil {
					t.Fatal(err)
				}
				sigmaTol, timeTol := g.Tolerance("unipc sigmas"), g.Tolerance("unipc timesteps")
				if name == "euler" {
					sigmaTol, timeTol = g.Tolerance("euler sigmas"), g.Tolerance("euler timesteps")
				}
				g.Check(key+"sigmas", plan.sigmas, sigmaTol)
				times := make([]float32, n)
				for i, v := range plan.timesteps {
					times[i] = float32(v)
				}
				g.Check(key+"timesteps", times, timeTol)

				traj := g.Values(key + "traj")
				x := append([]float32(nil), traj[:len(c)]...)
				v := make([]float32, len(c))
				for i := range n {
					for j := range x {
						f := float64(x[j])
						v[j] = float32(0.8*f - 0.3*f*f*f/(1+f*f) + 0.25*plan.timesteps[i]/1000 + 0.1*float64(c[j]))
					}
					s.step(i, x, v)
					if err := golden.Compare(x, traj[(i+1)*len(c):(i+2)*len(c)], g.Tolerance("traj")); err != nil {
						t.Errorf("%straj step %d: %v", key, i, err)
						break
					}
				}
			}
		}
	}
	if tested < 32 {
		t.Errorf("only %d trajectories in the golden file", tested)
	}
}

func TestSamplerRefuses(t *testing.T) {
	for _, c := range []struct {
		s     Sampler
		steps int
		want  string
	}{
		{Sampler{"unipc", 3}, 0, "0 steps"},
		{Sampler{"unipc", 3}, 1001, "1001 steps"},
		{Sampler{"unipc", 0}, 4, "shift 0"},
		{Sampler{"unipc", math.NaN()}, 4, "shift NaN"},
		{Sampler{"euler", math.Inf(1)}, 4, "shift +Inf"},
		{Sampler{"ddim", 3}, 4, `"ddim": want one of unipc, wan_unipc, euler`},
	} {
		if _, _, err := newSolver(c.s, c.steps, 16); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.s, err, c.want)
		}
	}
}

// One step, and as many as the training schedule has, stay finite.
func TestSamplerExtremes(t *testing.T) {
	for _, name := range SamplerNames() {
		for _, n := range []int{1, 2, 3, maxSteps} {
			s, plan, err := newSolver(Sampler{name, 3}, n, 16)
			if err != nil {
				t.Fatal(err)
			}
			x, v := make([]float32, 16), make([]float32, 16)
			if err := Noise(x, 1); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				copy(v, x)
				s.step(i, x, v)
			}
			for _, f := range x {
				if f != f || math.IsInf(float64(f), 0) {
					t.Fatalf("%s, %d steps: %v", name, n, x)
				}
			}
			if plan.sigmas[n] != 0 {
				t.Errorf("%s ends at sigma %g", name, plan.sigmas[n])
			}
		}
	}
}
