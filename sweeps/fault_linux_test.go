package sweeps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"longtake/bench"
	"longtake/video"
)

// faultGrid is small, so that a hundred runners can be killed over it, and its
// videos are the same on every run.
const faultGrid = `name: faults
generator:
  exec:
    command: [ffmpeg, -nostdin, -v, error, -f, lavfi, -i, "testsrc2=size=32x32:rate=8,hue=h={seed}*40", -frames:v, "{frames}",
      -c:v, libx264, -preset, ultrafast, -threads, "1", -metadata, "comment={prompt}", "{method_args}", -y, "{out}"]
model: {name: test, training_latent_frames: 3, temporal_stride: 4}
methods: [dense, {name: flipped, args: [-vf, vflip]}]
horizons: [1x]
prompts: [fish]
seeds: [1, 2, 3]
`

// essence is what of a folder's records must not depend on faults: everything
// but times, memory and the hashes of files that hold times.
func essence(t *testing.T, dir string) string {
	t.Helper()
	list, warnings, err := bench.ReadFile(filepath.Join(dir, RecordsFile))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	var b strings.Builder
	for _, r := range list {
		metrics := map[string]float64{}
		for name, v := range r.Metrics {
			if strings.HasPrefix(name, "vqeval.") {
				metrics[name] = v
			} else if name != bench.PeakRSSBytes { // a program that is gone before it was seen has none
				metrics[name] = -1
			}
		}
		samples := map[string]int{}
		for name, v := range r.Samples {
			if name != bench.PeakRSSBytes {
				samples[name] = len(v)
			}
		}
		warned := slices.DeleteFunc(slices.Clone(r.Warnings), func(w string) bool { return strings.HasPrefix(w, "no "+bench.PeakRSSBytes) })
		text, err := json.Marshal([]any{r.Cell, r.Status, r.Error, r.Engine, r.Scorer, metrics, samples, r.Findings, warned,
			r.FramesSHA256, r.Files["video"], slices.Sorted(maps.Keys(r.Files))})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, r.CellID, string(text))
	}
	return b.String()
}

// tidy checks that nothing of a finished sweep lies about.
func tidy(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(name, ".tmp"), d.Name() == workFolder, d.Name() == MadeFile, d.Name() == JobFile:
			t.Errorf("left over: %s", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	cells, err := os.ReadDir(filepath.Join(dir, CellsFolder))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cells {
		if list, err := claims(filepath.Join(dir, CellsFolder, c.Name())); err != nil || len(list) != 1 {
			t.Errorf("%s: claims %v, %v", c.Name(), list, err)
		}
	}
	list, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		if line, err := os.ReadFile("/proc/" + e.Name() + "/cmdline"); err == nil && bytes.Contains(line, []byte(dir+"/")) && !bytes.Contains(line, []byte("-test.")) {
			t.Errorf("process %s runs on: %q", e.Name(), line)
		}
	}
}

func faultSeed(t *testing.T) *rand.Rand {
	seed := uint64(1)
	if v := os.Getenv("LONGTAKE_FAULT_SEED"); v != "" {
		var err error
		if seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d (LONGTAKE_FAULT_SEED sets another)", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestHundredKills kills runners, two on a folder, a hundred times at moments
// that a seed chooses, and cuts the records file inside a line now and then.
// Whatever folder they leave, the same command completes it, and its records
// equal those of an undisturbed run.
func TestHundredKills(t *testing.T) {
	t.Parallel()
	kills := 100
	if testing.Short() {
		kills = 8
	}
	p := foreign(t, faultGrid)
	root := t.TempDir()
	whole := filepath.Join(root, "whole")
	begun := time.Now()
	if out, err := runner2(p.Spec.File, whole).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	took := time.Since(begun)
	want := essence(t, whole)
	if n := strings.Count(want, "\n"); n != 6 {
		t.Fatalf("%d records of an undisturbed run", n)
	}
	r := faultSeed(t)
	killed, folders := 0, 0
	for killed < kills {
		folders++
		dir := filepath.Join(root, fmt.Sprint("cut", folders))
		for rounds := 0; killed < kills && rounds < 12; rounds++ {
			var runners []*exec.Cmd
			for range 2 {
				cmd := runner2(p.Spec.File, dir)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				runners = append(runners, cmd)
			}
			for _, cmd := range runners {
				// Between the start and about three cells: half of the moments early.
				share := r.Float64()
				time.Sleep(time.Duration(share * share * 0.35 * float64(took)))
				cmd.Process.Kill()
			}
			for _, cmd := range runners {
				if err := cmd.Wait(); err != nil {
					ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
					if !ok || !ws.Signaled() {
						t.Fatalf("a runner failed before it was killed: %v", err)
					}
					killed++
				}
			}
			if name := filepath.Join(dir, RecordsFile); r.IntN(4) == 0 {
				if info, err := os.Stat(name); err == nil && info.Size() > 0 {
					if err := os.Truncate(name, r.Int64N(info.Size())); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if out, err := runner2(p.Spec.File, dir).CombinedOutput(); err != nil {
			t.Fatalf("the last runner: %v: %s", err, out)
		}
		if got := essence(t, dir); got != want {
			t.Fatalf("after kills, folder %d:\n%s\nwant\n%s", folders, got, want)
		}
		tidy(t, dir)
	}
	t.Logf("%d runners killed over %d folders of 6 cells", killed, folders)
}

// TestLockOutlivesOwner: a child that was being started when its owner was
// killed keeps the owner's lock for a moment. A runner that comes in that moment
// and does not wait for others still completes the folder.
func TestLockOutlivesOwner(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	p := foreign(t, faultGrid)
	dir := filepath.Join(t.TempDir(), "out")
	cell := filepath.Join(dir, CellsFolder, p.Cells[2].ID)
	if err := os.MkdirAll(cell, 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := newClaim(cell, 1)
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	if err := c.write(claimText{Host: hostName(), Boot: bootID(), PID: dead.Process.Pid, Token: "x"}); err != nil {
		t.Fatal(err)
	}
	if bootID() == "" {
		t.Skip("this kernel has no name: claims are judged by their time alone")
	}
	var w watcher
	if d, _, stale, err := w.take(cell); d != nil || !stale || err != nil {
		t.Fatalf("a lock without its owner: %v, stale %v, %v", d, stale, err)
	}
	end := time.AfterFunc(time.Second, c.drop)
	defer end.Stop()
	sum, err := Run(t.Context(), p, Options{Dir: dir})
	if err != nil || sum.Ran != len(p.Cells) || sum.Busy != 0 {
		t.Errorf("%+v, %v: want all %d cells", sum, err, len(p.Cells))
	}
}

// TestFullDiskExec: a generator that meets a full disk stops the sweep instead
// of failing its cell; with room the same command completes.
func TestFullDiskExec(t *testing.T) {
	p := foreign(t, faultGrid)
	whole := filepath.Join(t.TempDir(), "whole")
	if _, err := Run(t.Context(), p, Options{Dir: whole}); err != nil {
		t.Fatal(err)
	}
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("a full disk needs a small one: tmpfs cannot be mounted here (%v); as root it can", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	dir := filepath.Join(disk, "out")
	for room := int64(40 << 10); ; room *= 2 {
		ballast := filepath.Join(disk, "ballast")
		var st syscall.Statfs_t
		if err := syscall.Statfs(disk, &st); err != nil {
			t.Fatal(err)
		}
		write(t, ballast, strings.Repeat("x", max(0, int(int64(st.Bavail)*st.Bsize-room))))
		_, err := Run(t.Context(), p, Options{Dir: dir})
		if rerr := os.Remove(ballast); rerr != nil {
			t.Fatal(rerr)
		}
		if err == nil {
			if room == 40<<10 {
				t.Fatal("the disk was never full")
			}
			break
		}
		var full *DiskError
		if !errors.As(err, &full) {
			t.Fatalf("with %d KiB free: %v, want a full disk", room>>10, err)
		}
		if room > 8<<20 {
			t.Fatal("never complete")
		}
	}
	if _, err := Run(t.Context(), p, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if got, want := essence(t, dir), essence(t, whole); got != want {
		t.Errorf("after a full disk:\n%s\nwant\n%s", got, want)
	}
	tidy(t, dir)
}

// remover takes ffmpeg away after some calls.
type remover struct {
	silent
	after int
	files []string
}

func (r *remover) Advance(float64, string) {
	if r.after--; r.after == 0 {
		for _, f := range r.files {
			os.Remove(f)
		}
	}
}

// TestFFmpegTakenAway: without ffmpeg in the middle the sweep stops and says
// so; when it is back the same command completes.
func TestFFmpegTakenAway(t *testing.T) {
	p := foreign(t, faultGrid)
	whole := filepath.Join(t.TempDir(), "whole")
	if _, err := Run(t.Context(), p, Options{Dir: whole}); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	var links []string
	put := func() {
		for _, name := range []string{"ffmpeg", "ffprobe"} {
			real, err := exec.LookPath(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(real, filepath.Join(bin, name)); err != nil {
				t.Fatal(err)
			}
		}
		links = []string{filepath.Join(bin, "ffmpeg"), filepath.Join(bin, "ffprobe")}
	}
	path := os.Getenv("PATH")
	dir := filepath.Join(t.TempDir(), "out")
	for _, after := range []int{2, 4, 7} {
		t.Setenv("PATH", path)
		put()
		t.Setenv("PATH", bin)
		_, err := Run(t.Context(), p, Options{Dir: dir, Progress: &remover{after: after, files: links}})
		var setup *SetupError // it is this grid's generator, too
		var failed *FailedError
		switch {
		case err == nil:
			t.Errorf("after %d steps: no error", after)
		case errors.As(err, &failed): // gone between the look for it and its start
		case !errors.Is(err, video.ErrFFmpegMissing) && !errors.As(err, &setup):
			t.Errorf("after %d steps: %v", after, err)
		}
	}
	t.Setenv("PATH", path)
	if _, err := Run(t.Context(), p, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if got, want := essence(t, dir), essence(t, whole); got != want {
		t.Errorf("without ffmpeg in the middle:\n%s\nwant\n%s", got, want)
	}
	tidy(t, dir)
}
