package vqeval

import (
	"reflect"
	"slices"
	"testing"
)

// Planes that are made frame by frame are those of the whole source, on both
// sides of the length beyond which they have half the size.
func TestStreamedPlanes(t *testing.T) {
	for _, n := range []int{1, streamAhead + 1, fullFrames, fullFrames + 1, fullFrames + 40} {
		s := &Source{Width: 32, Height: 25}
		stream := streamPlanes(s.Width, s.Height)
		for i := range n {
			l := make([]byte, s.Width*s.Height)
			for k := range l {
				l[k] = byte(k*(i%13+1) + i*i)
			}
			s.Luma = append(s.Luma, l)
			stream.add(l)
		}
		got, want := stream.end(), newPlanes(s, n > fullFrames)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d frames: the planes differ (%dx%d of %d, want %dx%d of %d)", n, got.w, got.h, got.n, want.w, want.h, want.n)
		}
	}
}

func TestMadePlanesServeOnlyTheirFrames(t *testing.T) {
	s := memory(30, 16, moving)
	s.made = &madePlanes{newPlanes(s, false), slices.Clone(s.Luma)}
	if s.smoothed() != s.made.p {
		t.Error("the planes of the frames themselves were made again")
	}
	s.Luma[7] = slices.Clone(s.Luma[8])
	if p := s.smoothed(); p == s.made.p || !reflect.DeepEqual(p, newPlanes(s, false)) {
		t.Error("a frame was replaced and the planes were not")
	}
	s.Luma = s.Luma[:20]
	if p := s.smoothed(); p.n != 20 {
		t.Errorf("planes of %d frames for 20", p.n)
	}
}

func TestStopEndsAnyStream(t *testing.T) {
	var none *planeStream
	none.stop()
	s := streamPlanes(16, 12)
	s.add(make([]byte, 16*12))
	s.stop()
	s.stop()
	if s.frames != nil {
		t.Error("the stream still takes frames")
	}
}
