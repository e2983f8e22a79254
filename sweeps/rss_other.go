//go:build !linux

package sweeps

import "errors"

func resetPeak() error { return errors.New("the peak memory of one cell is known on Linux only") }

func peakRSS() (float64, error) { return 0, errors.ErrUnsupported }
