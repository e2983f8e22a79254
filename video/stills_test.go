package video

import (
	"context"
	"io"
	"math"
	"path/filepath"
	"testing"
)

func TestStillLinesReadsAcrossWrites(t *testing.T) {
	s := stillLines{next: io.Discard}
	text := "[freezedetect @ 0x1] lavfi.freezedetect.freeze_start: 1.5\nnoise\n" +
		"[freezedetect @ 0x1] lavfi.freezedetect.freeze_duration: 3\n[freezedetect @ 0x1] lavfi.freezedetect.freeze_end: 4.5\n" +
		"[freezedetect @ 0x1] lavfi.freezedetect.freeze_start: 6\n"
	for i := 0; i < len(text); i += 7 {
		if _, err := s.Write([]byte(text[i:min(len(text), i+7)])); err != nil {
			t.Fatal(err)
		}
	}
	want := []StillSpan{{Start: 1.5, End: 4.5}, {Start: 6, Open: true}}
	if len(s.spans) != 2 || s.spans[0] != want[0] || s.spans[1] != want[1] {
		t.Errorf("spans %+v, want %+v", s.spans, want)
	}
}

// A moving square that stands still for two seconds, moves, and stands still to
// the end.
func TestFindStills(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "stills.mp4")
	const w, h, fps = 96, 64, 16
	e, err := Create(ctx, path, EncodeOptions{Width: w, Height: h, FPS: fps, CRF: 10})
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for f := range 96 {
		if f < 16 || f >= 48 && f < 72 {
			at++
		}
		pix := make([]byte, w*h*3)
		for y := 20; y < 44; y++ {
			for x := at; x < at+24; x++ {
				pix[3*(y*w+x)], pix[3*(y*w+x)+1], pix[3*(y*w+x)+2] = 250, 250, 250
			}
		}
		if err := e.WriteFrame(pix); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := FindStills(ctx, path, 0.001, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Frozen) != 2 || s.Frozen[0].Open || !s.Frozen[1].Open {
		t.Fatalf("stretches %+v, want one that ends and one that is open", s.Frozen)
	}
	// The last frame that moved is the reference.
	for _, c := range []struct{ got, want float64 }{{s.Frozen[0].Start, 15. / fps}, {s.Frozen[0].End, 48. / fps}, {s.Frozen[1].Start, 71. / fps}} {
		if math.Abs(c.got-c.want) > 1.5/fps {
			t.Errorf("a stretch begins or ends at %g s, want %g s", c.got, c.want)
		}
	}
	if s.Kept < 38 || s.Kept > 60 {
		t.Errorf("mpdecimate keeps %d frames of 96, of which 40 move", s.Kept)
	}
	if _, err := FindStills(ctx, path, 0, 1); err == nil {
		t.Error("a noise of 0 is accepted")
	}
}
