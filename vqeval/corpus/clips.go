package corpus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"longtake/video"
)

// clipSource begins the source of what is made from the user's clips.
const clipSource = "clip/"

// A clip is used at most this wide and this long.
const (
	clipWidth  = 416
	clipFrames = 241
	clipLeast  = 48 // shorter ones have no room for a failure
)

var clipExtensions = []string{".mp4", ".mov", ".webm", ".avi", ".mkv", ".gif"}

// clipRecipes applies one of each transform to every clip of a folder. The
// clips are taken to be healthy; nothing is negative but their re-encoding.
func clipRecipes(ctx context.Context, dir string) ([]*recipe, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("corpus: clips: %w", err)
	}
	var out []*recipe
	names := map[string]bool{}
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if e.Type()&fs.ModeType != 0 || !slices.Contains(clipExtensions, ext) {
			continue
		}
		name := clean(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))
		if names[name] {
			return nil, fmt.Errorf("corpus: clips: two files are named %q: rename one", name)
		}
		names[name] = true
		c, err := openClip(ctx, filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("corpus: clips: %w", err)
		}
		out = append(out, c.recipes(name)...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("corpus: clips: %s has no video (%s)", dir, strings.Join(clipExtensions, " "))
	}
	return out, nil
}

// clean makes a name that needs no quoting.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, s)
}

// clip is one of the user's videos; its frames are decoded when first needed.
type clip struct {
	path          string
	width, height int
	fps           float64
	count         int
	load          func() ([][]byte, error)
}

func openClip(ctx context.Context, path string) (*clip, error) {
	info, err := video.Probe(ctx, path)
	if err != nil {
		return nil, err
	}
	k := math.Min(1, clipWidth/float64(max(info.Width, info.Height)))
	c := &clip{path: path, fps: info.FPS}
	c.width, c.height = max(16, int(float64(info.Width)*k)/2*2), max(16, int(float64(info.Height)*k)/2*2)
	if !(c.fps > 0) || c.fps > 120 {
		c.fps = 24
	}
	// The header may lie about the count: the frames themselves are counted.
	_, _, err = video.Decode(ctx, path, video.DecodeOptions{Gray: true, Width: 16, Height: 16}, func(f video.Frame) error {
		c.count++
		if c.count == clipFrames {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	if c.count < clipLeast {
		return nil, fmt.Errorf("%q has %d frames, at least %d are needed", path, c.count, clipLeast)
	}
	c.load = sync.OnceValues(func() ([][]byte, error) {
		var frames [][]byte
		_, _, err := video.Decode(ctx, path, video.DecodeOptions{Width: c.width, Height: c.height}, func(f video.Frame) error {
			frames = append(frames, slices.Clone(f.Pix))
			if len(frames) == c.count {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return nil, err
		}
		return frames, nil
	})
	return c, nil
}

var errEnough = errors.New("enough frames")

// scene interpolates between the two frames next to a moment.
func (c *clip) scene() (Scene, error) {
	frames, err := c.load()
	if err != nil {
		return nil, err
	}
	return func(t float64, im *Image) {
		t = math.Max(0, math.Min(float64(len(frames)-1), t*c.fps/24))
		i := int(t + 1e-6)
		f := float32(t - float64(i))
		a := frames[i]
		if f < 1e-3 || i+1 == len(frames) || im.W != c.width || im.H != c.height {
			c.copy(im, a)
			return
		}
		for j, v := range frames[i+1] {
			im.Pix[j] = float32(a[j]) + (float32(v)-float32(a[j]))*f
		}
	}, nil
}

// copy draws a frame; at another size (where energy is measured) by picking.
func (c *clip) copy(im *Image, a []byte) {
	if im.W == c.width && im.H == c.height {
		for j, v := range a {
			im.Pix[j] = float32(v)
		}
		return
	}
	for y := range im.H {
		for x := range im.W {
			s := 3 * ((y*c.height/im.H)*c.width + x*c.width/im.W)
			for d := range 3 {
				im.Pix[3*(y*im.W+x)+d] = float32(a[s+d])
			}
		}
	}
}

func (c *clip) recipes(name string) []*recipe {
	start := func(kind, class string) *recipe {
		dir := kind
		if dir == "" {
			dir = "healthy"
		}
		return &recipe{
			Label: Label{
				File: fmt.Sprintf("%s%s/%s-%s.mp4", clipSource, name, dir, slug(class)), Family: "clip", Source: clipSource + name, Split: Test, Kind: kind, Class: class,
				FPS: c.fps, Width: c.width, Height: c.height, Frames: c.count, Codec: "x264", CRF: 23,
			},
			scene: c.scene, limit: c.count, rate: c.fps,
		}
	}
	out := []*recipe{start("", "live clip")}
	for _, f := range failures {
		for k := range f.clip {
			r := start(f.kind, f.class)
			level := 0.
			if f.levels != nil {
				level = f.levels[len(f.levels)/2]
				r.Ladder = f.class + " " + r.Source // only the seed of what is drawn
			}
			f.make(r, k, level)
			r.Ladder = ""
			if r.inner != nil {
				r.place(new([2]float64))
			}
			out = append(out, r)
		}
	}
	return out
}
