package cpu

import (
	"runtime"
	"testing"
)

func TestDetect(t *testing.T) {
	f := Detect()
	if runtime.GOARCH != "amd64" && (f.AVX2 || f.AVX512) {
		t.Errorf("%+v on %s", f, runtime.GOARCH)
	}
	if f.AVX512 && !f.AVX2 {
		t.Errorf("AVX-512 without AVX2: %+v", f)
	}
}
