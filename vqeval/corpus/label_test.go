package corpus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goodRow = `{"file":"test/a.mp4","family":"flow","source":"flow.1","split":"test","ci":true,"kind":"loop","class":"L1 hard","onset_frame":24,"end_frame":96,"period":24,"repeats":3,"box":[0,0,0,0],"fps":24,"width":208,"height":120,"frames":97,"codec":"x264","crf":23,"grain":0}`

func TestReadManifestIsStrict(t *testing.T) {
	for name, c := range map[string]struct{ row, says string }{
		"unknown field":     {strings.Replace(goodRow, `"ci"`, `"si"`, 1), `"si"`},
		"unknown kind":      {strings.Replace(goodRow, `"loop"`, `"lop"`, 1), `"lop"`},
		"split":             {strings.Replace(goodRow, `"split":"test"`, `"split":"train"`, 1), "train"},
		"outside":           {strings.Replace(goodRow, "test/a.mp4", "../a.mp4", 1), "inside"},
		"end behind":        {strings.Replace(goodRow, `"end_frame":96`, `"end_frame":97`, 1), "97 frames"},
		"no period":         {strings.Replace(goodRow, `"period":24,`, "", 1), "period"},
		"two values":        {goodRow + goodRow, "more than one"},
		"half a row":        {goodRow[:100], "unexpected"},
		"same file":         {goodRow + "\n" + goodRow, "line 2"},
		"variant of none":   {strings.Replace(goodRow, `"fps"`, `"variant":"test/b.mp4","variant_of":"size","fps"`, 1), "no row"},
		"variant unnamed":   {strings.Replace(goodRow, `"fps"`, `"variant":"test/b.mp4","fps"`, 1), "both or neither"},
		"level, no ladder":  {strings.Replace(goodRow, `"fps"`, `"level":2,"fps"`, 1), "ladder"},
		"box":               {strings.Replace(goodRow, "[0,0,0,0]", "[0.5,0,0.2,1]", 1), "box"},
		"unknown allowance": {strings.Replace(goodRow, `"fps"`, `"allowed":["jump"],"fps"`, 1), "jump"},
	} {
		dir := t.TempDir()
		// A blank line counts: the row stands in line 2.
		if err := os.WriteFile(filepath.Join(dir, ManifestName), []byte("\n"+c.row+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadManifest(dir)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), ManifestName+":") {
			t.Errorf("%s: %v; want the file, the line and %q", name, err, c.says)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ManifestName), []byte(goodRow), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := ReadManifest(dir)
	if err != nil || len(got) != 1 || got[0].Period != 24 || got[0].End != 96 || !got[0].CI {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ReadManifest(t.TempDir()); err == nil {
		t.Error("a folder without a manifest was read")
	}
}
