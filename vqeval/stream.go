package vqeval

import "slices"

// planeStream makes the planes of a video while the rest of it is decoded.
// Frames are handed over in their order; the planes are those of newPlanes.
type planeStream struct {
	frames chan []byte // nil once it has ended
	done   chan *planes
}

// streamAhead is how many frames may wait for their plane.
const streamAhead = 32

// streamPlanes expects frames of w x h samples.
func streamPlanes(w, h int) *planeStream {
	frames, done := make(chan []byte, streamAhead), make(chan *planes, 1)
	go func() {
		p := emptyPlanes(w, h, false)
		room := newPlaneRoom(p)
		var seen [][]byte // as long as it may become a clip at half size
		half := false
		for luma := range frames {
			if !half {
				seen = append(seen, luma)
				if len(seen) > fullFrames {
					p, half = emptyPlanes(w, h, true), true
					room = newPlaneRoom(p)
					p.fill(seen, w, h)
					seen = nil
					continue
				}
			}
			p.grow(p.n + 1)
			p.set(p.n-1, luma, w, h, room)
		}
		done <- p
	}()
	return &planeStream{frames, done}
}

// add hands over the next frame, which must not change afterwards.
func (s *planeStream) add(luma []byte) { s.frames <- luma }

// end waits for the planes; there may be no more frames.
func (s *planeStream) end() *planes {
	close(s.frames)
	s.frames = nil
	return <-s.done
}

// stop ends a stream whose planes nobody needs; nil and ended ones too.
func (s *planeStream) stop() {
	if s != nil && s.frames != nil {
		s.end()
	}
}

// madePlanes are planes with the frames that they were made of.
type madePlanes struct {
	p    *planes
	luma [][]byte
}

// smoothed are the planes of the source, at half the size beyond fullFrames:
// those that were made while it was decoded unless its frames are others now.
func (s *Source) smoothed() *planes {
	same := func(a, b []byte) bool { return &a[0] == &b[0] }
	if s.made != nil && slices.EqualFunc(s.made.luma, s.Luma, same) {
		return s.made.p
	}
	return newPlanes(s, len(s.Luma) > fullFrames && s.full[0] == 0)
}
