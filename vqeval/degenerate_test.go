package vqeval

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
)

// What does not move at all, what only its coding moves, and what is hardly there: every
// number of the report is one, whatever it is divided by.
func TestReportsOfHardlyAnythingAreNumbers(t *testing.T) {
	const w, h, n = 104, 60, 120
	texture := func(x, y int) int { return 40 + 60*((x/9+y/7)%3) + x%5 }
	once := func(t int) int {
		if t == 20 {
			return 1
		}
		return 0
	}
	for name, pixel := range map[string]func(t, x, y int, r *rand.Rand) int{
		"black":               func(_, _, _ int, _ *rand.Rand) int { return 0 },
		"a still":             func(_, x, y int, _ *rand.Rand) int { return texture(x, y) },
		"keyframes":           func(t, x, y int, _ *rand.Rand) int { return texture(x, y) + t/40%2*(x*y%3) },
		"a keyframe":          func(t, x, y int, _ *rand.Rand) int { return texture(x, y) + t/70*(x*y%2) },
		"one frame another":   func(t, x, y int, _ *rand.Rand) int { return texture(x, y) + once(t)*20 },
		"one frame coded":     func(t, x, y int, _ *rand.Rand) int { return texture(x, y) + once(t)*(x*y%3) },
		"one frame redrawn":   func(t, x, y int, _ *rand.Rand) int { return texture(x, y) + once(t)*(x/8+y/6)%2*4 },
		"one sample":          func(t, x, y int, _ *rand.Rand) int { return texture(x, y) + t%2*(1/(1+x+y)) },
		"noise, then black":   func(t, _, _ int, r *rand.Rand) int { return r.IntN(255) * (1 - t/60) },
		"black, then a still": func(t, x, y int, _ *rand.Rand) int { return texture(x, y) * (t / 60) },
		"noise in a corner": func(_, x, y int, r *rand.Rand) int {
			return texture(x, y) + r.IntN(9)*(1-min(1, x/12+y/12))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			s := &Source{Meta: VideoMeta{Width: w, Height: h, FPS: 24, TotalFrames: n}, Width: w, Height: h}
			for i := range n {
				luma := make([]byte, w*h)
				for k := range luma {
					luma[k] = byte(min(255, pixel(i, k%w, k/w, r)))
				}
				s.Luma = append(s.Luma, luma)
			}
			rep, _, err := EvaluateFrames(context.Background(), s, Options{ExpectMotion: true})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := json.Marshal(rep); err != nil {
				t.Error(err, fmt.Sprintf("%+v", rep.Failures))
			}
		})
	}
}
