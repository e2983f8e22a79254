package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	ffmpeg "github.com/u2takey/ffmpeg-go"

	"longtake/internal/process"
)

// EncodeOptions describe the file that Create writes.
type EncodeOptions struct {
	Width, Height int     // even: 4:2:0 halves the chroma planes
	FPS           float64 // Hz
	CRF           int     // quality, 1-51 (VP9: to 63); 0 = 18
	Preset        string  // x264 preset; "" = veryfast
	Threads       int     // 0 = ffmpeg's choice
	Codec         string  // x264 or vp9; "" = x264
	Container     string  // mp4 or matroska; "" = mp4
}

// Encoder writes one H.264 or VP9 file (yuv420p; MP4 has its index in front). The file is
// made beside its place under another name and gets its own name in Close, so
// that a half-written one is never found there. Every Encoder ends in Close or
// Abort; cancelling the context ends ffmpeg and removes the unfinished file.
type Encoder struct {
	ctx    context.Context
	cancel context.CancelFunc
	path   string
	temp   string
	size   int
	in     io.WriteCloser
	said   words
	done   chan struct{} // closed when ffmpeg has ended
	werr   error         // valid after done
	frames int
	ended  bool
	err    error
}

// Create starts an encoder for path, whose folder must exist.
func Create(ctx context.Context, path string, o EncodeOptions) (*Encoder, error) {
	if err := needTools(); err != nil {
		return nil, err
	}
	if o.CRF == 0 {
		o.CRF = 18
	}
	if o.Preset == "" {
		o.Preset = "veryfast"
	}
	if o.Codec == "" {
		o.Codec = "x264"
	}
	if o.Container == "" {
		o.Container = "mp4"
	}
	most := 51
	if o.Codec == "vp9" {
		most = 63
	}
	switch {
	case path == "":
		return nil, errors.New("video: encode: empty file name")
	case o.Width <= 0 || o.Height <= 0 || o.Width%2 != 0 || o.Height%2 != 0:
		return nil, fmt.Errorf("video: encode %q: size %dx%d: 4:2:0 needs an even width and height", path, o.Width, o.Height)
	case !(o.FPS > 0) || o.FPS > 1000:
		return nil, fmt.Errorf("video: encode %q: frame rate %g must be between 0 and 1000", path, o.FPS)
	case o.CRF < 1 || o.CRF > most:
		return nil, fmt.Errorf("video: encode %q: CRF %d must be 1-%d", path, o.CRF, most)
	case o.Codec != "x264" && o.Codec != "vp9":
		return nil, fmt.Errorf("video: encode %q: unknown codec %q: x264 or vp9", path, o.Codec)
	case o.Container != "mp4" && o.Container != "matroska":
		return nil, fmt.Errorf("video: encode %q: unknown container %q: mp4 or matroska", path, o.Container)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("video: encode: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(abs), "."+filepath.Base(abs)+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("video: encode: %w", err)
	}
	f.Close()

	ctx, cancel := context.WithCancel(ctx)
	e := &Encoder{ctx: ctx, cancel: cancel, path: abs, temp: f.Name(), size: o.Width * o.Height * 3, done: make(chan struct{})}
	opt := ffmpeg.KwArgs{
		"format": o.Container, "pix_fmt": "yuv420p", "crf": o.CRF,
		// The colour conversion is named in the file, so that players undo the same one.
		"vf": "scale=out_color_matrix=bt601:flags=accurate_rnd+full_chroma_int", "colorspace": "smpte170m", "color_range": "tv",
		"y": "",
	}
	if o.Container == "mp4" {
		opt["movflags"] = "+faststart"
	}
	if o.Codec == "vp9" {
		// Without a bit rate of 0 the CRF would only bound the quality.
		opt["c:v"], opt["b:v"], opt["deadline"], opt["cpu-used"] = "libvpx-vp9", "0", "realtime", 7
	} else {
		opt["c:v"], opt["preset"] = "libx264", o.Preset
		// It would choose by the instructions that the processor has, and so other bits on another.
		opt["x264-params"] = "cpu-independent=1"
	}
	if o.Threads > 0 {
		opt["threads"] = o.Threads
	}
	out := ffmpeg.Input("pipe:0", ffmpeg.KwArgs{
		"v": "error", "xerror": "", "protocol_whitelist": protocols, "format": "rawvideo", "pix_fmt": "rgb24",
		"video_size": fmt.Sprintf("%dx%d", o.Width, o.Height), "framerate": strconv.FormatFloat(o.FPS, 'f', -1, 64),
	}).Output("file:"+e.temp, opt)
	out.Context = ctx
	cmd := out.Compile()
	prepare(cmd, &e.said)
	// An encoder that outlived a killed caller would still make its file.
	var wait func() error
	if e.in, err = cmd.StdinPipe(); err == nil {
		wait, err = process.Bind(cmd)
	}
	if err != nil {
		cancel()
		os.Remove(e.temp)
		return nil, fmt.Errorf("video: encode %q: %w", path, err)
	}
	go e.wait(wait)
	return e, nil
}

// wait reaps ffmpeg even when nobody calls Close after a cancellation.
func (e *Encoder) wait(ended func() error) {
	e.werr = ended()
	if e.ctx.Err() != nil {
		os.Remove(e.temp)
	}
	close(e.done)
}

// WriteFrame appends one rgb24 frame of Width*Height*3 bytes, rows from the
// top. After an error the file cannot be finished: call Abort (Close does the
// same and returns the error again).
func (e *Encoder) WriteFrame(rgb []byte) error {
	switch {
	case e.err != nil:
		return e.err
	case e.ended:
		return fmt.Errorf("video: encode %q: WriteFrame after Close", e.path)
	case len(rgb) != e.size:
		return fmt.Errorf("video: encode %q: frame %d has %d bytes, want %d", e.path, e.frames, len(rgb), e.size)
	}
	if _, err := e.in.Write(rgb); err != nil {
		// ffmpeg went away: its words say why, once it has ended.
		e.in.Close()
		<-e.done
		if e.werr != nil {
			err = e.werr
		}
		e.err = failure(e.ctx, "encode", e.path, err, &e.said, nil)
		return e.err
	}
	e.frames++
	return nil
}

// Close finishes the file, syncs it and gives it its name. On an error nothing
// is left.
func (e *Encoder) Close() error {
	if e.ended {
		return e.err
	}
	if e.err != nil {
		e.discard()
		return e.err
	}
	if e.frames == 0 {
		e.discard()
		e.err = fmt.Errorf("video: encode %q: no frame was written", e.path)
		return e.err
	}
	e.in.Close()
	<-e.done
	switch {
	// An error that ffmpeg only tells (some versions end with 0 when the index could not be written) counts.
	case e.ctx.Err() != nil || e.werr != nil || len(e.said.b) > 0:
		e.err = failure(e.ctx, "encode", e.path, e.werr, &e.said, nil)
	default:
		e.err = publish(e.temp, e.path)
	}
	e.discard()
	return e.err
}

// Abort ends ffmpeg and removes what was written; after Close it does nothing.
func (e *Encoder) Abort() {
	if !e.ended {
		e.discard()
		if e.err == nil {
			e.err = fmt.Errorf("video: encode %q: aborted", e.path)
		}
	}
}

func (e *Encoder) discard() {
	e.ended = true
	e.cancel()
	e.in.Close()
	<-e.done
	os.Remove(e.temp)
}

func publish(temp, path string) error {
	f, err := os.OpenFile(temp, os.O_RDWR, 0)
	if err == nil {
		// CreateTemp keeps others out; a finished video is an ordinary file.
		err = f.Chmod(0o644)
		if serr := f.Sync(); err == nil {
			err = serr
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return fmt.Errorf("video: encode: %w", err)
	}
	return nil
}
