package video

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	ffmpeg "github.com/u2takey/ffmpeg-go"
)

// StillSpan is a stretch that ffmpeg's freezedetect calls frozen, in seconds of
// the file's timestamps. Open means that the file ended in it: End is then 0.
type StillSpan struct {
	Start, End float64
	Open       bool
}

// Stills is what two filters of ffmpeg say of a file.
type Stills struct {
	Frozen []StillSpan // freezedetect, of at least the duration asked for
	Kept   int         // frames that mpdecimate, as it is by default, lets through
}

// FindStills runs ffmpeg's freezedetect (noise as a share of full scale: 0.001
// is -60 dB, its default; least is its duration in seconds) and then mpdecimate
// over a file at its own size and rate. Errors are those of Decode.
//
// freezedetect compares each frame with the one that a stretch began with; the
// duration only hides shorter stretches, so those of a longer one can be taken
// from the same answer.
func FindStills(ctx context.Context, path string, noise, least float64) (Stills, error) {
	if err := needTools(); err != nil {
		return Stills{}, err
	}
	if !(noise > 0) || noise > 1 || !(least > 0) {
		return Stills{}, fmt.Errorf("video: stills of %q: noise %g must be in (0,1] and the duration %g s positive", path, noise, least)
	}
	in, err := openInput(path)
	if err != nil {
		return Stills{}, err
	}
	defer in.close()
	_, version, err := probe(ctx, in)
	if err != nil {
		return Stills{}, err
	}
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return Stills{}, fmt.Errorf("video: stills: %w", err)
	}
	inOpt := inputOptions()
	inOpt["v"] = "info" // freezedetect speaks at this level
	inOpt["nostdin"], inOpt["nostats"], inOpt["hide_banner"] = "", "", ""
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	out := ffmpeg.Input(fdName, inOpt).Output("-", ffmpeg.KwArgs{
		"map": "0:V:0", "format": "null", passthrough(version): "passthrough", "progress": "pipe:1",
		"vf": "freezedetect=n=" + number(noise) + ":d=" + number(least) + ",mpdecimate",
	})
	out.Context = ctx
	cmd := out.Compile()
	var said words
	prepare(cmd, &said)
	found := stillLines{next: &said}
	cmd.Stderr = &found
	var progress bytes.Buffer
	cmd.Stdout = &progress
	cmd.ExtraFiles = []*os.File{in.file}
	if err := cmd.Run(); err != nil {
		return Stills{}, failure(ctx, "stills", path, err, &said, ErrNotVideo)
	}
	kept, ok := lastFrame(progress.String())
	if !ok {
		return Stills{}, fmt.Errorf("video: stills of %q: ffmpeg did not say how many frames are left", path)
	}
	return Stills{found.spans, kept}, nil
}

// lastFrame reads the last "frame=60" of ffmpeg's progress.
func lastFrame(progress string) (n int, ok bool) {
	for line := range strings.Lines(progress) {
		if v, found := strings.CutPrefix(strings.TrimSpace(line), "frame="); found {
			if f, err := strconv.Atoi(v); err == nil {
				n, ok = f, true
			}
		}
	}
	return n, ok
}

// stillLines reads freezedetect's messages out of a stream that it passes on.
type stillLines struct {
	next  io.Writer
	rest  []byte
	spans []StillSpan
}

func (s *stillLines) Write(p []byte) (int, error) {
	s.rest = append(s.rest, p...)
	for {
		line, rest, ok := bytes.Cut(s.rest, []byte("\n"))
		if !ok {
			return s.next.Write(p)
		}
		s.line(string(line))
		s.rest = append([]byte(nil), rest...)
	}
}

func (s *stillLines) line(l string) {
	const key = "lavfi.freezedetect.freeze_"
	_, rest, ok := strings.Cut(l, key)
	if !ok {
		return
	}
	what, value, _ := strings.Cut(rest, ":")
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		return
	}
	switch last := len(s.spans) - 1; {
	case what == "start":
		s.spans = append(s.spans, StillSpan{Start: v, Open: true})
	case what == "end" && last >= 0:
		s.spans[last].End, s.spans[last].Open = v, false
	}
}
