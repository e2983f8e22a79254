package video

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	ffmpeg "github.com/u2takey/ffmpeg-go"
)

// Info describes the first video stream of a file.
type Info struct {
	Path          string
	Width, Height int     // as displayed: a rotation by 90 degrees swaps them
	FPS           float64 // mean frame rate, Hz
	Frames        int     // as the container counts them, 0 where it does not
	Duration      float64 // seconds, 0 where unknown
	Codec, PixFmt string
	VariableRate  bool // frames are not evenly spaced
	Untimed       bool // a bare codec stream without timestamps: FPS may be ffmpeg's assumption
	// Damage holds ffmpeg's words where Decode went on past damaged data, else "".
	Damage string
}

type probeOut struct {
	Streams []struct {
		Width        int    `json:"width"`
		Height       int    `json:"height"`
		CodecName    string `json:"codec_name"`
		PixFmt       string `json:"pix_fmt"`
		RFrameRate   string `json:"r_frame_rate"`
		AvgFrameRate string `json:"avg_frame_rate"`
		NbFrames     string `json:"nb_frames"`
		Duration     string `json:"duration"`
		Tags         struct {
			Rotate string `json:"rotate"`
		} `json:"tags"`
		SideData []struct {
			Rotation *float64 `json:"rotation"`
		} `json:"side_data_list"`
	} `json:"streams"`
	Program struct {
		Version string `json:"version"`
	} `json:"program_version"`
	Format struct {
		Duration string `json:"duration"`
		Name     string `json:"format_name"`
	} `json:"format"`
}

// Probe reads the header of a video file. A file without a video stream is an
// error that wraps ErrNotVideo.
func Probe(ctx context.Context, path string) (Info, error) {
	if err := needTools(); err != nil {
		return Info{}, err
	}
	in, err := openInput(path)
	if err != nil {
		return Info{}, err
	}
	defer in.close()
	info, _, err := probe(ctx, in)
	return info, err
}

// probe also tells which version of ffmpeg is installed: a program that is only
// asked for its version costs a tenth of a second of processor time.
func probe(ctx context.Context, in *input) (info Info, version string, err error) {
	opt := inputOptions()
	opt["select_streams"] = "V:0"
	opt["show_streams"], opt["show_format"], opt["show_program_version"], opt["of"] = "", "", "", "json"
	// The library's own Probe takes neither a context nor open files.
	cmd := exec.CommandContext(ctx, "ffprobe", append(ffmpeg.ConvertKwargsToCmdLineArgs(opt), fdName)...)
	var out bytes.Buffer
	var said words
	prepare(cmd, &said)
	cmd.Stdout = &out
	cmd.ExtraFiles = []*os.File{in.file}
	if err := cmd.Run(); err != nil {
		return Info{}, "", failure(ctx, "probe", in.path, err, &said, ErrNotVideo)
	}
	var p probeOut
	if err := json.Unmarshal(out.Bytes(), &p); err != nil {
		return Info{}, "", fmt.Errorf("video: probe %q: ffprobe's answer: %w", in.path, err)
	}
	if len(p.Streams) == 0 {
		return Info{}, "", fmt.Errorf("video: probe %q: %w: it has no video stream", in.path, ErrNotVideo)
	}
	s := p.Streams[0]
	info = Info{Path: in.path, Width: s.Width, Height: s.Height, Codec: s.CodecName, PixFmt: s.PixFmt}
	if info.Width <= 0 || info.Height <= 0 {
		return Info{}, "", fmt.Errorf("video: probe %q: %w: its size is %dx%d %s", in.path, ErrNotVideo, s.Width, s.Height, said.text(in.path))
	}
	rotation, _ := strconv.ParseFloat(s.Tags.Rotate, 64)
	for _, d := range s.SideData {
		if d.Rotation != nil {
			rotation = *d.Rotation
		}
	}
	if int(math.Round(math.Abs(rotation)/90))%2 == 1 {
		info.Width, info.Height = info.Height, info.Width
	}
	avg, base := ratio(s.AvgFrameRate), ratio(s.RFrameRate)
	info.FPS = avg
	if avg == 0 {
		info.FPS = base
	}
	// The base rate fits every timestamp; a lower mean rate means gaps.
	info.VariableRate = avg > 0 && base > 0 && math.Abs(base-avg) > 0.01*avg
	info.Untimed = slices.Contains(bareStreams, p.Format.Name)
	info.Frames, _ = strconv.Atoi(s.NbFrames)
	if info.Duration = seconds(s.Duration); info.Duration == 0 {
		info.Duration = seconds(p.Format.Duration)
	}
	return info, p.Program.Version, nil
}

// bareStreams are the formats whose demuxers invent timestamps.
var bareStreams = []string{"h264", "hevc", "vvc", "obu", "m4v", "mpegvideo", "mjpeg"}

// ratio reads "24000/1001"; 0 where it is absent or infinite.
func ratio(s string) float64 {
	num, den, _ := strings.Cut(s, "/")
	n, err := strconv.ParseFloat(num, 64)
	if err != nil {
		return 0
	}
	d, err := strconv.ParseFloat(den, 64)
	if err != nil || d == 0 || !(n/d > 0) || math.IsInf(n/d, 0) {
		return 0
	}
	return n / d
}

func seconds(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return 0
	}
	return v
}
