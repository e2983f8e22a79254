package diffusion

import (
	"context"
	"fmt"
	"testing"

	"longtake/kernels/cpu"
)

// BenchmarkGenerate is a model of the built-in one's size at 1x and 4x, one
// step with guidance and the decoding, per operation.
func BenchmarkGenerate(b *testing.B) {
	spec := randomSpec{heads: 3, layers: 6, ffn: 768, textDim: 32, z: 16, base: 16, mult: []int{1, 2, 4, 4}, temporal: []bool{false, true, true}, blocks: 1}
	m, err := LoadFS(spec.fs(b), "random", backend(b, cpu.Options{}))
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{64, 128} {
		for _, latent := range []int{21, 84} {
			for _, meth := range []string{"dense", "lvsa"} {
				b.Run(fmt.Sprintf("%dpx/%d/%s", size, latent, meth), func(b *testing.B) {
					r := Request{Method: method(b, meth), Frames: VideoFrames(latent, 4), Width: size, Height: size, Prompt: "fish", Steps: 1}
					b.ReportAllocs()
					var denoise, attention, decode float64
					for b.Loop() {
						res, err := Generate(context.Background(), m, r, discard)
						if err != nil {
							b.Fatal(err)
						}
						denoise += res.DenoiseSeconds
						attention += res.AttentionSeconds
						decode += res.DecodeSeconds
					}
					b.ReportMetric(denoise/float64(b.N), "denoise_s/op")
					b.ReportMetric(attention/float64(b.N), "attention_s/op")
					b.ReportMetric(decode/float64(b.N), "decode_s/op")
				})
			}
		}
	}
}
