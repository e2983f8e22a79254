package video

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func needFFmpeg(t testing.TB) {
	t.Helper()
	if err := needTools(); err != nil {
		t.Skip(err)
	}
}

// lavfi makes a clip with ffmpeg's own sources.
func lavfi(t testing.TB, name, source string, args ...string) string {
	t.Helper()
	needFFmpeg(t)
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-y", "-f", "lavfi", "-i", source}, args...)
	if out, err := exec.Command("ffmpeg", append(all, "file:"+path)...).CombinedOutput(); err != nil {
		t.Fatalf("making %s: %v: %s", name, err, out)
	}
	return path
}

var h264 = []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}

func decodeAll(t *testing.T, path string, o DecodeOptions) (Info, []float64) {
	t.Helper()
	var times []float64
	info, n, err := Decode(context.Background(), path, o, func(f Frame) error {
		if f.Index != len(times) {
			t.Fatalf("index %d, want %d", f.Index, len(times))
		}
		times = append(times, f.Time)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n != len(times) {
		t.Fatalf("%d frames reported, %d handed out", n, len(times))
	}
	return info, times
}

func TestProbe(t *testing.T) {
	path := lavfi(t, "a.mp4", "testsrc=s=160x96:r=24:d=2", h264...)
	got, err := Probe(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	want := Info{Path: path, Width: 160, Height: 96, FPS: 24, Frames: 48, Duration: 2, Codec: "h264", PixFmt: "yuv420p"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDecodeContainersAndSizes(t *testing.T) {
	cases := []struct {
		name, source string
		args         []string
		frames, w, h int
		fps          float64
	}{
		{"a.mp4", "testsrc=s=160x96:r=16:d=1", h264, 16, 160, 96, 16},
		{"ntsc.mp4", "testsrc=s=160x96:r=30000/1001:d=1", h264, 30, 160, 96, 30000.0 / 1001},
		{"one.mp4", "testsrc=s=64x64:r=16:d=0.0625", h264, 1, 64, 64, 16},
		{"odd.mp4", "testsrc=s=65x33:r=16:d=1", []string{"-c:v", "libx264", "-pix_fmt", "yuv444p"}, 16, 65, 33, 16},
		{"ten.mp4", "testsrc=s=64x64:r=16:d=1", []string{"-c:v", "libx264", "-pix_fmt", "yuv420p10le"}, 16, 64, 64, 16},
		{"a.webm", "testsrc=s=64x64:r=24:d=1", []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"}, 24, 64, 64, 24},
		{"a.gif", "testsrc=s=64x64:r=10:d=1", nil, 10, 64, 64, 10},
		{"a.avi", "testsrc=s=64x64:r=10:d=1", []string{"-c:v", "mpeg4"}, 10, 64, 64, 10},
		{"-dash.mp4", "testsrc=s=64x64:r=10:d=1", h264, 10, 64, 64, 10},
		{"http:colon.mp4", "testsrc=s=64x64:r=10:d=1", h264, 10, 64, 64, 10},
		{"pattern%03d.mp4", "testsrc=s=64x64:r=10:d=1", h264, 10, 64, 64, 10},
		{"space 'quote' \"\nline.mp4", "testsrc=s=64x64:r=10:d=1", h264, 10, 64, 64, 10},
		{"mp4 named.png", "testsrc=s=64x64:r=10:d=1", append([]string{"-f", "mp4"}, h264...), 10, 64, 64, 10},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := lavfi(t, c.name, c.source, c.args...)
			info, times := decodeAll(t, path, DecodeOptions{Gray: true, Threads: 1})
			if len(times) != c.frames || info.Width != c.w || info.Height != c.h || math.Abs(info.FPS-c.fps) > 0.01 || info.VariableRate {
				t.Errorf("%d frames, %+v", len(times), info)
			}
			for i, s := range times {
				if math.Abs(s-float64(i)/c.fps) > 0.0011 {
					t.Fatalf("frame %d at %g s, want %g", i, s, float64(i)/c.fps)
				}
			}
		})
	}
}

func TestRelativeName(t *testing.T) {
	path := lavfi(t, "-v.mp4", "testsrc=s=64x64:r=10:d=1", h264...)
	t.Chdir(filepath.Dir(path))
	if info, err := Probe(context.Background(), "-v.mp4"); err != nil || info.Frames != 10 {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestVariableRate(t *testing.T) {
	// Frames 5..9 of 20 dropped, and a stretch at double speed.
	path := lavfi(t, "vfr.mp4", "testsrc=s=64x64:r=20:d=1", append([]string{"-vf", "select='not(between(n,5,9))',setpts='if(lt(N,10),PTS,PTS)'", "-vsync", "vfr"}, h264...)...)
	info, times := decodeAll(t, path, DecodeOptions{Gray: true})
	if len(times) != 15 || !info.VariableRate {
		t.Fatalf("%d frames, %+v", len(times), info)
	}
	for i, want := range []float64{0, .05, .1, .15, .2, .5, .55} {
		if math.Abs(times[i]-want) > 1e-3 {
			t.Errorf("frame %d at %g, want %g", i, times[i], want)
		}
	}
}

func TestRotated(t *testing.T) {
	path := lavfi(t, "r.mp4", "color=red:s=64x32:r=10:d=1", h264...)
	turned := filepath.Join(t.TempDir(), "t.mp4")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-i", path, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned).CombinedOutput(); err != nil {
		t.Skipf("this ffmpeg does not write a rotation: %s", out)
	}
	info, times := decodeAll(t, turned, DecodeOptions{})
	if info.Width != 32 || info.Height != 64 || len(times) != 10 {
		t.Errorf("%+v, %d frames", info, len(times))
	}
}

func TestScaledPixels(t *testing.T) {
	path := lavfi(t, "c.mp4", "color=0x4080c0:s=64x64:r=10:d=1", h264...)
	for _, gray := range []bool{false, true} {
		_, _, err := Decode(context.Background(), path, DecodeOptions{Gray: gray, Width: 8, Height: 6}, func(f Frame) error {
			want := []int{0x40, 0x80, 0xc0}
			if gray {
				want = []int{int(math.Round(.299*0x40 + .587*0x80 + .114*0xc0))}
			}
			if len(f.Pix) != 48*len(want) || f.Width != 8 || f.Height != 6 {
				t.Fatalf("%d bytes, %dx%d", len(f.Pix), f.Width, f.Height)
			}
			for i, p := range f.Pix {
				if d := int(p) - want[i%len(want)]; d < -4 || d > 4 {
					t.Fatalf("gray %v: byte %d is %d, want about %d", gray, i, p, want[i%len(want)])
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestRows(t *testing.T) {
	needFFmpeg(t)
	const w, h, n = 96, 64, 23
	path := lavfi(t, "rows.mp4", fmt.Sprintf("testsrc2=s=%dx%d:r=10:d=%g", w, h, n/10.0), h264...)
	rows := func(every int) map[int]string {
		got := map[int]string{}
		o := DecodeOptions{Gray: true, Width: 16, Height: 12, Rows: func(i, width int, pix []byte) {
			if width != w || len(pix) != w*RowsOf(w, h) {
				t.Errorf("%d samples in rows of %d", len(pix), width)
			}
			got[i] = string(pix)
		}}
		if every > 0 {
			o.RowsEvery = func(i Info) int {
				if i.Frames != n {
					t.Errorf("%d frames in the header", i.Frames)
				}
				return every
			}
		}
		if _, frames, err := Decode(context.Background(), path, o, func(Frame) error { return nil }); err != nil || frames != n {
			t.Fatal(frames, err)
		}
		return got
	}
	all := rows(0)
	if len(all) != n || all[0] == all[n-1] {
		t.Fatalf("rows of %d frames, want %d that differ", len(all), n)
	}
	for _, every := range []int{1, 2, 4} {
		some := rows(every)
		if want := (n + every - 1) / every; len(some) != want {
			t.Errorf("every %d: rows of %d frames, want %d", every, len(some), want)
		}
		for i, pix := range some {
			if i%every != 0 || pix != all[i] {
				t.Errorf("every %d: the rows of frame %d are others", every, i)
			}
		}
	}
}

func TestBadInput(t *testing.T) {
	good := lavfi(t, "good.mp4", "testsrc2=s=160x96:r=16:d=4", h264...)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	fifo := filepath.Join(dir, "fifo.mp4")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		what, path string
		is         error
		say        string
	}{
		{"no such file", filepath.Join(dir, "none.mp4"), os.ErrNotExist, "none.mp4"},
		{"no name", "", nil, "empty file name"},
		{"address", "http://127.0.0.1:1/a.mp4", os.ErrNotExist, "addresses are not opened"},
		{"directory", dir, ErrNotVideo, "directory"},
		{"fifo", fifo, ErrNotVideo, "not a regular file"},
		{"device", "/dev/zero", ErrNotVideo, "not a regular file"},
		{"empty", write("empty.mp4", nil), ErrNotVideo, "empty"},
		{"text", write("text.mp4", []byte("no video at all\n")), ErrNotVideo, "Invalid data"},
		{"no index", write("moov.mp4", whole[:len(whole)/2]), ErrNotVideo, "moov atom not found"},
		{"audio only", lavfi(t, "audio.mp4", "sine=d=1", "-c:a", "aac"), ErrNotVideo, "no video stream"},
		{"playlist", write("list.m3u8", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n"+good+"\n#EXT-X-ENDLIST\n")), ErrNotVideo, "whitelist"},
		{"playlist named mp4", write("list.mp4", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n"+good+"\n#EXT-X-ENDLIST\n")), ErrNotVideo, "whitelist"},
		{"concat", write("c.ffconcat", []byte("ffconcat version 1.0\nfile '"+good+"'\n")), ErrNotVideo, "whitelist"},
		{"sdp", write("a.sdp", []byte("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n")), ErrNotVideo, "whitelist"},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			_, n, err := Decode(context.Background(), c.path, DecodeOptions{}, func(Frame) error { return nil })
			if err == nil || n != 0 {
				t.Fatalf("%d frames, error %v", n, err)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v: not %v", err, c.is)
			}
			if !strings.Contains(err.Error(), c.say) || !strings.HasPrefix(err.Error(), "video: ") || strings.Contains(err.Error(), fdName) {
				t.Errorf("%q lacks %q, or its prefix, or names the descriptor", err, c.say)
			}
			if _, err := Probe(context.Background(), c.path); err == nil {
				t.Error("Probe takes it")
			}
		})
	}
}

func TestTruncatedInTheMiddle(t *testing.T) {
	good := lavfi(t, "good.mp4", "testsrc2=s=160x96:r=16:d=4", append([]string{"-movflags", "+faststart"}, h264...)...)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for tenth := 3; tenth < 10; tenth++ {
		cut := filepath.Join(t.TempDir(), "cut.mp4")
		if err := os.WriteFile(cut, whole[:len(whole)*tenth/10], 0o644); err != nil {
			t.Fatal(err)
		}
		seen := 0
		_, n, err := Decode(context.Background(), cut, DecodeOptions{Gray: true}, func(Frame) error { seen++; return nil })
		if !errors.Is(err, ErrTruncated) || n != seen || n == 0 || n >= 64 {
			t.Errorf("cut at %d0 %%: %d frames of 64, error %v", tenth, n, err)
		}
	}
}

func TestStopAndCancelLeaveNothing(t *testing.T) {
	path := lavfi(t, "long.mp4", "testsrc=s=320x240:r=24:d=20", h264...)
	before := runtime.NumGoroutine()
	stop := errors.New("enough")
	_, n, err := Decode(context.Background(), path, DecodeOptions{}, func(f Frame) error {
		if f.Index == 5 {
			return stop
		}
		return nil
	})
	if err != stop || n != 5 {
		t.Errorf("stopped after %d frames with %v", n, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, _, err = Decode(ctx, path, DecodeOptions{}, func(f Frame) error {
		if f.Index == 5 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled decode: %v", err)
	}
	if _, err = Probe(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled probe: %v", err)
	}
	nothingLeft(t, before)
}

// nothingLeft fails if this process has a child or more goroutines than before.
func nothingLeft(t *testing.T, goroutines int) {
	t.Helper()
	for i := 0; ; i++ {
		kids, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
		now := runtime.NumGoroutine()
		if len(bytes.TrimSpace(kids)) == 0 && now <= goroutines {
			return
		}
		if i == 200 {
			t.Fatalf("children %q, goroutines %d, before %d", kids, now, goroutines)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func ramp(w, h, i int) []byte {
	b := make([]byte, w*h*3)
	for j := range b {
		b[j] = byte((j/3%w*3 + i*4) % 200)
	}
	return b
}

func TestEncodeRoundTrip(t *testing.T) {
	needFFmpeg(t)
	for _, name := range []string{"a.mp4", "-a: b%03d.mp4"} {
		path := filepath.Join(t.TempDir(), name)
		e, err := Create(context.Background(), path, EncodeOptions{Width: 64, Height: 48, FPS: 16, CRF: 12})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			if err := e.WriteFrame(ramp(64, 48, i)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("the file is there before Close")
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
		var sum, count float64
		info, n, err := Decode(context.Background(), path, DecodeOptions{}, func(f Frame) error {
			for j, p := range ramp(64, 48, f.Index) {
				sum += math.Abs(float64(p) - float64(f.Pix[j]))
				count++
			}
			return nil
		})
		if err != nil || n != 20 || info.FPS != 16 || info.PixFmt != "yuv420p" || info.Codec != "h264" || info.Frames != 20 {
			t.Errorf("%d frames, %+v, %v", n, info, err)
		}
		if sum/count > 4 {
			t.Errorf("mean error %.2f grey levels", sum/count)
		}
		b, _ := os.ReadFile(path)
		if bytes.Index(b, []byte("moov")) > bytes.Index(b, []byte("mdat")) {
			t.Error("the index is not in front")
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("left behind: %v", left)
		}
		a, err := FramesSHA256(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		remuxed := filepath.Join(t.TempDir(), "b.mkv")
		if out, err := exec.Command("ffmpeg", "-v", "error", "-i", "file:"+path, "-c", "copy", remuxed).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if b, err := FramesSHA256(context.Background(), remuxed); err != nil || a != b {
			t.Errorf("another container: %s, %s, %v", a, b, err)
		}
	}
}

func TestEncodeErrors(t *testing.T) {
	needFFmpeg(t)
	dir := t.TempDir()
	ok := EncodeOptions{Width: 64, Height: 64, FPS: 16}
	for what, o := range map[string]EncodeOptions{
		"odd width": {Width: 65, Height: 64, FPS: 16}, "odd height": {Width: 64, Height: 63, FPS: 16}, "no size": {FPS: 16},
		"no rate": {Width: 64, Height: 64}, "bad rate": {Width: 64, Height: 64, FPS: math.NaN()}, "bad CRF": {Width: 64, Height: 64, FPS: 16, CRF: 99},
	} {
		if _, err := Create(context.Background(), filepath.Join(dir, "x.mp4"), o); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := Create(context.Background(), filepath.Join(dir, "none", "x.mp4"), ok); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	e, err := Create(context.Background(), filepath.Join(dir, "x.mp4"), EncodeOptions{Width: 64, Height: 64, FPS: 16, Preset: "hurried"})
	if err == nil {
		for err == nil {
			err = e.WriteFrame(ramp(64, 64, 0))
		}
		if cerr := e.Close(); cerr == nil {
			t.Error("Close after a failure: no error")
		}
	}
	if !strings.Contains(err.Error(), "hurried") {
		t.Errorf("unknown preset: %v", err)
	}
	e, err = Create(context.Background(), filepath.Join(dir, "x.mp4"), ok)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.WriteFrame(make([]byte, 5)); err == nil {
		t.Error("short frame: no error")
	}
	if err := e.Close(); err == nil || !strings.Contains(err.Error(), "no frame") {
		t.Errorf("no frame: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEncodeAbortAndCancel(t *testing.T) {
	needFFmpeg(t)
	before := runtime.NumGoroutine()
	for _, how := range []string{"abort", "cancel", "cancel without close"} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		e, err := Create(ctx, filepath.Join(dir, "x.mp4"), EncodeOptions{Width: 64, Height: 64, FPS: 16})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			if err := e.WriteFrame(ramp(64, 64, i)); err != nil {
				t.Fatal(err)
			}
		}
		switch how {
		case "abort":
			e.Abort()
		case "cancel":
			cancel()
			if err := e.Close(); !errors.Is(err, context.Canceled) {
				t.Errorf("Close after cancel: %v", err)
			}
		default:
			cancel()
			<-e.done
		}
		cancel()
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%s left behind: %v", how, left)
		}
	}
	nothingLeft(t, before)
}

func TestEncodeFullDisk(t *testing.T) {
	needFFmpeg(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	defer syscall.Unmount(dir, 0)
	e, err := Create(context.Background(), filepath.Join(dir, "x.mp4"), EncodeOptions{Width: 256, Height: 256, FPS: 16})
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 256*256*3)
	s := uint32(1)
	for range 20 {
		for i := range noise {
			s = s*1664525 + 1013904223
			noise[i] = byte(s >> 24)
		}
		if err = e.WriteFrame(noise); err != nil {
			break
		}
	}
	if cerr := e.Close(); err == nil {
		err = cerr
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("full disk: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFFmpegMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Probe(context.Background(), "a.mp4")
	if !errors.Is(err, ErrFFmpegMissing) || !strings.Contains(err.Error(), "apt-get install ffmpeg") {
		t.Errorf("probe: %v", err)
	}
	if _, err = Create(context.Background(), "a.mp4", EncodeOptions{Width: 2, Height: 2, FPS: 1}); !errors.Is(err, ErrFFmpegMissing) {
		t.Errorf("create: %v", err)
	}
}

func FuzzReadTime(f *testing.F) {
	f.Add("frame:0    pts:41667   pts_time:0.041667\nt=1\n")
	f.Add("frame:0    pts:NOPTS   pts_time:NOPTS\nt=1\n")
	f.Add("t=1\nframe:")
	f.Fuzz(func(t *testing.T, s string) {
		if v, ok := readTime(bufio.NewReader(strings.NewReader(s))); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Errorf("%q gives %g", s, v)
		}
	})
}
