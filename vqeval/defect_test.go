package vqeval

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestDefectIsAnErrorOfTheVideo(t *testing.T) {
	old := detectors
	defer func() { detectors = old }()
	detectors = slices.Clone(old)
	detectors[0].find = func(*clip, *Facts) []event {
		var none []event
		return none[len(old):]
	}
	src := memory(40, 16, func(t, x, y int) float64 { return float64((7*t + 3*x + 5*y) % 200) })
	_, _, err := EvaluateFrames(t.Context(), src, Options{})
	var d *defect
	if !errors.As(err, &d) || !strings.HasPrefix(d.at, "defect_test.go:") || !strings.Contains(err.Error(), Version) {
		t.Fatal(err)
	}
}
