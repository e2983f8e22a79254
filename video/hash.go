package video

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// FramesSHA256 hashes the decoded frames of a video at its own size as 4:2:0
// planes (which H.264 defines to the bit, unlike a conversion to RGB), then
// width, height and count. Another muxer changes the file, not this.
func FramesSHA256(ctx context.Context, path string) (string, error) {
	h := sha256.New()
	info, n, err := decode(ctx, path, DecodeOptions{}, "yuv420p", func(f Frame) error {
		h.Write(f.Pix)
		return nil
	})
	if err != nil {
		return "", err
	}
	fmt.Fprintf(h, "%dx%d %d", info.Width, info.Height, n)
	return hex.EncodeToString(h.Sum(nil)), nil
}
