package video

import "testing"

func TestPassthrough(t *testing.T) {
	for version, want := range map[string]string{
		"4.4.2-0ubuntu0.22.04.1": "vsync", "5.0": "vsync", "n5.0.1": "vsync",
		"5.1.8-0+deb12u1": "fps_mode", "n7.1": "fps_mode", "6.0": "fps_mode", "10.0": "fps_mode",
		"N-118448-g43be8d0728": "fps_mode", "": "fps_mode", // from the repository; unknown
	} {
		if got := passthrough(version); got != want {
			t.Errorf("%q: %s, want %s", version, got, want)
		}
	}
}
