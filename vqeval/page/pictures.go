package page

import (
	"context"
	"image"
	"math"
	"slices"

	"longtake/video"
	"longtake/vqeval"
)

// pictures are frames of a video, scaled down, and when every frame is shown.
type pictures struct {
	at    map[int]image.Image
	times []float64 // seconds after the first frame; nil where they follow from the rate
}

// decodePictures takes the wanted frames in one pass over the file.
func decodePictures(ctx context.Context, path string, m vqeval.VideoMeta, want []int, width int) (pictures, error) {
	p := pictures{at: map[int]image.Image{}}
	w, h := scaled(m, width)
	take := map[int]bool{}
	for _, i := range want {
		take[i] = true
	}
	var times []float64
	_, _, err := video.Decode(ctx, path, video.DecodeOptions{Width: w, Height: h}, func(f video.Frame) error {
		times = append(times, f.Time)
		if take[f.Index] {
			img := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
			for i := range f.Width * f.Height {
				copy(img.Pix[4*i:], f.Pix[3*i:3*i+3])
				img.Pix[4*i+3] = 255
			}
			p.at[f.Index] = img
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	for i, t := range times {
		if m.FPS <= 0 || math.Abs(t*m.FPS-float64(i)) > 0.25 {
			p.times = times
			break
		}
	}
	return p, nil
}

// scaled is the size of a picture at most so many pixels wide or high.
func scaled(m vqeval.VideoMeta, side int) (w, h int) {
	f := min(1, float64(side)/float64(max(m.Width, m.Height, 1)))
	return max(1, int(math.Round(float64(m.Width)*f))), max(1, int(math.Round(float64(m.Height)*f)))
}

// evenly puts n places in the middle of equal parts of the frames.
func evenly(frames, n int) []int {
	n = min(n, frames)
	out := make([]int, n)
	for i := range out {
		out[i] = (2*i + 1) * frames / (2 * n)
	}
	return out
}

// sheetFrames are frames at equal distances, the first and last one among them;
// where a finding begins near one of them, it takes its place.
func sheetFrames(r *vqeval.Report, n int) []int {
	frames := r.VideoMeta.TotalFrames
	n = min(n, frames)
	out := make([]int, n)
	for i := range out {
		if n > 1 {
			out[i] = i * (frames - 1) / (n - 1)
		}
	}
	onset := map[int]bool{}
	for _, f := range r.Findings {
		onset[f.OnsetFrame] = true
	}
	for t := range onset {
		if t < 0 || t >= frames || slices.Contains(out, t) {
			continue
		}
		near := 0
		for i := range out {
			if abs(out[i]-t) < abs(out[near]-t) {
				near = i
			}
		}
		if near > 0 && near < n-1 && !onset[out[near]] {
			out[near] = t
		} else {
			out = append(out, t)
		}
	}
	slices.Sort(out)
	return out
}

func abs(x int) int { return max(x, -x) }
