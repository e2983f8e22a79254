package lvsa

import (
	"fmt"
	"math"
)

// maxFrames bounds every count of latent frames: an hour of video has 14,400.
const maxFrames = 1 << 16

func (g Geometry) check() error {
	switch {
	case g.Frames < 1 || g.Frames > maxFrames:
		return fmt.Errorf("lvsa: geometry of %d latent frames: want 1..%d", g.Frames, maxFrames)
	case g.Rows < 1 || g.Cols < 1:
		return fmt.Errorf("lvsa: geometry of %dx%d tokens a frame: want at least 1x1", g.Rows, g.Cols)
	case g.TextTokens < 0:
		return fmt.Errorf("lvsa: geometry with %d text tokens: want 0 or more", g.TextTokens)
	case g.Reference < 0 || g.Reference > maxFrames:
		return fmt.Errorf("lvsa: geometry with reference %d: want the training horizon in latent frames, 1..%d", g.Reference, maxFrames)
	case int64(g.Rows) > math.MaxInt32 || int64(g.Cols) > math.MaxInt32/int64(g.Rows) ||
		int64(g.Frames) > math.MaxInt32/int64(g.Rows*g.Cols) || int64(g.TextTokens) > math.MaxInt32-int64(g.Tokens()):
		return fmt.Errorf("lvsa: geometry of %d frames of %dx%d tokens and %d text tokens: more than 31 bits can count",
			g.Frames, g.Rows, g.Cols, g.TextTokens)
	}
	return nil
}

// horizon is the geometry's reference, which what needs.
func (g Geometry) horizon(what string) (int, error) {
	if g.Reference < 1 {
		return 0, fmt.Errorf("lvsa: %s needs the model's training horizon: the geometry has reference %d", what, g.Reference)
	}
	return g.Reference, nil
}
