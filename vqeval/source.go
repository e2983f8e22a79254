package vqeval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"longtake/video"
)

// Source is a decoded video at analysis size: luma of every frame at its native
// rate.
type Source struct {
	Meta          VideoMeta
	Width, Height int       // of Luma; see AnalysisSize
	Luma          [][]byte  // one plane of Width*Height full-range samples a frame; those of Load are not to be changed in place
	Saturation    []float64 // mean saturation of each frame in [0,1]; nil where unknown
	Look          []Look    // of each frame; nil where unknown
	Tones         []Tones   // likewise; the parts of each frame
	// Times are seconds after the first frame where the frames are unevenly
	// spaced, else nil.
	Times []float64
	// Warnings are what a reader of the numbers should know of the file.
	Warnings []string

	made *prepared // while the frames were decoded; nil where they were not
	full [2]int    // the analysis size where Luma is at half of it, else zero
}

const (
	analysisArea = 104 * 60 // samples of a frame that is analysed
	blockWidth   = 8        // samples; a plane is a whole number of blocks wide
	blockHeight  = 6
)

// AnalysisSize is the size at which a video of w x h pixels is analysed: about
// 104x60 with its aspect kept, and its own size where it is smaller. The width is
// a multiple of 8.
func AnalysisSize(w, h int) (int, int) {
	f := math.Min(1, math.Sqrt(analysisArea/(float64(w)*float64(h))))
	aw := blockWidth * max(2, int(math.Round(float64(w)*f/blockWidth)))
	ah := max(2*blockHeight, int(math.Round(float64(h)*f)))
	return min(aw, 1024), min(ah, 1024)
}

// maxFrames bounds the memory of one video (about 1.5 GB at full analysis size).
const maxFrames = 120000

// Load decodes a file to analysis size.
func Load(ctx context.Context, path string) (*Source, error) {
	s := &Source{}
	go gradientBins() // while nothing is there to be looked at
	var ahead *stream
	defer func() { ahead.stop() }()
	var header video.Info
	var details []Tones
	every := 1 // frames
	o := video.DecodeOptions{Fit: AnalysisSize, Rows: func(_, width int, pix []byte) {
		details = append(details, Tones{})
		details[len(details)-1].detail(pix, width)
	}, RowsEvery: func(i video.Info) int { every = detailEvery(i); return every }, Begin: func(i video.Info) { header = i }}
	info, n, err := video.Decode(ctx, path, o, func(f video.Frame) error {
		if f.Index == maxFrames {
			return fmt.Errorf("vqeval: %q has more than %d frames: cut it into pieces", path, maxFrames)
		}
		if ahead == nil {
			s.Width, s.Height = f.Width, f.Height
			ahead = startStream(f.Width, f.Height, int(framesOf(header)), streamSecond(header))
		}
		luma, look, tones, levels := lookAt(f.Pix, f.Width, f.Height)
		ahead.add(luma, &levels)
		if f.Index == fullFrames { // a long clip: see newSelfsim
			s.full = [2]int{f.Width, f.Height}
			s.Width, s.Height = halfSize(f.Width, f.Height)
			for i, l := range s.Luma {
				s.Luma[i] = halve(l, f.Width, f.Height)
			}
		}
		if s.full[0] > 0 {
			luma = halve(luma, f.Width, f.Height)
		}
		s.Luma = append(s.Luma, luma)
		s.Saturation = append(s.Saturation, look.Saturation)
		s.Look = append(s.Look, look)
		s.Tones = append(s.Tones, tones)
		s.Times = append(s.Times, f.Time)
		return nil
	})
	// What a file that breaks off still shows is scored, and the report says so.
	if err != nil && (n == 0 || !errors.Is(err, video.ErrTruncated) || ctx.Err() != nil) {
		return nil, err
	}
	for i := range min(len(s.Tones), every*len(details)) {
		s.Tones[i].Near, s.Tones[i].Far = details[i/every].Near, details[i/every].Far
	}
	s.Meta = VideoMeta{Width: info.Width, Height: info.Height, FPS: info.FPS, Duration: info.Duration,
		Codec: info.Codec, TotalFrames: n, SampledFrames: n, ContainerFrames: info.Frames}
	for _, w := range fileWarnings(info, n, err) {
		s.Warnings = append(s.Warnings, strings.ReplaceAll(w, path, filepath.Base(path))) // the same wherever the file lies
	}
	if !info.VariableRate {
		s.Times = nil
		s.made = ahead.end()
		s.made.luma = slices.Clone(s.Luma)
	}
	return s, nil
}

// detailEvery is at every how many frames of a file the detail is measured: of a long one less
// often, for each of the stretches that drift looks at has several nevertheless.
func detailEvery(i video.Info) int {
	return max(1, min(detailApart, int(math.Round(framesOf(i)))/(detailSeen*driftBins)))
}

// framesOf is how many frames the header of a file promises.
func framesOf(i video.Info) float64 {
	if i.Frames == 0 {
		return i.Duration * i.FPS
	}
	return float64(i.Frames)
}

// streamSecond is the look-ahead with which a file is streamed, 0 where the frame rate is not to be
// relied on.
func streamSecond(i video.Info) int {
	if i.VariableRate {
		return 0
	}
	return lookAhead((&Source{Meta: VideoMeta{FPS: i.FPS}}).second())
}

// fileWarnings says what is wrong with a file of which n frames could be decoded.
func fileWarnings(info video.Info, n int, err error) []string {
	var w []string
	switch {
	case info.Frames > n:
		w = append(w, fmt.Sprintf("only the %d of %d frames that could be decoded are scored", n, info.Frames))
	case err != nil:
		w = append(w, fmt.Sprintf("the file breaks off: the %d frames that could be decoded are scored", n))
	}
	if info.Damage != "" {
		w = append(w, "the file is damaged: ffmpeg: "+info.Damage)
	}
	switch {
	case !(info.FPS > 0):
		w = append(w, fmt.Sprintf("the frame rate is unknown: seconds are those of %d frames", unknownRate))
	case info.Untimed:
		w = append(w, fmt.Sprintf("a raw stream without timestamps: its rate of %.4g Hz may be ffmpeg's assumption", info.FPS))
	case info.FPS > highestRate:
		w = append(w, fmt.Sprintf("the frame rate of %.4g Hz is beyond belief: seconds are those of %d frames", info.FPS, highestRate))
	}
	return w
}

// even returns the source on an even time grid: with uneven timestamps every
// frame is repeated for as long as it is shown, because a frame that is held is a
// freeze to the viewer. origin[i] is the frame of s that grid position i shows;
// nil if the source is its own grid.
func (s *Source) even() (grid *Source, origin []int) {
	if len(s.Times) != len(s.Luma) || len(s.Times) < 3 {
		return s, nil
	}
	gaps := make([]float64, 0, len(s.Times)-1)
	for i := 1; i < len(s.Times); i++ {
		if g := s.Times[i] - s.Times[i-1]; g > 0 {
			gaps = append(gaps, g)
		}
	}
	if len(gaps) == 0 {
		return s, nil
	}
	slices.Sort(gaps)
	step := gaps[len(gaps)/4] // the usual spacing where the video is not held
	span := s.Times[len(s.Times)-1] - s.Times[0]
	if !(step > 0) || span/step > maxFrames {
		return s, nil
	}
	n := int(math.Round(span/step)) + 1
	g := &Source{Meta: s.Meta, Width: s.Width, Height: s.Height, full: s.full}
	g.Meta.FPS = 1 / step
	j := 0
	for i := range n {
		t := s.Times[0] + float64(i)*step
		for j+1 < len(s.Times) && s.Times[j+1] <= t+step/4 {
			j++
		}
		origin = append(origin, j)
		g.Luma = append(g.Luma, s.Luma[j])
		if s.Saturation != nil {
			g.Saturation = append(g.Saturation, s.Saturation[j])
		}
		if s.Look != nil {
			g.Look = append(g.Look, s.Look[j])
		}
		if s.Tones != nil {
			g.Tones = append(g.Tones, s.Tones[j])
		}
	}
	return g, origin
}

func (s *Source) check() error {
	if len(s.Luma) == 0 {
		return fmt.Errorf("vqeval: no frames")
	}
	if s.Width < 2*blockWidth || s.Width%blockWidth != 0 || s.Height < 2*blockHeight {
		return fmt.Errorf("vqeval: frames of %dx%d: use AnalysisSize", s.Width, s.Height)
	}
	for i, l := range s.Luma {
		if len(l) != s.Width*s.Height {
			return fmt.Errorf("vqeval: frame %d has %d samples, want %d", i, len(l), s.Width*s.Height)
		}
	}
	if s.Saturation != nil && len(s.Saturation) != len(s.Luma) {
		return fmt.Errorf("vqeval: %d saturations for %d frames", len(s.Saturation), len(s.Luma))
	}
	if s.Look != nil && len(s.Look) != len(s.Luma) {
		return fmt.Errorf("vqeval: %d looks for %d frames", len(s.Look), len(s.Luma))
	}
	if s.Tones != nil && len(s.Tones) != len(s.Luma) {
		return fmt.Errorf("vqeval: %d tones for %d frames", len(s.Tones), len(s.Luma))
	}
	return nil
}
