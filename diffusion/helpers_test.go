package diffusion

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"longtake/internal/golden"
	"longtake/kernels"
	"longtake/kernels/cpu"
	"longtake/lvsa"
)

// Latent statistics of Wan 2.1's own VAE.
var (
	wanMean = []float64{-0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921}
	wanStd  = []float64{2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160}
)

func backend(tb testing.TB, o cpu.Options) kernels.Backend {
	tb.Helper()
	b, err := cpu.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func jsonFile(tb testing.TB, v any) *fstest.MapFile {
	tb.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		tb.Fatal(err)
	}
	return &fstest.MapFile{Data: b}
}

// tinyFS is a checkpoint of the golden transformer and decoder.
func tinyFS(tb testing.TB) fstest.MapFS {
	tb.Helper()
	read := func(name string) *fstest.MapFile {
		b, err := os.ReadFile(filepath.Join(golden.Dir(tb), name+".safetensors"))
		if err != nil {
			tb.Fatal(err)
		}
		return &fstest.MapFile{Data: b}
	}
	var vc map[string]any
	golden.Open(tb, "wan_vae_tiny").Config(&vc)
	vc["latents_mean"], vc["latents_std"] = wanMean, wanStd
	return fstest.MapFS{
		"model_index.json": jsonFile(tb, map[string]any{"_class_name": "WanPipeline",
			"longtake": map[string]any{"name": "tiny", "training_latent_frames": 3, "width": 64, "height": 48, "steps": 6, "text_tokens": 32}}),
		"scheduler/scheduler_config.json":                 jsonFile(tb, map[string]any{"_class_name": "UniPCMultistepScheduler", "prediction_type": "flow_prediction", "flow_shift": 3.0}),
		"transformer/config.json":                         {Data: golden.Open(tb, "wan_dit_tiny").RawConfig()},
		"transformer/diffusion_pytorch_model.safetensors": read("wan_dit_tiny"),
		"vae/config.json":                                 jsonFile(tb, vc),
		"vae/diffusion_pytorch_model.safetensors":         read("wan_vae_tiny"),
	}
}

func tinyModel(tb testing.TB, o cpu.Options) *Model {
	tb.Helper()
	m, err := LoadFS(tinyFS(tb), "tiny", backend(tb, o))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// variants are the kernel variants of this machine.
func variants(t *testing.T) []string {
	t.Helper()
	list := []string{"generic"}
	for _, v := range []string{"avx2", "avx512"} {
		if _, err := cpu.New(cpu.Options{Variant: v}); err != nil {
			t.Logf("variant %s: %v", v, err)
			continue
		}
		list = append(list, v)
	}
	return list
}

func method(tb testing.TB, spec string) lvsa.Method {
	tb.Helper()
	s, err := lvsa.ParseSpec(spec)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := s.Build()
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %q", parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}
