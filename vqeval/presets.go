package vqeval

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Presets move the decision points of single kinds of failure. The raw severity
// r of a kind with decision point d becomes
//
//	0.5 r/d                   below d
//	0.5 + 0.5 (r-d)/(1-d)     from d on
//
// so that d becomes 0.5, 0 and 1 stay and the order of videos is kept. It is
// applied before one cause is attributed to one kind, so that findings, shares and
// scores all follow from it.
type Presets struct {
	Schema int    `json:"schema"`
	Name   string `json:"name"`
	Scorer Scorer `json:"scorer"` // raw severities of another one mean something else
	// Decision point of each kind in raw severity, inside (0,1); 0.5 where absent.
	Decision    map[string]float64 `json:"decision"`
	Calibration *Calibration       `json:"calibration,omitempty"` // where they come from; not used when scoring

	digest string
}

// PresetsRef names presets in a report.
type PresetsRef struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // the first 12 hex digits of the file's
}

// maxPresets bounds the file, so that a video given by mistake is not read whole.
const maxPresets = 1 << 24

// ReadPresets reads a file that `vqeval calibrate` has written.
func ReadPresets(path string) (*Presets, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("vqeval: presets: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxPresets+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("vqeval: presets: %w", err)
	case len(raw) > maxPresets:
		return nil, fmt.Errorf("vqeval: presets %s: larger than %d bytes: is it one?", path, maxPresets)
	}
	p, err := ParsePresets(raw)
	if err != nil {
		return nil, fmt.Errorf("vqeval: presets %s: %w", path, err)
	}
	return p, nil
}

// ParsePresets reads presets and checks that this scorer can use them.
func ParsePresets(raw []byte) (*Presets, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	p := new(Presets)
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("not a presets file: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the presets")
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	p.digest = hex.EncodeToString(sum[:])
	return p, nil
}

// Check tells why this scorer cannot use the presets.
func (p *Presets) Check() error {
	own := Scorer{Name: "vqeval", Version: Version, Profile: Profile}
	switch {
	case p.Schema != Schema:
		return fmt.Errorf("schema %d, this version reads %d", p.Schema, Schema)
	case p.Scorer != own:
		return fmt.Errorf("made by %s, this is %s: the severities of two versions cannot be compared: calibrate again", p.Scorer.words(), own.words())
	case strings.TrimSpace(p.Name) == "":
		return errors.New("name is empty")
	}
	for _, k := range sortedKeys(p.Decision) {
		if !slices.Contains(Kinds, k) {
			return fmt.Errorf("decision.%s: no such kind of failure: want one of %s", k, strings.Join(Kinds, ", "))
		}
		if v := p.Decision[k]; !(v > 0 && v < 1) {
			return fmt.Errorf("decision.%s is %g: want a severity between 0 and 1", k, v)
		}
	}
	return nil
}

func (s Scorer) words() string { return fmt.Sprintf("%s %s (%s)", s.Name, s.Version, s.Profile) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// severity of a kind as decided; nil presets are the identity.
func (p *Presets) severity(kind string, raw float64) float64 {
	if p == nil {
		return raw
	}
	d, ok := p.Decision[kind]
	switch {
	case !ok || d == 0.5:
		return raw
	case raw < d:
		return 0.5 * raw / d
	}
	return 0.5 + 0.5*(raw-d)/(1-d)
}

// apply returns a copy of the events with their severities as decided.
func (p *Presets) apply(events []event) []event {
	out := slices.Clone(events)
	for i, e := range out {
		out[i].severity = p.severity(e.kind, e.severity)
	}
	return out
}

// ref is how a report names the presets; nil for none.
func (p *Presets) ref() *PresetsRef {
	if p == nil {
		return nil
	}
	sum := p.digest
	if sum == "" { // not from a file
		raw, _ := json.Marshal(p)
		b := sha256.Sum256(raw)
		sum = hex.EncodeToString(b[:])
	}
	return &PresetsRef{p.Name, sum[:12]}
}
