package diffusion

import (
	"math"
	"strings"
	"testing"

	"longtake/kernels"
)

// Pixels truncate, clamp, and refuse what is not a number.
func TestFrame(t *testing.T) {
	vol := func(x ...float32) kernels.Vol {
		return kernels.Vol{Data: kernels.Host(x), C: 3, T: 1, H: 1, W: 1}
	}
	var d decoder
	rgb, err := d.frame(vol(-7, 0, 0.999), 0)
	if err != nil || rgb[0] != 0 || rgb[1] != 127 || rgb[2] != 254 {
		t.Errorf("got %v, %v", rgb, err)
	}
	if _, err := d.frame(vol(0, float32(math.NaN()), 0), 0); err == nil || !strings.Contains(err.Error(), "not a number") {
		t.Errorf("NaN: %v", err)
	}
}
