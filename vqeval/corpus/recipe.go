package corpus

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"longtake/video"
)

// recipe is one video: what its label says and how its frames come about. Frame
// i is frame at(i) of the scene, perhaps mixed with or partly covered by another
// moment of it, then changed by the effects, with grain added last.
type recipe struct {
	Label
	scene  func() (Scene, error)
	limit  int                            // frames that the scene has; 0 = it never ends
	at     func(i int) float64            // nil: frame i shows moment i
	mix    func(i int) (float64, float32) // another moment and its weight
	inner  func(i int) float64            // the moment that Box shows instead
	soft   bool                           // Box is a soft disc
	effect []effect

	rate   float64 // frames a second in which at counts; FPS unless step > 1
	step   int     // every step-th frame is kept
	resize float64 // after everything else, grain included; 0 = 1
	preset string

	// again makes the recipe once more: effects keep what they have drawn, and the room in
	// which they draw it.
	again func() *recipe
}

// effect changes a finished frame in place; i counts as at does.
type effect func(i int, im *Image)

// rand draws what is the same in every rendering of a video.
func (r *recipe) rand() *rand.Rand { return seeded(cmp.Or(r.Variant, r.File), 1) }

// last is the number of the last frame.
func (r *recipe) last() int { return r.Frames - 1 }

// frames hands every frame to fn as rgb24; the buffer is used again.
func (r *recipe) frames(fn func(rgb []byte) error) error {
	scene, err := r.scene()
	if err != nil {
		return err
	}
	w, h := r.Width, r.Height
	if r.resize != 0 {
		w, h = int(math.Round(float64(w)/r.resize)), int(math.Round(float64(h)/r.resize))
	}
	im, other, shown := newImage(w, h), newImage(w, h), newImage(w, h)
	grain := newGrain(r.rand())
	out := make([]byte, 3*r.Width*r.Height)
	tick, step := 24/r.rate, max(1, r.step)
	drawn := math.NaN()
	for k := range r.Frames {
		i := k * step
		t := float64(i)
		if r.at != nil {
			t = r.at(i)
		}
		if t != drawn {
			scene(t*tick, shown)
			drawn = t
		}
		copy(im.Pix, shown.Pix)
		if r.mix != nil {
			if t, a := r.mix(i); a > 0 {
				scene(t*tick, other)
				for j, v := range other.Pix {
					im.Pix[j] += (v - im.Pix[j]) * a
				}
			}
		}
		if r.inner != nil {
			if t2 := r.inner(i); t2 != t {
				scene(t2*tick, other)
				cover(im, other, r.Box, r.soft)
			}
		}
		for _, e := range r.effect {
			e(i, im)
		}
		grain.add(im, float32(r.Grain))
		src := im
		if r.resize != 0 {
			src = resized(im, r.Width, r.Height)
		}
		for j, v := range src.Pix {
			out[j] = uint8(min(255, max(0, v)) + 0.5)
		}
		if err := fn(out); err != nil {
			return err
		}
	}
	return nil
}

// render writes the recipe's video into dir, whole or not at all.
func (r *recipe) render(ctx context.Context, dir string) error {
	path := filepath.Join(dir, filepath.FromSlash(r.File))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	o := video.EncodeOptions{Width: r.Width, Height: r.Height, FPS: r.FPS, CRF: r.CRF, Preset: r.preset, Codec: r.Codec, Threads: 1}
	if filepath.Ext(r.File) == ".mkv" {
		o.Container = "matroska"
	}
	e, err := video.Create(ctx, path, o)
	if err != nil {
		return err
	}
	defer e.Abort()
	if err := r.frames(e.WriteFrame); err != nil {
		return fmt.Errorf("%s: %w", r.File, err)
	}
	return e.Close()
}

// cover lays a part of other over im.
func cover(im, other *Image, box [4]float64, soft bool) {
	x0, y0, x1, y1 := pixels(box, im.W, im.H)
	cx, cy, rx, ry := float64(x0+x1)/2, float64(y0+y1)/2, float64(x1-x0)/2, float64(y1-y0)/2
	for y := y0; y < y1; y++ {
		row := 3 * y * im.W
		if !soft {
			copy(im.Pix[row+3*x0:row+3*x1], other.Pix[row+3*x0:row+3*x1])
			continue
		}
		for x := x0; x < x1; x++ {
			d := math.Hypot((float64(x)+0.5-cx)/rx, (float64(y)+0.5-cy)/ry)
			a := clamp01(float32((1 - d) / 0.2)) // the rim is a tenth of the diameter
			for j := row + 3*x; j < row+3*x+3; j++ {
				im.Pix[j] += (other.Pix[j] - im.Pix[j]) * a
			}
		}
	}
}

func pixels(box [4]float64, w, h int) (x0, y0, x1, y1 int) {
	r := func(v float64, n int) int { return int(math.Round(v * float64(n))) }
	return r(box[0], w), r(box[1], h), r(box[2], w), r(box[3], h)
}

// resized averages over the pixels that a new one covers, or interpolates where
// there are fewer.
func resized(im *Image, w, h int) *Image {
	out := newImage(w, h)
	kx, ky := float64(im.W)/float64(w), float64(im.H)/float64(h)
	n := max(1, int(math.Ceil(kx)))
	for y := range h {
		for x := range w {
			for c := range 3 {
				var s float32
				for j := range n {
					for i := range n {
						sx := (float64(x)+(float64(i)+0.5)/float64(n))*kx - 0.5
						sy := (float64(y)+(float64(j)+0.5)/float64(n))*ky - 0.5
						s += im.sample(sx, sy, c)
					}
				}
				out.Pix[3*(y*w+x)+c] = s / float32(n*n)
			}
		}
	}
	return out
}

// sample interpolates between pixel centres; beyond the border it repeats it.
func (im *Image) sample(x, y float64, c int) float32 {
	x = math.Max(0, math.Min(float64(im.W-1), x))
	y = math.Max(0, math.Min(float64(im.H-1), y))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, im.W-1), min(y0+1, im.H-1)
	u, v := float32(x-float64(x0)), float32(y-float64(y0))
	p := func(x, y int) float32 { return im.Pix[3*(y*im.W+x)+c] }
	a := p(x0, y0) + (p(x1, y0)-p(x0, y0))*u
	b := p(x0, y1) + (p(x1, y1)-p(x0, y1))*u
	return a + (b-a)*v
}

// normals are unit deviates that all grain is cut from: drawing new ones for
// every pixel would cost more than the scenes do.
var normals = sync.OnceValue(func() []float32 {
	r := seeded("grain", 0)
	v := make([]float32, 1<<17)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
})

type grainer struct{ r *rand.Rand }

func newGrain(r *rand.Rand) grainer { return grainer{r} }

// row is w fresh deviates.
func (g grainer) row(w int) []float32 {
	n := normals()
	k := g.r.IntN(len(n) - w)
	return n[k : k+w]
}

// add adds grey grain with a deviation of sigma levels.
func (g grainer) add(im *Image, sigma float32) {
	if sigma <= 0 {
		return
	}
	for y := range im.H {
		row := im.Pix[3*y*im.W:]
		for x, v := range g.row(im.W) {
			v *= sigma
			row[3*x] += v
			row[3*x+1] += v
			row[3*x+2] += v
		}
	}
}
