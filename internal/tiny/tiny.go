// Package tiny writes a checkpoint of random weights in the Diffusers layout,
// so small that a generation takes milliseconds, for tests of what stands
// above the engine.
package tiny

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"longtake/internal/safetensors"
)

// Horizon and size of the model.
const (
	TrainingLatentFrames = 3
	Side                 = 32 // pixels
	TextDim              = 8
)

// Sizes of the networks.
const (
	heads, headDim = 1, 12
	dim            = heads * headDim
	latent         = 4
	freqDim, ffn   = 8, 16
	layers         = 2
	base           = 4
	textTokens     = 3
)

// Scenes are the tags of its prompts; each prompt is "a scene of TAG".
var Scenes = []string{"fish", "runner"}

// Write makes the checkpoint in a folder. The same folder content comes out
// every time.
func Write(dir string) error {
	embeds := map[string][]float32{}
	r := rand.New(rand.NewPCG(1, 2))
	book := map[string]any{"negative": "negative"}
	var list []map[string]any
	for _, tag := range append([]string{"negative"}, Scenes...) {
		embeds[tag] = random(r, 1, textTokens*TextDim)
		if tag != "negative" {
			list = append(list, map[string]any{"tag": tag, "prompt": "a scene of " + tag, "keywords": []string{}, "embeds": tag})
		}
	}
	book["scenes"] = list
	for name, v := range map[string]any{
		"model_index.json": map[string]any{"_class_name": "WanPipeline", "longtake": map[string]any{"name": "tiny", "training_latent_frames": TrainingLatentFrames,
			"width": Side, "height": Side, "fps": 16, "steps": 3, "guidance": 3, "text_tokens": textTokens}},
		"scheduler/scheduler_config.json": map[string]any{"_class_name": "UniPCMultistepScheduler", "prediction_type": "flow_prediction", "flow_shift": 3.0},
		"transformer/config.json": map[string]any{"_class_name": "WanTransformer3DModel", "patch_size": []int{1, 2, 2}, "num_attention_heads": heads, "attention_head_dim": headDim,
			"in_channels": latent, "out_channels": latent, "text_dim": TextDim, "freq_dim": freqDim, "ffn_dim": ffn, "num_layers": layers,
			"cross_attn_norm": true, "qk_norm": "rms_norm_across_heads", "eps": 1e-6, "rope_max_seq_len": 1024},
		"vae/config.json": map[string]any{"_class_name": "AutoencoderKLWan", "base_dim": base, "z_dim": latent, "dim_mult": []int{1, 1, 1}, "num_res_blocks": 1,
			"attn_scales": []float64{}, "temperal_downsample": []bool{true, true}, "latents_mean": make([]float64, latent), "latents_std": []float64{1, 1, 1, 1}},
		"prompts/prompts.json": book,
	} {
		text, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			return fmt.Errorf("tiny: %w", err)
		}
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("tiny: %w", err)
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return fmt.Errorf("tiny: %w", err)
		}
	}
	w := &weights{rng: r}
	w.transformer()
	if err := w.save(dir, "transformer/diffusion_pytorch_model.safetensors"); err != nil {
		return err
	}
	w.decoder()
	if err := w.save(dir, "vae/diffusion_pytorch_model.safetensors"); err != nil {
		return err
	}
	for _, tag := range append([]string{"negative"}, Scenes...) {
		w.list = append(w.list, safetensors.Entry{Name: tag, Shape: []int{textTokens, TextDim}, Data: embeds[tag]})
	}
	return w.save(dir, "prompts/embeds.safetensors")
}

// Embeds writes prompt embeddings that fit the model.
func Embeds(path string) error {
	w := &weights{rng: rand.New(rand.NewPCG(3, 4))}
	w.add("prompt_embeds", 1, textTokens, TextDim)
	w.add("negative_prompt_embeds", 1, textTokens, TextDim)
	return w.write(path)
}

func random(r *rand.Rand, scale float64, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(scale * r.NormFloat64())
	}
	return v
}

// weights collects tensors.
type weights struct {
	rng  *rand.Rand
	list []safetensors.Entry
}

func (w *weights) save(dir, name string) error {
	err := w.write(filepath.Join(dir, filepath.FromSlash(name)))
	w.list = nil
	return err
}

func (w *weights) write(path string) error {
	if err := safetensors.WriteFile(path, nil, w.list); err != nil {
		return fmt.Errorf("tiny: %w", err)
	}
	return nil
}

// add draws a tensor; its scale keeps activations near 1.
func (w *weights) add(name string, scale float64, shape ...int) {
	n := 1
	for _, s := range shape {
		n *= s
	}
	w.list = append(w.list, safetensors.Entry{Name: name, Shape: shape, Data: random(w.rng, scale, n)})
}

func (w *weights) ones(name string, shape ...int) {
	w.add(name, 0.05, shape...)
	for i := range w.list[len(w.list)-1].Data {
		w.list[len(w.list)-1].Data[i]++
	}
}

// layer is a weight and a bias.
func (w *weights) layer(prefix string, shape ...int) {
	in := 1
	for _, s := range shape[1:] {
		in *= s
	}
	w.add(prefix+".weight", 1/math.Sqrt(float64(in)), shape...)
	w.add(prefix+".bias", 0.02, shape[0])
}

func (w *weights) transformer() {
	w.layer("patch_embedding", dim, latent, 1, 2, 2)
	const ce = "condition_embedder."
	w.layer(ce+"time_embedder.linear_1", dim, freqDim)
	w.layer(ce+"time_embedder.linear_2", dim, dim)
	w.layer(ce+"time_proj", 6*dim, dim)
	w.layer(ce+"text_embedder.linear_1", dim, TextDim)
	w.layer(ce+"text_embedder.linear_2", dim, dim)
	w.add("scale_shift_table", 0.1, 1, 2, dim)
	w.layer("proj_out", latent*4, dim)
	for i := range layers {
		p := fmt.Sprintf("blocks.%d.", i)
		for _, a := range []string{"attn1", "attn2"} {
			for _, l := range []string{".to_q", ".to_k", ".to_v", ".to_out.0"} {
				w.layer(p+a+l, dim, dim)
			}
			w.ones(p+a+".norm_q.weight", dim)
			w.ones(p+a+".norm_k.weight", dim)
		}
		w.ones(p+"norm2.weight", dim)
		w.add(p+"norm2.bias", 0.02, dim)
		w.layer(p+"ffn.net.0.proj", ffn, dim)
		w.layer(p+"ffn.net.2", dim, ffn)
		w.add(p+"scale_shift_table", 0.3, 1, 6, dim)
	}
}

func (w *weights) decoder() {
	res := func(p string, in, out int) {
		w.ones(p+".norm1.gamma", in, 1, 1, 1)
		w.layer(p+".conv1", out, in, 3, 3, 3)
		w.ones(p+".norm2.gamma", out, 1, 1, 1)
		w.layer(p+".conv2", out, out, 3, 3, 3)
		if in != out {
			w.layer(p+".conv_shortcut", out, in, 1, 1, 1)
		}
	}
	w.layer("post_quant_conv", latent, latent, 1, 1, 1)
	w.layer("decoder.conv_in", base, latent, 3, 3, 3)
	res("decoder.mid_block.resnets.0", base, base)
	const attn = "decoder.mid_block.attentions.0"
	w.ones(attn+".norm.gamma", base, 1, 1)
	w.layer(attn+".to_qkv", 3*base, base, 1, 1)
	w.layer(attn+".proj", base, base, 1, 1)
	res("decoder.mid_block.resnets.1", base, base)
	in := base
	for i := range 3 {
		p := fmt.Sprintf("decoder.up_blocks.%d.", i)
		for j := range 2 {
			res(fmt.Sprintf("%sresnets.%d", p, j), in, base)
			in = base
		}
		if i < 2 {
			w.layer(p+"upsamplers.0.time_conv", 2*base, base, 3, 1, 1)
			w.layer(p+"upsamplers.0.resample.1", base/2, base, 3, 3)
			in = base / 2
		}
	}
	w.ones("decoder.norm_out.gamma", in, 1, 1, 1)
	w.layer("decoder.conv_out", 3, in, 3, 3, 3)
}
