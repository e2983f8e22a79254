package suites

import (
	"fmt"
	"io"
	"math"
	"time"
)

// work is a call that a round will sample, for an estimate of the time left.
type work struct {
	flop    float64
	workers int
	setup   float64 // seconds before it can run, of a peer
}

const usualRate = 70e9 // multiplies and adds a second of a core

// call is about its seconds.
func (w work) call() float64 { return w.flop / usualRate / float64(w.workers) }

// round is about the seconds of a sample.
func (w work) round() float64 {
	const around = 0.15 // the peak before and after
	return around + sampleSeconds(w.call())
}

// first is about the seconds from nothing to the first round.
func (w work) first() float64 { return 0.1 + w.setup + 2*w.call() }

// progress of a suite: expect is called for all its cases first, then round for
// every round of a case and end after it, in the same order.
type progress struct {
	log         io.Writer
	begun       time.Time
	cases       []caseWork
	done, total float64
}

type caseWork struct{ first, round, all float64 }

func (p *progress) expect(o KernelOptions, all []work) {
	var c caseWork
	shortest := math.Inf(1)
	for _, w := range all {
		c.first += w.first()
		c.round += w.round()
		if w.setup == 0 {
			shortest = min(shortest, w.call())
		}
	}
	c.all = c.first + float64(o.rounds(shortest))*c.round
	p.cases = append(p.cases, c)
	p.add(c.all)
}

// add is work in seconds, pass says that so much of it is done.
func (p *progress) add(seconds float64) {
	p.total += seconds
	p.begun = time.Now()
}

func (p *progress) pass(seconds float64) { p.done += seconds }

// settle tells the rounds of the present case.
func (p *progress) settle(rounds int) {
	c := &p.cases[0]
	p.total -= c.all
	c.all = c.first + float64(rounds)*c.round
	p.total += c.all
}

// check says that the next case is prepared and checked.
func (p *progress) check(name string) { p.line(0, "%s: checking", name) }

// round says that round i of a case begins.
func (p *progress) round(name string, i, rounds int) {
	c := p.cases[0]
	p.line(c.first+float64(i)*c.round, "%s: round %d of %d", name, i+1, rounds)
}

// line is a line with the share that is done and, once it can be told, the time left.
func (p *progress) line(ofCase float64, format string, args ...any) {
	done, text := p.done+ofCase, ""
	if done > 0 {
		left := time.Since(p.begun).Seconds() / done * (p.total - done)
		text = fmt.Sprintf(", %s left", time.Duration(left*float64(time.Second)).Round(time.Second))
	}
	fmt.Fprintf(p.log, "[%3.0f%%] %s%s\n", 100*done/p.total, fmt.Sprintf(format, args...), text)
}

func (p *progress) end() {
	p.pass(p.cases[0].all)
	p.cases = p.cases[1:]
}
