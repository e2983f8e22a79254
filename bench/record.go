package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Schema is the version of [Record] that this package reads and writes.
const Schema = 1

// Status values of a record. A cell that ran out of memory or time is a
// result, recorded as such.
const (
	StatusOK      = "ok"
	StatusFailed  = "failed"
	StatusOOM     = "oom"
	StatusTimeout = "timeout"
)

// Names of metrics that several packages use. The unit is in the name.
const (
	WallSeconds      = "wall_s"
	DenoiseSeconds   = "denoise_s"
	DecodeSeconds    = "decode_s"
	AttentionSeconds = "attention_s" // part of denoise_s
	ScoreSeconds     = "score_s"
	PeakRSSBytes     = "peak_rss_bytes"
	AttendedFraction = "attended_fraction"     // attended share of token pairs, 0..1
	GPUHours         = "gpu_h"                 // wall time x GPUs / 3600
	GPUPeakBytes     = "gpu_peak_memory_bytes" // largest memory in use on the cell's GPUs, sampled

	FreezeSeverity  = "vqeval.freeze.severity"
	FreezeShare     = "vqeval.freeze.share"
	LoopSeverity    = "vqeval.loop.severity"
	LoopShare       = "vqeval.loop.share"
	StaticSeverity  = "vqeval.static.severity"
	MotionPlateau   = "vqeval.motion_plateau"
	MotionPlateau81 = "vqeval.motion_plateau_81" // mean over 81-frame windows
)

// FindingSeverity is the severity at and above which a failure is a finding.
const FindingSeverity = 0.5

// Record is one measured cell, or one measured benchmark.
type Record struct {
	Schema int             `json:"schema"`
	Cell   json.RawMessage `json:"cell,omitempty"` // a [Cell]; kept raw so that no field is lost
	CellID string          `json:"cell_id,omitempty"`
	Bench  json.RawMessage `json:"bench,omitempty"` // in place of cell in records of benchmarks

	Status  string `json:"status"`
	Error   string `json:"error,omitempty"` // why Status is not ok
	Engine  string `json:"engine,omitempty"`
	Variant string `json:"variant,omitempty"` // kernel variant: generic, avx2, avx512
	Scorer  string `json:"scorer,omitempty"`  // name, version and profile of what scored the video
	Host    Host   `json:"host"`

	// Engaged tells whether some pair, logit or frequency differed from dense.
	// It is nil where nobody could know (a video that was there before).
	Engaged *bool `json:"engaged,omitempty"`

	Metrics  map[string]float64   `json:"metrics,omitempty"` // what could not be measured is absent
	Samples  map[string][]float64 `json:"samples,omitempty"` // raw repeats of a metric
	Findings []Finding            `json:"findings,omitempty"`
	Warnings []string             `json:"warnings,omitempty"`
	Files    map[string]File      `json:"files,omitempty"` // by name: video, trace, vqeval, curves

	LatentsSHA256 string `json:"latents_sha256,omitempty"`
	FramesSHA256  string `json:"frames_sha256,omitempty"` // decoded frames, whatever the encoder
}

// Finding is one failure with its extent, frames inclusive.
type Finding struct {
	Kind       string `json:"kind"`
	OnsetFrame int    `json:"onset_frame"`
	EndFrame   int    `json:"end_frame"`
	Text       string `json:"text"`
}

// File is a file that belongs to a record. Path is relative to the folder of
// the sweep and uses forward slashes.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256,omitempty"`
}

// New makes an ok record of a cell, with its id.
func New(c Cell) (Record, error) {
	id, err := c.ID()
	if err != nil {
		return Record{}, err
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return Record{}, fmt.Errorf("bench: cell %s: %w", id, err)
	}
	return Record{Schema: Schema, Cell: raw, CellID: id, Status: StatusOK,
		Metrics: map[string]float64{}}, nil
}

// DecodeCell reads the cell of a record.
func (r *Record) DecodeCell() (Cell, error) {
	var c Cell
	if len(r.Cell) == 0 {
		return c, errors.New("bench: record has no cell")
	}
	if err := json.Unmarshal(r.Cell, &c); err != nil {
		return c, fmt.Errorf("bench: cell of record %q: %w", r.CellID, err)
	}
	return c, nil
}

// Metric returns a metric and whether the record has it as a finite number.
func (r *Record) Metric(name string) (float64, bool) {
	v, ok := r.Metrics[name]
	return v, ok && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// MarshalJSON leaves out metrics and samples that are NaN or infinite, which
// JSON cannot hold, and says so in the warnings. An empty status is written as
// ok, a zero schema as the current one.
func (r Record) MarshalJSON() ([]byte, error) {
	if r.Schema == 0 {
		r.Schema = Schema
	}
	if r.Status == "" {
		r.Status = StatusOK
	}
	var lost []string
	metrics := make(map[string]float64, len(r.Metrics))
	for _, k := range slices.Sorted(maps.Keys(r.Metrics)) {
		if v := r.Metrics[k]; math.IsNaN(v) || math.IsInf(v, 0) {
			lost = append(lost, fmt.Sprintf("metric %s was %v and is left out", k, v))
		} else {
			metrics[k] = v
		}
	}
	samples := make(map[string][]float64, len(r.Samples))
	for _, k := range slices.Sorted(maps.Keys(r.Samples)) {
		var kept []float64
		for _, v := range r.Samples[k] {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				kept = append(kept, v)
			}
		}
		if n := len(r.Samples[k]) - len(kept); n > 0 {
			lost = append(lost, fmt.Sprintf("%d of %d samples of %s were no finite numbers and are left out", n, len(r.Samples[k]), k))
		}
		samples[k] = kept
	}
	r.Metrics, r.Samples = metrics, samples
	r.Warnings = append(slices.Clip(r.Warnings), lost...)
	type plain Record // without this method
	return json.Marshal(plain(r))
}

// SchemaError says that a record was written by another version.
type SchemaError struct{ Got int }

func (e *SchemaError) Error() string {
	return fmt.Sprintf("record schema %d is not known to this version (it reads schema %d): read it with the version that wrote it, or make it again", e.Got, Schema)
}

// Parse reads one record and checks what every reader relies on: the schema, a
// known status, and a cell that decodes (or a bench object).
func Parse(data []byte) (Record, error) {
	var head struct {
		Schema *int `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return Record{}, err
	}
	if head.Schema == nil {
		return Record{}, errors.New(`no "schema": this is no record`)
	}
	if *head.Schema != Schema {
		return Record{}, &SchemaError{*head.Schema}
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, err
	}
	if bytes.Equal(r.Cell, []byte("null")) {
		r.Cell = nil
	}
	if bytes.Equal(r.Bench, []byte("null")) {
		r.Bench = nil
	}
	switch r.Status {
	case StatusOK, StatusFailed, StatusOOM, StatusTimeout:
	default:
		return Record{}, fmt.Errorf("status is %q: want %s, %s, %s or %s", r.Status, StatusOK, StatusFailed, StatusOOM, StatusTimeout)
	}
	if (len(r.Cell) == 0) == (len(r.Bench) == 0) {
		return Record{}, errors.New(`want either "cell" or "bench"`)
	}
	if len(r.Cell) > 0 {
		if r.CellID == "" {
			return Record{}, errors.New(`no "cell_id"`)
		}
		if _, err := r.DecodeCell(); err != nil {
			return Record{}, err
		}
	}
	return r, nil
}
