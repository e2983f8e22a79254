package sweeps

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"longtake/bench"
)

// testsrc is a generator that every machine with ffmpeg has. Its video depends
// on the seed.
const testsrc = `name: foreign
generator:
  exec:
    command: [ffmpeg, -nostdin, -v, error, -f, lavfi, -i, "testsrc2=size={size}:rate=16,hue=h={seed}*40", -frames:v, "{frames}",
      -c:v, libx264, -preset, ultrafast, -threads, "1", -pix_fmt, yuv420p, -metadata, "comment={prompt}", "{method_args}", -y, "{out}"]
model: {name: test, training_latent_frames: 3, temporal_stride: 4}
methods:
  - dense
  - {name: flipped, args: [-vf, vflip]}
horizons: [1x, 2x]
prompts: [fish]
seeds: [1]
size: 64x48
`

// foreign writes a spec whose generator is not ours and plans it.
func foreign(t *testing.T, spec string) *Plan {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	return plan(t, write(t, filepath.Join(t.TempDir(), "grid.yaml"), spec))
}

// scripted is a generator that is a script: "$1" is the video's place. It has
// one cell.
func scripted(t *testing.T, script, more string) *Plan {
	t.Helper()
	dir := t.TempDir()
	name := write(t, filepath.Join(dir, "gen.sh"), "#!/bin/sh\nmake() { ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=32x32:rate=8 -frames:v \"$2\" -threads 1 -y \"$1\"; }\n"+script)
	if err := os.Chmod(name, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	return plan(t, write(t, filepath.Join(dir, "grid.yaml"), `generator:
  exec:
    command: [./gen.sh, "{out}", "{frames}", "{prompt}"]
    cwd: .
`+more+`
model: {name: test, training_latent_frames: 3, temporal_stride: 4}
methods: [dense]
horizons: [1x]
prompts: [fish]
`))
}

func TestExec(t *testing.T) {
	t.Parallel()
	p := foreign(t, testsrc)
	if len(p.Cells) != 4 || p.Cells[3].Frames != 21 || p.Cells[3].Ratio != 2 || p.Cells[3].Horizon() != "2x" {
		t.Fatalf("%d cells, the last %+v", len(p.Cells), p.Cells[3].Cell)
	}
	want := "-metadata comment=fish -vf vflip -y CELL/video.mp4"
	if got := p.Show(&p.Cells[3]); !strings.HasPrefix(got, "ffmpeg -nostdin") || !strings.HasSuffix(got, want) || !strings.Contains(got, "'testsrc2=size=64x48:rate=16,hue=h=1*40' -frames:v 21") {
		t.Errorf("shown as %s", got)
	}
	dir := t.TempDir()
	sum, err := Run(t.Context(), p, Options{Dir: dir, Version: "test 1"})
	if err != nil || sum.Ran != 4 {
		t.Fatalf("%+v, %v", sum, err)
	}
	store := &Store{Dir: dir}
	sums := map[string]bool{}
	for _, c := range p.Cells {
		rec, ok, why := store.Done(c.ID)
		if !ok {
			t.Fatalf("%s: %s", c.Title(), why)
		}
		for _, m := range []string{bench.WallSeconds, cpuSeconds, bench.ScoreSeconds} {
			if v, ok := rec.Metric(m); !ok || v <= 0 {
				t.Errorf("%s: %s is %v", c.Title(), m, v)
			}
		}
		if v, ok := rec.Metric(bench.PeakRSSBytes); runtime.GOOS == "linux" && (!ok || v < 5e6 || v > 1e9) {
			t.Errorf("peak of ffmpeg: %g bytes", v)
		}
		for _, f := range []string{"video", "stdout", "stderr", "vqeval", "curves"} {
			if rec.Files[f].SHA256 == "" {
				t.Errorf("%s: no file %s", c.Title(), f)
			}
		}
		if rec.Engaged != nil || rec.FramesSHA256 == "" {
			t.Errorf("%s: engaged %v, frames %q", c.Title(), rec.Engaged, rec.FramesSHA256)
		}
		sums[rec.FramesSHA256] = true
		if _, err := os.Stat(filepath.Join(dir, CellsFolder, c.ID, workFolder)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the work folder stays: %v", err)
		}
	}
	if len(sums) != 4 {
		t.Errorf("%d different videos of 4", len(sums))
	}
	if sum, err := Run(t.Context(), p, Options{Dir: dir}); err != nil || sum.Before != 4 || sum.Ran != 0 {
		t.Errorf("again: %+v, %v", sum, err)
	}
	// How long it may take and where it runs make no other cell; a flag does.
	same := foreign(t, strings.Replace(testsrc, "    command:", "    timeout: 1h\n    retries: 2\n    cwd: /\n    command:", 1))
	other := foreign(t, strings.Replace(testsrc, "ultrafast", "veryfast", 1))
	for i := range p.Cells {
		if same.Cells[i].ID != p.Cells[i].ID {
			t.Errorf("a timeout makes another cell of %s", p.Cells[i].Title())
		}
		if other.Cells[i].ID == p.Cells[i].ID {
			t.Errorf("another flag makes the same cell of %s", p.Cells[i].Title())
		}
	}
}

// TestExecWords: what a program hears is exactly what the spec says; no shell
// reads it.
func TestExecWords(t *testing.T) {
	t.Parallel()
	p := scripted(t, `printf '%s\n' "$@" "$EXTRA" "$(pwd)" "$LONGTAKE_RUN"; cat "$(dirname "$1")/prompt.txt" >&2; make "$1" "$2"`,
		`    env: {EXTRA: "{tag} of {env:HOME}"}`)
	p.Cells[0].prompt.Text = "two  words; $(touch /tmp/x) `x` 'y' \"z\"\nand a line"
	dir := t.TempDir()
	if _, err := Run(t.Context(), p, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	cell := filepath.Join(dir, CellsFolder, p.Cells[0].ID)
	out, err := os.ReadFile(filepath.Join(cell, StdoutFile))
	if err != nil {
		t.Fatal(err)
	}
	abs, err := filepath.Abs(filepath.Join(cell, workFolder, VideoFile))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{abs, "9", p.Cells[0].prompt.Text, "fish of " + os.Getenv("HOME"), p.Spec.Dir}, "\n") + "\n"
	if got := string(out); !strings.HasPrefix(got, want) || len(got) != len(want)+24+1 {
		t.Errorf("heard %q\nwant %q and a token", got, want)
	}
	if errs, err := os.ReadFile(filepath.Join(cell, StderrFile)); err != nil || string(errs) != p.Cells[0].prompt.Text {
		t.Errorf("prompt file %q, %v", errs, err)
	}
}

func TestExecOutcomes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, script, more, status, want string
	}{
		{"exit status", `echo one >&2; echo "the reason" >&2; exit 4`, "", bench.StatusFailed, "gen.sh: exit status 4: the reason"},
		{"signal", `kill -SEGV $$`, "", bench.StatusFailed, "signal: segmentation fault"},
		{"killed by somebody", `kill -KILL $$`, "", bench.StatusFailed, "signal: killed"},
		{"no video", `exit 0`, "", bench.StatusFailed, "left no video at {out}"},
		{"not a video", `echo x >"$1"`, "", bench.StatusFailed, "is no video"},
		{"too short", `make "$1" 8`, "", bench.StatusFailed, "made 8 frames, 9 were asked for"},
		{"torch", `echo "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 9.00 GiB"; exit 1`, "", bench.StatusOOM, "Tried to allocate 9.00 GiB"},
		{"own words for memory", `echo "buy more"; exit 1`, "    log: {oom: ^buy}", bench.StatusOOM, "buy more"},
		{"memory is not the reason", `echo "CUDA out of memory: trying again"; make "$1" "$2"`, "", bench.StatusOK, ""},
		{"timeout", `sleep 60`, "    timeout: 300ms", bench.StatusTimeout, "not done within 300ms"},
		{"must", `make "$1" "$2"; echo "backend=FlashInfer"`, "    log: {must: backend=FlashInfer}", bench.StatusOK, ""},
		{"must, missing", `make "$1" "$2"; echo "backend=SDPA"`, "    log: {must: [SDPA, backend=FlashInfer]}\n    retries: 3", bench.StatusFailed, "no line that matches backend=FlashInfer (must)"},
		{"must not", `make "$1" "$2"; echo "[X-FALLBACK] dense" >&2`, "    log: {must_not: FALLBACK}", bench.StatusFailed, "must not: [X-FALLBACK] dense (must_not: FALLBACK)"},
		{"retried", `test -e "$0.tried" || { touch "$0.tried"; exit 1; }; make "$1" "$2"`, "    retries: 1", bench.StatusOK, ""},
		{"retried in vain", `exit 7`, "    retries: 2", bench.StatusFailed, "exit status 7"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, dir := scripted(t, tc.script, tc.more), t.TempDir()
			sum, err := Run(t.Context(), p, Options{Dir: dir})
			rec, rerr := bench.ReadRecord(filepath.Join(dir, CellsFolder, p.Cells[0].ID, RecordFile))
			if rerr != nil || rec.Status != tc.status || !strings.Contains(rec.Error, tc.want) || (rec.Error == "") != (tc.want == "") {
				t.Fatalf("record %s %q, %v; want %s %q", rec.Status, rec.Error, rerr, tc.status, tc.want)
			}
			var failed *FailedError
			if errors.As(err, &failed) != (tc.status == bench.StatusFailed) || err != nil && failed == nil {
				t.Errorf("the run: %+v, %v", sum, err)
			}
			if tc.status == bench.StatusOOM || tc.status == bench.StatusTimeout {
				if sum.Results[tc.status] != 1 || sum.Ran != 0 {
					t.Errorf("summary %+v", sum)
				}
				for _, m := range []string{bench.WallSeconds, cpuSeconds} {
					if _, ok := rec.Metric(m); !ok {
						t.Errorf("a result without %s: %v, %v", m, rec.Metrics, rec.Warnings)
					}
				}
				if rec.Files["stderr"].SHA256 == "" {
					t.Error("a result without its log")
				}
				// It is not tried again.
				if sum, err := Run(t.Context(), p, Options{Dir: dir}); err != nil || sum.Before != 1 {
					t.Errorf("again: %+v, %v", sum, err)
				}
			}
			if strings.HasPrefix(tc.name, "retried") && len(rec.Samples[bench.WallSeconds]) != 1+p.Spec.Foreign.Retries && tc.status != bench.StatusOK {
				t.Errorf("%d attempts", len(rec.Samples[bench.WallSeconds]))
			}
		})
	}
}

// TestTimeoutWithMoreTime: a cell that ran out of time is tried again when it
// may take longer.
func TestTimeoutWithMoreTime(t *testing.T) {
	t.Parallel()
	p, dir := scripted(t, `sleep 0.5; make "$1" "$2"`, "    timeout: 200ms"), t.TempDir()
	if sum, err := Run(t.Context(), p, Options{Dir: dir}); err != nil || sum.Results[bench.StatusTimeout] != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	p.Cells[0].timeout = 100 * time.Millisecond
	if sum, err := Run(t.Context(), p, Options{Dir: dir}); err != nil || sum.Before != 1 {
		t.Errorf("with less: %+v, %v", sum, err)
	}
	p.Cells[0].timeout = time.Minute
	if sum, err := Run(t.Context(), p, Options{Dir: dir}); err != nil || sum.Ran != 1 {
		t.Errorf("with more: %+v, %v", sum, err)
	}
}

// TestExecSlots: two slots run side by side, each with its GPU.
func TestExecSlots(t *testing.T) {
	t.Parallel()
	// Each generation waits for the other slot's.
	p := scripted(t, `all="$(dirname "$0")/all"; mkdir -p "$all"; touch "$all/$SLOT.$GPU.$CUDA_VISIBLE_DEVICES"
for i in $(seq 200); do test $(ls "$all" | wc -l) -ge 2 && break; sleep 0.05; done
test $(ls "$all" | wc -l) -ge 2 || exit 3; make "$1" "$2"`, "    env: {GPU: \"{gpu}\", SLOT: \"{slot}\"}\nexecutor: {slots: 2, gpus: [3, 5]}")
	more := p.Cells[0]
	more.Seed = 1
	if err := more.finish(4); err != nil {
		t.Fatal(err)
	}
	p.Cells = append(p.Cells, more)
	dir := t.TempDir()
	sum, err := Run(t.Context(), p, Options{Dir: dir})
	if err != nil || sum.Ran != 2 || sum.Times.Slots != 2 || !sum.Times.Beside {
		t.Fatalf("%+v, %v", sum, err)
	}
	list, err := os.ReadDir(filepath.Join(p.Spec.Dir, "all"))
	if err != nil || len(list) != 2 || list[0].Name() != "0.3.3" || list[1].Name() != "1.5.5" {
		t.Errorf("slots %v, %v", list, err)
	}
	rec, _, _ := (&Store{Dir: dir}).Done(more.ID)
	hours, ok := rec.Metric(bench.GPUHours)
	wall, _ := rec.Metric(bench.WallSeconds)
	if !ok || math.Abs(hours*3600-wall) > 1e-9 {
		t.Errorf("%g GPU hours of %g s on one GPU", hours, wall)
	}
}

// TestCancelKills: a stopped sweep leaves no program behind, and no record.
func TestCancelKills(t *testing.T) {
	t.Parallel()
	p, dir := scripted(t, `sleep 300 & echo $! >"$0.pid"; wait`, ""), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	pidFile := filepath.Join(p.Spec.Dir, "gen.sh.pid")
	go func() {
		for {
			if _, err := os.Stat(pidFile); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	if _, err := Run(ctx, p, Options{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, CellsFolder, p.Cells[0].ID, RecordFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a record of a stopped cell: %v", err)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	waitGone(t, strings.TrimSpace(string(text)))
}

// waitGone waits until a process has ended.
func waitGone(t *testing.T, pid string) {
	t.Helper()
	for range 250 {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("process %s lives on", pid)
}

// TestSetup: what every cell needs is looked for before anything runs.
func TestSetup(t *testing.T) {
	for _, tc := range []struct{ old, new, want string }{
		{"[./gen.sh,", "[./none.sh,", `none.sh" cannot be run`},
		{"[./gen.sh,", "[no-such-program-anywhere,", `"no-such-program-anywhere" cannot be run`},
		{"cwd: .", "cwd: none", "none is no folder"},
		{"cwd: .", "cwd: \"{env:LONGTAKE_TEST_UNSET}\"", "LONGTAKE_TEST_UNSET is not set"},
		{"cwd: .", "cwd: .\n    env: {A: \"{env:LONGTAKE_TEST_UNSET}\"}", "LONGTAKE_TEST_UNSET is not set"},
	} {
		p := scripted(t, "exit 0", "")
		src, err := os.ReadFile(p.Spec.File)
		if err != nil {
			t.Fatal(err)
		}
		p = plan(t, write(t, p.Spec.File, strings.Replace(string(src), tc.old, tc.new, 1)))
		dir := t.TempDir()
		_, err = Run(t.Context(), p, Options{Dir: dir})
		var setup *SetupError
		if !errors.As(err, &setup) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v", tc.new, err)
		}
		if _, err := os.Stat(filepath.Join(dir, CellsFolder, p.Cells[0].ID, RecordFile)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a record: %v", tc.new, err)
		}
	}
}

func TestForeignSpecErrors(t *testing.T) {
	const base = `generator:
  exec:
    command: [gen, "{prompt}", "{frames}", "{out}"]
model: {name: m, training_latent_frames: 21, temporal_stride: 4}
methods: [dense, {name: lvsa, args: [--lvsa]}]
horizons: [1x]
prompts: [fish]
`
	if _, err := ParseSpec("grid.yaml", []byte(base)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, old, new, want string }{
		{"placeholder", "{prompt}", "{promt}", `grid.yaml:3:20: generator.exec.command[1]: "{promt}": unknown placeholder {promt}: did you mean {prompt}?`},
		{"open brace", "{prompt}", "{prompt", `a { without its }: write {{ for the brace itself`},
		{"no prompt", `"{prompt}", `, "", `method "dense" (methods[0]): no {prompt} or {prompt_file} in the command`},
		{"no frames", `"{frames}", `, "", `no {frames} or {latent_frames} in the command`},
		{"no out", `, "{out}"]`, "]", `neither {out} nor {out_dir} and {out_name}`},
		{"a line for a shell", `[gen, "{prompt}", "{frames}", "{out}"]`, `gen {prompt}`, `(a list of words: no shell reads it)`},
		{"no command", `command: [gen, "{prompt}", "{frames}", "{out}"]`, "timeout: 1h", "generator.exec has no command"},
		{"args of a method", "[--lvsa]", `["--x={steps}"]`, `method "lvsa" (methods[1]): the command has {steps} and the spec no steps: add it`},
		{"unheard steps", "prompts:", "steps: 20\nprompts:", `steps is given and the command of method "dense" (methods[0]) has no {steps}: the records would hold what the generator never heard`},
		{"unheard seed", "prompts:", "seeds: [4]\nprompts:", `seeds is given and the command`},
		{"unheard sampler", "prompts:", "sampler: {shift: 3}\nprompts:", `sampler is given and the command`},
		{"native size", "prompts:", "size: native\nprompts:", `size: native is the built-in engine's`},
		{"horizon", ", training_latent_frames: 21", "", `needs the model's horizon`},
		{"off the grid", "horizons: [1x]", "frames: [80]", `frames[0]: 80 frames: use 77 or 81`},
		{"backend", "prompts:", "backend: cuda\nprompts:", "backend is of the built-in engine"},
		{"references", "prompts:", "references: mini\nprompts:", "references is of the built-in engine"},
		{"embeds", "[fish]", "[{tag: a, prompt: b, embeds: c}]", "embeds are for checkpoints"},
		{"timeout", "    command:", "    timeout: 5\n    command:", `generator.exec.timeout is "5": want a time such as 90s`},
		{"regexp", "    command:", "    log: {must: \"(\"}\n    command:", "error parsing regexp"},
		{"env name", "    command:", "    env: {\"A=B\": c}\n    command:", `"A=B" is no name`},
		{"two generators", "  exec:", "  files: x\n  exec:", "generator is a map with 2 keys"},
		{"method key", "args:", "arg:", `unknown key "arg" in methods[1]: did you mean "args"?`},
		{"slots", "prompts:", "executor: {slots: 0}\nprompts:", "executor.slots is 0: want 1 to"},
		{"gpus", "prompts:", "executor: {gpus: [0, 0]}\nprompts:", "executor.gpus[1]"},
		{"fields", "args: [--lvsa]", "fields: {a: b}", `unknown key "fields"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := strings.Replace(base, tc.old, tc.new, 1)
			s, err := ParseSpec("grid.yaml", []byte(src))
			if err == nil {
				_, err = NewPlan(t.Context(), s, Env{})
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestTemplate(t *testing.T) {
	t.Setenv("LONGTAKE_TEST_SET", "value")
	for _, tc := range []struct{ text, want string }{
		{"", ""}, {"plain", "plain"}, {"{{}}", "{}"}, {"{{frames}}", "{frames}"}, {"a{frames}b{frames}", "a9b9"}, {"{{{frames}}}", "{9}"},
		{"{env:LONGTAKE_TEST_SET}/x", "value/x"}, {"é{frames}é", "é9é"},
	} {
		tm, err := ParseTemplate(tc.text)
		if err != nil {
			t.Errorf("%q: %v", tc.text, err)
			continue
		}
		if got, err := tm.Expand(map[string]string{"frames": "9"}, false); err != nil || got != tc.want {
			t.Errorf("%q: got %q, %v", tc.text, got, err)
		}
	}
	for _, text := range []string{"{", "}", "a}b", "{}", "{ frames}", "{env:}", "{env:A=B}", "{frames", "\x00"} {
		if _, err := ParseTemplate(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	tm, err := ParseTemplate("{env:LONGTAKE_TEST_UNSET}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tm.Expand(nil, false); err == nil || !strings.Contains(err.Error(), "LONGTAKE_TEST_UNSET is not set") {
		t.Errorf("got %v", err)
	}
	if got, err := tm.Expand(nil, true); err != nil || got != "{env:LONGTAKE_TEST_UNSET}" {
		t.Errorf("lax: %q, %v", got, err)
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{prompt}", "{{}}", "{env:A}", "a{frames}b", "}{", "{{{"} {
		f.Add(s)
	}
	values := (&Cell{}).values("d", slot{})
	f.Fuzz(func(t *testing.T, text string) {
		tm, err := ParseTemplate(text)
		if err != nil {
			return
		}
		got, err := tm.Expand(values, true)
		if err != nil {
			t.Fatalf("%q was parsed and cannot be filled in: %v", text, err)
		}
		if !strings.ContainsAny(text, "{}") && got != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func TestShellQuote(t *testing.T) {
	words := []string{"a", "", "it's", "$x `y` \"z\"", "a b", "é", "--x=1"}
	out, err := exec.Command("sh", "-c", "printf '%s\\n' "+shellLine(words)).Output()
	if err != nil || string(out) != strings.Join(words, "\n")+"\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestLocalSlots(t *testing.T) {
	dir := t.TempDir()
	// A double of nvidia-smi for machines without a GPU.
	smi := write(t, filepath.Join(dir, "nvidia-smi"), "#!/bin/sh\nfor i in 0 1 2 3; do echo \"$i, GPU-$i$i, Test GPU\"; done\n")
	if err := os.Chmod(smi, 0o755); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	for _, tc := range []struct {
		smi     bool
		visible string
		e       Executor
		want    string
	}{
		{false, "-", Executor{}, "[:0]"},
		{false, "-", Executor{Slots: 2}, "[:0 :0]"},
		{true, "-", Executor{}, "[0:1 1:1 2:1 3:1]"},
		{true, "2,3", Executor{}, "[2:1 3:1]"},
		{true, "GPU-11", Executor{}, "[GPU-11:1]"},
		{true, "-", Executor{GPUs: []string{"1", "3"}, Slots: 4}, "[1:1 3:1 1:1 3:1]"},
		{true, "-", Executor{GPUsPerSlot: 2}, "[0,1:2 2,3:2]"},
		{true, "", Executor{}, "[:0]"},
		{false, "7", Executor{}, "[7:0]"},
	} {
		if tc.visible == "-" {
			os.Unsetenv("CUDA_VISIBLE_DEVICES")
		} else {
			t.Setenv("CUDA_VISIBLE_DEVICES", tc.visible)
		}
		t.Setenv("PATH", t.TempDir())
		if tc.smi {
			t.Setenv("PATH", dir+":"+path)
		}
		list, err := localSlots(t.Context(), tc.e)
		if err != nil {
			t.Errorf("%+v: %v", tc, err)
		}
		var got []string
		for i, s := range list {
			if s.index != i {
				t.Errorf("%+v: slot %d has index %d", tc, i, s.index)
			}
			got = append(got, s.gpu+":"+strconv.Itoa(len(s.gpus)))
		}
		if fmt.Sprint(got) != tc.want {
			t.Errorf("%+v: got %v", tc, got)
		}
	}
	if _, err := localSlots(t.Context(), Executor{GPUs: []string{"0"}, GPUsPerSlot: 2}); err == nil {
		t.Error("two GPUs of one")
	}
}
