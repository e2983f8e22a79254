package vqeval

// Version and Profile name the scorer in everything that it writes. A change of
// a threshold or a formula is a change of Version.
const (
	Version = "0.10.0"
	Profile = "v2"
	Schema  = 1
)

// Scorer says which instrument made a report.
type Scorer struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Profile string `json:"profile"`

	Presets *PresetsRef `json:"presets,omitempty"` // that moved its decision points
}

// VideoMeta describes the file that was scored.
type VideoMeta struct {
	Width         int     `json:"width"`
	Height        int     `json:"height"`
	FPS           float64 `json:"fps"`
	Duration      float64 `json:"duration"` // seconds
	Codec         string  `json:"codec"`
	TotalFrames   int     `json:"total_frames"`
	SampledFrames int     `json:"sampled_frames"`

	ContainerFrames int `json:"container_frames,omitempty"` // that the file promises; absent where it does not say
}

// Failure is what was found of one kind. At a severity below 0.5 it is not a
// finding and the place is zero; what is just short of one has a part of its share, as in the scores.
type Failure struct {
	Severity   float64 `json:"severity"`   // strength of the evidence, 0..1; 0.5 is the decision point
	Confidence float64 `json:"confidence"` // 0..1, how much material the severity rests on
	Share      float64 `json:"share"`      // of the video that is hit, 0..1: of its frames, times the area where a part of the picture is
	OnsetFrame int     `json:"onset_frame"`
	EndFrame   int     `json:"end_frame"` // the last one

	Cause        string `json:"cause,omitempty"`         // freeze: hard, grain, collapse, decay
	CycleFrames  int    `json:"cycle_frames,omitempty"`  // freeze: of the decoder's shimmer
	PeriodFrames int    `json:"period_frames,omitempty"` // loop, region_loop, pingpong (there and back)
	Repeats      int    `json:"repeats,omitempty"`       // loop; 1 is a single return

	Centres       []int   `json:"centres,omitempty"`        // pingpong: frames at which time turns round
	Cadence       string  `json:"cadence,omitempty"`        // stutter: such as 2:1, or irregular
	Box           []int   `json:"box,omitempty"`            // region_*: x0, y0, x1, y1 in pixels of the video, half-open
	Area          float64 `json:"area,omitempty"`           // region_*: share of the frame that is hit, 0..1
	SpacingFrames int     `json:"spacing_frames,omitempty"` // seam
	What          string  `json:"what,omitempty"`           // drift: exposure, colour, detail
}

// Found tells whether the failure is a finding.
func (f Failure) Found() bool { return f.Severity >= 0.5 }

// Facts are no failures.
type Facts struct {
	Static         bool     `json:"static"`          // stands still from its start
	CameraOnly     *bool    `json:"camera_only"`     // null: not assessed
	PeriodicMotion *float64 `json:"periodic_motion"` // period of a natural rhythm in frames, null where there is none
	Cadence        *string  `json:"cadence"`         // such as 3:2; null: not assessed
	Cuts           []int    `json:"cuts"`            // first frames of new shots
	MotionPlateau  Value    `json:"motion_plateau"`  // grey levels; null: not measurable; see MotionPlateau
}

// Finding is one stretch of a failure in words.
type Finding struct {
	Kind       string `json:"kind"`
	OnsetFrame int    `json:"onset_frame"`
	EndFrame   int    `json:"end_frame"`
	Text       string `json:"text"`
}

// Dimension is one of the scores of a video: 0..100, see scores.go for the formula.
type Dimension struct {
	Score   float64            `json:"score"`
	Verdict string             `json:"verdict"`
	Metrics map[string]float64 `json:"metrics"`
}

// Report is what is known of one video.
type Report struct {
	Schema           int                  `json:"schema"`
	Scorer           Scorer               `json:"scorer"`
	VideoPath        string               `json:"video_path"`
	VideoMeta        VideoMeta            `json:"video_meta"`
	CompositeScore   *float64             `json:"composite_score"` // null: not computed
	CompositeVerdict string               `json:"composite_verdict"`
	CompositeOver    []string             `json:"composite_over"`
	Dimensions       map[string]Dimension `json:"dimensions"`
	Failures         map[string]Failure   `json:"failures"`
	Facts            Facts                `json:"facts"`
	Findings         []Finding            `json:"findings"`
	Windows          []Window             `json:"windows"`      // of five seconds
	StartEnd         *StartEnd            `json:"start_end"`    // null for a clip of a few frames
	NotAssessed      map[string]string    `json:"not_assessed"` // what could not be looked for, and why
	Warnings         []string             `json:"warnings"`     // about the file: damage, missing frames, an unknown rate
	ElapsedSeconds   float64              `json:"elapsed_seconds"`
}

// Kinds of failure, in the order in which tables list them.
var Kinds = []string{"freeze", "loop", "pingpong", "return_to_start", "stutter", "region_freeze", "region_loop",
	"seam", "flicker", "scene_jump", "drift", "static"}

// lacking says why a kind of failure or a score is absent from every report of
// this version.
var lacking = map[string]string{
	"text_alignment": "needs a prompt and CLIP weights",
}

func newReport(m VideoMeta) *Report {
	r := &Report{
		Schema: Schema, Scorer: Scorer{Name: "vqeval", Version: Version, Profile: Profile}, VideoMeta: m,
		CompositeOver: []string{}, Dimensions: map[string]Dimension{}, Failures: map[string]Failure{},
		Facts: Facts{Cuts: []int{}}, Findings: []Finding{}, Windows: []Window{}, Warnings: []string{}, NotAssessed: map[string]string{},
	}
	for k, why := range lacking {
		r.NotAssessed[k] = why
	}
	return r
}
