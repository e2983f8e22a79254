package vqeval

import (
	"encoding/json"
	"math"
	"strconv"
)

// Curves is what a report is drawn from: curves.json. Its frames lie on an even time
// grid, which is that of the file unless that has a variable frame rate.
type Curves struct {
	Schema         int            `json:"schema"`
	FPS            float64        `json:"fps"`
	Frames         int            `json:"frames"`
	MotionEnergy   Series         `json:"motion_energy"` // grey levels of innovation within the next second; null in the last second
	LiveFraction   Series         `json:"live_fraction"` // share of blocks that are live; likewise
	MeanLuma       Series         `json:"mean_luma"`     // grey levels
	Saturation     Series         `json:"saturation"`    // 0..1; null where unknown
	Variogram      Variogram      `json:"variogram"`
	SelfSimilarity SelfSimilarity `json:"self_similarity"`
	MotionPlateau  MotionPlateau  `json:"motion_plateau"`
	Spans          []Span         `json:"spans"`
}

// Variogram is the mean difference of frames against the lag between them.
type Variogram struct {
	Lags   []int  `json:"lags"`   // frames
	Values Series `json:"values"` // grey levels
}

// SelfSimilarity is the matrix of frame differences, reduced to at most 256x256
// by averaging. Pixel (i,j), row-major, stands for frames [i*Frames/Size,
// (i+1)*Frames/Size) against those of j; its byte times Scale is the difference in
// grey levels. 255 also stands for pairs beyond LagLimit, which were not compared.
type SelfSimilarity struct {
	Size     int     `json:"size"`
	Frames   int     `json:"frames"`
	Scale    float64 `json:"scale"`
	LagLimit int     `json:"lag_limit"`
	Data     []byte  `json:"data"` // base64 in JSON
}

// Span is where a finding lies; frames inclusive.
type Span struct {
	Kind       string  `json:"kind"`
	OnsetFrame int     `json:"onset_frame"`
	EndFrame   int     `json:"end_frame"`
	Severity   float64 `json:"severity"`
}

// Series is a curve over frames; what is not known is NaN, in JSON null.
type Series []float64

// MarshalJSON writes five significant digits.
func (s Series) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range s {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, "null"...)
			continue
		}
		b = strconv.AppendFloat(b, v, 'g', 5, 64)
	}
	return append(b, ']'), nil
}

// UnmarshalJSON reads null as NaN.
func (s *Series) UnmarshalJSON(b []byte) error {
	var v []*float64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*s = make(Series, len(v))
	for i, p := range v {
		if (*s)[i] = math.NaN(); p != nil {
			(*s)[i] = *p
		}
	}
	return nil
}

const mostPixels = 256

func newCurves(cl *clip) *Curves {
	s, p, d, a := cl.src, cl.p, cl.d, cl.a
	c := &Curves{Schema: Schema, FPS: s.Meta.FPS, Frames: p.n, MeanLuma: p.mean, Saturation: s.Saturation, Spans: []Span{}}
	if s.Saturation == nil {
		c.Saturation = unknown(p.n)
	}
	last := len(a.scales) - 1
	c.MotionEnergy, c.LiveFraction = unknown(p.n), unknown(p.n)
	for t := 0; t+a.scales[last] < p.n; t++ {
		c.MotionEnergy[t], c.LiveFraction[t] = a.energy[last][t], a.live[t]
	}
	for k := 1; k <= d.lags; k += 1 + k/64 {
		var sum float64
		for t := 0; t+k < d.n; t++ {
			sum += d.at(t, t+k)
		}
		c.Variogram.Lags = append(c.Variogram.Lags, k)
		c.Variogram.Values = append(c.Variogram.Values, sum/float64(d.n-k))
	}
	c.SelfSimilarity = reduce(d)
	return c
}

func unknown(n int) Series {
	s := make(Series, n)
	for i := range s {
		s[i] = math.NaN()
	}
	return s
}

// reduce averages the matrix into pixels; the scale spans up to the largest one.
func reduce(d *selfsim) SelfSimilarity {
	size := min(d.n, mostPixels)
	m := SelfSimilarity{Size: size, Frames: d.n, LagLimit: d.lags, Data: make([]byte, size*size)}
	// Pixels lie by their distance from the diagonal, as the differences do.
	mean := make([]float64, size*(size+1)/2)
	var most float64
	at := 0
	for off := range size {
		for i := range size - off {
			j := i + off
			var sum, n float64
			// At most 4x4 pairs a pixel, so that long clips stay cheap.
			i0, i1, j0, j1 := i*d.n/size, (i+1)*d.n/size, j*d.n/size, (j+1)*d.n/size
			for u := i0; u < i1; u += max(1, (i1-i0)/4) {
				for v := j0; v < j1; v += max(1, (j1-j0)/4) {
					if d.has(u, v) {
						sum += d.at(u, v)
						n++
					}
				}
			}
			mean[at] = math.NaN()
			if n > 0 {
				mean[at] = sum / n
				most = max(most, sum/n)
			}
			at++
		}
	}
	m.Scale = max(most, 1e-6) / 254
	at = 0
	for off := range size {
		for i := range size - off {
			j := i + off
			b := byte(255)
			if v := mean[at]; !math.IsNaN(v) {
				b = byte(math.Round(v / m.Scale))
			}
			m.Data[i*size+j], m.Data[j*size+i] = b, b
			at++
		}
	}
	return m
}
