package diffusion

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"time"

	"longtake/lvsa"
)

// Request is one video. Zero values stand for the model's defaults, where it
// has any.
type Request struct {
	Method        lvsa.Method
	Frames        int    // video frames, on the model's grid; 0 is the training horizon
	Width, Height int    // pixels; both 0 is the native size
	Prompt        string // for a model with its own prompts
	Embeds        *Embeds
	Seed          uint64 // of the noise; its low 32 bits count
	Steps         int
	Guidance      float64 // classifier-free guidance; 1 or less runs the prompt alone
	Sampler       Sampler // an empty name and a shift of 0 are each the model's own
	Dump          *DumpRequest
	Progress      func(Progress) // called between steps and chunks, on the caller's goroutine

	onLatents func(step int, latents []float32) // in tests
	chunk     int                               // latent frames a decoder call; 0 chooses
}

// Progress tells how far a generation is.
type Progress struct {
	Stage         string // "denoise", then "decode"
	Step, Steps   int    // denoising steps done
	Frame, Frames int    // video frames emitted
	Elapsed       time.Duration
}

// Result is what a generation leaves besides its frames.
type Result struct {
	Trace                                           Trace
	Latents                                         []float32 // normalised, as the sampler left them
	Shape                                           [4]int    // of Latents: channels, latent frames, rows, columns
	LatentsSHA256                                   string    // of Latents as little-endian float32
	FramesSHA256                                    string    // of the RGB bytes of all frames in order
	DenoiseSeconds, DecodeSeconds, AttentionSeconds float64
	Engaged                                         bool    // the method differed from dense attention
	AttendedFraction                                float64 // of video pairs, mean over attention calls
}

// Generate makes one video and hands its frames to emit, RGB with 8 bits,
// width*height*3 bytes, in order; the slice is reused. It stops with ctx's
// error between layers and decoder stages. Frames are not held: emit decides
// what happens to them.
func Generate(ctx context.Context, m *Model, r Request, emit func(rgb []byte) error) (Result, error) {
	g, err := newGeneration(m, &r)
	if err != nil {
		return Result{}, err
	}
	if err := g.denoise(ctx); err != nil {
		return Result{}, err
	}
	if err := g.decode(ctx, emit); err != nil {
		return Result{}, err
	}
	return g.res, nil
}

// generation is one run of Generate.
type generation struct {
	m        *Model
	r        *Request
	res      Result
	trace    *Trace
	start    time.Time
	geo      lvsa.Geometry
	pos, neg *Matrix // neg is nil without guidance
	solver   solver
	plan     schedule
	dump     *dumper
	latents  []float32
}

// newGeneration checks the request and draws the noise.
func newGeneration(m *Model, r *Request) (*generation, error) {
	if r.Method == nil {
		return nil, errors.New("diffusion: no attention method given")
	}
	if r.Steps == 0 {
		r.Steps = m.info.Steps
	}
	if r.Guidance == 0 {
		r.Guidance = m.info.Guidance
	}
	if math.IsNaN(r.Guidance) || math.IsInf(r.Guidance, 0) || r.Guidance < 0 {
		return nil, fmt.Errorf("diffusion: guidance %g: want a number from 0", r.Guidance)
	}
	if r.Sampler.Name == "" {
		r.Sampler.Name = m.info.Sampler
	}
	if r.Sampler.Shift == 0 {
		r.Sampler.Shift = m.info.Shift
	}
	frames, width, height, shape, err := m.Grid(r.Frames, r.Width, r.Height)
	if err != nil {
		return nil, err
	}
	g := &generation{m: m, r: r, start: time.Now()}
	g.geo = lvsa.Geometry{Frames: shape[1], Rows: shape[2] / m.info.Patch[1], Cols: shape[3] / m.info.Patch[2], Reference: m.info.TrainingLatentFrames}
	var scene string
	if g.pos, g.neg, scene, err = m.embeds(r, r.Guidance > 1); err != nil {
		return nil, err
	}
	if g.dump, err = newDumper(r.Dump, m, r, r.Steps); err != nil {
		return nil, err
	}
	n := shape[0] * shape[1] * shape[2] * shape[3]
	if g.solver, g.plan, err = newSolver(r.Sampler, r.Steps, n); err != nil {
		return nil, err
	}
	g.latents = make([]float32, n)
	if err := Noise(g.latents, r.Seed); err != nil {
		return nil, err
	}
	g.res.Shape = shape
	g.trace = &g.res.Trace
	*g.trace = Trace{
		Schema: TraceSchema, Model: m.info.Name, Checkpoint: m.info.SHA256, Method: r.Method.Name(), Backend: m.b.Name(), Scene: scene,
		Frames: frames, LatentFrames: shape[1], Width: width, Height: height, Tokens: g.geo.Tokens(), TextTokens: g.pos.Rows, Branches: 1,
		Steps: []StepTrace{}, Decoding: []DecodeTrace{}, Patterns: []PatternTrace{},
	}
	g.trace.Bytes.Latents = 4 * int64(n) * 7 // latents, two predictions, four vectors of the solver
	g.trace.Bytes.Parameters = 4 * (m.info.Parameters + m.info.DecoderParameters)
	if g.neg != nil {
		g.trace.Branches = 2
	}
	return g, nil
}

func (g *generation) progress(stage string, step, frame int) {
	if g.r.Progress != nil {
		g.r.Progress(Progress{Stage: stage, Step: step, Steps: g.r.Steps, Frame: frame, Frames: g.trace.Frames, Elapsed: time.Since(g.start)})
	}
}

// denoise turns the noise into latents. Its memory is free again afterwards.
func (g *generation) denoise(ctx context.Context) (err error) {
	m, tr := g.m, g.m.tr
	rope, err := g.r.Method.Rope(g.geo, tr.cfg.baseRope())
	if err != nil {
		return fmt.Errorf("diffusion: %w", err)
	}
	attn, err := g.r.Method.Begin(m.b, g.geo, rope)
	if err != nil {
		return fmt.Errorf("diffusion: %w", err)
	}
	defer func() { err = errors.Join(err, attn.Close()) }()
	begin := time.Now()
	var branches []*textCache // the conditional pass first
	for _, text := range []*Matrix{g.pos, g.neg} {
		if text == nil {
			continue
		}
		c, err := tr.encodeText(text, nil)
		if err != nil {
			return err
		}
		branches = append(branches, c)
		g.trace.Bytes.Text += c.bytes()
	}
	d, err := newDenoiser(tr, g.geo, rope, attn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	d.dump = g.dump
	g.trace.Bytes.Denoiser = d.bytes
	g.trace.TextSeconds = time.Since(begin).Seconds()

	flow := make([][]float32, len(branches))
	for i := range flow {
		flow[i] = make([]float32, len(g.latents))
	}
	g.progress("denoise", 0, 0)
	for i, t := range g.plan.timesteps {
		start, attended := time.Now(), d.attended
		if err := d.ts.set(tr, t, nil); err != nil {
			return err
		}
		for b, text := range branches {
			if err := d.forward(ctx, lvsa.Site{Step: i, Steps: g.r.Steps, Branch: b}, flow[b], g.latents, text); err != nil {
				return err
			}
		}
		if len(branches) == 2 {
			guide(flow[0], flow[1], g.r.Guidance)
		}
		g.solver.step(i, g.latents, flow[0])
		for _, v := range g.latents {
			if v-v != 0 {
				return fmt.Errorf("diffusion: step %d of %d: the latents hold NaN or infinity", i, g.r.Steps)
			}
		}
		g.trace.Steps = append(g.trace.Steps, StepTrace{Step: i, Timestep: t, Sigma: float64(g.plan.sigmas[i]),
			Wall: time.Since(start).Seconds(), Attention: (d.attended - attended).Seconds()})
		if g.r.onLatents != nil {
			g.r.onLatents(i, g.latents)
		}
		g.progress("denoise", i+1, 0)
	}
	g.trace.Denoise, g.trace.Attention = time.Since(begin).Seconds(), d.attended.Seconds()
	g.account(attn)
	g.res.Latents = g.latents
	g.res.LatentsSHA256 = hashFloats(g.latents)
	return nil
}

// guide sets pos to neg + scale*(pos-neg).
func guide(pos, neg []float32, scale float64) {
	for i, n := range neg {
		pos[i] = float32(float64(n) + float64(scale*(float64(pos[i])-float64(n))))
	}
}

// account fills in what the attention says of itself.
func (g *generation) account(attn lvsa.Attention) {
	t := g.trace
	var calls, sum float64
	for _, u := range attn.Usage() {
		t.Patterns = append(t.Patterns, patternTrace(u))
		t.BuildSeconds += u.BuildSeconds
		calls += float64(u.Calls)
		sum += float64(u.Calls) * u.Fraction
	}
	if calls > 0 {
		t.Fraction = sum / calls
	}
	t.Engaged = attn.Engaged()
	t.PeakBytes = t.Bytes.Latents + t.Bytes.Text + t.Bytes.Denoiser
	g.res.DenoiseSeconds, g.res.AttentionSeconds = t.Denoise, t.Attention
	g.res.Engaged, g.res.AttendedFraction = t.Engaged, t.Fraction
}

// decode streams the latents through the video decoder.
func (g *generation) decode(ctx context.Context, emit func([]byte) error) (err error) {
	s := g.res.Shape
	d, err := g.m.newDecoder(s[2], s[3], s[1], g.r.chunk)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	t := g.trace
	t.Bytes.Decoder = d.bytes
	t.PeakBytes = max(t.PeakBytes, d.bytes+4*int64(len(g.latents)))
	sum := sha256.New()
	frame := 0
	for from := 0; from < s[1]; {
		n := min(d.chunk, s[1]-from)
		if from == 0 {
			n = 1
		}
		start := time.Now()
		v, err := d.next(ctx, g.latents, s[1], from, n)
		if err != nil {
			return err
		}
		wall := time.Since(start)
		for i := range v.T {
			start := time.Now()
			rgb, err := d.frame(v, i)
			if err != nil {
				return err
			}
			sum.Write(rgb)
			wall += time.Since(start)
			if err := emit(rgb); err != nil {
				return fmt.Errorf("diffusion: frame %d: %w", frame, err)
			}
			frame++
		}
		t.Decoding = append(t.Decoding, DecodeTrace{LatentFrame: from, LatentFrames: n, Wall: wall.Seconds()})
		t.Decode += wall.Seconds()
		from += n
		g.progress("decode", g.r.Steps, frame)
	}
	g.res.FramesSHA256 = hexSum(sum)
	g.res.DecodeSeconds = t.Decode
	return nil
}

func hashFloats(v []float32) string {
	h := sha256.New()
	var b [4096]byte
	for len(v) > 0 {
		n := min(len(v), len(b)/4)
		for i, x := range v[:n] {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
		}
		h.Write(b[:4*n])
		v = v[n:]
	}
	return hexSum(h)
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
