package diffusion

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"longtake/internal/golden"
	"longtake/internal/safetensors"
	"longtake/kernels/cpu"
)

func goldenEmbeds(t *testing.T) *Embeds {
	t.Helper()
	g := golden.Open(t, "e2e_tiny")
	return &Embeds{Prompt: goldenText(g, "in.prompt_embeds"), Negative: goldenText(g, "in.negative_embeds")}
}

// Seed to frames, against the reference pipeline.
func TestEndToEndGolden(t *testing.T) {
	g := golden.Open(t, "e2e_tiny")
	m := tinyModel(t, cpu.Options{})
	for _, sampler := range []string{"unipc", "euler"} {
		t.Run(sampler, func(t *testing.T) {
			steps := g.Values(sampler + ".latents_per_step")
			n := len(steps) / 6
			noise := make([]float32, n)
			if err := Noise(noise, g.Seed()); err != nil {
				t.Fatal(err)
			}
			g.Check("in.noise", noise, 1e-6)
			seen := 0
			var rgb []byte
			res, err := Generate(context.Background(), m, Request{
				Method: method(t, "dense"), Frames: 9, Embeds: goldenEmbeds(t), Seed: g.Seed(), Steps: 6, Guidance: 5, Sampler: Sampler{sampler, 3},
				onLatents: func(i int, x []float32) {
					seen++
					if err := golden.Compare(x, steps[i*n:(i+1)*n], g.Tolerance("latents_per_step")); err != nil {
						t.Errorf("latents after step %d: %v", i, err)
					}
				},
			}, func(frame []byte) error {
				rgb = append(rgb, frame...)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if seen != 6 {
				t.Errorf("%d steps", seen)
			}
			z := make([]float32, n)
			for c := range 16 {
				for i := range n / 16 {
					z[c*n/16+i] = res.Latents[c*n/16+i]*float32(golden.WanStd[c]) + float32(golden.WanMean[c])
				}
			}
			g.Check(sampler+".z", z, g.Tolerance("z"))
			if sampler != "unipc" {
				return // the file has no euler frames
			}
			video := decodeAll(t, m, res.Latents, res.Shape[1], res.Shape[2], res.Shape[3], 0, nil)
			g.Check("unipc.video", clamped(video), g.Tolerance("video"))
			want := g.Values("unipc.frames_u8")
			if len(want) != len(rgb) {
				t.Fatalf("%d bytes, want %d", len(rgb), len(want))
			}
			off := 0
			for i, w := range want {
				d := int(w) - int(rgb[i])
				if d < -1 || d > 1 {
					t.Fatalf("byte %d is %d, want %g", i, rgb[i], w)
				}
				if d != 0 {
					off++
				}
			}
			if 1000*off > len(want) {
				t.Errorf("%d of %d bytes differ, want at most 0.1 %%", off, len(want))
			}
			sum := sha256.Sum256(rgb)
			if res.FramesSHA256 != hex.EncodeToString(sum[:]) {
				t.Error("frames_sha256 is not that of the frames")
			}
			if res.LatentsSHA256 != hashFloats(res.Latents) || len(res.LatentsSHA256) != 64 {
				t.Error("latents_sha256 is not that of the latents")
			}
		})
	}
}

// small is a quick request on the tiny model.
func small(t *testing.T, spec string) Request {
	return Request{Method: method(t, spec), Frames: 17, Width: 32, Height: 32, Embeds: goldenEmbeds(t), Seed: 5, Steps: 3, Guidance: 4}
}

func discard([]byte) error { return nil }

// The same request gives the same bits on any number of workers, for any
// chunk size and again.
func TestDeterminism(t *testing.T) {
	var want Result
	for i, c := range []struct{ workers, chunk int }{{1, 0}, {2, 0}, {2, 1}, {3, 2}, {1, 0}} {
		m := tinyModel(t, cpu.Options{Workers: c.workers})
		r := small(t, "lvsa:window=1")
		r.chunk = c.chunk
		got, err := Generate(context.Background(), m, r, discard)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want = got
			continue
		}
		if got.LatentsSHA256 != want.LatentsSHA256 || got.FramesSHA256 != want.FramesSHA256 {
			t.Errorf("%d workers, chunk %d: %.8s %.8s, want %.8s %.8s", c.workers, c.chunk, got.LatentsSHA256, got.FramesSHA256, want.LatentsSHA256, want.FramesSHA256)
		}
	}
}

// A model is shared; each generation has its own memory.
func TestConcurrentGenerations(t *testing.T) {
	m := tinyModel(t, cpu.Options{})
	r := small(t, "dense")
	want, err := Generate(context.Background(), m, r, discard)
	if err != nil {
		t.Fatal(err)
	}
	type out struct {
		res Result
		err error
	}
	ch := make(chan out)
	for range 2 {
		go func() {
			res, err := Generate(context.Background(), m, r, discard)
			ch <- out{res, err}
		}()
	}
	for range 2 {
		if o := <-ch; o.err != nil || o.res.FramesSHA256 != want.FramesSHA256 {
			t.Errorf("%v, %s, want %s", o.err, o.res.FramesSHA256, want.FramesSHA256)
		}
	}
}

func TestTrace(t *testing.T) {
	m := tinyModel(t, cpu.Options{})
	r := small(t, "lvsa:window=1")
	var stages []string
	last := Progress{}
	r.Progress = func(p Progress) {
		if p.Stage != last.Stage {
			stages = append(stages, p.Stage)
		}
		last = p
	}
	frames := 0
	res, err := Generate(context.Background(), m, r, func(b []byte) error {
		if len(b) != 32*32*3 {
			t.Errorf("frame of %d bytes", len(b))
		}
		frames++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if frames != 17 || last.Frame != 17 || last.Step != 3 || strings.Join(stages, " ") != "denoise decode" {
		t.Errorf("%d frames, stages %v, last %+v", frames, stages, last)
	}
	x := res.Trace
	if x.Schema != TraceSchema || len(x.Steps) != 3 || x.LatentFrames != 5 || x.Tokens != 5*2*2 || x.Branches != 2 || x.TextTokens != 32 || x.Checkpoint != m.Info().SHA256 {
		t.Errorf("%+v", x)
	}
	// 5 frames against a horizon of 3: the pattern must be sparse.
	calls := 0
	sum := 0.0
	for _, p := range x.Patterns {
		calls += p.Calls
		sum += float64(p.Calls) * p.Fraction
		if len(p.Windows) != 5 {
			t.Errorf("%d windows for 5 frames", len(p.Windows))
		}
	}
	if calls != 3*2*2 {
		t.Errorf("%d attention calls, want steps x layers x branches = 12", calls)
	}
	if !res.Engaged || !x.Engaged || res.AttendedFraction != sum/float64(calls) || !(res.AttendedFraction > 0 && res.AttendedFraction < 1) {
		t.Errorf("engaged %v, fraction %g", res.Engaged, res.AttendedFraction)
	}
	if !(x.Attention > 0 && x.Attention < x.Denoise && x.Decode > 0) || res.AttentionSeconds != x.Attention || x.PeakBytes <= 0 || x.Bytes.Text != 2*2*2*32*128*4 {
		t.Errorf("%+v", x)
	}
	latent := 0
	for _, d := range x.Decoding {
		latent += d.LatentFrames
	}
	if latent != 5 {
		t.Errorf("decoded %d latent frames", latent)
	}
	b, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{`"schema":1`, `"anchors":[`, `"windows":[[`, `"build_s":`, `"peak_bytes":`, `"attention_s":`, `"decode_s":`, `"steps":[{`} {
		if !bytes.Contains(b, []byte(key)) {
			t.Errorf("trace.json has no %s", key)
		}
	}
}

// Guidance of 1 or less needs no negative embeddings and runs one pass a step.
func TestWithoutGuidance(t *testing.T) {
	m := tinyModel(t, cpu.Options{})
	r := small(t, "dense")
	r.Guidance, r.Embeds.Negative = 1, nil
	res, err := Generate(context.Background(), m, r, discard)
	if err != nil {
		t.Fatal(err)
	}
	if res.Trace.Branches != 1 || res.Engaged || res.AttendedFraction != 1 {
		t.Errorf("%d branches, engaged %v, fraction %g", res.Trace.Branches, res.Engaged, res.AttendedFraction)
	}
}

// At and below the horizon every method leaves the video alone, bit for bit,
// down to one latent frame, one step and a row of tokens.
func TestMethodsRestAtTheHorizon(t *testing.T) {
	m := tinyModel(t, cpu.Options{})
	for _, c := range []struct{ frames, width, height int }{{1, 16, 16}, {1, 48, 16}, {9, 16, 48}} {
		want := ""
		for _, spec := range []string{"dense", "pi", "ntk", "yarn", "riflex", "riflex:variant=lvsa", "ultravico", "lvsa:window=0", "lvsa+yarn"} {
			r := small(t, spec)
			r.Frames, r.Width, r.Height, r.Steps, r.Guidance = c.frames, c.width, c.height, 1, 1
			frames := 0
			res, err := Generate(context.Background(), m, r, func([]byte) error { frames++; return nil })
			if err != nil {
				t.Fatalf("%s: %v", spec, err)
			}
			if want == "" {
				want = res.LatentsSHA256
			}
			if frames != c.frames || res.LatentsSHA256 != want || res.Engaged || res.AttendedFraction != 1 {
				t.Errorf("%s, %+v: %d frames, engaged %v, fraction %g, latents %.8s, dense has %.8s",
					spec, c, frames, res.Engaged, res.AttendedFraction, res.LatentsSHA256, want)
			}
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	m := tinyModel(t, cpu.Options{})
	short := &Embeds{Prompt: &Matrix{Rows: 2, Cols: 3, Data: make([]float32, 6)}}
	for _, c := range []struct {
		name string
		edit func(*Request)
		want string
	}{
		{"frames off the grid", func(r *Request) { r.Frames = 82 }, "82 frames: use 81 or 85"},
		{"two frames", func(r *Request) { r.Frames = 2 }, "2 frames: use 1 or 5"},
		{"no frames", func(r *Request) { r.Frames = -3 }, "-3 frames: use 1 or more"},
		{"beyond the positions", func(r *Request) { r.Frames = 4*1024 + 1 }, "positions for 4093"},
		{"odd size", func(r *Request) { r.Width = 40 }, "size 40x32: want multiples of 16x16"},
		{"one side", func(r *Request) { r.Width = 0 }, "size 0x32"},
		{"wider than the positions", func(r *Request) { r.Width, r.Height = 65536, 65536 }, "positions for 16384x16384"},
		{"steps", func(r *Request) { r.Steps = -1 }, "-1 steps"},
		{"guidance", func(r *Request) { r.Guidance = -1 }, "guidance -1"},
		{"sampler", func(r *Request) { r.Sampler.Name = "ddim" }, `sampler "ddim"`},
		{"no method", func(r *Request) { r.Method = nil }, "no attention method"},
		{"no text", func(r *Request) { r.Embeds = nil }, "text encoder is not built in"},
		{"width of the text", func(r *Request) { r.Embeds = short }, "width 3: the model's text_dim is 64"},
		{"no negative", func(r *Request) { r.Embeds = &Embeds{Prompt: r.Embeds.Prompt} }, "guidance 4 needs negative_prompt_embeds"},
		{"dump of no layer", func(r *Request) { r.Dump = &DumpRequest{Layer: 2, Path: "x"} }, "layers 0 to 1"},
		{"dump of no step", func(r *Request) { r.Dump = &DumpRequest{Step: 3, Path: "x"} }, "steps 0 to 2"},
		{"dump into no file", func(r *Request) { r.Dump = &DumpRequest{} }, "no file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := small(t, "dense")
			c.edit(&r)
			_, err := Generate(context.Background(), m, r, discard)
			wantError(t, err, c.want)
		})
	}
}

func TestGenerateStops(t *testing.T) {
	m := tinyModel(t, cpu.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	r := small(t, "dense")
	r.onLatents = func(int, []float32) { cancel() }
	if _, err := Generate(ctx, m, r, discard); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	full := errors.New("disk full")
	_, err := Generate(context.Background(), m, small(t, "dense"), func([]byte) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("emit failed: %v", err)
	}
	wantError(t, err, "frame 0")
}

func TestDump(t *testing.T) {
	m := tinyModel(t, cpu.Options{})
	r := small(t, "dense")
	r.Dump = &DumpRequest{Layer: 1, Step: 2, Path: filepath.Join(t.TempDir(), "qkv.safetensors")}
	res, err := Generate(context.Background(), m, r, discard)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Generate(context.Background(), m, small(t, "dense"), discard)
	if err != nil {
		t.Fatal(err)
	}
	if plain.LatentsSHA256 != res.LatentsSHA256 {
		t.Error("dumping changes the video")
	}
	f, err := safetensors.Open(r.Dump.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for k, v := range map[string]string{"layer": "1", "step": "2", "frames": "5", "rows": "2", "cols": "2", "reference": "3", "heads": "2", "head_dim": "64", "method": r.Method.Name()} {
		if f.Metadata[k] != v {
			t.Errorf("%s is %q, want %q", k, f.Metadata[k], v)
		}
	}
	values := map[string][]float32{}
	for _, n := range []string{"q", "k", "v", "q_unrotated", "k_unrotated"} {
		v, shape, err := f.Float32(n)
		if err != nil || len(shape) != 3 || shape[0] != 20 || shape[1] != 2 || shape[2] != 64 {
			t.Fatalf("%s: %v %v", n, shape, err)
		}
		values[n] = v
	}
	// Token 0 lies at position 0 of every axis, where nothing turns.
	if err := golden.Compare(values["q"][:128], values["q_unrotated"][:128], 0); err != nil {
		t.Errorf("the first token was rotated: %v", err)
	}
	if err := golden.Compare(values["k"][128:], values["k_unrotated"][128:], 1e-3); err == nil {
		t.Error("later tokens were not rotated")
	}
}

func TestFrames(t *testing.T) {
	for _, c := range []struct{ frames, latent int }{{1, 1}, {5, 2}, {81, 21}, {165, 42}, {333, 84}} {
		got, err := LatentFrames(c.frames, 4)
		if err != nil || got != c.latent || VideoFrames(c.latent, 4) != c.frames {
			t.Errorf("%d frames: %d latent frames, %v", c.frames, got, err)
		}
	}
	for _, c := range []struct {
		ratio  float64
		frames int
	}{{1, 81}, {2, 165}, {4, 333}, {6, 501}, {0.5, 41}, {0.001, 1}, {1.5, 125}} {
		if got := FramesForRatio(c.ratio, 21, 4); got != c.frames {
			t.Errorf("%gx: %d frames, want %d", c.ratio, got, c.frames)
		}
	}
	_, err := LatentFrames(82, 4)
	wantError(t, err, "82 frames: use 81 or 85")
}

// A step allocates no activations: more steps cost next to no memory.
func TestStepsDoNotAllocate(t *testing.T) {
	m := tinyModel(t, cpu.Options{Workers: 1})
	total := func(steps int) uint64 {
		r := small(t, "dense")
		r.Steps, r.Width, r.Height = steps, 64, 64
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Generate(context.Background(), m, r, discard); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	total(2) // the backend's own scratch
	few, many := total(2), total(10)
	activation := uint64(4 * 80 * 128) // one [tokens, width]
	if per := (float64(many) - float64(few)) / 8; per > float64(activation)/4 {
		t.Errorf("%g bytes a step; one activation is %d", per, activation)
	}
}
