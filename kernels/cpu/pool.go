package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// job is work that is cut into items. What an item computes must not depend on
// who does it, nor on where the cut is: that is what makes results independent
// of the number of workers.
type job interface {
	do(s *scratch, item int)
}

// pool is a fixed set of goroutines that share the items of one job at a time.
type pool struct {
	workers int

	mu    sync.Mutex // held while the helpers work for somebody
	job   job
	items int64
	next  atomic.Int64
	wake  chan struct{}
	done  sync.WaitGroup
	busy  atomic.Int64 // helpers that have not passed done

	spare freelist[scratch]
}

func newPool(workers int) *pool {
	p := &pool{workers: workers, wake: make(chan struct{}, workers)}
	for range workers - 1 {
		go p.help()
	}
	return p
}

func (p *pool) stop() { close(p.wake) }

// linger is how long who waits for others looks for them before it sleeps:
// about what it takes to be woken, which matters to jobs of a millisecond.
const linger = 50 * time.Microsecond

// spin waits for ready for as long as it should, in favour of other goroutines.
func spin(ready func() bool) bool {
	for start := time.Now(); time.Since(start) < linger; runtime.Gosched() {
		if ready() {
			return true
		}
	}
	return false
}

// help works at jobs until the pool stops.
func (p *pool) help() {
	open := true
	called := func() bool {
		select {
		case _, open = <-p.wake:
			return true
		default:
			return false
		}
	}
	for {
		if !spin(called) {
			_, open = <-p.wake
		}
		if !open {
			return
		}
		p.work()
		p.done.Done()
		p.busy.Add(-1)
	}
}

func (p *pool) idle() bool { return p.busy.Load() == 0 }

// run does all items of j. When the helpers are busy with another caller's
// job, the caller does them alone.
func (p *pool) run(j job, items int) {
	if items > 1 && p.workers > 1 && p.mu.TryLock() {
		defer p.mu.Unlock()
		p.job, p.items = j, int64(items)
		p.next.Store(0)
		helpers := min(p.workers, items) - 1
		p.done.Add(helpers)
		p.busy.Add(int64(helpers)) // one of the last job may still have to say that it is done
		for range helpers {
			p.wake <- struct{}{}
		}
		p.work()
		spin(p.idle)
		p.done.Wait()
		p.job = nil
		return
	}
	s := p.spare.get()
	for i := range items {
		j.do(s, i)
	}
	p.spare.put(s)
}

func (p *pool) work() {
	s := p.spare.get()
	for {
		i := p.next.Add(1) - 1
		if i >= p.items {
			break
		}
		p.job.do(s, int(i))
	}
	p.spare.put(s)
}

// reserve makes sure that every worker finds scratch of n elements, and as many
// callers without helpers as there are cores.
func (p *pool) reserve(n int) {
	var held []*scratch
	for range p.workers + runtime.GOMAXPROCS(0) {
		s := p.spare.get()
		s.floats(n)
		held = append(held, s)
	}
	for _, s := range held {
		p.spare.put(s)
	}
}

// scratch is memory of one worker, kept between jobs.
type scratch struct {
	f      []float32
	tail   [maxLanes]float32
	sums   laneSums
	panels [maxPanels]panel

	tiles  [2][keyTile]piece // the present tile of keys and the next
	fetch  [keyTile]piece    // what is still to be fetched of the next
	ahead  [4]ahead          // what products fetch
	pieces [keyTile]piece
	list   [keyTile + rowsAhead]int32
}

// floats is n elements with undefined contents.
func (s *scratch) floats(n int) []float32 {
	if cap(s.f) < n {
		s.f = aligned(n)
	}
	return s.f[:n]
}

// freelist keeps values for reuse, so that steady use allocates nothing. A
// sync.Pool would, after every garbage collection.
type freelist[T any] struct {
	mu    sync.Mutex
	items []*T
}

func (f *freelist[T]) get() *T {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.items); n > 0 {
		t := f.items[n-1]
		f.items = f.items[:n-1]
		return t
	}
	return new(T)
}

func (f *freelist[T]) put(t *T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, t)
}
