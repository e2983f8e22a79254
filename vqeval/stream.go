package vqeval

import (
	"runtime"
	"slices"
	"sync"

	"longtake/kernels/sad"
)

// prepared is what was made of the frames of a source; what is nil was not.
type prepared struct {
	luma   [][]byte // the frames
	p      *planes
	raw    *planes // p with the means
	light  *light
	d      *selfsim
	a      *activity
	second int // look-ahead of a, frames
}

// ready is what was made of the frames of the source while it was decoded, unless they are
// others now: then planes, at half the size beyond fullFrames.
func (s *Source) ready() prepared {
	same := func(a, b []byte) bool { return &a[0] == &b[0] }
	if s.made != nil && s.made.p != nil && slices.EqualFunc(s.made.luma, s.Luma, same) {
		return *s.made
	}
	return prepared{p: newPlanes(s, len(s.Luma) > fullFrames && s.full[0] == 0)}
}

// stream prepares a video while the rest of it is decoded. Frames are handed
// over in their order.
type stream struct {
	w, h int // of the frames
	half bool
	p    *planes
	room planeRoom
	seen [][]byte  // as long as it may become a clip at half size
	more *streamed // nil: the planes alone are made
}

// startStream expects so many frames of w x h samples, or a few more or less; 0 where it is not
// known. With a look-ahead, in frames, more than the planes is made of them.
func startStream(w, h, expected, second int) *stream {
	s := &stream{w: w, h: h, half: expected > fullFrames}
	s.p = emptyPlanes(w, h, s.half)
	s.room = newPlaneRoom(s.p)
	if second > 0 {
		s.more = startStreamed(s.p, expected, second)
	}
	return s
}

// add takes the next frame, which must not change afterwards, and the levels of its tiles.
func (s *stream) add(luma []byte, levels *[tiles]float64) {
	if s.more != nil && s.p.n == s.more.d.room {
		s.stop()
	}
	if !s.half {
		s.seen = append(s.seen, luma)
		if len(s.seen) > fullFrames { // unexpectedly
			s.stop()
			s.p, s.half = emptyPlanes(s.w, s.h, true), true
			s.room = newPlaneRoom(s.p)
			s.p.fill(s.seen, s.w, s.h)
			s.seen = nil
			return
		}
	}
	s.p.grow(s.p.n + 1)
	s.p.set(s.p.n-1, luma, s.w, s.h, s.room)
	if s.more == nil {
		return
	}
	if s.more.light != nil {
		s.more.light.level[s.p.n-1] = *levels
	}
	if s.p.n%s.more.most == 0 {
		s.more.block(s.p)
	}
}

// end waits for what was made; there may be no more frames.
func (s *stream) end() *prepared {
	if s.half && s.p.n <= fullFrames { // unexpectedly
		s.stop()
		return &prepared{}
	}
	more := s.more
	s.more = nil
	return more.end(s.p)
}

// stop waits for what is under way, of which nobody needs the results; of nil and of ended
// ones there is none.
func (s *stream) stop() {
	if s != nil {
		s.more.stop()
		s.more = nil
	}
}

// streamed is what is made of blocks of frames besides their planes, on as many cores
// as there are. What is made of one frame or pair has its place, so that
// blocks may end in any order.
type streamed struct {
	raw    *planes
	light  *light
	a      *activity
	images []sad.Image
	d      *selfsim
	second int
	n      int // frames so far
	most   int // frames of a block

	busy sync.WaitGroup
	free chan struct{} // a place for each block that may be under way
}

// streamSlack frames more than a header promises, or less of a long clip, do no harm.
const streamSlack = 64

func startStreamed(p *planes, expected, second int) *streamed {
	s := &streamed{
		raw: p.like(0), second: second, most: cached(p.inside()),
		free: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	room := fullFrames
	if expected > 0 {
		room = expected + streamSlack
	}
	lags := min(room, fullFrames) - 1
	if expected > fullFrames {
		lags = min(room-1, max(leastLags, maxPairs/(expected-streamSlack)))
	} else {
		room = lags + 1
		s.light = &light{make([][tiles]float64, room)}
	}
	s.a, s.images, s.d = emptyActivity(p, room, second), make([]sad.Image, room), emptySelfsim(room, lags)
	return s
}

// block takes the planes since the last one.
func (s *streamed) block(p *planes) {
	view, from := *p, s.n
	s.n = p.n
	s.raw.grow(s.n)
	raw := *s.raw
	view.images(s.images, from, view.n)
	s.free <- struct{}{}
	s.busy.Go(func() {
		defer func() { <-s.free }()
		view.restore(&raw, from, view.n)
		s.d.compare(s.images, view.inside(), from, view.n)
		most := s.a.reach()
		s.a.fill(&view, from-most, view.n-most) // the last ones that all they look at is there for
	})
}

// stop waits for the blocks that are under way; nil has none.
func (s *streamed) stop() {
	if s != nil {
		s.busy.Wait()
	}
}

// end is what was made of all frames.
func (s *streamed) end(p *planes) *prepared {
	out := &prepared{p: p}
	if s == nil {
		return out
	}
	if s.n < p.n {
		s.block(p)
	}
	s.busy.Wait()
	if lags := lagBound(p.n); lags <= s.d.lags {
		out.d = s.d.first(p.n, lags)
	}
	out.raw = s.raw
	out.raw.mean, out.raw.spread = p.mean, p.spread
	if s.light != nil {
		out.light = &light{s.light.level[:p.n]}
	}
	if s.a.reach() < p.n { // else it looks less far ahead
		s.a.fill(p, p.n-s.a.reach(), p.n)
		out.a, out.second = s.a.first(p.n), s.second
	}
	return out
}
