package corpus

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"longtake/video"
)

func needFFmpeg(t *testing.T) {
	t.Helper()
	if _, err := video.Probe(context.Background(), os.DevNull); errors.Is(err, video.ErrFFmpegMissing) {
		t.Skip(err)
	}
}

// decoded renders a recipe and reads the file back.
func decoded(t *testing.T, r *recipe) []*Image {
	t.Helper()
	dir := t.TempDir()
	if err := r.render(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	var out []*Image
	_, _, err := video.Decode(context.Background(), filepath.Join(dir, r.File), video.DecodeOptions{}, func(f video.Frame) error {
		im := newImage(f.Width, f.Height)
		for i, v := range f.Pix {
			im.Pix[i] = float32(v)
		}
		out = append(out, im)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != r.Frames || out[0].W != r.Width || out[0].H != r.Height {
		t.Fatalf("%s: %d frames of %dx%d, the label says %d of %dx%d", r.File, len(out), out[0].W, out[0].H, r.Frames, r.Width, r.Height)
	}
	return out
}

// part is the inside of a box.
func part(im *Image, box [4]float64) *Image {
	x0, y0, x1, y1 := pixels(box, im.W, im.H)
	out := newImage(x1-x0, y1-y0)
	for y := y0; y < y1; y++ {
		copy(out.Pix[3*(y-y0)*out.W:], im.Pix[3*(y*im.W+x0):3*(y*im.W+x1)])
	}
	return out
}

// pairs returns for each frame of the failure the frame that it repeats by its
// label, or -1.
func pairs(l Label) (at []int, of []int) {
	for t := l.Onset; t <= l.End; t++ {
		from := -1
		switch l.Kind {
		case "freeze", "region_freeze", "static":
			if from = l.Onset; t == from {
				continue
			}
		case "loop", "region_loop":
			from = t - l.Period
		case "pingpong":
			for _, c := range l.Centres {
				if c < t {
					from = 2*c - t
				}
			}
		case "return_to_start":
			if from = 0; t > l.Onset && len(l.Allowed) == 0 {
				continue
			}
		case "stutter":
			if from = t - 1; t != l.Onset && t != l.End {
				continue
			}
		}
		at, of = append(at, t), append(of, from)
	}
	return at, of
}

// What a label says must be so in the decoded file: the frames that it pairs
// are alike within the noise of codec and grain, and were not alike before.
func TestLabelsHoldInDecodedVideos(t *testing.T) {
	needFFmpeg(t)
	classes := []string{"F1 hard", "F1 mid", "F1 last second", "L1 hard", "L1 late", "L4 late return", "L4 late return with a cut", "P1 swing", "P1 late", "P2 boomerang",
		"K2 snaps back", "K2 fades back and stands", "S1 2:1", "S1 random", "R1 box", "R2 box", "R1 area", "still"}
	all := plan(ciEdition)
	for _, class := range classes {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			k := slices.IndexFunc(all, func(r *recipe) bool {
				return r.Class == class && r.Grain <= 2 && r.CRF < 35 && r.Variant == ""
			})
			if k < 0 {
				t.Fatal("no video of the class has little noise")
			}
			r := all[k]
			frames := decoded(t, r)
			see := func(i int) *Image { return frames[i] }
			if r.inner != nil {
				// A margin keeps the blocks of the codec that cross the rim out.
				b, mx, my := r.Box, 12/float64(r.Width), 12/float64(r.Height)
				b = [4]float64{b[0] + mx, b[1] + my, b[2] - mx, b[3] - my}
				see = func(i int) *Image { return part(frames[i], b) }
			}
			at, of := pairs(r.Label)
			var alike, moving []float64
			for i := range at {
				alike = append(alike, difference(see(at[i]), see(of[i])))
			}
			// The motion that the failure is measured against: over four frames before it.
			for i := 4; i < min(r.Onset, 60); i++ {
				moving = append(moving, difference(see(i), see(i-4)))
			}
			slices.Sort(alike)
			slices.Sort(moving)
			mid, most := alike[len(alike)/2], alike[len(alike)*9/10]
			t.Logf("%s: %d pairs, median difference %.2f, 90 %% below %.2f grey levels", r.File, len(alike), mid, most)
			if len(moving) == 0 { // static from the start
				if most > 2 {
					t.Errorf("a still differs by %.2f", most)
				}
				return
			}
			if live := moving[len(moving)/2]; mid > 0.45*live || mid > 5 {
				t.Errorf("frames that repeat differ by %.2f, those that move by %.2f", mid, live)
			}
			if r.inner != nil {
				var out []float64
				for i := r.Onset + 4; i < r.Frames; i += 4 {
					a, b := *frames[i], *frames[i-4]
					d := difference(&a, &b)*float64(len(a.Pix)) - difference(part(&a, r.Box), part(&b, r.Box))*float64(len(part(&a, r.Box).Pix))
					out = append(out, d/float64(len(a.Pix)))
				}
				slices.Sort(out)
				if out[len(out)/2] < 0.1 {
					t.Errorf("nothing moves outside of the region: %.2f", out[len(out)/2])
				}
			}
		})
	}
}

// Drift and flicker change the levels by what their ladders say.
func TestStrengthOfDriftAndFlicker(t *testing.T) {
	mean := func(rgb []byte) float64 {
		var s float64
		for _, v := range rgb {
			s += float64(v)
		}
		return s / float64(len(rgb))
	}
	for _, r := range plan(ciEdition) {
		if r.Class != "C1 exposure" && r.Class != "K1 white" || r.Split != Test || r.Level == 0 {
			continue
		}
		plain := *r
		plain.effect, plain.Grain = nil, 0
		r.Grain = 0
		r.Frames = min(r.Frames, 130)
		plain.Frames = r.Frames
		var a, b []float64
		if err := r.frames(func(rgb []byte) error { a = append(a, mean(rgb)); return nil }); err != nil {
			t.Fatal(err)
		}
		if err := plain.frames(func(rgb []byte) error { b = append(b, mean(rgb)); return nil }); err != nil {
			t.Fatal(err)
		}
		var most float64
		for i := range a {
			most = math.Max(most, math.Abs(a[i]/b[i]-1))
		}
		want := r.Level
		if r.Kind == "drift" {
			ran := float64(r.Frames - 1 - r.Onset)
			want = 1 - (1-want*ran/float64(max(1, r.End-r.Onset)))*math.Exp(-.02*ran/r.FPS) // and daylight
		}
		if most < 0.7*want || most > 1.1*want {
			t.Errorf("%s: the mean level changes by %.3f at most, the label says %.3f", r.File, most, want)
		}
	}
}

func TestFramesAreDeterministic(t *testing.T) {
	all, again := plan(ciEdition), plan(ciEdition)
	for _, class := range []string{"F3 shimmer 4", "K1 band", "live grain", "seam of position", "five cuts"} {
		k := slices.IndexFunc(all, func(r *recipe) bool { return r.Class == class })
		var sum [2][]byte
		for j, r := range []*recipe{all[k], again[k]} {
			n := 0
			err := r.frames(func(rgb []byte) error {
				if n++; n > 60 {
					return errEnough
				}
				sum[j] = append(sum[j], rgb...)
				return nil
			})
			if err != nil && !errors.Is(err, errEnough) {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(sum[0], sum[1]) {
			t.Errorf("%s: two renders differ", class)
		}
	}
}

// A second call keeps what is there, and makes again what is lost, damaged or
// of another plan.
func TestMakeGoesOn(t *testing.T) {
	needFFmpeg(t)
	dir := t.TempDir()
	o := Options{CI: true, Kind: "static"}
	var rendered int
	o.Progress = func(done, _ int) { rendered = done }
	first, err := Make(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) == 0 || rendered != len(first) {
		t.Fatalf("%d rows, %d rendered", len(first), rendered)
	}
	read, err := ReadManifest(dir)
	if err != nil || !reflect.DeepEqual(read, first) {
		t.Fatalf("the manifest says %v (%v), not %v", read, err, first)
	}
	stamp := func(f string) int64 {
		st, err := os.Stat(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		return st.ModTime().UnixNano()
	}
	before := stamp(first[1].File)
	lost := filepath.Join(dir, first[0].File)
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ManifestName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The last row is torn, as a kill leaves it.
	if err := os.WriteFile(path, data[:len(data)-20], 0o644); err != nil {
		t.Fatal(err)
	}
	rendered = 0
	second, err := Make(context.Background(), dir, o)
	if err != nil || rendered != 2 || !reflect.DeepEqual(second, first) {
		t.Errorf("%d were rendered again, want 2; %v", rendered, err)
	}
	if stamp(first[1].File) != before {
		t.Error("a video that was there was made again")
	}
	if _, err := Make(context.Background(), dir, Options{Kind: "lop"}); err == nil {
		t.Error("an unknown kind was taken")
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, ManifestName), data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Make(context.Background(), foreign, o); err == nil {
		t.Error("somebody else's manifest was overwritten")
	}
}

// The user's clips get every kind of transform that the table marks for them.
func TestMakeFromClips(t *testing.T) {
	needFFmpeg(t)
	clips := t.TempDir()
	src := (&planner{edition: ciEdition}).base("", "live", Dev, "traffic", 1, 0, "")
	src.Width, src.Height, src.Frames, src.FPS, src.rate, src.File = 96, 64, 80, 24, 24, "my clip.mp4"
	src.scene = func() (Scene, error) { return family("traffic").Scene(1), nil }
	if err := src.render(context.Background(), clips); err != nil {
		t.Fatal(err)
	}
	all, err := clipRecipes(context.Background(), clips)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, r := range all {
		if err := r.Label.check(); err != nil {
			t.Error(err)
		}
		kinds[r.Kind] = true
		if r.Source != "clip/my_clip" || r.Split != Test {
			t.Errorf("source %q, split %q", r.Source, r.Split)
		}
		n := 0
		if err := r.frames(func([]byte) error { n++; return nil }); err != nil || n != r.Frames {
			t.Errorf("%s: %d frames of %d, %v", r.File, n, r.Frames, err)
		}
	}
	for _, k := range []string{"", "freeze", "loop", "pingpong", "stutter", "region_freeze", "drift", "scene_jump"} {
		if !kinds[k] {
			t.Errorf("nothing of kind %q from a clip", k)
		}
	}
	if _, err := clipRecipes(context.Background(), t.TempDir()); err == nil {
		t.Error("a folder without clips was taken")
	}
}

// What differs between a video and another rendering of it is what the label names.
func TestVariantsHaveTheFramesOfTheirBase(t *testing.T) {
	all := plan(ciEdition)
	named := map[string]*recipe{}
	for _, r := range all {
		named[r.File] = r
	}
	n := 0
	for _, r := range all {
		if r.VariantOf != "container" && r.VariantOf != "quality" || r.Grain == 0 || n == 2 {
			continue
		}
		n++
		first := func(r recipe) (out []byte) {
			r.Frames = 2
			if err := r.frames(func(rgb []byte) error { out = append(out, rgb...); return nil }); err != nil {
				t.Fatal(err)
			}
			return out
		}
		if !bytes.Equal(first(*r), first(*named[r.Variant])) {
			t.Errorf("%s has other frames than %s", r.File, r.Variant)
		}
	}
	if n == 0 {
		t.Error("no variant with grain")
	}
}
