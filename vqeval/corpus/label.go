package corpus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"longtake/vqeval"
)

// ManifestName is the file in a corpus's folder that holds its labels.
const ManifestName = "manifest.jsonl"

// The two halves of a corpus. Thresholds may look at Dev only.
const (
	Dev  = "dev"
	Test = "test"
)

// Label is what is true of one video by construction: one row of the manifest.
type Label struct {
	File   string `json:"file"`   // relative to the manifest's folder, with forward slashes
	Family string `json:"family"` // generator family
	Source string `json:"source"` // family and seed: the unit of the bootstrap
	Split  string `json:"split"`  // Dev or Test
	CI     bool   `json:"ci"`     // in the subset for CI
	// Edition of the corpus that has the source; 0 = none, such as a clip of the user's.
	Edition int    `json:"edition,omitempty"`
	Kind    string `json:"kind"`  // one of vqeval.Kinds; "" is healthy
	Class   string `json:"class"` // transform such as "F1 hard", or class of the negative such as "pendulum jitter"

	// The failure's place, both frames inclusive. A loop, a ping-pong and a
	// return begin with the first frame that shows something again.
	Onset int `json:"onset_frame"`
	End   int `json:"end_frame"`

	Period  int        `json:"period,omitempty"`  // loop: lag in frames; ping-pong: of the whole swing
	Repeats int        `json:"repeats,omitempty"` // loop: laps after the first, the last may be partial
	Cycle   int        `json:"cycle,omitempty"`   // freeze: frames of the decoder's shimmer
	Centres []int      `json:"centres,omitempty"` // ping-pong: frames about which time is mirrored
	Spacing int        `json:"spacing,omitempty"` // seam: frames from one to the next
	Cadence string     `json:"cadence,omitempty"` // stutter, or the fact of a frame-rate conversion: such as "3:2"
	What    string     `json:"what,omitempty"`    // drift: exposure, colour, detail
	Box     [4]float64 `json:"box"`               // region failures: x0,y0,x1,y1 as shares of the frame; zero = none

	Ladder string  `json:"ladder,omitempty"` // id: same source and seed, only Level grows
	Level  float64 `json:"level,omitempty"`
	Extent bool    `json:"extent,omitempty"` // the ladder grows how much is hit, not how strongly

	Variant   string `json:"variant,omitempty"`    // File of the base that this is another rendering of
	VariantOf string `json:"variant_of,omitempty"` // what differs: size, quality, container, rate, length

	Allowed   []string `json:"allowed,omitempty"`   // kinds that may be found besides Kind and are no false alarm
	Ambiguous bool     `json:"ambiguous,omitempty"` // rendered exactly: listed apart
	Static    bool     `json:"static,omitempty"`    // stands still from its start (a fact)

	FPS    float64 `json:"fps"`
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Frames int     `json:"frames"`
	Codec  string  `json:"codec"` // x264 or vp9
	CRF    int     `json:"crf"`
	Grain  float64 `json:"grain"` // standard deviation in grey levels, added before encoding
}

// ReadManifest reads dir/manifest.jsonl. It accepts nothing that it does not
// understand: an unknown field, a value out of range or a second row of the
// same file is an error that names file and line.
func ReadManifest(dir string) ([]Label, error) {
	path := filepath.Join(dir, ManifestName)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	defer f.Close()
	labels, err := readLabels(f, path)
	if err != nil {
		return nil, err
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("corpus: %s has no rows", path)
	}
	return labels, nil
}

func readLabels(r io.Reader, path string) ([]Label, error) {
	var out []Label
	at := map[string]int{}
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("corpus: %s: %w", path, err)
		}
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 {
			l, perr := parseLabel(trimmed)
			if perr == nil && at[l.File] > 0 {
				perr = fmt.Errorf("%q has a row in line %d already", l.File, at[l.File])
			}
			if perr != nil {
				return nil, fmt.Errorf("corpus: %s:%d: %w", path, n, perr)
			}
			at[l.File] = n
			out = append(out, l)
		}
		if err == io.EOF {
			break
		}
	}
	for _, l := range out {
		if l.Variant != "" && at[l.Variant] == 0 {
			return nil, fmt.Errorf("corpus: %s:%d: variant of %q, which has no row", path, at[l.File], l.Variant)
		}
	}
	return out, nil
}

func parseLabel(line []byte) (Label, error) {
	var l Label
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return l, err
	}
	if _, err := d.Token(); err != io.EOF {
		return l, errors.New("more than one value in the line")
	}
	return l, l.check()
}

// check says what is impossible about a row.
func (l Label) check() error {
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	switch {
	case l.File == "" || !filepath.IsLocal(filepath.FromSlash(l.File)):
		return fmt.Errorf("file %q is no path inside the corpus", l.File)
	case l.Family == "" || l.Source == "" || l.Class == "":
		return fmt.Errorf("%q: family, source and class must be given", l.File)
	case l.Split != Dev && l.Split != Test:
		return fmt.Errorf("%q: split %q must be %s or %s", l.File, l.Split, Dev, Test)
	case l.Kind != "" && !slices.Contains(vqeval.Kinds, l.Kind):
		return fmt.Errorf("%q: unknown kind %q", l.File, l.Kind)
	case !(l.FPS > 0) || !finite(l.FPS) || l.Width <= 0 || l.Height <= 0 || l.Frames <= 0:
		return fmt.Errorf("%q: fps %g, size %dx%d and %d frames must be positive", l.File, l.FPS, l.Width, l.Height, l.Frames)
	case l.Kind != "" && (l.Onset < 0 || l.End < l.Onset || l.End >= l.Frames):
		return fmt.Errorf("%q: frames %d-%d do not lie in its %d frames", l.File, l.Onset, l.End, l.Frames)
	case l.Kind == "" && (l.Onset != 0 || l.End != 0):
		return fmt.Errorf("%q: a healthy clip has no onset and no end", l.File)
	case l.Kind == "loop" && (l.Period <= 0 || l.Repeats <= 0):
		return fmt.Errorf("%q: a loop needs a period and its repeats", l.File)
	case l.Ladder == "" && (l.Level != 0 || l.Extent), !finite(l.Level):
		return fmt.Errorf("%q: a level needs a ladder", l.File)
	case (l.Variant == "") != (l.VariantOf == ""), l.Variant != "" && l.Variant == l.File:
		return fmt.Errorf("%q: variant %q of kind %q: both or neither, and of another file", l.File, l.Variant, l.VariantOf)
	case l.VariantOf != "" && !slices.Contains([]string{"size", "quality", "container", "rate", "length"}, l.VariantOf):
		return fmt.Errorf("%q: unknown kind of variant %q", l.File, l.VariantOf)
	}
	for _, k := range l.Allowed {
		if !slices.Contains(vqeval.Kinds, k) {
			return fmt.Errorf("%q: unknown kind %q is allowed", l.File, k)
		}
	}
	b := l.Box
	if b != [4]float64{} && !(b[0] >= 0 && b[1] >= 0 && b[0] < b[2] && b[1] < b[3] && b[2] <= 1 && b[3] <= 1) {
		return fmt.Errorf("%q: box %v is no part of the frame", l.File, b)
	}
	return nil
}
