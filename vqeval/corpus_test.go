package vqeval

import (
	"context"
	"encoding/gob"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"longtake/video"
)

// labelled is one encoded clip and what is wrong with it.
type labelled struct {
	name   string
	kind   string // "", freeze, loop
	class  string // of the failure or of the negative
	onset  int    // first frame of the failure; of a loop the first repeated one
	end    int    // after the last frame of it
	period int
	cycle  int
}

type recipe struct {
	labelled
	frames  int
	w, h    int // 0 = testW x testH
	fps     float64
	source  scene
	time    func(t int) float64 // which moment of the source frame t shows; nil = t
	blend   func(t int) (float64, float64)
	grain   float64
	shimmer int     // stride of the residual fields from onset on
	sigma   float64 // of these
	crf     int
	seed    uint64
}

// field is band-limited noise of unit deviation.
func field(r *rand.Rand, w, h int) []float64 {
	f := make([]float64, w*h)
	g := make([]float32, w*h)
	tmp := make([]float32, w*h)
	for i := range g {
		g[i] = float32(r.NormFloat64())
	}
	smooth(g, tmp, w, h)
	var sq float64
	for _, v := range g {
		sq += float64(v) * float64(v)
	}
	k := 1 / math.Sqrt(sq/float64(len(g)))
	for i, v := range g {
		f[i] = float64(v) * k
	}
	return f
}

// render draws, degrades and encodes the recipe, and loads the file.
func (rc *recipe) render(t testing.TB) *Source {
	t.Helper()
	if err := neededTools(); err != nil {
		t.Skip(err)
	}
	cache := os.Getenv("VQEVAL_CACHE")
	if cache != "" {
		h := fnv.New64a()
		fmt.Fprint(h, rc.name, rc.seed, rc.crf, rc.frames, rc.fps)
		if rc.w > 0 {
			fmt.Fprint(h, rc.w, rc.h)
		}
		cache = filepath.Join(cache, fmt.Sprintf("%016x.gob", h.Sum64()))
		if f, err := os.Open(cache); err == nil {
			defer f.Close()
			s := new(Source)
			if err := gob.NewDecoder(f).Decode(s); err == nil {
				return s
			}
		}
	}
	if rc.crf == 0 {
		rc.crf = 20
	}
	w, h := rc.w, rc.h
	if w == 0 {
		w, h = testW, testH
	}
	path := filepath.Join(t.TempDir(), "clip.mp4")
	e, err := video.Create(context.Background(), path, video.EncodeOptions{Width: w, Height: h, FPS: rc.fps, CRF: rc.crf})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Abort()
	r := rand.New(rand.NewPCG(rc.seed, 99))
	var fields [][]float64
	for range rc.shimmer {
		fields = append(fields, field(r, w, h))
	}
	img, other := make([]float64, w*h), make([]float64, w*h)
	rgb := make([]byte, 3*w*h)
	for i := range rc.frames {
		at := float64(i)
		if rc.time != nil {
			at = rc.time(i)
		}
		rc.source(at, img)
		if rc.blend != nil {
			if at2, w := rc.blend(i); w > 0 {
				rc.source(at2, other)
				for j := range img {
					img[j] = img[j]*(1-w) + other[j]*w
				}
			}
		}
		for j, v := range img {
			if rc.shimmer > 0 && i >= rc.onset {
				v += rc.sigma * (fields[i%rc.shimmer][j] + 0.25*r.NormFloat64())
			}
			if rc.grain > 0 {
				v += rc.grain * r.NormFloat64()
			}
			p := byte(math.Max(0, math.Min(255, math.Round(v))))
			rgb[3*j], rgb[3*j+1], rgb[3*j+2] = p, p, p
		}
		if err := e.WriteFrame(rgb); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Load(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Luma) != rc.frames {
		t.Fatalf("%s: %d frames of %d", rc.name, len(s.Luma), rc.frames)
	}
	if cache != "" {
		if f, err := os.Create(cache); err == nil {
			gob.NewEncoder(f).Encode(s)
			f.Close()
		}
	}
	return s
}

func neededTools() error {
	_, err := video.Probe(context.Background(), os.DevNull)
	if err != nil && os.IsNotExist(err) {
		return err
	}
	return nil
}

type named struct {
	name string
	make func(seed uint64) scene
	w, h int
}

var liveScenes = []named{
	{"flow", flow, 0, 0},
	{"pan", func(s uint64) scene { return pan(s, 1) }, 0, 0},
	{"sprites", func(s uint64) scene { return sprites(s, 5, 16) }, 0, 0},
	{"blobs", blobs, 0, 0},
	{"slowpan", func(s uint64) scene { return pan(s, 0.25) }, 0, 0},
	{"zoom", zoom, 0, 0},
}

// failures are the recipes of the freezes and loops of one live source.
func failures(src named, seed uint64, n int, fps float64) []*recipe {
	base := func(class, what string) *recipe {
		return &recipe{labelled: labelled{name: fmt.Sprintf("%s.%d.%s", src.name, seed, what), class: class}, frames: n, fps: fps,
			source: src.make(seed), seed: seed, w: src.w, h: src.h}
	}
	var out []*recipe
	freeze := func(class, what string, onset, end int) *recipe {
		rc := base(class, what)
		rc.kind, rc.onset, rc.end = "freeze", onset, end
		rc.time = func(t int) float64 {
			switch {
			case t < onset:
				return float64(t)
			case t < end:
				return float64(onset)
			}
			return float64(t - end + onset)
		}
		out = append(out, rc)
		return rc
	}
	for _, share := range []float64{.1, .25, .5, .75, .9} {
		freeze("F1", fmt.Sprintf("F1.%g", share), int(share*float64(n)), n)
	}
	freeze("F1 last second", "F1.last", n-int(fps), n)
	freeze("F1 mid", "F1.mid1s", n/3, n/3+int(fps))
	freeze("F1 mid", "F1.mid2s", n/3, n/3+2*int(fps))
	for _, g := range []float64{1, 2, 4, 8} {
		freeze("F2", fmt.Sprintf("F2.%g", g), n/3, n).grain = g
	}
	for _, s := range []float64{2, 4, 8} {
		rc := freeze("F3", fmt.Sprintf("F3.%g", s), n/4, n)
		rc.shimmer, rc.sigma, rc.cycle = 4, s, 4
	}
	rc := freeze("F3", "F3.start", 9, n)
	rc.shimmer, rc.sigma, rc.cycle = 4, 4, 4

	loop := func(class, what string, t0, p int) *recipe {
		rc := base(class, what)
		rc.kind, rc.onset, rc.end, rc.period = "loop", t0+p, n, p
		rc.time = func(t int) float64 {
			if t < t0+p {
				return float64(t)
			}
			return float64(t0 + (t-t0)%p)
		}
		out = append(out, rc)
		return rc
	}
	for _, p := range []int{6, 8, 12, 16, 24, 33, 48, 64, 81, 100, 129, 200} {
		if 2*p <= n {
			loop("L1", fmt.Sprintf("L1.%d", p), 0, p)
		}
	}
	for _, p := range []int{12, 24, 33} {
		loop("L1 late", fmt.Sprintf("L1.late.%d", p), n*2/5, p)
	}
	for _, p := range []int{24, 48} {
		rc := loop("L2", fmt.Sprintf("L2.%d", p), 0, p)
		const fade = 6
		rc.blend = func(t int) (float64, float64) {
			k := t % p
			if t < p-fade || k < p-fade {
				return 0, 0
			}
			return float64(k - p), float64(k-(p-fade)+1) / (fade + 1)
		}
	}
	for _, s := range []float64{.55, .7, .85} {
		p := int(s * float64(n))
		loop("L4", fmt.Sprintf("L4.%d", p), 0, p)
	}
	loop("L1 grain", "L1.grain.24", 0, 24).grain = 4
	return out
}

// negatives are healthy clips, hard ones among them.
func negatives(seed uint64, n int, fps float64) []*recipe {
	var out []*recipe
	add := func(class, name string, s scene, grain float64, crf int) {
		out = append(out, &recipe{labelled: labelled{name: fmt.Sprintf("%s.%d", name, seed), class: class}, frames: n, fps: fps, source: s, seed: seed, grain: grain, crf: crf})
	}
	for _, l := range liveScenes {
		add("live", l.name, l.make(seed), 0, 0)
		add("live grain", l.name+".grain", l.make(seed+50), 4, 0)
		add("live crf 35", l.name+".crf35", l.make(seed+90), 0, 35)
		s := l.make(seed + 70)
		add("slow motion", l.name+".slow", func(t float64, img []float64) { s(0.3*t, img) }, 0, 0)
	}
	add("tripod", "tripod1", sprites(seed, 1, 7), 0, 0)
	add("tripod", "tripod2", sprites(seed, 1, 12), 2, 0)
	add("tripod", "tripod3", sprites(seed, 2, 12), 0, 0)
	add("slow pan", "crawl", func() scene {
		l := newLattice(rand.New(rand.NewPCG(seed, 8)), 64)
		return func(t float64, img []float64) { texture(l, img, 0.1*t, 0, 1, 170) }
	}(), 0, 0)
	add("rain", "rain", drops(seed, 220, 14, 8, 230), 0, 0)
	add("rain", "snow", drops(seed, 160, 2.2, 2, 250), 0, 0)
	add("fade", "fadein", fadeIn(pan(seed, 1), 0, 30), 0, 0)
	add("fade", "fadeout", fadeIn(flow(seed), float64(n-10), float64(n-40)), 0, 0)
	add("fade", "fadein.tripod", fadeIn(sprites(seed, 1, 9), 0, 30), 0, 0)
	add("cuts", "cuts", cutTo([]scene{flow(seed), pan(seed+3, 1), sprites(seed+5, 4, 15), blobs(seed + 1)}, 41), 0, 0)
	add("cuts", "cut.tripod", cutTo([]scene{pan(seed, 1.5), sprites(seed, 1, 10)}, float64(n)/2), 0, 0)
	add("static", "still", func() scene { s := flow(seed); return func(t float64, img []float64) { s(0, img) } }(), 0, 0)
	out[len(out)-1].kind = "static"
	add("static", "still.grain", func() scene { s := pan(seed, 1); return func(t float64, img []float64) { s(0, img) } }(), 4, 0)
	out[len(out)-1].kind = "static"
	for i, j := range []float64{.01, .02, .05, .1} {
		add("pendulum jitter", fmt.Sprintf("swing.j%g", 100*j), pendulum(seed+uint64(i), 24+7*float64(i), j), float64(i%2), 0)
	}
	add("pendulum exact", "pendulum.exact", pendulum(seed+2, 36, 0), 0, 0)
	return out
}
