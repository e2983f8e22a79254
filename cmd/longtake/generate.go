package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"longtake/diffusion"
	"longtake/kernels/all"
	"longtake/lvsa"
	"longtake/sweeps"
	"longtake/video"
)

// generation holds the flags of generate.
type generation struct {
	method, prompt, embeds, model, backend string
	dump, size, sampler, out               string
	frames, steps                          int
	seed                                   int64
	guidance, shift                        float64
	force                                  bool
}

func (p *program) generateCommand() *cobra.Command {
	var g generation
	cmd := &cobra.Command{
		Use:   "generate --method M --frames F --prompt TEXT --seed S -o out.mp4",
		Short: "Generate one video",
		Long: `Generates one video and encodes it as H.264. A file that is there is only
replaced with --force. Methods and their parameters: longtake methods.

Memory grows with the number of tokens, not with its square: no attention matrix is
held, activations are reused, frames are handed on as they are decoded. The built-in
model stays below 300 MB resident at six times its horizon (501 frames).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return p.generate(cmd, &g) },
	}
	f := cmd.Flags()
	f.StringVar(&g.method, "method", "dense", "name or name:key=value,key=value")
	f.IntVar(&g.frames, "frames", 0, "video frames, on the model's grid; 0 is its training horizon")
	f.StringVar(&g.prompt, "prompt", "", "text; the built-in model matches it with one of its scenes")
	f.StringVar(&g.embeds, "prompt-embeds", "", "safetensors file with prompt_embeds and negative_prompt_embeds, for checkpoints without prompts of their own")
	f.Int64Var(&g.seed, "seed", 16, "seed of the noise")
	f.IntVar(&g.steps, "steps", 0, "denoising steps; 0 is the model's default")
	f.Float64Var(&g.guidance, "guidance", 0, "classifier-free guidance; 1 is without, 0 the model's default")
	f.StringVar(&g.sampler, "sampler", "", "one of "+strings.Join(diffusion.SamplerNames(), ", ")+"; empty is the model's own")
	f.Float64Var(&g.shift, "shift", 0, "timestep shift of the sampler; 0 is the model's own")
	f.StringVar(&g.size, "size", "native", "WIDTHxHEIGHT in pixels, or native")
	f.StringVar(&g.model, "model", "mini", "mini, or a checkpoint folder in the layout of Diffusers")
	f.StringVar(&g.backend, "backend", "auto", "auto, cpu")
	f.StringVar(&g.dump, "dump", "", "LAYER,STEP: write that layer's queries, keys and values beside the video")
	f.StringVarP(&g.out, "output", "o", "", "video file (.mp4)")
	f.BoolVar(&g.force, "force", false, "replace the video when it is there")
	return cmd
}

// request checks the flags and turns them into a request; the model's own
// limits are checked by the engine.
func (g *generation) request() (r diffusion.Request, err error) {
	if g.out == "" {
		return r, usagef("generate: no file for the video: add -o out.mp4")
	}
	if ext := strings.ToLower(filepath.Ext(g.out)); ext != ".mp4" {
		return r, usagef("generate: -o %s: videos are written as .mp4", g.out)
	}
	if !g.force {
		if _, err := os.Lstat(g.out); err == nil {
			return r, usagef("generate: %s is there already: choose another name, or --force to replace it", g.out)
		}
	}
	if st, err := os.Stat(filepath.Dir(g.out)); err != nil || !st.IsDir() {
		return r, usagef("generate: -o %s: there is no folder %s: make it first", g.out, filepath.Dir(g.out))
	}
	if g.seed < 0 || g.seed > math.MaxUint32 {
		return r, usagef("generate: --seed %d: want 0 to %d", g.seed, uint32(math.MaxUint32))
	}
	if g.frames < 0 || g.steps < 0 || !(g.guidance >= 0) || !(g.shift >= 0) {
		return r, usagef("generate: --frames, --steps, --guidance and --shift must not be negative")
	}
	if known := diffusion.SamplerNames(); g.sampler != "" && !slices.Contains(known, g.sampler) {
		return r, usagef("generate: --sampler %q: want one of %s", g.sampler, strings.Join(known, ", "))
	}
	spec, err := lvsa.ParseSpec(g.method)
	if err != nil {
		return r, fmt.Errorf("--method: %w", err)
	}
	method, err := spec.Build()
	if err != nil {
		return r, input(err)
	}
	r = diffusion.Request{Method: method, Frames: g.frames, Prompt: g.prompt, Seed: uint64(g.seed), Steps: g.steps, Guidance: g.guidance,
		Sampler: diffusion.Sampler{Name: g.sampler, Shift: g.shift}}
	if g.size != "native" {
		if r.Width, r.Height, err = sweeps.ParseSize(g.size); err != nil {
			return r, usagef("generate: --size %s: %w", g.size, err)
		}
	}
	if g.embeds != "" {
		if r.Embeds, err = diffusion.LoadEmbeds(g.embeds); err != nil {
			return r, input(fmt.Errorf("--prompt-embeds: %w", err))
		}
	}
	if g.dump != "" {
		if r.Dump, err = parseDump(g.dump, g.out); err != nil {
			return r, err
		}
	}
	return r, nil
}

// parseDump reads LAYER,STEP; the file lies beside the video.
func parseDump(s, out string) (*diffusion.DumpRequest, error) {
	layer, step, ok := strings.Cut(s, ",")
	l, err1 := strconv.Atoi(layer)
	t, err2 := strconv.Atoi(step)
	if !ok || err1 != nil || err2 != nil || l < 0 || t < 0 {
		return nil, usagef("generate: --dump %q: want LAYER,STEP counted from 0, such as 0,10", s)
	}
	base := strings.TrimSuffix(out, filepath.Ext(out))
	return &diffusion.DumpRequest{Layer: l, Step: t, Path: fmt.Sprintf("%s.layer%d.step%d.safetensors", base, l, t)}, nil
}

func (p *program) generate(cmd *cobra.Command, g *generation) error {
	r, err := g.request()
	if err != nil {
		return err
	}
	b, err := all.Get(g.backend, p.options())
	if err != nil {
		return input(err)
	}
	m, err := openModel(g.model, b)
	if err != nil {
		return err
	}
	info := m.Info()
	if r.Frames, r.Width, r.Height, _, err = m.Grid(r.Frames, r.Width, r.Height); err != nil {
		return input(err)
	}
	if err := checkPrompt(m, &r); err != nil {
		return err
	}
	if r.Steps == 0 {
		r.Steps = info.Steps
	}
	if r.Guidance == 0 {
		r.Guidance = info.Guidance
	}
	if r.Dump != nil && (r.Dump.Layer >= info.Layers || r.Dump.Step >= r.Steps) {
		return usagef("generate: --dump %s: the model has layers 0 to %d and this run steps 0 to %d", g.dump, info.Layers-1, r.Steps-1)
	}
	bar := newProgress(p.stderr)
	work, err := sweeps.Estimate(info, r.Method, r.Frames, r.Width, r.Height, r.Steps, r.Guidance > 1)
	if err != nil {
		return input(err)
	}
	bar.Begin(1)
	defer bar.End()
	r.Progress = func(q diffusion.Progress) { bar.Advance(work.Share(q), "generating") }

	start := time.Now()
	enc, err := video.Create(cmd.Context(), g.out, video.EncodeOptions{Width: r.Width, Height: r.Height, FPS: float64(info.FPS)})
	var res diffusion.Result
	if err == nil {
		defer enc.Abort()
		res, err = diffusion.Generate(cmd.Context(), m, r, enc.WriteFrame)
	}
	if err == nil {
		err = enc.Close()
	}
	switch {
	case err == nil:
	case cmd.Context().Err() != nil:
		return fmt.Errorf("generate: stopped; nothing was written: %w", cmd.Context().Err())
	default:
		return fmt.Errorf("generate: %s: %w", g.out, err)
	}
	bar.End()
	t := res.Trace
	_, err = fmt.Fprintf(p.stdout, "%s: %d frames of %dx%d at %d per second, %s, %s\n", g.out, t.Frames, t.Width, t.Height, info.FPS, info.Name, r.Method.Name())
	for _, line := range []string{
		fmt.Sprintf("%.2f s: denoise %.2f s (attention %.2f s), decode %.2f s; %.1f %% of the token pairs attended", time.Since(start).Seconds(), res.DenoiseSeconds, res.AttentionSeconds, res.DecodeSeconds, 100*res.AttendedFraction),
		"latents sha256 " + res.LatentsSHA256,
		"look for freezes and loops: vqeval evaluate " + g.out,
	} {
		if err == nil {
			_, err = fmt.Fprintln(p.stdout, line)
		}
	}
	if r.Dump != nil && err == nil {
		_, err = fmt.Fprintln(p.stdout, "dump in "+r.Dump.Path)
	}
	return err
}

// checkPrompt says early what the engine would say late.
func checkPrompt(m *diffusion.Model, r *diffusion.Request) error {
	if r.Embeds != nil {
		return nil
	}
	if strings.TrimSpace(r.Prompt) == "" && len(m.Info().Scenes) > 0 {
		var tags []string
		for _, s := range m.Info().Scenes {
			tags = append(tags, s.Tag)
		}
		return usagef("generate: no prompt: add --prompt TEXT; this model shows %s", strings.Join(tags, ", "))
	}
	if _, err := m.MatchPrompt(r.Prompt); err != nil {
		if len(m.Info().Scenes) == 0 {
			return input(errors.Join(err, errors.New("add --prompt-embeds FILE")))
		}
		return input(err)
	}
	return nil
}
