package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"longtake/vqeval"
)

// ffmpeg makes a file; args follow the global options.
func ffmpeg(t *testing.T, args ...string) {
	t.Helper()
	needFFmpeg(t)
	if out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-y", "-nostdin"}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// children are the processes that this one has started and that still run.
func children(t *testing.T) []string {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range stats {
		b, err := os.ReadFile(s)
		if err != nil {
			continue // it has ended
		}
		text := string(b)
		rest := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		if len(rest) > 1 && rest[1] == fmt.Sprint(os.Getpid()) {
			out = append(out, text)
		}
	}
	return out
}

// TestBadInput: each input gets a right answer or a clear error, alone and in a
// batch, and leaves no process.
func TestBadInput(t *testing.T) {
	needFFmpeg(t)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	lavfi := func(name, src string, args ...string) string {
		if len(args) == 0 {
			args = []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
		}
		ffmpeg(t, append(append([]string{"-f", "lavfi", "-i", src}, args...), "file:"+path(name))...)
		return name
	}
	h264 := func(more ...string) []string {
		return append([]string{"-c:v", "libx264", "-preset", "ultrafast"}, more...)
	}
	write := func(name, text string) string {
		if err := os.WriteFile(path(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const pattern = "testsrc2=s=96x64:r=16:d=2"
	good := lavfi("good.mp4", pattern, h264("-pix_fmt", "yuv420p", "-movflags", "+faststart")...)
	raw, err := os.ReadFile(path(good))
	if err != nil {
		t.Fatal(err)
	}
	whole := string(raw)
	ffmpeg(t, "-i", "file:"+path(good), "-c", "copy", "-metadata:s:v", "rotate=90", "file:"+path("rotated.mp4"))
	playlist := "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n" + path(good) + "\n#EXT-X-ENDLIST\n"

	type want struct {
		name          string
		frames        int // 0: an error that says say
		width, height int
		say           string // of the error or, with frames, of a warning
	}
	cases := []want{
		{write("zero.mp4", ""), 0, 0, 0, "empty"},
		{write("text.mp4", "no video"), 0, 0, 0, "not a readable video"},
		{lavfi("audio.mp4", "sine=d=1", "-c:a", "aac"), 0, 0, 0, "no video stream"},
		{lavfi("one.mp4", pattern, h264("-frames:v", "1")...), 1, 96, 64, ""},
		{lavfi("two.mp4", pattern, h264("-frames:v", "2")...), 2, 96, 64, ""},
		{lavfi("gray.mp4", pattern, h264("-pix_fmt", "gray")...), 32, 96, 64, ""},
		{lavfi("10bit.mp4", pattern, h264("-pix_fmt", "yuv420p10le")...), 32, 96, 64, ""},
		{lavfi("odd.mkv", pattern+",scale=97:61", "-c:v", "ffv1", "-pix_fmt", "yuv444p"), 32, 97, 61, ""},
		{lavfi("tiny.mkv", pattern+",scale=3:1", "-c:v", "ffv1", "-pix_fmt", "yuv444p"), 32, 3, 1, ""},
		{lavfi("8k.mp4", "testsrc=s=7680x4320:r=16", h264("-pix_fmt", "yuv420p", "-frames:v", "2")...), 2, 7680, 4320, ""},
		{"rotated.mp4", 32, 64, 96, ""},
		{lavfi("vfr.mp4", pattern+",select='not(mod(n\\,3))+lt(n\\,10)'", h264("-vsync", "vfr")...), 17, 96, 64, ""},
		{write("wrong.avi", whole), 32, 96, 64, ""},
		{lavfi("a.gif", pattern, "-c:v", "gif"), 32, 96, 64, ""},
		{lavfi("bare.h264", pattern), 32, 96, 64, "without timestamps"},
		{write("list.m3u8", playlist), 0, 0, 0, "not a readable video"},
		{write("playlist.mp4", playlist), 0, 0, 0, "not a readable video"},
		{write("address.m3u8", "#EXTM3U\n#EXTINF:4,\nhttp://127.0.0.1:9/a.ts\n"), 0, 0, 0, "not a readable video"},
		{write("list.ffconcat", "ffconcat version 1.0\nfile '"+path(good)+"'\n"), 0, 0, 0, "not a readable video"},
		{write("concat.mp4", "ffconcat version 1.0\nfile '"+path(good)+"'\n"), 0, 0, 0, "not a readable video"},
	}
	for _, name := range []string{"a b.mp4", `it's "so".mp4`, "line\nbreak.mp4", "-leading.mp4", "frame%03d.mp4", "a:b.mp4", "http:x.mp4", "[1].mp4", "é.mp4"} {
		cases = append(cases, want{write(name, whole), 32, 96, 64, ""})
	}
	for tenth := 2; tenth < 10; tenth++ {
		name := write(fmt.Sprintf("cut%d.mp4", tenth), whole[:len(whole)*tenth/10])
		cases = append(cases, want{name, -1, 96, 64, "could be decoded"})
	}
	// Where it ends inside the first frame depends on the encoder: by hand.
	cases = append(cases, want{write("cut1.mp4", whole[:strings.Index(whole, "mdat")+1000]), 0, 0, 0, "not a readable video"})
	slow := lavfi("slow.mp4", pattern) // its index comes last
	raw, err = os.ReadFile(path(slow))
	if err != nil {
		t.Fatal(err)
	}
	for tenth := 1; tenth < 10; tenth++ {
		cases = append(cases, want{write(fmt.Sprintf("slow%d.mp4", tenth), string(raw[:len(raw)*tenth/10])), 0, 0, 0, "moov atom not found"})
	}

	t.Chdir(dir) // so that a leading "-" and the like are seen as they are
	check := func(t *testing.T, c want, r *vqeval.Report, said string) {
		t.Helper()
		m := r.VideoMeta
		switch {
		case r.VideoPath != c.name:
			t.Errorf("%q is called %q", c.name, r.VideoPath)
		case m.Width != c.width || m.Height != c.height || c.frames > 0 && m.TotalFrames != c.frames:
			t.Errorf("%q: %+v", c.name, m)
		case c.frames < 0 && (m.TotalFrames < 1 || m.TotalFrames >= 32 || m.ContainerFrames != 32):
			t.Errorf("%q: %+v", c.name, m)
		case !strings.Contains(strings.Join(r.Warnings, "; "), c.say) || (c.say == "") != (len(r.Warnings) == 0):
			t.Errorf("%q: warnings %q, want %q", c.name, r.Warnings, c.say)
		case m.TotalFrames < 3 && len(r.NotAssessed["freeze"])*len(r.NotAssessed["loop"]) == 0:
			t.Errorf("%q: judged by %d frames", c.name, m.TotalFrames)
		}
		if strings.Contains(said, "panic") || strings.Contains(said, "/dev/fd") {
			t.Errorf("%q: %s", c.name, said)
		}
	}
	// One by one: what differs from a batch is the exit status.
	for i, c := range cases {
		if i%5 != 0 && c.frames != 0 {
			continue // the batch below has them all
		}
		status, out, errs := call("", "evaluate", "--json", "--", c.name)
		if c.frames == 0 {
			if status != wrong || !strings.Contains(errs, c.say) || out != "" {
				t.Errorf("%q: status %d, %q lacks %q", c.name, status, errs, c.say)
			}
			continue
		}
		var r vqeval.Report
		if err := json.Unmarshal([]byte(out), &r); err != nil || status != done {
			t.Errorf("%q: status %d, %v: %s", c.name, status, err, errs)
			continue
		}
		check(t, c, &r, errs)
	}
	var names strings.Builder
	for _, c := range cases {
		names.WriteString(c.name + "\x00")
	}
	table := filepath.Join(t.TempDir(), "out.csv")
	status, out, errs := call(names.String(), "batch", "-0", "-", "--json", "-j", "2", "-o", table)
	if status != failed {
		t.Errorf("batch: status %d: %s", status, errs)
	}
	byName := map[string]string{}
	for line := range strings.Lines(out) {
		var r struct {
			VideoPath string `json:"video_path"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		byName[r.VideoPath] = line
	}
	for _, c := range cases {
		line := byName[c.name]
		var r struct {
			vqeval.Report
			Error string `json:"error"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Errorf("%q: %v in %q", c.name, err, line)
			continue
		}
		if c.frames == 0 {
			if !strings.Contains(r.Error, c.say) {
				t.Errorf("%q: error %q lacks %q", c.name, r.Error, c.say)
			}
			continue
		}
		if r.Error != "" {
			t.Errorf("%q: %s", c.name, r.Error)
			continue
		}
		check(t, c, &r.Report, line)
	}
	f, err := os.Open(table)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if rows, err := csv.NewReader(f).ReadAll(); err != nil || len(rows) != len(cases)+1 {
		t.Errorf("%d rows for %d videos, %v", len(rows), len(cases), err)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
