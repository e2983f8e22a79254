//go:build !unix

package sweeps

import (
	"errors"
	"os"
)

var errNoLocks = errors.New("this system has no flock")

// lock does nothing here: this system has no flock. Cells are claimed by files
// all the same.
func lock(string, bool) (unlock func(), ok bool, err error) { return func() {}, true, nil }

func flock(*os.File, bool, bool) error { return errNoLocks }
func held(string) (bool, error)        { return false, errNoLocks }
func noLocks(err error) bool           { return errors.Is(err, errNoLocks) }
func ended(int) bool                   { return false }
func readBootID() string               { return "" }
