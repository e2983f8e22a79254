package page

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/jpeg"
	"math"

	"longtake/internal/figure"
	"longtake/vqeval"
)

// Video is one video to show.
type Video struct {
	Path  string
	Label string // how pages call it; see Labels
	Group string // see NameGroups
	Meta  []Field
	// Report and Curves of a video that was scored; else Err says why there are none.
	Report *vqeval.Report
	Curves *vqeval.Curves
	Err    error
}

// Field is a column of a user's table.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Entry is a video made ready for a page: small enough that thousands can be
// kept.
type Entry struct {
	path, label, group string
	meta               []Field
	err                string
	report             *vqeval.Report
	view               *view
}

// view is what a page draws of a video that was scored.
type view struct {
	FPS         float64           `json:"fps"`    // of the even time grid
	Frames      int               `json:"frames"` // of the even time grid
	Times       vqeval.Series     `json:"times,omitempty"`
	Energy      vqeval.Series     `json:"energy"`
	EnergyStep  float64           `json:"energy_step"` // frames of the grid a value
	Variogram   *vqeval.Variogram `json:"variogram,omitempty"`
	Matrix      string            `json:"matrix"` // a PNG as data URI, frame 0 at the lower left
	MatrixTop   float64           `json:"matrix_top"`
	Compared    int               `json:"lag_limit"`
	Returns     []Return          `json:"returns"`
	Spans       []vqeval.Span     `json:"spans"`
	Pictures    []pagePicture     `json:"pictures"`
	PicturesErr string            `json:"pictures_error,omitempty"`
}

type pagePicture struct {
	Frame int    `json:"frame"`
	Image string `json:"image"`
}

// size of what a page keeps of each video.
type size struct{ pictures, pixels, matrix, values int }

// sizeFor shrinks pictures where a page holds many videos.
func sizeFor(videos int) size {
	switch {
	case videos <= 4:
		return size{12, 192, 256, 1200}
	case videos <= 48:
		return size{8, 144, 128, 400}
	}
	return size{6, 112, 64, 200}
}

// Prepare makes a video ready for a page that holds so many videos. It reads
// the file once more for its pictures. A file that cannot be read any more is
// shown without them; only a cancelled context is an error.
func Prepare(ctx context.Context, v Video, videos int) (*Entry, error) {
	e := &Entry{path: v.Path, label: v.Label, group: v.Group, meta: v.Meta}
	if e.label == "" {
		e.label = Labels([]string{v.Path})[0]
	}
	if v.Err != nil || v.Report == nil || v.Curves == nil {
		e.err = "it was not scored"
		if v.Err != nil {
			e.err = v.Err.Error()
		}
		return e, nil
	}
	e.report = v.Report
	r, c, s := v.Report, v.Curves, sizeFor(videos)
	e.view = &view{FPS: c.FPS, Frames: c.Frames, Compared: c.SelfSimilarity.LagLimit, Spans: c.Spans, Returns: returns(r, c)}
	e.view.Energy, e.view.EnergyStep = figure.Thin(c.MotionEnergy, s.values)
	if videos <= 48 {
		e.view.Variogram = &c.Variogram
	}
	data, side := figure.ShrinkBytes(c.SelfSimilarity.Data, c.SelfSimilarity.Size, s.matrix)
	if e.view.Matrix = figure.ByteMap(data, side, 1); e.view.Matrix != "" {
		e.view.MatrixTop = (figure.NoPair - 1) * c.SelfSimilarity.Scale
	}
	frames := evenly(r.VideoMeta.TotalFrames, s.pictures)
	p, err := decodePictures(ctx, v.Path, r.VideoMeta, frames, s.pixels)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		e.view.PicturesErr = err.Error()
	}
	for _, t := range p.times {
		e.view.Times = append(e.view.Times, math.Round(t*1e5)/1e5)
	}
	for _, t := range frames {
		if img := p.at[t]; img != nil {
			e.view.Pictures = append(e.view.Pictures, pagePicture{t, jpegURI(img)})
		}
	}
	return e, nil
}

func jpegURI(img image.Image) string {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 72}); err != nil {
		return ""
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}
