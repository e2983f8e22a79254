// Command check measures the built-in model against the scenes it was trained
// on: at its training horizon, dense, it generates four videos of every scene
// and tells whether a classifier recognises them, whether vqeval finds a
// freeze or a loop, how much they move, and whether palette and direction
// hold; the same measurements on true scene videos stand beside them.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"longtake/diffusion"
	"longtake/diffusion/mini"
	"longtake/internal/scenes"
	"longtake/kernels/cpu"
	"longtake/lvsa"
	"longtake/video"
	"longtake/vqeval"
)

// Seeds of the true videos: far above those that the model was trained on.
const (
	classifierSeeds = 1_000_000
	trueSeeds       = 2_000_000
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
}

func render(kind string, seed uint64, frames, size int) ([][]byte, error) {
	var v [][]byte
	err := scenes.Render(kind, seed, frames, size, func(rgb []byte) error {
		v = append(v, bytes.Clone(rgb))
		return nil
	})
	return v, err
}

// measured is what one video shows.
type measured struct {
	scene    string
	finding  string
	plateau  float64
	drift    float64
	major    int
	held     float64
	heldOver int
}

func run(ctx context.Context) error {
	seeds := flag.Int("seeds", 4, "generated videos per scene")
	truth := flag.Int("true", 20, "true videos per scene")
	keep := flag.String("keep", "", "folder to keep the videos in")
	flag.Parse()
	dir := *keep
	if dir == "" {
		tmp, err := os.MkdirTemp("", "mini-check")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}

	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		return err
	}
	model, err := mini.Load(backend)
	if err != nil {
		return err
	}
	info := model.Info()
	frames, size := 81, info.Width
	c, err := train(classifierSeeds, 60, frames, size)
	if err != nil {
		return err
	}

	right, n := 0, 0
	var known, rightWay int
	real := map[string][]measured{}
	for _, kind := range scenes.Kinds() {
		for i := range *truth {
			v, err := render(kind, trueSeeds+uint64(i), frames, size)
			if err != nil {
				return err
			}
			m, err := measure(ctx, c, v, size, filepath.Join(dir, fmt.Sprintf("true__%s__%d.mp4", kind, i)))
			if err != nil {
				return err
			}
			s, err := scenes.New(kind, trueSeeds+uint64(i))
			if err != nil {
				return err
			}
			if d := s.Factors().Direction; d != 0 {
				known++
				if d == m.major {
					rightWay++
				}
			}
			n++
			if m.scene == kind {
				right++
			}
			real[kind] = append(real[kind], m)
		}
	}
	fmt.Printf("classifier on true videos it was not fitted to: %d of %d scenes right\n", right, n)
	fmt.Printf("direction estimator on true videos with a known direction: %d of %d right\n\n", rightWay, known)

	spec, err := lvsa.ParseSpec("dense")
	if err != nil {
		return err
	}
	method, err := spec.Build()
	if err != nil {
		return err
	}
	made := map[string][]measured{}
	recognised, clean, total := 0, 0, 0
	for _, kind := range scenes.Kinds() {
		for seed := range *seeds {
			var v [][]byte
			_, err := diffusion.Generate(ctx, model, diffusion.Request{
				Method: method, Frames: frames, Width: info.Width, Height: info.Height, Prompt: kind, Seed: uint64(seed + 1),
				Steps: info.Steps, Guidance: info.Guidance, Sampler: diffusion.Sampler{Name: "unipc", Shift: info.Shift},
			}, func(rgb []byte) error {
				v = append(v, bytes.Clone(rgb))
				return nil
			})
			if err != nil {
				return err
			}
			m, err := measure(ctx, c, v, size, filepath.Join(dir, fmt.Sprintf("mini__%s__%d.mp4", kind, seed+1)))
			if err != nil {
				return err
			}
			total++
			if m.scene == kind {
				recognised++
			}
			if m.finding == "" {
				clean++
			} else {
				fmt.Printf("%s seed %d: %s\n", kind, seed+1, m.finding)
			}
			made[kind] = append(made[kind], m)
		}
	}

	t := tablewriter.NewTable(os.Stdout, tablewriter.WithRenderer(renderer.NewMarkdown()), tablewriter.WithHeaderAutoFormat(tw.Off))
	t.Header("Scene", "n", "Recognised", "Finding-free", "Plateau (levels)", "True plateau (levels)", "Ratio", "Palette drift", "True drift", "Direction held", "True held")
	for _, kind := range scenes.Kinds() {
		g, r := summary(kind, made[kind]), summary(kind, real[kind])
		if err := t.Append([]string{kind, fmt.Sprintf("%d / %d", len(made[kind]), len(real[kind])), fmt.Sprint(g.recognised), fmt.Sprint(g.clean),
			g.plateau, r.plateau, fmt.Sprintf("%.2f", g.mean/r.mean), g.drift, r.drift, g.held, r.held}); err != nil {
			return err
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	fmt.Printf("\nrecognised %d of %d, without a freeze or loop finding %d of %d\n", recognised, total, clean, total)
	return nil
}

// measure scores the written file, as a sweep does, and the frames.
func measure(ctx context.Context, c *classifier, v [][]byte, size int, path string) (measured, error) {
	e, err := video.Create(ctx, path, video.EncodeOptions{Width: size, Height: size, FPS: scenes.FPS})
	if err != nil {
		return measured{}, err
	}
	for _, f := range v {
		if err := e.WriteFrame(f); err != nil {
			e.Abort()
			return measured{}, err
		}
	}
	if err := e.Close(); err != nil {
		return measured{}, err
	}
	r, _, err := vqeval.Evaluate(ctx, path, vqeval.Options{ExpectMotion: true})
	if err != nil {
		return measured{}, err
	}
	f := scenes.Measure(v, size)
	m := measured{scene: c.recognise(v, size), plateau: float64(r.Facts.MotionPlateau), drift: f.PaletteDrift(), major: f.Major()}
	m.held, m.heldOver = f.DirectionHeld()
	for _, x := range r.Findings {
		if x.Kind == "freeze" || x.Kind == "loop" {
			m.finding += x.Text + "; "
		}
	}
	return m, nil
}

type row struct {
	recognised, clean    int
	mean                 float64
	plateau, drift, held string
}

func summary(kind string, ms []measured) (s row) {
	var plateau, drift, held []float64
	for _, m := range ms {
		if m.scene == kind {
			s.recognised++
		}
		if m.finding == "" {
			s.clean++
		}
		plateau, drift = append(plateau, m.plateau), append(drift, m.drift)
		if m.heldOver > 0 {
			held = append(held, m.held)
		}
	}
	var sd float64
	s.mean, sd = meanSD(plateau)
	s.plateau = fmt.Sprintf("%.1f ± %.1f", s.mean, sd)
	d, dsd := meanSD(drift)
	s.drift = fmt.Sprintf("%.1f ± %.1f", d, dsd)
	s.held = "no direction"
	if v, err := scenes.New(kind, 0); err == nil && v.Factors().Direction != 0 && len(held) > 0 {
		h, _ := meanSD(held)
		s.held = fmt.Sprintf("%.2f", h)
	}
	return s
}

func meanSD(x []float64) (mean, sd float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, math.Sqrt(sd)
}
