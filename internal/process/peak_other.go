//go:build !linux

package process

import "errors"

var errPeak = errors.New("the peak memory of this process is known on Linux only")

// ResetPeak and PeakRSS need Linux.
func ResetPeak() error { return errPeak }

// PeakRSS needs Linux.
func PeakRSS() (int64, error) { return 0, errPeak }
