// Command card draws the figures of the built-in model's card: the loss curves
// from the logs of its training, and contact sheets of generated videos beside
// true ones, from the videos that `check -keep DIR` leaves.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"longtake/internal/figure"
	"longtake/internal/scenes"
	"longtake/video"
)

func main() {
	logs := flag.String("logs", "tools/mini/logs", "folder of dit.jsonl and vae.jsonl")
	videos := flag.String("videos", "", "folder that check -keep has filled; none: no contact sheets")
	out := flag.String("o", "diffusion/mini/images", "folder of the figures")
	flag.Parse()
	if err := run(*logs, *videos, *out); err != nil {
		fmt.Fprintln(os.Stderr, "card:", err)
		os.Exit(1)
	}
}

func run(logs, videos, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := curve(filepath.Join(logs, "dit.jsonl"), filepath.Join(out, "loss"), "Flow-matching loss of the transformer", "mean squared error",
		map[string]string{"loss": "training, running mean", "held_out": "held out, averaged weights"}); err != nil {
		return err
	}
	if err := curve(filepath.Join(logs, "vae.jsonl"), filepath.Join(out, "decoder"), "Reconstruction by the decoder", "PSNR, dB", map[string]string{"psnr": "training, running mean"}); err != nil {
		return err
	}
	if videos == "" {
		return nil
	}
	return sheet(videos, filepath.Join(out, "scenes"))
}

// curve plots numbers of a training log against the step.
func curve(log, base, title, unit string, names map[string]string) error {
	f, err := os.Open(log)
	if err != nil {
		return err
	}
	defer f.Close()
	points := map[string]*figure.Series{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var row map[string]float64
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return fmt.Errorf("%s: %w", log, err)
		}
		for key := range names {
			if v, ok := row[key]; ok {
				if points[key] == nil {
					points[key] = &figure.Series{Name: names[key], Bare: true}
				}
				points[key].X, points[key].Y = append(points[key].X, row["step"]), append(points[key].Y, v)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", log, err)
	}
	l := figure.Lines{Title: title, X: figure.Axis{Label: "step"}, Y: figure.Axis{Label: unit}}
	for _, key := range []string{"loss", "held_out", "psnr"} {
		if p := points[key]; p != nil {
			p.Color = len(l.Series)
			l.Series = append(l.Series, *p)
		}
	}
	return figure.Save(base, l, "png")
}

// sheet shows a true and two generated videos of every scene at equal times.
func sheet(videos, base string) error {
	at := []int{0, 10, 20, 30, 40, 50, 60, 70, 80}
	s := figure.Sheet{Title: "A true video and two generated ones of every scene, 1x"}
	for _, f := range at {
		s.Columns = append(s.Columns, fmt.Sprintf("%.1f s", float64(f)/scenes.FPS))
	}
	for _, kind := range scenes.Kinds() {
		for _, v := range []struct{ label, file string }{{"true", "true__%s__0.mp4"}, {"seed 1", "mini__%s__1.mp4"}, {"seed 2", "mini__%s__2.mp4"}} {
			row, err := frames(filepath.Join(videos, fmt.Sprintf(v.file, kind)), at)
			if err != nil {
				return err
			}
			s.Rows = append(s.Rows, figure.SheetRow{Label: kind + ", " + v.label, Images: row})
		}
	}
	return figure.Save(base, s, "png")
}

func frames(path string, at []int) ([]image.Image, error) {
	stop := errors.New("enough")
	var out []image.Image
	_, _, err := video.Decode(context.Background(), path, video.DecodeOptions{}, func(f video.Frame) error {
		if len(out) < len(at) && f.Index == at[len(out)] {
			img := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
			for i := range f.Width * f.Height {
				copy(img.Pix[4*i:], []byte{f.Pix[3*i], f.Pix[3*i+1], f.Pix[3*i+2], 255})
			}
			out = append(out, img)
		}
		if len(out) == len(at) {
			return stop
		}
		return nil
	})
	if err != nil && !errors.Is(err, stop) {
		return nil, err
	}
	return out, nil
}
