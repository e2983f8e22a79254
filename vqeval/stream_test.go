package vqeval

import (
	"reflect"
	"slices"
	"testing"

	"longtake/video"
)

// What is made frame by frame is that of the whole source, at and beside the ends of
// its blocks and of the look-ahead, and on both sides of the length beyond which the
// planes have half the size.
func TestStreamed(t *testing.T) {
	const second = 20
	block := cached(emptyPlanes(32, 25, false).inside())
	const long = fullFrames + 1
	for _, c := range []struct {
		n, expected int
		all         bool // or the planes alone
	}{
		{1, 0, true}, {2, 0, true}, {block - 1, 0, true}, {block, 0, true}, {second, 0, true}, {second + 1, 0, true},
		{5*block - 3, 5 * block, true}, {100 + streamSlack, 100, true}, {100 + streamSlack + 1, 100, false}, {30, 100, true}, {fullFrames, 0, true}, {long, 0, false}, {long + 40, fullFrames, false},
		{long, long, true}, {long + 40, long, true}, {long + streamSlack, long, true}, {long + streamSlack + 1, long, false}, {3000, 3000 + streamSlack, true},
	} {
		n := c.n
		s := &Source{Width: 32, Height: 25}
		stream := startStream(s.Width, s.Height, c.expected, second)
		for i := range n {
			l := make([]byte, s.Width*s.Height)
			for k := range l {
				l[k] = byte(k*(i%13+1) + i*i)
			}
			s.Luma = append(s.Luma, l)
			stream.add(l, levelsOf(l, s.Width, s.Height))
		}
		got, p := stream.end(), newPlanes(s, n > fullFrames)
		if !reflect.DeepEqual(got.p, p) {
			t.Errorf("%d frames: the planes differ (%dx%d of %d, want %dx%d of %d)", n, got.p.w, got.p.h, got.p.n, p.w, p.h, p.n)
		}
		if !c.all {
			if got.raw != nil || got.light != nil || got.d != nil || got.a != nil {
				t.Errorf("%d frames: more than the planes was made", n)
			}
			continue
		}
		if !reflect.DeepEqual(got.raw, withMean(p)) {
			t.Errorf("%d frames: the planes with their means differ", n)
		}
		if n > fullFrames != (got.light == nil) || got.light != nil && !reflect.DeepEqual(got.light, newLight(s)) {
			t.Errorf("%d frames: the light differs", n)
		}
		if !got.d.equal(newSelfsim(p)) {
			t.Errorf("%d frames: the self-similarity differs", n)
		}
		if n <= second {
			if got.a != nil {
				t.Errorf("%d frames: an activity that looks %d frames ahead", n, second)
			}
		} else if !reflect.DeepEqual(got.a, newActivity(p, second)) {
			t.Errorf("%d frames: the activity differs", n)
		}
	}
}

// levelsOf are the levels of the tiles of one frame.
func levelsOf(luma []byte, w, h int) *[tiles]float64 {
	return &newLight(&Source{Width: w, Height: h, Luma: [][]byte{luma}}).level[0]
}

// equal tells whether two hold the same, whatever the room.
func (s *selfsim) equal(o *selfsim) bool {
	if s.n != o.n || s.lags != o.lags {
		return false
	}
	for k := 1; k <= s.lags; k++ {
		if !slices.Equal(s.lag(k), o.lag(k)) {
			return false
		}
	}
	return true
}

// A header that promises a long clip of a short file costs what was made of it, no more.
func TestStreamOfLessThanExpected(t *testing.T) {
	s := memory(30, 16, moving)
	stream := startStream(s.Width, s.Height, fullFrames+1, 16)
	for _, l := range s.Luma {
		stream.add(l, new([tiles]float64))
	}
	if s.made = stream.end(); s.made.p != nil {
		t.Error("planes of a long clip")
	}
	s.made.luma = slices.Clone(s.Luma)
	if got := s.ready(); !reflect.DeepEqual(got.p, newPlanes(s, false)) {
		t.Error("the planes differ")
	}
}

func TestStreamSecond(t *testing.T) {
	for _, c := range []struct {
		i    video.Info
		want int
	}{
		{video.Info{Frames: fullFrames, FPS: 24}, 24},
		{video.Info{Frames: fullFrames + 1, FPS: 24}, 24},
		{video.Info{Duration: 10, FPS: 24}, 24},
		{video.Info{FPS: 24}, 24},
		{video.Info{Frames: 100, FPS: 24, VariableRate: true}, 0},
		{video.Info{Frames: 100}, unknownRate},
	} {
		if got := streamSecond(c.i); got != c.want {
			t.Errorf("%+v: a look-ahead of %d frames, want %d", c.i, got, c.want)
		}
	}
}

// What was made of the frames serves no others, nor at another rate.
func TestMadeServesOnlyItsFrames(t *testing.T) {
	s := memory(30, 16, moving)
	made := func() *prepared {
		p := newPlanes(s, false)
		return &prepared{luma: slices.Clone(s.Luma), p: p, raw: withMean(p), light: newLight(s), d: newSelfsim(p), a: newActivity(p, 16), second: 16}
	}
	s.made = made()
	c, err := newClip(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if m := s.made; c.p != m.p || c.raw != m.raw || c.light != m.light || c.d != m.d || c.a != m.a {
		t.Error("what was made of the frames themselves was made again")
	}
	s.Meta.FPS *= 1.2
	if c, err = newClip(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if c.d != s.made.d || c.a == s.made.a || !reflect.DeepEqual(c.a, newActivity(c.p, lookAhead(c.second))) {
		t.Error("the activity is not that of the rate")
	}
	s.Luma[7] = slices.Clone(s.Luma[8])
	if c, err = newClip(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if p := newPlanes(s, false); c.p == s.made.p || !reflect.DeepEqual(c.p, p) || !c.d.equal(newSelfsim(p)) {
		t.Error("a frame was replaced and what was made of it was not")
	}
	s.Luma = s.Luma[:20]
	if p := s.ready().p; p.n != 20 {
		t.Errorf("planes of %d frames for 20", p.n)
	}
}

func TestStopEndsAnyStream(t *testing.T) {
	var none *stream
	none.stop()
	s := startStream(16, 12, 0, 16)
	s.add(make([]byte, 16*12), new([tiles]float64))
	s.stop()
	s.stop()
	if s.more != nil {
		t.Error("the stream still makes more than planes")
	}
}
