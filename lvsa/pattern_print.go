package lvsa

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// MarshalJSON writes {"kfi":K,"anchors":[...],"windows":[[lo,hi],...],
// "attended":[n per query frame],"fraction":x}; kfi is null without periodic
// anchors.
func (p Pattern) MarshalJSON() ([]byte, error) {
	v := struct {
		KFI      *int     `json:"kfi"`
		Anchors  []int    `json:"anchors"`
		Windows  [][2]int `json:"windows"`
		Attended []int    `json:"attended"`
		Fraction float64  `json:"fraction"`
	}{nil, p.Anchors, p.Windows, p.Attended(), p.Fraction()}
	if p.Interval > 0 {
		v.KFI = &p.Interval
	}
	if v.Anchors == nil {
		v.Anchors = []int{}
	}
	return json.Marshal(v)
}

// String tells the pattern in a few lines.
func (p Pattern) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d latent frames, ", p.Frames)
	if p.Interval > 0 {
		fmt.Fprintf(&b, "anchor interval %d, offset %d\n", p.Interval, p.Offset)
	} else {
		b.WriteString("no periodic anchors\n")
	}
	fmt.Fprintf(&b, "%d anchors: %s\n", len(p.Anchors), ranges(p.Anchors))
	n := p.Attended()
	lo, hi := slices.Min(n), slices.Max(n)
	if lo == hi {
		fmt.Fprintf(&b, "attended: %d frames by each, %.1f %% of all pairs", lo, 100*p.Fraction())
	} else {
		fmt.Fprintf(&b, "attended: %d to %d frames, %.1f %% of all pairs", lo, hi, 100*p.Fraction())
	}
	if p.Dense() {
		b.WriteString(" (dense)")
	}
	return b.String()
}

// Picture draws the frame mask, one line per query frame and one column per
// key frame: # is an anchor, o a frame of the window, . is not attended.
func (p Pattern) Picture() string {
	var b strings.Builder
	b.Grow(p.Frames * (p.Frames + 1))
	row := make([]byte, p.Frames+1)
	row[p.Frames] = '\n'
	for f, w := range p.Windows {
		for i := range p.Frames {
			row[i] = '.'
			if w[0] <= i && i <= w[1] {
				row[i] = 'o'
			}
		}
		for _, a := range p.Anchors {
			row[a] = '#'
		}
		if f == p.Frames-1 {
			row = row[:p.Frames]
		}
		b.Write(row)
	}
	return b.String()
}

// ranges writes ascending numbers, runs of three and more as lo-hi.
func ranges(v []int) string {
	if len(v) == 0 {
		return "none"
	}
	var parts []string
	for i := 0; i < len(v); {
		j := i
		for j+1 < len(v) && v[j+1] == v[j]+1 {
			j++
		}
		switch j - i {
		case 0:
			parts = append(parts, fmt.Sprint(v[i]))
		case 1:
			parts = append(parts, fmt.Sprint(v[i]), fmt.Sprint(v[j]))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", v[i], v[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, " ")
}
