//go:build !unix

package safetensors

import (
	"errors"
	"os"
)

// mapFile has no implementation here; the file is read instead.
func mapFile(*os.File, int64) ([]byte, func() error, error) {
	return nil, nil, errors.ErrUnsupported
}
