package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"regexp"
	"testing"
)

func testCell() Cell {
	return Cell{
		Generator: "builtin",
		Model:     Model{Name: "mini", SHA256: "ab", TrainingLatentFrames: 21},
		Method:    Method{Name: "lvsa", Label: "LVSA", Params: map[string]any{"window": 3, "scale": 1.0, "exact": true}},
		Backend:   "cpu", Frames: 165, LatentFrames: 42, Ratio: 2, Width: 64, Height: 64,
		Prompt: Prompt{Tag: "fish", Text: `fish <&> "wander"`},
		Seed:   16, Steps: 20, Guidance: 3, Sampler: Sampler{Name: "unipc", Shift: 3},
	}
}

func TestCellCanonical(t *testing.T) {
	got, err := testCell().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"backend":"cpu","frames":165,"generator":"builtin","guidance":3,"height":64,` +
		`"method":{"name":"lvsa","params":{"exact":true,"scale":1,"window":3}},` +
		`"model":{"name":"mini","sha256":"ab","training_latent_frames":21},` +
		`"prompt":{"tag":"fish","text":"fish <&> \"wander\""},` +
		`"sampler":{"name":"unipc","shift":3},"seed":16,"steps":20,"width":64}`
	if string(got) != want {
		t.Fatalf("canonical cell\n got %s\nwant %s", got, want)
	}
	sum := sha256.Sum256(got)
	id, err := testCell().ID()
	if err != nil || id != hex.EncodeToString(sum[:8]) {
		t.Fatalf("id %q, %v", id, err)
	}
}

// TestCellID: the identity changes with everything that changes the video and
// with nothing else, and survives a trip through JSON.
func TestCellID(t *testing.T) {
	base, err := testCell().ID()
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(base) {
		t.Fatalf("id %q is no 16 hex digits", base)
	}
	for _, tc := range []struct {
		name string
		edit func(*Cell)
		same bool
	}{
		{"label", func(c *Cell) { c.Method.Label = "other" }, true},
		{"latent frames", func(c *Cell) { c.LatentFrames = 0 }, true},
		{"ratio", func(c *Cell) { c.Ratio = 0 }, true},
		{"float spelling", func(c *Cell) { c.Method.Params = map[string]any{"window": 3.0, "scale": 1, "exact": true} }, true},
		{"generator", func(c *Cell) { c.Generator = "files" }, false},
		{"model", func(c *Cell) { c.Model.Name = "wan" }, false},
		{"checkpoint", func(c *Cell) { c.Model.SHA256 = "cd" }, false},
		{"training horizon", func(c *Cell) { c.Model.TrainingLatentFrames = 31 }, false},
		{"method", func(c *Cell) { c.Method.Name = "dense" }, false},
		{"parameter", func(c *Cell) { c.Method.Params = map[string]any{"window": 4, "scale": 1.0, "exact": true} }, false},
		{"backend", func(c *Cell) { c.Backend = "cuda" }, false},
		{"frames", func(c *Cell) { c.Frames = 161 }, false},
		{"width", func(c *Cell) { c.Width = 128 }, false},
		{"height", func(c *Cell) { c.Height = 128 }, false},
		{"tag", func(c *Cell) { c.Prompt.Tag = "snow" }, false},
		{"prompt", func(c *Cell) { c.Prompt.Text += "." }, false},
		{"embeds", func(c *Cell) { c.Prompt.EmbedsSHA256 = "e" }, false},
		{"seed", func(c *Cell) { c.Seed++ }, false},
		{"steps", func(c *Cell) { c.Steps++ }, false},
		{"guidance", func(c *Cell) { c.Guidance = 3.5 }, false},
		{"sampler", func(c *Cell) { c.Sampler.Name = "euler" }, false},
		{"shift", func(c *Cell) { c.Sampler.Shift = 5 }, false},
		{"source", func(c *Cell) { c.SourceSHA256 = "f" }, false},
	} {
		c := testCell()
		tc.edit(&c)
		id, err := c.ID()
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		if (id == base) != tc.same {
			t.Errorf("%s: id %s, base %s, want same %v", tc.name, id, base, tc.same)
		}
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var back Cell
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if again, _ := back.ID(); again != id {
			t.Errorf("%s: id %s is %s after a trip through JSON", tc.name, id, again)
		}
	}
	c := testCell()
	c.Guidance = math.NaN()
	if id, err := c.ID(); err == nil {
		t.Errorf("NaN guidance has id %s, want an error", id)
	}
}

func TestCanonicalNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"3": "3", "3.0": "3", "3e0": "3", "30e-1": "3", "-0": "0", "-0.0": "0", "0.90": "0.9",
		"1e20": "100000000000000000000", "1e22": "1e+22", "1E-7": "1e-07",
		"18446744073709551615":  "18446744073709551615",
		"-9223372036854775809":  "-9223372036854775809",
		"0.1000000000000000055": "0.1",
	} {
		got, err := Canonical(json.RawMessage(in))
		if err != nil || string(got) != want {
			t.Errorf("canonical %s = %s, %v, want %s", in, got, err, want)
		}
	}
	if got, err := Canonical(json.RawMessage("1e999")); err == nil {
		t.Errorf("1e999 is %s, want an error", got)
	}
	got, err := Canonical(json.RawMessage(`{"b":[null,true,false,"<\u00e9\n"],"a":{}}`))
	if want := "{\"a\":{},\"b\":[null,true,false,\"<é\\n\"]}"; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
