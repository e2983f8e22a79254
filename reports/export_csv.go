package reports

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"longtake/bench"
)

// csvCell are the columns that say what was measured; metrics follow, one a
// column, sorted by name.
var csvCell = []string{"cell_id", "status", "error", "generator", "model", "method", "label", "params", "backend", "frames", "latent_frames", "ratio", "width", "height",
	"prompt_tag", "prompt", "seed", "steps", "guidance", "sampler", "shift", "bench", "engine", "variant", "scorer", "cpu", "gpu", "cores", "revision", "engaged",
	"findings", "latents_sha256", "frames_sha256", "video"}

// ExportCSV writes a row a record. What a record does not have is empty; params
// and bench are JSON, findings are kind@onset-end, separated by blanks.
func ExportCSV(w io.Writer, recs []bench.Record) error {
	names := map[string]bool{}
	for _, r := range recs {
		for k := range r.Metrics {
			names[k] = true
		}
	}
	metrics := slices.Sorted(maps.Keys(names))
	out := csv.NewWriter(w)
	if err := out.Write(slices.Concat(csvCell, metrics)); err != nil {
		return fmt.Errorf("reports: CSV: %w", err)
	}
	for _, r := range recs {
		row, err := csvRow(r)
		if err != nil {
			return err
		}
		for _, m := range metrics {
			text := ""
			if v, ok := r.Metric(m); ok {
				text = strconv.FormatFloat(v, 'g', -1, 64)
			}
			row = append(row, text)
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("reports: CSV: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("reports: CSV: %w", err)
	}
	return nil
}

func csvRow(r bench.Record) ([]string, error) {
	var c bench.Cell
	if len(r.Cell) > 0 {
		var err error
		if c, err = r.DecodeCell(); err != nil {
			return nil, err
		}
	}
	whole := func(n int64) string {
		if n == 0 && len(r.Cell) == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	known := func(v float64) string { // 0 is not known
		if v == 0 {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	params := ""
	if len(c.Method.Params) > 0 {
		b, err := json.Marshal(c.Method.Params)
		if err != nil {
			return nil, fmt.Errorf("reports: CSV: %w", err)
		}
		params = string(b)
	}
	engaged := ""
	if r.Engaged != nil {
		engaged = strconv.FormatBool(*r.Engaged)
	}
	var found []string
	for _, f := range r.Findings {
		found = append(found, fmt.Sprintf("%s@%d-%d", f.Kind, f.OnsetFrame, f.EndFrame))
	}
	return []string{r.CellID, r.Status, r.Error, c.Generator, c.Model.Name, c.Method.Name, c.Method.Label, params, c.Backend, whole(int64(c.Frames)), known(float64(c.LatentFrames)),
		known(c.Ratio), whole(int64(c.Width)), whole(int64(c.Height)), c.Prompt.Tag, c.Prompt.Text, whole(c.Seed), known(float64(c.Steps)), known(c.Guidance), c.Sampler.Name, known(c.Sampler.Shift),
		string(r.Bench), r.Engine, r.Variant, r.Scorer, r.Host.CPU, r.Host.GPU, known(float64(r.Host.Cores)), r.Host.Revision, engaged,
		strings.Join(found, " "), r.LatentsSHA256, r.FramesSHA256, r.Files["video"].Path}, nil
}
