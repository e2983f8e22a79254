package diffusion

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"longtake/internal/golden"
	"longtake/internal/safetensors"
	"longtake/kernels/cpu"
)

// randomSpec is a checkpoint with made-up weights.
type randomSpec struct {
	heads, layers, ffn, textDim, z int
	base                           int
	mult                           []int
	temporal                       []bool
	blocks                         int
}

// tensorsOf writes random tensors of the given names and shapes in bf16.
type tensorList struct {
	r *rand.Rand
	e []safetensors.Entry
}

func (l *tensorList) add(name string, shape ...int) {
	n, in := 1, 1
	for i, d := range shape {
		n *= d
		if i > 0 {
			in *= d
		}
	}
	x := make([]float32, n)
	for i := range x {
		switch {
		case strings.HasSuffix(name, "gamma") || strings.Contains(name, "norm"):
			x[i] = 1 + float32(0.1*l.r.NormFloat64())
		case len(shape) == 1:
			x[i] = float32(0.05 * l.r.NormFloat64())
		default:
			x[i] = float32(l.r.NormFloat64() / math.Sqrt(float64(in)))
		}
	}
	l.e = append(l.e, safetensors.Entry{Name: name, Type: "BF16", Shape: shape, Data: x})
}

func (l *tensorList) linear(name string, shape ...int) {
	l.add(name+".weight", shape...)
	l.add(name+".bias", shape[0])
}

func (l *tensorList) file(tb testing.TB) *fstest.MapFile {
	tb.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, map[string]string{"format": "pt"}, l.e); err != nil {
		tb.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

func (s randomSpec) transformer(r *rand.Rand) *tensorList {
	l, d := &tensorList{r: r}, s.heads*64
	l.linear("patch_embedding", d, s.z, 1, 2, 2)
	l.linear("condition_embedder.time_embedder.linear_1", d, 32)
	l.linear("condition_embedder.time_embedder.linear_2", d, d)
	l.linear("condition_embedder.time_proj", 6*d, d)
	l.linear("condition_embedder.text_embedder.linear_1", d, s.textDim)
	l.linear("condition_embedder.text_embedder.linear_2", d, d)
	l.add("scale_shift_table", 1, 2, d)
	l.linear("proj_out", 4*s.z, d)
	for i := range s.layers {
		p := fmt.Sprintf("blocks.%d.", i)
		for _, a := range []string{"attn1.", "attn2."} {
			for _, n := range []string{"to_q", "to_k", "to_v", "to_out.0"} {
				l.linear(p+a+n, d, d)
			}
			l.add(p+a+"norm_q.weight", d)
			l.add(p+a+"norm_k.weight", d)
		}
		l.linear(p+"norm2", d)
		l.linear(p+"ffn.net.0.proj", s.ffn, d)
		l.linear(p+"ffn.net.2", d, s.ffn)
		l.add(p+"scale_shift_table", 1, 6, d)
	}
	return l
}

func (s randomSpec) vae(r *rand.Rand) *tensorList {
	l, n := &tensorList{r: r}, len(s.mult)
	res := func(p string, in, out int) {
		l.add(p+".norm1.gamma", in, 1, 1, 1)
		l.linear(p+".conv1", out, in, 3, 3, 3)
		l.add(p+".norm2.gamma", out, 1, 1, 1)
		l.linear(p+".conv2", out, out, 3, 3, 3)
		if in != out {
			l.linear(p+".conv_shortcut", out, in, 1, 1, 1)
		}
	}
	l.linear("encoder.conv_in", 8, 3, 3, 3, 3) // encoders are there and ignored
	l.linear("post_quant_conv", s.z, s.z, 1, 1, 1)
	in := s.base * s.mult[n-1]
	l.linear("decoder.conv_in", in, s.z, 3, 3, 3)
	res("decoder.mid_block.resnets.0", in, in)
	res("decoder.mid_block.resnets.1", in, in)
	l.add("decoder.mid_block.attentions.0.norm.gamma", in, 1, 1)
	l.linear("decoder.mid_block.attentions.0.to_qkv", 3*in, in, 1, 1)
	l.linear("decoder.mid_block.attentions.0.proj", in, in, 1, 1)
	for i := range n {
		out := s.base * s.mult[n-1-i]
		for j := range s.blocks + 1 {
			res(fmt.Sprintf("decoder.up_blocks.%d.resnets.%d", i, j), in, out)
			in = out
		}
		if i == n-1 {
			break
		}
		p := fmt.Sprintf("decoder.up_blocks.%d.upsamplers.0.", i)
		if s.temporal[n-2-i] {
			l.linear(p+"time_conv", 2*out, out, 3, 1, 1)
		}
		l.linear(p+"resample.1", out/2, out, 3, 3)
		in = out / 2
	}
	l.add("decoder.norm_out.gamma", in, 1, 1, 1)
	l.linear("decoder.conv_out", 3, in, 3, 3, 3)
	return l
}

// fs is the checkpoint as its trainer would write it.
func (s randomSpec) fs(tb testing.TB) fstest.MapFS {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	mean, std := make([]float64, s.z), make([]float64, s.z)
	for i := range std {
		mean[i], std[i] = r.NormFloat64(), 1+r.Float64()
	}
	book := &tensorList{r: r}
	for _, n := range []string{"runner", "waves", "fish", "negative"} {
		book.add(n, 4, s.textDim)
	}
	return fstest.MapFS{
		"model_index.json": golden.JSONFile(tb, map[string]any{"_class_name": "WanPipeline", "vae": []string{"diffusers", "AutoencoderKLWan"},
			"longtake": map[string]any{"name": "random", "training_latent_frames": 5, "width": 32, "height": 16, "fps": 8, "steps": 2, "guidance": 3.0, "shift": 2.5, "seed": 7}}),
		"scheduler/scheduler_config.json": golden.JSONFile(tb, map[string]any{"_class_name": "UniPCMultistepScheduler", "flow_shift": 4.0}),
		"transformer/config.json": golden.JSONFile(tb, map[string]any{"_class_name": "WanTransformer3DModel", "patch_size": []int{1, 2, 2}, "num_attention_heads": s.heads,
			"attention_head_dim": 64, "in_channels": s.z, "out_channels": s.z, "text_dim": s.textDim, "freq_dim": 32, "ffn_dim": s.ffn, "num_layers": s.layers,
			"cross_attn_norm": true, "qk_norm": "rms_norm_across_heads", "eps": 1e-6, "rope_max_seq_len": 1024, "image_dim": nil, "added_kv_proj_dim": nil, "pos_embed_seq_len": nil}),
		"transformer/diffusion_pytorch_model.safetensors": s.transformer(r).file(tb),
		"vae/config.json": golden.JSONFile(tb, map[string]any{"_class_name": "AutoencoderKLWan", "base_dim": s.base, "z_dim": s.z, "dim_mult": s.mult, "num_res_blocks": s.blocks,
			"attn_scales": []float64{}, "temperal_downsample": s.temporal, "latents_mean": mean, "latents_std": std, "dropout": 0.0}),
		"vae/diffusion_pytorch_model.safetensors": s.vae(r).file(tb),
		"prompts/prompts.json": golden.JSONFile(tb, map[string]any{"negative": "negative", "scenes": []Scene{
			{"runner", "a runner crosses a landscape", []string{"runner", "running", "run"}, "runner"},
			{"waves", "waves roll over the sea", []string{"waves", "sea", "water surface"}, "waves"},
			{"fish", "fish wander through deep water", []string{"fish", "underwater"}, "fish"}}}),
		"prompts/embeds.safetensors": book.file(tb),
	}
}

var randomModel = randomSpec{heads: 2, layers: 2, ffn: 96, textDim: 16, z: 6, base: 4, mult: []int{1, 2, 3}, temporal: []bool{true, true}, blocks: 1}

// Configurations other than Wan's own load and generate, from an embedded
// folder as from one on disk, and hash the same.
func TestRandomCheckpoints(t *testing.T) {
	b := backend(t, cpu.Options{})
	for _, c := range []struct {
		name             string
		edit             func(*randomSpec)
		spatial, strides int
	}{
		{"three levels", func(*randomSpec) {}, 4, 4},
		{"one temporal level", func(s *randomSpec) { s.temporal = []bool{true, false} }, 4, 2},
		{"four levels", func(s *randomSpec) { s.mult, s.temporal = []int{1, 2, 4, 4}, []bool{false, true, true} }, 8, 4},
		{"one level", func(s *randomSpec) { s.mult, s.temporal = []int{2}, []bool{} }, 1, 1},
		{"many latent channels, three heads", func(s *randomSpec) { s.z, s.heads, s.layers = 40, 3, 1 }, 4, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := randomModel
			c.edit(&s)
			fsys := s.fs(t)
			m, err := LoadFS(fsys, "random", b)
			if err != nil {
				t.Fatal(err)
			}
			i := m.Info()
			if i.SpatialFactor != c.spatial || i.TemporalStride != c.strides || i.Name != "random" || i.Width != 32 || i.FPS != 8 || i.Steps != 2 ||
				i.Guidance != 3 || i.Sampler != "unipc" || i.Shift != 2.5 || i.TrainingLatentFrames != 5 || i.TextTokens != 0 || len(i.Scenes) != 3 {
				t.Errorf("%+v", i)
			}
			frames := 0
			res, err := Generate(context.Background(), m, Request{Method: method(t, "dense"), Prompt: "Fish!", Seed: 1}, func([]byte) error { frames++; return nil })
			if err != nil {
				t.Fatal(err)
			}
			if want := 4*c.strides + 1; frames != want || res.Trace.Scene != "fish" || res.Trace.TextTokens != 4 || res.Shape != [4]int{s.z, 5, 16 / c.spatial, 32 / c.spatial} {
				t.Errorf("%d frames, want %d; scene %q, %d text tokens, shape %v", frames, want, res.Trace.Scene, res.Trace.TextTokens, res.Shape)
			}
			if c.name != "three levels" {
				return
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, fsys); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("not part of the model"), 0o644); err != nil {
				t.Fatal(err)
			}
			d, err := LoadDir(dir, b)
			if err != nil {
				t.Fatal(err)
			}
			if d.Info().SHA256 != i.SHA256 || len(i.SHA256) != 64 {
				t.Errorf("hash %s from the folder, %s from memory", d.Info().SHA256, i.SHA256)
			}
			again, err := Generate(context.Background(), d, Request{Method: method(t, "dense"), Prompt: "fish", Seed: 1}, discard)
			if err != nil || again.FramesSHA256 != res.FramesSHA256 {
				t.Errorf("%v: the folder gives another video", err)
			}
		})
	}
}

func TestShardedCheckpoint(t *testing.T) {
	b := backend(t, cpu.Options{})
	fsys := randomModel.fs(t)
	whole, err := LoadFS(fsys, "random", b)
	if err != nil {
		t.Fatal(err)
	}
	const base = "transformer/diffusion_pytorch_model"
	f, err := safetensors.OpenFS(fsys, base+".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	var shards [2]tensorList
	index := map[string]string{}
	for i, x := range f.Tensors() {
		v, err := x.Float32(nil)
		if err != nil {
			t.Fatal(err)
		}
		shards[i%2].e = append(shards[i%2].e, safetensors.Entry{Name: x.Name, Type: x.Type, Shape: x.Shape, Data: v})
		index[x.Name] = fmt.Sprintf("part-%d.safetensors", i%2)
	}
	delete(fsys, base+".safetensors")
	fsys[base+".safetensors.index.json"] = golden.JSONFile(t, map[string]any{"metadata": map[string]any{"total_size": 1}, "weight_map": index})
	for i := range shards {
		fsys[fmt.Sprintf("transformer/part-%d.safetensors", i)] = shards[i].file(t)
	}
	m, err := LoadFS(fsys, "random", b)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{Method: method(t, "dense"), Prompt: "waves", Seed: 3, Frames: 5}
	want, err := Generate(context.Background(), whole, r, discard)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Generate(context.Background(), m, r, discard)
	if err != nil || got.LatentsSHA256 != want.LatentsSHA256 {
		t.Errorf("%v: shards give other latents", err)
	}
	if m.Info().SHA256 == whole.Info().SHA256 {
		t.Error("other files, same hash")
	}
}

func TestLoadRefuses(t *testing.T) {
	b := backend(t, cpu.Options{})
	set := func(file, old, new string) func(fstest.MapFS) {
		return func(f fstest.MapFS) {
			s := string(f[file].Data)
			if !strings.Contains(s, old) {
				panic(file + " does not hold " + old)
			}
			f[file] = &fstest.MapFile{Data: []byte(strings.Replace(s, old, new, 1))}
		}
	}
	drop := func(file string) func(fstest.MapFS) { return func(f fstest.MapFS) { delete(f, file) } }
	const tc, vc, tw = "transformer/config.json", "vae/config.json", "transformer/diffusion_pytorch_model.safetensors"
	base := randomModel.fs(t)
	for _, c := range []struct {
		name string
		edit func(fstest.MapFS)
		want []string
	}{
		{"empty folder", func(f fstest.MapFS) { clear(f) }, []string{"where", "model_index.json"}},
		{"another pipeline", set("model_index.json", "WanPipeline", "FluxPipeline"), []string{"where/model_index.json", `"FluxPipeline": want WanPipeline`}},
		{"broken JSON", set(tc, `"ffn_dim": 96`, `"ffn_dim": x`), []string{"where/transformer/config.json", "line"}},
		{"text for a number", set(tc, `"ffn_dim": 96`, `"ffn_dim": "96"`), []string{"transformer/config.json", "ffn_dim"}},
		{"no layers", set(tc, `"num_layers": 2`, `"num_layers": 0`), []string{"num_layers 0"}},
		{"hostile layers", set(tc, `"num_layers": 2`, `"num_layers": 1000000000`), []string{"num_layers 1000000000"}},
		{"norm per head", set(tc, "rms_norm_across_heads", "rms_norm"), []string{"qk_norm"}},
		{"image to video", set(tc, `"image_dim": null`, `"image_dim": 1280`), []string{"image-to-video"}},
		{"patch in time", set(tc, `"patch_size": [
  1`, `"patch_size": [
  2`), []string{"patch_size [2 2 2]"}},
		{"more layers than weights", set(tc, `"num_layers": 2`, `"num_layers": 3`), []string{tw, `no tensor "blocks.2.attn1.to_q.weight"`}},
		{"other width than weights", set(tc, `"num_attention_heads": 2`, `"num_attention_heads": 3`), []string{`"patch_embedding.weight" has shape [128 6 1 2 2]`, "asks for [192 6 1 2 2]"}},
		{"no weights", drop(tw), []string{"neither", tw}},
		{"truncated weights", func(f fstest.MapFS) { f[tw] = &fstest.MapFile{Data: f[tw].Data[:len(f[tw].Data)/2]} }, []string{tw, "outside"}},
		{"lying header", func(f fstest.MapFS) {
			f[tw] = &fstest.MapFile{Data: append([]byte{255, 255, 255, 255, 255, 0, 0, 0}, f[tw].Data[8:]...)}
		}, []string{tw, "header of"}},
		{"Wan 2.2 decoder", set(vc, `"dropout": 0`, `"is_residual": true`), []string{"Wan 2.2"}},
		{"levels", set(vc, `"temperal_downsample": [
  true,`, `"temperal_downsample": [`), []string{"temperal_downsample [true]: want 2"}},
		{"latent statistics", set(vc, `"z_dim": 6`, `"z_dim": 7`), []string{"have 6 and 6 values: want z_dim, 7"}},
		{"negative width", set(vc, `"base_dim": 4`, `"base_dim": -4`), []string{"base_dim -4"}},
		{"no VAE", drop(vc), []string{"vae/config.json"}},
		{"channels", set(tc, `"in_channels": 6,`, `"in_channels": 5,`), []string{"in_channels 5 and out_channels 6"}},
		{"scheduler", set("scheduler/scheduler_config.json", "UniPC", "DDIM"), []string{"scheduler_config.json", "want UniPCMultistepScheduler"}},
		{"shift", set("scheduler/scheduler_config.json", `"flow_shift": 4`, `"flow_shift": -4`), []string{"flow_shift -4"}},
		{"order", set("scheduler/scheduler_config.json", `"flow_shift": 4`, `"solver_order": 3`), []string{"solver_order: only 2"}},
		{"solver", set("scheduler/scheduler_config.json", `"flow_shift": 4`, `"solver_type": "bh1"`), []string{"solver_type: only bh2"}},
		{"flow sigmas", set("scheduler/scheduler_config.json", `"flow_shift": 4`, `"use_flow_sigmas": false`), []string{"use_flow_sigmas: only true"}},
		{"dynamic shift", set("scheduler/scheduler_config.json", `"flow_shift": 4`, `"use_dynamic_shifting": true`), []string{"use_dynamic_shifting: only false"}},
		{"no embeddings", drop("prompts/embeds.safetensors"), []string{"prompts/embeds.safetensors"}},
		{"scene without embeddings", set("prompts/prompts.json", `"embeds": "fish"`, `"embeds": "whale"`), []string{"embeds.safetensors", `"whale"`}},
		{"no scenes", func(f fstest.MapFS) {
			f["prompts/prompts.json"] = &fstest.MapFile{Data: []byte(`{"negative":"negative","scenes":[]}`)}
		}, []string{"prompts/prompts.json", "no scenes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := maps.Clone(base)
			c.edit(f)
			_, err := LoadFS(f, "where", b)
			wantError(t, err, append(c.want, "diffusion:")...)
		})
	}
	_, err := LoadDir(filepath.Join(t.TempDir(), "no"), b)
	wantError(t, err, "no such file")
	file := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = LoadDir(file, b)
	wantError(t, err, "want a checkpoint folder")
}

func TestMatchPrompt(t *testing.T) {
	m, err := LoadFS(randomModel.fs(t), "random", backend(t, cpu.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, tag, err string }{
		{"runner", "runner", ""},
		{"WAVES", "waves", ""},
		{"A woman is running.", "runner", ""},
		{"the sea, seen from a cliff; waves", "waves", ""},
		{"a calm water  surface", "waves", ""},
		{"fish run", "", "names several scenes"},
		{"waves on the sea and one fish", "waves", ""},
		{"overrunning crayfishes", "", "names no scene"},
		{"", "", "names no scene"},
		{"a surface of water", "", "names no scene"},
		{"fish wander through deep water", "fish", ""},
	} {
		s, err := m.MatchPrompt(c.text)
		if c.err == "" {
			if err != nil || s.Tag != c.tag {
				t.Errorf("%q is %q, %v: want %q", c.text, s.Tag, err, c.tag)
			}
			continue
		}
		wantError(t, err, c.err, "runner (a runner crosses a landscape); waves (", "; fish (")
	}
	_, err = tinyModel(t, cpu.Options{}).MatchPrompt("fish")
	wantError(t, err, "text encoder is not built in", "prompt_embeds")
}

func TestEmbeds(t *testing.T) {
	p := filepath.Join(t.TempDir(), "e.safetensors")
	write := func(entries ...safetensors.Entry) {
		t.Helper()
		if err := safetensors.WriteFile(p, nil, entries); err != nil {
			t.Fatal(err)
		}
	}
	write(safetensors.Entry{Name: "prompt_embeds", Type: "BF16", Shape: []int{1, 3, 2}, Data: []float32{1, 2, 3, 4, 5, 6}},
		safetensors.Entry{Name: "negative_prompt_embeds", Shape: []int{1, 2}, Data: []float32{7, 8}})
	e, err := LoadEmbeds(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rows int
		want []float32
	}{{0, []float32{1, 2, 3, 4, 5, 6}}, {2, []float32{1, 2, 3, 4}}, {4, []float32{1, 2, 3, 4, 5, 6, 0, 0}}} {
		if got := e.Prompt.fit(c.rows); fmt.Sprint(got.Data) != fmt.Sprint(c.want) || got.Rows*2 != len(c.want) {
			t.Errorf("%d rows: %v", c.rows, got)
		}
	}
	if e.Negative == nil || e.Negative.Rows != 1 {
		t.Errorf("negative %v", e.Negative)
	}
	write(safetensors.Entry{Name: "prompt_embeds", Shape: []int{2, 3, 2}, Data: make([]float32, 12)})
	_, err = LoadEmbeds(p)
	wantError(t, err, `"prompt_embeds" has shape [2 3 2]`)
	write(safetensors.Entry{Name: "embeds", Shape: []int{1}, Data: []float32{1}})
	_, err = LoadEmbeds(p)
	wantError(t, err, `no tensor "prompt_embeds"`)
	_, err = LoadEmbeds(p + "x")
	wantError(t, err, "no such file")
	m := &Matrix{Rows: 1, Cols: 1, Data: []float32{float32(math.NaN())}}
	wantError(t, m.check("prompt_embeds", 1), "NaN")
}

func FuzzTransformerConfig(f *testing.F) {
	f.Add([]byte(`{"patch_size":[1,2,2],"num_attention_heads":2,"attention_head_dim":64,"in_channels":16,"out_channels":16,"text_dim":64,"freq_dim":64,"ffn_dim":256,"num_layers":2,"cross_attn_norm":true,"qk_norm":"rms_norm_across_heads","eps":1e-06,"rope_max_seq_len":1024}`))
	f.Add([]byte(`{"patch_size":[1,-2,2]}`))
	f.Add([]byte("{\n\"num_layers\": \"x\"}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c transformerConfig
		if decodeJSON("config.json", b, &c) != nil || c.check() != nil {
			return
		}
		if td, hd, wd := c.ropeDims(); td+hd+wd != c.HeadDim || td < 2 || c.patchIn() < 1 || c.dim() < 1 {
			t.Fatalf("%+v", c)
		}
	})
}

func FuzzVAEConfig(f *testing.F) {
	f.Add([]byte(`{"base_dim":4,"z_dim":1,"dim_mult":[1,2],"num_res_blocks":2,"temperal_downsample":[true],"latents_mean":[0],"latents_std":[1]}`))
	f.Add([]byte(`{"base_dim":4,"z_dim":1,"dim_mult":[],"temperal_downsample":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c vaeConfig
		if decodeJSON("config.json", b, &c) != nil || c.check() != nil {
			return
		}
		if c.spatial() < 1 || c.temporal() < 1 || len(c.Temporal) != len(c.Mult)-1 {
			t.Fatalf("%+v", c)
		}
	})
}
