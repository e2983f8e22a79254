package video

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	ffmpeg "github.com/u2takey/ffmpeg-go"
)

// Errors that callers tell apart; the returned errors wrap them.
var (
	// ErrFFmpegMissing means that ffmpeg or ffprobe is not installed.
	ErrFFmpegMissing = errors.New("ffmpeg and ffprobe are needed: install them with 'apt-get install ffmpeg' (Debian, Ubuntu), 'brew install ffmpeg' (macOS) or from https://ffmpeg.org/download.html")
	// ErrNotVideo means that the file is no video that can be read.
	ErrNotVideo = errors.New("not a readable video")
	// ErrTruncated means that a video ends before its container says it does.
	ErrTruncated = errors.New("video ends early")
)

// formats are the containers that are read: each is one self-contained file.
// Playlists, scripts, devices and image sequences are left out.
const formats = "mov,matroska,avi,gif,apng,mpegts,mpeg,mpegvideo,m4v,h264,hevc,vvc,obu,ivf,ogg,flv,asf,nut,yuv4mpegpipe,mjpeg,mxf,dv,rm,wtv"

// protocols that ffmpeg may open.
const protocols = "file,pipe"

// waitDelay is how long ffmpeg's pipes may stay open after it was killed.
const waitDelay = 2 * time.Second

func init() { ffmpeg.LogCompiledCommand = false } // the library logs every command line otherwise

// needTools fails with ErrFFmpegMissing unless both programs are in PATH.
func needTools() error {
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("video: %s not found: %w", name, ErrFFmpegMissing)
		}
	}
	return nil
}

// passthrough is the option that hands on every frame once, whatever its
// timestamp; it was renamed in ffmpeg 5.1.
func passthrough(version string) string {
	m := numbered.FindStringSubmatch(version)
	if m == nil { // a build from the repository: new
		return "fps_mode"
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	if major < 5 || major == 5 && minor < 1 {
		return "vsync"
	}
	return "fps_mode"
}

var numbered = regexp.MustCompile(`^n?(\d+)\.(\d+)`)

// input is a regular file that a child process gets as descriptor 3.
type input struct {
	path string
	file *os.File
}

// fdName is what a child calls the first of its extra files.
const fdName = "/dev/fd/3"

func openInput(path string) (*input, error) {
	if path == "" {
		return nil, errors.New("video: empty file name")
	}
	st, err := os.Stat(path)
	if err != nil {
		if strings.Contains(path, "://") {
			return nil, fmt.Errorf("video: %q is no file: addresses are not opened, download it first: %w", path, os.ErrNotExist)
		}
		return nil, fmt.Errorf("video: %w", err)
	}
	switch {
	case st.IsDir():
		return nil, fmt.Errorf("video: %q is a directory: %w", path, ErrNotVideo)
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("video: %q is not a regular file (%s): %w", path, st.Mode().Type(), ErrNotVideo)
	case st.Size() == 0:
		return nil, fmt.Errorf("video: %q is empty: %w", path, ErrNotVideo)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("video: %w", err)
	}
	return &input{path, f}, nil
}

func (in *input) close() { in.file.Close() }

// inputOptions are what every command that reads a file gets.
func inputOptions() ffmpeg.KwArgs {
	return ffmpeg.KwArgs{"v": "error", "protocol_whitelist": protocols, "format_whitelist": formats}
}

// words keeps the end of what ffmpeg writes to stderr.
type words struct {
	b []byte
}

const wordsKept = 4096

func (w *words) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	if len(w.b) > wordsKept {
		w.b = append(w.b[:0], w.b[len(w.b)-wordsKept:]...)
	}
	return len(p), nil
}

var context0x = regexp.MustCompile(`\[[^\]\n]* @ 0x[0-9a-f]+\] `)

// text is the last lines, without addresses, with the file's own name.
func (w *words) text(path string) string {
	b := context0x.ReplaceAll(bytes.TrimSpace(w.b), nil)
	s := strings.ReplaceAll(string(b), fdName, path)
	var lines []string
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.TrimSpace(l); l != "" && (len(lines) == 0 || lines[len(lines)-1] != l) {
			lines = append(lines, l)
		}
	}
	if len(lines) > 4 {
		lines = lines[len(lines)-4:]
	}
	return strings.Join(lines, "; ")
}

// prepare sets what every child process gets.
func prepare(cmd *exec.Cmd, w *words) {
	cmd.Stderr = w
	cmd.WaitDelay = waitDelay
}

// failure turns the end of a child into an error that says whose fault it was:
// the caller's cancellation, a full disk, or ffmpeg's own words.
func failure(ctx context.Context, op, path string, err error, w *words, kind error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("video: %s %q: %w", op, path, context.Cause(ctx))
	}
	said := w.text(path)
	if strings.Contains(said, syscall.ENOSPC.Error()) || strings.Contains(said, "No space left on device") {
		return fmt.Errorf("video: %s %q: %w: free some space in %s and run it again", op, path, syscall.ENOSPC, filepath.Dir(path))
	}
	switch {
	case said == "" && err != nil:
		said = err.Error()
	case said == "":
		said = "no reason given"
	}
	if kind == nil {
		return fmt.Errorf("video: %s %q: ffmpeg: %s", op, path, said)
	}
	return fmt.Errorf("video: %s %q: %w: ffmpeg: %s", op, path, kind, said)
}
