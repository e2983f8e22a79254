package mini

import (
	"errors"
	"io/fs"
	"testing"

	"longtake/kernels/cpu"
)

// The embedded checkpoint loads and is what its contract says, or the build
// says that it has none.
func TestLoad(t *testing.T) {
	b, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(b)
	if errors.Is(err, ErrMissing) {
		if _, err := fs.Stat(checkpoint, "checkpoint/model_index.json"); err == nil {
			t.Fatal("the checkpoint is there and was not found")
		}
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	i := m.Info()
	if i.Name != "mini" || i.TrainingLatentFrames != 21 || i.FPS != 16 || i.TemporalStride != 4 || i.HeadDim != 64 {
		t.Errorf("%+v", i)
	}
	if len(i.Scenes) < 5 {
		t.Errorf("%d scenes, want at least 5", len(i.Scenes))
	}
	for _, s := range i.Scenes {
		for _, text := range append([]string{s.Tag, s.Prompt, "A video: " + s.Prompt + "."}, s.Keywords...) {
			if got, err := m.MatchPrompt(text); err != nil || got.Tag != s.Tag {
				t.Errorf("%q is %q, %v: want %q", text, got.Tag, err, s.Tag)
			}
		}
	}
	if _, err := m.MatchPrompt("a lighthouse on a cliff"); err == nil {
		t.Error("a prompt of no scene was accepted")
	}
	f, err := FS()
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	err = fs.WalkDir(f, ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err == nil {
			total += st.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > 15<<20 {
		t.Errorf("%d bytes embedded, want at most 15 MiB", total)
	}
}
