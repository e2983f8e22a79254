package video

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"

	ffmpeg "github.com/u2takey/ffmpeg-go"

	"longtake/internal/process"
)

// Frame is one decoded frame.
type Frame struct {
	Index         int
	Time          float64 // seconds after the first frame, from the timestamps
	Width, Height int
	// Pix is luma (W*H bytes) or rgb24 (W*H*3 bytes), rows from the top, full
	// range; valid only during the call that gets it.
	Pix []byte
}

// DecodeOptions say how frames are handed out.
type DecodeOptions struct {
	Gray          bool
	Width, Height int // 0, 0 = as displayed; else area-averaged to this size
	Threads       int // decoder threads; 0 = ffmpeg's choice
	// Fit, where it is set, says the size of the frames from that of the video as
	// displayed, in place of Width and Height.
	Fit func(w, h int) (int, int)

	// Begin, if set, is called once before the first frame with what the header says.
	Begin func(Info)

	// Rows, if set, gets besides every frame a few of its rows at full width and
	// native resolution, evenly spaced over its height, as luma: what
	// scaling takes away. It is called in order from another goroutine, not in step
	// with the frames; pix holds full-range samples, rows from the top, and is
	// valid only during the call. See RowsOf for how many there are.
	Rows func(index, width int, pix []byte)
	// RowsEvery says of which frames Rows gets them: every so many, from the first on.
	// nil: of each.
	RowsEvery func(Info) int
}

// rowSamples is about how many samples the rows of a frame have together.
const rowSamples = 1 << 15

// RowsOf is how many rows of a video of w x h pixels DecodeOptions.Rows gets.
func RowsOf(w, h int) int { return max(1, min(h, max(8, rowSamples/max(1, w)))) }

// maxPixels bounds one frame, so that a lying header cannot ask for all memory.
const maxPixels = 1 << 27

// Decode hands every frame of a video to fn in display order, once and at its
// native rate, and returns how many there were. It holds one frame at a time.
// An error of fn ends it and is returned as it is.
//
// A file that breaks off (its header promises more frames than there are and
// ffmpeg complains) is decoded as far as it goes and then is an error that
// wraps ErrTruncated. Damage that costs no frame is only told in Info.Damage.
func Decode(ctx context.Context, path string, o DecodeOptions, fn func(Frame) error) (Info, int, error) {
	pix := "rgb24"
	if o.Gray {
		pix = "gray"
	}
	return decode(ctx, path, o, pix, fn)
}

func frameBytes(pix string, w, h int) int {
	switch pix {
	case "gray":
		return w * h
	case "yuv420p":
		return w*h + 2*((w+1)/2)*((h+1)/2)
	}
	return 3 * w * h
}

func decode(ctx context.Context, path string, o DecodeOptions, pix string, fn func(Frame) error) (Info, int, error) {
	if err := needTools(); err != nil {
		return Info{}, 0, err
	}
	if (o.Width == 0) != (o.Height == 0) || o.Width < 0 || o.Height < 0 {
		return Info{}, 0, fmt.Errorf("video: decode %q: size %dx%d: give both or neither", path, o.Width, o.Height)
	}
	in, err := openInput(path)
	if err != nil {
		return Info{}, 0, err
	}
	defer in.close()
	info, version, err := probe(ctx, in)
	if err != nil {
		return info, 0, err
	}
	if o.Fit != nil {
		o.Width, o.Height = o.Fit(info.Width, info.Height)
	}
	if o.Width == 0 {
		o.Width, o.Height = info.Width, info.Height
	}
	if int64(o.Width)*int64(o.Height) > maxPixels {
		return info, 0, fmt.Errorf("video: decode %q: frames of %dx%d are beyond the limit of %d pixels", path, o.Width, o.Height, maxPixels)
	}
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return info, 0, fmt.Errorf("video: decode: %w", err)
	}
	if o.Begin != nil {
		o.Begin(info)
	}
	d := decoder{in: in, o: o, pix: pix, every: passthrough(version), fps: info.FPS, width: info.Width, height: info.Height, rowsEvery: 1}
	if o.RowsEvery != nil {
		d.rowsEvery = max(1, o.RowsEvery(info))
	}
	n, err := d.run(ctx, fn)
	if d.uneven() {
		info.VariableRate = true
	}
	info.Damage = d.said.text(path)
	if err != nil {
		return info, n, err
	}
	want := info.Frames
	if want == 0 {
		// Without a count the duration is only a hint: allow a second.
		want = int(math.Floor((info.Duration - 1) * info.FPS))
	}
	switch {
	case info.Damage != "" && n < want:
		return info, n, fmt.Errorf("video: decode %q: %w: %d of %d frames could be read: ffmpeg: %s", path, ErrTruncated, n, want, info.Damage)
	case n == 0:
		return info, 0, failure(ctx, "decode", path, nil, &d.said, ErrNotVideo)
	}
	return info, n, nil
}

type decoder struct {
	in    *input
	o     DecodeOptions
	pix   string
	every string // the option that hands on every frame once
	fps   float64
	said  words

	width, height int // as displayed
	rowsEvery     int // frames
	// intervals between frames, for uneven
	last, least, most float64
	count             int
}

// timesName is the descriptor on which ffmpeg's metadata filter writes one line
// of timestamp before it hands the frame on: the frame's own time costs no
// second pass and cannot come apart from its picture.
const timesFD = 4

// pipeBytes hold some frames, so that ffmpeg goes on while they are looked at: the most
// that Linux gives to any user.
const pipeBytes = 1 << 20

// rowsFD is the descriptor of the second output, for DecodeOptions.Rows. A second
// output, because filters that join two streams drop frames whose timestamps do
// not rise.
const rowsFD = 5

func (d *decoder) run(ctx context.Context, fn func(Frame) error) (n int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	inOpt := inputOptions()
	inOpt["nostdin"] = ""
	if d.o.Threads > 0 {
		inOpt["threads"] = d.o.Threads
	}
	filter := fmt.Sprintf(`scale=%d:%d:flags=area,settb=AVTB,metadata=mode=add:key=t:value=1,metadata=mode=print:file='pipe\:%d':direct=1`,
		d.o.Width, d.o.Height, timesFD)
	source := ffmpeg.Input(fdName, inOpt)
	out := source.Output("pipe:1", ffmpeg.KwArgs{
		"map": "0:V:0", "format": "rawvideo", "pix_fmt": d.pix, "vf": filter, d.every: "passthrough",
	})
	if d.o.Rows != nil {
		rows := fmt.Sprintf("scale=%d:%d:flags=neighbor:threads=1", d.width, RowsOf(d.width, d.height))
		if d.rowsEvery > 1 {
			rows = fmt.Sprintf(`select='not(mod(n\,%d))',`, d.rowsEvery) + rows
		}
		out = ffmpeg.MergeOutputs(out, source.Output(fmt.Sprintf("pipe:%d", rowsFD), ffmpeg.KwArgs{
			"map": "0:V:0", "format": "rawvideo", "pix_fmt": "gray", "vf": rows, d.every: "passthrough",
		}))
	}
	out.Context = ctx
	cmd := out.Compile()
	prepare(cmd, &d.said)

	timesR, timesW, err := os.Pipe()
	if err != nil {
		return 0, fmt.Errorf("video: decode: %w", err)
	}
	defer timesR.Close()
	cmd.ExtraFiles = []*os.File{d.in.file, timesW}
	var rowsR, rowsW *os.File
	if d.o.Rows != nil {
		if rowsR, rowsW, err = os.Pipe(); err != nil {
			timesW.Close()
			return 0, fmt.Errorf("video: decode: %w", err)
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, rowsW)
	}
	frames, err := cmd.StdoutPipe()
	if err != nil {
		timesW.Close()
		if rowsR != nil {
			rowsR.Close()
			rowsW.Close()
		}
		return 0, fmt.Errorf("video: decode: %w", err)
	}
	if f, ok := frames.(*os.File); ok {
		process.WidenPipe(f, pipeBytes)
	}
	if rowsR != nil {
		process.WidenPipe(rowsR, pipeBytes)
	}
	err = cmd.Start()
	timesW.Close()
	if rowsR != nil {
		rowsW.Close()
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.rows(rowsR)
		}()
		defer func() { // no call after the end
			<-done
			rowsR.Close()
		}()
	}
	if err != nil {
		return 0, fmt.Errorf("video: decode %q: %w", d.in.path, err)
	}

	n, stop := d.pump(frames, bufio.NewReader(timesR), frameBytes(d.pix, d.o.Width, d.o.Height), fn)
	if stop != nil {
		cancel(nil)
	}
	werr := cmd.Wait()
	var short shortFrame
	switch {
	case stop != nil && !errors.As(stop, &short):
		return n, stop
	case werr != nil || stop != nil:
		return n, d.failed(ctx, n, werr)
	}
	return n, nil
}

// failed says why ffmpeg did not come to its end.
func (d *decoder) failed(ctx context.Context, n int, err error) error {
	kind := ErrNotVideo
	if n > 0 {
		kind = ErrTruncated
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && !exit.Exited() && ctx.Err() == nil {
		err, kind = fmt.Errorf("it was ended from outside (%w)", err), nil // says nothing of the file
	}
	return failure(ctx, "decode", d.in.path, err, &d.said, kind)
}

// shortFrame ends a stream in the middle of a frame.
type shortFrame struct{ n int }

func (s shortFrame) Error() string { return fmt.Sprintf("frame %d is incomplete", s.n) }

// rows hands out the rows of each frame until the stream ends.
func (d *decoder) rows(r io.Reader) {
	buf := make([]byte, d.width*RowsOf(d.width, d.height))
	for i := 0; ; i++ {
		if _, err := io.ReadFull(r, buf); err != nil {
			return
		}
		d.o.Rows(i*d.rowsEvery, d.width, buf)
	}
}

func (d *decoder) pump(frames io.Reader, times *bufio.Reader, size int, fn func(Frame) error) (int, error) {
	buf := make([]byte, size)
	first := math.NaN()
	for n := 0; ; n++ {
		switch _, err := io.ReadFull(frames, buf); {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, shortFrame{n}
		}
		t, ok := readTime(times)
		if !ok { // a frame without a timestamp comes when the rate says
			t = 0
			if d.fps > 0 {
				t = float64(n) / d.fps
			}
			if !math.IsNaN(first) {
				t += first
			}
		}
		if math.IsNaN(first) {
			first = t
		}
		t -= first
		d.note(n, t)
		if err := fn(Frame{n, t, d.o.Width, d.o.Height, buf}); err != nil {
			return n, err
		}
	}
}

// readTime reads the two lines of one frame, "frame:0 pts:41667 pts_time:0.041667"
// and "t=1"; the filter's time base is a microsecond.
func readTime(r *bufio.Reader) (float64, bool) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, false
		}
		if !strings.HasPrefix(line, "frame:") {
			continue
		}
		_, rest, ok := strings.Cut(line, " pts:")
		if !ok {
			return 0, false
		}
		field, _, _ := strings.Cut(rest, " ")
		us, err := strconv.ParseInt(strings.TrimSpace(field), 10, 64)
		if err != nil {
			return 0, false
		}
		return float64(us) / 1e6, true
	}
}

func (d *decoder) note(n int, t float64) {
	if n > 0 {
		gap := t - d.last
		if d.count == 0 || gap < d.least {
			d.least = gap
		}
		if d.count == 0 || gap > d.most {
			d.most = gap
		}
		d.count++
	}
	d.last = t
}

// uneven: beyond what rounding to a container's ticks (1 ms, GIF 10 ms) makes.
func (d *decoder) uneven() bool {
	return d.count > 1 && d.most-d.least > 0.021 && d.most > 1.5*d.least
}
