package reports

import (
	"encoding/json"
	"errors"

	"longtake/reports/web"
)

// patterns takes, for each method and horizon, who attended to whom from the
// first trace that tells it: it does not depend on the prompt or the seed.
func (w *viewer) patterns() {
	for h, frames := range w.s.frames {
		for m, method := range w.s.methods {
			for _, c := range w.s.pick(method, frames) {
				if !c.ok() {
					continue
				}
				t, err := c.trace(w.b.dir)
				if err != nil {
					if !errors.Is(err, errNotRecorded) {
						w.b.warn("trace of %s: %v", c.where(), err)
					}
					continue
				}
				if p, ok := w.pattern(m, h, t); ok {
					switch {
					case method.dense || c.Engaged == nil:
					case !*c.Engaged:
						p.Note = "not engaged at this length: the same as dense"
					case unmasked(t):
						p.Note = "its positions or logits differ, not its pairs"
					}
					w.v.Patterns = append(w.v.Patterns, p)
					break
				}
			}
		}
	}
}

// unmasked reports whether a trace shows nothing but every pair, as strong as
// it is.
func unmasked(t trace) bool {
	for _, p := range t.Patterns {
		if !p.Dense || len(p.Logits.Bands) > 0 {
			return false
		}
	}
	return true
}

func (w *viewer) pattern(m, h int, t trace) (web.Pattern, bool) {
	p := web.Pattern{Method: m, Horizon: h, Latent: t.LatentFrames, Steps: len(t.Steps)}
	for _, k := range t.Patterns {
		mask := web.Mask{Dense: k.Dense, Anchors: k.Anchors, Fraction: k.Fraction}
		if !k.Dense {
			for _, x := range k.Windows {
				mask.Windows = append(mask.Windows, x[0], x[1])
			}
		}
		for _, b := range k.Logits.Bands {
			band := web.Band{Factor: b.Factor}
			if b.To != nil && t.Tokens > 0 {
				band.To = *b.To * float64(t.LatentFrames) / float64(t.Tokens)
			}
			mask.Bands = append(mask.Bands, band)
		}
		key, err := json.Marshal(mask)
		if err != nil {
			return p, false // a fraction that is no number
		}
		i, ok := w.masks[string(key)]
		if !ok {
			i = len(w.v.Masks)
			w.masks[string(key)] = i
			w.v.Masks = append(w.v.Masks, mask)
		}
		p.Uses = append(p.Uses, web.Use{Mask: i, Steps: k.Steps, Layers: k.Layers})
	}
	return p, len(p.Uses) > 0 && p.Latent > 0
}
