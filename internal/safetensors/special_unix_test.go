//go:build unix

package safetensors

import (
	"strings"
	"testing"
)

// A device has no end; reading it would never stop.
func TestDevicesAreRefused(t *testing.T) {
	if _, err := Open("/dev/zero"); err == nil || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("got %v", err)
	}
}
