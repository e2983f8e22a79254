package tiny

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
)

// The checkpoint is the same every time: tests compare hashes of what it makes.
func TestWriteIsReproducible(t *testing.T) {
	var sums [2][sha256.Size]byte
	for i := range sums {
		dir := t.TempDir()
		if err := Write(dir); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"transformer", "vae"} {
			b, err := os.ReadFile(filepath.Join(dir, part, "diffusion_pytorch_model.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			sums[i] = sha256.Sum256(append(sums[i][:], b...))
		}
	}
	if sums[0] != sums[1] {
		t.Error("two checkpoints differ")
	}
}
