package reports

import (
	"fmt"
	"strconv"
	"strings"

	"longtake/bench"
)

// fit is how far a method goes on this hardware: a video that does not fit, or
// takes longer than it may, is a finding as much as one that is bad.
type fit struct {
	m       method
	longest int // frames of the longest horizon all of whose cells ended with a video; 0: none
	lost    int // frames of the shortest horizon that lost cells to memory or time
	oom     int // of its cells
	timeout int
	n       int
}

// feasible lists the methods that lost cells to memory or time; those that
// failed otherwise are not counted as lost, nor as fitting.
func (s section) feasible() []fit {
	var out []fit
	for _, m := range s.methods {
		f := fit{m: m}
		for _, frames := range s.frames {
			all := s.pick(m, frames)
			oom, timeout := withStatus(all, bench.StatusOOM), withStatus(all, bench.StatusTimeout)
			switch {
			case oom+timeout > 0 && f.lost == 0:
				f.lost, f.oom, f.timeout, f.n = frames, oom, timeout, len(all)
			case len(all) > 0 && len(onlyOK(all)) == len(all):
				f.longest = frames
			}
		}
		if f.lost > 0 {
			out = append(out, f)
		}
	}
	return out
}

// String is what the method came to, as a clause.
func (f fit) String() string {
	var why []string
	if f.oom > 0 {
		why = append(why, fmt.Sprintf("out of memory in %d of %d", f.oom, f.n))
	}
	if f.timeout > 0 {
		why = append(why, fmt.Sprintf("out of time in %d of %d", f.timeout, f.n))
	}
	s := fmt.Sprintf("%s at %d frames: %s", f.m.title, f.lost, strings.Join(why, ", "))
	if f.longest == 0 {
		return s + " (no horizon fits)"
	}
	return s + fmt.Sprintf(" (the longest that fits: %d)", f.longest)
}

// infeasible is the answer in one sentence, empty where everything fits.
func (s section) infeasible() string {
	var all []string
	for _, f := range s.feasible() {
		all = append(all, f.String())
	}
	if len(all) == 0 {
		return ""
	}
	return "Did not fit: " + strings.Join(all, "; ") + "."
}

// onGPUs tells whether some cell recorded what it took of a GPU.
func (s section) onGPUs() bool {
	return len(values(s.cells, bench.GPUHours))+len(values(s.cells, bench.GPUPeakBytes)) > 0
}

// spent is the sum of the GPU-hours of cells, those that were lost included,
// and of how many it is known.
func spent(all []cell) (hours float64, n int) {
	v := values(all, bench.GPUHours)
	for _, h := range v {
		hours += h
	}
	return hours, len(v)
}

// gpuHoursOf writes what a row spent; where some cells did not record it, of
// how many it is known.
func gpuHoursOf(all []cell, ns *notes) string {
	hours, n := spent(all)
	if n == 0 {
		return ns.without(bench.GPUHours + " was not measured")
	}
	s := sig(hours)
	if n != len(all) {
		s += " of " + strconv.Itoa(n)
	}
	return s
}
