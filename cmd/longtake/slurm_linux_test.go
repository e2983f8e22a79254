package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"longtake/bench"
	"longtake/sweeps"
)

// cluster is a Slurm of one machine: munged, slurmctld and slurmd of their own,
// in a folder of their own.
type cluster struct {
	t     *testing.T
	dir   string
	munge *exec.Cmd
	ctld  *exec.Cmd
	d     *exec.Cmd
}

// needSlurm skips without Slurm, or fails where LONGTAKE_SLURM says that it has
// to be there.
func needSlurm(t *testing.T) {
	t.Helper()
	give := t.Skipf
	if os.Getenv("LONGTAKE_SLURM") == "1" {
		give = t.Fatalf
	}
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	for _, name := range []string{"slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "munged"} {
		if _, err := exec.LookPath(name); err != nil {
			give("Slurm is not here: %v: run tools/need-slurm.sh", err)
		}
	}
	if os.Getuid() != 0 {
		give("slurmd needs root")
	}
}

func startCluster(t *testing.T, cpus int) *cluster {
	t.Helper()
	needSlurm(t)
	dir, err := os.MkdirTemp("", "lts") // short: names of sockets are limited to 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, dir: dir}
	t.Cleanup(c.stop)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	for _, sub := range []string{"state", "spool"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "slurm.conf"), fmt.Sprintf(`ClusterName=longtake
SlurmctldHost=%[1]s(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=%[2]s/munge.sock,cred_expire=5
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
StateSaveLocation=%[2]s/state
SlurmdSpoolDir=%[2]s/spool
SlurmctldPidFile=%[2]s/ctld.pid
SlurmdPidFile=%[2]s/d.pid
SlurmctldLogFile=%[2]s/ctld.log
SlurmdLogFile=%[2]s/d.log
SlurmctldPort=%[3]d
SlurmdPort=%[4]d
NodeName=%[1]s NodeAddr=127.0.0.1 CPUs=%[5]d State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
`, host, dir, freePort(t), freePort(t), cpus))
	t.Setenv("SLURM_CONF", filepath.Join(dir, "slurm.conf"))
	if err := os.WriteFile(filepath.Join(dir, "munge.key"), bytes.Repeat([]byte("longtake"), 16), 0o400); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	c.munge = c.start("munged", "--foreground", "--force", "--key-file="+in("munge.key"), "--socket="+in("munge.sock"), "--pid-file="+in("munge.pid"),
		"--log-file="+in("munge.log"), "--seed-file="+in("munge.seed"), "--num-threads=2")
	c.until("munged", func() bool { _, err := os.Stat(in("munge.sock")); return err == nil })
	c.startController()
	c.d = c.start("slurmd", "-D", "-N", host)
	c.until("an idle node", func() bool {
		out, err := exec.Command("sinfo", "-h", "-o", "%T").Output()
		return err == nil && strings.TrimSpace(string(out)) == "idle"
	})
	return c
}

func (c *cluster) startController() {
	c.ctld = c.start("slurmctld", "-D")
	c.until("slurmctld", func() bool { return exec.Command("scontrol", "ping").Run() == nil })
}

// restartController ends slurmctld and lets it be away for a while. It may save its
// state first: one that has forgotten what it started drains its nodes.
func (c *cluster) restartController(away time.Duration) {
	c.ctld.Process.Signal(syscall.SIGTERM)
	c.ctld.Wait()
	time.Sleep(away)
	c.startController()
}

func (c *cluster) start(name string, args ...string) *exec.Cmd {
	c.t.Helper()
	log, err := os.Create(filepath.Join(c.dir, name+".out"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	return cmd
}

func (c *cluster) until(what string, ok func() bool) {
	c.t.Helper()
	for begun := time.Now(); !ok(); {
		if time.Since(begun) > time.Minute {
			for _, name := range []string{"munged.out", "munge.log", "slurmctld.out", "ctld.log", "slurmd.out", "d.log"} {
				if text, err := os.ReadFile(filepath.Join(c.dir, name)); err == nil {
					c.t.Logf("%s: %s", name, text[max(0, len(text)-1500):])
				}
			}
			c.t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (c *cluster) stop() {
	exec.Command("scancel", "--state=PENDING", "--user=root").Run()
	exec.Command("scancel", "--user=root").Run()
	for _, cmd := range []*exec.Cmd{c.d, c.ctld, c.munge} {
		if cmd != nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	os.RemoveAll(c.dir)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// buildLongtake builds the program that the tasks run.
func buildLongtake(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "longtake")
	if out, err := exec.Command("go", "build", "-o", name, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return name
}

// slurmGrid is 64 cells of ffmpeg's test source, each some tenths of a second.
const slurmGrid = `name: slurm
generator:
  exec:
    command: [sh, gen.sh, "{out}", "{frames}", "{seed}", "{prompt}"]
    cwd: .
model: {name: test, training_latent_frames: 3, temporal_stride: 4}
methods: [a, {name: b, args: [b]}]
horizons: [1x, 2x]
prompts: [{tag: p0, prompt: p0}, {tag: p1, prompt: p1}]
seeds: [0, 1, 2, 3, 4, 5, 6, 7]
executor: {name: slurm, partition: debug, cpus: 1, cells_per_task: 16}
`

const slurmScript = `ffmpeg -nostdin -v error -f lavfi -i "testsrc2=size=32x32:rate=8,hue=h=$3*40" -frames:v "$2" -threads 1 -metadata comment="$4$5" -y "$1" && sleep 0.1
`

func slurmSpec(t *testing.T) string {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "gen.sh"), slurmScript)
	return write(t, filepath.Join(dir, "grid.yaml"), slurmGrid)
}

// sweepOut reads a sweep's records by cell.
func sweepOut(t *testing.T, dir string) map[string]bench.Record {
	t.Helper()
	list, warnings, err := bench.ReadFile(filepath.Join(dir, sweeps.RecordsFile))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	m := map[string]bench.Record{}
	for _, r := range list {
		m[r.CellID] = r
	}
	return m
}

// TestSlurm: 64 cells on a real Slurm of this machine. One sweep runs
// undisturbed and shows what the harness costs; in another the controller is
// restarted and two tasks are killed, the command leaves and comes back, and
// everything is complete in the end.
func TestSlurm(t *testing.T) {
	needFFmpeg(t)
	const cpus = 2
	c := startCluster(t, cpus)
	longtake, spec := buildLongtake(t), slurmSpec(t)

	t.Run("undisturbed", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "out")
		begun := time.Now()
		out, err := exec.Command(longtake, "sweep", spec, "-o", dir, "--wait").CombinedOutput()
		wall := time.Since(begun).Seconds()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		records := sweepOut(t, dir)
		var own float64
		for id, r := range records {
			w, ok := r.Metric(bench.WallSeconds)
			if r.Status != bench.StatusOK || !ok {
				t.Errorf("%s: %s %s", id, r.Status, r.Error)
			}
			own += w
		}
		if len(records) != 64 {
			t.Fatalf("%d records of 64: %s", len(records), out)
		}
		t.Logf("64 cells, 16 a task, %d CPUs: %.1f s wall with submission, scoring and report; the generators' own time %.1f s; overhead %.3f s a cell", cpus, wall, own, (cpus*wall-own)/64)
	})

	t.Run("killed and restarted", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "out")
		// Leave at once: without --wait the command hands over and ends.
		if out, err := exec.Command(longtake, "sweep", spec, "-o", dir).CombinedOutput(); err != nil || !strings.Contains(string(out), "64 cells are with Slurm") {
			t.Fatalf("%v: %s", err, out)
		}
		// Come back twice while it runs: nothing is handed over again.
		if out, err := exec.Command(longtake, "sweep", spec, "-o", dir).CombinedOutput(); err != nil || strings.Contains(string(out), "tasks: job") {
			t.Fatalf("%v: %s", err, out)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, longtake, "sweep", spec, "-o", dir, "--wait")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		killed := 0
		for killed < 2 {
			select {
			case err := <-ended:
				t.Fatalf("the sweep ended before two tasks were killed: %v: %s", err, out.String())
			default:
			}
			// The runner of a task that is at work, with all that it started.
			pid := taskRunner(longtake)
			if pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
				time.Sleep(500 * time.Millisecond)
			}
			time.Sleep(100 * time.Millisecond)
		}
		// What was lost is handed over again; then the controller goes away with
		// tasks in its queue. (One that goes at once finds its state of before
		// the kills, and requeues the tasks itself.)
		again := func() int {
			list, err := os.ReadDir(filepath.Join(dir, "slurm"))
			if err != nil {
				t.Error(err)
			}
			return len(list)
		}
		c.until("the killed tasks' cells to be handed over again", func() bool { return again() > 1 })
		c.restartController(3 * time.Second)
		if err := <-ended; err != nil {
			queue, _ := exec.Command("squeue", "-r", "-o", "%A %T %r %S").CombinedOutput()
			log, _ := os.ReadFile(filepath.Join(c.dir, "ctld.log"))
			t.Fatalf("%v: %s\nthe queue: %s\nthe controller: %s", err, out.String(), queue, log[max(0, len(log)-3000):])
		}
		records := sweepOut(t, dir)
		for id, r := range records {
			if r.Status != bench.StatusOK {
				t.Errorf("%s: %s %s", id, r.Status, r.Error)
			}
		}
		if len(records) != 64 {
			t.Errorf("%d records of 64: %s", len(records), out.String())
		}
		t.Logf("%d tasks killed, the controller restarted: %d batches", killed, again())
	})

	// Slurm ends a task and puts it in line again, as preemption does (for as long as
	// a credential lives, which is why that is short here).
	t.Run("requeued", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "out")
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, longtake, "sweep", spec, "-o", dir, "--wait")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var task string
		c.until("a task at work", func() bool {
			list, err := exec.Command("squeue", "-h", "-r", "-t", "RUNNING", "-o", "%A").Output()
			if f := strings.Fields(string(list)); err == nil && len(f) > 0 && taskRunner(longtake) > 0 {
				task = f[0]
			}
			return task != ""
		})
		if said, err := exec.Command("scontrol", "requeue", task).CombinedOutput(); err != nil {
			t.Errorf("requeue: %v: %s", err, said)
		}
		if err := cmd.Wait(); err != nil {
			queue, _ := exec.Command("squeue", "-r", "-o", "%A %T %r %S").CombinedOutput()
			log, _ := os.ReadFile(filepath.Join(c.dir, "ctld.log"))
			t.Fatalf("%v: %s\nthe queue: %s\nthe controller: %s", err, out.String(), queue, log[max(0, len(log)-3000):])
		}
		if n := len(sweepOut(t, dir)); n != 64 {
			t.Errorf("%d records of 64: %s", n, out.String())
		}
	})
}

// taskRunner finds a running sweep-task of a program.
func taskRunner(program string) int {
	list, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, e := range list {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && bytes.HasPrefix(line, []byte(program+"\x00sweep-task\x00")) {
			return pid
		}
	}
	return 0
}
