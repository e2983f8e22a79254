// Package mini is the built-in model: a miniature Wan checkpoint embedded in
// the binary, so that generation works offline and with no download. Its
// model card is README.md.
package mini

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"longtake/diffusion"
	"longtake/kernels"
)

// checkpoint holds the folder in Diffusers layout. all: keeps the directive
// valid while the folder has nothing but its placeholder.
//
//go:embed all:checkpoint
var checkpoint embed.FS

// ErrMissing is returned by Load in a build without the trained checkpoint.
var ErrMissing = errors.New("mini: this build has no mini checkpoint: train it as tools/mini says, or give a checkpoint folder as the model")

// FS is the checkpoint's files, model_index.json at the root.
func FS() (fs.FS, error) {
	sub, err := fs.Sub(checkpoint, "checkpoint")
	if err != nil {
		return nil, fmt.Errorf("mini: %w", err)
	}
	if _, err := fs.Stat(sub, "model_index.json"); err != nil {
		return nil, ErrMissing
	}
	return sub, nil
}

// Load packs the built-in model for a backend.
func Load(b kernels.Backend) (*diffusion.Model, error) {
	f, err := FS()
	if err != nil {
		return nil, err
	}
	return diffusion.LoadFS(f, "mini", b)
}
