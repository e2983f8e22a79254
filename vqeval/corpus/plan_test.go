package corpus

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"longtake/vqeval"
)

// What the corpus promises about itself.
func TestPlan(t *testing.T) {
	sources := map[string]int{}
	for _, edition := range append([]int{ciEdition, 11, 14}, Editions()...) {
		t.Run(fmt.Sprint("edition ", edition), func(t *testing.T) {
			testPlan(t, edition)
			for _, r := range plan(edition) {
				if old, ok := sources[r.Source]; ok && old != edition {
					t.Errorf("editions %d and %d share the source %s", old, edition, r.Source)
				}
				sources[r.Source] = edition
			}
		})
	}
}

func testPlan(t *testing.T, edition int) {
	all := plan(edition)
	files, byFile := map[string]bool{}, map[string]Label{}
	positives, families := map[string]int{}, map[string]map[string]bool{}
	classes := map[string]map[string]map[string]bool{}
	ladders := map[string][]Label{}
	variantsOf := map[string]int{}
	splits := map[string]string{}
	for _, f := range Families {
		splits[f.Name] = f.Split
	}
	negatives, ci := 0, 0
	inCI, inTest := map[string]bool{}, map[string]bool{}
	for _, r := range all {
		l := r.Label
		if err := l.check(); err != nil {
			t.Error(err)
		}
		if files[l.File] {
			t.Errorf("%s is planned twice", l.File)
		}
		files[l.File], byFile[l.File] = true, l
		if s, ok := splits[l.Family]; ok && s != l.Split {
			t.Errorf("%s: family %s belongs to %s", l.File, l.Family, s)
		}
		if l.Codec == "vp9" && l.Split != Test {
			t.Errorf("%s: VP9 outside the test half", l.File)
		}
		if l.Width%2 != 0 || l.Height%2 != 0 {
			t.Errorf("%s: odd size %dx%d", l.File, l.Width, l.Height)
		}
		if l.CI {
			ci++
			inCI[l.Kind+"/"+l.Class] = true
		}
		if l.Split == Test {
			inTest[l.Kind+"/"+l.Class] = true
		}
		if l.Variant != "" {
			variantsOf[l.VariantOf]++
			continue
		}
		if l.Kind == "" {
			if l.Split == Test && !l.Ambiguous {
				negatives++
			}
			continue
		}
		if classes[l.Kind] == nil {
			classes[l.Kind] = map[string]map[string]bool{Dev: {}, Test: {}}
			families[l.Kind] = map[string]bool{}
		}
		classes[l.Kind][l.Split][l.Class] = true
		if l.Split == Test {
			positives[l.Kind]++
			families[l.Kind][l.Family] = true
		}
		if l.Ladder != "" {
			ladders[l.Ladder] = append(ladders[l.Ladder], l)
		}
	}
	if len(all) < 400 || len(Families) < 24 || negatives < 120 || ci > ciLimit || (ci < ciLimit/2) != (edition != ciEdition) {
		t.Errorf("%d videos, %d families, %d negatives in the test half, %d for CI", len(all), len(Families), negatives, ci)
	}
	for _, k := range vqeval.Kinds {
		if positives[k] < 16 || len(families[k]) < 8 {
			t.Errorf("%s: %d videos of %d families in the test half", k, positives[k], len(families[k]))
		}
		own := false
		for c := range classes[k][Test] {
			own = own || !classes[k][Dev][c]
		}
		if !own {
			t.Errorf("%s: no transform that only the test half has", k)
		}
	}
	for c := range inTest {
		if edition == ciEdition && !inCI[c] {
			t.Errorf("CI sees nothing of %s", c)
		}
	}
	for id, ls := range ladders {
		if len(ls) < 3 {
			t.Errorf("ladder %s has %d levels", id, len(ls))
		}
		for i := 1; i < len(ls); i++ {
			a, b := ls[i-1], ls[i]
			if a.Level >= b.Level || a.Source != b.Source || a.Width != b.Width || a.FPS != b.FPS || a.CRF != b.CRF || a.Frames != b.Frames {
				t.Errorf("ladder %s: %s and %s differ in more than the level", id, a.File, b.File)
			}
		}
	}
	for _, k := range []string{"size", "quality", "container", "rate", "length"} {
		if variantsOf[k] < 3 {
			t.Errorf("%d variants of %s", variantsOf[k], k)
		}
	}
	if edition >= largerFrom && (negatives < 520 || positives["freeze"] < 90 || positives["loop"] < 145) {
		t.Errorf("%d healthy videos, %d freezes and %d loops in the test half", negatives, positives["freeze"], positives["loop"])
	}
	if sources := len(driftSources(all)); edition >= widerFrom && sources < 24 {
		t.Errorf("drifts of %d sources in the test half", sources)
	}
	for f, l := range byFile {
		if l.Class == "F4 decay" && edition >= settledFrom && l.VariantOf == "" && float64(l.Frames-1-l.Onset) < 2*l.FPS-1 {
			t.Errorf("%s: %d frames from %d on are less than two seconds", f, l.Frames, l.Onset)
		}
		if l.Variant != "" && l.CI && !byFile[l.Variant].CI {
			t.Errorf("%s is for CI, its base is not", f)
		}
	}
	again := plan(edition)
	for i, r := range all {
		if !reflect.DeepEqual(r.Label, again[i].Label) {
			t.Fatalf("a second plan differs: %+v, %+v", r.Label, again[i].Label)
		}
	}
	t.Logf("%d videos, %d of them for CI; %d negatives in the test half; variants %v", len(all), ci, negatives, variantsOf)
}

func driftSources(all []*recipe) map[string]bool {
	out := map[string]bool{}
	for _, r := range all {
		if r.Split == Test && r.Kind == "drift" {
			out[r.Source] = true
		}
	}
	return out
}

// What an effect has drawn, and the room in which it draws, is not shared with a variant's base.
func TestVariantsDrawOnTheirOwn(t *testing.T) {
	drawn := func(t *testing.T, r *recipe) (sum [sha256.Size]byte) {
		h := sha256.New()
		if err := r.frames(func(rgb []byte) error { _, err := h.Write(rgb); return err }); err != nil {
			t.Fatal(err)
		}
		return [sha256.Size]byte(h.Sum(nil))
	}
	baseFirst, alone := plan(variantsFrom), plan(variantsFrom)
	for i, v := range alone {
		if v.Variant == "" || v.VariantOf != "quality" || v.Kind != "freeze" && v.Kind != "seam" {
			continue
		}
		t.Run(v.File, func(t *testing.T) {
			t.Parallel()
			base := slices.IndexFunc(baseFirst, func(r *recipe) bool { return r.File == v.Variant })
			drawn(t, baseFirst[base])
			if drawn(t, baseFirst[i]) != drawn(t, v) {
				t.Error("another video after its base was drawn")
			}
		})
	}
}
