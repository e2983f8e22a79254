package vqeval

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// defect is a panic on its way to whoever asked for the report. It is an error of the video
// that brought it about: those beside it in a batch are scored.
type defect struct {
	what any
	at   string // file and line
}

func (d *defect) Error() string {
	return fmt.Sprintf("a defect of vqeval %s (%s: %v): please report it, with the video", Version, d.at, d.what)
}

// defectOf is what a deferred function has recovered.
func defectOf(what any) *defect {
	if d, ok := what.(*defect); ok {
		return d
	}
	pc := make([]uintptr, 64)
	frames := runtime.CallersFrames(pc[:runtime.Callers(1, pc)])
	for panicked := false; ; {
		f, more := frames.Next()
		if panicked && !strings.HasPrefix(f.Function, "runtime.") {
			return &defect{what, fmt.Sprintf("%s:%d", path.Base(f.File), f.Line)}
		}
		panicked = panicked || f.Function == "runtime.gopanic"
		if !more {
			return &defect{what, "unknown place"}
		}
	}
}
