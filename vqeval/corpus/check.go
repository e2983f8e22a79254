package corpus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"longtake/vqeval"
)

// CheckOptions say what of a corpus is scored.
type CheckOptions struct {
	Split       string // Dev, Test or All; "" is Test
	CIOnly      bool   // only the subset for CI, of both halves
	Workers     int    // videos at a time; 0 is 1
	NoBaselines bool   // only the scorer
	Rescore     bool   // do not use kept scores
	AnyBuild    bool   // use kept scores of the same version though another build made them
	Progress    func(done, total int)
}

// All is both halves of a corpus.
const All = "all"

// Check scores the videos of a corpus with motion expected and measures how
// well the scores agree with the labels. What was scored is kept in
// dir/scores.jsonl. Videos that cannot be scored are in Card.Errors.
func Check(ctx context.Context, dir string, o CheckOptions) (*Card, error) {
	o.Split = cmp.Or(o.Split, Test)
	if !slices.Contains([]string{Dev, Test, All}, o.Split) {
		return nil, fmt.Errorf("corpus: split %q: want %s, %s or %s", o.Split, Dev, Test, All)
	}
	labels, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	selected := func(l Label) bool { return !o.CIOnly && (o.Split == All || l.Split == o.Split) }
	var want []Label
	for _, l := range labels {
		if selected(l) || l.CI {
			want = append(want, l)
		}
	}
	if len(want) == 0 {
		return nil, fmt.Errorf("corpus: %s: none of %d videos is in the part that was asked for", filepath.Join(dir, ManifestName), len(labels))
	}
	rows, failed, err := scoreAll(ctx, dir, want, o)
	if err != nil {
		return nil, err
	}
	var names []string
	if !o.NoBaselines {
		for _, b := range Baselines {
			names = append(names, b.Name)
		}
	}
	c := &Card{
		Schema: CardSchema, Scorer: vqeval.Scorer{Name: "vqeval", Version: vqeval.Version, Profile: vqeval.Profile},
		Options: scoreOptions, Resamples: Resamples, Corpus: count(labels), Errors: failed,
	}
	if !o.NoBaselines {
		c.Baselines = Baselines
	}
	part := func(name string, in func(Label) bool) *Figures {
		var own []row
		for _, r := range rows {
			if in(r.Label) {
				own = append(own, r)
			}
		}
		if len(own) == 0 {
			return nil
		}
		return measure(name, own, names)
	}
	if !o.CIOnly {
		c.Main = part(o.Split, selected)
	}
	if c.CI = part("ci", func(l Label) bool { return l.CI }); c.CI != nil {
		for _, r := range rows {
			if r.CI {
				c.CIVideos = append(c.CIVideos, videoScores(r))
			}
		}
	}
	if c.Main == nil {
		if c.CI == nil {
			return nil, errors.New("corpus: no video could be scored: " + failed[0])
		}
		c.Main = c.CI
	}
	return c, nil
}

// scoreAll scores videos, several at a time, in the order of the labels. The
// second result lists the videos that cannot be scored.
func scoreAll(ctx context.Context, dir string, want []Label, o CheckOptions) ([]row, []string, error) {
	kept, err := openScores(dir, o)
	if err != nil {
		return nil, nil, err
	}
	defer kept.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	rows, errs := make([]row, len(want)), make([]error, len(want))
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range min(max(1, o.Workers), len(want)) {
		wg.Go(func() {
			for i := range next {
				rows[i] = row{Label: want[i]}
				errs[i] = kept.fill(ctx, dir, &rows[i], !o.NoBaselines)
				var disk keepError
				if errors.As(errs[i], &disk) {
					cancel(errs[i])
				}
				mu.Lock()
				done++
				if o.Progress != nil {
					o.Progress(done, len(want))
				}
				mu.Unlock()
			}
		})
	}
feed:
	for i := range want {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return nil, nil, fmt.Errorf("corpus: %w", context.Cause(ctx))
	}
	failed := []string{}
	var ok []row
	for i, err := range errs {
		if err != nil {
			// A card names no folder.
			why := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
			failed = append(failed, want[i].File+": "+why)
		} else {
			ok = append(ok, rows[i])
		}
	}
	return ok, failed, nil
}

// row is a video with its label and what was measured of it.
type row struct {
	Label
	unit  int // number of its source
	score *Score
	base  map[string]float64
}

// Score is the part of a report that the labels are compared with.
type Score struct {
	Failures    map[string]vqeval.Failure `json:"failures"`
	Findings    []vqeval.Finding          `json:"findings"`
	NotAssessed map[string]string         `json:"not_assessed"`
	Composite   *float64                  `json:"composite_score"`
	Width       int                       `json:"width"`
	Height      int                       `json:"height"`
	Duration    float64                   `json:"duration"` // seconds
}

// fired lists the kinds that were found, in the order of vqeval.Kinds.
func (r row) fired() []string {
	var out []string
	for _, k := range vqeval.Kinds {
		if r.score.Failures[k].Found() {
			out = append(out, k)
		}
	}
	return out
}

// excused tells whether finding a kind in a video is no error though it is not
// the video's label.
func (r row) excused(kind string) bool {
	return slices.Contains(r.Allowed, kind) || kind == "static" && r.Static
}

// healthy videos are the negatives.
func (r row) healthy() bool { return r.Kind == "" && !r.Ambiguous }

// Counts of a corpus.
type Counts struct {
	Videos   int            `json:"videos"`
	Sources  int            `json:"sources"`
	Families int            `json:"families"`
	Editions []int          `json:"editions,omitempty"`
	Splits   map[string]int `json:"splits"` // videos
	CI       int            `json:"ci"`     // videos
}

func count(labels []Label) Counts {
	c := Counts{Videos: len(labels), Splits: map[string]int{}}
	sources, families := map[string]bool{}, map[string]bool{}
	for _, l := range labels {
		sources[l.Source], families[l.Family] = true, true
		c.Splits[l.Split]++
		if l.Edition > 0 && !slices.Contains(c.Editions, l.Edition) {
			c.Editions = append(c.Editions, l.Edition)
		}
		if l.CI {
			c.CI++
		}
	}
	c.Sources, c.Families = len(sources), len(families)
	slices.Sort(c.Editions)
	return c
}

// sortedKeys makes maps come out in one order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
