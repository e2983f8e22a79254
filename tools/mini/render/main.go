// Command render writes procedural videos for the training scripts: a file
// SCENE.rgb for every scene, raw uint8 RGB, frame after frame, video after
// video, seeds FIRST to FIRST+SEEDS-1.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"longtake/internal/scenes"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func run() error {
	first := flag.Uint64("first", 0, "first seed")
	seeds := flag.Int("seeds", 1, "videos per scene")
	frames := flag.Int("frames", 81, "frames per video")
	size := flag.Int("size", 64, "pixels per side")
	out := flag.String("o", ".", "output folder")
	flag.Parse()
	for _, kind := range scenes.Kinds() {
		f, err := os.Create(filepath.Join(*out, kind+".rgb"))
		if err != nil {
			return err
		}
		w := bufio.NewWriterSize(f, 1<<20)
		for i := range *seeds {
			if err := scenes.Render(kind, *first+uint64(i), *frames, *size, func(rgb []byte) error {
				_, err := w.Write(rgb)
				return err
			}); err != nil {
				return err
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
