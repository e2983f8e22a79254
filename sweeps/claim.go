package sweeps

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Claims say who works on a cell, on file systems that several machines share.
// A claim is a file ".claim.N" of the cell's folder; the highest N counts. It
// comes into being by link(2), which one of several callers wins everywhere,
// and N only grows, so that a claim that was taken over can never come back.
//
// The owner holds a flock on it: on the same kernel, a claim without its lock
// is that of a dead process, and one with it is alive. Elsewhere the owner is
// believed for as long as the file's time changes within claimTTL, measured by
// the watcher's own clock.
type claim struct {
	dir  string
	n    int
	file *os.File
	stop chan struct{}
	done sync.WaitGroup
}

// claimText is the content of a claim.
type claimText struct {
	Host  string `json:"host"`
	Boot  string `json:"boot"` // the running kernel; "" where it has no name
	PID   int    `json:"pid"`
	Token string `json:"token"`
	Run   string `json:"run,omitempty"` // of the last program started under it
	Free  bool   `json:"free,omitempty"`
}

// Times of claims. A watcher must have seen no sign for claimTTL, which is
// longer than network file systems keep attributes (60 s on NFS by default); a
// claim that is ancient by the clock is dead at first sight, because no two
// clocks differ by that much.
var (
	claimTTL     = 2 * time.Minute
	claimBeat    = 15 * time.Second
	claimAncient = time.Hour
)

var claimName = regexp.MustCompile(`^\.claim\.([0-9]{1,9})$`)

// bootID names the running kernel, host the machine.
var (
	bootID   = sync.OnceValue(readBootID)
	hostName = sync.OnceValue(func() string { h, _ := os.Hostname(); return h })
)

// sighting is what a runner saw of another's claim.
type sighting struct {
	n     int
	beat  time.Time // the file's own time
	since time.Time // on this process's clock
}

// watcher remembers claims of others by folder.
type watcher struct {
	mu   sync.Mutex
	seen map[string]sighting
}

// claims lists the numbers of a folder's claims.
func claims(dir string) (list []int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if m := claimName.FindStringSubmatch(e.Name()); m != nil {
			n, _ := strconv.Atoi(m[1])
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list, nil
}

func claimPath(dir string, n int) string {
	return filepath.Join(dir, ".claim."+strconv.Itoa(n))
}

// take claims a folder. Without a claim and without an error somebody else has
// it; stale says that nothing was heard of them for long.
func (w *watcher) take(dir string) (c *claim, previous claimText, stale bool, err error) {
	list, err := claims(dir)
	if err != nil {
		return nil, previous, false, err
	}
	top := 0
	if len(list) > 0 {
		top = list[len(list)-1]
		var dead bool
		if previous, dead, stale, err = w.look(dir, top); err != nil || !dead {
			return nil, previous, stale, err
		}
	}
	c, err = newClaim(dir, top+1)
	if err != nil || c == nil {
		return nil, previous, false, err
	}
	// Somebody who was slow to see the claim before last may stand here too:
	// only the highest counts.
	if list, err = claims(dir); err != nil {
		c.drop()
		return nil, previous, false, err
	}
	if list[len(list)-1] != c.n {
		os.Remove(claimPath(dir, c.n))
		c.drop()
		return nil, previous, false, nil
	}
	for _, n := range list[:len(list)-1] {
		os.Remove(claimPath(dir, n))
	}
	c.stop = make(chan struct{})
	c.done.Add(1)
	go c.beats(claimBeat)
	return c, previous, false, nil
}

// look judges another's claim.
func (w *watcher) look(dir string, n int) (text claimText, dead, stale bool, err error) {
	name := claimPath(dir, n)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return text, false, false, nil // taken over this moment
	}
	if err != nil {
		return text, false, false, err
	}
	if json.Unmarshal(data, &text) != nil {
		text = claimText{} // cut by a crash of its machine: judged by its time alone
	}
	if text.Free {
		return text, true, false, nil
	}
	if text.Boot != "" && text.Boot == bootID() {
		switch held, err := held(name); {
		case err == nil:
			// A child that a killed owner was about to start keeps the lock for a moment.
			return text, !held, held && text.Host == hostName() && ended(text.PID), nil
		case errors.Is(err, fs.ErrNotExist):
			return text, false, false, nil
		case !noLocks(err):
			return text, false, false, err
		}
	}
	info, err := os.Stat(name)
	if err != nil {
		return text, false, false, nil
	}
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[string]sighting{}
	}
	s, ok := w.seen[dir]
	if !ok || s.n != n || !s.beat.Equal(info.ModTime()) {
		s = sighting{n, info.ModTime(), now}
		w.seen[dir] = s
	}
	age := now.Sub(info.ModTime())
	return text, age > claimAncient || now.Sub(s.since) > claimTTL, age > claimTTL, nil
}

// newClaim makes claim n of a folder; nil when it is there already. The file is
// complete and locked when it gets its name, but for file systems without hard
// links, where it is locked a moment later and judged by its time until then.
func newClaim(dir string, n int) (*claim, error) {
	f, err := os.CreateTemp(dir, ".claim.*.tmp")
	if err != nil {
		return nil, err
	}
	temp := f.Name()
	defer os.Remove(temp)
	c, err := fillClaim(dir, n, f)
	if err != nil {
		return nil, err
	}
	err = os.Link(temp, claimPath(dir, n))
	if err != nil && noLinks(err) {
		f.Close()
		if f, err = os.OpenFile(claimPath(dir, n), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644); err == nil {
			return fillClaim(dir, n, f)
		}
	}
	if err != nil {
		f.Close()
		if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) { // or the owner cleaned the folder
			return nil, nil
		}
		return nil, err
	}
	return c, nil
}

// fillClaim locks a claim's file and writes it; after an error it is closed.
func fillClaim(dir string, n int, f *os.File) (*claim, error) {
	c := &claim{dir: dir, n: n, file: f}
	err := f.Chmod(0o644)
	if err == nil {
		if err = flock(f, true, false); err != nil && noLocks(err) {
			err = nil
		}
	}
	if err == nil {
		err = c.write(claimText{Host: hostName(), Boot: bootID(), PID: os.Getpid(), Token: newToken()})
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return c, nil
}

// noLinks tells that the file system has no hard links.
func noLinks(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOSYS)
}

// write replaces the content in place: the file, and the lock on it, must stay.
// One write of always the same length leaves no moment in which an owner that
// is killed leaves half a text: by its time alone it would count as alive. A
// reader that meets half of one judges it by its time.
func (c *claim) write(t claimText) error {
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if len(data) > claimLength {
		return fmt.Errorf("sweeps: the claim of %s is too long: %d bytes of %d", c.dir, len(data), claimLength)
	}
	data = append(data, bytes.Repeat([]byte(" "), claimLength-len(data))...)
	_, err = c.file.WriteAt(data, 0) // not synced: nobody needs a claim after a power cut
	return err
}

// claimLength is above that of every text, in bytes: a host's name has at most
// 255, the tokens and the kernel's name have 24, 24 and 36.
const claimLength = 512

// running notes the token of the program that is about to start.
func (c *claim) running(token string) error {
	return c.write(claimText{Host: hostName(), Boot: bootID(), PID: os.Getpid(), Token: newToken(), Run: token})
}

func newToken() string {
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// beats touches the file at intervals until the claim ends.
func (c *claim) beats(every time.Duration) {
	defer c.done.Done()
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-t.C:
			now := time.Now()
			os.Chtimes(claimPath(c.dir, c.n), now, now)
		}
	}
}

// kept checks that the claim is still this process's: one that was not heard of
// for long (a stopped machine) may have been taken over.
func (c *claim) kept() error {
	list, err := claims(c.dir)
	if err != nil {
		return err
	}
	if len(list) == 0 || list[len(list)-1] != c.n {
		return fmt.Errorf("sweeps: %s was taken over by another runner, because nothing was heard of this one for %s", c.dir, claimTTL)
	}
	return nil
}

// drop lets go without a word.
func (c *claim) drop() { c.file.Close() }

// release ends the claim. Its file stays, marked free: a number is never used twice.
func (c *claim) release() {
	close(c.stop)
	c.done.Wait()
	if c.kept() == nil {
		c.write(claimText{Host: hostName(), Boot: bootID(), PID: os.Getpid(), Free: true})
	}
	c.file.Close()
}
