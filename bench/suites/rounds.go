package suites

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"longtake/bench"
	"longtake/bench/stats"
	"longtake/kernels/cpu"
)

// Metrics of the kernel suites beside those of package bench. Shares and ratios
// are medians over rounds of what was measured in the same round: what slows a
// machine down for seconds is in both samples of a round. Of 700 rounds of LVSA at
// 121 frames of 16 tokens on a shared machine, medians of the ratios of 5, 10 and
// 30 rounds in a row scattered by 1.8, 1.0 and 1.2 %, ratios of the medians by 2.8,
// 1.3 and 1.8 %.
//
// A sample is the least of a few tries in a row, for peers and the peak as for
// the kernels. On one core it is of processor time, which stands still while
// another program has the core; on several cores of wall time, since what waits
// for each other cannot be told from what was held up. A case takes as many
// rounds as give each of our kernels samples of KernelOptions.Seconds in all:
// short calls take more than long ones.
const (
	GFLOPS           = "gflops"               // 1e9 multiplies and adds a second, of attended pairs where attention is sparse
	PeakGFLOPS       = "peak_gflops"          // multiply-adds from registers with as many cores, the best of right before and after
	ShareOfPeak      = "share_of_peak"        // gflops / peak_gflops
	FLOP             = "flop"                 // multiplies and adds of a call
	Bytes            = "bytes"                // inputs read and outputs written once
	BandwidthGBs     = "bandwidth_gb_per_s"   // of a copy with as many cores, bytes read and written
	RooflineGFLOPS   = "roofline_gflops"      // least of the peak and flop/bytes times the bandwidth
	ShareOfRoofline  = "share_of_roofline"    // gflops / roofline_gflops
	SparseEfficiency = "sparse_efficiency"    // dense time * attended fraction / time
	DenseRatio       = "dense_ratio"          // time / time of dense attention
	PeerRatio        = "fastest_peer_ratio"   // time of the fastest peer / time
	PatternSeconds   = "pattern_s"            // to build pattern and mask
	PlanSeconds      = "plan_s"               // to build a plan from the mask
	MaxError         = "max_error"            // against float64 at sampled outputs
	ErrorBound       = "error_bound"          // what it may be
	OneCoreRatio     = "one_core_share_ratio" // share of the peak over that of one core
	CPUSeconds       = "cpu_s"                // processor time of all threads
)

// KernelOptions of the suites gemm and attention.
type KernelOptions struct {
	Count   int      // rounds, at least; 0 = 5
	Seconds float64  // that the samples of each of our kernels last in all, at least, by more rounds up to mostRounds; 0 = 1.5
	Full    bool     // the large shapes as well
	Variant string   // of the kernels; empty is the best
	Only    string   // cases whose name holds this; empty is all
	Peers   []string // command of bench/peers; none without
	Log     io.Writer
}

func (o *KernelOptions) wants(name string) bool { return strings.Contains(name, o.Only) }

func (o *KernelOptions) check() error {
	if o.Count == 0 {
		o.Count = 5
	}
	if o.Count < 0 {
		return fmt.Errorf("bench: %d rounds: want at least 1", o.Count)
	}
	if o.Seconds == 0 {
		o.Seconds = 1.5
	}
	if !(o.Seconds > 0) {
		return fmt.Errorf("bench: samples of %v s: want more than 0", o.Seconds)
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	return nil
}

// KernelBench is the bench object of the records of the kernel suites.
type KernelBench struct {
	Suite   string `json:"suite"` // gemm, attention
	Case    string `json:"case"`
	Impl    string `json:"impl"`             // longtake, or a peer with its version
	Method  string `json:"method,omitempty"` // of attention: dense, lvsa, ultravico
	Workers int    `json:"workers"`
	Rounds  int    `json:"rounds"`
	Peer    string `json:"fastest_peer,omitempty"` // what fastest_peer_ratio compares with

	M int `json:"m,omitempty"` // gemm: [M,K] x [K,N]
	K int `json:"k,omitempty"`
	N int `json:"n,omitempty"`

	Heads          int `json:"heads,omitempty"` // attention
	Tokens         int `json:"tokens,omitempty"`
	Dim            int `json:"dim,omitempty"`
	LatentFrames   int `json:"latent_frames,omitempty"`
	TokensPerFrame int `json:"tokens_per_frame,omitempty"`
}

// own is the name of this project's kernels among implementations.
const own = "longtake"

// entry is one implementation in a group that is timed together.
type entry struct {
	bench    KernelBench
	variant  string
	metrics  map[string]float64
	warnings []string
	flop     float64 // of one call
	bytes    float64
	machine  *machine
	// run makes reps calls and says how long they took together.
	run func(reps int) (cost, error)

	reps  int
	times []float64 // seconds of one call, by round: what rates are of
	costs []cost    // likewise, both kinds
	peaks []float64
}

// calls times a function.
func calls(f func() error) func(int) (cost, error) {
	return func(reps int) (cost, error) {
		return measure(func() error {
			for range reps {
				if err := f(); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// of is the seconds that count with a number of workers.
func (c cost) of(workers int) float64 {
	if workers == 1 && c.cpu > 0 {
		return c.cpu
	}
	return c.wall
}

const (
	leastSample = 0.02 // seconds: shorter calls are repeated within a sample
	tries       = 6    // of a sample that takes less than longSample
	longSample  = 0.3  // seconds
	mostRounds  = 40   // unless more are asked for
)

// sampleSeconds is how long a sample lasts of calls of so many seconds.
func sampleSeconds(call float64) float64 {
	return min(tries*max(call, leastSample), longSample+call)
}

// rounds is how many rounds a case takes whose shortest call of ours lasts so many
// seconds.
func (o KernelOptions) rounds(shortest float64) int {
	return max(o.Count, min(mostRounds, int(math.Ceil(o.Seconds/sampleSeconds(shortest)))))
}

// sample is the time of one call.
func (e *entry) sample() (cost, error) {
	var best cost
	start := time.Now()
	for i := 0; i < tries && (i == 0 || time.Since(start).Seconds() < longSample); i++ {
		c, err := e.run(e.reps)
		if err != nil {
			return c, err
		}
		c.wall, c.cpu = c.wall/float64(e.reps), c.cpu/float64(e.reps)
		if i == 0 || c.of(e.bench.Workers) < best.of(e.bench.Workers) {
			best = c
		}
	}
	return best, nil
}

// group is what is timed in turns, so that all meet the same load.
type group struct {
	name    string
	entries []*entry
}

// measure takes the samples of all entries in turns and returns the records.
func (g *group) measure(ctx context.Context, o KernelOptions, run *progress) ([]bench.Record, error) {
	runtime.LockOSThread() // the kernel keeps exact time for the calling thread
	defer runtime.UnlockOSThread()
	shortest := math.Inf(1)
	for _, e := range g.entries {
		e.reps = 1
		if e.long() {
			continue // it has run for its check
		}
		c, err := e.run(1)
		if err == nil && c.wall < longSample {
			c, err = e.run(1)
		}
		if err != nil {
			return nil, fmt.Errorf("bench: %s: %s: %w", g.name, e.bench.Impl, err)
		}
		call := max(c.of(e.bench.Workers), 1e-6)
		e.reps = max(1, min(1000, int(leastSample/call)+1))
		if e.bench.Impl == own {
			shortest = min(shortest, call)
		}
	}
	rounds := o.rounds(shortest)
	run.settle(rounds)
	for i := range rounds {
		run.round(g.name, i, rounds)
		for k := range g.entries {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			e := g.entries[(i+k)%len(g.entries)]
			if len(e.times) > i {
				continue
			}
			before := e.machine.peak()
			c, err := e.sample()
			if err != nil {
				return nil, fmt.Errorf("bench: %s: %s: %w", g.name, e.bench.Impl, err)
			}
			e.keep(c, before)
		}
	}
	run.end()
	return g.records(rounds), nil
}

// rest waits until a peer's idle threads sleep: OpenBLAS's spin for 0.1 s, and
// the peak that is measured beside them would be too low.
func (e *entry) rest() {
	if e.bench.Impl != own && e.bench.Workers > 1 {
		time.Sleep(300 * time.Millisecond)
	}
}

// keep takes a sample, and the peak of the cores around it: the larger of the
// one before and the one after, since what disturbs can only lower it.
func (e *entry) keep(c cost, before float64) {
	e.rest()
	e.peaks = append(e.peaks, max(before, e.machine.peak()))
	e.times = append(e.times, c.of(e.bench.Workers))
	e.costs = append(e.costs, c)
}

// longFLOP of a core take about two seconds.
const longFLOP = 200e9

// long runs need no warming, and count one by one.
func (e *entry) long() bool { return e.flop > longFLOP*float64(e.bench.Workers) }

// record puts the samples of an entry into a record.
func (e *entry) record(rounds int) bench.Record {
	r := bench.Record{Schema: bench.Schema, Status: bench.StatusOK, Host: bench.HostInfo(), Variant: e.variant, Warnings: e.warnings,
		Metrics: map[string]float64{}, Samples: map[string][]float64{}}
	r.Host.Workers = e.bench.Workers
	e.bench.Rounds = rounds
	r.Bench = mustJSON(e.bench)
	for k, v := range e.metrics {
		r.Metrics[k] = v
	}
	bandwidth := e.machine.bandwidth()
	r.Metrics[FLOP], r.Metrics[Bytes], r.Metrics[BandwidthGBs] = e.flop, e.bytes, bandwidth/1e9
	for i, t := range e.times {
		rate := e.flop / t / 1e9
		roof := min(e.peaks[i], e.flop/e.bytes*bandwidth/1e9)
		for k, v := range map[string]float64{
			bench.WallSeconds: e.costs[i].wall, CPUSeconds: e.costs[i].cpu, GFLOPS: rate, PeakGFLOPS: e.peaks[i], ShareOfPeak: rate / e.peaks[i],
			RooflineGFLOPS: roof, ShareOfRoofline: rate / roof,
		} {
			r.Samples[k] = append(r.Samples[k], v)
		}
	}
	return r
}

// settle takes the medians.
func settle(records []bench.Record) {
	for i := range records {
		for k, v := range records[i].Samples {
			records[i].Metrics[k] = stats.Median(v)
		}
	}
}

// ratios are a sample each of a's time over b's.
func ratios(a, b *entry) []float64 {
	var out []float64
	for i := range min(len(a.times), len(b.times)) {
		out = append(out, a.times[i]/b.times[i])
	}
	return out
}

// records of a group, the comparisons with dense attention and with the fastest
// peer of the same method and number of cores included.
func (g *group) records(rounds int) []bench.Record {
	var out []bench.Record
	for _, e := range g.entries {
		var fastest *entry
		for _, p := range g.entries {
			if p.bench.Impl != own && p.bench.Method == e.bench.Method && p.bench.Workers == e.bench.Workers &&
				(fastest == nil || stats.Median(p.times) < stats.Median(fastest.times)) {
				fastest = p
			}
		}
		if e.bench.Impl == own && fastest != nil {
			e.bench.Peer = fastest.bench.Impl
		}
		r := e.record(rounds)
		if e.bench.Impl == own {
			if fastest != nil {
				r.Samples[PeerRatio] = ratios(fastest, e)
			}
			for _, d := range g.entries {
				if d.bench.Impl != own || d.variant != e.variant {
					continue
				}
				if d.bench.Method == "dense" && e.bench.Method != "dense" && d.bench.Workers == e.bench.Workers {
					r.Samples[DenseRatio] = ratios(e, d)
					if f, ok := e.metrics[bench.AttendedFraction]; ok && f < 1 && e.bench.Method == "lvsa" {
						for _, x := range ratios(d, e) {
							r.Samples[SparseEfficiency] = append(r.Samples[SparseEfficiency], x*f)
						}
					}
				}
				if e.bench.Workers > 1 && d.bench.Workers == 1 && d.bench.Method == e.bench.Method {
					for i := range e.times {
						r.Samples[OneCoreRatio] = append(r.Samples[OneCoreRatio],
							e.flop/e.times[i]/e.peaks[i]/(d.flop/d.times[i]/d.peaks[i]))
					}
				}
			}
		}
		out = append(out, r)
	}
	settle(out)
	return out
}

// machine is a backend with what the cores that it uses can do at most.
type machine struct {
	*cpu.Backend
	rounds int

	once sync.Once
	rate float64 // bytes a second of a copy
}

func newMachine(variant string, workers int) (*machine, error) {
	b, err := cpu.New(cpu.Options{Variant: variant, Workers: workers})
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	m := &machine{Backend: b, rounds: 1000}
	for m.rounds < 1<<40 {
		start := time.Now()
		b.MulAdds(m.rounds)
		if s := time.Since(start).Seconds(); s > 0.004 {
			m.rounds = int(float64(m.rounds) * 0.006 / s)
			break
		}
		m.rounds *= 2
	}
	return m, nil
}

// peak is the rate of multiply-adds now, in GFLOP/s: the best of a few runs of
// some 6 ms.
func (m *machine) peak() float64 {
	best := 0.0
	for range tries {
		var flop float64
		c, _ := measure(func() error { flop = m.MulAdds(m.rounds); return nil })
		best = max(best, flop/c.of(m.Workers())/1e9)
	}
	return best
}

// bandwidth is the best rate at which the workers copy memory that no cache
// holds, in bytes a second, read and written.
func (m *machine) bandwidth() float64 {
	m.once.Do(func() {
		const size = 64 << 20
		n := m.Workers()
		src, dst := make([][]byte, n), make([][]byte, n)
		for i := range n {
			src[i], dst[i] = make([]byte, size), make([]byte, size)
			for j := 0; j < size; j += 4096 {
				src[i][j], dst[i][j] = 1, 1
			}
		}
		for range 4 {
			var wg sync.WaitGroup
			start := time.Now()
			for i := range n {
				wg.Go(func() { copy(dst[i], src[i]) })
			}
			wg.Wait()
			m.rate = max(m.rate, 2*size*float64(n)/time.Since(start).Seconds())
		}
		runtime.KeepAlive(dst)
	})
	return m.rate
}

// machines makes one machine per number of workers: one core, and all.
func machines(variant string) ([]*machine, error) {
	var list []*machine
	for _, n := range slices.Compact([]int{1, runtime.GOMAXPROCS(0)}) {
		m, err := newMachine(variant, n)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}
