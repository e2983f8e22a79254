package corpus

import (
	"context"
	"fmt"
	"math"

	"longtake/video"
)

// baselinesVersion is part of the key under which measured values are kept.
const baselinesVersion = 1

// Baseline is a published or common measure that the scorer is compared with.
// Each is turned into a badness: higher is worse.
type Baseline struct {
	Name    string `json:"name"`
	Formula string `json:"formula"`
}

// Baselines lists them in the order of the tables. What works on pictures sees
// luma, area-averaged so that the longer side is at most 192 samples; the
// filters of ffmpeg see the file at its own size.
//
// NoRepeat's publication gives no scale for its L2 distance, so its threshold
// of 100 cannot be applied; only its order is used here.
var Baselines = []Baseline{
	{"freezedetect", "share of the duration that ffmpeg's freezedetect calls frozen at its defaults (-60 dB, 2 s)"},
	{"freezedetect-0.5s", "the same with a duration of 0.5 s"},
	{"mpdecimate", "share of the frames that ffmpeg's mpdecimate drops at its defaults"},
	{"adjacent", "1 - mean |x(t+1) - x(t)| / 255"},
	{"dynamic-degree", "1 - share of pairs at about 8 fps whose largest 5 % of flow magnitudes are above 6*(shorter side/256) on average (as VBench, with pyramidal Lucas-Kanade for RAFT)"},
	{"norepeat", "-mean over i of rms(x(s+i) - x(i)), s = the frame within 8 of N_k that is nearest to frame 0 (RIFLEx); N_k = the labelled period where there is one, else any frame from half a second to 8 before the end"},
	{"norepeat-searched", "the same with N_k searched in every video"},
}

const (
	stillNoise   = 0.001 // -60 dB
	stillLeast   = 0.5   // s; the default of 2 s is taken from the same answer
	stillDefault = 2.0   // s
	baselineSide = 192   // samples
	degreeRate   = 8.0   // Hz
	repeatNear   = 8     // frames around N_k
	repeatLeast  = 8     // frames that two sequences must share
)

// measureBaselines gives the badness of a file by every baseline. One that a
// file is too short for is absent. period is the labelled one, 0 for none.
func measureBaselines(ctx context.Context, path string, period int) (map[string]float64, error) {
	info, err := video.Probe(ctx, path)
	if err != nil {
		return nil, err
	}
	w, h := baselineSize(info.Width, info.Height)
	var frames [][]byte
	info, n, err := video.Decode(ctx, path, video.DecodeOptions{Gray: true, Width: w, Height: h}, func(f video.Frame) error {
		frames = append(frames, append([]byte(nil), f.Pix...))
		return nil
	})
	if err != nil {
		return nil, err
	}
	stills, err := video.FindStills(ctx, path, stillNoise, stillLeast)
	if err != nil {
		return nil, err
	}
	out := map[string]float64{"mpdecimate": 1 - float64(stills.Kept)/float64(n)}
	if info.FPS > 0 {
		seconds := float64(n) / info.FPS
		out["freezedetect"] = frozenShare(stills.Frozen, seconds, 1/info.FPS, stillDefault)
		out["freezedetect-0.5s"] = frozenShare(stills.Frozen, seconds, 1/info.FPS, stillLeast)
		if d, ok := dynamicDegree(frames, w, h, info.FPS); ok {
			out["dynamic-degree"] = 1 - d
		}
	}
	if n > 1 {
		var sum float64
		for t := 1; t < n; t++ {
			sum += meanDifference(frames[t-1], frames[t])
		}
		out["adjacent"] = 1 - sum/float64(n-1)/255
	}
	first := max(2, int(math.Round(info.FPS/2)))
	if l2, ok := repeatDistance(frames, first, n-1-repeatLeast); ok {
		out["norepeat-searched"] = -l2
	}
	lo, hi := first, n-1-repeatLeast
	if period > 0 {
		lo, hi = max(1, period-repeatNear), min(period+repeatNear, n-1)
	}
	if l2, ok := repeatDistance(frames, lo, hi); ok {
		out["norepeat"] = -l2
	}
	return out, nil
}

func baselineSize(w, h int) (int, int) {
	f := math.Min(1, baselineSide/float64(max(w, h)))
	return max(16, int(math.Round(float64(w)*f))), max(16, int(math.Round(float64(h)*f)))
}

// frozenShare adds up stretches of at least a duration. One that the file ends
// in lasts to the end of its last frame.
func frozenShare(spans []video.StillSpan, seconds, frame, least float64) float64 {
	var sum float64
	for _, s := range spans {
		end := s.End
		if s.Open {
			end = seconds
		}
		length := end - s.Start
		if s.Open && length-frame >= least || !s.Open && length >= least {
			sum += length
		}
	}
	return math.Min(1, sum/seconds)
}

func meanDifference(a, b []byte) float64 {
	sum := 0
	for i, v := range a {
		d := int(v) - int(b[i])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(a))
}

func rms(a, b []byte) float64 {
	sum := 0
	for i, v := range a {
		d := int(v) - int(b[i])
		sum += d * d
	}
	return math.Sqrt(float64(sum) / float64(len(a)))
}

// repeatDistance is the mean distance in grey levels between the sequence that
// starts at frame 0 and the one that starts at that frame of [lo, hi] which is
// nearest to frame 0.
func repeatDistance(frames [][]byte, lo, hi int) (float64, bool) {
	if lo > hi {
		return 0, false
	}
	start, least := 0, math.Inf(1)
	for t := lo; t <= hi; t++ {
		if d := rms(frames[0], frames[t]); d < least {
			start, least = t, d
		}
	}
	var sum float64
	for i := start; i < len(frames); i++ {
		sum += rms(frames[i-start], frames[i])
	}
	return sum / float64(len(frames)-start), true
}

// dynamicDegree is the share of frame pairs at about 8 Hz that move.
func dynamicDegree(frames [][]byte, w, h int, fps float64) (float64, bool) {
	step := max(1, int(math.Round(fps/degreeRate)))
	threshold := 6 * float64(min(w, h)) / 256
	moving, pairs := 0, 0
	var last pyramid
	for t := 0; t < len(frames); t += step {
		next := newPyramid(frames[t], w, h)
		if t > 0 {
			pairs++
			if topMean(last.flow(next), 0.05) > threshold {
				moving++
			}
		}
		last = next
	}
	if pairs == 0 {
		return 0, false
	}
	return float64(moving) / float64(pairs), true
}

// describeBaselines is the key of what measureBaselines says of a file.
func describeBaselines(period int) string {
	return fmt.Sprintf("baselines %d, period %d", baselinesVersion, period)
}
