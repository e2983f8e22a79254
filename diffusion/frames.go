package diffusion

import (
	"fmt"
	"math"
)

// LatentFrames is the number of latent frames of a video of frames frames,
// which must be stride*k+1: the first latent frame stands for one video frame,
// every other for stride of them.
func LatentFrames(frames, stride int) (int, error) {
	if stride < 1 {
		return 0, fmt.Errorf("diffusion: temporal stride %d: want a positive number", stride)
	}
	if frames < 1 {
		return 0, fmt.Errorf("diffusion: %d frames: use 1 or more", frames)
	}
	if r := (frames - 1) % stride; r != 0 {
		return 0, fmt.Errorf("diffusion: %d frames: use %d or %d", frames, frames-r, frames-r+stride)
	}
	return (frames-1)/stride + 1, nil
}

// VideoFrames is the number of video frames of a number of latent frames.
func VideoFrames(latent, stride int) int { return (latent-1)*stride + 1 }

// FramesForRatio is the number of video frames at ratio times the training
// horizon: the nearest whole number of latent frames (halves away from zero,
// at least one), as video frames.
func FramesForRatio(ratio float64, trainingLatent, stride int) int {
	return VideoFrames(max(1, int(math.Round(ratio*float64(trainingLatent)))), stride)
}
