package sweeps

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestClaim(t *testing.T) {
	dir := t.TempDir()
	var w watcher
	c, _, _, err := w.take(dir)
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	var other watcher
	if d, _, stale, err := other.take(dir); d != nil || stale || err != nil {
		t.Fatalf("a second claim: %v, %v, %v", d, stale, err)
	}
	if err := c.running("abc"); err != nil {
		t.Fatal(err)
	}
	if err := c.kept(); err != nil {
		t.Error(err)
	}
	// The owner dies: the kernel drops its lock, the file stays.
	close(c.stop)
	c.done.Wait()
	c.drop()
	d, previous, _, err := other.take(dir)
	if err != nil || d == nil || previous.Run != "abc" || previous.PID != os.Getpid() {
		t.Fatalf("after the death of the owner: %v, %+v, %v", d, previous, err)
	}
	if c.kept() == nil {
		t.Error("the first owner still thinks that the cell is its own")
	}
	d.release()
	e, previous, _, err := w.take(dir)
	if err != nil || e == nil || !previous.Free || previous.Run != "" {
		t.Fatalf("after a release: %v, %+v, %v", e, previous, err)
	}
	e.release()
	list, err := claims(dir)
	if err != nil || len(list) != 1 || list[0] != 3 {
		t.Errorf("claims %v, %v: only the last stays", list, err)
	}
}

// TestClaimNeverShrinks: an owner that is killed between two steps of a rewrite
// would leave a text that cannot be read, and its claim would count as alive.
func TestClaimNeverShrinks(t *testing.T) {
	dir := t.TempDir()
	var w watcher
	c, _, _, err := w.take(dir)
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	name := claimPath(dir, c.n)
	var wg sync.WaitGroup
	var over atomic.Bool
	wg.Go(func() {
		for !over.Load() {
			if info, err := os.Stat(name); err != nil || info.Size() != claimLength {
				t.Errorf("%v, %v; want %d bytes at every moment", info.Size(), err, claimLength)
				return
			}
		}
	})
	for range 2000 {
		if err := c.running("0123456789abcdef"); err != nil {
			t.Error(err)
		}
		if err := c.running(""); err != nil {
			t.Error(err)
		}
	}
	over.Store(true)
	wg.Wait()
	c.release()
	d, previous, _, err := w.take(dir)
	if err != nil || d == nil || !previous.Free {
		t.Fatalf("after the release: %v, %+v, %v", d, previous, err)
	}
	d.release()
}

// away puts a claim of another machine in a folder.
func away(t *testing.T, dir string, n int, age time.Duration) {
	t.Helper()
	text, err := json.Marshal(claimText{Host: "elsewhere", Boot: "another kernel", PID: 1, Token: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(claimPath(dir, n), text, 0o644); err != nil {
		t.Fatal(err)
	}
	touch(t, claimPath(dir, n), time.Now().Add(-age))
}

func touch(t *testing.T, name string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

// quickClaims shortens the times; tests that use it are not parallel.
func quickClaims(t *testing.T, ttl, beat time.Duration) {
	oldTTL, oldBeat := claimTTL, claimBeat
	claimTTL, claimBeat = ttl, beat
	t.Cleanup(func() { claimTTL, claimBeat = oldTTL, oldBeat })
}

// TestClaimOfAnotherMachine: it is believed while its file's time changes, by
// whatever clock, and taken over when it does not.
func TestClaimOfAnotherMachine(t *testing.T) {
	quickClaims(t, 300*time.Millisecond, 50*time.Millisecond)
	for name, skew := range map[string]time.Duration{"its clock is right": 0, "its clock is behind": 10 * time.Minute, "its clock is ahead": -10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			away(t, dir, 7, skew)
			var w watcher
			begun := time.Now()
			for i := 0; time.Since(begun) < 2*claimTTL; i++ {
				if c, _, _, err := w.take(dir); c != nil || err != nil {
					t.Fatalf("a living claim was taken over after %v: %v", time.Since(begun), err)
				}
				time.Sleep(20 * time.Millisecond)
				touch(t, claimPath(dir, 7), time.Now().Add(-skew))
			}
			silent := time.Now()
			for {
				c, _, _, err := w.take(dir)
				if err != nil {
					t.Fatal(err)
				}
				if c != nil {
					c.release()
					break
				}
				if time.Since(silent) > 20*claimTTL {
					t.Fatal("a dead claim was never taken over")
				}
				time.Sleep(20 * time.Millisecond)
			}
			if took := time.Since(silent); took < claimTTL {
				t.Errorf("taken over after %v, before %v", took, claimTTL)
			}
		})
	}
	dir := t.TempDir()
	away(t, dir, 1, 2*time.Hour)
	var w watcher
	if c, _, _, err := w.take(dir); c == nil || err != nil {
		t.Errorf("an ancient claim: %v, %v", c, err)
	} else {
		c.release()
	}
}

// TestClaimBeats: the owner's own file changes its time.
func TestClaimBeats(t *testing.T) {
	quickClaims(t, time.Second, 10*time.Millisecond)
	dir := t.TempDir()
	var w watcher
	c, _, _, err := w.take(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.release()
	first, err := os.Stat(claimPath(dir, 1))
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		time.Sleep(10 * time.Millisecond)
		if now, err := os.Stat(claimPath(dir, 1)); err != nil || now.ModTime().After(first.ModTime()) {
			return
		}
	}
	t.Error("no beat")
}

// TestClaimedOnce: of many who want a folder at once, one has it at a time.
func TestClaimedOnce(t *testing.T) {
	dir := t.TempDir()
	var holders, held atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var w watcher
			for range 60 {
				c, _, _, err := w.take(dir)
				if err != nil {
					t.Error(err)
					return
				}
				if c == nil {
					continue
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d owners at once", n)
				}
				held.Add(1)
				holders.Add(-1)
				if held.Load()%2 == 0 {
					c.release()
				} else { // die
					close(c.stop)
					c.done.Wait()
					c.drop()
				}
			}
		})
	}
	wg.Wait()
	if held.Load() < 8 {
		t.Errorf("only %d claims", held.Load())
	}
	left, err := filepath.Glob(filepath.Join(dir, ".claim.*.tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
}

// TestClaimCut: a claim whose machine went down while writing it is judged by
// its time alone.
func TestClaimCut(t *testing.T) {
	dir := t.TempDir()
	for i, text := range []string{"", `{"host": "el`, "null", "[]"} {
		sub := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(claimPath(sub, 4), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		var w watcher
		if c, _, _, err := w.take(sub); c != nil || err != nil {
			t.Errorf("%q: a fresh one was taken over: %v", text, err)
		}
		touch(t, claimPath(sub, 4), time.Now().Add(-2*claimAncient))
		if c, _, _, err := w.take(sub); c == nil || err != nil {
			t.Errorf("%q: an old one was not taken over: %v", text, err)
		} else {
			c.release()
		}
	}
}
