package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"longtake/sweeps"
)

// newProgress draws one bar on a terminal and prints plain lines elsewhere.
func newProgress(w io.Writer) sweeps.Progress {
	p := &progress{w: w, begun: time.Now()}
	if f, ok := w.(*os.File); ok {
		p.terminal = term.IsTerminal(int(f.Fd()))
	}
	return p
}

// barTicks is the resolution of the bar.
const barTicks = 1000

// progress measures estimated work, not cells: a cell at 4x costs many times
// one at 1x.
type progress struct {
	w        io.Writer
	terminal bool
	begun    time.Time
	total    float64
	now      string
	bar      *progressbar.ProgressBar
}

func (p *progress) Begin(total float64) {
	p.begun, p.total = time.Now(), total
	if p.terminal && total > 0 {
		p.bar = progressbar.NewOptions(barTicks, progressbar.OptionSetWriter(p.w), progressbar.OptionSetWidth(24), progressbar.OptionSetPredictTime(false),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
}

func (p *progress) Advance(done float64, now string) {
	share := 1.0
	if p.total > 0 {
		share = min(1, done/p.total)
	}
	switch {
	case p.bar != nil:
		p.bar.Describe(now + p.left(share))
		p.bar.Set(int(share * barTicks))
	case !p.terminal:
		// One line a cell: its scoring and its end are no news in a log.
		if now = strings.TrimPrefix(now, "scoring "); now != p.now {
			fmt.Fprintf(p.w, "[%3.0f%%] %s%s\n", 100*share, now, p.left(share))
		}
	}
	p.now = now
}

// left is the time that the rest will take, once enough is done to tell.
func (p *progress) left(share float64) string {
	if share < 0.005 || share >= 1 {
		return ""
	}
	left := time.Duration(float64(time.Since(p.begun)) * (1 - share) / share)
	return fmt.Sprintf(", %s left", left.Round(time.Second))
}

func (p *progress) Message(line string) {
	if p.bar != nil {
		p.bar.Clear()
	}
	fmt.Fprintln(p.w, line)
}

func (p *progress) End() {
	if p.bar != nil {
		p.bar.Finish()
		p.bar = nil
	}
}
