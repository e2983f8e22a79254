package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"longtake/bench"
	"longtake/internal/figure"
)

// curves is the part of curves.json that is drawn.
type curves struct {
	Schema       int     `json:"schema"`
	FPS          float64 `json:"fps"` // of the even time grid that the curves have
	Frames       int     `json:"frames"`
	MotionEnergy numbers `json:"motion_energy"` // grey levels, one a frame
	// Spans are the findings on the grid.
	Spans []struct {
		Kind       string  `json:"kind"`
		OnsetFrame int     `json:"onset_frame"`
		EndFrame   int     `json:"end_frame"`
		Severity   float64 `json:"severity"`
	} `json:"spans"`
	// SelfSimilarity is a matrix of frame differences: a byte times Scale is in
	// grey levels, 255 stands for a pair that was not compared.
	SelfSimilarity struct {
		Size   int     `json:"size"`
		Frames int     `json:"frames"`
		Scale  float64 `json:"scale"`
		Data   []byte  `json:"data"` // base64, row-major
		values []float64
	} `json:"self_similarity"`
}

// numbers are a curve in which null is what is not known, NaN here.
type numbers []float64

func (n *numbers) UnmarshalJSON(b []byte) error {
	var v []*float64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*n = make(numbers, len(v))
	for i, p := range v {
		if (*n)[i] = nan; p != nil {
			(*n)[i] = *p
		}
	}
	return nil
}

// mostByte of the self-similarity stands for the largest difference.
const mostByte = figure.NoPair - 1

// maxCurves bounds a curves.json: a matrix of 256x256 bytes and the curves of
// an hour of video fit.
const maxCurves = 64 << 20

// errNotRecorded says that a record names no such file, which is no fault.
var errNotRecorded = errors.New("not recorded")

// file finds a file that a record names. Names in a sweep's folder are
// relative to it; those of videos that were there before may be absolute.
func (c cell) file(dir, name string) (string, error) {
	f, ok := c.Files[name]
	if !ok || f.Path == "" {
		return "", fmt.Errorf("%w: %s", errNotRecorded, name)
	}
	path := filepath.FromSlash(f.Path)
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("%s is gone", filepath.Base(path))
	case err != nil:
		return "", err
	case !st.Mode().IsRegular():
		return "", fmt.Errorf("%s is no file", filepath.Base(path))
	}
	return path, nil
}

// changed reports whether a file differs from the one that was recorded.
func changed(path string, f bench.File) bool {
	if f.SHA256 == "" {
		return false
	}
	r, err := os.Open(path)
	if err != nil {
		return false // whoever reads it says so
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return false
	}
	return hex.EncodeToString(h.Sum(nil)) != f.SHA256
}

// curves reads the curves of a cell.
func (c cell) curves(dir string) (curves, error) {
	var v curves
	if err := c.decodeFile(dir, "curves", maxCurves, &v); err != nil {
		return v, err
	}
	if v.Schema != 1 {
		return v, fmt.Errorf("curves.json has schema %d: this version reads schema 1", v.Schema)
	}
	s := &v.SelfSimilarity
	if s.Size == 0 {
		return v, nil
	}
	if s.Size < 0 || s.Size > 256 || len(s.Data) != s.Size*s.Size || s.Frames < s.Size || !(s.Scale > 0) {
		return v, fmt.Errorf("curves.json: self-similarity of %d frames has %d bytes for a side of %d (at most 256) and a scale of %g", s.Frames, len(s.Data), s.Size, s.Scale)
	}
	s.values = make([]float64, len(s.Data))
	for i, b := range s.Data {
		if s.values[i] = s.Scale * float64(b); b == figure.NoPair {
			s.values[i] = nan
		}
	}
	return v, nil
}
