package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"longtake/internal/binomial"
	"longtake/vqeval"
)

// CardSchema numbers the form of a card.
const CardSchema = 1

// realClass begins the class of a failure that was in a clip when it came. All
// others were made, and prove less about what generators do.
const realClass = "real"

// Card is what a scorer reaches on a corpus: its report card. It names no
// folder, time or revision, so that the same videos and scores give the same
// card.
type Card struct {
	Schema    int           `json:"schema"`
	Scorer    vqeval.Scorer `json:"scorer"`
	Options   string        `json:"options"`
	Resamples int           `json:"bootstrap_resamples"`
	Corpus    Counts        `json:"corpus"` // all of it, whatever part was scored
	Baselines []Baseline    `json:"baselines,omitempty"`
	Main      *Figures      `json:"figures"`
	CI        *Figures      `json:"ci,omitempty"`        // the subset for CI
	CIVideos  []VideoScores `json:"ci_videos,omitempty"` // its videos one by one
	Errors    []string      `json:"errors"`              // videos that could not be scored
}

// Figures of one part of a corpus.
type Figures struct {
	Part       string        `json:"part"` // dev, test, all or ci
	Videos     int           `json:"videos"`
	Sources    int           `json:"sources"`
	Families   int           `json:"families"`
	Positives  int           `json:"positives"`
	Negatives  int           `json:"negatives"` // healthy and not ambiguous
	Ambiguous  int           `json:"ambiguous"`
	Real       int           `json:"real_failures"` // positives whose failure nobody made
	Hours      float64       `json:"healthy_hours"`
	Kinds      []KindFigures `json:"kinds"`
	Alarms     Alarms        `json:"false_alarms"`
	Confusion  []Confusion   `json:"confusion"`
	Invariance []Invariance  `json:"invariance"`
	Misses     []Case        `json:"misses"`
	False      []Case        `json:"false_alarm_videos"`
	Unclear    []Case        `json:"ambiguous_videos"`

	rows []row // for figures
}

// KindFigures is how well one kind of failure is found. Absent figures have a
// reason in Absent under their JSON name.
type KindFigures struct {
	Kind      string `json:"kind"`
	Positives int    `json:"positives"`
	Negatives int    `json:"negatives"`
	Sources   int    `json:"sources"` // of the positives
	// Unassessed videos of either side are in the ranking with a severity of 0: a
	// failure that was not looked for is a miss.
	Unassessed int                  `json:"not_assessed"`
	AUC        *Estimate            `json:"auc,omitempty"`
	AP         *Estimate            `json:"average_precision,omitempty"`
	PerClass   map[string]*Estimate `json:"auc_per_negative_class,omitempty"`
	Baselines  map[string]*Estimate `json:"auc_of_baselines,omitempty"`
	Hits       Rate                 `json:"hits"`                // positives with a severity of 0.5 or more
	HitsBy     map[string]Rate      `json:"hits_per_class"`      // of the positives
	Alarms     Rate                 `json:"false_alarms"`        // of this kind, on negatives
	Others     Rate                 `json:"other_kinds_on_hits"` // positives on which a kind fired that is not allowed there
	Onset      *Onset               `json:"onset,omitempty"`     // of the hits
	Period     *Period              `json:"period,omitempty"`    // of the hits whose label has one
	Region     *Region              `json:"region,omitempty"`    // of the hits whose label has a box
	Strength   *Ladders             `json:"strength,omitempty"`  // level against severity
	Share      *Ladders             `json:"extent,omitempty"`    // level against share
	Composite  *Ladders             `json:"composite,omitempty"` // level against -composite, both sorts of ladders of extent
	Absent     map[string]string    `json:"absent,omitempty"`    // JSON name of a figure -> reason
}

// Rate is a share of videos with its exact 95 % interval (Clopper and Pearson),
// which takes videos for independent.
type Rate struct {
	Count int     `json:"count"`
	N     int     `json:"n"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func rate(k, n int) Rate {
	lo, hi := binomial.Interval(k, n)
	return Rate{k, n, lo, hi}
}

// Onset is the error of the first frame in frames.
type Onset struct {
	N       int     `json:"n"`      // hits
	Missed  int     `json:"missed"` // positives without a finding: not in the figures below
	Median  float64 `json:"median"` // of the absolute error
	P90     float64 `json:"p90"`
	Within2 Rate    `json:"within_2"`
	Within8 Rate    `json:"within_8"`
	Errors  []int   `json:"errors"` // found - labelled, ascending
}

// Period is the error of the period.
type Period struct {
	N        int  `json:"n"`
	Exact    Rate `json:"exact"`
	Within1  Rate `json:"within_1"`
	Harmonic Rate `json:"harmonic"` // within 1 frame of a whole multiple or fraction, but of another one
}

// Region is the overlap of the box found with the box labelled.
type Region struct {
	N      int     `json:"n"`
	Mean   float64 `json:"mean_iou"`
	Median float64 `json:"median_iou"`
	Least  float64 `json:"least_iou"`
	Half   Rate    `json:"at_least_half"`
}

// Ladders are rank correlations, one a ladder of at least three levels.
type Ladders struct {
	N        int     `json:"n"`
	Mean     float64 `json:"mean"`
	Least    float64 `json:"least"`
	Worst    string  `json:"worst"`    // the ladder of the least
	Constant int     `json:"constant"` // ladders on which nothing changed: they count as 0
	Low      int     `json:"below_095"`
}

// Alarms are findings on healthy videos.
type Alarms struct {
	Rate
	// Interval over sources: what a new source would give.
	Mean    *Estimate       `json:"over_sources"`
	Events  int             `json:"events"` // findings
	PerHour float64         `json:"per_hour"`
	LowHour float64         `json:"per_hour_low"` // exact 95 % interval of a Poisson count
	TopHour float64         `json:"per_hour_high"`
	Classes map[string]Rate `json:"per_class"` // videos
}

// Confusion counts the videos of one label by the kinds that fired on them.
type Confusion struct {
	Label   string         `json:"label"` // kind, "healthy" or "ambiguous"
	Videos  int            `json:"videos"`
	Fired   map[string]int `json:"fired"`
	Excused map[string]int `json:"excused"` // of Fired: allowed by the label
}

// Invariance is how far scores move between renderings of the same video.
type Invariance struct {
	Of        string   `json:"of"` // size, quality, container, rate or length
	N         int      `json:"n"`
	Mean      float64  `json:"mean_severity"` // of the absolute difference
	Most      float64  `json:"most_severity"`
	Worst     string   `json:"worst"`
	Points    *float64 `json:"mean_points"` // of the composite
	MostPts   *float64 `json:"most_points"`
	Flipped   int      `json:"flipped"` // pairs of which only one has the finding
	Absent    string   `json:"absent,omitempty"`
	Unmatched int      `json:"unmatched"` // variants whose base is not in this part
}

// Case names a video that was judged wrongly, or cannot be judged.
type Case struct {
	File     string   `json:"file"`
	Kind     string   `json:"kind,omitempty"` // of the label
	Class    string   `json:"class"`
	Severity float64  `json:"severity"` // of that kind, or of the strongest that fired
	Fired    []string `json:"fired"`
}

// VideoScores are the figures of one video, for comparing with another run.
type VideoScores struct {
	File     string             `json:"file"`
	Severity map[string]float64 `json:"severity"` // of what was assessed
	Onset    *int               `json:"onset_frame,omitempty"`
}

func videoScores(r row) VideoScores {
	v := VideoScores{File: r.File, Severity: map[string]float64{}}
	for k, f := range r.score.Failures {
		v.Severity[k] = f.Severity
	}
	if f := r.score.Failures[r.Kind]; f.Found() {
		v.Onset = &f.OnsetFrame
	}
	return v
}

// String gives value and interval; a star marks one that has no width.
func (e *Estimate) String() string {
	switch {
	case e == nil:
		return "-"
	case e.Note != "":
		return fmt.Sprintf("%.3f (no interval)", e.Value)
	case e.Bound != nil:
		return fmt.Sprintf("%.3f (%.3f-%.3f)*", e.Value, e.Low, e.High)
	}
	return fmt.Sprintf("%.3f (%.3f-%.3f)", e.Value, e.Low, e.High)
}

// String gives count and interval in percent.
func (r Rate) String() string {
	if r.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d (%.1f-%.1f %%)", r.Count, r.N, 100*r.Low, 100*r.High)
}

func isReal(l Label) bool { return l.Kind != "" && strings.HasPrefix(l.Class, realClass) }

// ReadCard reads a card that was written as JSON.
func ReadCard(path string) (*Card, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var c Card
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("corpus: %s: %w", path, err)
	}
	if c.Schema != CardSchema || c.Main == nil {
		return nil, fmt.Errorf("corpus: %s is no card of schema %d: run `vqeval corpus check` again", path, CardSchema)
	}
	return &c, nil
}
