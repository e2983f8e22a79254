package cpu

import "runtime"

// MulAdds keeps every worker busy with independent multiply-adds from
// registers, rounds times each, and returns the number of floating-point
// operations that all of them did: what other kernels' rates are shares of.
func (b *Backend) MulAdds(rounds int) float64 {
	rounds = max(rounds, 1)
	b.pool.run(peakJob{b.set, rounds}, b.Workers())
	runtime.KeepAlive(b)
	n := genericAdds
	if b.set != nil {
		n = b.set.peakAdds
	}
	return 2 * float64(n) * float64(rounds) * float64(b.Workers())
}

type peakJob struct {
	set    *kernelSet
	rounds int
}

func (j peakJob) do(*scratch, int) {
	if j.set != nil {
		j.set.mulAdds(j.rounds)
		return
	}
	genericMulAdds(j.rounds)
}

const genericAdds = 8

// genericMulAdds is what Go makes of a multiply and an add per element.
func genericMulAdds(rounds int) {
	var a, b, c, d, e, f, g, h float32
	const half = 0.5
	for range rounds {
		a, b, c, d = a*half+half, b*half+half, c*half+half, d*half+half
		e, f, g, h = e*half+half, f*half+half, g*half+half, h*half+half
	}
	if s := a + b + c + d + e + f + g + h; s < 0 {
		runtime.KeepAlive(s) // or the compiler drops the work
	}
}
