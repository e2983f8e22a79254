package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// vqevalBinary builds the other program once; "" says why not.
var vqevalBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "longtake-test")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "vqeval")
	cmd := exec.Command("go", "build", "-o", name, "longtake/cmd/vqeval")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if builtVqeval {
		if name, err := vqevalBinary(); err == nil {
			os.RemoveAll(filepath.Dir(name))
		}
	}
	os.Exit(status)
}

var builtVqeval bool

// callVqeval runs the other program in a folder.
func callVqeval(t *testing.T, dir string, env []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	builtVqeval = true
	name, err := vqevalBinary()
	if err != nil {
		t.Fatalf("vqeval does not build: %v", err)
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	if env != nil {
		cmd.Env = env
	}
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// bad makes a folder that holds one of everything that is wrong.
func bad(t *testing.T) string {
	t.Helper()
	needFFmpeg(t)
	dir := t.TempDir()
	if err := os.Rename(model(t), filepath.Join(dir, "tiny")); err != nil {
		t.Fatal(err)
	}
	good := filepath.Join(dir, "good.mp4")
	if status, _, stderr := call(t.Context(), "generate", "--model", filepath.Join(dir, "tiny"), "--prompt", "fish", "--steps", "1", "-o", good); status != 0 {
		t.Fatal(stderr)
	}
	src, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	corrupt := append(bytes.Clone(src[:64]), bytes.Repeat([]byte{0xa5}, len(src))...)
	write(t, filepath.Join(dir, "corrupt.mp4"), string(corrupt))
	write(t, filepath.Join(dir, "text.mp4"), "This is a text.\n")
	write(t, filepath.Join(dir, "empty.mp4"), "")
	write(t, filepath.Join(dir, "-dash.mp4"), string(src))

	// Checkpoints whose weights are cut, or whose header lies.
	for name, damage := range map[string]func([]byte) []byte{
		"cut":  func(b []byte) []byte { return b[:len(b)/2] },
		"stub": func(b []byte) []byte { return b[:5] },
		"long": func(b []byte) []byte { binary.LittleEndian.PutUint64(b, 1<<62); return b },
		"lies": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"data_offsets":[`), []byte(`"data_offsets":[9`), 1)
		},
		"garble": func(b []byte) []byte { copy(b[8:], "not a header"); return b },
	} {
		m := filepath.Join(dir, name)
		if err := os.CopyFS(m, os.DirFS(filepath.Join(dir, "tiny"))); err != nil {
			t.Fatal(err)
		}
		weights := filepath.Join(m, "transformer", "diffusion_pytorch_model.safetensors")
		b, err := os.ReadFile(weights)
		if err != nil {
			t.Fatal(err)
		}
		write(t, weights, string(damage(b)))
	}

	const grid = "model: tiny\nmethods: [dense]\nhorizons: [1x]\nprompts: [fish]\nsteps: 1\n"
	bomb := "name: &a [x,x,x,x,x,x,x,x]\nmodel: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nseeds: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
	for name, text := range map[string]string{
		"grid.yaml":    grid,
		"key.yaml":     strings.Replace(grid, "methods", "metods", 1),
		"frames.yaml":  strings.Replace(grid, "horizons: [1x]", "frames: [9, 10]", 1),
		"method.yaml":  strings.Replace(grid, "dense", "lvssa", 1),
		"param.yaml":   strings.Replace(grid, "[dense]", "[{name: lvsa, windw: 3}]", 1),
		"scene.yaml":   strings.Replace(grid, "[fish]", "[submarine]", 1),
		"nan.yaml":     grid + "guidance: .nan\n",
		"bomb.yaml":    bomb,
		"huge.yaml":    grid + "# " + strings.Repeat("x", 1<<20),
		"empty.yaml":   "",
		"cut.yaml":     strings.Replace(grid, "tiny", "cut", 1),
		"both.yaml":    grid + "frames: [9]\n",
		"later.yaml":   grid + "generator: {exec: [./run]}\n",
		"files.yaml":   "generator: {files: \"{method}.{prompt}\"}\nmodel: x\nprompts: [mp4]\nmethods: [corrupt, text, empty, \"-dash\"]\n",
		"nofiles.yaml": "generator: {files: \"videos/{method}__{prompt}.mp4\"}\nmodel: x\n",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestBadInput is every wrong call and input with its message and its status.
// "@" in an argument is the folder.
func TestBadInput(t *testing.T) {
	dir := bad(t)
	generate := func(more ...string) []string {
		return append([]string{"generate", "--model", "@/tiny", "--prompt", "fish", "--steps", "1", "-o", "@/new.mp4"}, more...)
	}
	sweep := func(spec string) []string { return []string{"sweep", "@/" + spec, "-o", "@/out-" + spec} }
	with := func(m string) []string { return generate("--model", "@/"+m) }
	evaluate := func(name ...string) []string { return append([]string{"evaluate"}, name...) }
	const longtake, vqeval = "longtake", "vqeval"
	for _, tc := range []struct {
		name    string
		program string
		args    []string
		status  int
		want    []string // all of these on stderr
	}{
		// Videos.
		{"corrupt video", vqeval, evaluate("corrupt.mp4"), 2, []string{"corrupt.mp4"}},
		{"text named .mp4", vqeval, evaluate("text.mp4"), 2, []string{"text.mp4"}},
		{"empty file", vqeval, evaluate("empty.mp4"), 2, []string{"empty.mp4", "empty"}},
		{"no such video", vqeval, evaluate("none.mp4"), 2, []string{"none.mp4", "no such file"}},
		{"folder as video", vqeval, evaluate("folder"), 2, []string{"folder", "directory"}},
		{"address", vqeval, evaluate("https://example.com/a.mp4"), 2, []string{"https://example.com/a.mp4", "addresses are not opened, download it first"}},
		{"leading dash is a flag", vqeval, evaluate("-dash.mp4"), 2, []string{"-dash.mp4"}},
		{"leading dash is a file", vqeval, evaluate("--", "-dash.mp4"), 0, nil},
		{"leading dash in a folder", vqeval, evaluate("./-dash.mp4"), 0, nil},
		{"unknown flag of vqeval", vqeval, evaluate("--expect-moton", "good.mp4"), 2, []string{"--expect-moton"}},
		{"one bad video of a batch", vqeval, []string{"batch", "good.mp4", "text.mp4", "-o", "batch.csv"}, 1, []string{"1 of 2 videos could not be scored"}},
		{"a folder of bad videos", longtake, sweep("files.yaml"), 1, []string{"3 of 4 cells failed", "corrupt.mp4", "text.mp4", "empty.mp4"}},
		{"pattern without files", longtake, sweep("nofiles.yaml"), 2, []string{"folder", "videos not found"}},

		// Checkpoints.
		{"no such model", longtake, with("none"), 2, []string{"none", "no such file"}},
		{"folder without a model", longtake, with("folder"), 2, []string{"folder", "model_index.json"}},
		{"truncated weights", longtake, with("cut"), 2, []string{"diffusion_pytorch_model.safetensors"}},
		{"five bytes of weights", longtake, with("stub"), 2, []string{"diffusion_pytorch_model.safetensors"}},
		{"header of 4 EiB", longtake, with("long"), 2, []string{"diffusion_pytorch_model.safetensors", "header"}},
		{"header that lies", longtake, with("lies"), 2, []string{"diffusion_pytorch_model.safetensors"}},
		{"header that is no JSON", longtake, with("garble"), 2, []string{"diffusion_pytorch_model.safetensors", "header"}},
		{"truncated weights in a sweep", longtake, sweep("cut.yaml"), 2, []string{"diffusion_pytorch_model.safetensors"}},
		{"embeddings that are a text", longtake, generate("--prompt-embeds", "@/text.mp4"), 2, []string{"text.mp4"}},
		{"no such embeddings", longtake, generate("--prompt-embeds", "@/none.safetensors"), 2, []string{"none.safetensors", "no such file"}},

		// Specs.
		{"no such spec", longtake, sweep("none.yaml"), 2, []string{"none.yaml", "no such file"}},
		{"misspelled key", longtake, sweep("key.yaml"), 2, []string{`key.yaml:2:1: unknown key "metods" in the spec: did you mean "methods"?`}},
		{"frames off the grid", longtake, sweep("frames.yaml"), 2, []string{"frames.yaml:3:13: frames[1]: 10 frames: use 9 or 13"}},
		{"unknown method", longtake, sweep("method.yaml"), 2, []string{`method.yaml:2:11: methods[0]: method "lvssa" is unknown (did you mean "lvsa"?)`}},
		{"unknown parameter", longtake, sweep("param.yaml"), 2, []string{"param.yaml:2:", `windw: is unknown (did you mean "window"?)`}},
		{"unknown scene", longtake, sweep("scene.yaml"), 2, []string{"scene.yaml:4:11:", `"submarine" names no scene of this model; it can show: fish`}},
		{"not a number", longtake, sweep("nan.yaml"), 2, []string{"nan.yaml:6:11: guidance is .nan"}},
		{"YAML bomb", longtake, sweep("bomb.yaml"), 2, []string{"bomb.yaml:1:7: anchors (&) and aliases (*) are not supported"}},
		{"huge spec", longtake, sweep("huge.yaml"), 2, []string{"a spec has at most 1048576"}},
		{"empty spec", longtake, sweep("empty.yaml"), 2, []string{"the file is empty"}},
		{"a video as spec", longtake, sweep("good.mp4"), 2, []string{"good.mp4", "not YAML"}},
		{"horizons and frames", longtake, sweep("both.yaml"), 2, []string{"both.yaml:6:1: both horizons (line 3) and frames"}},
		{"a generator without its keys", longtake, sweep("later.yaml"), 2, []string{"later.yaml:6:19: generator.exec is a list: want a map"}},
		{"no folder", longtake, []string{"sweep", "@/grid.yaml"}, 2, []string{"add -o DIR"}},
		{"a file as folder", longtake, []string{"sweep", "@/grid.yaml", "-o", "@/good.mp4"}, 2, []string{"good.mp4 is a file: name a folder"}},
		{"report of no sweep", longtake, []string{"report", "@/folder"}, 2, []string{"is no folder of a sweep"}},
		{"rescore of no sweep", longtake, []string{"rescore", "@/folder"}, 2, []string{"is no folder of a sweep"}},

		// Calls.
		{"frames off the grid, call", longtake, generate("--frames", "10"), 2, []string{"10 frames: use 9 or 13"}},
		{"negative frames", longtake, generate("--frames", "-9"), 2, []string{"must not be negative"}},
		{"unknown method, call", longtake, generate("--method", "lvssa"), 2, []string{`method "lvssa" is unknown (did you mean "lvsa"?)`}},
		{"unknown parameter, call", longtake, generate("--method", "lvsa:windw=3"), 2, []string{`windw: is unknown (did you mean "window"?)`}},
		{"parameter that is no number", longtake, generate("--method", "lvsa:window=x"), 2, []string{"window"}},
		{"unknown scene, call", longtake, generate("--prompt", "a submarine"), 2, []string{"it can show: fish (a scene of fish); runner"}},
		{"no prompt", longtake, generate("--prompt", ""), 2, []string{"no prompt", "fish, runner"}},
		{"seed", longtake, generate("--seed", "-1"), 2, []string{"--seed -1: want 0 to"}},
		{"size", longtake, generate("--size", "33x33"), 2, []string{"size 33x33"}},
		{"guidance NaN", longtake, generate("--guidance", "NaN"), 2, []string{"--guidance"}},
		{"sampler", longtake, generate("--sampler", "heun"), 2, []string{"heun", "unipc"}},
		{"backend", longtake, generate("--backend", "tpu"), 2, []string{`backend "tpu"`}},
		{"kernels", longtake, generate("--kernels", "mmx"), 2, []string{"mmx", "generic"}},
		{"workers", longtake, generate("--workers", "-1"), 2, []string{"--workers -1"}},
		{"dump", longtake, generate("--dump", "1"), 2, []string{"want LAYER,STEP"}},
		{"dump beyond the model", longtake, generate("--dump", "9,0"), 2, []string{"layers 0 to 1"}},
		{"replay of nothing", longtake, []string{"replay"}, 2, []string{"add --dump"}},
		{"replay of no file", longtake, []string{"replay", "--dump", "@/none.safetensors"}, 2, []string{"none.safetensors"}},
		{"replay of another file", longtake, []string{"replay", "--dump", "@/good.mp4"}, 2, []string{"good.mp4"}},
		{"replay of an unknown method", longtake, []string{"replay", "--dump", "@/good.mp4", "--methods", "lvsb"}, 2, []string{"lvsb"}},
		{"video that is there", longtake, generate("-o", "@/good.mp4"), 2, []string{"is there already", "--force"}},
		{"no folder for the video", longtake, generate("-o", "@/none/new.mp4"), 2, []string{"there is no folder"}},
		{"video of another kind", longtake, generate("-o", "@/new.gif"), 2, []string{"written as .mp4"}},
		{"no length", longtake, []string{"pattern"}, 2, []string{"add --latent-frames"}},
		{"length zero", longtake, []string{"pattern", "--latent-frames", "0"}, 2, []string{"latent frames"}},
		{"interval", longtake, []string{"pattern", "--latent-frames", "9", "--interval", "0"}, 2, []string{`interval "0": want auto, none`}},
		{"schedule", longtake, []string{"pattern", "--latent-frames", "9", "--schedule", "lag2"}, 2, []string{"lag2"}},
		{"unknown command", longtake, []string{"swep"}, 2, []string{`unknown command "swep"`, "sweep"}},
		{"unknown flag", longtake, []string{"sweep", "--dryrun"}, 2, []string{"--dryrun"}},
		{"too many arguments", longtake, []string{"report", "a", "b"}, 2, []string{"accepts 1 arg(s), received 2"}},
		{"flag that is no number", longtake, generate("--frames", "many"), 2, []string{"many"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var args []string
			for _, a := range tc.args {
				args = append(args, strings.ReplaceAll(a, "@", dir))
			}
			var status int
			var stderr string
			if tc.program == vqeval {
				status, _, stderr = callVqeval(t, dir, nil, args...)
			} else {
				status, _, stderr = call(t.Context(), args...)
			}
			check(t, status, tc.status, stderr, tc.want)
			if _, err := os.Stat(filepath.Join(dir, "new.mp4")); err == nil {
				t.Error("a video was written")
			}
		})
	}
}

func check(t *testing.T, status, wantStatus int, stderr string, want []string) {
	t.Helper()
	if status != wantStatus {
		t.Errorf("status %d, want %d: %s", status, wantStatus, stderr)
	}
	for _, w := range append(want, "") {
		if !strings.Contains(stderr, w) {
			t.Errorf("%q does not say %q", stderr, w)
		}
	}
	for _, p := range []string{"panic", "goroutine ", "runtime error", "%!"} {
		if strings.Contains(stderr, p) {
			t.Errorf("stderr holds %q: %s", p, stderr)
		}
	}
}

func TestFFmpegMissing(t *testing.T) {
	dir := bad(t)
	// Built before the search path is emptied.
	if status, _, stderr := callVqeval(t, dir, nil, "--help"); status != 0 {
		t.Fatal(stderr)
	}
	t.Setenv("PATH", filepath.Join(dir, "folder"))
	m, out := filepath.Join(dir, "tiny"), filepath.Join(dir, "new.mp4")
	want := []string{"apt-get install ffmpeg"}
	status, _, stderr := call(t.Context(), "generate", "--model", m, "--prompt", "fish", "-o", out)
	check(t, status, 2, stderr, want)
	status, _, stderr = call(t.Context(), "sweep", filepath.Join(dir, "grid.yaml"), "-o", filepath.Join(dir, "out"))
	check(t, status, 2, stderr, want)
	status, _, stderr = call(t.Context(), "sweep", filepath.Join(dir, "files.yaml"), "-o", filepath.Join(dir, "out"))
	check(t, status, 2, stderr, want)
	status, _, stderr = callVqeval(t, dir, []string{"PATH=" + filepath.Join(dir, "folder")}, "evaluate", "good.mp4")
	check(t, status, 2, stderr, want)
}
