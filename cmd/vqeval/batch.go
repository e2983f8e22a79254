package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"longtake/video"
	"longtake/vqeval"
)

// result is one video of a batch; exactly one of report and err is set unless
// the job is skipped.
type result struct {
	job
	report *vqeval.Report
	err    error
}

func batchCommand() *cobra.Command {
	var o vqeval.Options
	var in inputFlags
	var output string
	var workers int
	var asJSON bool
	var pics pictureFlags
	cmd := &cobra.Command{
		Use:   "batch DIR|GLOB...|-",
		Short: "Score many videos",
		Long: "batch scores every video of folders (with the folders in them), of patterns, of a list on\n" +
			"stdin (-, a name a line) or of a table (--from-csv). A video that cannot be scored is listed\n" +
			"with its error, the others are scored, and the exit status is 1.",
		RunE: func(cmd *cobra.Command, args []string) error {
			jobs, meta, err := in.jobs(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			if workers < 1 {
				return fmt.Errorf("-j %d: at least one worker is needed", workers)
			}
			shown, err := pics.gallery(jobs, meta)
			if err != nil {
				return err
			}
			// Without ffmpeg every row would say the same.
			if _, err := video.Probe(cmd.Context(), jobs[0].path); errors.Is(err, video.ErrFFmpegMissing) {
				return err
			}
			if !slices.ContainsFunc(jobs, func(j job) bool { return j.skip == "" }) {
				return fmt.Errorf("batch: %s: no row is to be scored: %s", in.table, jobs[0].skip)
			}
			emit := func(result) error { return nil }
			if asJSON {
				emit = func(r result) error { return jsonLine(cmd.OutOrStdout(), r) }
			}
			results, err := score(cmd.Context(), jobs, o, workers, cmd.ErrOrStderr(), shown, emit)
			if err != nil {
				return failure{err}
			}
			if output != "" {
				if err := writeFile(output, func(w io.Writer) error { return writeCSV(w, meta, results) }); err != nil {
					return failure{err}
				}
			}
			if !asJSON {
				if err := summary(cmd.OutOrStdout(), results); err != nil {
					return failure{err}
				}
			}
			if err := context.Cause(cmd.Context()); err != nil {
				return failure{err}
			}
			if err := shown.finish(cmd.ErrOrStderr()); err != nil {
				return failure{err}
			}
			bad := 0
			for _, r := range results {
				if r.err != nil {
					bad++
				}
			}
			if bad > 0 {
				return failure{fmt.Errorf("%d of %d videos could not be scored: see their error", bad, len(results))}
			}
			return nil
		},
	}
	f := cmd.Flags()
	in.register(cmd)
	f.StringVarP(&output, "output", "o", "", "write one row a video as CSV to `FILE`")
	f.IntVarP(&workers, "jobs", "j", defaultJobs(), "videos that are scored at the same time")
	f.StringVar(&o.Prompt, "prompt", "", "the prompt of videos for which no table names one (no score of this version uses it)")
	f.BoolVar(&o.ExpectMotion, "expect-motion", false, "a shot that is static from its start is a failure")
	scoreFlags(cmd, &o)
	f.BoolVar(&asJSON, "json", false, "print one report a line as JSON, as they are done")
	pics.register(f, true)
	return cmd
}

func defaultJobs() int { return runtime.GOMAXPROCS(0) }

// score evaluates all jobs. The results are in the order of the jobs; emit gets
// them as they are done and ends the batch with its error.
func score(ctx context.Context, jobs []job, o vqeval.Options, workers int, stderr io.Writer, shown *gallery, emit func(result) error) ([]result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	bar := progress(stderr, len(jobs))
	results := make([]result, len(jobs))
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range min(workers, len(jobs)) {
		wg.Go(func() {
			for i := range next {
				r := result{job: jobs[i]}
				if r.skip == "" {
					own := o
					own.Prompt = cmp.Or(r.prompt, o.Prompt)
					var curves *vqeval.Curves
					r.report, curves, r.err = vqeval.Evaluate(ctx, r.path, own)
					shown.add(ctx, i, r, curves)
				} else {
					shown.add(ctx, i, result{job: r.job, err: errors.New(r.skip)}, nil)
				}
				results[i] = r
				mu.Lock()
				_ = bar.Add(1)
				if err := emit(r); err != nil && failed == nil {
					failed = err
					cancel(err)
				}
				mu.Unlock()
			}
		})
	}
	for i := range jobs {
		next <- i
	}
	close(next)
	wg.Wait()
	_ = bar.Finish()
	return results, failed
}

// progress is a bar on a terminal, nothing elsewhere.
func progress(stderr io.Writer, n int) *progressbar.ProgressBar {
	w := io.Discard
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		w = stderr
	}
	return progressbar.NewOptions(n, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("scoring"),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
}

func jsonLine(w io.Writer, r result) error {
	switch {
	case r.skip != "":
		return encode(w, struct {
			VideoPath string `json:"video_path"`
			Skipped   string `json:"skipped"`
		}{r.path, r.skip}, "")
	case r.err != nil:
		return encode(w, struct {
			VideoPath string `json:"video_path"`
			Error     string `json:"error"`
		}{r.path, r.err.Error()}, "")
	}
	return encode(w, r.report, "")
}

// plateau prints the motion plateau, or a dash.
func plateau(r *vqeval.Report, format string) string {
	if v := r.Facts.MotionPlateau; v.Known() {
		return fmt.Sprintf(format, v)
	}
	return "-"
}

// summary prints one line a video.
func summary(w io.Writer, results []result) error {
	p := painter(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, p.row(plain, "video", "frames", "score", "motion", "findings"))
	for _, r := range results {
		switch {
		case r.skip != "":
			fmt.Fprintln(t, p.row(plain, oneLine(r.path), "-", "-", "-", oneLine(r.skip)))
		case r.err != nil:
			fmt.Fprintln(t, p.row(red, oneLine(r.path), "-", "-", "-", "error: "+oneLine(r.err.Error())))
		default:
			var texts []string
			for _, f := range r.report.Findings {
				texts = append(texts, f.Text)
			}
			c, text := green, "none"
			if len(texts) > 0 {
				c, text = yellow, strings.Join(texts, "; ")
			}
			if len(r.report.Warnings) > 0 {
				c, text = yellow, text+"; warning: "+oneLine(r.report.Warnings[0])
			}
			fmt.Fprintln(t, p.row(c, oneLine(r.path), strconv.Itoa(r.report.VideoMeta.TotalFrames), points(r.report),
				plateau(r.report, "%.2f"), text))
		}
	}
	return t.Flush()
}
