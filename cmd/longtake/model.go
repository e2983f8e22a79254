package main

import (
	"longtake/diffusion"
	"longtake/diffusion/mini"
	"longtake/kernels"
)

// openModel loads the built-in model or a checkpoint folder. Whatever is wrong
// with it is wrong input.
func openModel(name string, b kernels.Backend) (*diffusion.Model, error) {
	if name == "mini" {
		m, err := mini.Load(b)
		return m, input(err)
	}
	m, err := diffusion.LoadDir(name, b)
	return m, input(err)
}
