package suites

import (
	"context"
	"math"
	"math/rand/v2"

	"longtake/video"
)

// benchClip is a clip that the suite makes: a textured ground that pans and turns
// its direction, with discs that move over it and grain on top, so that a decoder
// has work as with filmed material.
type benchClip struct {
	name                  string
	width, height, frames int
}

const clipFPS = 24

func scoreClips(full bool) []benchClip {
	clips := []benchClip{{"832x480-288", 832, 480, 288}, {"832x480-720", 832, 480, 720}, {"1280x720-288", 1280, 720, 288}}
	if full {
		clips = append(clips, benchClip{"832x480-10000", 832, 480, 10000})
	}
	return clips
}

func (c benchClip) make(ctx context.Context, path string) error {
	e, err := video.Create(ctx, path, video.EncodeOptions{Width: c.width, Height: c.height, FPS: clipFPS})
	if err != nil {
		return err
	}
	defer e.Abort()
	r := rand.New(rand.NewPCG(uint64(c.width), uint64(c.frames)))
	// The ground is larger than the frame by the room that the pan takes.
	const room = 160
	gw, gh := c.width+2*room, c.height+2*room
	ground := make([]byte, 3*gw*gh)
	for y := range gh {
		for x := range gw {
			u, v := float64(x), float64(y)
			for k := range 3 {
				f := float64(k + 2)
				s := 40*math.Sin(u/(9*f)+v/37) + 35*math.Sin(v/(7*f)-u/53) + 20*math.Sin((u+v)/3.7)
				ground[3*(y*gw+x)+k] = byte(128 + s + float64(r.IntN(9)))
			}
		}
	}
	frame := make([]byte, 3*c.width*c.height)
	for t := range c.frames {
		s := float64(t) / clipFPS
		dx := room + int(math.Round((room-1)*math.Sin(0.31*s)*math.Cos(0.047*s)))
		dy := room + int(math.Round((room-1)*math.Sin(0.23*s+1)*math.Cos(0.061*s)))
		for y := range c.height {
			copy(frame[3*y*c.width:3*(y+1)*c.width], ground[3*((y+dy)*gw+dx):])
		}
		for i := range 5 {
			f := float64(i)
			c.disc(frame, byte(40+45*i),
				c.width/2+int(float64(c.width)*0.45*math.Sin((0.37+0.11*f)*s+f)),
				c.height/2+int(float64(c.height)*0.45*math.Cos((0.29+0.07*f)*s+2*f)), c.height/(9+i))
		}
		for range len(frame) / 24 {
			i := r.IntN(len(frame))
			frame[i] += byte(r.IntN(13)) - 6
		}
		if err := e.WriteFrame(frame); err != nil {
			return err
		}
	}
	return e.Close()
}

// disc paints a filled circle.
func (c benchClip) disc(frame []byte, level byte, cx, cy, radius int) {
	for y := max(0, cy-radius); y < min(c.height, cy+radius); y++ {
		half := int(math.Sqrt(float64(radius*radius - (y-cy)*(y-cy))))
		for x := max(0, cx-half); x < min(c.width, cx+half); x++ {
			p := frame[3*(y*c.width+x):]
			p[0], p[1], p[2] = level, 255-level, level/2
		}
	}
}
