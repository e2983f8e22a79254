package golden

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// Latent statistics of Wan 2.1's own VAE.
var (
	WanMean = []float64{-0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921}
	WanStd  = []float64{2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160}
)

// TinyFS is a checkpoint of the golden transformer and decoder, whose end-to-end
// values are in e2e_tiny.
func TinyFS(tb testing.TB) fstest.MapFS {
	tb.Helper()
	read := func(name string) *fstest.MapFile {
		b, err := os.ReadFile(filepath.Join(Dir(tb), name+".safetensors"))
		if err != nil {
			tb.Fatal(err)
		}
		return &fstest.MapFile{Data: b}
	}
	var vc map[string]any
	Open(tb, "wan_vae_tiny").Config(&vc)
	vc["latents_mean"], vc["latents_std"] = WanMean, WanStd
	return fstest.MapFS{
		"model_index.json": JSONFile(tb, map[string]any{"_class_name": "WanPipeline",
			"longtake": map[string]any{"name": "tiny", "training_latent_frames": 3, "width": 64, "height": 48, "steps": 6, "text_tokens": 32}}),
		"scheduler/scheduler_config.json":                 JSONFile(tb, map[string]any{"_class_name": "UniPCMultistepScheduler", "prediction_type": "flow_prediction", "flow_shift": 3.0}),
		"transformer/config.json":                         {Data: Open(tb, "wan_dit_tiny").RawConfig()},
		"transformer/diffusion_pytorch_model.safetensors": read("wan_dit_tiny"),
		"vae/config.json":                                 JSONFile(tb, vc),
		"vae/diffusion_pytorch_model.safetensors":         read("wan_vae_tiny"),
	}
}

// JSONFile is a file of a [fstest.MapFS] that holds v.
func JSONFile(tb testing.TB, v any) *fstest.MapFile {
	tb.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		tb.Fatal(err)
	}
	return &fstest.MapFile{Data: b}
}
