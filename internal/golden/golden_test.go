package golden

import (
	"math"
	"testing"
)

func TestManifest(t *testing.T) {
	f := Open(t, "wan_dit_tiny_io")
	if got := f.Tolerance("out.*"); got != 5e-5 {
		t.Errorf("tolerance of out.* is %g", got)
	}
	if got := Open(t, "ops").Tolerance("all"); got != 3e-6 {
		t.Errorf("tolerance of ops is %g", got)
	}
	if got := f.Shape("in.latents"); len(got) != 5 || got[2] != 5 {
		t.Errorf("shape of in.latents is %v", got)
	}
	if got := Open(t, "e2e_tiny").Seed(); got != 2024 {
		t.Errorf("seed is %d", got)
	}
	var c struct {
		Base int `json:"base_dim"`
	}
	Open(t, "wan_vae_tiny").Config(&c)
	if c.Base != 16 {
		t.Errorf("base_dim is %d", c.Base)
	}
}

func TestCompare(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		got, want []float32
		tol       float64
		ok        bool
	}{
		{[]float32{1, 2}, []float32{1, 2.5}, 0.5, true},
		{[]float32{1, 2}, []float32{1, 2.5}, 0.4, false},
		{[]float32{1}, []float32{1, 2}, 9, false},
		{[]float32{nan}, []float32{1}, 9, false},
		{[]float32{1}, []float32{nan}, 9, false},
		{[]float32{nan, inf}, []float32{nan, inf}, 0, true},
		{[]float32{-inf}, []float32{inf}, 9, false},
	} {
		if err := Compare(c.got, c.want, c.tol); (err == nil) != c.ok {
			t.Errorf("%v against %v within %g: %v", c.got, c.want, c.tol, err)
		}
	}
}
