package vqeval

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
)

// A time lapse may show a frame every few seconds, a recording a thousand a second: what
// is measured in seconds is then less than a frame, or longer than the video.
func TestAnyRateHasAReport(t *testing.T) {
	scenes := map[string]func(t, x, y int) float64{
		"moves": moving,
		"stops": func(t, x, y int) float64 { return moving(min(t, 60), x, y) },
		"stops in a half": func(t, x, y int) float64 {
			if x < 32 {
				t = min(t, 50)
			}
			return moving(t, x, y)
		},
		"loops": func(t, x, y int) float64 { return moving(t%30, x, y) },
	}
	for name, f := range scenes {
		for _, fps := range []float64{0.05, 0.1, 0.25, 0.4, 0.7, 1, 2, 1000} {
			t.Run(fmt.Sprintf("%s at %g fps", name, fps), func(t *testing.T) {
				rep, _, err := EvaluateFrames(context.Background(), memory(120, fps, f), Options{ExpectMotion: true})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := json.Marshal(rep); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
