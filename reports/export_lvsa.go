package reports

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"longtake/bench"
	"longtake/internal/atomicfile"
)

// lvsaReadme stands in the exported folder.
const lvsaReadme = `This folder has the layout that benchmarks/aggregate.py of the LVSA repository reads (--outdir of this folder):
MODEL__BACKEND__HORIZON__PROMPT.mp4, a .log beside it with "done in ...s" and the peak of the GPU's memory where it was measured.
There are no .vqeval.json files: their columns are for the scores of that repository's own tool (benchmarks/score_vqeval.sh makes
them), and numbers of another scorer under the same names would not be comparable. longtake's own report of each video is in
.longtake.json, which the script does not read.
`

// ExportLVSA copies (or links) the videos of a sweep into a folder with the
// layout that the LVSA repository's aggregation script reads: four fields a name,
// joined by two underscores, and a log with wall time and memory. dir is the
// sweep's folder. Existing files are replaced. The warnings name what was left
// out.
//
// Layout: github.com/gglorian/LVSA, benchmarks/aggregate.py, commit 96ddc852.
func ExportLVSA(ctx context.Context, dir, out string, recs []bench.Record) (videos int, warnings []string, err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return 0, nil, fmt.Errorf("reports: %w", err)
	}
	var cells []cell
	seeds := map[string]map[int64]bool{}
	for _, r := range recs {
		if len(r.Cell) == 0 {
			continue
		}
		c, err := newCell(r)
		if err != nil {
			return 0, warnings, err
		}
		if !c.ok() {
			warnings = append(warnings, fmt.Sprintf("%s has no video (%s) and is left out", c.where(), c.Status))
			continue
		}
		if _, ok := r.Files["video"]; !ok {
			warnings = append(warnings, fmt.Sprintf("%s names no video and is left out", c.where()))
			continue
		}
		cells = append(cells, c)
		if seeds[c.Prompt.Tag] == nil {
			seeds[c.Prompt.Tag] = map[int64]bool{}
		}
		seeds[c.Prompt.Tag][c.Seed] = true
	}
	taken := map[string]string{}
	for _, c := range cells {
		if err := ctx.Err(); err != nil {
			return videos, warnings, err
		}
		prompt := c.Prompt.Tag
		if len(seeds[c.Prompt.Tag]) > 1 {
			prompt += fmt.Sprintf("-s%d", c.Seed)
		}
		horizon := fmt.Sprintf("%df", c.Frames)
		if c.Ratio > 0 {
			horizon = fmt.Sprintf("%.4gx", c.Ratio)
		}
		stem := strings.Join([]string{lvsaField(c.Model.Name), lvsaField(c.Method.Title()), lvsaField(horizon), lvsaField(prompt)}, "__")
		if other := taken[stem]; other != "" {
			warnings = append(warnings, fmt.Sprintf("%s has the name of cell %s, %s, and is left out: give methods labels that differ", c.where(), other, stem))
			continue
		}
		taken[stem] = c.CellID
		base := filepath.Join(out, stem)
		if err := place(inFolder(dir, c.Files["video"].Path), base+".mp4"); err != nil {
			return videos, warnings, err
		}
		if err := atomicfile.WriteBytes(base+".log", lvsaLog(c)); err != nil {
			return videos, warnings, fmt.Errorf("reports: %w", err)
		}
		if f, ok := c.Files["vqeval"]; ok {
			if err := place(inFolder(dir, f.Path), base+".longtake.json"); err != nil {
				return videos, warnings, err
			}
		}
		videos++
	}
	if videos == 0 {
		return 0, warnings, errors.New("reports: there is no video to export")
	}
	if err := atomicfile.WriteBytes(filepath.Join(out, "README.txt"), []byte(lvsaReadme)); err != nil {
		return videos, warnings, fmt.Errorf("reports: %w", err)
	}
	return videos, warnings, nil
}

// lvsaLog has the lines that the script looks for. It takes the first "done in".
func lvsaLog(c cell) []byte {
	var b strings.Builder
	if v, ok := c.Metric(bench.WallSeconds); ok {
		fmt.Fprintf(&b, "done in %.3fs\n", v)
	}
	if v, ok := c.Metric(bench.GPUPeakBytes); ok {
		fmt.Fprintf(&b, "Peak GPU memory: %.3f GB\n", v/(1<<30))
	}
	fmt.Fprintf(&b, "cell %s\n", c.CellID)
	return []byte(b.String())
}

var (
	notInField  = regexp.MustCompile(`[^A-Za-z0-9._+-]+`)
	underscores = regexp.MustCompile(`__+`)
)

// lvsaField is a part of a name: no underscores next to each other, as these part
// fields, and nothing that a file system takes amiss.
func lvsaField(s string) string {
	s = underscores.ReplaceAllString(notInField.ReplaceAllString(s, "-"), "_")
	s = strings.Trim(s, "-._")
	if s == "" {
		return "x"
	}
	return s
}

func inFolder(dir, name string) string {
	if name = filepath.FromSlash(name); filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// place links a file, or copies it where that is not possible.
func place(src, dst string) error {
	if err := os.Remove(dst); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("reports: %w", err)
	}
	if os.Link(src, dst) == nil {
		return nil
	}
	return copyFile(dst, src)
}
