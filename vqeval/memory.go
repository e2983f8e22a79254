package vqeval

import (
	"os"
	"runtime/debug"
)

// SaveMemory sets up the garbage collector of a process whose main work is
// scoring: nearly all of a long video's memory is planes without pointers, so that
// collecting at less than half as much growth costs next to nothing. GOGC wins.
func SaveMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(40)
	}
}
