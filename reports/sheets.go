package reports

import (
	"context"
	"errors"
	"fmt"
	"image"

	"longtake/internal/figure"
	"longtake/video"
)

// sheetColumns is the number of frames of each video on a contact sheet.
const sheetColumns = 8

// sheetWidth and sheetHeight, in pixels, are what larger frames are reduced to.
const sheetWidth, sheetHeight = 256, 512

// contactSheet shows frames of every method at equal times. The frames are
// those of the files, which the warnings say when they have changed.
func contactSheet(ctx context.Context, dir string, s section, e example) (figure.Sheet, []string, error) {
	f := figure.Sheet{Title: "Frames at equal times, " + e.title()}
	var warnings []string
	at := make([]int, sheetColumns)
	for i := range at {
		at[i] = (i*(e.frames-1)*2 + sheetColumns - 1) / (2 * (sheetColumns - 1))
		f.Columns = append(f.Columns, fmt.Sprintf("frame %d", at[i]))
	}
	type decoded struct {
		images  []image.Image
		fps     float64
		err     error
		changed bool
	}
	all := make([]decoded, len(s.methods))
	parallel(len(s.methods), func(i int) {
		c, d := e.cells[i], &all[i]
		if c == nil || !c.ok() {
			return
		}
		d.images, d.fps, d.err = c.frames(ctx, dir, at)
		if path, err := c.file(dir, "video"); err == nil {
			d.changed = changed(path, c.Files["video"])
		}
	})
	timed := false
	for i, m := range s.methods {
		row := figure.SheetRow{Label: m.title}
		c := e.cells[i]
		if c == nil || !c.ok() {
			row.Note = missing(c)
			f.Rows = append(f.Rows, row)
			continue
		}
		images, fps, err := all[i].images, all[i].fps, all[i].err
		if ctx.Err() != nil {
			return f, nil, ctx.Err()
		}
		if err != nil {
			if !errors.Is(err, errNotRecorded) {
				warnings = append(warnings, fmt.Sprintf("frames of %s: %v", c.where(), err))
			}
			if images == nil {
				row.Note = err.Error()
			}
		}
		if all[i].changed {
			warnings = append(warnings, fmt.Sprintf("the video of %s is not the one that was recorded: score it again", c.where()))
		}
		row.Images = images
		if fps > 0 && !timed {
			timed = true
			for k := range at {
				f.Columns[k] = fmt.Sprintf("%.1f s", float64(at[k])/fps)
			}
		}
		f.Rows = append(f.Rows, row)
	}
	return f, warnings, nil
}

var errEnough = errors.New("all frames found")

// frames decodes the frames of a cell's video at these indices.
func (c cell) frames(ctx context.Context, dir string, at []int) ([]image.Image, float64, error) {
	path, err := c.file(dir, "video")
	if err != nil {
		return nil, 0, err
	}
	o := video.DecodeOptions{Threads: 1}
	o.Width, o.Height = sheetSize(c.Width, c.Height)
	images := make([]image.Image, len(at))
	next := 0
	info, _, err := video.Decode(ctx, path, o, func(f video.Frame) error {
		if f.Index == at[next] {
			img := rgb(f)
			for next < len(at) && at[next] == f.Index { // a short video repeats indices
				images[next] = img
				next++
			}
		}
		if next == len(at) {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if next == 0 {
		images = nil
	}
	if err == nil && next < len(at) {
		err = fmt.Errorf("the video ends before frame %d", at[next])
	}
	return images, info.FPS, err
}

// sheetSize is the size at which frames of w x h pixels are decoded: 0, 0 for
// their own.
func sheetSize(w, h int) (int, int) {
	switch {
	case w <= 0 || h <= 0 || w <= sheetWidth && h <= sheetHeight:
		return 0, 0
	case h*sheetWidth > w*sheetHeight:
		return max(2, sheetHeight*w/h), sheetHeight
	}
	return sheetWidth, max(2, sheetWidth*h/w)
}

// rgb copies a frame.
func rgb(f video.Frame) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	for i := range f.Width * f.Height {
		copy(img.Pix[4*i:], f.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}
